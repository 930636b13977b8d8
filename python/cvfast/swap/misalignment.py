"""How far a face's landmarks are from where a face's landmarks are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.alignment import similarity_transform, transform_points
from cvfast.swap.face_table import FaceTable
from cvfast.swap.face_types import MEAN_FACE, STEADY

__all__ = ["landmark_distances"]

_STEADY = list(STEADY)
_MEAN = MEAN_FACE[[i - 17 for i in STEADY]]


def landmark_distances(table: FaceTable) -> NDArray[np.float64]:
    """Return the mean distance of each face's 51 inner landmarks to the mean face's, ``(N,)``.

    The face is laid over the mean face first; the unit is the side of the mean face's square.
    Landmarks that are all in one place are infinitely far.
    """
    return np.array([_distance(points) for points in table.landmarks], np.float64)


def _distance(points: NDArray[np.float64]) -> float:
    try:
        matrix = similarity_transform(points[_STEADY], _MEAN)
    except ValueError:
        return float("inf")
    apart = transform_points(matrix, points[17:]) - MEAN_FACE
    return float(np.hypot(*apart.T).mean())
