"""The checks of type, shape and layout that every kernel's arguments pass once."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.typing import Image

__all__ = ["LONGEST_SIDE", "check_image", "check_out", "check_out_of_place", "real_array"]

LONGEST_SIDE = 65_535
_UINT8, _FLOAT32 = np.dtype(np.uint8), np.dtype(np.float32)
_ImageT = TypeVar("_ImageT", bound=Image)


def check_image(name: str, image: Any) -> None:
    """Raise unless ``image`` is a picture: uint8 or float32, H x W or H x W x 1..4, packed pixels.

    Raises
    ------
    TypeError
        Not an array, or another dtype.
    ValueError
        Another shape, a side over 65,535, or pixels that are not packed within their row.
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array, got {type(image).__name__}")
    if image.dtype not in (_UINT8, _FLOAT32):
        raise TypeError(
            f"{name}: expected dtype uint8, or float32 in [0, 1], got {image.dtype}; "
            f"{name}.astype('float32') or .astype('uint8') converts it"
        )
    shape = image.shape
    channels = shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or not 1 <= channels <= 4:
        raise ValueError(
            f"{name}: expected shape (height, width) or (height, width, 1 to 4), got {shape}"
        )
    if max(shape[0], shape[1]) > LONGEST_SIDE:
        raise ValueError(f"{name}: expected sides of at most {LONGEST_SIDE} pixels, got {shape}")
    if image.flags.c_contiguous and image.flags.aligned:
        return
    strides, item = image.strides, image.itemsize
    packed = (image.ndim == 2 or channels == 1 or strides[2] == item) and (
        shape[1] == 1 or strides[1] == channels * item
    )
    if image.size and not (packed and strides[0] % item == 0 and image.flags.aligned):
        raise ValueError(
            f"{name}: expected pixels packed within each row (rows may be strided), got strides "
            f"{strides}; numpy.ascontiguousarray({name}) makes such a copy"
        )


def check_out(image: _ImageT, out: Any) -> _ImageT:
    """Return the array to write to: new, ``out``, or ``image`` itself where that is ``out``.

    Raises
    ------
    TypeError
        ``out`` is not an array of the image's dtype.
    ValueError
        Another shape or layout, read-only, or overlapping ``image`` without being it.
    """
    if out is None:
        created: _ImageT = np.empty(image.shape, image.dtype)  # type: ignore[assignment]
        return created
    _check_out(image, out, image.shape)
    if out is not image and not _same_memory(out, image) and overlaps(out, image):
        raise ValueError("out: expected the image itself or separate memory, got a partial overlap")
    result: _ImageT = out
    return result


def check_out_of_place(image: _ImageT, out: Any, shape: tuple[int, ...]) -> _ImageT:
    """Return the array to write to, of ``shape`` and separate from ``image``; raise as above."""
    if out is None:
        created: _ImageT = np.empty(shape, image.dtype)  # type: ignore[assignment]
        return created
    _check_out(image, out, shape)
    if overlaps(out, image):
        raise ValueError("out: expected memory separate from the image's, got an overlap")
    result: _ImageT = out
    return result


def _check_out(image: Image, out: Any, shape: tuple[int, ...]) -> None:
    check_image("out", out)
    if out.dtype != image.dtype:
        raise TypeError(f"out: expected dtype {image.dtype} as the image's, got {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out: expected shape {shape}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out: expected a writable array, got a read-only one")
    if out.size and shape[0] > 1 and abs(out.strides[0]) < out[0].nbytes:
        raise ValueError(f"out: expected rows that do not overlap, got strides {out.strides}")


def _same_memory(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Return whether two arrays of one shape hold the same pixels at the same places."""
    same_start = a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
    return same_start and (a.shape[0] <= 1 or a.strides[0] == b.strides[0])


def overlaps(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Return whether two arrays share memory; a question too hard to settle counts as yes."""
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def real_array(
    name: str, values: ArrayLike, shape: tuple[int | None, ...], expected: str
) -> NDArray[np.float64]:
    """Return ``values`` as a contiguous float64 array of ``shape`` (None: any length).

    An empty list counts as zero rows where those are allowed.

    Raises
    ------
    TypeError
        Not real numbers.
    ValueError
        Another shape; ``expected`` describes the right one.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:  # a ragged list
        raise ValueError(f"{name}: expected {expected}, got rows of unequal length") from error
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name}: expected {expected} of real numbers, got dtype {array.dtype}")
    if array.shape == (0,) and shape and not shape[0]:
        return np.empty((0, *(side or 0 for side in shape[1:])))
    if array.ndim != len(shape) or any(
        want is not None and want != got for want, got in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"{name}: expected {expected}, got shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.float64)
