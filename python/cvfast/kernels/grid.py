"""Pictures seen through a bent grid: small warps that a few nodes describe."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import LONGEST_SIDE, real_array
from cvfast.typing import ImageF32, ImageU8

__all__ = ["sample_grid"]

MOST_CHANNELS = 8
MOST_CELLS = 1024
MOST_FINER = 16


def sample_grid(
    image: ImageU8,
    nodes: NDArray[Any],
    matrix: ArrayLike,
    size: tuple[int, int],
    *,
    colors: int | None = None,
    finer: int = 1,
    threads: int | None = None,
) -> ImageF32:
    """Return a picture as it is seen through a grid, whose nodes say which place stands there.

    Parameters
    ----------
    image
        ``(h, w, 1 to 8)`` uint8.
    nodes
        ``(cells + 1, cells + 1, 2)``: x, y in the image, whose pixels' middles lie at whole
        numbers. Between nodes it is bilinear.
    matrix
        ``(2, 3)`` from points of the result, counted from the corner of its first pixel, to the
        grid, counted in cells from its first node.
    size
        Width and height of the result.
    colors
        So many channels are continued beyond the grid's border; the others are 0 there. None: all.
    finer
        Each pixel is the mean of so many bilinear samples a side.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Returns
    -------
    numpy.ndarray
        ``(height, width, channels)`` float32 in levels of the image: the same for every instruction
        set and number of threads.

    Raises
    ------
    TypeError, ValueError
        Other dtypes or shapes, or values out of range or not finite.

    Examples
    --------
    >>> image = np.array([[[0], [100]], [[0], [100]]], np.uint8)
    >>> nodes = [[[-0.5, -0.5], [1.5, -0.5]], [[-0.5, 1.5], [1.5, 1.5]]]
    >>> sample_grid(image, np.array(nodes), [[0.25, 0, 0], [0, 0.5, 0]], (4, 1))[0, :, 0].tolist()
    [0.0, 25.0, 75.0, 100.0]
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"image: expected a uint8 array, got {kind}")
    if image.ndim != 3 or not 1 <= image.shape[2] <= MOST_CHANNELS or image.size == 0:
        raise ValueError(
            f"image: expected shape (h, w, 1 to {MOST_CHANNELS}), not empty, got {image.shape}"
        )
    grid = np.ascontiguousarray(nodes, np.float32)
    if grid.ndim != 3 or grid.shape[0] != grid.shape[1] or grid.shape[2] != 2:
        raise ValueError(f"nodes: expected shape (n, n, 2), got {grid.shape}")
    if not 2 <= len(grid) <= MOST_CELLS + 1:
        raise ValueError(f"nodes: expected 2 to {MOST_CELLS + 1} a side, got {len(grid)}")
    to_grid = real_array("matrix", matrix, (2, 3), "shape (2, 3)")
    colors = image.shape[2] if colors is None else colors
    if not 0 <= colors <= image.shape[2]:
        raise ValueError(f"colors: expected 0 to {image.shape[2]}, got {colors}")
    if not 1 <= finer <= MOST_FINER:
        raise ValueError(f"finer: expected 1 to {MOST_FINER}, got {finer}")
    width, height = size
    if max(*image.shape[:2], width, height) > LONGEST_SIDE or min(width, height) < 1:
        raise ValueError(f"size: expected sides of 1 to {LONGEST_SIDE} pixels, got {size}")
    out = np.empty((height, width, image.shape[2]), np.float32)
    texture = np.ascontiguousarray(image)
    _core.sample_grid(texture, grid, to_grid, colors, finer, out, thread_count(threads))
    return out
