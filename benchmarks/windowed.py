"""Big eyes, eye colour and smooth skin in NumPy and cv2, as a competent user writes them.

Each works on an RGB picture in place and touches only a window round what it changes: cv2's calls
in 8 bits, and its own blend. The landmarks are ours.
"""

from __future__ import annotations

import cv2
import numpy as np
from cvfast.faces.types import Landmarks
from numpy.typing import NDArray

__all__ = ["eyes", "iris", "skin"]

Picture = NDArray[np.uint8]
_DIAMETER, _SIGMA_COLOR, _SIGMA_SPACE = 9, 45, 9  # of the bilateral filter


def eyes(picture: Picture, face: Landmarks, strength: float) -> None:
    """Enlarge each eye inside a disc, as our effect does: a map, then cv2.remap in its box."""
    for name in ("right_eye", "left_eye"):
        lids = face.group(name)
        (x, y), radius = lids.mean(axis=0), 1.25 * float(np.ptp(lids[:, 0]))
        x0, y0, x1, y1 = _window(picture, (x - radius, y - radius), (x + radius, y + radius))
        columns = np.arange(x0, x1, dtype=np.float32) - np.float32(x)
        rows = np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(y)
        away = np.sqrt(columns**2 + rows**2) * np.float32(1 / radius)
        gain = 1 - np.float32(strength) * np.maximum(1 - away, 0) ** 2
        map_x = columns * gain + np.float32(x - x0)
        map_y = rows * gain + np.float32(y - y0)
        window = picture[y0:y1, x0:x1]
        window[...] = cv2.remap(
            window, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )


def iris(picture: Picture, face: Landmarks, hue: int) -> None:
    """Give each iris a hue (0 to 179): HSV in its box, under a soft mask cut off by the lids."""
    for side in ("right", "left"):
        ring, lids = face.group(f"{side}_iris"), face.group(f"{side}_eye")
        low, high = ring.min(axis=0) - 4, ring.max(axis=0) + 4
        x0, y0, x1, y1 = _window(picture, low, high)
        window = picture[y0:y1, x0:x1]
        disc, opening = np.zeros(window.shape[:2], np.uint8), np.zeros(window.shape[:2], np.uint8)
        center, radius = ring.mean(axis=0) - (x0, y0), float(np.ptp(ring[:, 0])) / 2
        cv2.circle(disc, np.rint(center).astype(int).tolist(), round(radius), 255, -1)
        cv2.circle(disc, np.rint(center).astype(int).tolist(), round(0.35 * radius), 0, -1)
        cv2.fillPoly(opening, [np.rint(lids - (x0, y0)).astype(np.int32)], 255)
        mask = cv2.GaussianBlur(disc & opening, (5, 5), 0)
        hsv = cv2.cvtColor(window, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = hue
        hsv[..., 1] = np.maximum(hsv[..., 1], 90)
        _blend(window, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), mask)


def skin(picture: Picture, face: Landmarks, strength: float) -> None:
    """Smooth the skin: cv2.bilateralFilter in the face's box, under a mask without features."""
    outline = face.group("oval")
    x0, y0, x1, y1 = _window(picture, outline.min(axis=0), outline.max(axis=0))
    window = picture[y0:y1, x0:x1]
    mask = np.zeros(window.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_corners(outline, x0, y0)], round(255 * strength))
    for name in ("right_eye", "left_eye", "outer_lip"):
        cv2.fillPoly(mask, [_corners(face.group(name), x0, y0)], 0)
    mask = cv2.GaussianBlur(mask, (15, 15), 0)
    smooth = cv2.bilateralFilter(window, _DIAMETER, _SIGMA_COLOR, _SIGMA_SPACE)
    _blend(window, smooth, mask)


def _corners(points: NDArray[np.float32], x0: int, y0: int) -> NDArray[np.int32]:
    return np.rint(points - (x0, y0)).astype(np.int32)


def _blend(window: Picture, other: Picture, mask: Picture) -> None:
    share = mask * np.float32(1 / 255)
    window[...] = cv2.blendLinear(other, np.ascontiguousarray(window), share, 1 - share)


def _window(picture: Picture, low: object, high: object) -> tuple[int, int, int, int]:
    """Return the pixels between two corners that lie inside the picture."""
    height, width = picture.shape[:2]
    x0, y0 = np.clip(np.floor(low), 0, (width, height)).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(high) + 1, 0, (width, height)).astype(int).tolist()
    return x0, y0, x1, y1
