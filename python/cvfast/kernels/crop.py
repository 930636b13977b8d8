"""Rotated regions of a picture, read as small upright RGB ones from its own samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import LONGEST_SIDE
from cvfast.typing import Image

__all__ = ["UNMOVED", "Affine", "CropSource", "SampleGrid"]

Affine: TypeAlias = tuple[float, float, float, float, float, float]
UNMOVED: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_UINT8, _UINT16, _FLOAT32 = (np.dtype(name) for name in ("uint8", "uint16", "float32"))
_ImageT = TypeVar("_ImageT", bound=Image)


@dataclass(frozen=True, eq=False, slots=True)
class SampleGrid:
    """Samples that lie on one grid.

    Parameters
    ----------
    arrays
        One array, ``(h, w)`` or ``(h, w, 1 to 3)``, or two ``(h, w)``: uint8, uint16 or float32,
        packed within each row.
    place
        ``(a, b, c, d, e, f)``: the picture's point (x, y) is sample (a x + b y + c, d x + e y + f).

    Raises
    ------
    TypeError, ValueError
        Another dtype, shape or layout.
    """

    arrays: tuple[NDArray[Any], ...]
    place: Affine = UNMOVED

    def __post_init__(self) -> None:
        if len(self.arrays) not in (1, 2):
            raise ValueError(f"arrays: expected one or two, got {len(self.arrays)}")
        first = self.arrays[0]
        for array in self.arrays:
            if array.dtype not in (_UINT8, _UINT16, _FLOAT32) or array.dtype != first.dtype:
                raise TypeError(f"arrays: expected uint8, uint16 or float32, got {array.dtype}")
            pair = len(self.arrays) == 2
            if array.shape != first.shape or array.ndim not in ((2,) if pair else (2, 3)):
                raise ValueError(
                    "arrays: expected one of shape (h, w) or (h, w, 1 to 3), or two (h, w), "
                    f"got {[other.shape for other in self.arrays]}"
                )
            if not (min(array.shape[:2]) > 0 and max(array.shape[:2]) <= LONGEST_SIDE):
                raise ValueError(
                    f"arrays: expected sides of 1 to {LONGEST_SIDE} samples, got {array.shape}"
                )
            if array.shape[2:] not in ((), (1,), (2,), (3,)) or not is_packed(array):
                raise ValueError(
                    "arrays: expected 1 to 3 channels, packed within each row, got shape "
                    f"{array.shape} and strides {array.strides}"
                )


class CropSource:
    """A picture to read crops from: grey, RGB, or luma and chroma on grids of their own.

    Parameters
    ----------
    size
        Width and height of the picture.
    grids
        Grey or RGB samples; or luma, then Cb and Cr. The arrays are kept, not copied.
    bits
        Depth of uint16 samples, 9 to 16; float32 ones are in [0, 1].
    to_rgb
        With chroma, and where grey is luma: the matrix ``(3, 3)`` and the offset ``(3,)`` of
        ``rgb = matrix @ (ycc - offset)``, in levels of 8 bits; as `cvfast.io.color.rgb_from_ycc`.

    Examples
    --------
    >>> import numpy as np
    >>> picture = CropSource((8, 4), [SampleGrid((np.full((4, 8), 7, np.uint8),))])
    >>> picture.read((2, 0, 0.5, 0, 2, 0.5), np.empty((2, 4, 3), np.uint8))[0, 0].tolist()
    [7, 7, 7]
    """

    def __init__(
        self,
        size: tuple[int, int],
        grids: Sequence[SampleGrid],
        *,
        bits: int = 8,
        to_rgb: tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]] | None = None,
    ) -> None:
        channels = [sum(array[0, 0].size for array in grid.arrays) for grid in grids]
        if channels not in ([1], [3], [1, 2]) or (len(grids) == 2 and to_rgb is None):
            raise ValueError(
                "grids: expected 1 or 3 channels, or with to_rgb a grid of 1 and one of 2, "
                f"got {channels}"
            )
        if not 8 <= bits <= 16:
            raise ValueError(f"bits: expected 8 to 16, got {bits}")
        self.size = size
        self._grids, self._bits, self._to_rgb = tuple(grids), bits, to_rgb
        matrix, black = to_rgb or (np.eye(3), np.zeros(3))
        self._core = _core.CropSource(
            [(list(grid.arrays), grid.place) for grid in grids],
            *size,
            bits,
            matrix.ravel().tolist(),
            black.tolist(),
        )

    def turned(self, quarter_turns: int) -> CropSource:
        """Return the picture turned clockwise by quarter turns; nothing is copied.

        Examples
        --------
        >>> import numpy as np
        >>> row = CropSource((2, 1), [SampleGrid((np.array([[1, 2]], np.uint8),))])
        >>> row.turned(1).read(UNMOVED, np.empty((2, 1, 3), np.uint8))[:, 0, 0].tolist()
        [1, 2]
        """
        turns = quarter_turns % 4
        if not turns:
            return self
        width, height = self.size if turns == 2 else self.size[::-1]
        # From a point of the turned picture to one of this.
        back: Affine = {
            1: (0.0, 1.0, 0.0, -1.0, 0.0, width - 1.0),
            2: (-1.0, 0.0, width - 1.0, 0.0, -1.0, height - 1.0),
            3: (0.0, -1.0, height - 1.0, 1.0, 0.0, 0.0),
        }[turns]
        grids = [SampleGrid(grid.arrays, _after(grid.place, back)) for grid in self._grids]
        return CropSource((width, height), grids, bits=self._bits, to_rgb=self._to_rgb)

    def read(
        self,
        matrix: Affine,
        out: _ImageT,
        *,
        fill: int | None = None,
        levels: tuple[float, float] = (0.0, 1.0),
        threads: int | None = None,
    ) -> _ImageT:
        """Read a crop: where it shrinks the picture by blocks' means, and bilinearly.

        Parameters
        ----------
        matrix
            ``(a, b, c, d, e, f)``: pixel (i, j) of the crop shows the picture's point
            (a i + b j + c, d i + e j + f); mirrored where the axes say so.
        out
            Array to write RGB to, ``(height, width, 3)``, contiguous, uint8 or float32.
        fill
            Grey level 0 to 255 outside the picture; None continues its border.
        levels
            What black and white become in a float32 crop.
        threads
            At most so many threads; None: :func:`cvfast.get_num_threads`.

        Returns
        -------
        ``out``: the same bytes for every instruction set and any threads.

        Raises
        ------
        TypeError
            ``out`` is not an array of uint8 or float32.
        ValueError
            The matrix is not finite or an axis has no length, or another argument makes no sense.
        """
        if not isinstance(out, np.ndarray) or out.dtype not in (_UINT8, _FLOAT32):
            raise TypeError("out: expected a uint8 or float32 array")
        if out.ndim != 3 or out.shape[2] != 3 or not out.flags.carray:
            raise ValueError(
                f"out: expected a contiguous, writable (height, width, 3), got {out.shape}"
            )
        if fill is not None and not 0 <= fill <= 255:
            raise ValueError(f"fill: expected None or 0 to 255, got {fill}")
        black, white = levels
        self._core.read(
            matrix,
            out,
            -1 if fill is None else fill,
            (white - black) / 255,
            black,
            thread_count(threads),
        )
        return out


def is_packed(array: NDArray[Any]) -> bool:
    """Whether pixels follow each other without gaps within each row (rows may be strided)."""
    item = array.itemsize
    channels = array.shape[2] if array.ndim == 3 else 1
    return bool(
        array.flags.aligned
        and array.strides[0] % item == 0
        and (array.shape[1] == 1 or array.strides[1] == channels * item)
        and (channels == 1 or array.strides[2] == item)
    )


def _after(outer: Affine, inner: Affine) -> Affine:
    """Return the map that applies ``inner``, then ``outer``."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (
        a * p + b * s,
        a * q + b * t,
        a * r + b * u + c,
        d * p + e * s,
        d * q + e * t,
        d * r + e * u + f,
    )
