"""ACGPN's U-Net in torch: who predicts labels, the clothes' mask, the refined garment, the result.

Yang et al., *Towards Photo-Realistic Virtual Try-On by Adaptively Generating-Preserving Image
Content*, CVPR 2020. Four networks share it: G1 (labels of the body), G2 (mask of the new clothes),
the second half of U (refinement of the warped garment; see `acgpn_warping`) and G (fusion).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from cvfast.tryon.norms import norm_layer

__all__ = [
    "INPUTS", "LABELS", "OUTPUTS", "Refine", "build_g", "build_g1", "build_g2",
]  # fmt: skip

LABELS = 14
INPUTS = {"G1": 37, "G2": 37, "U": 4, "G": 24}
OUTPUTS = {"G1": LABELS, "G2": 1, "U": 4, "G": 3}
_LEVELS = 5


class Refine(nn.Module):
    """A U-Net of five levels, two convolutions a level.

    Parameters
    ----------
    inputs, outputs
        Channels; `INPUTS` and `OUTPUTS` give the paper's.
    width
        Channels of the first level; each further level has twice as many. Officially 64.
    compat
        The published form: instance normalisation, and dropout of one half behind the two lowest
        levels. Else group normalisation and no dropout. The convolutions are the same.

    Examples
    --------
    >>> net = Refine(37, 14, width=4)
    >>> net(torch.zeros(1, 37, 64, 48)).shape
    torch.Size([1, 14, 64, 48])
    """

    def __init__(self, inputs: int, outputs: int, *, width: int = 64, compat: bool = True) -> None:
        super().__init__()
        self.compat = compat
        widths = [width << level for level in range(_LEVELS)]
        for level, (before, after) in enumerate(pairwise([inputs, *widths]), 1):
            self.add_module(f"conv{level}", nn.Sequential(*_twice(before, after, compat)))
        for level, (above, below) in enumerate(pairwise(reversed(widths)), _LEVELS + 1):
            grow = [nn.Upsample(scale_factor=2), *_convolution(above, below, compat)]
            self.add_module(f"up{level}", nn.Sequential(*grow))
            layers = _twice(above, below, compat)  # half of what comes in is the skip's
            if below == width:
                layers.append(nn.Conv2d(width, outputs, 3, padding=1))
            self.add_module(f"conv{level}", nn.Sequential(*layers))
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.5 if compat else 0.0)

    def forward(self, maps: Tensor) -> Tensor:
        """Return ``(N, outputs, h, w)``, not yet squashed; h and w are multiples of 16."""
        layers: Any = self
        skips = []
        for level in range(1, _LEVELS + 1):
            maps = getattr(layers, f"conv{level}")(self.pool(maps) if level > 1 else maps)
            maps = self.drop(maps) if level >= _LEVELS - 1 else maps
            skips.append(maps)
        for level in range(_LEVELS + 1, 2 * _LEVELS):
            up = getattr(layers, f"up{level}")(maps)
            maps = getattr(layers, f"conv{level}")(
                torch.cat([skips[2 * _LEVELS - 1 - level], up], 1)
            )
        return maps


def build_g1(*, width: int = 64, compat: bool = True) -> Refine:
    """Build G1, which labels the body.

    Examples
    --------
    >>> sum(weights.numel() for weights in build_g1().parameters())
    34540942
    """
    return _build("G1", width, compat)


def build_g2(*, width: int = 64, compat: bool = True) -> Refine:
    """Build G2, which finds where the new clothes are."""
    return _build("G2", width, compat)


def build_g(*, width: int = 64, compat: bool = True) -> Refine:
    """Build G, which paints the result."""
    return _build("G", width, compat)


def _build(part: str, width: int, compat: bool) -> Refine:
    return Refine(INPUTS[part], OUTPUTS[part], width=width, compat=compat)


def _twice(before: int, after: int, compat: bool) -> list[nn.Module]:
    return [*_convolution(before, after, compat), *_convolution(after, after, compat)]


def _convolution(before: int, after: int, compat: bool) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1), norm_layer(after, compat), nn.ReLU()]
