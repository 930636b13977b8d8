"""Slim face: cheeks and jaw dragged inwards by overlapping discs along the jaw line.

The option s in [0, 1] drags each of five jaw points a side by 0.07 s of its distance to the face's
middle line (the nose), inside discs of 0.35 face widths that act one after the other, so that a
cheek moves by the sum of the drags that reach it. A turned face has its far jaw near the middle
line, and moves it as little. Big eyes come after, on the finished shape.
"""

from __future__ import annotations

import numpy as np

from cvfast.effects.discs import Discs
from cvfast.faces.types import Landmarks

__all__ = ["slim_face"]

_DRAG = 0.07
_RADIUS = 0.35  # face widths
_JAW = (2, 3, 4, 5, 6, 10, 11, 12, 13, 14)  # dlib68: between ear and chin on both sides


def slim_face(landmarks: Landmarks, strength: float) -> Discs:
    """Return the discs that narrow a face.

    Parameters
    ----------
    landmarks
        ``mesh478`` or ``dlib68``.
    strength
        The option in [0, 1].
    """
    points = landmarks.to("dlib68").points[:, :2].astype(np.float64)
    width = float(np.linalg.norm(points[16] - points[0]))
    top, bottom = points[27], points[8]
    length = float(np.linalg.norm(bottom - top))
    if strength == 0 or min(width, length) < 2:
        return Discs("translate", np.empty((0, 2)), np.empty(0), np.empty((0, 2)))
    axis = (bottom - top) / length
    jaw = points[list(_JAW)]
    on_axis = top + ((jaw - top) @ axis)[:, None] * axis
    drags = _DRAG * strength * (on_axis - jaw)
    # A face seen edge on is narrow between the ears only: wider discs, so that no drag folds.
    radii = np.maximum(_RADIUS * width, 2 * np.linalg.norm(drags, axis=1))
    return Discs("translate", jaw, radii, jaw + drags)
