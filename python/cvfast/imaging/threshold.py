"""Otsu's threshold: black and white from grey."""

from __future__ import annotations

import numpy as np

from cvfast.typing import ImageU8

__all__ = ["otsu"]


def otsu(grey: ImageU8) -> int:
    """Return the grey level that best parts dark from light pixels.

    Of all levels it is the one for which the two classes, up to it and above it, lie furthest
    apart: the largest variance between them, weighted by their sizes. Ties: the lowest.

    Parameters
    ----------
    grey
        uint8, of any shape, with a pixel at least.

    Returns
    -------
    int
        White is what is above it. Where all pixels are one grey, that.

    Raises
    ------
    TypeError, ValueError
        Not uint8; no pixel.

    Notes
    -----
    Otsu, "A Threshold Selection Method from Gray-Level Histograms", 1979.

    Examples
    --------
    >>> import numpy as np
    >>> otsu(np.array([10, 12, 200, 210], np.uint8))
    12
    """
    if not isinstance(grey, np.ndarray) or grey.dtype != np.uint8:
        raise TypeError("grey: expected a NumPy array of uint8")
    if not grey.size:
        raise ValueError("grey: expected a pixel at least, got an empty picture")
    levels = np.arange(int(grey.min()), int(grey.max()) + 1)
    counts = np.bincount(grey.reshape(-1), minlength=256)[levels].astype(np.float64)
    if len(levels) == 1:
        return int(levels[0])
    below, sum_below = np.cumsum(counts), np.cumsum(counts * levels)
    above, sum_above = below[-1] - below, sum_below[-1] - sum_below
    means_apart = sum_below[:-1] / below[:-1] - sum_above[:-1] / above[:-1]
    return int(levels[np.argmax(below[:-1] * above[:-1] * means_apart**2)])
