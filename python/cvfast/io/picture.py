"""`Picture`: pixels together with all that a file said about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import Image

__all__ = ["Picture"]


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """A decoded picture and what is needed to write it back as it came.

    Parameters
    ----------
    pixels : ndarray
        RGB, ``H x W x 3``, upright. uint8, or float32 in [0, 1] if the file has 16 bits a channel.
        Greyscale has three equal channels.
    alpha : ndarray or None
        Opacity, ``H x W``, of the same dtype; None if the file has none.
    grey : bool
        The file is greyscale. It is written so again if its three channels are still equal.
    depth : int
        Bits a channel of the file, 8 or 16.
    format : str
        ``JPEG``, ``PNG``, ``WEBP``, ``TIFF``, ``BMP``, ``HEIF`` or ``AVIF``.
    mode : str
        How the file stores colour, in Pillow's words (``RGB``, ``P``, ``CMYK``, ...).
    lossless : bool
        The file keeps pixels exactly.
    icc, exif, xmp : bytes or None
        Colour profile, EXIF (a TIFF structure; orientation reset, thumbnail removed) and XMP
        packet.
    dpi : tuple of float or None
        Resolution in pixels per inch, horizontal and vertical.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.io.images import Picture
    >>> Picture(np.zeros((2, 3, 3), np.uint8))
    Picture(3 x 2, uint8, PNG)
    """

    pixels: Image
    alpha: Image | None = None
    grey: bool = False
    depth: int = 8
    format: str = "PNG"
    mode: str = "RGB"
    lossless: bool = True
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        facts = [f"{width} x {height}", str(self.pixels.dtype), self.format]
        facts += ["grey"] * self.grey + ["alpha"] * (self.alpha is not None)
        return f"Picture({', '.join(facts)})"


def to_float(samples: NDArray[np.generic]) -> Image:
    """Bring 16-bit samples to float32 in [0, 1]; `to_uint16` brings every one of them back."""
    return samples.astype(np.float32) / np.float32(65535)


def to_uint16(values: Image) -> NDArray[np.uint16]:
    """Bring uint8, or float32 in [0, 1], to 16 bits."""
    if values.dtype == np.uint8:
        return values.astype(np.uint16) * np.uint16(257)
    scaled: NDArray[np.float32] = np.clip(values, 0, 1, dtype=np.float32) * np.float32(65535)
    return np.rint(scaled).astype(np.uint16)


def to_uint8(values: Image) -> NDArray[np.uint8]:
    """Bring float32 in [0, 1] to 8 bits; uint8 stays."""
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    scaled: NDArray[np.float32] = np.clip(values, 0, 1, dtype=np.float32) * np.float32(255)
    return np.rint(scaled).astype(np.uint8)
