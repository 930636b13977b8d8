"""Which faces a frame has: followed through a clip, or found in a picture of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.detectors import detect
from cvfast.faces.fitting import landmarks
from cvfast.faces.tracking import FaceTracker
from cvfast.faces.types import Landmarks
from cvfast.geometry.boxes import bounding_box
from cvfast.geometry.coordinates import rotate_points
from cvfast.geometry.sampling import PixelReader
from cvfast.kernels.nms import iou

__all__ = ["FrameFace", "Numbering", "find_faces", "follow_faces"]

_SURE = 0.5  # mesh score from which a found box counts as a face
_SAME = 0.3  # intersection over union with a face of the frame before: the same face


@dataclass(frozen=True, eq=False)
class FrameFace:
    """A face in a frame.

    Parameters
    ----------
    landmarks
        In pixels of the frame as shown, ``mesh478``.
    track
        Its number in the tracker; None if it was found in this frame alone.
    """

    landmarks: Landmarks
    track: int | None = None

    @property
    def box(self) -> NDArray[np.float64]:
        """Return its box in the frame, ``(4,)`` x0, y0, x1, y1."""
        return np.asarray(self.landmarks.box, np.float64)

    @property
    def points(self) -> NDArray[np.float64]:
        """Return its 68 points, ``(68, 2)``."""
        return self.landmarks.to("dlib68").points[:, :2].astype(np.float64)


def find_faces(
    reader: PixelReader,
    rotations: Sequence[int] = (0,),
    *,
    min_score: float = 0.5,
    min_mesh: float = _SURE,
) -> list[FrameFace]:
    """Find faces in a picture, turned in the way in which the detector is surest of one.

    The detector finds faces upside down too, but is less sure of them, and where their landmarks
    are is then a guess that looks good to the mesh. The largest come first.

    Parameters
    ----------
    reader
        The picture.
    rotations
        Degrees clockwise.
    min_score, min_mesh
        Scores of the detector, and of the landmarks, from which a face counts.

    Examples
    --------
    >>> find_faces(PixelReader.of(np.zeros((64, 64, 3), np.uint8)), (0, 90))
    []
    """
    best: list[FrameFace] = []
    surest = 0.0
    for degrees in rotations:
        turns = degrees // 90
        turned = _turned(reader, turns)
        seen = detect(turned, min_score=min_score)
        if not len(seen) or float(seen.scores.max()) <= surest:
            continue
        faces = [
            FrameFace(_turned_back(marks, turned.size, turns))
            for marks in landmarks(turned, faces=seen)
            if marks.score >= min_mesh
        ]
        if faces:
            best, surest = faces, float(seen.scores.max())
    return sorted(best, key=lambda face: -_area(face.box))


def follow_faces(tracker: FaceTracker, reader: PixelReader, seconds: float) -> list[FrameFace]:
    """Return the faces that the tracker sees in the next frame of a clip."""
    tracks = tracker.update(reader, seconds)
    return [FrameFace(track.landmarks, track.number) for track in tracks if not track.held]


@dataclass
class Numbering:
    """Numbers faces through a clip, also where the tracker begins anew.

    Parameters
    ----------
    next
        The next new number.
    last
        Number and box of each face in the frame before.
    """

    next: int = 0
    last: list[tuple[int, list[float]]] = field(default_factory=list)
    _tracks: dict[int, int] = field(default_factory=dict)
    _fresh: bool = True

    def number(self, faces: Sequence[FrameFace]) -> list[int]:
        """Return the number of each face of the next frame."""
        numbers: list[int] = []
        taken = {self._tracks[f.track] for f in faces if f.track in self._tracks}
        for face in faces:
            known = None if face.track is None else self._tracks.get(face.track)
            if known is None and (face.track is None or self._fresh):
                known = self._overlapping(face.box, taken)
            if known is None:
                known, self.next = self.next, self.next + 1
            taken.add(known)
            if face.track is not None:
                self._tracks[face.track] = known
            numbers.append(known)
        self.last = [(n, face.box.tolist()) for n, face in zip(numbers, faces, strict=True)]
        self._fresh = False
        return numbers

    def _overlapping(self, box: NDArray[np.float64], taken: set[int]) -> int | None:
        near = [(number, other) for number, other in self.last if number not in taken]
        if not near:
            return None
        shares = iou(box[None], np.array([other for _, other in near]))[0]
        best = int(shares.argmax())
        return near[best][0] if shares[best] > _SAME else None


def _area(box: NDArray[np.float64]) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _turned(reader: PixelReader, turns: int) -> PixelReader:
    if not turns or reader.source is None:
        return reader
    source = reader.source.turned(turns)
    pixels = np.empty((source.size[1], source.size[0], 3), np.uint8)
    return PixelReader.of(source.read((1, 0, 0, 0, 1, 0), pixels))


def _turned_back(marks: Landmarks, size: tuple[int, int], turns: int) -> Landmarks:
    """Turn landmarks of a picture that was turned to the picture as it was."""
    if not turns:
        return marks
    points = rotate_points(marks.points, size, -turns).astype(np.float32)
    return Landmarks(points, marks.scheme, marks.score, bounding_box(points).astype(np.float32))
