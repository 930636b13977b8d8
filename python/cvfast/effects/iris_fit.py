"""Where an iris really is: the landmarks' disc, corrected on the picture's own edges.

The iris model is off by up to a fifth of an iris radius, and draws a disc that looks straight into
the camera. Here the disc is seen from the side when the eye looks away, and then moved and resized
to where, left and right of it, the picture steps from iris to white. The lids' contour says which
part of it can be seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.types import Landmarks
from cvfast.kernels.iris import EyeShape

__all__ = ["RAYS", "RINGS", "Eye", "eye_of"]

_LEVER = 1.76  # from the eyeball's centre of rotation to the iris's plane, in iris radii
_MOST_TURNED = 0.8  # sine of the angle beyond which the landmarks are wrong
_SMALLEST = 1.5  # pixels; a smaller iris has no inside
# Rays to the left and to the right, where lids seldom are, and places along them in iris radii.
_SECTOR = math.radians(55)
_TURNS = np.concatenate([side + np.linspace(-_SECTOR, _SECTOR, 15) for side in (0.0, math.pi)])
RAYS = np.stack([np.cos(_TURNS), np.sin(_TURNS)])
RINGS = np.linspace(0.1, 1.45, 28)


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye's iris and lids.

    Parameters
    ----------
    shape
        In pixels of the picture.
    opening
        Lid opening over eye width.
    """

    shape: EyeShape
    opening: float

    def moved(self, offsets: NDArray[np.float64]) -> Eye:
        """Return the eye with its iris moved by offsets x, y and grown by r, in its own radii."""
        x, y, grown = offsets.tolist()
        numbers = self.shape.numbers.copy()
        a, b, c, d = numbers[2:6].tolist()
        numbers[0] += a * x + b * y
        numbers[1] += c * x + d * y
        numbers[2:6] *= 1 + grown
        return Eye(EyeShape(numbers, self.shape.lids), self.opening)


def eye_of(landmarks: Landmarks, side: Literal["right", "left"]) -> Eye | None:
    """Return an eye as the landmarks see it; None where it is too small or has no extent.

    Raises
    ------
    ValueError
        The landmarks have no irises.
    """
    if landmarks.scheme != "mesh478":
        raise ValueError(
            f"landmarks: expected mesh478, whose points show the irises, got {landmarks.scheme}"
        )
    ring = landmarks.group(f"{side}_iris").tolist()
    contour = landmarks.group(f"{side}_eye").tolist()
    half = len(contour) // 2
    (left, top), (right, bottom) = contour[0], contour[half]
    width = math.hypot(right - left, bottom - top)
    size = (math.dist(ring[1], ring[3]) + math.dist(ring[2], ring[4])) / 4
    if not (math.isfinite(width + size) and size >= _SMALLEST and width > size):
        return None
    ex, ey = (right - left) / width, (bottom - top) / width
    lids, opening = _lids(contour, (ex, ey))
    cx, cy = ring[0]
    dx, dy = cx - (left + right) / 2, cy - (top + bottom) / 2
    xx, xy, yy = _squeeze(
        (dx * ex + dy * ey) / (size * _LEVER), (dy * ex - dx * ey) / (size * _LEVER)
    )
    # The ring's mean size is that of the disc as seen; the disc itself is larger.
    radius = 2 * size / (math.hypot(xx, xy) + math.hypot(xy, yy))
    axes = (ex * xx - ey * xy, ex * xy - ey * yy, ey * xx + ex * xy, ey * xy + ex * yy)
    numbers = np.array([cx, cy, *(radius * axis for axis in axes), left, top, ex, ey])
    return Eye(EyeShape(numbers, lids), opening / width)


def _lids(
    contour: list[list[float]], along: tuple[float, float]
) -> tuple[NDArray[np.float64], float]:
    """Return the lids as `EyeShape` has them, and how far they are open in the middle."""
    (left, top), (ex, ey) = contour[0], along
    places = [(x - left) * ex + (y - top) * ey for x, y in contour]
    beside = [(y - top) * ex - (x - left) * ey for x, y in contour]
    half = len(contour) // 2
    lids = np.empty((3, half + 1))
    lids[0] = np.maximum.accumulate(places[: half + 1])
    lids[1] = beside[: half + 1]
    lids[2] = np.interp(
        lids[0], [places[0], *places[: half - 1 : -1]], [beside[0], *beside[: half - 1 : -1]]
    )
    return lids, float((lids[2, 3:6] - lids[1, 3:6]).sum()) / 3


def _squeeze(x: float, y: float) -> tuple[float, float, float]:
    """Return how a disc looks that is turned away by an angle, given its sine along x and y.

    The entries xx, xy and yy of a symmetric matrix.
    """
    away = math.hypot(x, y)
    if away < 1e-6:
        return 1.0, 0.0, 1.0
    less = math.sqrt(1 - min(away, _MOST_TURNED) ** 2) - 1
    x, y = x / away, y / away
    return 1 + less * x * x, less * x * y, 1 + less * y * y
