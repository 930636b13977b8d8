"""One face cut out of a frame or a larger face picture, by landmarks that are known already."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.alignment import transform_points
from cvfast.geometry.sampling import PixelReader
from cvfast.swap.face_file import FaceRecord
from cvfast.swap.face_types import crop_matrix
from cvfast.swap.face_writer import cut_face
from cvfast.typing import ImageU8

__all__ = ["recut"]


def recut(
    reader: PixelReader,
    points: NDArray[np.float64],
    *,
    face_type: str,
    size: int,
    source_landmarks: NDArray[np.float64],
    **facts: Any,
) -> tuple[ImageU8, FaceRecord]:
    """Cut a face out of a picture.

    Parameters
    ----------
    reader
        Of the picture.
    points
        ``(68, 2)`` landmarks in it.
    face_type, size
        Of the face picture.
    source_landmarks
        ``(68, 2)`` in the frame from which the picture was; equal to ``points`` if it is the frame.
    facts
        The other fields of the `FaceRecord`.

    Examples
    --------
    >>> from cvfast.swap.face_types import MEAN_FACE
    >>> points = np.vstack([np.full((17, 2), 40.0), MEAN_FACE * 40 + 30])
    >>> reader = PixelReader.of(np.full((100, 100, 3), 9, np.uint8))
    >>> facts = dict(source="a.png", frame=0, seconds=0.0, face=0, source_box=np.zeros(4))
    >>> pixels, record = recut(
    ...     reader, points, face_type="full", size=64, source_landmarks=points, **facts
    ... )
    >>> pixels.shape, record.landmarks[30].round().tolist()
    ((64, 64, 3), [32.0, 33.0])
    """
    matrix = crop_matrix(points, face_type, size)
    record = FaceRecord(
        face_type=face_type,
        landmarks=transform_points(matrix, points),
        source_landmarks=source_landmarks,
        matrix=crop_matrix(source_landmarks, face_type, size),
        **facts,
    )
    return cut_face(reader, matrix, size), record
