"""Iris kernels: luma along rays from an iris's centre, its rim, and other chroma inside it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvfast import _core

__all__ = ["EyePlane", "EyeShape", "IrisPaint", "iris_paint", "iris_rim", "iris_rings"]

_F64 = NDArray[np.float64]
_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))


class EyePlane(NamedTuple):
    """One plane of a picture and where it lies.

    The point (x, y) of the picture is the sample (x * scale_x + offset_x, y * scale_y + offset_y),
    and a sample's value is (sample - zero) / levels.
    """

    array: NDArray[Any]
    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float
    zero: float
    levels: float


class EyeShape(NamedTuple):
    """An iris and the lids before it, in pixels of the picture.

    ``numbers`` (10,) float64: the iris's centre x, y; its axes a, b, c, d, so that a point (u, v)
    of the unit disc is the centre + (a u + b v, c u + d v); the eye's corner x, y; a unit vector
    along the eye. ``lids`` (3, n) float64: growing places along the eye from the corner, and how
    far the upper and the lower lid are beside it there.
    """

    numbers: _F64
    lids: _F64


class IrisPaint(NamedTuple):
    """The colour to give; see cpp/include/cvfast/iris.h. All luma and chroma in [0, 1]."""

    strength: float
    pupil: float
    luma: float
    bright: float
    own_blue: float
    own_red: float
    wanted_blue: float
    wanted_red: float
    usual: float
    darken: float
    lighten: float
    limit: float


def iris_rings(
    plane: EyePlane, eye: EyeShape, rays: _F64, distances: _F64
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read a plane along rays from an iris's centre.

    Parameters
    ----------
    plane
        uint8, uint16 or float32.
    eye
        The iris and its lids.
    rays
        (2, m) float64 unit vectors.
    distances
        (n,) float64, in iris radii, evenly spaced and growing.

    Returns
    -------
    values, seen
        (m, n): values read, float32, and whether they lie between the lids and in the plane.

    Raises
    ------
    TypeError, ValueError
        Another dtype or shape; numbers that are not finite.
    """
    _check_plane("plane", plane.array)
    _check_eye(eye)
    _check_rays(rays, distances)
    values, seen = _core.iris_rings(plane.array, plane[1:], *eye, rays, distances)
    return values, seen


def iris_rim(
    luma: NDArray[np.float32], seen: NDArray[np.bool_], rays: _F64, distances: _F64
) -> tuple[float, float, float]:
    """Return how an iris has to be moved (x, y) and grown so that its rim meets the edge seen.

    Parameters
    ----------
    luma, seen
        As :func:`iris_rings` returns them.
    rays, distances
        As given to it.

    Returns
    -------
    tuple of float
        In iris radii; all zero where no edge can be seen.

    Raises
    ------
    ValueError
        Shapes that do not go together.
    """
    _check_rays(rays, distances)
    shape = (rays.shape[1], len(distances))
    if luma.shape != shape or seen.shape != shape:
        raise ValueError(f"luma: expected shape {shape}, as seen, got {luma.shape}, {seen.shape}")
    x, y, grown = _core.iris_rim(luma, seen, rays, distances)
    return x, y, grown


def iris_paint(
    luma: EyePlane, blue: EyePlane, red: EyePlane, eye: EyeShape, paint: IrisPaint
) -> int:
    """Give an iris another colour, in place in its chroma planes.

    Parameters
    ----------
    luma, blue, red
        Luma, Cb and Cr of one dtype; Cb and Cr lie alike.
    eye
        The iris and its lids.
    paint
        What to give.

    Returns
    -------
    int
        Chroma samples that were changed.

    Raises
    ------
    TypeError, ValueError
        Another dtype or shape, a read-only plane, numbers that are not finite.
    """
    for name, plane in (("luma", luma), ("blue", blue), ("red", red)):
        _check_plane(name, plane.array)
        if plane.array.dtype != luma.array.dtype:
            raise TypeError(f"{name}: expected dtype {luma.array.dtype}, got {plane.array.dtype}")
    if blue.array.shape != red.array.shape or blue[1:] != red[1:]:
        raise ValueError("red: expected the shape and place of blue")
    if not (blue.array.flags.writeable and red.array.flags.writeable):
        raise ValueError("blue: expected writable planes, got a read-only one")
    _check_eye(eye)
    return _core.iris_paint(luma.array, luma[1:], blue.array, red.array, blue[1:], *eye, paint)


def _check_plane(name: str, array: NDArray[Any]) -> None:
    if array.dtype not in _DTYPES:
        raise TypeError(f"{name}: expected dtype uint8, uint16 or float32, got {array.dtype}")
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name}: expected shape (height, width), got {array.shape}")
    item = array.itemsize
    if not array.flags.aligned or array.strides[0] % item or array.strides[1] % item:
        raise ValueError(f"{name}: expected aligned samples, got strides {array.strides}")


def _check_rays(rays: _F64, distances: _F64) -> None:
    if rays.ndim != 2 or rays.shape[0] != 2 or distances.ndim != 1:
        raise ValueError(
            f"rays: expected shape (2, m) and distances (n,), got {rays.shape}, {distances.shape}"
        )


def _check_eye(eye: EyeShape) -> None:
    for name, values, good in (
        ("numbers", eye.numbers, eye.numbers.shape == (10,)),
        ("lids", eye.lids, eye.lids.ndim == 2 and eye.lids.shape[0] == 3),
    ):
        if not good or values.dtype != np.float64 or not values.flags.c_contiguous:
            raise ValueError(
                f"{name}: expected packed float64 of shape "
                f"{'(10,)' if name == 'numbers' else '(3, n)'}, got {values.dtype} {values.shape}"
            )
