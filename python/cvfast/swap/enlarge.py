"""Small square pictures enlarged by whole factors, smoothly: what a network gave, before it is cut.

Catmull and Rom's cubic, as two products with a fixed matrix (its rows sum to 1).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageF32

__all__ = ["enlarge", "weights"]


def enlarge(picture: ImageF32, factor: int) -> ImageF32:
    """Enlarge a square picture.

    Parameters
    ----------
    picture
        ``(n, n)`` or ``(n, n, C)`` float32. Pixels are squares: what an enlarged picture shows
        does not shift.
    factor
        How many times as many pixels a side, 1 or more.

    Returns
    -------
    ``(factor n, factor n[, C])`` float32; a little over and under the range beside edges.

    Examples
    --------
    >>> enlarge(np.ones((4, 4), np.float32), 2).shape
    (8, 8)
    """
    if factor == 1:
        return np.ascontiguousarray(picture, np.float32)
    size = picture.shape[0]
    matrix = weights(size, factor)
    rows: ImageF32 = matrix @ picture.reshape(size, -1)
    large = size * factor
    if picture.ndim == 2:
        done: ImageF32 = rows @ matrix.T
        return done
    across = matrix @ rows.reshape(large, size, picture.shape[2])
    return np.ascontiguousarray(across)


@lru_cache(maxsize=8)
def weights(size: int, factor: int) -> NDArray[np.float32]:
    """Return the ``(factor size, size)`` float32 weights; the border is continued."""
    place = (np.arange(size * factor) + 0.5) / factor - 0.5
    first = np.floor(place).astype(int)
    matrix = np.zeros((size * factor, size))
    for offset in range(-1, 3):
        distance = np.abs(place - (first + offset))
        near = 1.5 * distance**3 - 2.5 * distance**2 + 1
        far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        share = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
        np.add.at(matrix, (np.arange(len(place)), np.clip(first + offset, 0, size - 1)), share)
    matrix32 = matrix.astype(np.float32)
    matrix32.flags.writeable = False
    return matrix32
