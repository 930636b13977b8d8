"""Making a face as poor as the clip that it goes into: smoother, coarser, of fewer colours."""

from __future__ import annotations

import numpy as np

from cvfast.imaging.sharpen import median_passes
from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32

__all__ = ["bicubic_degrade", "color_degrade", "denoise"]

_COLORS = 256


def denoise(image: ImageF32, power: float) -> ImageF32:
    """Remove noise by medians of 5 x 5 pixels.

    Parameters
    ----------
    image
        ``(h, w, 3)`` float32 in [0, 1].
    power
        0 to 500: one pass for each 100, the last by its share.

    Returns
    -------
    A new array.

    Raises
    ------
    ValueError
        Power out of range.

    Examples
    --------
    >>> noisy = np.random.default_rng(0).normal(0.5, 0.05, (32, 32, 3)).astype(np.float32)
    >>> bool(denoise(noisy, 100).std() < noisy.std() / 2)
    True
    """
    _check(power, 500)
    return median_passes(image, power / 100)


def bicubic_degrade(image: ImageF32, power: float) -> ImageF32:
    """Lose fine detail: make a picture smaller, and large again, by bicubic interpolation.

    Parameters
    ----------
    image
        ``(h, w, 3)`` float32 in [0, 1].
    power
        0 to 100: sides are made power percent smaller, but not under a pixel.

    Returns
    -------
    A new array, in [0, 1].

    Raises
    ------
    ValueError
        Power out of range.

    Examples
    --------
    >>> noisy = np.random.default_rng(0).random((32, 32, 3), np.float32)
    >>> bool(bicubic_degrade(noisy, 75).std() < noisy.std() / 2)
    True
    """
    _check(power, 100)
    height, width = image.shape[:2]
    small = max(1, round(width * (1 - power / 100))), max(1, round(height * (1 - power / 100)))
    if small == (width, height) or not image.size:
        return image.copy()
    cv2 = load_cv2()
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(reduced, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(enlarged.reshape(image.shape), 0, 1)


def color_degrade(image: ImageF32, power: float) -> ImageF32:
    """Blend a picture with itself in the 256 colours that suit it best.

    Parameters
    ----------
    image
        ``(h, w, 3)`` float32 in [0, 1].
    power
        0 to 100: share of the reduced picture in percent.

    Returns
    -------
    A new array, in [0, 1].

    Raises
    ------
    ValueError
        Power out of range.

    Notes
    -----
    The colours are a picture's own (median cut), so that those of a clip's frames differ a little.

    Examples
    --------
    >>> colourful = np.random.default_rng(0).random((64, 64, 3), np.float32)
    >>> len(np.unique(color_degrade(colourful, 100).reshape(-1, 3), axis=0))
    256
    """
    _check(power, 100)
    if power == 0 or not image.size:
        return image.copy()
    from PIL import Image as Pillow

    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    reduced = Pillow.fromarray(levels).quantize(
        _COLORS, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE
    )
    few = np.asarray(reduced.convert("RGB"), np.float32) / np.float32(255)
    share = np.float32(power / 100)
    blended: ImageF32 = (1 - share) * image + share * few
    return np.clip(blended, 0, 1)


def _check(power: float, most: float) -> None:
    if not 0 <= power <= most:
        raise ValueError(f"power: expected 0 to {most}, got {power}")
