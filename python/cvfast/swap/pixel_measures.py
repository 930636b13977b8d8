"""What the pixels of a face picture say; one picture is in memory at a time."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, MediaError, NothingFoundError
from cvfast.swap.face_file import read_record
from cvfast.swap.face_table import FaceTable
from cvfast.swap.hull import hull_mask
from cvfast.swap.sharpness import cpbd, laplacian_variance
from cvfast.typing import ImageF32, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["BINS", "FacePixels", "measured", "read_pixels"]

BINS = 256
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class FacePixels:
    """A face picture's pixels, and where its face is.

    Parameters
    ----------
    pixels
        ``(h, w, 3)`` uint8 RGB.
    landmarks
        ``(68, 2)`` in its pixels.
    path
        Its file.
    """

    pixels: ImageU8
    landmarks: NDArray[np.float64]
    path: Path

    @cached_property
    def grey(self) -> ImageU8:
        """``(h, w)`` uint8."""
        import cv2

        grey: ImageU8 = np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        return grey

    @cached_property
    def hull(self) -> NDArray[np.bool_]:
        """``(h, w)`` what lies inside the landmarks, brows and all below."""
        height, width = self.grey.shape
        points = np.clip(self.landmarks, -1e4, 1e4)  # they may lie anywhere
        mask = hull_mask(points, max(height, width), eyebrows=0.0)
        return np.asarray(mask[:height, :width] > 0.5, np.bool_)

    @cached_property
    def mask(self) -> ImageF32 | None:
        """``(h, w)`` float32 in [0, 1] of the mask in the record; None if it has none."""
        import cv2

        record = read_record(self.path)
        if record is None or record.mask is None:
            return None
        height, width = self.grey.shape
        mask = cv2.resize(record.mask, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(mask, np.float32) / np.float32(255)

    def sharpness(self) -> float:
        """`cvfast.swap.sharpness.cpbd` of the face, and up to 0.01 for its fine detail.

        CPBD is 0 for all faces whose every edge is seen to be blurred; the detail orders these.
        """
        detail = self.detail()
        return cpbd(self.grey, self.hull) + 0.01 * detail / (detail + 100)

    def detail(self) -> float:
        """`cvfast.swap.sharpness.laplacian_variance` of the face."""
        return laplacian_variance(self.grey, self.hull)

    def brightness(self) -> float:
        """Mean of the largest channel (V of HSV), 0 to 1."""
        return float(self.pixels.max(axis=2).mean()) / 255

    def hue(self) -> float:
        """Hue of the mean chroma, in (-0.5, 0.5] turns: 0 is red, 1/6 yellow, -1/6 magenta.

        Hues lie on a circle; a mean of angles would call two reds, one a little yellow and one a
        little blue, cyan.
        """
        red, green, blue = self.pixels.reshape(-1, 3).mean(axis=0) / 255
        hue = colorsys.rgb_to_hsv(red, green, blue)[0]
        return hue - 1 if hue > 0.5 else hue

    def black(self) -> int:
        """How many values are 0."""
        return int(self.pixels.size - np.count_nonzero(self.pixels))

    def colour_histogram(self) -> NDArray[np.float32]:
        """Square roots of the shares of each channel's levels, ``(3, 256)``."""
        counts = [np.bincount(self.pixels[..., c].ravel(), minlength=BINS) for c in range(3)]
        return np.sqrt(np.array(counts) / self.grey.size).astype(np.float32)

    def grey_histogram(self) -> NDArray[np.float32]:
        """Square roots of the shares of the face's grey levels, ``(256,)``."""
        inside = self.grey[self.hull]
        counts = np.bincount(inside, minlength=BINS)
        return np.sqrt(counts / max(len(inside), 1)).astype(np.float32)

    def small(self, side: int) -> ImageU8:
        """Return the picture at ``(side, side, 3)``, averaged."""
        import cv2

        size = (side, side)
        little: ImageU8 = np.asarray(
            cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA), np.uint8
        )
        return little


def read_pixels(path: PathLike) -> ImageU8:
    """Read a face picture's pixels, ``(h, w, 3)`` uint8 RGB.

    Raises
    ------
    MediaError, LimitError
        As for `cvfast.io.images.read_image`.
    """
    from cvfast.io.image_reader import read_image

    pixels = read_image(path).pixels
    if pixels.dtype != np.uint8:
        raise MediaError(f"{path}: expected a face picture of 8 bits a channel, got 16")
    return np.ascontiguousarray(pixels, np.uint8)


def measured(
    table: FaceTable,
    measure: Callable[[FacePixels], Value],
    progress: Progress | None = None,
) -> tuple[FaceTable, list[Value]]:
    """Measure each face's pixels.

    Returns
    -------
    table, values
        The faces whose pixels can be read, and a value of each; those that cannot are among the
        table's skipped.

    Raises
    ------
    NothingFoundError
        No face's pixels can be read.
    """
    values: list[Value] = []
    read: list[int] = []
    failed: list[tuple[Path, str]] = []
    for number, path in enumerate(table.paths):
        try:
            face = FacePixels(read_pixels(path), table.landmarks[number], path)
            values.append(measure(face))
            read.append(number)
        except (MediaError, LimitError, OSError) as error:
            failed.append((path, str(error)))
        if progress is not None:
            progress(number + 1, len(table))
    if not read:
        raise NothingFoundError(f"no face picture can be read; the first: {failed[0][1]}")
    return (table.take(read, tuple(failed)) if failed else table), values
