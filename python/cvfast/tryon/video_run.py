"""Try-on in a clip as a run: parts of the clip as units that can be resumed, joined at the end.

A part is eight seconds. Its worker looks at the two seconds before as well, so that the looks have
settled and a seam shows little, and writes the video alone; the join copies the packets of all
parts together with sound, subtitles and tags of the source.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from cvfast.errors import CvfastError
from cvfast.io.atomic import leftovers
from cvfast.io.clip import VideoInfo, has_alpha
from cvfast.io.images import read_image
from cvfast.io.shards import Cut, join_shards, write_shard
from cvfast.io.video import VideoSummary, probe, transcode
from cvfast.runs.plan import Fingerprint, Plan, Unit
from cvfast.runs.work import Task
from cvfast.tryon.clip_result import FrameCounts, VideoTryOn
from cvfast.tryon.flat_cloth import FlatCloth
from cvfast.tryon.folder import read_mask
from cvfast.tryon.video import ClipOptions, FrameDresser, clip_cloth
from cvfast.tryon.worn_or_flat import mask_of_alpha
from cvfast.typing import Progress

__all__ = ["PART", "ClipJob", "dress_clip", "join", "part", "parts_of", "plan_clip"]

PART = Fraction(8)  # seconds
LEAD_IN = Fraction(2)
_LONGEST = Fraction(100 * 3600)  # seconds that a clip can last
_SEEKABLE = ("mp4", "matroska")  # others have no index to find a time by
_UNITS = "cvfast.tryon.video_run:"


@dataclass(frozen=True, kw_only=True)
class ClipJob:
    """One clip, one garment, one result.

    Parameters
    ----------
    source, garment, target
        The files.
    mask
        A picture that is white where the garment is in its photo.
    options
        How it is put on.
    least
        Least mean confidence; under it nothing is written.
    encoder
        ``codec``, ``crf``, ``preset`` and ``threads``.
    max_pixels
        Refuse larger photos.
    overwrite
        Replace an existing target.
    """

    source: Path
    garment: Path
    target: Path
    mask: Path | None = None
    options: ClipOptions = field(default_factory=ClipOptions)
    least: float = 0.0
    encoder: dict[str, Any] = field(default_factory=dict)
    max_pixels: int = 89_478_485
    overwrite: bool = False

    def cut(self) -> Cut:
        """Return the clip that all parts become."""
        return Cut(source=self.source, target=self.target, **self.encoder)

    def dresser(self, count_from: Fraction | None = None) -> FrameDresser:
        """Return what dresses the frames; the garment is read once a process."""
        cloth = _cloth(self.garment, self.mask, self.options, self.max_pixels)
        return FrameDresser(cloth, self.options, count_from=count_from)


@functools.lru_cache(maxsize=1)
def _cloth(path: Path, mask: Path | None, options: ClipOptions, max_pixels: int) -> FlatCloth:
    photo = read_image(path, max_pixels=max_pixels)
    place = None if options.from_person else mask_of_alpha(photo.alpha)
    if mask is not None:
        place = read_mask(mask, max_pixels=max_pixels)
    return clip_cloth(photo.pixels, options, place)


def dress_clip(job: ClipJob, *, progress: Progress | None = None) -> VideoTryOn:
    """Do a clip in one pass.

    Raises
    ------
    NothingFoundError
        No frame shows a person, or they are too unsure; nothing is written.
    MediaError, OutputError, LimitError
        As `cvfast.tryon.video.try_on_video`.
    """
    dresser = job.dresser()

    def settle(_temporary: Path, video: VideoSummary) -> VideoSummary:
        dresser.told.check(job.source, job.least)
        return video

    video = transcode(
        job.source,
        job.target,
        dresser.draw,
        prepare=dresser.find,
        overwrite=job.overwrite,
        mark=job.options.mark(),
        progress=progress,
        settle=settle,
        **job.encoder,
    )
    return dresser.told.summary(video, dresser.region)


def parts_of(info: VideoInfo, seconds: Fraction = PART) -> list[tuple[Fraction | None, ...]]:
    """Divide a clip: (start, end) of each part in seconds from its first frame.

    One, the whole, for a clip that is short, of unknown length, transparent, or without an index
    to find a time by.
    """
    whole: list[tuple[Fraction | None, ...]] = [(None, None)]
    if info.duration is None or info.duration > _LONGEST or has_alpha(info.pixel_format):
        return whole
    if not any(name in info.container for name in _SEEKABLE):
        return whole
    count = max(1, round(info.duration / seconds))
    return list(pairwise([None, *(seconds * n for n in range(1, count)), None]))


def plan_clip(job: ClipJob, *, seconds: Fraction = PART) -> Plan:
    """Plan a clip's try-on, with a number of encoder threads in ``job.encoder``.

    Raises
    ------
    MediaError
        A file cannot be read.
    """
    info = probe(job.source)
    borders = parts_of(info, seconds)
    frames = info.frames or round((info.duration or 1) * (info.rate or 25))
    names = [f"{number:04d}" for number in range(len(borders))]
    units = [
        Unit(
            name,
            _UNITS + "part",
            {"job": job, "start": start, "end": end,
             "lead_in": Fraction(0) if start is None else LEAD_IN},
            "clip",
            weight=max(1, frames // len(borders)),
        )
        for name, (start, end) in zip(names, borders, strict=True)
    ]  # fmt: skip
    units.append(Unit("join", _UNITS + "join", {"job": job}, "clip", tuple(names)))
    settings = asdict(job) | {"part_seconds": str(seconds), "lead_in_seconds": str(LEAD_IN)}
    settings |= {f"options.{name}": value for name, value in settings.pop("options").items()}
    settings |= {f"encoder.{name}": value for name, value in settings.pop("encoder").items()}
    settings.pop("overwrite")
    settings |= {name: str(settings[name]) for name in ("source", "garment", "target", "mask")}
    files = [job.source, job.garment, *([] if job.mask is None else [job.mask])]
    return Plan(settings, tuple(map(Fingerprint.of, files)), tuple(units))


def part(task: Task) -> None:
    """Do a part of the clip: its video alone, into the run folder."""
    given = task.unit.arguments
    job: ClipJob = given["job"]
    first = None
    if given["start"] is not None:
        info = probe(job.source)
        first = info.start * info.time_base + given["start"]
    dresser = job.dresser(first)
    target = task.shard(".nut")
    done = write_shard(
        job.cut(),
        target,
        dresser.draw,
        prepare=dresser.find,
        start=given["start"],
        end=given["end"],
        lead_in=given["lead_in"],
        progress=task.progress,
    )
    video = done.video
    told = dresser.told.as_dict() | {
        "region": dresser.region,
        "frames": video.frames,
        "last": None if done.last is None else str(done.last),
        "damaged": video.damaged,
        "dropped": video.dropped,
        "seconds": video.seconds,
        "notes": list(video.notes),
    }
    task.done(target, told)


def join(task: Task) -> None:
    """Make the clip of its parts, and remove them.

    Raises
    ------
    NothingFoundError
        No frame shows a person, or they are too unsure.
    """
    job: ClipJob = task.unit.arguments["job"]
    for path in leftovers(job.target.parent, of=job.target):
        path.unlink(missing_ok=True)  # what a killed process left
    results = [_result(task, name) for name in task.unit.after]
    shards = [task.folder.shard(name, ".nut") for name in task.unit.after]
    counts = _summed(results)
    counts.check(job.source, job.least)
    filled = [shard for shard, one in zip(shards, results, strict=True) if one["frames"]]
    lasts = [one["last"] for one in results if one["frames"]]

    def settle(temporary: Path, video: VideoSummary) -> VideoSummary:
        video = _whole(video, results)
        summary = counts.summary(video, results[0]["region"])
        told = summary.report() | {"codec": video.codec, "damaged": video.damaged}
        task.done(temporary, told, becomes=job.target)
        return video

    join_shards(
        job.cut(),
        filled,
        last=Fraction(lasts[-1]) if lasts and lasts[-1] else None,
        overwrite=job.overwrite,
        mark=job.options.mark(),
        progress=task.progress,
        settle=settle,
    )
    for path in shards:
        path.unlink(missing_ok=True)


def _result(task: Task, name: str) -> dict[str, Any]:
    record = task.folder.recorded(name)
    if record is None:
        raise CvfastError(f"{task.folder.path}: nothing is recorded of part {name}")
    return dict(record.result)


def _summed(results: Sequence[dict[str, Any]]) -> FrameCounts:
    counts = FrameCounts()
    for one in results:
        counts.add(FrameCounts.of(one))
    return counts


def _whole(video: VideoSummary, results: Sequence[dict[str, Any]]) -> VideoSummary:
    """Sum up what the parts told of encoder and input."""
    notes = dict.fromkeys([*video.notes, *(note for one in results for note in one["notes"])])
    return replace(
        video,
        damaged=video.damaged + sum(one["damaged"] for one in results),
        dropped=video.dropped + sum(one["dropped"] for one in results),
        seconds=video.seconds + sum(one["seconds"] for one in results),
        notes=tuple(notes),
    )
