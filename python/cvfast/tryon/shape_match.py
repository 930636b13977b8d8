"""Outlines matched by shape contexts and thin-plate splines in turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.shape_context import (
    assign,
    chi_square_costs,
    mean_distance,
    shape_contexts,
    solve,
)
from cvfast.tryon.outline import Outline, tangents_of
from cvfast.tryon.sliding_spline import tps_kernel

__all__ = ["Match", "match_outlines"]

Reals = NDArray[np.float64]

TANGENT_SHARE = 0.1  # of the cost; the rest is the shapes'
UNMATCHED = 0.25  # cost of a point without a partner
SPARE = 0.25  # such points, as a share of all


@dataclass(frozen=True)
class Match:
    """Which point of one outline lies where on another.

    Parameters
    ----------
    source, target : ndarray
        (K, 2) float64 points x, y that belong together.
    rows, columns : ndarray
        (K,) their numbers in the outlines.
    cost : float
        Mean cost of the pairs, 0 (alike) to 1.
    """

    source: Reals
    target: Reals
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    cost: float


def match_outlines(
    source: Outline, target: Outline, *, iterations: int = 6, stiffness: float = 1.0
) -> Match:
    """Match two outlines as Belongie, Malik and Puzicha do (2002, their demo; VITON's warp).

    In turns: shape contexts of the moved source and of the target, chi-square costs and those of
    the tangents, the cheapest matching with a quarter of spare points, and a regularised spline
    that moves the source. The first spline is next to affine.

    Parameters
    ----------
    source, target
        Outlines; points that are not `known` neither count nor match.
    iterations
        Turns, 1 or more.
    stiffness
        Smoothing of the splines after the first, in squares of the points' mean distance.

    Raises
    ------
    ValueError
        Fewer than four known points in either outline.

    Examples
    --------
    >>> from cvfast.tryon.outline import outline_of
    >>> mask = np.zeros((80, 80), bool)
    >>> mask[10:40, 10:60] = mask[10:70, 30:40] = True
    >>> one, other = outline_of(mask, 40), outline_of(np.roll(mask, (5, 8), (0, 1)), 40)
    >>> match = match_outlines(one, other)
    >>> len(match.rows), np.abs(match.target - match.source - (8, 5)).max() < 1e-6
    (40, np.True_)
    """
    for name, outline in (("source", source), ("target", target)):
        if np.count_nonzero(outline.known) < 4:
            raise ValueError(f"{name}: expected at least 4 known points of the outline")
    wanted = _contexts(target.points, target.known)
    square = mean_distance(source.points, counts=source.known, threads=1) ** 2
    spline = _SourceSpline(source.points)
    moved, known = source.points, source.known
    for turn in range(iterations):
        tangents = source.tangents if turn == 0 else tangents_of(moved)
        costs = chi_square_costs(_contexts(moved, known), wanted, threads=1).astype(np.float64)
        costs *= 1 - TANGENT_SHARE
        costs += TANGENT_SHARE * 0.5 * (1 - _cosines(tangents, target.tangents))
        rows, columns = _pairs(costs, source.known, target.known)
        if turn + 1 < iterations:
            smoothing = (1000 if turn == 0 else stiffness) * square
            moved = spline.moved(rows, target.points[columns], smoothing)
            known = np.zeros(len(known), bool)
            known[rows] = True
    return Match(
        source.points[rows],
        target.points[columns],
        rows,
        columns,
        float(costs[rows, columns].mean()),
    )


class _SourceSpline:
    """Splines through some of the source's points, all of which they then move.

    As :class:`cvfast.ThinPlateSpline`, whose kernel matrix, checks and copies would come again in
    each turn.
    """

    def __init__(self, points: Reals) -> None:
        self._points = points
        origin = points.mean(axis=0)
        self._scale = 1 / max(float(np.abs(points - origin).max()), 1e-9)
        unit = (points - origin) * self._scale
        self._kernel = tps_kernel(unit, unit)
        self._sides = np.column_stack([np.ones(len(points)), unit])

    def moved(self, rows: NDArray[np.int64], target: Reals, smoothing: float) -> Reals:
        """Return where the spline from the points `rows` to the target takes every point."""
        count = len(rows)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = self._kernel.take(rows, 0).take(rows, 1)
        system[np.arange(count), np.arange(count)] = smoothing * self._scale**2
        system[:count, count:] = self._sides[rows]
        system[count:, :count] = self._sides[rows].T
        right = np.zeros((count + 3, 2))
        right[:count] = target - self._points[rows]
        solved = solve(system, right)
        shifts = self._kernel[:, rows] @ solved[:count] + self._sides @ solved[count:]
        return np.asarray(self._points + shifts)


def _contexts(points: Reals, counts: NDArray[np.bool_]) -> NDArray[np.float32]:
    unit = max(mean_distance(points, counts=counts, threads=1), 1e-9)
    return shape_contexts(points, unit, counts=counts, threads=1)


def _cosines(a: Reals, b: Reals) -> Reals:
    """Of the angles between all directions of `a` and of `b`; without a matrix product."""
    return np.multiply.outer(a[:, 0], b[:, 0]) + np.multiply.outer(a[:, 1], b[:, 1])


def _pairs(
    costs: Reals, rows_known: NDArray[np.bool_], columns_known: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Match all but the dear pairs: each side has spare points that go with anything."""
    count, width = costs.shape
    across = round(SPARE * width) + np.count_nonzero(~rows_known)
    down = round(SPARE * count) + np.count_nonzero(~columns_known)
    side = max(count + across, width + down)
    padded = np.full((side, side), UNMATCHED)
    padded[:count, :width] = costs
    padded[:count, :width][~rows_known] = 1e3
    padded[:count, :width][:, ~columns_known] = 1e3
    matches = assign(padded)[:count]
    rows = np.flatnonzero((matches < width) & rows_known)
    columns = matches[rows]
    kept = columns_known[columns]
    return rows[kept], columns[kept]
