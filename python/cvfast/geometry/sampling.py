"""Reading small upright pictures out of rotated rectangles of a large one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.boxes import RotatedBox
from cvfast.kernels.crop import Affine, CropSource, SampleGrid, is_packed
from cvfast.typing import Image, ImageF32, ImageU8

__all__ = [
    "PixelBox",
    "PixelReader",
    "as_rgb",
    "luma_of",
    "read_crop",
    "read_input",
    "read_luma",
    "read_whole",
]

PixelBox: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class PixelReader:
    """Where pixels come from: an array, or a video frame's own samples.

    Parameters
    ----------
    size
        Width and height of the picture.
    source
        Its samples; None if it has none.
    luma
        Called with a box ``(x0, y0, x1, y1)`` of ints inside the picture; returns its luma, uint8
        ``(h, w)``, perhaps as a view that changes later.

    Examples
    --------
    >>> import numpy as np
    >>> reader = PixelReader.of(np.zeros((4, 8, 3), np.uint8))
    >>> reader.size
    (8, 4)
    """

    size: tuple[int, int]
    source: CropSource | None
    luma: Callable[[PixelBox], ImageU8]

    @classmethod
    def of(cls, image: Image | PixelReader) -> PixelReader:
        """Wrap a picture, checked; a reader is returned as it is.

        Rows may be strided. A picture whose pixels are not packed within each row is copied.

        Raises
        ------
        TypeError
            Not an array, or neither uint8 nor float32.
        ValueError
            Not H x W or H x W x 3, or a side over 65,535.
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

        def luma(box: PixelBox) -> ImageU8:
            return luma_of(image[box[1] : box[3], box[0] : box[2]])

        if not image.size:
            return cls((width, height), None, luma)
        pixels = image if is_packed(image) else np.ascontiguousarray(image)
        return cls((width, height), CropSource((width, height), [SampleGrid((pixels,))]), luma)


def read_crop(
    source: Image | PixelReader, box: RotatedBox, size: tuple[int, int], *, fill: int | None = None
) -> ImageU8:
    """Read a rotated rectangle as an upright picture of the wanted size.

    Where it shrinks the picture, it averages blocks of pixels, so that large faces do not alias.

    Parameters
    ----------
    source
        A picture, or a reader of one.
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
    matrix = _matrix(box, size)
    out = np.empty((size[1], size[0], 3), np.uint8)
    return _samples(source).read(matrix, out, fill=fill, threads=1)


def read_whole(source: Image | PixelReader, most_pixels: int) -> ImageU8:
    """Read the whole picture, averaged down evenly to at most about so many pixels.

    Parameters
    ----------
    source
        A picture, or a reader of one, with a pixel at least.
    most_pixels
        Pictures with fewer keep their size.

    Returns
    -------
    numpy.ndarray
        uint8 RGB, ``(height, width, 3)``.

    Raises
    ------
    ValueError
        The picture has no pixels.

    Examples
    --------
    >>> import numpy as np
    >>> read_whole(np.zeros((30, 40, 3), np.uint8), 300).shape
    (15, 20, 3)
    """
    reader = source if isinstance(source, PixelReader) else PixelReader.of(source)
    width, height = reader.size
    shrink = max(1.0, (width * height / most_pixels) ** 0.5)
    size = max(1, round(width / shrink)), max(1, round(height / shrink))
    return read_crop(reader, RotatedBox.from_box((0, 0, width, height)), size)


def read_input(
    source: Image | PixelReader,
    box: RotatedBox,
    out: ImageF32,
    *,
    levels: tuple[float, float] = (0.0, 1.0),
    fill: int | None = None,
    mirrored: bool = False,
) -> None:
    """Read a rotated rectangle straight into a model's input.

    Parameters
    ----------
    source, box, fill
        As for `read_crop`.
    out
        Float32 array ``(1, height, width, 3)`` to write to.
    levels
        What black and white are to the model.
    mirrored
        Swap left and right.

    Raises
    ------
    ValueError
        As for `read_crop`.

    Examples
    --------
    >>> import numpy as np
    >>> white, seen = np.full((9, 9), 255, np.uint8), np.empty((1, 2, 2, 3), np.float32)
    >>> read_input(white, RotatedBox(4, 4, 5, 5, 0.3), seen, levels=(-1, 1))
    >>> seen[0, 0, 0].tolist()
    [1.0, 1.0, 1.0]
    """
    matrix = _matrix(box, (out.shape[2], out.shape[1]), mirrored=mirrored)
    _samples(source).read(matrix, out[0], fill=fill, levels=levels, threads=1)


def _samples(source: Image | PixelReader) -> CropSource:
    reader = PixelReader.of(source)
    if reader.source is None:
        raise ValueError(f"source: expected at least one pixel, got {reader.size}")
    return reader.source


def _matrix(box: RotatedBox, size: tuple[int, int], *, mirrored: bool = False) -> Affine:
    """From pixels of a crop to points of the picture."""
    across, down = box.width / size[0], box.height / size[1]
    if not (min(across, down) > 0 and math.isfinite(across + down + box.x + box.y + box.angle)):
        raise ValueError(f"box: expected finite numbers and sides above 0, got {box}")
    cos, sin = math.cos(box.angle), math.sin(box.angle)
    a, d = (-cos * across, -sin * across) if mirrored else (cos * across, sin * across)
    b, e = -sin * down, cos * down
    i, j = (size[0] - 1) / 2, (size[1] - 1) / 2
    return a, b, box.x - a * i - b * j, d, e, box.y - d * i - e * j


def as_rgb(pixels: Image) -> ImageU8:
    """Contiguous uint8 RGB of a grey or RGB, uint8 or float32 picture."""
    levels: NDArray[Any] = pixels
    if pixels.dtype != np.uint8:
        # NaN, which has no byte, counts as black.
        levels = np.clip(np.nan_to_num(pixels, nan=0.0), 0, 1) * 255 + 0.5
    if levels.ndim == 2:
        levels = np.stack([levels] * 3, axis=-1)
    return np.ascontiguousarray(levels, np.uint8)


def luma_of(pixels: Image) -> ImageU8:
    """Return luma, uint8 ``(h, w)``, of a grey or RGB, uint8 or float32 picture, by BT.601."""
    if pixels.ndim == 2 and pixels.dtype == np.uint8:
        return pixels.view(np.uint8)
    red, green, blue = np.moveaxis(as_rgb(pixels).astype(np.uint16), 2, 0)
    luma: ImageU8 = ((77 * red + 150 * green + 29 * blue + 128) >> 8).astype(np.uint8)
    return luma


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
    return PixelReader.of(source).luma(box)
