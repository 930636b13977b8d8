"""Triangles to pixels: which one each pixel shows, and what lies there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import LONGEST_SIDE, real_array
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Cutout", "Raster", "rasterise", "sample_texture"]

MOST_ATTRIBUTES = 32


@dataclass(frozen=True)
class Cutout:
    """Triangles that show only where a texture is opaque, such as hair.

    Parameters
    ----------
    places
        (n, 2) float32: where each vertex lies in the texture, x and y in texels.
    texture
        (h, w, channels) uint8; where the last channel of the nearest texel is over 127 it shows.
    first
        Number of the first such triangle; those before it always show.
    """

    places: ImageF32
    texture: ImageU8
    first: int = 0


@dataclass(frozen=True)
class Raster:
    """Which triangle each pixel shows; made by `rasterise`.

    Parameters
    ----------
    index
        (h, w) int32: the nearest triangle's number, -1 where there is none.
    depth
        (h, w) float32: its depth at the pixel's centre, infinity where there is none.
    """

    index: NDArray[np.int32]
    depth: ImageF32
    _vertices: NDArray[np.float64]
    _triangles: NDArray[np.int32]

    def values(self, attributes: ImageF32, *, threads: int | None = None) -> ImageF32:
        """Mix values of vertices over the pixels.

        Parameters
        ----------
        attributes
            (vertices, channels) float32, at most 32 channels.
        threads
            At most so many threads; None: :func:`cvfast.get_num_threads`.

        Returns
        -------
        (h, w, channels) float32: each pixel's barycentric mixture of its triangle's three corners,
        0 where there is no triangle.

        Raises
        ------
        TypeError, ValueError
            Another dtype or shape.
        """
        _check_array("attributes", attributes, np.float32, (len(self._vertices), None))
        if not 1 <= attributes.shape[1] <= MOST_ATTRIBUTES:
            raise ValueError(
                f"attributes: expected 1 to {MOST_ATTRIBUTES} channels, got {attributes.shape[1]}"
            )
        out = np.empty((*self.index.shape, attributes.shape[1]), np.float32)
        _core.raster_values(
            self._vertices,
            self._triangles,
            self.index,
            np.ascontiguousarray(attributes),
            out,
            thread_count(threads),
        )
        return out

    def shade(
        self,
        values: ImageF32,
        texture: ImageU8,
        parts: ImageU8,
        *,
        threads: int | None = None,
    ) -> tuple[ImageF32, ImageU8]:
        """Light a texture: the mixture of vertices' values, and what it makes of the texels.

        Parameters
        ----------
        values
            (vertices, 8) float32: the place x, y in the texture, three factors, three sums.
        texture
            (h, w, 3 or 4) uint8 levels, of which the squares are linear light.
        parts
            (h, w) uint8: what each texel belongs to.
        threads
            At most so many threads; None: :func:`cvfast.get_num_threads`.

        Returns
        -------
        color : ndarray
            (h, w, 3) float32: factor * (level / 255)^2 + sum, sampled bilinearly.
        part : ndarray
            (h, w) uint8: that of the nearest texel. Both are 0 where there is no triangle.

        Raises
        ------
        TypeError, ValueError
            Another dtype or shape.
        """
        _check_array("values", values, np.float32, (len(self._vertices), 8))
        _check_texture("texture", texture)
        if texture.shape[2] < 3:
            raise ValueError(f"texture: expected 3 channels or more, got {texture.shape[2]}")
        _check_array("parts", parts, np.uint8, texture.shape[:2])
        color = np.empty((*self.index.shape, 3), np.float32)
        part = np.empty(self.index.shape, np.uint8)
        _core.raster_shade(
            self._vertices,
            self._triangles,
            self.index,
            np.ascontiguousarray(values),
            np.ascontiguousarray(texture),
            np.ascontiguousarray(parts),
            color,
            part,
            thread_count(threads),
        )
        return color, part


def rasterise(
    vertices: ArrayLike,
    triangles: NDArray[np.integer[Any]],
    size: tuple[int, int],
    *,
    cutout: Cutout | None = None,
    threads: int | None = None,
) -> Raster:
    """Draw triangles into a picture of `size`, the nearest in front.

    Pixel centres lie at whole coordinates. Corners are rounded to 1/256 pixel, and areas are exact
    whole numbers from there on (Pineda, *A Parallel Algorithm for Polygon Rasterization*, 1988),
    so that a pixel centre on an edge of two triangles belongs to one of them: to the one whose top
    or left edge it is. Triangles are drawn whichever way round they are; those without area are
    not. The same bytes for every instruction set and number of threads.

    Parameters
    ----------
    vertices
        (n, 3): x and y in pixels, within 100,000 of 0, and depth, smaller is nearer.
    triangles
        (m, 3) integers: numbers of vertices.
    size
        Width and height in pixels.
    cutout
        Lets some triangles show only where a texture is opaque.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Raises
    ------
    TypeError, ValueError
        Other dtypes or shapes, NaN, places out of reach, triangles of vertices that do not exist.

    Examples
    --------
    >>> import numpy as np
    >>> corners = [[0, 0, 1], [4, 0, 1], [4, 4, 1], [0, 4, 1]]
    >>> seen = rasterise(corners, np.array([[0, 1, 2], [0, 2, 3]]), (5, 4))
    >>> seen.index
    array([[ 0,  0,  0,  0, -1],
           [ 1,  0,  0,  0, -1],
           [ 1,  1,  0,  0, -1],
           [ 1,  1,  1,  0, -1]], dtype=int32)
    >>> across = np.array([[0], [4], [4], [0]], np.float32)
    >>> seen.values(across)[0, :, 0].tolist()
    [0.0, 1.0, 2.0, 3.0, 0.0]
    """
    places = real_array("vertices", vertices, (None, 3), "an array (n, 3) of x, y, depth")
    corners = np.asarray(triangles)
    if corners.dtype.kind not in "iu":
        raise TypeError(f"triangles: expected an array of integers, got dtype {corners.dtype}")
    if corners.ndim != 2 or corners.shape[1] != 3:
        raise ValueError(f"triangles: expected shape (m, 3), got {corners.shape}")
    if corners.size and not 0 <= corners.min() <= corners.max() < len(places):
        raise ValueError(f"triangles: expected numbers of vertices, under {len(places)}")
    width, height = size
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise ValueError(f"size: expected sides of 1 to {LONGEST_SIDE} pixels, got {size}")
    numbers = np.ascontiguousarray(corners, np.int32)
    index = np.empty((height, width), np.int32)
    depth = np.empty((height, width), np.float32)
    count = thread_count(threads)
    if cutout is None:
        _core.raster_index(places, numbers, index, depth, count)
    else:
        _check_array("cutout.places", cutout.places, np.float32, (len(places), 2))
        _check_texture("cutout.texture", cutout.texture)
        _core.raster_cutout(
            places,
            numbers,
            np.ascontiguousarray(cutout.places),
            np.ascontiguousarray(cutout.texture),
            cutout.first,
            index,
            depth,
            count,
        )
    return Raster(index, depth, places, numbers)


def sample_texture(texture: ImageU8, places: ImageF32, *, threads: int | None = None) -> ImageF32:
    """Sample a texture bilinearly.

    Parameters
    ----------
    texture
        (h, w, channels) uint8.
    places
        (..., 2) float32: x and y in texels, whose centres lie at whole numbers. Places outside get
        the edge.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Returns
    -------
    (..., channels) float32, in levels of the texture.

    Raises
    ------
    TypeError, ValueError
        Other dtypes or shapes.

    Examples
    --------
    >>> import numpy as np
    >>> texture = np.array([[[0], [100]]], np.uint8)
    >>> sample_texture(texture, np.array([[0.25, 0], [9, 9]], np.float32)).tolist()
    [[25.0], [100.0]]
    """
    _check_texture("texture", texture)
    if not isinstance(places, np.ndarray) or places.dtype != np.float32:
        kind = getattr(places, "dtype", type(places).__name__)
        raise TypeError(f"places: expected a float32 array, got {kind}")
    if places.ndim < 1 or places.shape[-1] != 2:
        raise ValueError(f"places: expected shape (..., 2), got {places.shape}")
    flat = np.ascontiguousarray(places.reshape(-1, 2))
    out = np.empty((len(flat), texture.shape[2]), np.float32)
    _core.sample_texture(np.ascontiguousarray(texture), flat, out, thread_count(threads))
    return out.reshape(*places.shape[:-1], texture.shape[2])


def _check_texture(name: str, texture: Any) -> None:
    _check_array(name, texture, np.uint8, (None, None, None))
    if 0 in texture.shape:
        raise ValueError(f"{name}: expected at least one texel, got shape {texture.shape}")
    if max(texture.shape[:2]) > LONGEST_SIDE:  # places are float32, which would pass the edge
        raise ValueError(
            f"{name}: expected sides of up to {LONGEST_SIDE} texels, got shape {texture.shape}"
        )


def _check_array(name: str, array: Any, dtype: type, shape: tuple[int | None, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        kind = getattr(array, "dtype", type(array).__name__)
        raise TypeError(f"{name}: expected a {np.dtype(dtype)} array, got {kind}")
    wrong = array.ndim != len(shape) or any(
        want is not None and want != got for want, got in zip(shape, array.shape, strict=True)
    )
    if wrong:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
