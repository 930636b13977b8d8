"""Blurs: by a Gaussian, and along a line as moving things do."""

from __future__ import annotations

import math

import numpy as np

from cvfast.io.opencv import load_cv2
from cvfast.kernels.mask import polygon_mask
from cvfast.typing import ImageF32

__all__ = ["gaussian_blur", "motion_blur", "motion_kernel"]

_LONGEST = 512


def gaussian_blur(image: ImageF32, sigma: float) -> ImageF32:
    """Blur with a Gaussian; beyond its border the picture is mirrored.

    Parameters
    ----------
    image
        ``(h, w)`` or ``(h, w, channels)`` float32.
    sigma
        Pixels, 0 to 512; 0 changes nothing.

    Returns
    -------
    A new array of the same shape.

    Raises
    ------
    ValueError
        ``sigma`` out of range.

    Examples
    --------
    >>> spot = np.zeros((9, 9), np.float32)
    >>> spot[4, 4] = 1
    >>> blurred = gaussian_blur(spot, 1.0)
    >>> bool(abs(blurred[4, 4] - 1 / (2 * np.pi)) < 0.005)
    True
    """
    if not 0 <= sigma <= _LONGEST:
        raise ValueError(f"sigma: expected 0 to {_LONGEST} pixels, got {sigma}")
    if sigma == 0 or not image.size:
        return image.copy()
    reach = math.ceil(3 * sigma)
    cv2 = load_cv2()
    blurred: ImageF32 = cv2.GaussianBlur(image, (2 * reach + 1, 2 * reach + 1), sigma)
    return blurred.reshape(image.shape)


def motion_kernel(angle: float, length: float) -> ImageF32:
    """Return the weights of a blur along a line through the middle, which sum to 1.

    Parameters
    ----------
    angle
        Of the line, radians; positive turns clockwise as seen (y points down).
    length
        Pixels, 1 to 512.

    Returns
    -------
    ``(n, n)`` float32, n odd: how much of each pixel a bar of one pixel's width covers, so that the
    blur changes smoothly with angle and length, and the picture does not move.

    Raises
    ------
    ValueError
        Out of range.

    Examples
    --------
    >>> (3 * motion_kernel(0.0, 3)).round(2).tolist()[2]
    [0.0, 1.0, 1.0, 1.0, 0.0]
    """
    if not 1 <= length <= _LONGEST or not math.isfinite(angle):
        raise ValueError(f"length: expected 1 to {_LONGEST} pixels, got {length}, angle {angle}")
    reach = math.ceil(length / 2)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]]) / 2
    ends = np.array([-along, along]) * length / 2 + reach
    bar = np.array([ends[0] - across, ends[1] - across, ends[1] + across, ends[0] + across])
    kernel = polygon_mask((2 * reach + 1, 2 * reach + 1), [bar])
    kernel /= kernel.sum()
    return kernel


def motion_blur(image: ImageF32, angle: float, length: float) -> ImageF32:
    """Blur along a line, as if what is seen moved by so many pixels during the exposure.

    Parameters
    ----------
    image
        ``(h, w)`` or ``(h, w, channels)`` float32.
    angle, length
        See `motion_kernel`; a length up to 1 changes nothing.

    Returns
    -------
    A new array of the same shape.

    Raises
    ------
    ValueError
        Out of range.

    Examples
    --------
    >>> line = np.zeros((5, 9), np.float32)
    >>> line[:, 4] = 1
    >>> (3 * motion_blur(line, 0.0, 3))[2].round(2).tolist()
    [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    if length <= 1 or not image.size:
        return image.copy()
    blurred: ImageF32 = load_cv2().filter2D(image, -1, motion_kernel(angle, length))
    return blurred.reshape(image.shape)
