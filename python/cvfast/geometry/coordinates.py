"""Coordinate rules and the converters between them.

The point (0, 0) is the centre of the first pixel, so a picture of width W spans x from -0.5 to
W - 0.5. A box ``x0, y0, x1, y1`` counts the pixels x0 <= x < x1. Angles are radians; a positive
angle turns the picture clockwise as seen. Models speak of *fractions*: 0 and 1 are the outer edges
of the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ArrayLike

__all__ = ["fractions_to_points", "points_to_fractions", "rotate_points"]


def fractions_to_points(fractions: ArrayLike, size: tuple[float, float]) -> NDArray[np.float64]:
    """Fractions of a picture's width and height to pixel coordinates.

    Parameters
    ----------
    fractions
        ``(..., 2)``; 0 is the left or upper edge, 1 the right or lower one.
    size
        Width and height in pixels.

    Examples
    --------
    >>> fractions_to_points([[0.0, 0.5]], (8, 4)).tolist()
    [[-0.5, 1.5]]
    """
    return np.asarray(fractions, np.float64) * np.asarray(size, np.float64) - 0.5


def points_to_fractions(points: ArrayLike, size: tuple[float, float]) -> NDArray[np.float64]:
    """Pixel coordinates to fractions of a picture's width and height.

    The inverse of `fractions_to_points`.

    Examples
    --------
    >>> points_to_fractions([[-0.5, 1.5]], (8, 4)).tolist()
    [[0.0, 0.5]]
    """
    return (np.asarray(points, np.float64) + 0.5) / np.asarray(size, np.float64)


def rotate_points(
    points: ArrayLike, size: tuple[int, int], quarter_turns: int
) -> NDArray[np.float64]:
    """Where points land when their picture is turned by quarter turns.

    Parameters
    ----------
    points
        ``(..., 2)`` or ``(..., 3)`` in pixels; a third coordinate (depth) is kept.
    size
        Width and height of the picture *before* turning.
    quarter_turns
        Number of quarter turns, clockwise as seen; negative ones turn back. To undo a turn pass
        the turned picture's size and ``-quarter_turns``.

    Raises
    ------
    ValueError
        ``points`` does not end in an axis of 2 or 3.

    Examples
    --------
    The upper left pixel of an 8 x 4 picture goes to the upper right of the 4 x 8 one:

    >>> rotate_points([[0, 0]], (8, 4), 1).tolist()
    [[3.0, 0.0]]
    >>> rotate_points([[3, 0]], (4, 8), -1).tolist()
    [[0.0, 0.0]]
    """
    turned = np.array(points, np.float64)
    if turned.ndim == 0 or turned.shape[-1] not in (2, 3):
        raise ValueError(f"points: expected shape (..., 2) or (..., 3), got {turned.shape}")
    width, height = size
    x, y = turned[..., 0].copy(), turned[..., 1].copy()
    match quarter_turns % 4:
        case 1:
            x, y = height - 1 - y, x
        case 2:
            x, y = width - 1 - x, height - 1 - y
        case 3:
            x, y = y, width - 1 - x
    turned[..., 0], turned[..., 1] = x, y
    return turned
