"""The integral image: the sum of any rectangle from four of its values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageU8

__all__ = ["integral_image", "rectangle_sum"]


def integral_image(grey: ImageU8) -> NDArray[np.int64]:
    """Return for every corner between pixels the sum of all pixels above and left of it.

    Parameters
    ----------
    grey
        (height, width) uint8.

    Returns
    -------
    numpy.ndarray
        (height + 1, width + 1) int64; its first row and column are 0, its last value is the sum
        of the picture.

    Raises
    ------
    ValueError
        Not two-dimensional.

    Notes
    -----
    Crow, "Summed-Area Tables for Texture Mapping", 1984; Viola and Jones, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> integral_image(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[0, 0, 0], [0, 1, 3], [0, 4, 10]]
    """
    if grey.ndim != 2:
        raise ValueError(f"grey: expected shape (height, width), got {grey.shape}")
    sums = np.zeros((grey.shape[0] + 1, grey.shape[1] + 1), np.int64)
    sums[1:, 1:] = grey.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    return sums


def rectangle_sum(sums: NDArray[np.int64], box: tuple[int, int, int, int]) -> int:
    """Return the sum of the pixels x0 <= x < x1, y0 <= y < y1: D - B - C + A.

    Parameters
    ----------
    sums
        What `integral_image` returned.
    box
        ``x0, y0, x1, y1`` inside the picture.

    Raises
    ------
    ValueError
        The box reaches outside, or ends before it begins.

    Examples
    --------
    >>> import numpy as np
    >>> rectangle_sum(integral_image(np.array([[1, 2], [3, 4]], np.uint8)), (1, 0, 2, 2))
    6
    """
    x0, y0, x1, y1 = box
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    if not (0 <= x0 <= x1 <= width and 0 <= y0 <= y1 <= height):
        raise ValueError(f"box: expected one inside {width} x {height} pixels, got {box}")
    return int(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])
