"""Faces of a frame written as face pictures, and the frame with what was found drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.alignment import transform_points
from cvfast.geometry.sampling import PixelReader
from cvfast.io.opencv import load_cv2
from cvfast.kernels.crop import CropSource
from cvfast.swap.extract_settings import ExtractSettings
from cvfast.swap.face_file import FaceRecord, write_face
from cvfast.swap.face_types import FACE_TYPES, crop_matrix
from cvfast.swap.frame_faces import FrameFace
from cvfast.typing import ImageU8

__all__ = ["FaceWriter", "cut_face"]

_MOST_SPREAD = 4.0  # areas of the face's box: a larger square comes of misplaced landmarks
_TIGHT = FACE_TYPES["full"].code  # face types of at most this one are judged so
_REACH = 2  # pixels round the square that the cubic needs
_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)


@dataclass(frozen=True)
class FaceWriter:
    """Writes the faces of one side.

    Parameters
    ----------
    folder
        Where the face pictures go.
    source
        Name of the clip; empty: each frame is a picture with a name of its own.
    settings
        How.
    """

    folder: Path
    source: str
    settings: ExtractSettings

    def wanted(self, faces: Sequence[FrameFace]) -> list[FrameFace]:
        """Return those faces that are large enough and believable, at most the largest N."""
        good = [face for face in faces if self._longer_side(face) >= self.settings.min_face]
        good = [face for face in good if self._is_believable(face)]
        if self.settings.max_faces:
            largest = sorted(good, key=self._longer_side, reverse=True)
            kept = largest[: self.settings.max_faces]
            good = [face for face in good if face in kept]
        return good

    def write(
        self, reader: PixelReader, face: FrameFace, number: int, frame: int, seconds: float
    ) -> Path:
        """Write one face of a frame; return its file."""
        settings = self.settings
        points = face.points
        matrix = crop_matrix(points, settings.face_type, settings.size)
        record = FaceRecord(
            face_type=settings.face_type,
            landmarks=transform_points(matrix, points),
            source=self.source,
            frame=frame,
            seconds=seconds,
            face=number,
            source_landmarks=points,
            source_box=face.box,
            matrix=matrix,
        )
        path = self.folder / f"{frame:05d}_{number}{settings.suffix}"
        pixels = cut_face(reader, matrix, settings.size)
        write_face(path, pixels, record, quality=settings.quality, overwrite=True)
        return path

    def square(self, face: FrameFace) -> NDArray[np.float64]:
        """Return the corners of the face picture in the frame, ``(4, 2)``."""
        settings = self.settings
        matrix = crop_matrix(face.points, settings.face_type, settings.size)
        return transform_points(_inverse(matrix), _CORNERS * settings.size)

    def _longer_side(self, face: FrameFace) -> float:
        return float((face.box[2:] - face.box[:2]).max())

    def _is_believable(self, face: FrameFace) -> bool:
        if not np.isfinite(face.points).all() or not np.ptp(face.points, axis=0).any():
            return False
        if FACE_TYPES[self.settings.face_type].code > _TIGHT:
            return True
        side = np.linalg.norm(np.diff(self.square(face)[:2], axis=0))
        return bool(side**2 <= _MOST_SPREAD * np.prod(face.box[2:] - face.box[:2]))


def cut_face(reader: PixelReader, matrix: NDArray[np.float64], size: int) -> ImageU8:
    """Return the face picture that a matrix of `crop_matrix` means; black outside the frame.

    The matrix leads from the frame's points, which count from the middle of its first pixel, to
    those of the face picture, which count from its corner: pixel (i, j) shows the place of the
    point (i + 1/2, j + 1/2). Where the frame is shrunk, it is averaged; where it is enlarged, the
    pixels between are Keys's cubic (IEEE ASSP 29, 1981).

    Parameters
    ----------
    reader
        Of the frame.
    matrix
        ``(2, 3)`` float64.
    size
        Pixels of the picture's sides.

    Returns
    -------
    numpy.ndarray
        ``(size, size, 3)`` uint8 RGB.

    Raises
    ------
    ValueError
        The frame has no pixels.

    Examples
    --------
    >>> frame = PixelReader.of(np.full((8, 8, 3), 9, np.uint8))
    >>> cut_face(frame, np.array([[1, 0, 0.5], [0, 1, 0.5]]), 4)[0, 0].tolist()
    [9, 9, 9]
    """
    source = reader.source
    if source is None:
        raise ValueError(f"reader: expected at least one pixel, got {reader.size}")
    to_pixels = matrix - np.array([[0, 0, 0.5], [0, 0, 0.5]])
    if np.linalg.det(matrix[:, :2]) > 1:
        return _enlarged(source, to_pixels, size)
    (a, b, c), (d, e, f) = _inverse(to_pixels).tolist()
    out = np.empty((size, size, 3), np.uint8)
    return source.read((a, b, c, d, e, f), out, fill=0, threads=1)


def _enlarged(source: CropSource, to_pixels: NDArray[np.float64], size: int) -> ImageU8:
    """Read the pixels that are needed as they are, and interpolate between them."""
    cv2 = load_cv2()
    corners = transform_points(_inverse(to_pixels), _CORNERS * size)
    low = np.clip(np.floor(corners.min(axis=0)) - _REACH, 0, source.size).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + _REACH + 1, 0, source.size).astype(int)
    width, height = (high - low).tolist()
    if min(width, height) < 1:
        return np.zeros((size, size, 3), np.uint8)
    x, y = low.astype(float).tolist()
    region = np.empty((height, width, 3), np.uint8)
    source.read((1, 0, x, 0, 1, y), region, threads=1)
    moved = to_pixels.copy()
    moved[:, 2] += to_pixels[:, :2] @ low
    out: ImageU8 = cv2.warpAffine(region, moved, (size, size), flags=cv2.INTER_CUBIC)
    return out


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the transform back."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])
