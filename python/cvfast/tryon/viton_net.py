"""VITON's two networks: an encoder-decoder that paints the person, and a refinement.

Han et al., *VITON: An Image-based Virtual Try-on Network*, CVPR 2018. Between the two the garment
is warped to the first one's mask by shape contexts, which nobody has to train.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from cvfast.tryon.cpvton_net import begin_normal

__all__ = ["EncoderDecoder", "Refinement"]

_INPUTS = 25  # garment 3, shape 1, head 3, pose 18
_OUTPUTS = 4  # mask 1, picture 3
_SLOPE = 0.2


class EncoderDecoder(nn.Module):
    """The coarse person in the new garment, and the garment's mask.

    A U-Net of strided convolutions and transposed ones, none with a bias, normalised over the
    batch; the mask is channel 0.

    Parameters
    ----------
    width
        Channels of the first layer; up to eight times as many below it.
    downs
        How often the size is halved: 6 in the paper, from 256 x 192 to 4 x 3.
    dropout
        Share that the innermost decoder layer leaves out.

    Examples
    --------
    >>> net = EncoderDecoder(width=8, downs=4)
    >>> coarse, mask = net(torch.zeros(2, 22, 64, 48), torch.zeros(2, 3, 64, 48))
    >>> coarse.shape, mask.shape
    (torch.Size([2, 3, 64, 48]), torch.Size([2, 1, 64, 48]))
    """

    def __init__(self, *, width: int = 64, downs: int = 6, dropout: float = 0.5) -> None:
        super().__init__()
        if downs < 2:
            raise ValueError(f"downs: expected at least 2, got {downs}")
        widths = [_INPUTS, *(width << min(at, 3) for at in range(downs))]
        self.encoder = nn.ModuleList(
            _level(nn.Conv2d(before, after, 4, 2, 1, bias=False), at > 0, nn.LeakyReLU(_SLOPE))
            for at, (before, after) in enumerate(pairwise(widths))
        )
        rising = list(reversed(widths[1:]))
        self.decoder = nn.ModuleList()
        for at, (before, after) in enumerate(pairwise([*rising, _OUTPUTS])):
            deconv = nn.ConvTranspose2d(before * (2 if at else 1), after, 4, 2, 1, bias=False)
            self.decoder.append(_level(deconv, at + 1 < downs, nn.ReLU()))
        self.dropout = nn.Dropout(dropout)
        begin_normal(self)

    def forward(self, person: Tensor, garment: Tensor) -> tuple[Tensor, Tensor]:
        """Return the picture (N, 3, h, w) in [-1, 1] and the mask (N, 1, h, w) in [0, 1].

        Parameters
        ----------
        person
            (N, 22, h, w), as `cvfast.tryon.representation.viton_person` gives it.
        garment
            (N, 3, h, w) in [-1, 1].
        """
        maps = torch.cat([garment, person], 1)
        skips: list[Tensor] = []
        for level in self.encoder:
            maps = level(maps)
            skips.append(maps)
        maps = skips.pop()
        for at, level in enumerate(self.decoder):
            maps = level(maps if at == 0 else torch.cat([maps, skips.pop()], 1))
            if at == 0:
                maps = self.dropout(maps)
        made = torch.tanh(maps)
        return made[:, 1:], made[:, :1] / 2 + 0.5


class Refinement(nn.Module):
    """Where the warped garment shows on the coarse picture.

    Parameters
    ----------
    width
        Channels.

    Examples
    --------
    >>> net = Refinement(width=8)
    >>> net(torch.zeros(2, 3, 64, 48), torch.zeros(2, 3, 64, 48)).shape
    torch.Size([2, 1, 64, 48])
    """

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise((6, width, width, width)):
            # One group: the paper's layer normalisation, over all channels and places.
            layers += [nn.Conv2d(before, after, 3, 1, 1), nn.GroupNorm(1, after)]
            layers += [nn.LeakyReLU(_SLOPE)]
        self.model = nn.Sequential(*layers, nn.Conv2d(width, 1, 1))
        begin_normal(self)

    def forward(self, warped: Tensor, coarse: Tensor) -> Tensor:
        """Return alpha (N, 1, h, w): the result is alpha * warped + (1 - alpha) * coarse."""
        return torch.sigmoid(self.model(torch.cat([warped, coarse], 1)))


def _level(conv: nn.Module, normalised: bool, before: nn.Module) -> nn.Sequential:
    """One level; the first layer of the encoder sees the input as it is."""
    first = isinstance(conv, nn.Conv2d) and not normalised
    parts = [conv] if first else [before, conv]
    if normalised:
        parts.append(nn.BatchNorm2d(conv.out_channels))  # type: ignore[arg-type]
    return nn.Sequential(*parts)
