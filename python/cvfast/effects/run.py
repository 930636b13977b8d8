"""Retouching as a run: photos and short clips as units, long clips in shards that are joined.

A shard is 30 seconds of a clip. Its worker looks at the 2 seconds before as well, so that tracks,
smoothing and fades have settled and no seam shows, and writes the video alone; the join copies the
packets of all shards together with sound, subtitles and tags of the source.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from cvfast.effects.jobs import Recipe, Result, clip_result, retouch_file, sign
from cvfast.effects.video import FrameRetoucher, RetouchSummary
from cvfast.errors import CvfastError, MediaError
from cvfast.io.atomic import leftovers
from cvfast.io.clip import VideoInfo, Window, has_alpha
from cvfast.io.files import Job
from cvfast.io.provenance import Mark
from cvfast.io.shards import Cut, join_shards, write_shard
from cvfast.io.video import VideoSummary, probe
from cvfast.runs.plan import Fingerprint, Plan, Unit
from cvfast.runs.work import Task

__all__ = ["SHARD", "file", "frames_of", "join", "plan_run", "shard", "shards_of"]

SHARD = Fraction(30)  # seconds; part of every plan, so it does not depend on who works
LEAD_IN = Fraction(2)
_LONGEST = Fraction(100 * 3600)  # seconds that a clip can last
_SEEKABLE = ("mp4", "matroska")  # others have no index to find a time by
_UNITS = "cvfast.effects.run:"
_PHOTO_WEIGHT = 10  # frames that a photo counts for in the progress


def plan_run(jobs: Sequence[Job], recipe: Recipe, *, shard_seconds: Fraction = SHARD) -> Plan:
    """Plan the retouching of files.

    Parameters
    ----------
    jobs
        The files.
    recipe
        What to do, with a number of encoder threads.
    shard_seconds
        Length of a shard.

    Raises
    ------
    MediaError
        An input cannot be read at all; what else is wrong with one shows when its turn comes.
    """
    units: list[Unit] = []
    for number, job in enumerate(jobs):
        units += _units(f"{number:05d}", job, recipe, shard_seconds)
    # The key stays in memory; whose signature it is belongs to the settings.
    signed_by = sha256(recipe.signer.certificates).hexdigest() if recipe.signer else None
    settings = asdict(replace(recipe, signer=None)) | {
        "signer": signed_by,
        "shard_seconds": str(shard_seconds),
        "lead_in_seconds": str(LEAD_IN),
    }
    settings |= {f"options.{name}": value for name, value in settings.pop("options").items()}
    settings.pop("overwrite")
    settings["outputs"] = [str(job.target.absolute()) for job in jobs]
    used = [job.source for job in jobs]
    return Plan(settings, tuple(Fingerprint.of(path) for path in used), tuple(units))


def shards_of(
    info: VideoInfo, recipe: Recipe, seconds: Fraction = SHARD
) -> list[tuple[Fraction | None, Fraction | None]]:
    """Divide a clip: (start, end) of each shard in seconds from its first frame.

    One, the whole, for a clip that is short, of unknown length, transparent, without an index to
    find a time by, that claims over 100 hours, or whose faces are wanted by number: they are
    counted through the clip.
    """
    window = Window.of(recipe.start, recipe.end)
    start, end = window.start, window.end
    whole = [(start, end)]
    if info.duration is None or isinstance(recipe.faces, int):
        return whole
    # Transparency may travel beside the packets, where a shard does not keep it.
    if has_alpha(info.pixel_format) or not any(name in info.container for name in _SEEKABLE):
        return whole
    last = info.duration if end is None else min(end, info.duration)
    begin = start or Fraction(0)
    if last - begin > _LONGEST:  # a header that lies; what is wrong shows on reading
        return whole
    count = max(1, round((last - begin) / seconds))
    borders = [start, *(begin + seconds * n for n in range(1, count)), end]
    return list(pairwise(borders))


def file(task: Task) -> None:
    """Do a unit that is a whole photo or clip."""
    job, recipe = _job(task)
    _clear(job)

    def settle(temporary: Path, result: Result) -> None:
        task.done(temporary, result, becomes=job.target)

    retouch_file(job, recipe, progress=task.progress, settle=settle)


def shard(task: Task) -> None:
    """Do a unit that is a part of a clip: its video alone, into the run folder."""
    job, recipe = _job(task)
    start, end, lead_in = (task.unit.arguments[name] for name in ("start", "end", "lead_in"))
    first = None
    if lead_in:
        info = probe(job.source)
        first = info.start * info.time_base + start
    retoucher = FrameRetoucher(recipe.options, faces=recipe.faces, count_from=first)
    target = task.shard(".nut")
    done = write_shard(
        _cut(job, recipe),
        target,
        retoucher.draw,
        prepare=retoucher.find,
        start=start,
        end=end,
        lead_in=lead_in,
        progress=task.progress,
    )
    last = None if done.last is None else str(done.last)
    details = {"changed": done.video.changed, "last": last}
    task.done(target, clip_result(retoucher.summary(done.video)) | details)


def join(task: Task) -> None:
    """Do the unit that makes a clip of its shards, and removes them."""
    job, recipe = _job(task)
    _clear(job)
    parts = [_part(task, name) for name in task.unit.after]
    shards = [task.folder.shard(name, ".nut") for name in task.unit.after]
    filled = [path for path, part in zip(shards, parts, strict=True) if part["frames"]]
    if not filled:
        raise MediaError(f"{job.source}: no frame between start and end could be decoded")
    changed = sum(part["changed"] for part in parts)
    same_kind = job.source.suffix.lower() == job.target.suffix.lower()
    copied = not changed and recipe.start is None and recipe.end is None and same_kind

    def settle(temporary: Path, video: VideoSummary) -> VideoSummary:
        if copied:
            temporary.write_bytes(b"")  # first, for the room on the disk
            shutil.copyfile(job.source, temporary)
        if changed:
            sign(temporary, job, recipe)
        task.done(temporary, _together(parts, video, copied=copied), becomes=job.target)
        return video

    lasts = [part["last"] for part in parts if part["frames"]]
    join_shards(
        _cut(job, recipe),
        filled,
        last=Fraction(lasts[-1]) if lasts and lasts[-1] else None,
        overwrite=recipe.overwrite,
        mark=Mark(actions=recipe.options.actions) if changed else None,
        progress=task.progress,
        settle=settle,
    )
    for path in shards:
        path.unlink(missing_ok=True)


def _clear(job: Job) -> None:
    """Remove what a killed process left of the output; the run's lock says that none is at work."""
    for path in leftovers(job.target.parent, of=job.target):
        path.unlink(missing_ok=True)


