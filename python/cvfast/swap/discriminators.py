"""Networks that learn to tell made from true, so that the others learn to deceive them."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CodeDiscriminator", "PatchDiscriminator", "judged", "receptive_fields"]

_LEAK = 0.2
_MOST_LEVELS, _WIDEST = 8, 8
_KERNELS = (3, 4, 5)


def judged(answers: Tensor | tuple[Tensor, ...], truth: bool) -> Tensor:
    """Return the mean cross-entropy of a discriminator's answers.

    A discriminator learns from ``(judged(d(true), True) + judged(d(made.detach()), False)) / 2``,
    what deceives it from ``judged(d(made), True)``.

    Parameters
    ----------
    answers
        Logits of any shape, or several such, which count the same.
    truth
        Whether they should say that it is true.

    Examples
    --------
    >>> import torch
    >>> round(float(judged(torch.zeros(2, 1, 4, 4), True)), 4)  # it cannot tell: log 2
    0.6931
    """
    several = answers if isinstance(answers, tuple) else (answers,)
    # The cross-entropy of a logit x is log(1 + exp(-x)) for true, log(1 + exp(x)) for made.
    sign = -1.0 if truth else 1.0
    terms = [functional.softplus(sign * answer.float()).mean() for answer in several]
    return torch.stack(terms).mean()


def receptive_fields() -> dict[int, tuple[int, int]]:
    """Return the patch sizes that there are: pixels -> (levels, side of the kernels).

    A level halves the picture, so its kernel reaches over twice as many pixels as the one before.
    """
    found: dict[int, tuple[int, int]] = {}
    for levels in range(1, _MOST_LEVELS + 1):
        for side in _KERNELS:
            found.setdefault(1 + (side - 1) * (2**levels - 1), (levels, side))
    return found


class PatchDiscriminator(nn.Module):
    """A U-Net that judges patches and pixels (Schoenfeld et al., 2020).

    Parameters
    ----------
    patch_size
        Pixels that one judgement of the first kind rests on: the nearest of `receptive_fields`.
    dims
        Channels of the first level; they double up to eight times as many.
    """

    def __init__(self, patch_size: int, dims: int = 16) -> None:
        super().__init__()
        fields = receptive_fields()
        levels, side = fields[min(fields, key=lambda size: (abs(size - patch_size), size))]
        widths = [dims * min(2**level, _WIDEST) for level in range(levels + 1)]
        self.begin = nn.Conv2d(3, widths[0], 1)
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, side, 2, (side - 1) // 2) for a, b in pairwise(widths)
        )
        self.patches = nn.Conv2d(widths[-1], 1, 1)
        self.up = nn.ModuleList(nn.Conv2d(b + a, a, 3, padding=1) for a, b in pairwise(widths))
        self.pixels = nn.Conv2d(widths[0], 1, 1)

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of patches (N, 1, h', w') and of pixels (N, 1, h, w)."""
        x = functional.leaky_relu(self.begin(faces), _LEAK)
        kept = []
        for down in self.down:
            kept.append(x)
            x = functional.leaky_relu(down(x), _LEAK)
        patches = self.patches(x)
        for up, beside in zip(reversed(self.up), reversed(kept), strict=True):
            larger = functional.interpolate(x, size=beside.shape[-2:], mode="nearest")
            x = functional.leaky_relu(up(torch.cat([larger, beside], dim=1)), _LEAK)
        return patches, self.pixels(x)


class CodeDiscriminator(nn.Module):
    """Tells the two people's codes apart (df's true-face term).

    Parameters
    ----------
    channels, side
        Of the code: (N, channels, side, side).
    dims
        Channels of the first level; they double up to eight times as many.
    """

    def __init__(self, channels: int, side: int, dims: int = 256) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for level in range(min(1 + side // 8, 1 + int(math.log2(side)))):
            out = dims * min(2**level, _WIDEST)
            layers += [nn.Conv2d(channels, out, 3, 2, 1), nn.LeakyReLU(0.1)]
            channels = out
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, 1))

    def forward(self, code: Tensor) -> Tensor:
        """Return logits (N, 1, h, w): above 0 for what looks like the target's."""
        logits: Tensor = self.layers(code)
        return logits
