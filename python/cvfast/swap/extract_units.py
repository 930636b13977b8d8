"""The pieces of work of an extraction: a stretch of a clip, or some pictures of a folder.

A stretch's worker looks at the seconds before as well, so that tracks have settled, and takes the
numbers of frames and faces over from the stretch before.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from cvfast.faces.frames import frame_reader
from cvfast.faces.tracking import FaceTracker
from cvfast.geometry.sampling import PixelReader
from cvfast.io.atomic import leftovers, write_bytes
from cvfast.io.images import read_image
from cvfast.io.video import probe, read_frames
from cvfast.runs.work import Task
from cvfast.swap.extract_settings import ExtractSettings
from cvfast.swap.face_writer import FaceWriter
from cvfast.swap.frame_faces import FrameFace, Numbering, find_faces, follow_faces

__all__ = ["ExtractJob", "clip_part", "picture_part"]

_LISTED = 10  # frames without a face that are named


@dataclass(frozen=True)
class ExtractJob:
    """What is extracted, and where to.

    Parameters
    ----------
    clip
        The clip, or the folder of pictures.
    frames, faces, debug
        The folders of a side.
    settings
        How.
    """

    clip: Path
    frames: Path
    faces: Path
    debug: Path
    settings: ExtractSettings


@dataclass
class _Tally:
    """What came of a part, as its record tells."""

    frames: int = 0
    faces: int = 0
    without: int = 0
    first_without: list[int] = field(default_factory=list)
    tracks: Counter[int] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)
    most: int = 0

    def take(self, frame: int, numbers: list[int], names: list[str]) -> None:
        self.frames += 1
        self.faces += len(names)
        self.most = max(self.most, len(names))
        self.tracks.update(numbers)
        self.names += names
        if not names:
            self.without += 1
            if len(self.first_without) < _LISTED:
                self.first_without.append(frame)

    def finish(self, task: Task, **carried: Any) -> None:
        """Write down which files there are, and that the part is done."""
        file = task.shard(".json")
        write_bytes(file, json.dumps(self.names).encode(), overwrite=True)
        result = {
            "frames": self.frames,
            "faces": self.faces,
            "without": self.without,
            "first_without": self.first_without,
            "tracks": {str(number): count for number, count in sorted(self.tracks.items())},
            "most": self.most,
        }
        task.done(file, result | carried)


def clip_part(task: Task) -> None:
    """Extract the faces of a stretch of a clip."""
    arguments = task.unit.arguments
    job: ExtractJob = arguments["job"]
    start, end, lead = arguments["start"], arguments["end"], arguments["lead"]
    info = probe(job.clip)
    before = _before(task)
    number = before["frame"] if before else _frames_before(job.clip, start)
    numbering = Numbering(before["next"], before["last"]) if before else Numbering()
    writer = FaceWriter(job.faces, job.clip.name, job.settings)
    tracker, tally = FaceTracker(), _Tally()
    _clear(job)
    begin = None if start is None else max(Fraction(0), start - lead)
    for frame in read_frames(job.clip, start=begin, end=end):
        time = (frame.seconds or Fraction(0)) - info.start * info.time_base
        reader = frame_reader(frame)
        faces = follow_faces(tracker, reader, float(time))
        if start is not None and time < start:
            continue
        if not number % job.settings.every:
            faces = faces or find_faces(reader, job.settings.rotations)
            _take(writer, reader, faces, numbering, number, float(time), tally)
        number += 1
        task.progress(tally.frames, task.unit.weight)
    tally.finish(task, frame=number, next=numbering.next, last=numbering.last)


def picture_part(task: Task) -> None:
    """Extract the faces of some pictures of a folder."""
    job: ExtractJob = task.unit.arguments["job"]
    first: int = task.unit.arguments["first"]
    tally = _Tally()
    _clear(job)
    for number, name in enumerate(task.unit.arguments["names"], first):
        reader = PixelReader.of(read_image(job.clip / name, first_frame=True).pixels)
        faces = find_faces(reader, job.settings.rotations)
        writer = FaceWriter(job.faces, name, job.settings)
        _take(writer, reader, faces, Numbering(), number, 0.0, tally)
        task.progress(tally.frames, task.unit.weight)
    tally.finish(task)


def _take(
    writer: FaceWriter,
    reader: PixelReader,
    faces: list[FrameFace],
    numbering: Numbering,
    frame: int,
    seconds: float,
    tally: _Tally,
) -> None:
    """Write a frame's faces and count them."""
    wanted = writer.wanted(faces)
    numbers = numbering.number(wanted)
    paths = [
        writer.write(reader, face, number, frame, seconds)
        for face, number in zip(wanted, numbers, strict=True)
    ]
    tally.take(frame, numbers, [path.name for path in paths])


def _before(task: Task) -> dict[str, Any] | None:
    """Return what the part before reported."""
    if not task.unit.after:
        return None
    record = task.folder.recorded(task.unit.after[0])
    return None if record is None else record.result


def _frames_before(clip: Path, start: Fraction | None) -> int:
    """Count the frames that are not extracted, for numbers to mean the clip's own."""
    return sum(1 for _ in read_frames(clip, end=start)) if start else 0


def _clear(job: ExtractJob) -> None:
    """Remove what a killed process left half-written."""
    for folder in (job.frames, job.faces, job.debug):
        if folder.is_dir():
            for path in leftovers(folder):
                path.unlink(missing_ok=True)
