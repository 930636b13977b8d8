"""Luma and chroma behind one face, so that an effect is written once for photos and for frames.

A frame's canvas is its own planes: chroma may have half the samples of luma, and samples 8 to 12
bits. A photo's canvas is a region of it in float32, with as many chroma samples as pixels. Only
what is written changes, and what is written back unchanged stays bit-equal.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.io.color import ColorTags, rgb_from_ycc, ycc_from_rgb
from cvfast.io.frame import Frame, Plane
from cvfast.typing import Image, ImageF32

__all__ = ["Canvas", "frame_canvas", "picture_canvas", "write_picture"]

Box = tuple[int, int, int, int]
_FULL = ColorTags(matrix=1, range=2)  # a photo's: BT.709, the primaries of sRGB


@dataclass(frozen=True, eq=False)
class Canvas:
    """What painters paint on; coordinates are those of the whole picture, in pixels.

    Parameters
    ----------
    size
        Width and height of what can be painted, from `origin` on.
    origin
        Pixel at which it begins.
    luma_plane
        Luma samples and where they lie.
    chroma_planes
        Cb and Cr: two arrays (h, w), or none on a grey picture.
    black, luma_levels, chroma_levels
        Sample for luma 0; levels from there to luma 1; levels from chroma -1/2 to 1/2.
    limit
        Largest sample; 0 for float samples, which are neither rounded nor cut.
    to_rgb
        (3, 3): from (Y, Cb, Cr) in [0, 1] and [-1/2, 1/2] to R, G, B in [0, 1].
    """

    size: tuple[int, int]
    origin: tuple[int, int]
    luma_plane: Plane
    chroma_planes: tuple[Plane, ...]
    black: float
    luma_levels: float
    chroma_levels: float
    limit: int
    to_rgb: NDArray[np.float32]

    @property
    def has_color(self) -> bool:
        """Whether there is chroma."""
        return bool(self.chroma_planes)

    @property
    def chroma_step(self) -> tuple[int, int]:
        """Pixels from one chroma sample to the next, along x and y."""
        plane = self.chroma_planes[0]
        return round(1 / plane.sx), round(1 / plane.sy)

    def box(self, points: ArrayLike, margin: float = 0.0) -> Box:
        """Return the pixels x0 <= x < x1, y0 <= y < y1 round points (N, 2), inside the canvas."""
        dots = np.asarray(points, np.float64)
        low = np.floor(dots.min(axis=0) - margin)
        high = np.ceil(dots.max(axis=0) + margin) + 1
        end = np.add(self.origin, self.size)
        x0, y0 = np.clip(low, self.origin, end).astype(int).tolist()
        x1, y1 = np.clip(high, self.origin, end).astype(int).tolist()
        return x0, y0, max(x0, x1), max(y0, y1)

    def luma(self, box: Box) -> ImageF32:
        """Read luma in [0, 1] (beyond for samples outside the nominal range): float32 (h, w)."""
        samples = self._luma_samples(box)
        return (samples - np.float32(self.black)) * np.float32(1 / self.luma_levels)

    def write_luma(self, box: Box, values: ImageF32) -> None:
        """Change the luma of a box of pixels."""
        self._put(self._luma_samples(box), values, self.luma_levels, self.black)

    def chroma_box(self, box: Box) -> Box:
        """Return the chroma samples whose sites lie in a box of pixels, as a box of samples."""
        plane = self.chroma_planes[0]
        height, width = plane.array.shape[:2]
        x0, x1 = (math.ceil(x * plane.sx + plane.ox) for x in (box[0], box[2]))
        y0, y1 = (math.ceil(y * plane.sy + plane.oy) for y in (box[1], box[3]))
        x0, x1 = (min(max(x, 0), width) for x in (x0, x1))
        y0, y1 = (min(max(y, 0), height) for y in (y0, y1))
        return x0, y0, x1, y1

    def chroma(self, box: Box) -> ImageF32:
        """Read Cb and Cr in [-1/2, 1/2] of a box of chroma samples: float32 (2, h, w)."""
        x0, y0, x1, y1 = box
        middle = np.float32(self.middle)
        gain = np.float32(1 / self.chroma_levels)
        return np.stack(
            [(plane.array[y0:y1, x0:x1] - middle) * gain for plane in self.chroma_planes]
        )

    def write_chroma(self, box: Box, values: ImageF32) -> None:
        """Change Cb and Cr of a box of chroma samples; values (2, h, w)."""
        x0, y0, x1, y1 = box
        for plane, part in zip(self.chroma_planes, values, strict=True):
            self._put(plane.array[y0:y1, x0:x1], part, self.chroma_levels, self.middle)

    def to_chroma(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return where points (N, 2) of the picture lie among the chroma samples."""
        plane = self.chroma_planes[0]
        return np.asarray(points, np.float64) * (plane.sx, plane.sy) + (plane.ox, plane.oy)

    def ycc(self, rgb: ArrayLike) -> NDArray[np.float32]:
        """Return Y, Cb, Cr of colours (..., 3), R, G, B in [0, 1]."""
        return (np.asarray(rgb, np.float32) @ np.linalg.inv(self.to_rgb).T).astype(np.float32)

    def rgb(self, luma: ArrayLike, chroma: ArrayLike) -> NDArray[np.float32]:
        """Return R, G, B in [0, 1] (..., 3) of luma (...) and chroma (2, ...), cut to the range."""
        ycc = np.concatenate([np.asarray(luma)[None], np.asarray(chroma)]).astype(np.float32)
        colors: NDArray[np.float32] = np.moveaxis(ycc, 0, -1) @ self.to_rgb.T
        return np.clip(colors, 0, 1)

    @property
    def middle(self) -> float:
        """The sample for no chroma."""
        return (self.limit + 1) / 2 if self.limit else 0.0

    def luma_box(self, box: Box) -> Box:
        """Return the luma samples of a box of pixels, as a box of samples."""
        across, down = round(self.luma_plane.ox), round(self.luma_plane.oy)
        return box[0] + across, box[1] + down, box[2] + across, box[3] + down

    def _luma_samples(self, box: Box) -> NDArray[Any]:
        x0, y0, x1, y1 = self.luma_box(box)
        samples: NDArray[Any] = self.luma_plane.array[y0:y1, x0:x1]
        return samples

    def _put(self, samples: NDArray[Any], values: ImageF32, levels: float, offset: float) -> None:
        scaled = values * np.float32(levels) + np.float32(offset)
        if self.limit:
            scaled = np.clip(np.rint(scaled), 0, self.limit)
        samples[...] = scaled


