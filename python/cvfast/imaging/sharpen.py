"""Sharpening by what a blur takes away, and its opposite."""

from __future__ import annotations

import numpy as np

from cvfast.imaging.blur import gaussian_blur
from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32

__all__ = ["MODES", "median_passes", "sharpen"]

MODES = ("none", "box", "gaussian")
_STRONGEST = 4.0  # times the detail that an amount of 100 adds
_SIGMA = 1.0


def sharpen(image: ImageF32, mode: str, amount: float) -> ImageF32:
    """Sharpen, or soften, a picture.

    Parameters
    ----------
    image
        ``(h, w, 3)`` float32 in [0, 1].
    mode
        ``"none"``; ``"box"``: detail is what differs from the mean of 3 x 3 pixels;
        ``"gaussian"``: from a Gaussian of sigma 1.
    amount
        -100 to 100. Above 0, amount / 25 times the detail is added. Below 0, medians of 5 x 5
        pixels are taken, one for each 10, the last by its share.

    Returns
    -------
    A new array, in [0, 1].

    Raises
    ------
    ValueError
        Another mode, or an amount out of range.

    Examples
    --------
    >>> edge = np.full((9, 9, 3), 0.4, np.float32)
    >>> edge[:, 5:] = 0.6
    >>> sharp = sharpen(edge, "box", 25)
    >>> bool(sharp[4, 4, 0] < 0.4 and sharp[4, 5, 0] > 0.6)
    True
    """
    if mode not in MODES:
        raise ValueError(f"mode: expected one of {', '.join(MODES)}, got {mode!r}")
    if not -100 <= amount <= 100:
        raise ValueError(f"amount: expected -100 to 100, got {amount}")
    if mode == "none" or amount == 0 or not image.size:
        return image.copy()
    if amount < 0:
        return median_passes(image, -amount / 10)
    if mode == "box":
        smooth = load_cv2().blur(image, (3, 3)).reshape(image.shape)
    else:
        smooth = gaussian_blur(image, _SIGMA)
    gain = np.float32(amount / 100 * _STRONGEST)
    return np.clip(image + gain * (image - smooth), 0, 1)


def median_passes(image: ImageF32, passes: float) -> ImageF32:
    """Return a picture after so many medians of 5 x 5 pixels; a part of one is blended.

    Parameters
    ----------
    image
        ``(h, w)`` or ``(h, w, channels)`` float32.
    passes
        0 to 50.

    Examples
    --------
    >>> speck = np.zeros((9, 9), np.float32)
    >>> speck[4, 4] = 1
    >>> [float(median_passes(speck, passes)[4, 4]) for passes in (0, 0.25, 1)]
    [1.0, 0.75, 0.0]
    """
    if not 0 <= passes <= 50:
        raise ValueError(f"passes: expected 0 to 50, got {passes}")
    done, cv2 = image.copy(), load_cv2()
    while passes > 0 and image.size:
        median = cv2.medianBlur(done, 5).reshape(image.shape)
        done += np.float32(min(passes, 1)) * (median - done)
        passes -= 1
    return done
