"""Clothes Transform in torch: a coarse exchange of clothes, and a garment deformed without a warp.

*Deep Virtual Try-on with Clothes Transform*, ICS 2018. Its first step is CAGAN (Jetchev and
Bergmann, *The Conditional Analogy GAN*, 2017), its third a plain U-Net; the masks between them are
in `clothes_transform_masks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.norms import norm_layer

__all__ = ["CoarsePerson", "PairJudge", "TransformNet"]

_EPS = 1.01e-5
_SPREAD = 0.02


class CoarsePerson(nn.Module):
    """CAGAN's generator: a person, the garment worn and another, to the person in the other.

    Parameters
    ----------
    width
        Channels of the first level; officially 64.

    Notes
    -----
    Person and worn garment, made small, are looked at again on each level. Height and width are
    multiples of 16.

    Examples
    --------
    >>> net = CoarsePerson(width=4)
    >>> alpha, painted = net(*[torch.zeros(1, 3, 64, 48)] * 3)
    >>> alpha.shape, painted.shape
    (torch.Size([1, 1, 64, 48]), torch.Size([1, 3, 64, 48]))
    """

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        w1, w2, w4, w8 = (width * factor for factor in (1, 2, 4, 8))
        seen = 6  # channels of what is looked at again
        self.layer1 = _halve(9, w1)
        self.layer2, self.norm2 = _halve(w1 + seen, w2), _norm(w2)
        self.layer3, self.norm3 = _halve(w2 + seen, w4), _norm(w4)
        self.layer4, self.norm4 = _halve(w4 + seen, w8), _norm(w8)
        self.layer9, self.norm9 = _double(w8 + seen, w4), _norm(w4)
        self.layer10, self.norm10 = _double(2 * w4 + seen, w2), _norm(w2)
        self.layer11, self.norm11 = _double(2 * w2 + seen, w1), _norm(w1)
        self.layer12, self.norm12 = _double(w1 + seen, width // 2), _norm(width // 2)
        self.out128 = nn.Conv2d(width // 2, 4, 4, bias=False)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0.0, _SPREAD)

    def forward(self, person: Tensor, worn: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Return alpha (N, 1, h, w) in [0, 1] and a picture (N, 3, h, w) in [-1, 1].

        Parameters
        ----------
        person, worn, wanted
            (N, 3, h, w) in [-1, 1]; garments on plain ground.
        """
        again = torch.cat([person, worn], 1)
        small = {side: functional.avg_pool2d(again, side) for side in (2, 4, 8, 16)}
        maps = functional.leaky_relu(self.layer1(torch.cat([again, wanted], 1)), 0.2)
        second = self.norm2(self.layer2(torch.cat([maps, small[2]], 1)))
        maps = torch.cat([functional.leaky_relu(second, 0.2), small[4]], 1)
        third = self.norm3(self.layer3(maps))
        maps = torch.cat([functional.leaky_relu(third, 0.2), small[8]], 1)
        maps = functional.leaky_relu(self.norm4(self.layer4(maps)), 0.2)
        maps = self.norm9(self.layer9(torch.cat([maps, small[16]], 1)))
        maps = torch.cat([functional.relu(torch.cat([maps, third], 1)), small[8]], 1)
        maps = self.norm10(self.layer10(maps))
        maps = torch.cat([functional.relu(torch.cat([maps, second], 1)), small[4]], 1)
        maps = functional.relu(self.norm11(self.layer11(maps)))
        maps = self.norm12(self.layer12(functional.relu(torch.cat([maps, small[2]], 1))))
        out = self.out128(functional.pad(maps, (1, 2, 1, 2)))
        return torch.sigmoid(out[:, :1]), torch.tanh(out[:, 1:])

    def exchange(self, person: Tensor, worn: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Return the person in the wanted garment, (N, 3, h, w), and alpha."""
        alpha, painted = self(person, worn, wanted)
        return alpha * painted + (1 - alpha) * person, alpha


class PairJudge(nn.Module):
    """CAGAN's judge: does this person wear this garment? A patch's probability each.

    Examples
    --------
    >>> judge = PairJudge(width=4)
    >>> judge(torch.zeros(2, 3, 64, 48), torch.zeros(2, 3, 64, 48)).shape
    torch.Size([2, 1, 6, 4])
    """

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(6, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for factor, step in ((2, 2), (4, 2), (8, 1)):
            before = width * factor // 2
            layers += [nn.Conv2d(before, width * factor, 4, step, 1, bias=False)]
            layers += [nn.BatchNorm2d(width * factor, eps=_EPS), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1), nn.Sigmoid())
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, 0.0, _SPREAD)

    def forward(self, person: Tensor, garment: Tensor) -> Tensor:
        """Return probabilities of patches, for pictures (N, 3, h, w) in [-1, 1]."""
        out: Tensor = self.layers(torch.cat([person, garment], 1))
        return out


class TransformNet(nn.Module):
    """A garment's picture and the mask it shall fill, to the garment deformed.

    Parameters
    ----------
    width
        Channels of the first level; officially 64. Five levels.
    size
        Width and height of the pictures that it learns from, for whoever runs it; None: unknown.
    compat
        The published form: no normalisation, dropout of one half on the two lowest levels, and a
        ReLU at the end, which makes it a picture in 0..255 or 0..1 whose dark pixels do not learn.
        Else group normalisation, no dropout and a sigmoid.

    Examples
    --------
    >>> net = TransformNet(width=4)
    >>> net(torch.zeros(1, 3, 64, 48), torch.zeros(1, 1, 64, 48)).shape
    torch.Size([1, 3, 64, 48])
    """

    def __init__(
        self, *, width: int = 64, size: Sequence[int] | None = None, compat: bool = True
    ) -> None:
        super().__init__()
        self.compat = compat
        self.size = None if size is None else (int(size[0]), int(size[1]))
        widths = [width << level for level in range(5)]
        for level, (before, after) in enumerate(pairwise([4, *widths]), 1):
            self.add_module(f"conv{level}", _twice(before, after, compat))
        for level, (above, below) in enumerate(pairwise(reversed(widths)), 6):
            self.add_module(f"up{level}", nn.Conv2d(above, below, 2))
            self.add_module(f"conv{level}", _twice(above, below, compat))
        self.last = nn.Conv2d(width, 3, 3, padding=1)
        self.drop = nn.Dropout(0.5 if compat else 0.0)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.get_parameter("bias"))

    def forward(self, garment: Tensor, mask: Tensor) -> Tensor:
        """Return the deformed garment (N, 3, h, w) in [0, 1].

        Parameters
        ----------
        garment
            (N, 3, h, w) in [0, 1]; height and width are multiples of 16.
        mask
            (N, 1, h, w): where it shall be.
        """
        layers: Any = self
        maps, skips = torch.cat([garment, mask], 1), []
        for level in range(1, 6):
            maps = getattr(layers, f"conv{level}")(
                functional.max_pool2d(maps, 2) if level > 1 else maps
            )
            maps = self.drop(maps) if level > 3 else maps
            skips.append(maps)
        for level in range(6, 10):
            grown = functional.interpolate(maps, scale_factor=2.0)
            # Keras pads a convolution of two pixels to the right and below.
            up = functional.relu(getattr(layers, f"up{level}")(functional.pad(grown, (0, 1, 0, 1))))
            maps = getattr(layers, f"conv{level}")(torch.cat([skips[9 - level], up], 1))
        out = self.last(maps)
        return functional.relu(out) if self.compat else torch.sigmoid(out)


def _twice(before: int, after: int, compat: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inside in (before, after):
        layers.append(nn.Conv2d(inside, after, 3, padding=1))
        layers += [] if compat else [norm_layer(after, False)]
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def _halve(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 4, 2, 1, bias=False)


def _double(before: int, after: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)


def _norm(channels: int) -> nn.InstanceNorm2d:
    return nn.InstanceNorm2d(channels, eps=_EPS, affine=True)
