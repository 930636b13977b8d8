"""The adversaries of ACGPN and SwapNet: judges of patches, at two scales.

PatchGAN (Isola et al., 2017) at several scales with feature matching (Wang et al., *High-Resolution
Image Synthesis*, CVPR 2018), judged by squares (Mao et al., *Least Squares GAN*, 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["JUDGED", "PatchJudge", "matching_loss", "truth_loss"]

#: Channels that ACGPN's judges see: what a network saw, and what it made.
JUDGED = {"G1": 51, "G2": 38, "U": 7, "G": 27}
_MATCHING_WEIGHT = 5.0
_LAYERS = 3

Told = list[list[Tensor]]  # of each scale the layers' outputs, the judgement last


class PatchJudge(nn.Module):
    """Judges of patches, each looking at half the size of the one before.

    Parameters
    ----------
    channels
        Of what is judged.
    width
        Channels of the first layer; officially 64.
    scales
        How many judges.

    Examples
    --------
    >>> told = PatchJudge(27, width=4)(torch.zeros(1, 27, 64, 48))
    >>> len(told), len(told[0]), told[0][-1].shape, told[1][-1].shape
    (2, 5, torch.Size([1, 1, 11, 9]), torch.Size([1, 1, 7, 6]))
    """

    def __init__(self, channels: int, *, width: int = 64, scales: int = 2) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_layers(channels, width) for _ in range(scales))

    def forward(self, pictures: Tensor) -> Told:
        """Return all layers' outputs, for pictures (N, channels, h, w)."""
        told: Told = []
        for judge in self.scales:
            layers: Any = judge
            outputs = [pictures]
            for layer in layers:
                outputs.append(layer(outputs[-1]))
            told.append(outputs[1:])
            pictures = functional.avg_pool2d(pictures, 3, 2, 1, count_include_pad=False)
        return told


def _layers(channels: int, width: int) -> nn.ModuleList:
    first = nn.Sequential(nn.Conv2d(channels, width, 4, 2, 2), nn.LeakyReLU(0.2))
    layers: list[nn.Module] = [first]
    before = width
    for number in range(1, _LAYERS + 1):
        after, step = min(2 * before, 512), 2 if number < _LAYERS else 1
        conv = nn.Conv2d(before, after, 4, step, 2)
        layers.append(nn.Sequential(conv, nn.InstanceNorm2d(after), nn.LeakyReLU(0.2)))
        before = after
    return nn.ModuleList([*layers, nn.Conv2d(before, 1, 4, 1, 2)])


def truth_loss(told: Told, truth: float) -> Tensor:
    """Return the squared distance of all judgements from 1 (real) or 0 (made), summed over scales.

    Examples
    --------
    >>> truth_loss([[torch.zeros(1)], [torch.ones(1)]], 1.0).item()
    1.0
    """
    return torch.stack([(outputs[-1] - truth).square().mean() for outputs in told]).sum()


def matching_loss(made: Told, real: Sequence[Sequence[Tensor]]) -> Tensor:
    """Return five times the layers' mean absolute difference, weighted as published.

    Each layer but the judgement counts 4 / (layers + 1) over the number of scales.
    """
    weight = _MATCHING_WEIGHT * 4 / (_LAYERS + 1) / len(made)
    return weight * torch.stack([
        functional.l1_loss(ours, theirs.detach())
        for one, other in zip(made, real, strict=True)
        for ours, theirs in zip(one[:-1], other[:-1], strict=True)
    ]).sum()  # fmt: skip
