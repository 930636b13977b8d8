"""A thin-plate spline whose points may slide along curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.shape_context import solve

__all__ = ["SlidingSpline", "tps_kernel"]

Reals = NDArray[np.float64]

_SMALLEST = float(np.finfo(np.float64).tiny)


class SlidingSpline:
    """The spline that bends least while each point comes near a line through its target.

    Semi-landmarks (Bookstein, 1997; Gunz and Mitteroecker, 2013): only the miss across the line
    counts in full, the one along it `freedom` times less. Minimises, over the maps f,
    sum of (across^2 + along^2 / freedom) / stiffness plus the bending energy of f, in coordinates
    of unit size. Points whose direction is 0 are landmarks and may miss in no direction.

    Parameters
    ----------
    source, target
        (N, 2) points x, y in pixels.
    directions
        (N, 2) unit directions of the lines; (0, 0) for landmarks.
    stiffness
        How much the points may miss their lines; greater values bend less.
    freedom
        How many times more (in squares) they may slide.
    landmark_stiffness
        As stiffness, for landmarks.

    Raises
    ------
    ValueError
        Points that no spline fits: fewer than three, or all on one line.
    """

    def __init__(
        self,
        source: Reals,
        target: Reals,
        directions: Reals,
        *,
        stiffness: float,
        freedom: float = 1000.0,
        landmark_stiffness: float = 0.003,
    ) -> None:
        self._origin = source.mean(axis=0)
        self._scale = 1 / max(float(np.abs(source - self._origin).max()), 1e-9)
        self._points = (source - self._origin) * self._scale
        slides = np.any(directions != 0, axis=1)
        misses = np.where(slides, stiffness, landmark_stiffness)
        # The inverse of a point's weights is a 2 x 2 matrix; it joins the equations of x and y.
        x, y = directions.T
        more = misses * (freedom - 1)
        system = self._system(misses + more * x * x, misses + more * y * y, more * x * y)
        right = np.concatenate([target[:, 0], target[:, 1], np.zeros(6)])
        solved = solve(system, right[:, None])[:, 0]
        count = len(source)
        self._weights = solved[: 2 * count].reshape(2, count)
        self._affine = solved[2 * count :].reshape(2, 3)

    def _system(self, xx: Reals, yy: Reals, xy: Reals) -> Reals:
        count = len(self._points)
        kernel = tps_kernel(self._points, self._points)
        system = np.zeros((2 * count + 6, 2 * count + 6))
        at = np.arange(count)
        system[:count, :count] = system[count : 2 * count, count : 2 * count] = kernel
        system[at, at] += xx
        system[count + at, count + at] += yy
        system[at, count + at] = system[count + at, at] = xy
        side = np.column_stack([np.ones(count), self._points])
        for axis in (0, 1):
            rows = slice(axis * count, (axis + 1) * count)
            columns = slice(2 * count + 3 * axis, 2 * count + 3 * axis + 3)
            system[rows, columns] = side
            system[columns, rows] = side.T
        return system

    def transform(self, points: Reals) -> Reals:
        """Map (M, 2) points."""
        unit = (points - self._origin) * self._scale
        kernel = tps_kernel(unit, self._points)
        moved = np.einsum("mn,an->ma", kernel, self._weights)  # no matrix product: BLAS would spin
        constant, slope_x, slope_y = self._affine.T
        moved += constant + unit[:, :1] * slope_x + unit[:, 1:] * slope_y
        return np.asarray(moved)


def tps_kernel(a: Reals, b: Reals) -> Reals:
    """Return U(r) = r^2 log r of all distances, and 0 where r is."""
    squared = np.subtract.outer(a[:, 0], b[:, 0]) ** 2
    squared += np.subtract.outer(a[:, 1], b[:, 1]) ** 2
    return np.asarray(0.5 * squared * np.log(np.maximum(squared, _SMALLEST)))
