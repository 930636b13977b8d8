"""Checks of pictures in float32 and of their masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageF32

__all__ = ["check_colors", "mask_weights"]


def check_colors(name: str, image: Any) -> None:
    """Raise unless a picture is ``(h, w, 3)`` float32, finite, with a pixel at least.

    Raises
    ------
    TypeError, ValueError
        It is not.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.float32:
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"{name}: expected a float32 array, got {kind}")
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"{name}: expected shape (height, width, 3), got {image.shape}")
    if not np.isfinite(image.sum(dtype=np.float64)):
        raise ValueError(f"{name}: expected finite numbers")


def mask_weights(name: str, mask: NDArray[Any], image: ImageF32) -> ImageF32:
    """Return a mask as weights ``(h, w)`` float32 in [0, 1].

    Parameters
    ----------
    name
        Of the mask, for messages.
    mask
        ``(h, w)`` or ``(h, w, 1)``: numbers from 0 to 1, uint8 from 0 to 255, or bool.
    image
        What it belongs to.

    Raises
    ------
    ValueError
        Another shape, or numbers that are not finite.
    """
    if mask.shape[:2] != image.shape[:2] or mask.shape[2:] not in ((), (1,)):
        raise ValueError(f"{name}: expected shape {image.shape[:2]}, got {mask.shape}")
    scale = 255 if mask.dtype == np.uint8 else 1
    weights: ImageF32 = mask.reshape(image.shape[:2]).astype(np.float32) / np.float32(scale)
    if not np.isfinite(weights).all():
        raise ValueError(f"{name}: expected finite numbers")
    return np.clip(weights, 0, 1)
