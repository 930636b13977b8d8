"""What `detect`, `landmarks` and `pose` share: each picture or frame, looked at and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cvfast.cli.batch import Batch
from cvfast.cli.report import Report
from cvfast.io.files import is_video, plan_outputs
from cvfast.typing import Image, ImageU8

if TYPE_CHECKING:
    from cvfast.cli.trials import Trial
    from cvfast.io.frame import Frame
    from cvfast.people.pose import Pose

__all__ = ["Look", "Watcher", "look_at_all"]


@dataclass(frozen=True)
class Look:
    """What was seen in one picture.

    Parameters
    ----------
    found
        Whether there was a face, or a person.
    text, record
        The same for people and for programs.
    draw
        Draws it on a copy of the picture.
    trials
        What each of several models found.
    poses
        Of the people found.
    """

    found: bool
    text: str
    record: Mapping[str, Any]
    draw: Callable[[Image], ImageU8]
    trials: Sequence[Trial] = ()
    poses: Sequence[Pose] = ()


class Watcher(Protocol):
    """Makes more of photos than a drawing of each; it takes no clips."""

    def begin(self, sources: Sequence[Path]) -> None:
        """Refuse before any work what could not be done after it."""

    def photo(self, source: Path, image: Image, seen: Look) -> Mapping[str, Any]:
        """Take a photo that was looked at; return what its record shall tell, too."""


def look_at_all(
    inputs: Sequence[str],
    look: Callable[[Image], Look],
    report: Report,
    *,
    output: str | None,
    overwrite: bool,
    recursive: bool,
    strict: bool,
    max_pixels: int,
    watcher: Watcher | None = None,
    nothing: str = "no face",
) -> int:
    """Look at all inputs, write drawings if there is an output, and return the exit code."""
    batch = Batch(report, strict=strict, nothing=nothing)
    sources = batch.expand(inputs, recursive=recursive, videos=watcher is None)
    if watcher is not None:
        watcher.begin(sources)
    pairs: list[tuple[Path, Path | None]] = [(source, None) for source in sources]
    if output is not None:
        if batch.failures and not (sources and Path(output).is_dir()):
            return batch.finish()
        jobs = plan_outputs(sources, output, roots=inputs, overwrite=overwrite)
        pairs = [(job.source, job.target) for job in jobs]

    def one(pair: tuple[Path, Path | None]) -> bool:
        if is_video(pair[0]):
            return _clip(*pair, look, report, overwrite)
        return _photo(*pair, look, report, overwrite, max_pixels, watcher)

    batch.run(pairs, lambda pair: pair[0], one)
    return batch.finish()


def _photo(
    source: Path,
    target: Path | None,
    look: Callable[[Image], Look],
    report: Report,
    overwrite: bool,
    max_pixels: int,
    watcher: Watcher | None,
) -> bool:
    from cvfast.io.images import read_image, write_image

    pixels = read_image(source, max_pixels=max_pixels).pixels
    seen = look(pixels)
    if target is not None:
        # A drawing is no altered photo, so it carries no mark.
        write_image(target, seen.draw(pixels), overwrite=overwrite)
    more = {} if watcher is None else watcher.photo(source, pixels, seen)
    report.result(
        f"{source}: {seen.text}",
        input=str(source),
        size=_size(pixels),
        **seen.record,
        **more,
        **_written(target),
    )
    return seen.found


def _clip(
    source: Path,
    target: Path | None,
    look: Callable[[Image], Look],
    report: Report,
    overwrite: bool,
) -> bool:
    from cvfast.io.video import probe, read_frames, transcode

    found = number = 0

    def edit(frame: Frame) -> bool:
        nonlocal found, number
        pixels = np.rot90(frame.rgb(), -frame.rotation)  # as a viewer sees it
        seen = look(np.ascontiguousarray(pixels))
        if target is not None and seen.found:
            drawn = np.rot90(seen.draw(pixels), frame.rotation)
            frame.write_rgb((0, 0, frame.width, frame.height), np.ascontiguousarray(drawn))
        when = "" if frame.seconds is None else f" at {float(frame.seconds):.3f} s"
        report.result(
            f"{source}, frame {number}{when}: {seen.text}",
            input=str(source),
            frame=number,
            pts=frame.pts,
            time_base=str(frame.time_base),
            size=_size(pixels),
            **seen.record,
            **_written(target),
        )
        number += 1
        found += seen.found
        return seen.found

    with report.bar(source.name) as progress:
        if target is None:
            total = probe(source).frames
            for frame in read_frames(source):
                edit(frame)
                progress(number, total and max(number, total))
        else:
            transcode(source, target, edit, overwrite=overwrite, progress=progress)
    return found > 0


def _size(pixels: Image) -> list[int]:
    return [pixels.shape[1], pixels.shape[0]]


def _written(target: Path | None) -> dict[str, str]:
    return {} if target is None else {"output": str(target)}
