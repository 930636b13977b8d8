"""Terms that pull the swapped face towards the target's light and surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from cvfast.swap.gaussian import gaussian_blur
from cvfast.swap.losses import dssim, mean_square, structure_windows

if TYPE_CHECKING:
    from cvfast.swap.model_options import ModelOptions

__all__ = ["background_style_loss", "face_style_loss"]


def face_style_loss(made: Tensor, target: Tensor, mask: Tensor, options: ModelOptions) -> Tensor:
    """Return how far the colours' means and deviations are from the target's, (N,).

    Parameters
    ----------
    made
        The swapped face, (N, 3, h, w).
    target
        The target's.
    mask
        (N, 1, h, w): the face; no gradient flows to it.
    options
        ``face_style_power`` and ``resolution`` count.
    """
    mask, sigma = mask.detach().float(), options.resolution / 8
    ours = gaussian_blur(made.float() * mask, sigma)
    theirs = gaussian_blur(target.detach().float() * mask, sigma)
    apart = (ours.mean(dim=(2, 3)) - theirs.mean(dim=(2, 3))).square()
    spread = _deviation(ours) - _deviation(theirs)
    return 100 * options.face_style_power * (apart + spread.square()).mean(dim=1)


def background_style_loss(
    made: Tensor, target: Tensor, mask: Tensor, options: ModelOptions
) -> Tensor:
    """Return how far the swapped face's surroundings are from the target's, (N,).

    Parameters as for `face_style_loss`; ``background_style_power`` and ``resolution`` count.
    """
    outside = 1 - mask.detach().float()
    ours, theirs = made.float() * outside, target.detach().float() * outside
    window = structure_windows(options.resolution)[0]
    apart = dssim(ours, theirs, window) + mean_square(ours, theirs)
    return options.background_style_power / 10 * apart


def _deviation(image: Tensor) -> Tensor:
    """Return each channel's standard deviation; its slope stays finite on flat pictures."""
    return (image.var(dim=(2, 3), correction=0) + 1e-5).sqrt()
