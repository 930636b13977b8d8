"""Frames extracted once more, thoroughly: those whose debug picture was deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cvfast.errors import MediaError
from cvfast.faces.frames import frame_reader
from cvfast.geometry.sampling import PixelReader
from cvfast.io.files import expand_inputs
from cvfast.io.images import read_image
from cvfast.runs.folder import open_run, stored_settings
from cvfast.swap.debug_picture import debug_file
from cvfast.swap.extract import extract_job, plan_extraction, run_place
from cvfast.swap.extract_settings import ExtractSettings
from cvfast.swap.extract_units import timed_frames
from cvfast.swap.face_file import FaceRecord
from cvfast.swap.face_set import iterate_faces
from cvfast.swap.frame_faces import Numbering, find_faces
from cvfast.swap.frame_writer import ExtractJob, FrameWriter
from cvfast.swap.workspace import Workspace
from cvfast.typing import Progress

__all__ = ["Redone", "redo_deleted"]

_TURNS = (0, 90, 270, 180)
_WEAK = 0.25  # score of detector and mesh from which a face counts, half of the usual
_NEAR = 12  # frames in which a face is about where it was, to know its number by


@dataclass(frozen=True)
class Redone:
    """What `redo_deleted` did: frames done again, faces removed from them, and found now."""

    frames: int
    removed: int
    faces: int


def redo_deleted(workspace: Workspace, side: str, *, progress: Progress | None = None) -> Redone:
    """Extract those frames again whose debug picture was deleted.

    Each on its own, turned in all ways, and with a lower threshold. What the frame's faces were is
    replaced. The settings are those of the extraction.

    Raises
    ------
    MediaError
        There is no finished extraction, or it drew no debug pictures.

    Examples
    --------
    >>> redo_deleted(Workspace.open("work"), "target")  # doctest: +SKIP
    Redone(frames=2, removed=2, faces=1)
    """
    place = run_place(workspace, side)
    stored = stored_settings(place)
    if stored is None:
        raise MediaError(f"{workspace.path}: expected an extraction of the {side}; extract first")
    settings = ExtractSettings(**stored)
    if not settings.debug:
        raise MediaError(
            f"{workspace.faces(side)}: expected an extraction with debug pictures (--debug-pictures), "
            "of which the wrong ones are deleted; this one drew none"
        )
    job = extract_job(workspace, side, settings)
    plan = plan_extraction(job)
    with open_run(place, plan, resume=True) as run:
        records = [run.recorded(unit.name) for unit in plan.units]
        if any(record is None for record in records):
            raise MediaError(
                f"{workspace.faces(side)}: expected a finished extraction; give the command "
                "without --redo-deleted first"
            )
        spans = [(r.result["first"], r.result["last"]) for r in records if r is not None]
        job.clear()
        return _redo(job, _deleted(job, spans), progress)


def _deleted(job: ExtractJob, spans: Sequence[tuple[int, int]]) -> list[int]:
    """Return the frames that were extracted and have no debug picture."""
    every = job.settings.every
    return [
        frame
        for first, last in spans
        for frame in range(first, last)
        if not frame % every and not debug_file(job.debug, frame).exists()
    ]


def _redo(job: ExtractJob, deleted: Sequence[int], progress: Progress | None) -> Redone:
    known = _Known.read(job.faces) if deleted else _Known({}, 0)
    writer = FrameWriter.of(job, Numbering())
    removed = faces = 0
    for done, (frame, reader, seconds, source) in enumerate(_frames(job, deleted)):
        found = find_faces(reader, _TURNS, min_score=_WEAK, min_mesh=_WEAK)
        writer.numbering = known.numbering(frame)
        old = [path for path, _ in known.faces.get(frame, ())]
        names = writer.write(reader, found, frame, seconds, source=source, replaces=old)
        removed += len(old)
        known.next = writer.numbering.next
        faces += len(names)
        if progress is not None:
            progress(done + 1, len(deleted))
    return Redone(len(deleted), removed, faces)


@dataclass
class _Known:
    """The faces there are by frame, whatever their files are called by now."""

    faces: dict[int, list[tuple[Path, FaceRecord]]]
    next: int

    @classmethod
    def read(cls, folder: Path) -> _Known:
        faces: dict[int, list[tuple[Path, FaceRecord]]] = {}
        for path, record in iterate_faces(folder):
            if not isinstance(record, str):
                faces.setdefault(record.frame, []).append((path, record))
        numbers = [record.face for those in faces.values() for _, record in those]
        return cls(faces, max(numbers, default=-1) + 1)

    def numbering(self, frame: int) -> Numbering:
        """Return a numbering that knows the faces of the nearest frame that has some."""
        for distance in range(_NEAR):
            for near in (frame - distance, frame + distance):
                if there := self.faces.get(near):
                    last = [(record.face, record.source_box.tolist()) for _, record in there]
                    return Numbering(self.next, last)
        return Numbering(self.next)


def _frames(
    job: ExtractJob, wanted: Sequence[int]
) -> Iterator[tuple[int, PixelReader, float, str]]:
    """Yield the wanted frames, in order: number, pixels, time, name of the source."""
    if not wanted:
        return
    if job.clip.is_dir():
        names = [path.name for path in expand_inputs([job.clip], videos=False)]
        for number in wanted:
            pixels = read_image(job.clip / names[number], first_frame=True).pixels
            yield number, PixelReader.of(pixels), 0.0, names[number]
        return
    left = set(wanted)
    for number, (frame, seconds) in enumerate(timed_frames(job.clip)):
        if number in left:
            yield number, frame_reader(frame), float(seconds), job.clip.name
            left.discard(number)
            if not left:
                return
