"""The mask network in torch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.models.xseg_layers import WIDTHS, xseg_layers
from cvfast.typing import ImageF32

__all__ = ["XSegNet"]

_EPS = 1e-5


class XSegNet(nn.Module):
    """A picture to logits of its face.

    Parameters
    ----------
    widths
        See `cvfast.models.xseg_layers.xseg_layers`.
    normalised
        Whether each convolution is followed by batch normalisation (training from nothing) or has
        a bias (weights that were folded).

    Examples
    --------
    >>> net = XSegNet((8, 16))
    >>> net(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 1, 32, 32])
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, *, normalised: bool = False) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.layers = xseg_layers(self.widths)
        self.convolutions = nn.ModuleDict()
        self.norms = nn.ModuleDict()
        for name, layer in self.layers.items():
            with_norm = normalised and name != "mask"
            self.convolutions[name] = nn.Conv2d(
                layer.inside,
                layer.outside,
                layer.size,
                layer.step,
                layer.size // 2,
                bias=not with_norm,
            )
            if with_norm:
                self.norms[name] = nn.BatchNorm2d(layer.outside, eps=_EPS, momentum=0.03)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits ``(N, 1, h, w)`` of pixels ``(N, 3, h, w)`` in [0, 1]."""
        maps = functional.pixel_unshuffle((pixels - 0.5) * 4, 2)
        seen = []
        for level in range(len(self.widths)):
            maps = self._run(f"deep{level}", self._run(f"down{level}", maps))
            seen.append(maps)
        for level in reversed(range(len(self.widths) - 1)):
            wide = functional.interpolate(self._run(f"narrow{level}", maps), scale_factor=2.0)
            maps = self._run(f"join{level}", wide + seen[level])
        return functional.pixel_shuffle(self._run("mask", maps), 2)

    def _run(self, name: str, maps: Tensor) -> Tensor:
        maps = self.convolutions[name](maps)
        if name in self.norms:
            maps = self.norms[name](maps)
        return functional.relu(maps) if self.layers[name].rectified else maps

    @torch.no_grad()
    def folded(self) -> dict[str, ImageF32]:
        """Return weights and biases by name, normalisations folded in (Markus, 2018)."""
        weights: dict[str, ImageF32] = {}
        for name, layer in self.convolutions.items():
            weight = layer.get_parameter("weight").double()
            if name in self.norms:
                norm = self.norms[name]
                mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
                gain = norm.get_parameter("weight").double() / (variance.double() + _EPS).sqrt()
                weight = weight * gain[:, None, None, None]
                bias = norm.get_parameter("bias").double() - mean.double() * gain
            else:
                bias = layer.get_parameter("bias")
            weights[f"{name}.weight"] = weight.float().cpu().numpy()
            weights[f"{name}.bias"] = bias.float().cpu().numpy()
        return weights

    def load_folded(self, weights: Mapping[str, ImageF32]) -> None:
        """Take weights that `folded` gave; the net must be without normalisation."""
        state = {f"convolutions.{name}": torch.tensor(w) for name, w in weights.items()}
        self.load_state_dict(state)
