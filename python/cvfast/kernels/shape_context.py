"""Shape contexts: how the other points of a contour lie round each of its points, and matching."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import real_array

__all__ = ["assign", "chi_square_costs", "match_shapes", "mean_distance", "shape_contexts", "solve"]

_POINTS = "shape (N, 2), one point x, y a row"
_MOST_ANGLES, _MOST_RADII = 36, 16  # the core's
_HISTOGRAMS = "shape (N, bins), one histogram a row"


def mean_distance(
    points: ArrayLike, *, counts: ArrayLike | None = None, threads: int | None = None
) -> float:
    """Return the mean distance over all pairs of points, each with itself too.

    Parameters
    ----------
    points
        (N, 2) points x, y in pixels.
    counts
        (N,) bool: the points that count; None: all.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, points that are not finite, more than 20,000 points.

    Examples
    --------
    >>> mean_distance([(0, 0), (4, 3)])
    2.5
    """
    array = real_array("points", points, (None, 2), _POINTS)
    return _core.mean_distance(array, _counted(counts, len(array)), thread_count(threads))


def shape_contexts(
    points: ArrayLike,
    unit: float,
    *,
    counts: ArrayLike | None = None,
    angles: int = 12,
    radii: int = 5,
    inner: float = 1 / 8,
    outer: float = 2.0,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Return the shape context of every point: a log-polar histogram of where the others lie.

    After Belongie, Malik and Puzicha, *Shape Matching and Object Recognition Using Shape
    Contexts*, 2002. The first ring is a disc up to ``inner``. The same bytes on every instruction
    set and for every number of threads.

    Parameters
    ----------
    points
        (N, 2) points x, y in pixels.
    unit
        Pixels that count as distance 1; by rights :func:`mean_distance`, which makes the result
        independent of scale.
    counts
        (N,) bool: the points that the histograms count; None: all. Every point has a histogram.
    angles, radii
        Sectors (an even number, the first begins at the x axis, they grow towards y) and rings.
    inner, outer
        Where the first and the last ring end, in units; the ends between them have equal steps of
        the logarithm.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Returns
    -------
    numpy.ndarray
        (N, radii * angles) float32, ring after ring: shares of the points within the outer ring;
        all 0 where there is none.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, values that are not finite or out of range.

    Examples
    --------
    >>> square = [(0, 0), (2, 0), (2, 2), (0, 2)]
    >>> shape_contexts(square, 2.0, angles=4, radii=2, inner=1.2)[0].tolist()
    [0.3333333432674408, 0.3333333432674408, 0.0, 0.0, 0.3333333432674408, 0.0, 0.0, 0.0]
    """
    array = real_array("points", points, (None, 2), _POINTS)
    sectors, rings = _whole("angles", angles), _whole("radii", radii)
    # Numbers that the core refuses must not ask for memory first.
    width = sectors * rings if sectors <= _MOST_ANGLES and rings <= _MOST_RADII else 0
    out = np.empty((len(array), max(width, 0)), np.float32)
    _core.shape_contexts(
        array,
        _counted(counts, len(array)),
        float(unit),
        sectors,
        rings,
        float(inner),
        float(outer),
        out,
        thread_count(threads),
    )
    return out


def chi_square_costs(
    a: ArrayLike, b: ArrayLike, *, threads: int | None = None
) -> NDArray[np.float32]:
    """Return the chi-square distance of every histogram of ``a`` and every one of ``b``.

    Half the sum of (a - b)^2 / (a + b) over the bins that either fills: in [0, 1] for histograms
    whose sum is 1.

    Parameters
    ----------
    a, b
        (N, bins) and (M, bins) histograms, 0 or more, taken as float32.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Returns
    -------
    numpy.ndarray
        (N, M) float32.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, values that are negative or not finite.

    Examples
    --------
    >>> chi_square_costs([(1, 0), (0.5, 0.5)], [(0, 1), (0.5, 0.5)]).round(3).tolist()
    [[1.0, 0.3330000042915344], [0.3330000042915344, 0.0]]
    """
    left, right = _histograms("a", a), _histograms("b", b)
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"b: expected {left.shape[1]} bins as in a, got {right.shape[1]}")
    out = np.empty((len(left), len(right)), np.float32)
    _core.chi_square_costs(left, right, out, thread_count(threads))
    return out


def assign(costs: ArrayLike) -> NDArray[np.int64]:
    """Match rows and columns one to one so that the sum of the costs is least.

    Shortest augmenting paths after an augmenting row reduction (Jonker and Volgenant, 1987;
    rectangles as in Crouse, 2016). Same total as :func:`scipy.optimize.linear_sum_assignment`.

    Parameters
    ----------
    costs
        (N, M) float64, any finite numbers up to 1e100.

    Returns
    -------
    numpy.ndarray
        (N,) int64: each row's column. Where there are more rows than columns, -1 for the rows left
        over.

    Raises
    ------
    TypeError, ValueError
        Wrong shape, numbers out of range.

    Examples
    --------
    >>> assign([(4, 1, 3), (2, 0, 5), (3, 2, 2)]).tolist()
    [1, 0, 2]
    >>> assign([(4.0,), (2.0,)]).tolist()
    [-1, 0]
    """
    array = real_array("costs", costs, (None, None), "shape (N, M)")
    matches = np.empty(len(array), np.int64)
    _core.assign(array, matches)
    return matches


