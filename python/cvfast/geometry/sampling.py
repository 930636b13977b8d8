"""Reading small upright pictures out of rotated rectangles of a large one.

Built on Pillow: a box filter first brings the rectangle near the wanted size, then one bilinear
affine pass turns and scales it, so that large faces do not alias and small ones stay cheap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.boxes import RotatedBox
from cvfast.typing import Image, ImageU8

__all__ = ["BlockEdges", "PixelBox", "PixelReader", "as_rgb", "read_crop", "read_luma"]

PixelBox = tuple[int, int, int, int]
BlockEdges = NDArray[np.int64]

# Rows are read in bands of at most this many pixels, so that memory stays bounded.
_BAND_PIXELS = 1 << 21
# Averaging this many pixels each way is enough; of larger blocks only some are read.
_BLOCK_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class PixelReader:
    """Where pixels come from: an array, or anything that can hand out a box of itself.

    Parameters
    ----------
    size
        Width and height of the whole picture.
    read
        Called with a box ``(x0, y0, x1, y1)`` of ints inside the picture; returns those pixels as
        RGB ``(h, w, 3)`` or grey ``(h, w)``, uint8 or float32 in [0, 1].
    means
        What can also hand out its pixels averaged, for less than reading them all, does so here:
        called with the edges of blocks along x ``(m + 1,)`` and along y ``(n + 1,)``; returns the
        blocks' means as uint8 RGB ``(n, m, 3)``.
    luma
        What has a plane of luma, such as a frame, hands out a box of it here as uint8 ``(h, w)``;
        it may be a view that changes later. `read_luma` works with and without.

    Examples
    --------
    >>> import numpy as np
    >>> reader = PixelReader.of(np.zeros((4, 8, 3), np.uint8))
    >>> reader.size
    (8, 4)
    """

    size: tuple[int, int]
    read: Callable[[PixelBox], Image]
    means: Callable[[BlockEdges, BlockEdges], ImageU8] | None = None
    luma: Callable[[PixelBox], ImageU8] | None = None

    @classmethod
    def of(cls, image: Image | PixelReader) -> PixelReader:
        """Wrap a picture, checked; a reader is returned as it is.

        Raises
        ------
        TypeError
            Not an array, or neither uint8 nor float32.
        ValueError
            Not H x W or H x W x 3.
        """
        if isinstance(image, PixelReader):
            return image
        if not isinstance(image, np.ndarray):
            raise TypeError(f"image: expected a NumPy array, got {type(image).__name__}")
        if image.dtype not in (np.uint8, np.float32):
            raise TypeError(f"image: expected dtype uint8 or float32 in [0, 1], got {image.dtype}")
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise ValueError(
                f"image: expected shape (height, width, 3) or (height, width), got {image.shape}"
            )
        height, width = image.shape[:2]
        return cls((width, height), lambda box: image[box[1] : box[3], box[0] : box[2]])


def read_crop(
    source: Image | PixelReader, box: RotatedBox, size: tuple[int, int], *, fill: int | None = None
) -> ImageU8:
    """Read a rotated rectangle as an upright picture of the wanted size.

    Parameters
    ----------
    source
        A picture, or a reader that hands out boxes of one.
    box
        The rectangle to read; it may reach outside the picture.
    size
        Width and height of the result.
    fill
        Grey value outside the picture; None continues the picture's border.

    Returns
    -------
    numpy.ndarray
        uint8 RGB, ``(height, width, 3)``.

    Raises
    ------
    ValueError
        The picture has no pixels, or the rectangle no area.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    >>> read_crop(image, RotatedBox(1.5, 0.5, 2, 2), (2, 2))[..., 0].tolist()
    [[1, 2], [5, 6]]
    """
    from PIL import Image as Pillow

    reader = PixelReader.of(source)
    if 0 in reader.size:
        raise ValueError(f"source: expected at least one pixel, got {reader.size}")
    scale = min(box.width / size[0], box.height / size[1])
    if not (0 < scale < math.inf and math.isfinite(box.x + box.y + box.angle)):
        raise ValueError(f"box: expected finite numbers and sides above 0, got {box}")
    # Outside, the picture is its border drawn on: a box far away sees what a near one does.
    reach = math.hypot(box.width, box.height)
    box = replace(
        box,
        x=min(max(box.x, -reach), reader.size[0] + reach),
        y=min(max(box.y, -reach), reader.size[1] + reach),
    )
    factor = max(1, round(scale))
    step = max(1, factor // _BLOCK_SAMPLES)
    factor -= factor % step
    window = _visible_window(box.bounds(), reader.size, margin=2 * factor)
    small = _read_reduced(reader, window, factor, step)
    small, pad = _padded(small, window, box.bounds(), factor, fill)

    # Fraction of the box -> picture pixel -> continuous coordinate of the reduced, padded window.
    matrix = box.matrix()
    matrix[:, 2] += 0.5 - np.array(window[:2])
    matrix /= factor
    matrix[:, 2] += pad
    picture = Pillow.fromarray(small)
    if box.angle == 0:  # the same picture, in a third of the time
        (width, _, left), (_, height, top) = matrix.tolist()
        part = (left, top, left + width, top + height)
        return np.asarray(picture.resize(size, Pillow.Resampling.BILINEAR, box=part))
    matrix[:, :2] /= size
    coefficients = tuple(matrix.ravel().tolist())
    return np.asarray(
        picture.transform(size, Pillow.Transform.AFFINE, coefficients, Pillow.Resampling.BILINEAR)
    )


def _visible_window(bounds: NDArray[np.float64], size: tuple[int, int], *, margin: int) -> PixelBox:
    """Integer box of the pixels a crop needs, never empty, inside the picture."""
    width, height = size
    x0 = int(min(max(math.floor(bounds[0]) - margin, 0), width - 1))
    y0 = int(min(max(math.floor(bounds[1]) - margin, 0), height - 1))
    x1 = int(max(min(math.ceil(bounds[2]) + margin, width), x0 + 1))
    y1 = int(max(min(math.ceil(bounds[3]) + margin, height), y0 + 1))
    return x0, y0, x1, y1


def _read_reduced(reader: PixelReader, window: PixelBox, factor: int, step: int) -> ImageU8:
    """Read a window as uint8 RGB, averaged over blocks of factor x factor pixels.

    Of each block every ``step``-th pixel counts.
    """
    from PIL import Image as Pillow

    x0, y0, x1, y1 = window
    if reader.means is not None and factor > 1:
        return reader.means(*(_edges(*ends, factor) for ends in ((x0, x1), (y0, y1))))
    rows = max(1, _BAND_PIXELS // ((x1 - x0) * factor)) * factor
    bands: list[ImageU8] = []
    for top in range(y0, y1, rows):
        pixels = reader.read((x0, top, x1, min(top + rows, y1)))
        first_row, first_column = (min(step // 2, length - 1) for length in pixels.shape[:2])
        band = as_rgb(pixels[first_row::step, first_column::step])
        if factor > step:
            band = np.asarray(Pillow.fromarray(band).reduce(factor // step), np.uint8)
        bands.append(band)
    return bands[0] if len(bands) == 1 else np.concatenate(bands)


def _edges(start: int, stop: int, step: int) -> BlockEdges:
    return np.append(np.arange(start, stop, step), stop)


def as_rgb(pixels: Image) -> ImageU8:
    """Contiguous uint8 RGB of a grey or RGB, uint8 or float32 picture."""
    levels: NDArray[Any] = pixels
    if pixels.dtype != np.uint8:
        # NaN, which has no byte, counts as black.
        levels = np.clip(np.nan_to_num(pixels, nan=0.0), 0, 1) * 255 + 0.5
    if levels.ndim == 2:
        levels = np.stack([levels] * 3, axis=-1)
    return np.ascontiguousarray(levels, np.uint8)


def read_luma(source: Image | PixelReader, box: PixelBox) -> ImageU8:
    """Read a box of a picture as uint8 luma ``(h, w)``: its own plane's, or of RGB by BT.601.

    Parameters
    ----------
    source
        A picture, or a reader of one.
    box
        ``(x0, y0, x1, y1)``, ints inside the picture.

    Examples
    --------
    >>> import numpy as np
    >>> read_luma(np.full((4, 4, 3), 200, np.uint8), (0, 0, 2, 1)).tolist()
    [[200, 200]]
    """
    reader = PixelReader.of(source)
    if reader.luma is not None:
        return reader.luma(box)
    pixels = reader.read(box)
    if pixels.ndim == 2 and pixels.dtype == np.uint8:
        return pixels.view(np.uint8)
    red, green, blue = np.moveaxis(as_rgb(pixels).astype(np.uint16), 2, 0)
    return ((77 * red + 150 * green + 29 * blue + 128) >> 8).astype(np.uint8)


def _padded(
    small: ImageU8, window: PixelBox, bounds: NDArray[np.float64], factor: int, fill: int | None
) -> tuple[ImageU8, NDArray[np.int64]]:
    """Continue the window to where the crop reaches outside the picture; says by how much."""
    # Two more pixels than needed, for the bilinear neighbours.
    before = np.ceil((np.array(window[:2]) - bounds[:2]) / factor).astype(np.int64) + 2
    wanted = np.ceil((bounds[2:] - np.array(window[:2])) / factor).astype(np.int64) + 2
    after = wanted - (small.shape[1], small.shape[0])
    before, after = np.maximum(before, 0), np.maximum(after, 0)
    if not before.any() and not after.any():
        return small, before
    widths = ((before[1], after[1]), (before[0], after[0]), (0, 0))
    if fill is None:
        return np.pad(small, widths, mode="edge"), before
    return np.pad(small, widths, constant_values=fill), before
