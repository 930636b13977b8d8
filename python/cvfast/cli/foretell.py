"""``--dry-run``: what would be done, and about how much time, disk and memory it would take."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from cvfast.cli.report import Report
from cvfast.cli.runs import RunFlags, is_run
from cvfast.config import get_num_threads
from cvfast.effects.jobs import Recipe, retouch_file
from cvfast.errors import CvfastError
from cvfast.io.files import Job

if TYPE_CHECKING:
    from cvfast.io.video import VideoInfo

__all__ = ["foretell"]

_SAMPLE = Fraction(2)  # seconds of a clip that are tried


@dataclass(frozen=True)
class _Item:
    """One input as it would be done."""

    job: Job
    frames: int = 1
    shards: int = 1
    pixels: int = 0  # of a frame
    error: str = ""


@dataclass(frozen=True)
class _Speed:
    """What a trial took: seconds and bytes for each frame, or photo; processors kept busy."""

    seconds: float
    bytes: float
    pixels: int
    busy: float
    said: str


def foretell(
    jobs: list[Job], recipe: Recipe, flags: RunFlags, folder: Path, report: Report
) -> None:
    """Say what would be done; tries the first two seconds of a clip, and a photo, to tell how long.

    Nothing is written but to a temporary folder, which is removed.
    """
    items = [_look(job, recipe, flags) for job in jobs]
    for item in items:
        _tell(item, report)
    good = [item for item in items if not item.error]
    clips = [item for item in good if item.job.video]
    photos = [item for item in good if not item.job.video]
    speeds = [speed for group in (clips, photos) if (speed := _try(group, recipe)) is not None]
    seconds = written = 0.0
    for item in good:
        for speed in speeds:
            if bool(speed.pixels) == item.job.video:
                scale = item.pixels / speed.pixels if speed.pixels else 1.0
                seconds += item.frames * speed.seconds * scale
                written += item.frames * speed.bytes * scale
    run = is_run(jobs, recipe, flags, folder)
    # No more at a time than there are pieces, and no faster than the processors allow.
    workers = min(flags.jobs or 1, max(1, sum(item.shards for item in good)))
    busy = max((speed.busy for speed in speeds), default=1.0)
    seconds /= min(workers, max(1.0, get_num_threads() / busy))
    sharded = any(item.shards > 1 for item in good)
    # Shards are there beside the clip that is joined of them.
    disk = written * (2 if sharded and run else 1)
    free = shutil.disk_usage(folder.parent).free
    memory = _memory() * workers
    report.result(
        _summary(clips, photos, seconds, workers, disk, free, memory, speeds)
        + (f"\nstate kept in: {folder}" if run else "")
        + ("\nnot enough room: free some, or choose another disk" if disk > free else ""),
        inputs=len(items),
        frames=sum(item.frames for item in clips),
        shards=sum(item.shards for item in good),
        seconds=round(seconds, 1),
        jobs=workers,
        disk=round(disk),
        disk_free=free,
        memory=memory,
        run_folder=str(folder) if run else None,
    )


def _look(job: Job, recipe: Recipe, flags: RunFlags) -> _Item:
    from cvfast.effects.run import frames_of, shards_of
    from cvfast.io.video import probe

    if not job.video:
        return _Item(job)
    try:
        info: VideoInfo = probe(job.source)
    except CvfastError as error:
        return _Item(job, error=str(error))
    shards = shards_of(info, recipe, Fraction(flags.shard).limit_denominator(1000))
    return _Item(job, frames_of(info, recipe), len(shards), info.width * info.height)


def _tell(item: _Item, report: Report) -> None:
    job = item.job
    what = "photo"
    if item.error:
        what = f"would fail: {item.error}"
    elif job.video:
        shards = f", {item.shards} shards" if item.shards > 1 else ""
        what = f"clip, about {item.frames:,} frames{shards}"
    report.result(
        f"{job.source} -> {job.target}: {what}",
        input=str(job.source),
        output=str(job.target),
        kind="clip" if job.video else "photo",
        frames=item.frames,
        shards=item.shards,
        error=item.error or None,
    )


def _try(items: list[_Item], recipe: Recipe) -> _Speed | None:
    """Do a little of the largest input for real, somewhere else."""
    for item in sorted(items, key=lambda item: item.pixels, reverse=True):
        job = item.job
        begin = Fraction(recipe.start or 0)
        end = begin + _SAMPLE
        if recipe.end is not None:
            end = min(end, Fraction(recipe.end))
        part = replace(recipe, overwrite=True, end=float(end)) if job.video else recipe
        with tempfile.TemporaryDirectory() as folder, suppress(CvfastError):
            target = Path(folder) / f"trial{job.target.suffix}"
            clock, busy = time.perf_counter(), time.process_time()
            done = retouch_file(Job(job.source, target, job.video), part)
            busy = (time.process_time() - busy) / max(time.perf_counter() - clock, 1e-9)
            count = done.get("frames", 1)
            what = f"{count} frames" if job.video else "a photo"
            return _Speed(
                done["seconds"] / count,
                target.stat().st_size / count,
                item.pixels,
                busy,
                f"{what} of {job.source}, {count / done['seconds']:.1f} a second",
            )
    return None


def _summary(
    clips: list[_Item],
    photos: list[_Item],
    seconds: float,
    workers: int,
    disk: float,
    free: float,
    memory: int,
    speeds: list[_Speed],
) -> str:
    frames = sum(item.frames for item in clips)
    tried = "; ".join(speed.said for speed in speeds)
    lines = [
        f"in all: {len(clips)} clips with about {frames:,} frames, {len(photos)} photos",
        f"time: about {_time(seconds)} with {workers} jobs (tried: {tried or 'nothing'})",
        f"disk: about {_size(disk)} while at work, {_size(free)} free",
    ]
    if memory:
        lines.append(f"memory: about {_size(memory)}")
    return "\n".join(lines)


def _memory() -> int:
    """Return the most memory that this process has held, in bytes; 0 where it cannot be told."""
    try:
        import resource
        import sys
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
