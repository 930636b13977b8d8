"""VITON's warp: shape contexts find which points of two masks belong together, a spline does it.

Nothing is learnt here. The spline goes through the values at a regular square of 10 x 10 control
points, as VITON stores it (Han et al., *VITON*, CVPR 2018, section 3.2; Belongie, Malik and
Puzicha, *Shape Contexts*, 2002).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.shape_context import mean_distance
from cvfast.kernels.tps import ThinPlateSpline
from cvfast.tryon.outline import outline_of
from cvfast.tryon.shape_match import match_outlines
from cvfast.tryon.tps_grid import control_points

__all__ = ["CONTROLS", "shape_context_values"]

CONTROLS = 10
_POINTS = 100
_HEIGHT = 64  # masks are matched at this height, a quarter of VITON's pictures
_LEAST = 12  # pixels of a mask that has an outline


def shape_context_values(
    garment: NDArray[Any], wanted: NDArray[Any], *, points: int = _POINTS
) -> NDArray[np.float32]:
    """Return where the 10 x 10 control points of the result take their pixels from.

    Parameters
    ----------
    garment, wanted
        (h, w) masks in [0, 1]: the flat garment's, and that which it is to fill.
    points
        Of each outline.

    Returns
    -------
    numpy.ndarray
        (100, 2) x and y in [-1, 1], row by row, for `cvfast.tryon.tps_grid.ThinPlateGrid`. Where a
        mask is too small to have an outline, nothing is moved.

    Examples
    --------
    >>> mask = np.zeros((64, 48))
    >>> mask[10:40, 10:30] = 1
    >>> moved = shape_context_values(mask, np.roll(mask, 4, axis=1), points=40)
    >>> shift = (moved - control_points(CONTROLS)).mean(axis=0)  # 4 of 47 pixels to the left
    >>> [round(float(value), 1) for value in shift + 0]
    [-0.2, 0.0]
    """
    square = control_points(CONTROLS)
    masks = [_reduced(mask) > 0.5 for mask in (garment, wanted)]
    if any(np.count_nonzero(mask) < _LEAST for mask in masks):
        return square.astype(np.float32)
    try:
        outlines = [outline_of(mask, points) for mask in masks]
        match = match_outlines(*outlines)
        stiffness = mean_distance(match.target) ** 2
        spline = ThinPlateSpline(match.target, match.source, smoothing=stiffness)
    except ValueError:  # an outline of a few pixels, or one that meets itself
        return square.astype(np.float32)
    half = (np.array(masks[0].shape[::-1]) - 1) / 2
    values = spline.transform((square + 1) * half) / half - 1
    return values.astype(np.float32)


def _reduced(mask: NDArray[Any]) -> NDArray[np.float32]:
    import cv2

    height, width = mask.shape
    values = np.asarray(mask, np.float32)
    if height <= _HEIGHT:
        return values
    size = (max(8, round(width * _HEIGHT / height)), _HEIGHT)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
