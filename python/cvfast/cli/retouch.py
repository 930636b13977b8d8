"""``cvfast retouch``: photos and clips in, the same with other eyes, skin or shapes out."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, Inputs, MaxPixels, Overwrite, Recursive, Strict
from cvfast.cli.effects import EffectFlags
from cvfast.cli.report import Report
from cvfast.effects.options import Choice, RetouchOptions, check_choice
from cvfast.io.files import Job, plan_outputs

if TYPE_CHECKING:
    from cvfast.io.picture import Picture

__all__ = ["EXAMPLES", "USAGE", "retouch"]

EXAMPLES = (
    "cvfast retouch portrait.jpg -o new.jpg --big-eyes 0.4",
    "cvfast retouch talk.mp4 -o new.mp4 --big-eyes 0.4 --slim-face 0.2",
    "cvfast retouch holiday/ 'more/*.png' -o out/ --slim-face 0.3 --face largest",
)
USAGE = "IN... -o OUT --big-eyes 0.4 [OPTIONS]"

_Time: TypeAlias = float | None


@dataclass(frozen=True)
class _Settings:
    """How to retouch and how to write it."""

    options: RetouchOptions
    face: Choice
    start: _Time
    end: _Time
    codec: str
    crf: float
    preset: str
    quality: int
    max_pixels: int
    overwrite: bool


def retouch(
    inputs: Inputs,
    /,
    *,
    output: Annotated[
        str, Parameter(name=["--output", "-o"], help="A file, or a folder that exists.")
    ],
    effects: EffectFlags | None = None,
    face: Annotated[
        str,
        Parameter(help="all, largest, or a number: 0 is the best found (in a clip, the first)."),
    ] = "all",
    start: Annotated[_Time, Parameter(help="Clips: seconds to start at.")] = None,
    end: Annotated[_Time, Parameter(help="Clips: seconds to stop before.")] = None,
    codec: Annotated[str, Parameter(help="Clips: libx264, libx265, libvpx-vp9, ffv1.")] = "libx264",
    crf: Annotated[float, Parameter(help="Clips: quality, smaller is better.")] = 18,
    preset: Annotated[str, Parameter(help="Clips: effort, ultrafast to veryslow.")] = "medium",
    quality: Annotated[int, Parameter(help="Photos: 1 to 100, for JPEG and WebP.")] = 95,
    max_pixels: MaxPixels = 89_478_485,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    strict: Strict = False,
    common: Common | None = None,
) -> int:
    """Change eyes, skin and shapes of faces in photos and clips."""
    settings = _Settings(
        options=(effects or EffectFlags()).options(),
        face=parse_face(face),
        start=start,
        end=end,
        codec=codec,
        crf=crf,
        preset=preset,
        quality=quality,
        max_pixels=max_pixels,
        overwrite=overwrite,
    )
    report = (common or Common()).report("retouch")
    return _run(inputs, output, settings, recursive, Batch(report, strict=strict), report)


def _run(
    inputs: list[str],
    output: str,
    settings: _Settings,
    recursive: bool,
    batch: Batch,
    report: Report,
) -> int:
    sources = batch.expand(inputs, recursive=recursive)
    if batch.failures and not (sources and Path(output).is_dir()):
        return batch.finish()
    jobs = plan_outputs(sources, output, roots=inputs, overwrite=settings.overwrite)
    cut = settings.start is not None or settings.end is not None
    if cut and not any(job.video for job in jobs):
        report.note("--start and --end: no clip among the inputs, nothing to cut")
    batch.run(jobs, lambda job: job.source, lambda job: _one(job, settings, report))
    return batch.finish()


def parse_face(text: str) -> Choice:
    """Return which faces ``--face`` means.

    Raises
    ------
    ValueError
        Neither all, largest nor a number from 0 on.
    """
    try:
        return check_choice(int(text) if text.lstrip("-").isdigit() else text)
    except ValueError:
        raise ValueError(
            f"--face: expected all, largest or a number from 0 on, got {text}"
        ) from None


def _one(job: Job, settings: _Settings, report: Report) -> bool:
    return (_clip if job.video else _photo)(job, settings, report)


def _photo(job: Job, settings: _Settings, report: Report) -> bool:
    from cvfast.effects.retouch import choose, find_landmarks, paint_picture, plan
    from cvfast.effects.subject import Subject
    from cvfast.io.images import read_image, write_image
    from cvfast.io.provenance import Mark

    began = time.perf_counter()
    picture = read_image(job.source, max_pixels=settings.max_pixels)
    found = find_landmarks(picture.pixels)
    chosen = choose(found, settings.face)
    subjects = [Subject(face) for face in chosen]
    pixels, alpha = picture.pixels.copy(), None
    painted = paint_picture(pixels, subjects, settings.options)
    discs = plan(subjects, settings.options)
    if altered := painted or bool(discs):
        if picture.alpha is not None:
            alpha = picture.alpha.copy()
        for group in discs:
            group.warp(pixels)
            if alpha is not None:
                group.warp(alpha)
        write_image(
            job.target,
            replace(picture, pixels=pixels, alpha=alpha),
            mark=Mark(actions=settings.options.actions),
            overwrite=settings.overwrite,
            quality=settings.quality,
        )
    else:
        _pass_on(job, picture, settings)
        report.note(f"{job.source}: {_why_not(len(found), len(chosen), settings.face)}: copied")
    seconds = time.perf_counter() - began
    report.result(
        f"{job.source} -> {job.target}: {_count(len(chosen), 'face')}, {seconds:.1f} s",
        input=str(job.source),
        output=str(job.target),
        kind="photo",
        faces=len(chosen),
        altered=altered,
        seconds=round(seconds, 3),
    )
    return bool(chosen)


def _pass_on(job: Job, picture: Picture, settings: _Settings) -> None:
    """Write what was not altered: byte or at least pixel for pixel, and no mark."""
    from cvfast.io.atomic import write_bytes
    from cvfast.io.images import SUFFIXES, write_image

    if SUFFIXES.get(job.target.suffix.lower()) == picture.format:
        write_bytes(job.target, job.source.read_bytes(), overwrite=settings.overwrite)
    else:
        write_image(job.target, picture, overwrite=settings.overwrite, quality=settings.quality)


def _clip(job: Job, settings: _Settings, report: Report) -> bool:
    from cvfast.effects.video import retouch_clip

    with report.bar(job.source.name) as progress:
        done = retouch_clip(
            job.source,
            job.target,
            settings.options,
            faces=settings.face,
            start=settings.start,
            end=settings.end,
            codec=settings.codec,
            crf=settings.crf,
            preset=settings.preset,
            overwrite=settings.overwrite,
            progress=progress,
        )
    video = done.video
    fps = video.frames / video.seconds if video.seconds else 0.0
    for note in video.notes:
        report.note(f"{job.source}: {note}")
    if video.damaged:
        report.note(f"{job.source}: {_count(video.damaged, 'damaged packet')} in the input")
    if not video.changed:
        fate = "copied" if done.copied else "its pictures are left as they were"
        why = _why_not(done.faces, done.frames_chosen, settings.face)
        report.note(f"{job.source}: {why} in {_count(video.frames, 'frame')}: {fate}")
    report.result(
        f"{job.source} -> {job.target}: {_count(video.frames, 'frame')}, "
        f"a face in {done.frames_with_faces}, {video.seconds:.1f} s, {fps:.1f} frames/s",
        input=str(job.source),
        output=str(job.target),
        kind="clip",
        faces=done.faces,
        altered=video.changed > 0,
        seconds=round(video.seconds, 3),
        frames=video.frames,
        frames_with_faces=done.frames_with_faces,
        fps=round(fps, 2),
        damaged=video.damaged,
        dropped=video.dropped,
        codec=video.codec,
        crf=video.crf,
        preset=video.preset,
        threads=video.threads,
        notes=list(video.notes),
    )
    return done.frames_chosen > 0


def _why_not(found: int, chosen: int, face: Choice) -> str:
    if not found:
        return "no face found"
    if not chosen:
        return f"no face number {face} among {_count(found, 'face')}"
    return "the faces are turned away or their eyes closed, nothing to change"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
