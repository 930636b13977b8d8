"""ACGPN's second-order difference constraint: neighbouring points keep alike distances and slopes.

It keeps the thin-plate spline from folding where the garment's pattern misleads it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from cvfast.tryon.acgpn_warping import SIDE

__all__ = ["Constraint", "folded_share", "second_order", "slope_differences"]

_SPACING_HINGE = 0.08
_SLOPE_HINGE = 0.02


class Constraint(NamedTuple):
    """The six terms as published; each is at least its hinge, so that small bends are free.

    Attributes
    ----------
    rx, ry, cx, cy
        Differences of squared distances along rows and columns, in x and in y.
    rg, cg
        Differences of slopes along rows and columns.
    """

    rx: Tensor
    ry: Tensor
    cx: Tensor
    cy: Tensor
    rg: Tensor
    cg: Tensor

    def total(self) -> Tensor:
        """Return the sum, which the generator's loss counts a tenth of."""
        return torch.stack(list(self)).sum()


def second_order(points: Tensor) -> Constraint:
    """Return the constraint's terms as ACGPN's code computes them.

    Parameters
    ----------
    points
        (N, 25, 2): where the points look, row by row.

    Notes
    -----
    Along each row, with d_i = (p_(i+1) - p_i)^2 for x and y apart, the terms rx and ry are the
    means of max(0.08, |d_(i+1) - d_i|); rg is max(0.02, mean |(y1 - y0)(x1 - x2) -
    (y1 - y2)(x1 - x0)|) over the triples of neighbours. Columns alike.

    Examples
    --------
    >>> from cvfast.tryon.acgpn_warping import regular_points
    >>> [round(term.item(), 2) for term in second_order(regular_points()[None])]
    [0.08, 0.08, 0.08, 0.08, 0.02, 0.02]
    """
    net = points.view(-1, SIDE, SIDE, 2)
    terms = []
    for lines in (net, net.transpose(1, 2)):
        bends = lines.diff(dim=2).square().diff(dim=2).abs()
        terms += [bends[..., axis].clamp(min=_SPACING_HINGE).mean() for axis in (0, 1)]
    slopes = [slope_differences(points, axis=axis).mean(1) for axis in (0, 1)]
    return Constraint(*terms, *(slope.clamp(min=_SLOPE_HINGE).mean() for slope in slopes))


def slope_differences(points: Tensor, *, axis: int) -> Tensor:
    """Return how far each point is out of line with its two neighbours, (N, 15).

    Parameters
    ----------
    points
        (N, 25, 2).
    axis
        0: neighbours in the row; 1: in the column.
    """
    net = points.view(-1, SIDE, SIDE, 2)
    lines = net if axis == 0 else net.transpose(1, 2)
    before, middle, after = lines[:, :, :-2], lines[:, :, 1:-1], lines[:, :, 2:]
    back, on = middle - before, middle - after
    return (back[..., 1] * on[..., 0] - on[..., 1] * back[..., 0]).abs().flatten(1)


def folded_share(grid: Tensor, inside: Tensor | None = None) -> Tensor:
    """Return the share of a grid's cells that are folded over, (N,).

    Parameters
    ----------
    grid
        (N, h, w, 2): where each pixel looks.
    inside
        (N, 1, h, w): count the cells whose first corner is over one half here; None: all.

    Notes
    -----
    A cell between four pixels is folded where the determinant of the map's differences,
    dx/du dy/dv - dx/dv dy/du, is not positive.

    Examples
    --------
    >>> from cvfast.tryon.acgpn_warping import PointSpline, regular_points
    >>> grid = PointSpline((12, 16))(regular_points()[None])
    >>> folded_share(grid).item(), folded_share(grid.flip(2)).item()
    (0.0, 1.0)
    """
    right = grid[:, :-1, 1:] - grid[:, :-1, :-1]
    down = grid[:, 1:, :-1] - grid[:, :-1, :-1]
    folded = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0] <= 0
    if inside is None:
        return folded.float().mean((1, 2))
    counted = inside[:, 0, :-1, :-1] > 0.5
    return (folded & counted).float().sum((1, 2)) / counted.sum((1, 2)).clamp(min=1)
