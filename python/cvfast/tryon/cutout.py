"""A flat garment cut out of a plain background of any colour."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import NothingFoundError
from cvfast.tryon.seams import without_inner_collar
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Cutout", "cut_out", "plain_background"]

Reals = NDArray[np.float64]

_SIDE = 512  # px: the size at which background and garment are told apart
_FRAME = 0.02  # of the smaller side: the border that shows the background
_LEAST = 5.0  # levels: what differs less from the background is background
_NOISES = 5.0  # as many spreads of the border
_PLAIN, _BUSY = 7.0, 26.0  # levels: spread of a plain border, and of one that is refused
_FAINT = 14.0  # levels: a garment that stands out less may be cut badly
_SMALLEST = 0.02  # of the picture
_COLLAR_DEPTH, _COLLAR_ROWS = 0.082, 0.4  # of the garment's height
_COLLAR_ODD = 0.4  # of an inner collar's area: how much more of it one side may have


class Cutout(NamedTuple):
    """Where the garment is, and how sure that is.

    Attributes
    ----------
    mask
        (H, W) float32 in [0, 1], without the inner collar.
    confidence
        0 to 1.
    reasons
        What lowered it.
    """

    mask: ImageF32
    confidence: float
    reasons: tuple[str, ...]


def cut_out(image: ImageU8) -> Cutout:
    """Tell a garment from its background.

    The background is a plane of colour (so it may be shaded evenly) fitted to the picture's border
    without outliers; the garment is what the border's colour does not reach from outside, so that a
    white print on a white background stays.

    Parameters
    ----------
    image
        (H, W, 3) uint8, RGB.

    Raises
    ------
    NothingFoundError
        The background is busy, or nothing stands out of it.
    """
    import cv2

    height, width = image.shape[:2]
    shrink = min(1.0, _SIDE / max(height, width))
    size = max(8, round(width * shrink)), max(8, round(height * shrink))
    small: ImageU8 = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    background, spread, odd = plain_background(small.astype(np.float64))
    if spread > _BUSY:
        raise NothingFoundError(
            f"the garment's background is not plain (its border varies by {spread:.0f} levels); "
            "give the garment's mask, or a photo on one colour"
        )
    away = _widest(np.abs(cv2.GaussianBlur(small, (0, 0), 0.8) - background))
    solid = _solid(away, max(_LEAST, min(_NOISES * spread, 40.0)))
    if solid.mean() < _SMALLEST:
        raise NothingFoundError(
            "no garment stands out of the background (white on white?); give its mask"
        )
    whole = _fine(solid, size)
    front = without_inner_collar(small, whole)
    mask = front if _is_collar(whole > 0.5, front > 0.5) else whole
    full = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    sharp: ImageF32 = np.clip(
        (cv2.GaussianBlur(full, (0, 0), max(0.6, 0.6 / shrink)) - 0.5) * 2 + 0.5, 0, 1
    )
    confidence, reasons = _doubts(away, solid, spread, odd)
    reach = 2 * round(3 / shrink) + 1
    near = cv2.dilate((full < 0.5).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    opacity = np.where(near, _opacity(image, background), np.float32(1))
    return Cutout(np.minimum(sharp, opacity), confidence, reasons)


def _is_collar(whole: NDArray[np.bool_], front: NDArray[np.bool_]) -> bool:
    """Whether what was taken off is an inner collar: deep enough, and as much on both sides.

    A waistband that differs from its skirt is shallow; a stripe that runs into the collar takes a
    strap along.
    """
    rows, columns = np.flatnonzero(whole.any(axis=1)), np.flatnonzero(whole.any(axis=0))
    off = whole & ~front
    depth = np.ptp(np.flatnonzero(off.any(axis=1))) if off.any() else 0
    height = np.ptp(rows)
    if depth < _COLLAR_DEPTH * height:
        return False
    axis = (columns[0] + columns[-1]) // 2
    top = slice(rows[0], rows[0] + int(_COLLAR_ROWS * height) + 1)
    left = int(np.count_nonzero(off[top, :axis]))
    right = int(np.count_nonzero(off[top, axis + 1 :]))
    return abs(left - right) <= _COLLAR_ODD * (left + right)


def plain_background(image: Reals) -> tuple[Reals, float, float]:
    """Return the background's colours (H, W, 3), its spread, and the share of odd border pixels.

    Parameters
    ----------
    image
        (H, W, 3) float64, levels.
    """
    height, width = image.shape[:2]
    frame = max(2, round(_FRAME * min(height, width)))
    border = np.ones((height, width), bool)
    border[frame:-frame, frame:-frame] = False
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    row, column = np.nonzero(border)
    rows = np.stack([np.ones(len(row)), x[0, column], y[row, 0]], axis=1)
    colors = image[border]
    kept = np.abs(colors - np.median(colors, axis=0)).max(axis=1) < 60
    if np.count_nonzero(kept) < 0.3 * len(kept):
        kept[:] = True
    for _ in range(4):
        plane = np.linalg.lstsq(rows[kept], colors[kept], rcond=None)[0]
        misses = np.abs(colors - rows @ plane).max(axis=1)
        kept = misses <= max(3 * float(np.median(misses)), 3.0)
    spread = float(np.median(misses)) * 1.5 if kept.mean() > 0.5 else float(misses.mean()) * 1.5
    colours = [start + across * x + down * y for start, across, down in plane.T]
    return (
        np.dstack(colours),
        max(spread, float(np.percentile(misses, 60))),
        float(1 - kept.mean()),
    )


def _widest(planes: NDArray[Any]) -> NDArray[Any]:
    """Return the most of three channels: much faster than a maximum over the last axis."""
    most = np.maximum(np.maximum(planes[..., 0], planes[..., 1]), planes[..., 2])
    return np.asarray(most)


def _solid(away: Reals, threshold: float) -> NDArray[np.uint8]:
    """Return the largest thing that the background, seen from the border, does not reach."""
    import cv2

    apart = np.asarray(away > threshold, np.uint8)
    # Between two colours of a pattern, mixed pixels may look like the background.
    apart = np.asarray(cv2.morphologyEx(apart, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    differs = cv2.morphologyEx(apart, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(differs, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    out: NDArray[np.uint8] = np.zeros(apart.shape, np.uint8)
    if contours:
        largest = max(contours, key=lambda contour: float(cv2.contourArea(contour)))
        cv2.drawContours(out, [largest], -1, 1, -1)
    return out


def _fine(solid: NDArray[np.uint8], size: tuple[int, int]) -> ImageF32:
    import cv2

    smooth = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 0.7)
    return np.asarray(smooth.reshape(size[1], size[0]), np.float32)


def _opacity(image: ImageU8, background: Reals) -> ImageF32:
    """How much of each pixel is not background, beside the most that its neighbours are.

    At the edge the share is that of the cloth in the mixed pixel; so no rim of background stays.
    """
    import cv2

    size = image.shape[1], image.shape[0]
    plane = cv2.resize(background.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    away = _widest(cv2.absdiff(image.astype(np.float32), plane))
    most = cv2.dilate(away, np.ones((7, 7), np.uint8))
    share = np.asarray(away / np.maximum(most, np.float32(_LEAST)), np.float32)
    inside = cv2.erode((away > _LEAST).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    # Only at the rim: within, dark and light parts of a pattern lie side by side.
    edge = cv2.dilate((away <= _LEAST).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    share = np.clip((share - np.float32(0.15)) / np.float32(0.7), 0, 1)
    return np.where(edge & ~inside, share, np.float32(1))


def _doubts(
    away: Reals, solid: NDArray[np.uint8], spread: float, odd: float
) -> tuple[float, tuple[str, ...]]:
    import cv2

    confidence, reasons = 1.0, []
    if spread > _PLAIN:
        confidence *= 0.5
        reasons.append(f"the background is not quite plain (it varies by {spread:.0f} levels)")
    if odd > 0.12:
        confidence *= 0.7
        reasons.append(f"something covers {odd:.0%} of the picture's border")
    kernel = np.ones((5, 5), np.uint8)
    rim = solid.astype(bool) & ~cv2.erode(solid, kernel).astype(bool)
    contrast = float(np.percentile(away[rim], 25)) if rim.any() else 0.0
    if contrast < _FAINT:
        confidence *= 0.5
        reasons.append(
            f"the garment hardly stands out of the background (by {contrast:.0f} levels)"
        )
    outside = np.asarray(away > _FAINT) & (cv2.dilate(solid, kernel) == 0)
    if outside.mean() > 0.05:
        confidence *= 0.5
        reasons.append("there is more than one thing in the picture")
    return confidence, tuple(reasons)
