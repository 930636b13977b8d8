"""Thin-plate splines: the smoothest map of the plane that moves given points to given points."""

from __future__ import annotations

import operator
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import LONGEST_SIDE, check_image, check_out_of_place, real_array
from cvfast.typing import Image, ImageF32

__all__ = ["ThinPlateSpline"]

MOST_POINTS = 5_000  # solving grows with the cube: some seconds here
_COLLINEAR = 1e-6  # the points' second extent over their first
_SMALLEST = float(np.finfo(np.float64).tiny)
_MISS = 1e-6  # px that a solved spline may miss its points by
_ImageT = TypeVar("_ImageT", bound=Image)


class _Fit(NamedTuple):
    """The arguments that the core takes: see cpp/include/cvfast/tps.h."""

    centers: NDArray[np.float64]  # (N, 2), normalised
    coefficients: NDArray[np.float64]  # (N + 3, 2): weights, then constant, X, Y
    origin_x: float
    origin_y: float
    scale: float


class ThinPlateSpline:
    """A thin-plate spline from ``source`` points to ``target`` points.

    f(p) = affine(p) + sum of w_i U(p - c_i) with U(r) = r^2 log r (Bookstein, *Principal
    Warps*, 1989). ``transform`` uses the spline from source to target; ``warp`` and
    ``displacement`` the one from target to source, fitted on its own: the two are inverse to each
    other at the control points only.

    Parameters
    ----------
    source, target
        (N, 2) points x, y in pixels, N from 3 to 5,000: distinct, not all on one line.
    smoothing
        0 passes through the points; larger values bend less (added to the diagonal of the kernel
        matrix, in square pixels, as in :class:`scipy.interpolate.RBFInterpolator`).

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, repeated or collinear points, values that are not finite.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> corners = np.array([(0, 0), (63, 0), (0, 63), (63, 63), (31, 31)])
    >>> moved = corners + [(0, 0), (0, 0), (0, 0), (0, 0), (6, 3)]
    >>> spline = cvfast.ThinPlateSpline(corners, moved)
    >>> np.abs(spline.transform(corners) - moved).max() < 1e-6
    np.True_
    >>> spline.warp(np.zeros((64, 64, 3), np.uint8)).shape
    (64, 64, 3)
    """

    def __init__(self, source: ArrayLike, target: ArrayLike, *, smoothing: float = 0.0) -> None:
        self._source = _control_points("source", source)
        self._target = _control_points("target", target)
        if len(self._source) != len(self._target):
            raise ValueError(
                f"target: expected {len(self._source)} points as in source, got {len(self._target)}"
            )
        self._smoothing = float(real_array("smoothing", smoothing, (), "one number").item())
        if not 0 <= self._smoothing < float("inf"):
            raise ValueError(f"smoothing: expected 0 or more, got {smoothing}")

    def __repr__(self) -> str:
        return f"ThinPlateSpline({len(self._source)} points, smoothing={self._smoothing:g})"

    @cached_property
    def _forward(self) -> _Fit:
        return _fit("source", self._source, self._target, self._smoothing)

    @cached_property
    def _backward(self) -> _Fit:
        return _fit("target", self._target, self._source, self._smoothing)

    def transform(self, points: ArrayLike, *, threads: int | None = None) -> NDArray[np.float64]:
        """Map points of the source space to the target space, in double precision.

        Parameters
        ----------
        points
            (M, 2) points x, y in pixels.

        Returns
        -------
        float64 (M, 2).
        """
        array = real_array("points", points, (None, 2), "shape (M, 2), points x, y")
        out = np.empty_like(array)
        _core.tps_transform(*self._forward, array, out, thread_count(threads))
        return out

    def warp(
        self,
        image: _ImageT,
        *,
        size: tuple[int, int] | None = None,
        exact: bool = False,
        threads: int | None = None,
        out: _ImageT | None = None,
    ) -> _ImageT:
        """Warp a picture so that its content at the source points lands on the target points.

        Parameters
        ----------
        image
            (height, width) or (height, width, 1 to 4), uint8 or float32; rows may be strided.
        size
            (width, height) of the result; None: the image's.
        exact
            How near the map comes to the sum over all points in double precision. False: within
            0.01 px where it bends smoothly, 0.05 px where it is rough. True: within 0.01 px (0.02
            px for hundreds of points that jump about), as near as a sum in float32 comes, at up
            to twice the time.
        threads
            At most so many threads; None: :func:`cvfast.get_num_threads`.
        out
            Array to write to, separate from the image.

        Returns
        -------
        ``out``, or a new array. Samples outside the image clamp to its edge.
        """
        check_image("image", image)
        height, width = image.shape[:2]
        if size is not None:
            width, height = _size(size)
        if image.size == 0 and width * height:
            raise ValueError(f"image: expected at least one pixel to sample, got {image.shape}")
        count = thread_count(threads)
        result = check_out_of_place(image, out, (height, width, *image.shape[2:]))
        _core.tps_warp(*self._backward, image, result, bool(exact), count)
        return result

    def displacement(
        self, size: tuple[int, int], *, step: int = 1, threads: int | None = None
    ) -> ImageF32:
        """Return source x, y minus output x, y at every ``step``-th pixel, summed exactly.

        Parameters
        ----------
        size
            (width, height) of the output, as for :meth:`warp`.

        Returns
        -------
        float32 (ceil(height / step), ceil(width / step), 2).
        """
        width, height = _size(size)
        try:
            step = min(operator.index(step), LONGEST_SIDE)
        except TypeError:
            raise TypeError(f"step: expected an integer, got {type(step).__name__}") from None
        if step < 1:
            raise ValueError(f"step: expected at least 1, got {step}")
        out = np.empty((-(-height // step), -(-width // step), 2), np.float32)
        _core.tps_displacement(*self._backward, out, step, thread_count(threads))
        return out


def _size(size: tuple[int, int]) -> tuple[int, int]:
    try:
        width, height = (operator.index(side) for side in size)
    except (TypeError, ValueError):
        raise TypeError(f"size: expected (width, height), two integers, got {size!r}") from None
    if not (0 <= width <= LONGEST_SIDE and 0 <= height <= LONGEST_SIDE):
        raise ValueError(f"size: expected sides from 0 to {LONGEST_SIDE}, got {size}")
    return width, height


def _control_points(name: str, points: ArrayLike) -> NDArray[np.float64]:
    array = real_array(name, points, (None, 2), "shape (N, 2), points x, y").copy()
    if not 3 <= len(array) <= MOST_POINTS:
        raise ValueError(f"{name}: expected 3 to {MOST_POINTS} points, got {len(array)}")
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"{name}[{row}]: expected finite numbers, got {tuple(array[row])}")
    order = np.lexsort(array.T)
    same = (np.diff(array[order], axis=0) == 0).all(axis=1)
    if same.any():
        first, second = sorted(order[same.argmax() :][:2].tolist())
        raise ValueError(
            f"{name}: expected distinct points, got {tuple(array[first].tolist())} twice "
            f"(rows {first} and {second})"
        )
    extents = np.linalg.svd(array - array.mean(axis=0), compute_uv=False)
    if not extents[1] > _COLLINEAR * extents[0]:
        raise ValueError(f"{name}: expected points that are not all on one line")
    return array


def _fit(
    name: str, points: NDArray[np.float64], values: NDArray[np.float64], smoothing: float
) -> _Fit:
    """Solve for the displacements ``values - points``, in coordinates of about unit size."""
    origin = points.mean(axis=0)
    scale = 1 / float(np.abs(points - origin).max())
    unit: NDArray[np.float64] = (points - origin) * scale
    count = len(unit)
    system = np.zeros((count + 3, count + 3))
    # Each axis by itself (a sum over an axis of length two took most of the time of a fit), in
    # place (new pages take longer than the arithmetic).
    squared, down = (np.subtract.outer(side, side) for side in unit.T)
    squared *= squared
    down *= down
    squared += down
    # U(r) = r^2 log r, and 0 at r = 0. Normalising divides the smoothing by the square of the
    # scale and adds a quadratic that the side conditions take out.
    kernel = np.log(np.maximum(squared, _SMALLEST, out=down), out=down)
    squared *= 0.5
    np.multiply(squared, kernel, out=system[:count, :count])
    system[np.arange(count), np.arange(count)] = smoothing * scale**2
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :] = unit
    system[count + 1 :, :count] = unit.T
    right = np.zeros((count + 3, 2))
    right[:count] = values - points
    try:
        coefficients = np.linalg.solve(system, right)
    except np.linalg.LinAlgError:
        coefficients = np.full_like(right, np.nan)
    # "not <=" also where the result is NaN.
    if not np.abs(system @ coefficients - right).max() <= _MISS:
        raise ValueError(f"{name}: expected points that are further apart; no spline fits these")
    return _Fit(
        unit, np.asarray(coefficients, np.float64), float(origin[0]), float(origin[1]), scale
    )
