"""The last step, at the photo's own resolution: layers enlarged, cloth sampled, pixels written.

Whatever lies outside of the changed region is left as it was, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.blending import blend, weighted
from cvfast.tryon.fitting import SleevePatch
from cvfast.tryon.layers import Front, Overlay, compose, resized
from cvfast.typing import Image, ImageF32

__all__ = ["Look", "draw_cloth", "finish", "sample_cloth"]

_Mask: TypeAlias = NDArray[np.bool_]
_Box: TypeAlias = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Look:
    """All that the last step needs, at the size of the analysis.

    Parameters
    ----------
    fill
        The old garment taken off: skin, trousers and background in its place.
    grid
        (h, w, 2) float32: each pixel's x and y in the garment's picture.
    sleeves
        Sleeves with maps of their own.
    cloth
        (H', W', 3) float32: that picture, painted on beyond the garment's edge.
    alpha
        (h, w) float32: the new garment's opacity.
    light
        (h, w) or (h, w, 3) float32: factor on the cloth.
    front
        What lies before it.
    corner
        x, y in the analysed photo of the first pixel of all these.
    frame
        Width and height of the analysed photo.
    grain
        (h, w, 1 or 3) float32: what is added to the lit cloth; None of nothing.
    """

    fill: Overlay
    grid: ImageF32
    sleeves: tuple[SleevePatch, ...]
    cloth: ImageF32
    alpha: ImageF32
    light: ImageF32
    front: Front
    corner: tuple[int, int]
    frame: tuple[int, int]
    grain: ImageF32 | None = None


def sample_cloth(cloth: ImageF32, grid: ImageF32) -> ImageF32:
    """Sample a garment's picture at each pixel's place in it.

    Parameters
    ----------
    cloth
        (H', W', 3) float32.
    grid
        (h, w, 2) float32 places x, y; beyond the picture its edge goes on.

    Returns
    -------
    (h, w, 3) float32. Where the picture is shrunk, it is averaged first, so that nothing flickers.
    """
    cv2 = load_cv2()
    step = _typical_step(grid)
    level = 0
    while step > 1.5 and min(cloth.shape[:2]) > 8 and level < 6:
        size = ((cloth.shape[1] + 1) // 2, (cloth.shape[0] + 1) // 2)
        ratio = np.array([size[0] / cloth.shape[1], size[1] / cloth.shape[0]], np.float32)
        cloth = cv2.resize(cloth, size, interpolation=cv2.INTER_AREA)
        grid = (grid + np.float32(0.5)) * ratio - np.float32(0.5)
        step /= 2
        level += 1
    sampled: ImageF32 = cv2.remap(
        cloth,
        np.ascontiguousarray(grid[..., 0]),
        np.ascontiguousarray(grid[..., 1]),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.clip(sampled, 0, None)


def _typical_step(grid: ImageF32) -> float:
    """Return how many pixels of the garment's picture a pixel of the photo covers."""
    across = np.diff(grid[:-1], axis=1)
    down = np.diff(grid[:, :-1], axis=0)
    area = np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0])
    return float(np.sqrt(np.median(area))) if area.size else 1.0


def finish(photo: Image, look: Look) -> tuple[Image, _Mask, ImageF32]:
    """Put the look on the photo.

    Parameters
    ----------
    photo
        (H, W), (H, W, 3) or (H, W, 4), uint8 or float32 in [0, 1].
    look
        At the photo's size or a smaller one.

    Returns
    -------
    image
        Like ``photo``, new.
    mask
        (H, W) bool: pixels that may have changed.
    worn
        (H, W) float32: how much of the new garment each pixel shows.
    """
    image: Any = photo.copy()
    mask = np.zeros(photo.shape[:2], bool)
    worn = np.zeros(photo.shape[:2], np.float32)
    touched = (look.alpha > 0) | (look.fill.alpha > 0)
    small, box = _boxes(touched, look, photo.shape[:2])
    if small is None or box is None:
        return image, mask, worn
    colours = _colours(photo[box])
    size = (colours.shape[1], colours.shape[0])
    fill = look.fill.cut(small, size)
    alpha = resized(look.alpha[small], size)
    front = Front(resized(look.front.alpha[small], size), look.front.rim.cut(small, size))
    cloth = draw_cloth(look, small, size)
    light = resized(look.light[small], size)
    cloth = cloth * light if light.ndim == 3 else weighted(cloth, light)
    if look.grain is not None:
        grain = resized(look.grain[small], size)
        cloth += grain if grain.ndim == 3 else grain[..., None]
    cloth = np.clip(cloth, 0, 1, out=cloth)
    done = compose(fill.over(colours), cloth, alpha, front)
    shows = alpha * (1 - front.alpha)
    hides = front.alpha * (alpha > 0) * (front.rim.alpha > 0)
    changed = (fill.alpha > 0) | (shows > 0) | (hides > 0)
    mask[box], worn[box] = changed, shows
    _write(image[box], done, changed)
    return image, mask, worn


