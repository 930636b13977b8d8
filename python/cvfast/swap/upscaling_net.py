"""The network that enlarges faces: a few residual blocks at low resolution, then pixel shuffle.

It adds what bicubic interpolation lacks. Two planes beside the colours tell it what else to mend:
blur, and noise with JPEG's blocks. One body serves both scales (Lim et al., "Enhanced Deep Residual
Networks for Single Image Super-Resolution", 2017; Shi et al., "Real-Time Single Image and Video
Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["UpscalingNet"]


class UpscalingNet(nn.Module):
    """Faces at twice or four times their size.

    Parameters
    ----------
    channels
        Of the body.
    blocks
        Residual blocks of two convolutions.
    """

    def __init__(self, channels: int = 32, blocks: int = 4) -> None:
        super().__init__()
        self.channels, self.blocks = channels, blocks
        self.head = _conv(5, channels)
        for number in range(blocks):
            self.add_module(f"first{number}", _conv(channels, channels))
            self.add_module(f"second{number}", _conv(channels, channels))
        self.tail2 = _conv(channels, 12)
        self.tail4 = _conv(channels, 48)
        for tail in (self.tail2, self.tail4):
            nn.init.zeros_(tail.weight)  # begins as bicubic interpolation
            nn.init.zeros_(tail.bias)

    def forward(self, pixels: Tensor, mend: Tensor, scale: int) -> Tensor:
        """Enlarge.

        Parameters
        ----------
        pixels
            ``(N, 3, h, w)`` in [0, 1].
        mend
            ``(N, 2)``, 1 where blur, and where noise is to be taken away, else 0.
        scale
            2 or 4.

        Returns
        -------
        Tensor
            ``(N, 3, scale * h, scale * w)``, not clipped.
        """
        count, _, height, width = pixels.shape
        planes = mend[:, :, None, None].expand(count, 2, height, width)
        part: Any = self._modules
        maps = self.head(torch.cat([pixels - 0.5, planes], 1))
        for number in range(self.blocks):
            inner = functional.relu(part[f"first{number}"](maps))
            maps = maps + part[f"second{number}"](inner)
        detail = functional.pixel_shuffle(part[f"tail{scale}"](maps), scale)
        size = (height * scale, width * scale)
        base = functional.interpolate(pixels, size, mode="bicubic", align_corners=False)
        return base + detail


def _conv(inside: int, outside: int) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, 3, padding=1)
