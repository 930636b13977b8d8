"""Names for the arrays that flow through cvfast; shapes are stated in each docstring.

A picture is RGB, ``H x W x C`` or ``H x W``, uint8 or float32 in [0, 1]; rows may be strided. The
point (0, 0) is the centre of the first pixel; a box ``x0, y0, x1, y1`` counts pixels x0 <= x < x1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ArrayLike",
    "Boxes",
    "Image",
    "ImageF32",
    "ImageU8",
    "Indices",
    "Path",
    "Points",
    "Progress",
]

ImageU8: TypeAlias = NDArray[np.uint8]
ImageF32: TypeAlias = NDArray[np.float32]
Image: TypeAlias = ImageU8 | ImageF32
Points: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
Boxes: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
Path: TypeAlias = str | os.PathLike[str]
# Called with (done, total); total is None where the length is not known beforehand.
Progress: TypeAlias = Callable[[int, int | None], None]
