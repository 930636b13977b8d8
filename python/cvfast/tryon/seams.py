"""The inner side of a garment's back that shows in its neck opening."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageF32, ImageU8

__all__ = ["without_inner_collar"]

_MOST_AREA = 0.17  # of the garment: a larger region is no inner collar
_DEEPEST = 0.36  # of the garment's height
_NARROWEST, _WIDEST = 0.13, 0.62  # of the trunk's width
_BETWEEN = 0.7  # share of its rows that have cloth on both sides
_BETWEEN_BELOW = 0.9  # the same of its lower half
_APART = 9.0  # levels between the inner collar and the cloth below it
_LEAST_APART, _SHARE_APART = 2.5, 0.15  # the same of dark cloth: levels, and share of them
_ALIKE = (9, 5, 3, 2, 1)  # levels from pixel to pixel within it: the first that does not leak


def without_inner_collar(image: ImageU8, mask: ImageF32) -> ImageF32:
    """Take the inner collar out of a flat garment's mask, as GP-VTON's parsing does.

    Seen from above, the first cloth on the garment's axis is the inside of the back if its region
    of even colour is small, hangs from the top edge, lies between cloth on both sides, and differs
    from the cloth below.

    Parameters
    ----------
    image
        (H, W, 3) uint8.
    mask
        (H, W) float32 in [0, 1], the inner collar in it.

    Returns
    -------
    numpy.ndarray
        The mask, or the part of it that is front.
    """
    import cv2

    solid = mask > 0.5
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if len(rows) < 24 or len(columns) < 24:
        return mask
    height, width = int(np.ptp(rows)), int(np.ptp(columns))
    smooth: ImageU8 = np.asarray(cv2.medianBlur(image, 3), np.uint8)
    axis = round(float(columns[0] + columns[-1]) / 2)
    found = np.zeros(solid.shape, bool)
    for shift in (0.0, -0.04, 0.04):
        seed = _first_below(solid, axis + round(shift * width), max(2, round(0.012 * height)))
        if seed is None:
            continue
        for alike in _ALIKE:
            region = _region(smooth, solid, seed, alike)
            if _is_inner(smooth, solid, region, rows, columns):
                found |= region
                break
    if not found.any():
        return mask
    return _cut(mask, found, max(1, round(0.006 * height)))


def _first_below(solid: NDArray[np.bool_], column: int, margin: int) -> tuple[int, int] | None:
    rows = np.flatnonzero(solid[:, np.clip(column, 0, solid.shape[1] - 1)])
    if len(rows) <= margin:
        return None
    return int(rows[0]) + margin, column


def _region(
    smooth: ImageU8, solid: NDArray[np.bool_], seed: tuple[int, int], alike: int
) -> NDArray[np.bool_]:
    """Pixels of the cloth that gentle steps of colour reach from a seed."""
    import cv2

    walls: NDArray[np.uint8] = np.ones((solid.shape[0] + 2, solid.shape[1] + 2), np.uint8)
    walls[1:-1, 1:-1] = ~solid
    steps = (alike,) * 3
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (2 << 8)
    cv2.floodFill(smooth.copy(), walls, seed[::-1], 0, steps, steps, flags)
    return np.asarray(walls[1:-1, 1:-1] == 2)


def _is_inner(
    smooth: ImageU8, solid: NDArray[np.bool_], region: NDArray[np.bool_], rows: Any, columns: Any
) -> bool:
    if not region.any() or region.sum() > _MOST_AREA * solid.sum():
        return False
    down, across = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    height = np.ptp(rows)
    middle = (columns[0] + columns[-1]) / 2
    if down[-1] > rows[0] + _DEEPEST * height or len(down) < 0.02 * height:
        return False
    trunk = _trunk_width(solid, rows, round(float(middle)))
    if trunk == 0 or not across[0] < middle < across[-1]:  # 0: between two legs
        return False
    if not _NARROWEST * trunk <= np.ptp(across) <= _WIDEST * trunk:
        return False
    between = _between(solid, region, down)
    # Above the shoulders its sides may be bare; below, no stripe of its colour may join it.
    if between.mean() < _BETWEEN or between[len(down) // 2 :].mean() < _BETWEEN_BELOW:
        return False
    below = np.zeros_like(region)
    reach = max(3, round(0.03 * float(height)))
    below[reach:] = region[:-reach]
    below &= solid & ~region
    below[: int(down[len(down) // 2])] = False
    if below.sum() < 8:
        return False
    inner, cloth = np.median(smooth[region], axis=0), np.median(smooth[below], axis=0)
    apart = float(np.abs(inner - cloth).max())
    # In the shade of the collar a dark cloth loses fewer levels than a light one.
    return apart > min(
        _APART, max(_LEAST_APART, _SHARE_APART * float(max(inner.max(), cloth.max())))
    )


def _trunk_width(solid: NDArray[np.bool_], rows: Any, middle: int) -> int:
    """Width of the run of cloth round the axis, at two thirds of the height."""
    row = solid[int(rows[0] + 2 * np.ptp(rows) / 3)]
    if not row[middle]:
        return 0
    gaps = np.flatnonzero(~row)
    left, right = gaps[gaps < middle], gaps[gaps > middle]
    start = int(left[-1]) if len(left) else -1
    return (int(right[0]) if len(right) else len(row)) - start - 1


def _between(
    solid: NDArray[np.bool_], region: NDArray[np.bool_], down: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return for each of the region's rows whether other cloth goes on at both sides."""
    part, width = region[down], region.shape[1]
    first = part.argmax(axis=1)
    last = width - 1 - part[:, ::-1].argmax(axis=1)
    reach = 4
    left = solid[down, np.maximum(first - reach, 0)] & (first >= reach)
    right = solid[down, np.minimum(last + reach, width - 1)] & (last + reach < width)
    both: NDArray[np.bool_] = left & right
    return both


def _cut(mask: ImageF32, found: NDArray[np.bool_], rim: int) -> ImageF32:
    """Without the region, a little round it, and what it cuts off at the top."""
    import cv2

    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
    wide = cv2.dilate(found.astype(np.uint8), disc)
    left = np.asarray((mask > 0.5) & (wide == 0), np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left, connectivity=4)
    if len(stats) < 2:
        return mask
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    front = np.asarray(labels == largest, np.float32)
    return np.minimum(mask, np.asarray(cv2.GaussianBlur(front, (0, 0), 0.7), np.float32))
