"""Polygons as soft masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cvfast import _core
from cvfast.kernels.arrays import LONGEST_SIDE, real_array
from cvfast.typing import ImageF32

__all__ = ["polygon_mask"]


def polygon_mask(
    size: tuple[int, int], polygons: Sequence[ArrayLike], *, feather: float = 0.0
) -> ImageF32:
    """Return the share of each pixel that the union of polygons covers, with soft edges.

    Pixels farther than the feather from every polygon are exactly 0. A mask does not fade at the
    border of the picture: pixels beyond it count as those on it.

    Parameters
    ----------
    size
        Width and height of the mask.
    polygons
        Each (N, 2) corners x, y in pixels; (0, 0) is the centre of the first pixel. They are closed
        by themselves and may reach outside; fewer than three corners cover nothing.
    feather
        Width in pixels of the edge's smooth step, 0 to 1024; up to 2 it is the pixel's own.

    Returns
    -------
    (height, width) float32 in [0, 1].

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, or values that are not finite or out of range.

    Examples
    --------
    >>> polygon_mask((4, 2), [[(0, -1), (2, -1), (2, 5), (0, 5)]]).tolist()
    [[0.5, 1.0, 0.5, 0.0], [0.5, 1.0, 0.5, 0.0]]
    """
    width, height = size
    if not (0 <= width <= LONGEST_SIDE and 0 <= height <= LONGEST_SIDE):
        raise ValueError(f"size: expected sides of 0 to {LONGEST_SIDE} pixels, got {size}")
    corners = [
        real_array(f"polygons[{index}]", polygon, (None, 2), "shape (N, 2), a corner x, y a row")
        for index, polygon in enumerate(polygons)
    ]
    mask: ImageF32 = np.empty((height, width), np.float32)
    counts = np.array([len(polygon) for polygon in corners], np.int64)
    points = np.concatenate(corners) if corners else np.empty((0, 2))
    _core.polygon_mask(points, counts, feather, mask)
    return mask