def match_shapes(
    source: tuple[ArrayLike, ArrayLike, ArrayLike],
    target: tuple[ArrayLike, ArrayLike, ArrayLike],
    *,
    iterations: int = 6,
    stiffness: float = 1.0,
    tangents: float = 0.1,
    spare: float = 0.25,
    unmatched: float = 0.25,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Match two closed contours by shape contexts and splines in turns.

    After Belongie, Malik and Puzicha (2002; settings of their demo, which VITON's warp uses): shape
    contexts of the moved source and of the target, chi-square costs and those of the tangents, the
    cheapest matching with spare points, and a regularised thin-plate spline that moves the source.
    The first spline is next to affine. The same bytes on every instruction set.

    Parameters
    ----------
    source, target
        Points (N, 2), unit tangents (N, 2) and which points are known, (N,) bool. Others neither
        count nor match.
    iterations
        Turns, 1 to 100.
    stiffness
        Smoothing of the splines after the first, in squares of the points' mean distance.
    tangents
        Their share of the costs, 0 to 1.
    spare, unmatched
        Share of points that may go without a partner, and what each of those costs.

    Returns
    -------
    matches, costs
        (N,) int64 target point of each source point, or -1; (N,) float64 cost of each pair.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, values out of range, fewer than four known points, outlines too unlike.

    Examples
    --------
    >>> import numpy as np
    >>> turn = np.arange(12) / 12 * 2 * np.pi
    >>> points = np.column_stack([3 * np.cos(turn) + np.cos(2 * turn), np.sin(turn)])
    >>> along = np.roll(points, -1, 0) - np.roll(points, 1, 0)
    >>> outline = points, along / np.hypot(*along.T)[:, None], np.ones(12, bool)
    >>> match_shapes(outline, outline)[0].tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    first, second = _outline("source", *source), _outline("target", *target)
    matches, costs = np.empty(len(first[0]), np.int64), np.empty(len(first[0]))
    _core.match_shapes(
        *first, *second, _whole("iterations", iterations), stiffness, tangents, spare, unmatched,
        matches, costs,
    )  # fmt: skip
    return matches, costs


def solve(matrix: ArrayLike, right: ArrayLike) -> NDArray[np.float64]:
    """Solve a dense system, with the same bytes on every machine, which no LAPACK promises.

    Gauss elimination with partial pivoting; up to some hundred equations as fast as
    :func:`numpy.linalg.solve`.

    Parameters
    ----------
    matrix
        (N, N) float64.
    right
        (N, M) float64, the right-hand sides.

    Returns
    -------
    numpy.ndarray
        (N, M) float64.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, numbers that are not finite, a singular matrix.

    Examples
    --------
    >>> solve([(0.0, 2.0), (1.0, 1.0)], [(4.0,), (3.0,)]).tolist()
    [[1.0], [2.0]]
    """
    rows = real_array("matrix", matrix, (None, None), "shape (N, N)")
    if rows.shape[0] != rows.shape[1]:
        raise ValueError(f"matrix: expected shape (N, N), got {rows.shape}")
    sides = real_array("right", right, (len(rows), None), f"shape ({len(rows)}, M)").copy()
    _core.solve(rows, sides)
    return sides


def _outline(
    name: str, points: ArrayLike, directions: ArrayLike, known: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]]:
    at = real_array(f"{name}.points", points, (None, 2), _POINTS)
    shape = f"shape ({len(at)}, 2)"
    along = real_array(f"{name}.tangents", directions, (len(at), 2), shape)
    return at, along, _flags(f"{name}.known", known, len(at))


def _counted(counts: ArrayLike | None, points: int) -> NDArray[np.uint8]:
    """Return a byte a point, or nothing where all count."""
    return np.empty(0, np.uint8) if counts is None else _flags("counts", counts, points)


def _flags(name: str, flags: ArrayLike, points: int) -> NDArray[np.uint8]:
    """Return a byte a point."""
    array = np.asarray(flags)
    if array.dtype != np.bool_ or array.shape != (points,):
        raise ValueError(
            f"{name}: expected bool of shape ({points},) as points, "
            f"got {array.dtype} of shape {array.shape}"
        )
    return np.ascontiguousarray(array, np.uint8)


def _histograms(name: str, values: Any) -> NDArray[np.float32]:
    if isinstance(values, np.ndarray) and values.dtype == np.float32 and values.ndim == 2:
        return np.ascontiguousarray(values)
    return real_array(name, values, (None, None), _HISTOGRAMS).astype(np.float32)


def _whole(name: str, value: int) -> int:
    try:
        return max(-1, min(operator.index(value), 1000))
    except TypeError:
        raise TypeError(f"{name}: expected an integer, got {type(value).__name__}") from None
