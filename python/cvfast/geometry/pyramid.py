"""One picture at many sizes: how a window of one size finds faces of all sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, luma_of, read_crop, read_luma
from cvfast.typing import ImageU8

__all__ = ["Level", "grey_levels"]

# Pictures are searched at no more than this many pixels: what is smaller than a window there is
# not found, and the work has an end.
MOST_PIXELS = 1 << 21


@dataclass(frozen=True, slots=True)
class Level:
    """A picture at one size.

    Parameters
    ----------
    grey
        ``(h, w)`` uint8 luma.
    scale
        ``(x, y)``: pixels of the picture per pixel of the level.

    Examples
    --------
    >>> import numpy as np
    >>> level = Level(np.zeros((24, 32), np.uint8), (2.0, 2.0))
    >>> level.boxes(np.array([[3, 0]]), (10, 10)).tolist()
    [[6.0, 0.0, 26.0, 20.0]]
    """

    grey: ImageU8
    scale: tuple[float, float]

    def boxes(self, corners: NDArray[np.integer], window: tuple[int, int]) -> NDArray[np.float32]:
        """Boxes in the picture, ``(N, 4)``, of windows (width, height) at corners ``(N, 2)``."""
        sides = np.concatenate([corners, corners + np.array(window)], axis=1)
        scaled: NDArray[np.float32] = (sides * (self.scale * 2)).astype(np.float32)
        return scaled


def grey_levels(
    reader: PixelReader, window: tuple[int, int], *, step: float = 1.2
) -> Iterator[Level]:
    """Yield the picture's luma, each time smaller by ``step``, while a window fits in.

    Pictures over two megapixels begin at that size. Each level is read from the picture itself, by
    means of blocks of pixels.

    Parameters
    ----------
    reader
        The picture.
    window
        Width and height of the window, in pixels.
    step
        Factor from one size to the next, over 1.

    Examples
    --------
    >>> import numpy as np
    >>> reader = PixelReader.of(np.zeros((48, 64), np.uint8))
    >>> [level.grey.shape for level in grey_levels(reader, (24, 24), step=1.5)]
    [(48, 64), (32, 43)]
    """
    if not step > 1:
        raise ValueError(f"step: expected a factor over 1, got {step}")
    width, height = reader.size
    whole = RotatedBox.from_box((0, 0, width, height))
    shrunk = max(1.0, (width * height / MOST_PIXELS) ** 0.5)
    while True:
        size = round(width / shrunk), round(height / shrunk)
        if size[0] < window[0] or size[1] < window[1]:
            return
        if size == reader.size:
            grey = np.ascontiguousarray(read_luma(reader, (0, 0, width, height)))
        else:
            grey = luma_of(read_crop(reader, whole, size))
        yield Level(grey, (width / size[0], height / size[1]))
        shrunk *= step
