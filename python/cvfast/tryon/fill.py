"""Filling what the old garment hid: smooth colour from what is known, with its texture mirrored.

Skin, trousers and background are all filled the same way; what differs is where the known pixels
are. The smooth part is the pull-push pyramid of Gortler et al., *The Lumigraph* (1996), 3.4.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.blending import weighted
from cvfast.typing import ImageF32

__all__ = ["mirror_points", "smooth_field", "smooth_fill", "textured_fill"]

_Mask: TypeAlias = NDArray[np.bool_]
_COARSEST = 2  # pixels of a side at which the pyramid ends


def smooth_fill(image: ImageF32, known: NDArray[Any]) -> ImageF32:
    """Fill what is not known with a smooth membrane between what is.

    Parameters
    ----------
    image
        (H, W) or (H, W, C) float32; pixels that are not known may hold anything finite.
    known
        (H, W) bool, or float32 weights in [0, 1]; all 0 gives zeros.

    Returns
    -------
    A new array like ``image``; where ``known`` is 1 it is ``image``.

    Examples
    --------
    >>> row = np.float32([[0, 9, 9, 9, 1]])
    >>> filled = smooth_fill(row, np.array([[1, 0, 0, 0, 1]], bool))
    >>> bool((np.diff(filled[0]) >= 0).all() and filled[0, 0] == 0 and filled[0, 4] == 1)
    True
    """
    weights = known.astype(np.float32)
    planes = image if image.ndim == 3 else image[..., None]
    filled = _pull_push(planes * weights[..., None], weights)
    filled = filled + weights[..., None] * (planes - filled)
    return np.ascontiguousarray(filled).reshape(image.shape)


def _pull_push(weighted: ImageF32, weights: ImageF32) -> ImageF32:
    """Return colours where the weights leave them open, from ever coarser sums of the known."""
    cv2 = load_cv2()
    height, width = weights.shape
    if max(height, width) <= _COARSEST:
        total = float(weights.sum())
        mean = weighted.sum(axis=(0, 1)) / max(total, 1e-6)
        return np.broadcast_to(mean, weighted.shape).astype(np.float32)
    size = (width + 1) // 2, (height + 1) // 2
    less = cv2.resize(weights, size, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    sums = sums.reshape(*less.shape, -1)
    full = np.minimum(4 * less, 1)  # one known pixel of four is enough
    coarse = sums * (full / np.maximum(less, 1e-6))[..., None]
    below = _pull_push(coarse, full)
    below = coarse + (1 - full[..., None]) * below
    up = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR)
    filled: ImageF32 = up.reshape(weighted.shape)
    return filled


def mirror_points(
    known: _Mask, where: _Mask
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return for pixels that are not known those that they mirror at the border of what is known.

    Parameters
    ----------
    known
        (H, W) bool, at least one pixel True.
    where
        (H, W) bool: the pixels to ask about.

    Returns
    -------
    rows, columns
        (N,) int32 each: the pixels.
    mirror_rows, mirror_columns
        (N,) int32 each: the pixel as far behind the nearest known one, or that nearest one where
        the far pixel is not known.

    Examples
    --------
    >>> known = np.array([[True, True, True, False, False]])
    >>> _, columns, _, mirrored = mirror_points(known, ~known)
    >>> columns.tolist(), mirrored.tolist()
    ([3, 4], [1, 0])
    """
    cv2 = load_cv2()
    height, width = known.shape
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Each known pixel has a label of its own, in the order of rows.
    flat_known = np.flatnonzero(known)
    place = np.zeros(len(flat_known) + 2, np.int64)
    place[labels.ravel()[flat_known]] = flat_known
    rows, columns = (line.astype(np.int32) for line in np.nonzero(where))
    near_y, near_x = (
        line.astype(np.int32) for line in np.divmod(place[labels[rows, columns]], width)
    )
    far_y, far_x = 2 * near_y - rows, 2 * near_x - columns
    inside = (far_x >= 0) & (far_x < width) & (far_y >= 0) & (far_y < height)
    good = inside & known[far_y.clip(0, height - 1), far_x.clip(0, width - 1)]
    return rows, columns, np.where(good, far_y, near_y), np.where(good, far_x, near_x)


def textured_fill(
    image: ImageF32, known: _Mask, hole: _Mask, *, sigma: float = 6.0, texture: float = 1.0
) -> ImageF32:
    """Fill a hole with the smooth colours round it, and the texture beside it mirrored into it.

    Parameters
    ----------
    image
        (H, W, 3) float32.
    known
        (H, W) bool: where colours may be taken from; none known leaves the hole as it is.
    hole
        (H, W) bool: where to write.
    sigma
        Pixels: what is finer than this counts as texture.
    texture
        0 (smooth) to 1.

    Returns
    -------
    A new (H, W, 3) float32; outside the hole it is ``image``.

    Examples
    --------
    >>> grey = np.full((8, 8, 3), 0.5, np.float32)
    >>> hole = np.zeros((8, 8), bool)
    >>> hole[2:5, 2:5] = True
    >>> spoilt = np.where(hole[..., None], np.float32(0), grey)
    >>> bool(np.abs(textured_fill(spoilt, ~hole, hole) - grey).max() < 1e-5)
    True
    """
    out: ImageF32 = image.copy()
    known = known & ~hole
    box = _surroundings(hole, round(8 * sigma))
    if box is None or not known.any():
        return out
    if not known[box].any():
        box = (slice(None), slice(None))
    part, sure, gap = image[box], known[box], hole[box]
    field = smooth_field(part, sure, sigma)
    filled = field[gap]
    if texture:
        _, _, y, x = mirror_points(sure, gap)
        filled = filled + np.float32(texture) * (part[y, x] - field[y, x])
    out[box][gap] = np.clip(filled, 0, 1)
    return out


def smooth_field(image: ImageF32, known: _Mask, sigma: float) -> ImageF32:
    """Return what is known, blurred, and a membrane where nothing is; computed at a quarter size.

    Parameters
    ----------
    image
        (H, W, 3) float32.
    known
        (H, W) bool.
    sigma
        Of the blur, pixels.
    """
    cv2 = load_cv2()
    height, width = known.shape
    size = max(1, width // 4), max(1, height // 4)
    weights = known.astype(np.float32)
    sums = cv2.resize(weighted(image, weights), size, interpolation=cv2.INTER_AREA)
    less = cv2.resize(weights, size, interpolation=cv2.INTER_AREA)
    less = less.reshape(size[1], size[0])
    sums = sums.reshape(size[1], size[0], -1)
    blurred = cv2.GaussianBlur(sums, (0, 0), sigma / 4).reshape(sums.shape)
    total = cv2.GaussianBlur(less, (0, 0), sigma / 4).reshape(less.shape)
    low = blurred / np.maximum(total, 1e-4)[..., None]
    filled = smooth_fill(low, np.minimum(2 * less, 1))
    field: ImageF32 = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
    return field.reshape(image.shape)


def _surroundings(mask: _Mask, margin: int) -> tuple[slice, slice] | None:
    """Return the rows and columns of a mask with a margin, or None of an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    top, left = max(int(rows[0]) - margin, 0), max(int(columns[0]) - margin, 0)
    return slice(top, int(rows[-1]) + margin + 1), slice(left, int(columns[-1]) + margin + 1)
