"""Edge-preserving smoothing of a plane, in place, under a soft mask."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import check_image
from cvfast.typing import Image, ImageF32

__all__ = ["cell_grid", "cell_means", "smooth"]

Cell = tuple[int, int]


def smooth(
    plane: Image,
    weights: ImageF32,
    *,
    cell: Cell,
    radius: int,
    epsilon: float,
    strength: float = 1.0,
    texture: float = 0.0,
    threads: int | None = None,
) -> None:
    """Smooth a plane in place where weights are over 0: flats become flat, edges stay.

    A self-guided filter (He, Sun, Tang, *Guided Image Filtering*, 2013) on the means of cells: in
    each window of cells, samples x become a x + (1 - a) m, with the window's weighted mean m, its
    weighted variance v and a = v / (v + epsilon); each cell takes the mean of its neighbours' maps,
    and samples between cells the bilinear mixture. Nothing without weight enters a mean. What is
    finer than a cell stays by the share `texture` where a is small.

    Parameters
    ----------
    plane
        (h, w) uint8 or float32, changed in place; rows may be strided.
    weights
        (ceil(h / cell height), ceil(w / cell width)) float32 in [0, 1]: how much a cell counts and
        how far it is smoothed.
    cell
        Width and height of a cell in samples, 1 to 256.
    radius
        A window is 2 radius + 1 cells wide and high; 1 to 64.
    epsilon
        Variance, in squared levels of the plane, that is half kept.
    strength, texture
        In [0, 1].
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Raises
    ------
    TypeError, ValueError
        Wrong dtype, shape or layout, a plane that is read-only, or values out of range.

    Examples
    --------
    >>> import numpy as np
    >>> plane = np.array([[10, 12, 10, 12], [12, 10, 12, 10]], np.uint8)
    >>> smooth(plane, np.ones((2, 4), np.float32), cell=(1, 1), radius=3, epsilon=1e6)
    >>> plane
    array([[11, 11, 11, 11],
           [11, 11, 11, 11]], dtype=uint8)
    """
    _check_plane(plane)
    if not plane.flags.writeable:
        raise ValueError("plane: expected a writable array, got a read-only one")
    grid = cell_grid(plane.shape[1], plane.shape[0], cell)
    if not isinstance(weights, np.ndarray) or weights.dtype != np.float32:
        kind = getattr(weights, "dtype", type(weights).__name__)
        raise TypeError(f"weights: expected a float32 array, got {kind}")
    if weights.shape != grid:
        raise ValueError(f"weights: expected shape {grid}, one a cell, got {weights.shape}")
    _core.smooth(
        plane,
        np.ascontiguousarray(weights),
        *cell,
        radius,
        epsilon,
        strength,
        texture,
        thread_count(threads),
    )


def cell_means(plane: Image, cell: Cell) -> ImageF32:
    """Return the mean of each cell of a plane; the last of a row or column may be smaller.

    Parameters
    ----------
    plane
        (h, w) uint8 or float32; rows may be strided.
    cell
        Width and height of a cell in samples, 1 to 256.

    Returns
    -------
    (ceil(h / cell height), ceil(w / cell width)) float32.

    Raises
    ------
    TypeError, ValueError
        Wrong dtype, shape or layout, or a cell out of range.

    Examples
    --------
    >>> import numpy as np
    >>> cell_means(np.array([[1, 3, 9]], np.uint8), (2, 2)).tolist()
    [[2.0, 9.0]]
    """
    _check_plane(plane)
    means: NDArray[np.float32] = np.empty(
        cell_grid(plane.shape[1], plane.shape[0], cell), np.float32
    )
    _core.cell_means(plane, *cell, means)
    return means


def cell_grid(width: int, height: int, cell: Cell) -> tuple[int, int]:
    """Return rows and columns of cells that cover a plane."""
    across, down = cell
    if across < 1 or down < 1:
        raise ValueError(f"cell: expected sides of 1 to 256 samples, got {cell}")
    return -(-height // down), -(-width // across)


def _check_plane(plane: Any) -> None:
    check_image("plane", plane)
    if plane.ndim != 2:
        raise ValueError(f"plane: expected shape (height, width), got {plane.shape}")
