"""The pieces of work of an extraction: a stretch of a clip, or some pictures of a folder.

A stretch's worker looks at the seconds before as well, so that tracks have settled, and takes the
numbers of frames and faces over from the stretch before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from cvfast.faces.frames import frame_reader
from cvfast.faces.tracking import FaceTracker
from cvfast.geometry.sampling import PixelReader
from cvfast.io.atomic import write_bytes
from cvfast.io.frame import Frame
from cvfast.io.images import read_image
from cvfast.io.video import probe, read_frames
from cvfast.runs.work import Task
from cvfast.swap.frame_faces import Numbering, find_faces, follow_faces
from cvfast.swap.frame_writer import ExtractJob, FrameWriter

__all__ = ["Tally", "clip_part", "picture_part", "timed_frames"]

_LISTED = 10  # frames without a face that are named


@dataclass
class Tally:
    """What came of a part, as its record tells.

    Parameters
    ----------
    first
        Number of its first frame.
    """

    first: int
    frames: int = 0
    faces: int = 0
    crowded: int = 0
    without: list[int] = field(default_factory=list)
    tracks: Counter[int] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)

    def take(self, frame: int, names: dict[int, str]) -> None:
        """Count a frame and its faces."""
        self.frames += 1
        self.faces += len(names)
        self.crowded += len(names) > 1
        self.tracks.update(names.keys())
        self.names += names.values()
        if not names:
            self.without.append(frame)

    def finish(self, task: Task, *, last: int, **carried: Any) -> None:
        """Write down which files there are, and that the part is done."""
        file = task.shard(".json")
        write_bytes(file, json.dumps(self.names).encode(), overwrite=True)
        result = {
            "first": self.first,
            "last": last,
            "frames": self.frames,
            "faces": self.faces,
            "crowded": self.crowded,
            "without": len(self.without),
            "first_without": self.without[:_LISTED],
            "tracks": {str(number): count for number, count in sorted(self.tracks.items())},
        }
        task.done(file, result | carried)


def clip_part(task: Task) -> None:
    """Extract the faces of a stretch of a clip."""
    arguments = task.unit.arguments
    job: ExtractJob = arguments["job"]
    start, end, lead = arguments["start"], arguments["end"], arguments["lead"]
    before = _before(task)
    number = before["frame"] if before else _frames_before(job.clip, start)
    numbering = Numbering(before["next"], before["last"]) if before else Numbering()
    writer = FrameWriter.of(job, numbering)
    tracker, tally = FaceTracker(), Tally(first=number)
    upright = tuple(job.settings.rotations) == (0,)
    job.clear()
    begin = None if start is None else max(Fraction(0), start - lead)
    for frame, seconds in timed_frames(job.clip, start=begin, end=end):
        reader = frame_reader(frame)
        # What is turned is looked for in each frame: the tracker takes faces for upright ones.
        faces = follow_faces(tracker, reader, float(seconds)) if upright else []
        if start is not None and seconds < start:
            continue
        if not number % job.settings.every:
            faces = faces or find_faces(reader, job.settings.rotations)
            names = writer.write(reader, faces, number, float(seconds), source=job.clip.name)
            tally.take(number, names)
        number += 1
        task.progress(number - tally.first, task.unit.weight)
    tally.finish(task, last=number, next=numbering.next, before=numbering.last)


def picture_part(task: Task) -> None:
    """Extract the faces of some pictures of a folder."""
    job: ExtractJob = task.unit.arguments["job"]
    first: int = task.unit.arguments["first"]
    tally = Tally(first=first)
    job.clear()
    writer = FrameWriter.of(job, Numbering())
    for number, name in enumerate(task.unit.arguments["names"], first):
        if not number % job.settings.every:
            reader = PixelReader.of(read_image(job.clip / name, first_frame=True).pixels)
            faces = find_faces(reader, job.settings.rotations)
            writer.numbering = Numbering()  # pictures need not follow each other
            tally.take(number, writer.write(reader, faces, number, 0.0, source=name))
        task.progress(number + 1 - first, task.unit.weight)
    tally.finish(task, last=first + len(task.unit.arguments["names"]))


def timed_frames(
    clip: Path, *, start: Fraction | None = None, end: Fraction | None = None
) -> Iterator[tuple[Frame, Fraction]]:
    """Yield the frames of a clip with their times since its first one."""
    info = probe(clip)
    first = info.start * info.time_base
    pause = 1 / (info.rate or Fraction(25))
    for count, frame in enumerate(read_frames(clip, start=start, end=end)):
        told = frame.seconds
        yield frame, count * pause if told is None else told - first


def _before(task: Task) -> dict[str, Any] | None:
    """Return what the part before reported."""
    if not task.unit.after:
        return None
    record = task.folder.recorded(task.unit.after[0])
    if record is None:
        return None
    return {
        "frame": record.result["last"],
        "next": record.result["next"],
        "last": [(number, box) for number, box in record.result["before"]],
    }


def _frames_before(clip: Path, start: Fraction | None) -> int:
    """Count the frames that are not extracted, for numbers to mean the clip's own."""
    return sum(1 for _ in read_frames(clip, end=start)) if start else 0