def _cut(job: Job, recipe: Recipe) -> Cut:
    return Cut(
        source=job.source,
        target=job.target,
        start=recipe.start,
        end=recipe.end,
        **recipe.encoder,
    )


def _units(number: str, job: Job, recipe: Recipe, seconds: Fraction) -> list[Unit]:
    arguments: dict[str, Any] = {"job": job, "recipe": recipe}
    weight = _PHOTO_WEIGHT
    parts: list[tuple[Fraction | None, Fraction | None]] = [(None, None)]
    if job.video:
        try:
            info = probe(job.source)
        except CvfastError:  # said when its turn comes, and the others are done
            info = None
        if info is not None:
            parts = shards_of(info, recipe, seconds)
            weight = frames_of(info, recipe)
    if len(parts) == 1:
        return [Unit(number, _UNITS + "file", arguments, number, weight=weight)]
    names = [f"{number}-{part:04d}" for part in range(len(parts))]
    shards = [
        Unit(
            name,
            _UNITS + "shard",
            arguments | {"start": start, "end": end, "lead_in": LEAD_IN if part else Fraction(0)},
            number,
            weight=max(1, weight // len(parts)),
        )
        for part, (name, (start, end)) in enumerate(zip(names, parts, strict=True))
    ]
    return [*shards, Unit(f"{number}-join", _UNITS + "join", arguments, number, tuple(names))]


def frames_of(info: VideoInfo, recipe: Recipe) -> int:
    """Return about how many frames there are to do."""
    window = Window.of(recipe.start, recipe.end)
    length = info.duration or Fraction(0)
    if window.end is not None:
        length = min(length, window.end)
    return max(1, round((length - (window.start or 0)) * (info.rate or 25)))


def _job(task: Task) -> tuple[Job, Recipe]:
    return task.unit.arguments["job"], task.unit.arguments["recipe"]


def _part(task: Task, name: str) -> Result:
    record = task.folder.recorded(name)
    if record is None:
        raise CvfastError(
            f"{task.folder.path}: nothing is recorded of {name}: is the run folder the same "
            "for all workers?"
        )
    return record.result


def _together(parts: Sequence[Result], video: VideoSummary, *, copied: bool) -> Result:
    """Sum up what the shards told."""

    def total(name: str) -> int:
        return sum(part[name] for part in parts)

    video = replace(
        video,
        changed=total("changed"),
        damaged=total("damaged"),
        dropped=total("dropped"),
        seconds=video.seconds + sum(part["seconds"] for part in parts),
        notes=tuple(dict.fromkeys([*video.notes, *(n for part in parts for n in part["notes"])])),
    )
    faces = max((part["faces"] for part in parts), default=0)
    return clip_result(
        RetouchSummary(video, total("frames_with_faces"), faces, copied, total("chosen"))
    )
