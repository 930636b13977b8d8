"""All that is written of one frame: its faces, the frame itself, and a debug picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cvfast.geometry.sampling import PixelReader
from cvfast.io.atomic import remove_leftovers
from cvfast.io.images import write_image
from cvfast.swap.debug_picture import debug_file, draw_found, whole_frame, write_debug
from cvfast.swap.extract_settings import ExtractSettings
from cvfast.swap.face_writer import FaceWriter
from cvfast.swap.frame_faces import FrameFace, Numbering
from cvfast.swap.person_filter import PersonFilter

__all__ = ["ExtractJob", "FrameWriter"]


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

    def clear(self) -> None:
        """Remove what a killed process left half-written."""
        for folder in (self.frames, self.faces, self.debug):
            remove_leftovers(folder)


@dataclass
class FrameWriter:
    """Writes frames, one after the other.

    Parameters
    ----------
    job
        Where to, and how.
    numbering
        Of the faces.
    person
        Whose faces are taken; None: everybody's.
    """

    job: ExtractJob
    numbering: Numbering = field(default_factory=Numbering)
    person: PersonFilter | None = None

    @classmethod
    def of(cls, job: ExtractJob, numbering: Numbering) -> FrameWriter:
        """Open what the settings ask for."""
        like = job.settings.like
        return cls(job, numbering, PersonFilter.of(like) if like else None)

    def write(
        self,
        reader: PixelReader,
        faces: Sequence[FrameFace],
        frame: int,
        seconds: float,
        *,
        source: str,
        replaces: Sequence[Path] = (),
    ) -> dict[int, str]:
        """Write a frame's faces.

        Parameters
        ----------
        reader, faces
            The frame, and what was found in it.
        frame, seconds
            Its number and time.
        source
            Name of its clip or picture.
        replaces
            Face pictures that go once the new ones are there.

        Returns
        -------
        dict
            The file name of each face by its number.
        """
        settings = self.job.settings
        writer = FaceWriter(self.job.faces, source, settings)
        if self.person is not None:
            faces = self.person.among(faces, reader, frame)
        wanted = writer.wanted(faces)
        numbers = self.numbering.number(wanted)
        names = {
            number: writer.write(reader, face, number, frame, seconds).name
            for face, number in zip(wanted, numbers, strict=True)
        }
        for path in replaces:
            if path.name not in names.values():
                path.unlink(missing_ok=True)
        if settings.frames:
            path = self.job.frames / f"{frame:05d}.png"
            write_image(path, whole_frame(reader), overwrite=True)
        if settings.debug:  # last: `redo_deleted` takes a frame that has one for done
            squares = [writer.square(face) for face in wanted]
            drawn = draw_found(whole_frame(reader), wanted, numbers, squares)
            write_debug(debug_file(self.job.debug, frame), drawn)
        return names
