"""Shape-context matching in vectorised NumPy and SciPy: the twin that the core is compared with.

The same settings and formulas as `cvfast.kernels.shape_context.match_shapes`, written as one would
without a compiler: whole arrays, no loop over points.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

ANGLES, RADII, INNER, OUTER = 12, 5, 1 / 8, 2.0
TANGENTS, SPARE, UNMATCHED = 0.1, 0.25, 0.25
FORBIDDEN = 1e3
Reals = NDArray[np.float64]


def distances(points: Reals) -> Reals:
    return np.hypot(*np.moveaxis(points[:, None] - points[None], -1, 0))


def contexts(points: Reals, known: NDArray[np.bool_]) -> Reals:
    """Shape contexts of all points, (N, 60) shares."""
    apart = distances(points)
    unit = max(float(apart[np.ix_(known, known)].mean()), 1e-9)
    ends = np.geomspace(INNER, OUTER, RADII) * unit
    ring = np.digitize(apart, ends)
    dx, dy = np.moveaxis(points[None] - points[:, None], -1, 0)
    angle = np.arctan2(dy, dx) % (2 * np.pi)
    sector = np.minimum((angle * (ANGLES / (2 * np.pi))).astype(np.int64), ANGLES - 1)
    counted = (ring < RADII) & known[None] & ~np.eye(len(points), dtype=bool)
    row = np.broadcast_to(np.arange(len(points))[:, None], ring.shape)
    flat = (row * RADII + ring) * ANGLES + sector
    count = len(points) * RADII * ANGLES
    found = np.bincount(flat[counted], minlength=count).reshape(len(points), -1)
    return found / np.maximum(found.sum(axis=1, keepdims=True), 1)


def chi_square(a: Reals, b: Reals) -> Reals:
    total = a[:, None] + b[None]
    difference = a[:, None] - b[None]
    return 0.5 * np.divide(difference**2, total, out=np.zeros_like(total), where=total > 0).sum(-1)


def tangents_of(points: Reals) -> Reals:
    along = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    return along / np.maximum(np.hypot(*along.T), 1e-12)[:, None]


def moved(points: Reals, source: Reals, target: Reals, smoothing: float) -> Reals:
    """Move all points by the regularised thin-plate spline from source to target."""
    origin = points.mean(axis=0)
    scale = 1 / np.abs(points - origin).max()
    unit, knots = (points - origin) * scale, (source - origin) * scale
    count = len(knots)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _bend(knots, knots) + np.eye(count) * (smoothing * scale**2)
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :] = knots
    system[count + 1 :, :count] = knots.T
    right = np.vstack([target - source, np.zeros((3, 2))])
    solved = np.linalg.solve(system, right)
    sides = np.column_stack([np.ones(len(unit)), unit])
    return points + _bend(unit, knots) @ solved[:count] + sides @ solved[count:]


def _bend(a: Reals, b: Reals) -> Reals:
    squared = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return 0.5 * squared * np.log(np.maximum(squared, 1e-300))


def pairs(
    costs: Reals, known: NDArray[np.bool_], target_known: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Each row's column of the cheapest matching with spare points, or -1."""
    count, width = costs.shape
    across = round(SPARE * width) + np.count_nonzero(~target_known)
    down = round(SPARE * count) + np.count_nonzero(~known)
    padded = np.full((max(count + across, width + down),) * 2, UNMATCHED)
    padded[:count, :width] = np.where(known[:, None] & target_known[None], costs, FORBIDDEN)
    columns = linear_sum_assignment(padded)[1][:count]
    good = (columns < width) & (padded[np.arange(count), columns] < FORBIDDEN)
    return np.where(good, columns, -1)


def match_shapes(
    source: tuple[Reals, Reals, NDArray[np.bool_]],
    target: tuple[Reals, Reals, NDArray[np.bool_]],
    *,
    iterations: int = 6,
    stiffness: float = 1.0,
) -> tuple[NDArray[np.int64], Reals]:
    """Return as `cvfast.kernels.shape_context.match_shapes` does."""
    points, tangents, known = source
    wanted = contexts(target[0], target[2])
    square = float(distances(points)[np.ix_(known, known)].mean()) ** 2
    place, counted = points, known
    for turn in range(iterations):
        if turn > 0:
            tangents = tangents_of(place)
        costs: Any = (1 - TANGENTS) * chi_square(contexts(place, counted), wanted)
        costs = costs + TANGENTS * 0.5 * (1 - tangents @ target[1].T)
        matches = pairs(costs, known, target[2])
        counted = matches >= 0
        if turn + 1 < iterations:
            smoothing = (1000 if turn == 0 else stiffness) * square
            place = moved(points, points[counted], target[0][matches[counted]], smoothing)
    paid = costs[np.arange(len(points)), np.maximum(matches, 0)]
    return matches, np.where(counted, paid, 0.0)
