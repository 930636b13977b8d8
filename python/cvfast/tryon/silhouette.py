"""A worn garment's whole silhouette, also where arms, hands or hair lie before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Silhouette", "complete_silhouette"]

_RIM = 0.012  # of the garment's size: how far round an occluder edges are not trusted
_THICKEST = 0.25  # of the garment's size: wider gaps are not closed


@dataclass(frozen=True)
class Silhouette:
    """A silhouette, and where it is guessed.

    Parameters
    ----------
    mask : ndarray
        (H, W) bool: the garment, seen or not.
    hidden : ndarray
        (H, W) bool: where an occluder lies before it or beside it; an edge here is a guess.
    guessed : float
        Share of the outline that is a guess.
    """

    mask: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    guessed: float


def complete_silhouette(worn: NDArray[Any], occluder: NDArray[Any]) -> Silhouette:
    """Complete the silhouette of a garment below what lies before it.

    Of the occluder that part belongs to the garment which a morphological closing of the visible
    cloth covers, as wide as the occluder is thick, and every gap that the two enclose. The true
    edge below an occluder that hides a corner cannot be known: :func:`warp_garment` leaves the
    outline's hidden points out of the match, and its warped mask says where the edge would be.

    Parameters
    ----------
    worn
        (H, W) bool or float in [0, 1]: the cloth that is seen.
    occluder
        (H, W) bool or float in [0, 1]: arms, hands, hair, bags before it.

    Raises
    ------
    ValueError
        Another shape of the occluder, or no cloth.

    Examples
    --------
    >>> worn = np.zeros((60, 60), bool)
    >>> worn[10:50, 15:45] = True
    >>> arm = np.zeros((60, 60), bool)
    >>> arm[26:32, 0:60] = True
    >>> whole = complete_silhouette(worn & ~arm, arm)
    >>> (whole.mask == worn).mean() > 0.99, whole.hidden[29, 16]
    (np.True_, np.True_)
    """
    import cv2

    seen = np.asarray(np.asarray(worn) > 0.5, np.uint8)
    before = np.asarray(np.asarray(occluder) > 0.5, np.uint8)
    if seen.shape != before.shape:
        raise ValueError(f"occluder: expected shape {seen.shape} as worn, got {before.shape}")
    if not seen.any():
        raise ValueError("worn: expected at least one pixel, got none")
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    size = max(int(np.ptp(rows)), int(np.ptp(columns))) + 1
    rim = max(2, round(_RIM * size))
    hidden = cv2.dilate(before, _disc(rim))
    thickness = _thickness(before, rows, columns)
    whole = seen | (before & _closed(seen, min(thickness + rim, round(_THICKEST * size))))
    enclosed = _without_holes(whole | before) & ~(whole | before)
    whole |= enclosed & hidden
    mask = _opened(whole, seen, rim)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    edge = np.concatenate(contours)[:, 0]
    guessed = float(hidden[edge[:, 1], edge[:, 0]].mean())
    return Silhouette(mask > 0, hidden > 0, guessed)


def _disc(radius: int) -> NDArray[np.uint8]:
    import cv2

    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _thickness(
    before: NDArray[np.uint8], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> int:
    """Half the thickness of the occluder within the garment's box, in pixels, rounded up."""
    import cv2

    box = before[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if not box.any():
        return 0
    return int(np.ceil(float(cv2.distanceTransform(box, cv2.DIST_L2, 5).max()))) + 1


def _closed(seen: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    """Close at a quarter of the size where the radius is large: the disc's area costs."""
    import cv2

    if radius < 1:
        return seen
    shrink = max(1, radius // 12)
    height, width = seen.shape
    small = cv2.resize(
        seen, (-(-width // shrink), -(-height // shrink)), interpolation=cv2.INTER_NEAREST
    )
    disc = _disc(-(-radius // shrink))
    pad = disc.shape[0]
    framed = cv2.copyMakeBorder(small, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, disc)[pad:-pad, pad:-pad]
    return np.asarray(
        cv2.resize(closed, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
    )


def _without_holes(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), contours, -1, 1, -1), np.uint8)


def _opened(whole: NDArray[np.uint8], seen: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    """Drop the slivers of an occluder that stick out of the cloth."""
    import cv2

    opened = np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, _disc(radius)), np.uint8)
    return np.asarray(opened | seen, np.uint8)
