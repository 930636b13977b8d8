"""Moving colours in hue, saturation and value."""

from __future__ import annotations

import numpy as np

from cvfast.typing import ImageF32

__all__ = ["shift_hsv"]


def shift_hsv(image: ImageF32, hue: float, saturation: float, value: float) -> ImageF32:
    """Return a picture with hue, saturation and value moved (Smith, *Color Gamut Transform Pairs*).

    Parameters
    ----------
    image
        ``(..., 3)`` float32 RGB in [0, 1].
    hue
        Degrees.
    saturation, value
        Added, then clipped to [0, 1].

    Returns
    -------
    numpy.ndarray
        As ``image``.

    Examples
    --------
    >>> red = np.array([[[1, 0, 0]]], np.float32)
    >>> shift_hsv(red, 120, 0, 0).tolist()
    [[[0.0, 1.0, 0.0]]]
    >>> shift_hsv(red, 0, -1, -0.5).tolist()
    [[[0.5, 0.5, 0.5]]]
    """
    largest = image.max(axis=-1)
    span = largest - image.min(axis=-1)
    divisor = np.where(span > 0, span, np.float32(1))
    red, green, blue = np.moveaxis(image, -1, 0)
    sixth = np.where(
        largest == red,
        (green - blue) / divisor,
        np.where(largest == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    sixth = (sixth + np.float32(hue / 60)) % 6
    share = span / np.where(largest > 0, largest, np.float32(1))
    share = np.clip(share + np.float32(saturation), 0, 1)
    top = np.clip(largest + np.float32(value), 0, 1)
    out = np.empty_like(image)
    for channel, offset in enumerate((5, 3, 1)):
        at = (offset + sixth) % 6
        out[..., channel] = top - top * share * np.clip(np.minimum(at, 4 - at), 0, 1)
    return out
