"""Colour tags of a video frame, and the matrices between YCbCr and RGB that follow from them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError

__all__ = ["ColorTags", "rgb_from_ycc", "ycc_from_rgb"]

# Red's and blue's share of luma by matrix code (ITU-T H.273, table 4); green has the rest.
_LUMA_SHARES = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
}
_UNSPECIFIED = 2
_FULL_RANGE = 2


@dataclass(frozen=True, slots=True)
class ColorTags:
    """How the numbers in the planes stand for colours, as tagged in the file.

    Attributes
    ----------
    matrix, primaries, transfer
        Code points of ITU-T H.273 (1 is BT.709, 2 unspecified, 6 BT.601, 9 BT.2020).
    range
        0 unspecified (read as limited), 1 limited (16 to 235), 2 full (0 to 255).

    Examples
    --------
    >>> ColorTags(matrix=1, range=2).full_range
    True
    """

    matrix: int = _UNSPECIFIED
    range: int = 0
    primaries: int = _UNSPECIFIED
    transfer: int = _UNSPECIFIED

    @property
    def full_range(self) -> bool:
        """Whether black is 0 and white the largest number (as in JPEG)."""
        return self.range == _FULL_RANGE

    def luma_shares(self, height: int) -> tuple[float, float]:
        """Red's and blue's share of luma.

        A clip without a tag is read as players do: BT.709 from 720 lines on, else BT.601.

        Raises
        ------
        MediaError
            If the matrix is not one of BT.601, BT.709, BT.2020, FCC, SMPTE 240M.
        """
        matrix = self.matrix
        if matrix in (_UNSPECIFIED, 3):
            matrix = 1 if height >= 720 else 6
        if matrix not in _LUMA_SHARES:
            raise MediaError(
                f"colour matrix: expected one of {sorted(_LUMA_SHARES)} (ITU-T H.273), "
                f"got {self.matrix}; convert the clip to BT.709 first"
            )
        return _LUMA_SHARES[matrix]


def ycc_from_rgb(
    tags: ColorTags, height: int, bits: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix (3, 3) and offset (3,) from RGB in 0 to 255 to the planes' Y, Cb, Cr."""
    red, blue = tags.luma_shares(height)
    luma = np.array([red, 1.0 - red - blue, blue])
    scale = 2.0 ** (bits - 8)
    if tags.full_range:
        top = (2.0**bits - 1.0) / 255.0
        luma_gain, chroma_gain, black = top, top, 0.0
    else:
        luma_gain, chroma_gain, black = 219.0 / 255.0 * scale, 224.0 / 255.0 * scale, 16.0 * scale
    identity = np.eye(3)
    matrix = np.stack(
        [
            luma * luma_gain,
            (identity[2] - luma) / (2.0 * (1.0 - blue)) * chroma_gain,
            (identity[0] - luma) / (2.0 * (1.0 - red)) * chroma_gain,
        ]
    )
    return matrix, np.array([black, 128.0 * scale, 128.0 * scale])


@functools.lru_cache(maxsize=64)
def rgb_from_ycc(
    tags: ColorTags, height: int, bits: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix (3, 3) and offset (3,) from Y, Cb, Cr to RGB: rgb = matrix @ (ycc - offset).

    Kept, since every frame of a clip asks for the same: the arrays are read-only.
    """
    matrix, offset = ycc_from_rgb(tags, height, bits)
    inverse = np.linalg.inv(matrix).astype(np.float64)
    inverse.flags.writeable = offset.flags.writeable = False
    return inverse, offset