def frame_canvas(frame: Frame) -> Canvas | None:
    """Return a frame's own planes as a canvas; None for a frame that is stored as RGB."""
    planes = frame.plane_geometry()
    if planes[0].array.ndim == 3:
        return None
    luma, *chroma = planes[:3]  # a fourth is alpha, which no paint changes
    if len(chroma) == 1:  # nv12: Cb and Cr in turns
        pair = chroma[0]
        chroma = [
            Plane(pair.array[..., index], pair.sx, pair.sy, pair.ox, pair.oy) for index in (0, 1)
        ]
    black, luma_levels, chroma_levels, to_rgb = _samples_of(frame.color, frame.height, frame.bits)
    return Canvas(
        size=(frame.width, frame.height),
        origin=(0, 0),
        luma_plane=luma,
        chroma_planes=tuple(chroma),
        black=black,
        luma_levels=luma_levels,
        chroma_levels=chroma_levels,
        limit=2**frame.bits - 1,
        to_rgb=to_rgb,
    )


@functools.lru_cache(maxsize=16)
def _samples_of(
    color: ColorTags, height: int, bits: int
) -> tuple[float, float, float, NDArray[np.float32]]:
    """Return black, luma's and chroma's levels and the matrix to RGB, the same for a whole clip."""
    matrix, offset = ycc_from_rgb(color, height, bits)
    luma, chroma = float(matrix[0].sum() * 255), float(2 * matrix[1, 2] * 255)
    to_rgb = (rgb_from_ycc(color, height, bits)[0] * (luma, chroma, chroma) / 255).astype("float32")
    to_rgb.flags.writeable = False
    return float(offset[0]), luma, chroma, to_rgb


def picture_canvas(image: Image, box: Box) -> Canvas:
    """Return a region of a photo as a canvas of its own; `write_picture` brings it back."""
    x0, y0, x1, y1 = box
    part = image[y0:y1, x0:x1].astype(np.float32)
    if image.dtype == np.uint8:
        part *= np.float32(1 / 255)
    else:  # one NaN would spread over whole windows; where nothing is painted it stays
        np.nan_to_num(part, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
    if part.ndim == 3 and part.shape[2] < 3:
        part = part[..., 0]
    to_ycc = ycc_from_rgb(_FULL, 0, 8)[0]
    planes = [part] if part.ndim == 2 else list(np.moveaxis(part[..., :3] @ to_ycc.T, -1, 0))
    placed = [
        Plane(np.array(plane, np.float32), 1.0, 1.0, float(-x0), float(-y0)) for plane in planes
    ]
    return Canvas(
        size=(x1 - x0, y1 - y0),
        origin=(x0, y0),
        luma_plane=placed[0],
        chroma_planes=tuple(placed[1:]),
        black=0.0,
        luma_levels=1.0,
        chroma_levels=1.0,
        limit=0,
        to_rgb=np.linalg.inv(to_ycc).astype(np.float32),
    )


def write_picture(image: Image, before: Canvas, after: Canvas) -> None:
    """Write to a photo what differs between two canvases of the same region of it."""
    (x0, y0), (width, height) = after.origin, after.size
    target: NDArray[Any] = image[y0 : y0 + height, x0 : x0 + width]
    pairs = [(before.luma_plane, after.luma_plane)]
    pairs += list(zip(before.chroma_planes, after.chroma_planes, strict=True))
    changed = np.zeros((height, width), bool)
    for old, new in pairs:
        changed |= old.array != new.array
    if after.has_color:
        colors = after.rgb(after.luma_plane.array, [p.array for p in after.chroma_planes])
    else:
        colors = np.clip(after.luma_plane.array, 0, 1)
        colors = colors if target.ndim == 2 else colors[..., None]
    if image.dtype == np.uint8:
        colors = np.rint(colors * np.float32(255))
    channels = target if target.ndim == 2 else target[..., : min(3, target.shape[2])]
    if channels.ndim == 3 and channels.shape[2] < 3:
        channels = channels[..., :1]
    channels[changed] = colors[changed]
