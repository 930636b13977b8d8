"""Pairs of two outlines' points made finer: closest points and splines in turns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.shape_context import mean_distance
from cvfast.kernels.tps import ThinPlateSpline
from cvfast.tryon.outline import outline_of, tangents_of

__all__ = ["Pairs", "refine_match"]

Reals = NDArray[np.float64]

# Smoothing of the spline in each turn, in squared mean distances: stiff at first.
SCHEDULE = (3.0, 3.0, 1.0, 1.0, 1.0, 1.0, 0.3, 0.3, 0.3, 0.1)
TURN_COST = 0.1  # of a tangent the other way, in mean distances
ANCHOR_WEIGHT = 4  # a landmark counts as so many points of the outline


class Pairs(NamedTuple):
    """Points x, y, (K, 2) float64 each, that belong together."""

    source: Reals
    target: Reals


def refine_match(
    source_mask: NDArray[Any],
    target_mask: NDArray[Any],
    start: Pairs,
    anchors: Pairs,
    hidden: NDArray[np.bool_] | None = None,
) -> Pairs:
    """Let each point of the source's outline slide along the target's until the spline is smooth.

    As iterated closest points do (Besl and McKay, 1992), with the tangents as further coordinates
    and a spline that bends more from turn to turn.

    Parameters
    ----------
    source_mask, target_mask
        Masks whose outlines shall meet.
    start
        Pairs to begin with.
    anchors
        Landmarks, which stay.
    hidden
        (H, W) bool of the target: no point is drawn to its outline there.
    """
    from scipy.spatial import cKDTree

    source, target = outline_of(source_mask, 150), outline_of(target_mask, 900, hidden=hidden)
    square = mean_distance(source.points) ** 2
    turn = TURN_COST * mean_distance(target.points)
    tree = cKDTree(np.hstack([target.points, turn * target.tangents]))
    pairs = start
    for stiffness in SCHEDULE:
        fixed = with_anchors(pairs, anchors)
        spline = ThinPlateSpline(fixed.source, fixed.target, smoothing=stiffness * square / 2)
        moved = spline.transform(source.points)
        nearest = tree.query(np.hstack([moved, turn * tangents_of(moved)]))[1]
        kept = np.flatnonzero(target.known[nearest])
        columns, first = np.unique(nearest[kept], return_index=True)
        pairs = Pairs(source.points[kept[first]], target.points[columns])
    return with_anchors(pairs, anchors)


def with_anchors(pairs: Pairs, anchors: Pairs) -> Pairs:
    """Add landmarks, each several times, a little apart so that the splines can be solved."""
    if len(anchors.source) == 0:
        return pairs
    rng = np.random.default_rng(0)
    shape = (ANCHOR_WEIGHT, *anchors.source.shape)
    source = (anchors.source + rng.normal(0, 0.01, shape)).reshape(-1, 2)
    target = (anchors.target + rng.normal(0, 0.01, shape)).reshape(-1, 2)
    return Pairs(np.vstack([pairs.source, source]), np.vstack([pairs.target, target]))
