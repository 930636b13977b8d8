"""Gaussian windows over torch pictures, as products with banded matrices.

A Gaussian window is separable, and along one side it is a product with a matrix whose rows are the
window, each one further on. At the sizes of face pictures that is quicker on a processor than a
convolution of single channels, and as quick for a wide window as for a narrow one.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

__all__ = ["blur_outside", "gaussian_blur", "soft_mask", "window_means"]


def soft_mask(mask: Tensor, resolution: int) -> Tensor:
    """Return a mask whose edge is soft, and full where the mask is.

    Blurred with a sigma of a thirty-second of the resolution, it is a half along the edge: cut off
    there and doubled.
    """
    return gaussian_blur(mask, max(1, resolution // 32)).clamp(0, 0.5) * 2


def gaussian_blur(image: Tensor, sigma: float) -> Tensor:
    """Blur (N, channels, h, w); nothing lies outside of the picture."""
    reach = math.ceil(2 * sigma)
    with torch.autocast(image.device.type, enabled=False):
        return window_means(image.float().contiguous(), 2 * reach + 1, sigma, same=True)


def blur_outside(image: Tensor, mask: Tensor, resolution: int) -> Tensor:
    """Blur a picture round its mask, with the colours of outside alone.

    Parameters
    ----------
    image, mask
        (N, 3, h, w) and (N, 1, h, w) in [0, 1].
    resolution
        The blur's sigma is a 128th of it.

    Returns
    -------
    Tensor
        The picture inside of the mask, the blurred one outside.
    """
    sigma = resolution / 128
    outside = 1 - mask
    share = gaussian_blur(outside, sigma)
    blurred = gaussian_blur(image * outside, sigma) / share.clamp(min=1e-4)
    return torch.where(share > 1e-4, image * mask + blurred * outside, image).clamp(0, 1)


def window_means(maps: Tensor, side: int, sigma: float, *, same: bool = False) -> Tensor:
    """Return the mean in a Gaussian window round each pixel.

    Parameters
    ----------
    maps
        (..., h, w) float32.
    side, sigma
        Of the window in pixels.
    same
        Return the shape that came in, taking what lies outside for 0; else only where the window
        lies within.
    """
    height, width = maps.shape[-2:]
    down = _band(height, side, sigma, same).to(maps.device)
    across = _band(width, side, sigma, same).to(maps.device)
    return torch.matmul(down, torch.matmul(maps, across.T))


@cache
def _band(length: int, side: int, sigma: float, same: bool) -> Tensor:
    """Return the matrix whose rows are the Gaussian window, each one further on."""
    rows = length if same else length - side + 1
    if rows < 1:
        raise ValueError(f"side: expected at most the picture's {length} pixels, got {side}")
    place = np.arange(side) - (side - 1) / 2
    window = np.exp(-np.square(place) / (2 * sigma**2))
    first = -(side // 2) if same else 0
    column = np.arange(length) - np.arange(rows)[:, None] - first
    inside = (column >= 0) & (column < side)
    band = np.where(inside, window[column.clip(0, side - 1)] / window.sum(), 0)
    with torch.inference_mode(False):  # it is kept, for trainings too
        return torch.from_numpy(band.astype(np.float32))