def draw_cloth(look: Look, small: _Box, size: tuple[int, int]) -> ImageF32:
    """Draw the garment in a box of the look, at another size: the trunk, and sleeves over it."""
    cloth = sample_cloth(look.cloth, resized(look.grid[small], size))
    left, top = small[1].start, small[0].start
    across, down = size[0] / (small[1].stop - left), size[1] / (small[0].stop - top)
    for sleeve in look.sleeves:
        height, width = sleeve.weight.shape
        x0, y0 = (sleeve.corner[0] - left) * across, (sleeve.corner[1] - top) * down
        box = _clipped(x0, width * across, size[0]), _clipped(y0, height * down, size[1])
        (begin_x, end_x), (begin_y, end_y) = box
        full = max(1, round(width * across)), max(1, round(height * down))
        part = (
            slice(begin_y - round(y0), end_y - round(y0)),
            slice(begin_x - round(x0), end_x - round(x0)),
        )
        weight = resized(sleeve.weight, full)[part]
        drawn = sample_cloth(look.cloth, resized(sleeve.grid, full)[part])
        place = cloth[begin_y:end_y, begin_x:end_x]
        place[...] = blend(place, drawn, weight)
    return cloth


def _clipped(start: float, length: float, most: int) -> tuple[int, int]:
    begin = round(start)
    return min(max(begin, 0), most), min(max(begin + max(1, round(length)), 0), most)


def _boxes(touched: _Mask, look: Look, shape: tuple[int, ...]) -> tuple[_Box | None, _Box | None]:
    """Return the box of what is touched in the look, and the box of the photo that it covers."""
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    if not rows.size:
        return None, None
    small, large = [], []
    for line, length, corner, frame, full in zip(
        (rows, columns), touched.shape, look.corner[::-1], look.frame[::-1], shape, strict=True
    ):
        start, stop = int(line[0]), int(line[-1]) + 1
        ratio = full / frame
        if ratio != 1:
            start, stop = max(start - 2, 0), min(stop + 2, length)
        small.append(slice(start, stop))
        large.append(slice(round((start + corner) * ratio), round((stop + corner) * ratio)))
    return (small[0], small[1]), (large[0], large[1])


def _colours(part: Image) -> ImageF32:
    """Return pixels as (h, w, 3) float32 in [0, 1]."""
    values = part.astype(np.float32) / 255 if part.dtype == np.uint8 else part
    if values.ndim == 2:
        return np.repeat(values[..., None], 3, axis=2).astype(np.float32)
    return np.ascontiguousarray(values[..., :3], np.float32)


def _write(place: Any, done: ImageF32, changed: _Mask) -> None:
    """Write changed pixels into a view of the photo."""
    values: Any = np.clip(done, 0, 1)
    if place.ndim == 2:
        values = values @ np.array([0.299, 0.587, 0.114], np.float32)
    if place.dtype == np.uint8:
        values *= np.float32(255)
        values += np.float32(0.5)
        values = values.astype(np.uint8)
    if place.ndim == 2:
        np.copyto(place, values, where=changed)
    else:
        np.copyto(place[..., :3], values, where=changed[..., None])
