"""Polygons to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ArrayLike, ImageF32

__all__ = ["convex_hull", "fill_polygons"]


def fill_polygons(
    polygons: Sequence[ArrayLike],
    shape: tuple[int, int],
    *,
    rule: str = "evenodd",
    samples: int = 1,
) -> ImageF32:
    """Return how much of each pixel lies in polygons.

    A pixel ``(row, column)`` spans 1 from ``(column, row)``. It is asked at ``samples`` x
    ``samples`` places (their number inside / all); at 1, at its middle alone. A place on an edge
    belongs to what is to the right of it, or below a level one.

    Parameters
    ----------
    polygons
        Each ``(n, 2)`` x, y in pixels from the picture's corner; closed from last to first.
    shape
        Height and width.
    rule
        ``"evenodd"``: inside if a ray crosses an odd number of edges of all polygons.
        ``"nonzero"``: inside if it is gone round at all; the union of polygons that go round alike.
    samples
        1 to 16.

    Returns
    -------
    numpy.ndarray
        ``(height, width)`` float32 in [0, 1].

    Raises
    ------
    ValueError
        Another shape or rule, values that are not finite, or samples out of range.

    Examples
    --------
    >>> fill_polygons([[(1, 0), (3, 0), (3, 2), (1, 2)]], (2, 4)).tolist()
    [[0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]]
    >>> fill_polygons([[(0, 0), (1.5, 0), (1.5, 1), (0, 1)]], (1, 2), samples=4).tolist()
    [[1.0, 0.5]]
    """
    if rule not in ("evenodd", "nonzero"):
        raise ValueError(f"rule: expected evenodd or nonzero, got {rule!r}")
    if not 1 <= samples <= 16:
        raise ValueError(f"samples: expected 1 to 16, got {samples}")
    height, width = shape
    turns = np.zeros((height * samples, width * samples + 1), np.int16)
    for polygon in polygons:
        points = np.asarray(polygon, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise ValueError(f"polygons: expected finite points (n, 2), got shape {points.shape}")
        points = points.clip(-1e6, 1e6) * samples
        for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
            _cross(turns, start, end)
    winding = np.cumsum(turns[:, :-1], axis=1, dtype=np.int16)
    inside = winding % 2 if rule == "evenodd" else winding != 0
    if samples == 1:
        return inside.astype(np.float32)
    cells = inside.reshape(height, samples, width, samples)
    return cells.mean(axis=(1, 3), dtype=np.float32)


def _cross(turns: NDArray[np.int16], start: NDArray[Any], end: NDArray[Any]) -> None:
    """Add one edge where it crosses each row's middle: +1 downwards, -1 upwards."""
    way = 1 if end[1] > start[1] else -1
    (x0, y0), (x1, y1) = (start, end) if way == 1 else (end, start)
    first = max(0, int(np.ceil(y0 - 0.5)))
    last = min(len(turns), int(np.ceil(y1 - 0.5)))
    if first >= last:
        return
    rows = np.arange(first, last)
    x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
    columns = np.ceil(x - 0.5).clip(0, turns.shape[1] - 1).astype(np.intp)
    turns[rows, columns] += way


def convex_hull(points: ArrayLike) -> NDArray[np.float64]:
    """Return the corners of the smallest convex polygon round points, (n, 2), one way round.

    Andrew's monotone chain (*Another efficient algorithm for convex hulls in two dimensions*,
    1979).

    Examples
    --------
    >>> convex_hull([(0, 0), (2, 0), (1, 0.5), (2, 2), (0, 2)]).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    ordered = sorted({(float(x), float(y)) for x, y in np.asarray(points, np.float64)})
    if len(ordered) < 3:
        return np.array(ordered).reshape(-1, 2)
    return np.array(_chain(ordered)[:-1] + _chain(ordered[::-1])[:-1])


def _chain(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for x, y in points:
        while len(kept) > 1:
            (ax, ay), (bx, by) = kept[-2:]
            if (bx - ax) * (y - ay) > (by - ay) * (x - ax):
                break
            kept.pop()
        kept.append((x, y))
    return kept
