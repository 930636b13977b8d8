"""Outlines matched by shape contexts and thin-plate splines in turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.shape_context import match_shapes
from cvfast.tryon.outline import Outline

__all__ = ["Match", "match_outlines"]

Reals = NDArray[np.float64]


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
    matches, costs = match_shapes(
        (source.points, source.tangents, source.known),
        (target.points, target.tangents, target.known),
        iterations=iterations,
        stiffness=stiffness,
    )
    rows = np.flatnonzero(matches >= 0)
    columns = matches[rows]
    cost = float(costs[rows].mean()) if len(rows) else 1.0
    return Match(source.points[rows], target.points[columns], rows, columns, cost)
