"""Boxes ``x0, y0, x1, y1`` that count the pixels x0 <= x < x1, and rotated rectangles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ArrayLike

__all__ = ["RotatedBox", "bounding_box", "overlap_of_smaller"]


def bounding_box(points: ArrayLike) -> NDArray[np.float64]:
    """Smallest box whose pixels reach all points: ``x0, y0, x1, y1`` (not rounded).

    Examples
    --------
    >>> bounding_box([[0, 0], [3, 1]]).tolist()
    [-0.5, -0.5, 3.5, 1.5]
    """
    xy = np.asarray(points, np.float64)[..., :2].reshape(-1, 2)
    return np.concatenate([xy.min(axis=0) - 0.5, xy.max(axis=0) + 0.5])


def overlap_of_smaller(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Area of intersection over the smaller area, for every pair of boxes.

    Where `cvfast.iou` stays small for a box inside a larger one, this is 1.

    Parameters
    ----------
    a, b
        ``(N, 4)`` and ``(M, 4)``.

    Returns
    -------
    numpy.ndarray
        ``(N, M)``, in [0, 1]; 0 where a box is empty.

    Examples
    --------
    >>> overlap_of_smaller([[0, 0, 9, 9]], [[1, 1, 3, 3], [9, 9, 12, 12]]).tolist()
    [[1.0, 0.0]]
    """
    first = np.asarray(a, np.float64).reshape(-1, 1, 4)
    second = np.asarray(b, np.float64).reshape(1, -1, 4)
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(
        first[..., :2], second[..., :2]
    )
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    smaller = np.minimum(
        np.prod(first[..., 2:] - first[..., :2], axis=-1),
        np.prod(second[..., 2:] - second[..., :2], axis=-1),
    )
    overlap: NDArray[np.float64] = np.divide(
        shared, smaller, out=np.zeros_like(shared), where=smaller > 0
    )
    return overlap


@dataclass(frozen=True, slots=True)
class RotatedBox:
    """A rectangle in a picture, turned about its centre.

    Parameters
    ----------
    x, y
        Centre, in pixels (pixel centres are whole numbers).
    width, height
        Sides, in pixels.
    angle
        Radians; positive turns the rectangle clockwise as seen.

    Examples
    --------
    >>> box = RotatedBox(10, 20, 8, 4, 0.0)
    >>> box.to_picture([[0.0, 0.0], [0.5, 0.5]]).tolist()
    [[6.0, 18.0], [10.0, 20.0]]
    """

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    @classmethod
    def from_box(cls, box: ArrayLike) -> RotatedBox:
        """Take over an upright box ``x0, y0, x1, y1``."""
        x0, y0, x1, y1 = (float(value) for value in np.asarray(box).reshape(4))
        return cls((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2, x1 - x0, y1 - y0)

    def scaled(self, factor: float) -> RotatedBox:
        """Return the rectangle grown by ``factor`` about its centre."""
        return RotatedBox(self.x, self.y, self.width * factor, self.height * factor, self.angle)

    def matrix(self) -> NDArray[np.float64]:
        """``(2, 3)`` transform from fractions of the rectangle to pixels of the picture."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        a, b = cos * self.width, -sin * self.height
        c, d = sin * self.width, cos * self.height
        return np.array([[a, b, self.x - (a + b) / 2], [c, d, self.y - (c + d) / 2]])

    def to_picture(self, fractions: ArrayLike) -> NDArray[np.float64]:
        """Fractions of the rectangle ``(..., 2)`` to pixels of the picture."""
        matrix = self.matrix()
        return np.asarray(fractions, np.float64) @ matrix[:, :2].T + matrix[:, 2]

    def bounds(self) -> NDArray[np.float64]:
        """Upright box ``x0, y0, x1, y1`` round the rectangle, not rounded."""
        corners = self.to_picture([(0, 0), (1, 0), (0, 1), (1, 1)])
        # Corners are outer edges already; shift to a box's edges, which lie half a pixel over.
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)]) + 0.5
