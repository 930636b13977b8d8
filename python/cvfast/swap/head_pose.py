"""How a head is turned, from 68 points and a mean face in space."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ArrayLike

__all__ = ["HeadFit", "fit_head"]

# Jaw, brows, bridge and nostrils: what an expression moves least.
_FIRM = (*range(27), *range(30, 36))


class HeadFit(NamedTuple):
    """A head's turn in radians, and how badly 68 points fit a head.

    Parameters
    ----------
    yaw
        Positive: the face is turned to the picture's right.
    pitch
        Positive: upwards.
    roll
        Positive: clockwise as seen.
    misfit
        Root mean square distance between the points and those of the turned mean face, in units
        of half the face's height (hairline to chin).
    """

    yaw: float
    pitch: float
    roll: float
    misfit: float


def fit_head(landmarks: ArrayLike) -> HeadFit:
    """Turn a mean face until it is seen as the landmarks are (scaled orthographic camera).

    The linear camera that brings the mean face onto the points is found by least squares, and the
    nearest rotation to it by its singular values. Yaw turns about the head's own axis, then pitch
    nods, then roll tilts.

    Parameters
    ----------
    landmarks
        ``(68, 2)`` in dlib's order, pixels.

    Raises
    ------
    ValueError
        Another shape, or points that lie all on one line.

    Examples
    --------
    >>> from cvfast.synth.faces import make_face
    >>> face = make_face(3, seed=1, size=128, pose=(0.5, 0.0, 0.0))
    >>> abs(fit_head(face.points68).yaw - 0.5) < 0.12
    True
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (68, 2):
        raise ValueError(f"landmarks: expected shape (68, 2), got {points.shape}")
    model, inverse = _model()
    firm = points[list(_FIRM)]
    seen = firm - firm.mean(axis=0)
    camera = (inverse @ seen).T  # (2, 3)
    left, sizes, right = np.linalg.svd(camera, full_matrices=False)
    if sizes[1] <= 1e-9 * max(sizes[0], 1e-300):
        raise ValueError("landmarks: expected a face, got points on one line")
    rows = left @ right  # the first two of the rotation
    scale = float(sizes.mean())
    misfit = float(np.sqrt(((model @ camera.T - seen) ** 2).sum(axis=1).mean())) / scale
    third = np.cross(rows[0], rows[1])
    return HeadFit(
        yaw=math.atan2(third[0], third[2]),
        pitch=-math.asin(float(np.clip(third[1], -1, 1))),
        roll=math.atan2(-rows[0, 1], rows[1, 1]),
        misfit=misfit,
    )


@functools.cache
def _model() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean face's firm points (n, 3) about their middle, and their pseudo-inverse."""
    from cvfast.faces.mean_face import mean_face
    from cvfast.faces.schemes import convert

    points = convert(mean_face().astype(np.float32), "mesh478", "dlib68")
    firm = points[list(_FIRM)].astype(np.float64)
    firm -= firm.mean(axis=0)
    return firm, np.linalg.pinv(firm).astype(np.float64)
