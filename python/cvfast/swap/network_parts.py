"""Encoder, inner network and decoder: what df, liae and amp put together each in its own way."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.swap.model_options import ModelOptions
from cvfast.swap.network_blocks import Down, Residual, Up, activation, head, linear, pixel_norm

__all__ = ["Decoder", "Encoder", "Inter"]


class Encoder(nn.Module):
    """From a picture to a flat vector; with u (and amp) of a mean square of 1.

    Attributes
    ----------
    features
        Length of the vector.
    """

    def __init__(self, options: ModelOptions) -> None:
        super().__init__()
        act, e, deep = activation(options.flags), options.e_dims, "t" in options.flags
        layers: list[nn.Module] = [Down(3, e, act)]
        if deep:
            layers.append(Residual(e, act))
        layers += [Down(e, 2 * e, act), Down(2 * e, 4 * e, act), Down(4 * e, 8 * e, act)]
        if deep:
            layers += [Down(8 * e, 8 * e, act), Residual(8 * e, act)]
        self.layers = nn.Sequential(*layers)
        self.features = 8 * e * math.ceil(options.resolution / (32 if deep else 16)) ** 2
        self.normalised = "u" in options.flags

    def forward(self, faces: Tensor) -> Tensor:
        """Return (N, features) for (N, 3, h, w) in [0, 1]."""
        code: Tensor = self.layers(faces).flatten(1)
        return pixel_norm(code) if self.normalised else code


class Inter(nn.Module):
    """From the flat vector through a narrow one to a small map: the code."""

    def __init__(self, options: ModelOptions, features: int, out: int) -> None:
        super().__init__()
        self.out = out
        self.grid = options.resolution // (32 if "d" in options.flags else 16)
        self.narrow = linear(features, options.ae_dims)
        self.wide = linear(options.ae_dims, self.grid**2 * out)
        self.up = None if "t" in options.flags else Up(out, out, activation(options.flags))

    def forward(self, code: Tensor) -> Tensor:
        """Return (N, out, grid, grid), or twice the grid without t."""
        wide: Tensor = self.wide(self.narrow(code))
        maps = wide.view(-1, self.out, self.grid, self.grid)
        maps = maps.contiguous(memory_format=torch.channels_last)
        return maps if self.up is None else self.up.forward(maps)


class Decoder(nn.Module):
    """From a code to a face and its mask."""

    def __init__(self, options: ModelOptions, channels: int) -> None:
        super().__init__()
        act, d, m = activation(options.flags), options.d_dims, options.d_mask_dims
        deep, self.doubled = "t" in options.flags, "d" in options.flags
        steps = [8, 8, 4, 2] if deep else [8, 4, 2]
        layers: list[nn.Module] = []
        width = channels
        for step in steps:
            layers += [Up(width, step * d, act), Residual(step * d, act)]
            width = step * d
        self.face = nn.Sequential(*layers)
        sides = (1, 3, 3, 3) if self.doubled else (1,)
        self.heads = nn.ModuleList([head(width, 3, side) for side in sides])
        layers, width = [], channels
        for step in [*steps, 1] if self.doubled else steps:
            layers.append(Up(width, step * m, act))
            width = step * m
        self.fixed_heads: tuple[Tensor, Tensor] | None = None
        self.mask = nn.Sequential(*layers, head(width, 1, 1))

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return (N, 3, h, w) and (N, 1, h, w), both in [0, 1]."""
        weight, bias = self.fixed_heads or self._joined()
        face = functional.conv2d(self.face(code), weight, bias, padding=weight.shape[-1] // 2)
        if self.doubled:
            face = functional.pixel_shuffle(face, 2)
        return torch.sigmoid(face), self.mask_of(code)

    def fix_heads(self, fixed: bool = True) -> None:
        """Join the heads once and for all, for networks that are no longer trained; or undo it."""
        with torch.no_grad():
            self.fixed_heads = self._joined() if fixed else None

    def mask_of(self, code: Tensor) -> Tensor:
        """Return the mask alone: (N, 1, h, w) in [0, 1]."""
        return torch.sigmoid(self.mask(code))

    def _joined(self) -> tuple[Tensor, Tensor]:
        """Return all heads as one convolution, which is quicker than four.

        They stand in order of colour, then of place, as depth-to-space has it.
        """
        heads: list[Any] = list(self.heads)
        weights = [part.weight for part in heads]
        if not self.doubled:
            return weights[0], heads[0].bias
        weights[0] = functional.pad(weights[0], (1, 1, 1, 1))
        biases = torch.stack([part.bias for part in heads], dim=1)
        return torch.stack(weights, dim=1).flatten(0, 1), biases.flatten()
