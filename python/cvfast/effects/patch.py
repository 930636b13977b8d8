"""A piece of a canvas that a painter reads once, works on and writes once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cvfast.effects.canvas import Canvas
from cvfast.kernels.mask import polygon_mask
from cvfast.kernels.smooth import cell_means
from cvfast.typing import ImageF32

__all__ = ["Patch"]

_WIDEST_FEATHER = 1024.0  # pixels, the kernel's limit: of mouths over 11,000 pixels wide


class Patch:
    """Luma and chroma round some points, with masks on both.

    Parameters
    ----------
    canvas
        In colour.
    points
        (N, 2) in pixels.
    margin
        Pixels round them.

    Attributes
    ----------
    luma, chroma
        (h, w) and (2, h', w') float32; a painter changes them in place and calls `write`.
    luma_at_chroma
        (h', w'): luma, averaged over the pixels of each chroma sample, as it was read.
    """

    def __init__(self, canvas: Canvas, points: ArrayLike, margin: float) -> None:
        self._canvas = canvas
        self._step = step_x, step_y = canvas.chroma_step
        x0, y0, x1, y1 = canvas.box(points, margin)
        # From a whole chroma sample on.
        self._box = x0 - x0 % step_x, y0 - y0 % step_y, x1, y1
        self._chroma_box = canvas.chroma_box(self._box)
        self.luma = canvas.luma(self._box)
        self.chroma = canvas.chroma(self._chroma_box)
        # No copy is needed: `luma` is changed last.
        self.luma_at_chroma = self.at_chroma(self.luma)

    @property
    def empty(self) -> bool:
        """Whether nothing of it lies in the picture."""
        return self.luma.size == 0 or self.chroma.size == 0

    def mask(self, polygons: Sequence[ArrayLike], feather: float) -> ImageF32:
        """Return a soft mask over the pixels; feather in pixels."""
        height, width = self.luma.shape
        moved = [np.asarray(polygon) - self._box[:2] for polygon in polygons]
        return polygon_mask((width, height), moved, feather=min(feather, _WIDEST_FEATHER))

    def at_chroma(self, values: ImageF32) -> ImageF32:
        """Return values of the pixels (h, w) averaged over each chroma sample's (h', w')."""
        return values if self._step == (1, 1) else cell_means(values, self._step)

    def chroma_mask(self, polygons: Sequence[ArrayLike], feather: float) -> ImageF32:
        """Return a soft mask over the chroma samples; feather in pixels."""
        height, width = self.chroma.shape[1:]
        moved = [self._canvas.to_chroma(polygon) - self._chroma_box[:2] for polygon in polygons]
        feather = min(feather / self._step[1], _WIDEST_FEATHER)
        return polygon_mask((width, height), moved, feather=feather)

    def chroma_offsets(self, point: ArrayLike) -> tuple[ImageF32, ImageF32]:
        """Return how far chroma samples lie from a point, in pixels along x (w',) and y (h', 1)."""
        height, width = self.chroma.shape[1:]
        at = self._canvas.to_chroma(np.asarray(point)[None])[0] - self._chroma_box[:2]
        across = (np.arange(width) - at[0]) * self._step[0]
        down = (np.arange(height) - at[1]) * self._step[1]
        return across.astype(np.float32), down.astype(np.float32)[:, None]

    def to_pixels(self, values: ImageF32) -> ImageF32:
        """Return values of the chroma samples (h', w') as ones of their pixels (h, w)."""
        step_x, step_y = self._step
        height, width = self.luma.shape
        if self._step == (1, 1):
            return values
        return np.repeat(np.repeat(values, step_y, axis=0), step_x, axis=1)[:height, :width]

    def write(self) -> None:
        """Bring the changed luma and chroma to the canvas."""
        self._canvas.write_luma(self._box, self.luma)
        self._canvas.write_chroma(self._chroma_box, self.chroma)
