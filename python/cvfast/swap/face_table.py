"""What the records of a folder's faces say, as arrays; no pixels, no masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError, NothingFoundError
from cvfast.swap.face_file import FaceRecord, face_files, read_record
from cvfast.swap.head_pose import HeadFit, fit_head
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["FaceTable", "read_table"]


@dataclass(frozen=True, eq=False)
class FaceTable:
    """The faces of a folder, in the order of their first names.

    Parameters
    ----------
    paths
        The pictures.
    stems
        What each was called before it was sorted, without the suffix.
    landmarks, source_landmarks
        ``(N, 68, 2)`` float64 in pixels of the face picture, and of the frame.
    boxes
        ``(N, 4)`` float64 x0, y0, x1, y1 in the frame.
    matrices
        ``(N, 2, 3)`` float64 from the frame's points to the picture's.
    frames
        ``(clip, frame number, face number)`` of each.
    face_types
        Names in `cvfast.swap.face_types.FACE_TYPES`.
    skipped
        Pictures that are no faces of ours, and why; they are left alone.
    """

    paths: tuple[Path, ...]
    stems: tuple[str, ...]
    landmarks: NDArray[np.float64]
    source_landmarks: NDArray[np.float64]
    boxes: NDArray[np.float64]
    matrices: NDArray[np.float64]
    frames: tuple[tuple[str, int, int], ...]
    face_types: tuple[str, ...]
    skipped: tuple[tuple[Path, str], ...]

    def __len__(self) -> int:
        return len(self.paths)

    def take(
        self, rows: Sequence[int] | NDArray[np.integer], skipped: Sequence[tuple[Path, str]] = ()
    ) -> FaceTable:
        """Return some of the faces; ``skipped`` are added to those that are left alone."""
        chosen = [int(row) for row in rows]
        return FaceTable(
            tuple(self.paths[row] for row in chosen),
            tuple(self.stems[row] for row in chosen),
            self.landmarks[chosen],
            self.source_landmarks[chosen],
            self.boxes[chosen],
            self.matrices[chosen],
            tuple(self.frames[row] for row in chosen),
            tuple(self.face_types[row] for row in chosen),
            (*self.skipped, *skipped),
        )

    @property
    def areas(self) -> NDArray[np.float64]:
        """Area ``(N,)`` of each face's box in its frame, square pixels."""
        sides = np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 0)
        return np.asarray(sides.prod(axis=1), np.float64)

    def poses(self) -> NDArray[np.float64]:
        """Return yaw, pitch, roll (radians) and misfit of each face, ``(N, 4)``.

        Landmarks that are no face at all (all on one line) have angles of 0 and a misfit of 9.
        """
        return np.array([_pose(points) for points in self.landmarks], np.float64).reshape(-1, 4)


def read_table(
    folder: PathLike,
    *,
    first_names: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> FaceTable:
    """Read the records of a folder's face pictures.

    Parameters
    ----------
    folder
        Of face pictures. Links, hidden files and pictures without a record are left alone.
    first_names
        First names of files that were renamed since.
    progress
        Called with pictures read and their number.

    Raises
    ------
    NothingFoundError
        No picture there has a record.
    """
    names = first_names or {}
    rows: list[tuple[str, Path, FaceRecord]] = []
    skipped: list[tuple[Path, str]] = []
    paths = face_files(folder)
    for done, path in enumerate(paths, 1):
        why = _look(path, names.get(path.name, path.name), rows)
        if why:
            skipped.append((path, why))
        if progress is not None:
            progress(done, len(paths))
    if not rows:
        raise NothingFoundError(
            f"{folder}: expected face pictures with cvfast's record, found "
            f"{len(paths)} pictures without; cvfast swap extract makes them, cvfast swap import "
            "reads those of other programs"
        )
    rows.sort(key=lambda row: row[0])
    records = [record for _, _, record in rows]
    return FaceTable(
        paths=tuple(path for _, path, _ in rows),
        stems=tuple(Path(name).stem for name, _, _ in rows),
        landmarks=np.array([record.landmarks for record in records]),
        source_landmarks=np.array([record.source_landmarks for record in records]),
        boxes=np.array([record.source_box for record in records]),
        matrices=np.array([record.matrix for record in records]),
        frames=tuple((record.source, record.frame, record.face) for record in records),
        face_types=tuple(record.face_type for record in records),
        skipped=tuple(skipped),
    )


def _look(path: Path, name: str, rows: list[tuple[str, Path, FaceRecord]]) -> str:
    """Add a picture to the rows; or return why not."""
    if path.is_symlink() or not path.is_file():
        return f"{path}: a link or no file"
    try:
        record = read_record(path)
    except (MediaError, OSError) as error:
        return str(error)
    if record is None:
        return f"{path}: no face record in it"
    rows.append((name, path, _slim(record)))
    return ""


def _slim(record: FaceRecord) -> FaceRecord:
    """Drop what is large."""
    return replace(record, mask=None, polygons=(), more=None)


def _pose(points: NDArray[np.float64]) -> HeadFit:
    try:
        return fit_head(points)
    except ValueError:
        return HeadFit(0.0, 0.0, 0.0, 9.0)
