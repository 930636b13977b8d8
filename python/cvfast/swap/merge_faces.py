"""Which faces of the target are swapped, frame by frame: those whose picture is still there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError, NothingFoundError
from cvfast.swap.compose import FrameFace
from cvfast.swap.face_file import FaceRecord, face_files, read_record
from cvfast.swap.steady import pieces, steadied

__all__ = ["TableFace", "TargetFaces"]

_SAME_TIME = 2e-4  # seconds: times of two frames differ by more
_F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TableFace:
    """A face of a frame, and where its picture is."""

    track: int
    landmarks: _F64
    motion: tuple[float, float]
    path: Path

    def frame_face(self) -> FrameFace:
        """Read what else is known of it: its applied mask."""
        record = read_record(self.path)
        mask = None if record is None else record.mask
        if record is None or mask is None:
            return FrameFace(self.landmarks, self.motion)
        matrix = record.matrix * (mask.shape[0] / _side(record, self.path))
        return FrameFace(self.landmarks, self.motion, mask, matrix)


class TargetFaces:
    """The faces of a folder by time: one row a face, some 1.2 KB each.

    Parameters
    ----------
    frames, tracks, seconds
        ``(F,)``: number of the frame, of the track, and the frame's time since the clip's first.
    landmarks
        ``(F, 68, 2)`` in pixels of the frame as it is shown.
    paths
        The face pictures.
    masked
        ``(F,)`` bool: whether a mask was applied.
    digest
        Of all records: tells a changed set of faces.
    """

    def __init__(
        self,
        frames: NDArray[np.int64],
        tracks: NDArray[np.int64],
        seconds: _F64,
        landmarks: _F64,
        paths: list[Path],
        masked: NDArray[np.bool_],
        digest: str,
    ) -> None:
        self.frames, self.tracks, self.seconds = frames, tracks, seconds
        self.landmarks, self.paths, self.masked, self.digest = landmarks, paths, masked, digest
        self.motion = np.zeros((len(frames), 2))
        self._move()

    def __len__(self) -> int:
        return len(self.frames)

    @classmethod
    def read(cls, folder: Path) -> TargetFaces:
        """Read the records of a folder of face pictures, one after the other.

        Raises
        ------
        NothingFoundError
            There is none.
        MediaError
            A picture's record is damaged.
        """
        rows: list[tuple[int, int, float, _F64, Path, bool]] = []
        digest = hashlib.blake2b(digest_size=16)
        for path in face_files(folder):
            record = read_record(path)
            if record is None:
                continue
            digest.update(f"{path.name}\0{record.to_json()}\0".encode())
            rows.append(
                (
                    record.frame,
                    record.face,
                    record.seconds,
                    np.asarray(record.source_landmarks, np.float64),
                    path,
                    record.mask is not None,
                )
            )
        if not rows:
            raise NothingFoundError(
                f"{folder}: expected face pictures of the target, got none; make them: cvfast swap "
                "extract WORKSPACE target"
            )
        rows.sort(key=lambda row: row[:2])
        return cls(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[2] for row in rows], np.float64),
            np.stack([row[3] for row in rows]),
            [row[4] for row in rows],
            np.array([row[5] for row in rows], bool),
            digest.hexdigest(),
        )

    def only(self, tracks: Collection[int]) -> TargetFaces:
        """Return the faces of some tracks alone."""
        kept = np.flatnonzero(np.isin(self.tracks, list(tracks)))
        return self._taken(kept, self.landmarks[kept])

    def steady(self) -> TargetFaces:
        """Return the same faces with landmarks steadied over time, track by track."""
        landmarks = self.landmarks.copy()
        for track in np.unique(self.tracks):
            rows = np.flatnonzero(self.tracks == track)
            if (np.diff(self.seconds[rows]) > 0).all():  # pictures of a folder have no times
                landmarks[rows] = steadied(landmarks[rows], self.seconds[rows])
        return self._taken(np.arange(len(self)), landmarks)

    def at(self, seconds: float) -> list[TableFace]:
        """Return the faces of the frame at a time since the clip's first, by track."""
        first, last = np.searchsorted(self.seconds, (seconds - _SAME_TIME, seconds + _SAME_TIME))
        return [self._face(row) for row in range(first, last)]

    def of_frame(self, frame: int) -> list[TableFace]:
        """Return the faces of a frame by its number."""
        first, last = np.searchsorted(self.frames, (frame, frame + 1))
        return [self._face(row) for row in range(first, last)]

    def _face(self, row: int) -> TableFace:
        x, y = self.motion[row].tolist()
        return TableFace(int(self.tracks[row]), self.landmarks[row], (x, y), self.paths[row])

    def _taken(self, rows: NDArray[np.intp], landmarks: _F64) -> TargetFaces:
        paths = [self.paths[row] for row in rows]
        return TargetFaces(
            self.frames[rows],
            self.tracks[rows],
            self.seconds[rows],
            landmarks,
            paths,
            self.masked[rows],
            self.digest,
        )

    def _move(self) -> None:
        """Note how far each face moves round its frame; not over gaps and cuts."""
        for track in np.unique(self.tracks):
            rows = np.flatnonzero(self.tracks == track)
            for piece in pieces(self.landmarks[rows], self.seconds[rows]):
                middles = self.landmarks[rows[piece]].mean(axis=1)
                if len(middles) > 1:
                    padded = np.concatenate([middles[:1], middles, middles[-1:]])
                    self.motion[rows[piece]] = padded[2:] - padded[:-2]


def _side(record: FaceRecord, path: Path) -> int:
    """Return the pixels of a face picture's sides."""
    from PIL import Image

    with Image.open(path) as picture:
        side = picture.width
    if side < 1:
        raise MediaError(f"{path}: expected a face picture, got none")
    return side
