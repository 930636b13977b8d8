"""How alike two pictures are: structural similarity and peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import Image

__all__ = ["psnr", "ssim", "ssim_map"]

_K1, _K2, _SIGMA = 0.01, 0.03, 1.5
_REACH = 5  # of the Gaussian: 3.5 sigma, 11 x 11 pixels


def ssim(a: Image, b: Image) -> float:
    """Return the mean structural similarity of two pictures.

    Parameters
    ----------
    a, b
        ``(h, w)`` or ``(h, w, channels)``, uint8 or float32 in [0, 1], sides of 11 at least.

    Returns
    -------
    float
        1 for the same picture, about 0 for unrelated ones; channels are averaged.

    Raises
    ------
    TypeError, ValueError
        Other or different dtypes or shapes.

    Notes
    -----
    Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to
    Structural Similarity", 2004: Gaussian windows of sigma 1.5 and 11 x 11 pixels, those inside the
    picture alone; k1 0.01, k2 0.03. scikit-image's
    ``structural_similarity(gaussian_weights=True, use_sample_covariance=False)`` is the same.

    Examples
    --------
    >>> picture = np.random.default_rng(0).random((32, 32, 3), np.float32)
    >>> ssim(picture, picture)
    1.0
    >>> ssim(picture, 1 - picture) < 0
    True
    """
    return float(ssim_map(a, b).mean())


def ssim_map(a: Image, b: Image) -> NDArray[np.float64]:
    """Return the structural similarity of each window: of the picture without 5 pixels all round.

    Parameters
    ----------
    a, b
        As for `ssim`.

    Returns
    -------
    numpy.ndarray
        ``(h - 10, w - 10)`` or ``(h - 10, w - 10, channels)``.

    Raises
    ------
    TypeError, ValueError
        As for `ssim`.

    Examples
    --------
    >>> ssim_map(np.zeros((20, 30), np.uint8), np.zeros((20, 30), np.uint8)).shape
    (10, 20)
    """
    first, second, peak = _pair(a, b)
    if min(first.shape[:2]) < 2 * _REACH + 1:
        raise ValueError(f"a: expected sides of at least {2 * _REACH + 1}, got {a.shape}")
    mean_a, mean_b = _windows(first), _windows(second)
    product = mean_a * mean_b
    squares = mean_a * mean_a + mean_b * mean_b
    covariance = _windows(first * second) - product
    variances = _windows(first * first + second * second) - squares
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    similar: NDArray[np.float64] = (
        (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))
    )
    return similar


def psnr(a: Image, b: Image) -> float:
    """Return the peak signal-to-noise ratio of two pictures in decibels.

    Parameters
    ----------
    a, b
        Of one shape, uint8 or float32 in [0, 1].

    Returns
    -------
    float
        ``10 log10(peak^2 / mean squared difference)``; infinite for the same picture.

    Raises
    ------
    TypeError, ValueError
        Other or different dtypes or shapes.

    Examples
    --------
    >>> black = np.zeros((4, 4), np.uint8)
    >>> round(psnr(black, black + np.uint8(1)), 2)
    48.13
    """
    first, second, peak = _pair(a, b)
    error = float(np.mean((first - second) ** 2))
    return 10 * math.log10(peak**2 / error) if error > 0 else math.inf


def _pair(a: Any, b: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return two pictures as float64, and the largest value that their dtype has."""
    for name, image in (("a", a), ("b", b)):
        if not isinstance(image, np.ndarray) or image.dtype not in (np.uint8, np.float32):
            kind = getattr(image, "dtype", type(image).__name__)
            raise TypeError(f"{name}: expected an array of uint8 or float32 in [0, 1], got {kind}")
    if a.dtype != b.dtype:
        raise TypeError(f"b: expected dtype {a.dtype}, as a has, got {b.dtype}")
    if a.shape != b.shape or a.ndim not in (2, 3) or not a.size:
        raise ValueError(f"b: expected a picture of shape {a.shape}, as a has, got {b.shape}")
    peak = 255.0 if a.dtype == np.uint8 else 1.0
    return a.astype(np.float64), b.astype(np.float64), peak


def _windows(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean of each window that lies inside a picture."""
    taps = np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / _SIGMA) ** 2)
    taps /= taps.sum()
    rows = image.shape[0] - 2 * _REACH
    down = sum(tap * image[k : k + rows] for k, tap in enumerate(taps))
    columns = image.shape[1] - 2 * _REACH
    across: NDArray[np.float64] = sum(tap * down[:, k : k + columns] for k, tap in enumerate(taps))
    return across
