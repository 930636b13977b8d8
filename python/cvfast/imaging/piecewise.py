"""Piecewise affine warps: each triangle of a picture moved to where it belongs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.kernels.arrays import real_array
from cvfast.kernels.raster import rasterise, sample_texture
from cvfast.typing import ImageF32, ImageU8

__all__ = ["warp_triangles"]


def warp_triangles(
    image: ImageU8,
    source: ArrayLike,
    target: ArrayLike,
    triangles: NDArray[np.integer[Any]],
    size: tuple[int, int],
    *,
    depth: ArrayLike | None = None,
    threads: int | None = None,
) -> tuple[ImageF32, NDArray[np.bool_]]:
    """Move the triangles of a picture to other places, each by its own affine map.

    Parameters
    ----------
    image
        (h, w, channels) uint8.
    source, target
        (n, 2) the corners' places in the picture, and where they are to be, in pixels.
    triangles
        (m, 3) integers: numbers of corners.
    size
        Width and height of the result.
    depth
        (n,) of the corners, smaller is nearer: which of two triangles that come to lie in one
        place is seen; the later one if None.
    threads
        At most so many; None: :func:`cvfast.get_num_threads`.

    Returns
    -------
    pixels : ndarray
        (h, w, channels) float32 in levels, bilinear; 0 outside the triangles. Places outside of
        the picture get its edge. Shrink much and it aliases: read a smaller crop first.
    inside : ndarray
        (h, w) bool: where there is a triangle.

    Raises
    ------
    TypeError, ValueError
        As for `cvfast.kernels.raster.rasterise`.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    >>> corners = [[0, 0], [3, 0], [3, 3], [0, 3]]
    >>> mirrored = [[3, 0], [0, 0], [0, 3], [3, 3]]
    >>> halves = np.array([[0, 1, 2], [0, 2, 3]])
    >>> moved, inside = warp_triangles(image, corners, mirrored, halves, (5, 4))
    >>> moved[0, :3, 0].tolist()
    [3.0, 2.0, 1.0]
    >>> inside[0].tolist()
    [True, True, True, False, False]
    """
    corners = real_array("source", source, (None, 2), "an array (n, 2) of x, y")
    places = real_array("target", target, (len(corners), 2), "an array (n, 2) of x, y")
    far = np.zeros(len(places)) if depth is None else np.asarray(depth, np.float64)
    raster = rasterise(np.column_stack([places, far]), triangles, size, threads=threads)
    inside = raster.index >= 0
    sampled = sample_texture(
        image, raster.values(corners.astype(np.float32), threads=threads), threads=threads
    )
    sampled[~inside] = 0
    return sampled, inside
