"""Pictures drawn through a map, sharp at any resolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageF32, ImageU8

__all__ = ["render_map"]


def render_map(
    backward: ImageF32,
    image: ImageU8,
    mask: NDArray[Any],
    size: tuple[int, int] | None = None,
) -> tuple[ImageU8, ImageF32]:
    """Draw a cut-out through a map: means of areas where it shrinks, then Lanczos.

    Parameters
    ----------
    backward
        (H, W, 2) float32: for each pixel of the target frame its x, y in the mask's pixels.
    image
        (h, w, 3) uint8: the picture that the mask cuts out, perhaps finer than the mask.
    mask
        (m, n) float in [0, 1].
    size
        (width, height) of the result; None: the map's.

    Returns
    -------
    image, mask
        (height, width, 3) uint8, the cut-out's colours continued beyond its edge, and (height,
        width) float32 in [0, 1].
    """
    import cv2

    target = backward if size is None else _resized_map(backward, size)
    scale = np.array([image.shape[1] / mask.shape[1], image.shape[0] / mask.shape[0]], np.float32)
    target = (target + np.float32(0.5)) * scale - np.float32(0.5)
    alpha = np.asarray(mask, np.float32)
    if alpha.shape != image.shape[:2]:
        size_of = (image.shape[1], image.shape[0])
        alpha = np.asarray(cv2.resize(alpha, size_of, interpolation=cv2.INTER_LINEAR), np.float32)
    shrink = max(1.0, source_pixels(target, alpha))
    colors, alpha, factors = _shrunk(image, alpha, shrink)
    target = (target + np.float32(0.5)) * factors - np.float32(0.5)
    x, y = np.ascontiguousarray(target[..., 0]), np.ascontiguousarray(target[..., 1])
    drawn = cv2.remap(colors, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    opacity = cv2.remap(alpha, x, y, cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(drawn, np.uint8), np.asarray(np.clip(opacity, 0, 1), np.float32)


def source_pixels(backward: ImageF32, mask: ImageF32) -> float:
    """Return how many source pixels a step of one target pixel is long, where the mask is."""
    coarse = backward[::4, ::4]
    across, down = np.diff(coarse, axis=1)[:-1] / 4, np.diff(coarse, axis=0)[:, :-1] / 4
    areas = np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0])
    x, y = np.moveaxis(np.rint(coarse[:-1, :-1]), -1, 0)
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    covered = np.zeros(inside.shape, bool)
    covered[inside] = mask[y[inside].astype(int), x[inside].astype(int)] > 0.5
    return float(np.sqrt(np.median(areas[covered]))) if covered.any() else 1.0


def _resized_map(backward: ImageF32, size: tuple[int, int]) -> ImageF32:
    import cv2

    resized = cv2.resize(backward, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32)


def _shrunk(
    image: ImageU8, alpha: ImageF32, shrink: float
) -> tuple[ImageU8, ImageF32, NDArray[np.float32]]:
    """Reduce a cut-out by means of areas and continue its colours beyond its edge."""
    import cv2

    height, width = alpha.shape
    size = max(1, round(width / shrink)), max(1, round(height / shrink))
    colors = image
    if size != (width, height):
        premultiplied = image * alpha[..., None]
        small = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)
        sums = cv2.resize(premultiplied, size, interpolation=cv2.INTER_AREA)
        shares = np.maximum(small, np.float32(1e-3))[..., None]
        colors = np.clip(sums / shares + 0.5, 0, 255).astype(np.uint8)
        alpha = small
    factors = np.array([size[0] / width, size[1] / height], np.float32)
    return continued(colors, alpha), alpha, factors


def continued(colors: ImageU8, alpha: ImageF32) -> ImageU8:
    """Return a picture whose pixels off the cut-out have the colour of its nearest pixel."""
    import cv2

    inside = cv2.erode((alpha > 0.9).astype(np.uint8), np.ones((3, 3), np.uint8))
    if not inside.any():
        return colors
    labels = cv2.distanceTransformWithLabels(
        1 - inside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    palette = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    palette[labels[inside > 0]] = colors[inside > 0]
    return np.where(inside[..., None] > 0, colors, palette[labels])
