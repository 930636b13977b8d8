"""How far a made face is from the true one: structure, colour, mask.

All losses take (N, channels, h, w) tensors in [0, 1], compute in float32 whatever came in, and
return one number a face, (N,), so that a loss can be told and weighed face by face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from cvfast.swap.gaussian import soft_mask, window_means

if TYPE_CHECKING:
    from cvfast.swap.model_options import ModelOptions

__all__ = [
    "dssim",
    "mean_square",
    "reconstruction_losses",
    "structure_windows",
    "total_variation",
]

_SIGMA, _K1, _K2 = 1.5, 0.01, 0.03  # Wang et al., 2004
_LARGE = 256  # from this resolution on structure is compared at two scales
_WIDE, _NARROW = 11.6, 23.2  # resolution over the window's side


def reconstruction_losses(
    face: Tensor,
    face_mask: Tensor,
    truth: Tensor,
    mask: Tensor,
    options: ModelOptions,
    *,
    eyes_mouth: Tensor | None = None,
) -> dict[str, Tensor]:
    """Return the terms of one person's reconstruction; their sum is the loss.

    Parameters
    ----------
    face, face_mask
        What the networks made: (N, 3, h, w) and (N, 1, h, w).
    truth, mask
        What they should have made.
    options
        ``masked_training``, ``eyes_mouth_priority`` and ``resolution`` count.
    eyes_mouth
        (N, 1, h, w): where eyes and mouth are; needed with ``eyes_mouth_priority``.

    Returns
    -------
    dict
        ``structure`` (10 DSSIM), ``color`` (10 times the mean square), ``mask`` (likewise), and
        ``eyes_mouth`` (300 times the mean difference there): (N,) each, weighed already.

    Examples
    --------
    >>> import torch
    >>> from cvfast.swap.model_options import PRESETS
    >>> face, mask = torch.rand(2, 3, 64, 64), torch.ones(2, 1, 64, 64)
    >>> terms = reconstruction_losses(face, mask, face, mask, PRESETS["tiny"])
    >>> {name: [round(abs(value), 4) for value in term.tolist()] for name, term in terms.items()}
    {'structure': [0.0, 0.0], 'color': [0.0, 0.0], 'mask': [0.0, 0.0]}
    """
    face, face_mask, truth, mask = face.float(), face_mask.float(), truth.float(), mask.float()
    terms: dict[str, Tensor] = {}
    made, wanted = face, truth
    if options.masked_training:
        soft = soft_mask(mask, options.resolution)
        made, wanted = face * soft, truth * soft
    sides = structure_windows(options.resolution)
    parts = [dssim(made, wanted, side) for side in sides]
    terms["structure"] = 10 / len(sides) * torch.stack(parts).sum(dim=0)
    terms["color"] = 10 * mean_square(made, wanted)
    terms["mask"] = 10 * mean_square(face_mask, mask)
    if options.eyes_mouth_priority:
        if eyes_mouth is None:
            raise ValueError("eyes_mouth: expected a mask with eyes_mouth_priority, got None")
        apart = (face - truth).abs() * eyes_mouth.float()
        terms["eyes_mouth"] = 300 * apart.mean(dim=(1, 2, 3))
    return terms


def structure_windows(resolution: int) -> tuple[int, ...]:
    """Return the sides of the windows in which structure is compared."""
    wide, narrow = int(resolution / _WIDE), int(resolution / _NARROW)
    return (wide,) if resolution < _LARGE else (wide, narrow)


def mean_square(made: Tensor, truth: Tensor) -> Tensor:
    """Return the mean squared difference of each face."""
    return (made.float() - truth.float()).square().mean(dim=(1, 2, 3))


def dssim(made: Tensor, truth: Tensor, side: int) -> Tensor:
    """Return the structural dissimilarity, (1 - SSIM) / 2, of each face.

    Source: Wang, Bovik, Sheikh and Simoncelli, *Image quality assessment*, 2004, with a Gaussian
    window of sigma 1.5 that does not reach over the picture's edge. The window is separable, and
    along one side it is a product with a banded matrix: at these sizes that is quicker than a
    convolution of single channels.

    Parameters
    ----------
    made, truth
        (N, channels, h, w) in [0, 1]. No gradient flows to ``truth``.
    side
        Of the window in pixels.
    """
    with torch.autocast(made.device.type, enabled=False):
        x, y = made.float().contiguous(), truth.detach().float().contiguous()
        maps = window_means(torch.stack([x, y, x * y, x.square() + y.square()]), side, _SIGMA)
        mean_x, mean_y, product, squares = maps.unbind()
        means = 2 * mean_x * mean_y
        mean_squares = mean_x.square() + mean_y.square()
        light = (means + _K1**2) / (mean_squares + _K1**2)
        rest = (2 * product - means + _K2**2) / (squares - mean_squares + _K2**2)
        return (1 - (light * rest).mean(dim=(1, 2, 3))) / 2


def total_variation(image: Tensor) -> Tensor:
    """Return the sum of differences between neighbours, of each face."""
    down = (image[:, :, 1:] - image[:, :, :-1]).abs().sum(dim=(1, 2, 3))
    right = (image[..., 1:] - image[..., :-1]).abs().sum(dim=(1, 2, 3))
    return down + right
