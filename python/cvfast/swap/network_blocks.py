"""The layers that all swap networks are built of.

Weights begin as He et al. (2015) have it, so that signals keep their size; those before a
depth-to-space begin alike for the four pixels that they become (Aitken et al., *Checkerboard
artifact free sub-pixel convolution*, 2017), and the second layer of a residual block begins small.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Activation", "Down", "Residual", "Up", "activation", "head", "linear", "pixel_norm"]

Activation = Callable[[Tensor, float], Tensor]
_LEAK = 0.1
_LEAK_RESIDUAL = 0.2
_FIRST_RESIDUAL = 0.1  # of what would keep the size


def activation(flags: frozenset[str]) -> Activation:
    """Return the network's nonlinearity: a leaky rectifier, or with the flag c, x cos(x)."""
    return _cosine if "c" in flags else functional.leaky_relu


def _cosine(x: Tensor, _slope: float) -> Tensor:
    return x * torch.cos(x)


def pixel_norm(code: Tensor) -> Tensor:
    """Scale each flat code (N, features) to a mean square of 1 (Karras et al., 2018)."""
    return code * torch.rsqrt(code.square().mean(dim=1, keepdim=True) + 1e-6)


def linear(features: int, out: int) -> nn.Linear:
    """Return a full layer that keeps the size of signals."""
    layer = nn.Linear(features, out)
    nn.init.normal_(layer.weight, std=1 / math.sqrt(features))
    nn.init.zeros_(layer.bias)
    return layer


def head(channels: int, out: int, side: int) -> nn.Conv2d:
    """Return a convolution whose output goes into a sigmoid: small at first, so not saturated."""
    return _convolution(channels, out, side, gain=0.3)


def _convolution(
    channels: int, out: int, side: int, *, stride: int = 1, gain: float = 1.0, repeat: int = 1
) -> nn.Conv2d:
    layer = nn.Conv2d(channels, out, side, stride, side // 2)
    weight = torch.empty(out // repeat, channels, side, side, device=layer.weight.device)
    nn.init.normal_(weight, std=gain / math.sqrt(channels * side * side))
    with torch.no_grad():
        layer.weight.copy_(weight.repeat_interleave(repeat, dim=0))
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def _gain(slope: float) -> float:
    return math.sqrt(2 / (1 + slope**2))


class Down(nn.Module):
    """Half the height and width: a 5 x 5 convolution with stride 2."""

    def __init__(self, channels: int, out: int, act: Activation) -> None:
        super().__init__()
        self.conv = _convolution(channels, out, 5, stride=2, gain=_gain(_LEAK))
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out, h / 2, w / 2)."""
        return self.act(self.conv(x), _LEAK)


class Up(nn.Module):
    """Twice the height and width: a 3 x 3 convolution to four times the channels, reordered."""

    def __init__(self, channels: int, out: int, act: Activation) -> None:
        super().__init__()
        self.conv = _convolution(channels, 4 * out, 3, gain=_gain(_LEAK), repeat=4)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out, 2 h, 2 w)."""
        return functional.pixel_shuffle(self.act(self.conv(x), _LEAK), 2)


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a straight way."""

    def __init__(self, channels: int, act: Activation) -> None:
        super().__init__()
        self.first = _convolution(channels, channels, 3, gain=_gain(_LEAK_RESIDUAL))
        self.second = _convolution(channels, channels, 3, gain=_FIRST_RESIDUAL)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape that came in."""
        inner: Any = self.second(self.act(self.first(x), _LEAK_RESIDUAL))
        return self.act(x + inner, _LEAK_RESIDUAL)
