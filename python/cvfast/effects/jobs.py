"""Retouching files: one photo or clip in, one out, and what is to be told about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from cvfast.effects.options import Choice, RetouchOptions
from cvfast.io.files import Job
from cvfast.typing import Progress

if TYPE_CHECKING:
    from cvfast.effects.video import RetouchSummary
    from cvfast.io.picture import Picture
    from cvfast.io.signing import Signer

__all__ = ["Recipe", "Result", "Settle", "retouch_file", "sign"]

Result: TypeAlias = dict[str, Any]  # JSON values; what `cvfast retouch --json` prints
Settle: TypeAlias = Callable[[Path, Result], None]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to retouch and how to write it: the options of ``cvfast retouch``.

    `threads` is the number of encoder threads, on which the bytes of a clip depend. `signer` signs
    what was altered; it holds a private key, so it is never written down.
    """

    options: RetouchOptions
    faces: Choice = "all"
    start: float | None = None
    end: float | None = None
    codec: str | None = None
    crf: float = 18
    preset: str = "medium"
    threads: int | None = None
    drop_alpha: bool = False
    quality: int = 95
    max_pixels: int = 89_478_485
    overwrite: bool = False
    signer: Signer | None = None

    @property
    def encoder(self) -> dict[str, Any]:
        """The encoder's settings, as the functions of `cvfast.io` take them."""
        names = ("codec", "crf", "preset", "threads")
        return {name: getattr(self, name) for name in names}


def retouch_file(
    job: Job, recipe: Recipe, *, progress: Progress | None = None, settle: Settle | None = None
) -> Result:
    """Retouch a photo or clip.

    Parameters
    ----------
    job
        Where it is and where it goes.
    recipe
        What to do.
    progress
        Called with (frames done, expected total or None); clips only.
    settle
        Called with the finished file under its temporary name and the result, before the file
        gets its own name.

    Returns
    -------
    dict
        ``faces``, ``chosen`` (whether a face that was asked for was there), ``altered``,
        ``copied``, ``seconds``; of a clip its frames, encoder and notes as well.
    """
    if job.video:
        return _clip(job, recipe, progress, settle)
    return _photo(job, recipe, settle)


def _photo(job: Job, recipe: Recipe, settle: Settle | None) -> Result:
    from cvfast.effects.retouch import apply_effects, choose, find_landmarks
    from cvfast.effects.subject import Subject
    from cvfast.io.images import read_image, write_image
    from cvfast.io.provenance import Mark

    began = time.perf_counter()
    picture = read_image(job.source, max_pixels=recipe.max_pixels)
    found = find_landmarks(picture.pixels)
    chosen = choose(found, recipe.faces)
    subjects = [Subject(face) for face in chosen]
    pixels, alpha = picture.pixels.copy(), None
    if picture.alpha is not None:
        alpha = picture.alpha.copy()
    altered = apply_effects(pixels, subjects, recipe.options, alpha=alpha)
    result = {
        "kind": "photo",
        "faces": len(found),
        "chosen": len(chosen),
        "altered": altered,
        "copied": not altered,
    }

    def finish(temporary: Path) -> None:
        if altered:
            sign(temporary, job, recipe)
        result["seconds"] = time.perf_counter() - began
        if settle is not None:
            settle(temporary, result)

    if altered:
        mark = Mark(actions=recipe.options.actions)
        write_image(
            job.target,
            replace(picture, pixels=pixels, alpha=alpha),
            mark=mark,
            overwrite=recipe.overwrite,
            quality=recipe.quality,
            settle=finish,
        )
    else:
        _pass_on(job, picture, recipe, finish)
    return result


def _pass_on(job: Job, picture: Picture, recipe: Recipe, finish: Callable[[Path], None]) -> None:
    """Write what was not altered: byte or at least pixel for pixel, and no mark."""
    from cvfast.io.atomic import write_bytes
    from cvfast.io.images import SUFFIXES, write_image

    if SUFFIXES.get(job.target.suffix.lower()) == picture.format:
        data = job.source.read_bytes()
        write_bytes(job.target, data, overwrite=recipe.overwrite, settle=finish)
    else:
        write_image(
            job.target,
            picture,
            overwrite=recipe.overwrite,
            quality=recipe.quality,
            settle=finish,
        )


def _clip(job: Job, recipe: Recipe, progress: Progress | None, settle: Settle | None) -> Result:
    from cvfast.effects.video import retouch_clip

    def settled(temporary: Path, summary: RetouchSummary) -> None:
        if summary.video.changed:
            sign(temporary, job, recipe)
        if settle is not None:
            settle(temporary, clip_result(summary))

    return clip_result(
        retouch_clip(
            job.source,
            job.target,
            recipe.options,
            faces=recipe.faces,
            start=recipe.start,
            end=recipe.end,
            alpha="drop" if recipe.drop_alpha else "keep",
            overwrite=recipe.overwrite,
            progress=progress,
            settle=settled,
            **recipe.encoder,
        )
    )


def sign(temporary: Path, job: Job, recipe: Recipe) -> None:
    """Sign a finished file under its temporary name, if it is to be signed."""
    if recipe.signer is not None:
        from cvfast.io.provenance import Mark
        from cvfast.io.signing import sign_file

        mark = Mark(actions=recipe.options.actions)
        sign_file(temporary, recipe.signer, mark=mark, source=job.source, title=job.target.name)


def clip_result(done: RetouchSummary) -> Result:
    """Return what is told about a clip."""
    video = done.video
    return {
        "kind": "clip",
        "faces": done.faces,
        "chosen": done.frames_chosen,
        "altered": video.changed > 0,
        "copied": done.copied,
        "seconds": video.seconds,
        "frames": video.frames,
        "frames_with_faces": done.frames_with_faces,
        "damaged": video.damaged,
        "dropped": video.dropped,
        "codec": video.codec,
        "crf": video.crf,
        "preset": video.preset,
        "threads": video.threads,
        "notes": list(video.notes),
    }
