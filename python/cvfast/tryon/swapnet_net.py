"""SwapNet in torch: the clothes of one picture on the person of another.

Raj et al., *SwapNet: Image Based Garment Transfer*, ECCV 2018, with the layers of the known
re-implementation. The warping module moves the clothes' labels into the other body's pose, the
texturing module paints them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.norms import norm_layer

__all__ = ["BODY", "CLOTH", "REGIONS", "Texturing", "Warping", "cut_regions"]

BODY = 3  # channels of the rendered body
CLOTH = 19  # labels of LIP but the background
REGIONS = 12  # boxes of body parts


class Warping(nn.Module):
    """Labels of clothes and another body to labels of the clothes on that body.

    Parameters
    ----------
    width
        Channels of the first level; officially 64.
    compat
        The published form: instance normalisation, dropout of one half, tanh at the end. Else
        group normalisation, no dropout, and logits.

    Notes
    -----
    The clothes are squeezed through six halvings: what is left tells what is worn, hardly where.
    Height and width are multiples of 64.

    Examples
    --------
    >>> net = Warping(width=4)
    >>> net(torch.zeros(1, 3, 64, 64), torch.zeros(1, 19, 64, 64)).shape
    torch.Size([1, 19, 64, 64])
    """

    def __init__(self, *, width: int = 64, compat: bool = True) -> None:
        super().__init__()
        self.compat = compat
        half = 0.5 if compat else 0.0
        w1, w2, w4, w8, w16 = (width * factor for factor in (1, 2, 4, 8, 16))
        body = ((BODY, w1), (w1, w2), (w2, w4), (w4, w8))
        for level, (before, after) in enumerate(body, 1):
            down = _Down(before, after, compat, norm=level > 1, drop=half if level == 4 else 0)
            self.add_module(f"body_down{level}", down)
        cloth = ((CLOTH, w1), (w1, w2), (w2, w4), (w4, w8), (w8, w16), (w16, w16))
        for level, (before, after) in enumerate(cloth, 1):
            norm, drop = 1 < level < 6, half if level > 4 else 0
            self.add_module(
                f"cloth_down{level}", _Down(before, after, compat, norm=norm, drop=drop)
            )
        self.cloth_up1 = _Up(w16, w16, compat)
        self.cloth_up2 = _Up(w16, w8, compat)
        self.resblocks = nn.Sequential(*(_Residual(w16, compat, half) for _ in range(4)))
        self.dual_up1 = _Up(w16, w4, compat)
        self.dual_up2 = _Up(3 * w4, w2, compat)
        self.dual_up3 = _Up(3 * w2, w1, compat)
        self.upsample_and_pad = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.ZeroPad2d((1, 0, 1, 0)),
            nn.Conv2d(3 * w1, CLOTH, 4, padding=1),
            nn.Tanh() if compat else nn.Identity(),
        )

    def forward(self, body: Tensor, cloth: Tensor) -> Tensor:
        """Return (N, 19, h, w): tanh in the published form, else logits."""
        layers: Any = self
        bodies, cloths = [body], [cloth]
        for level in range(1, 5):
            bodies.append(getattr(layers, f"body_down{level}")(bodies[-1]))
        for level in range(1, 7):
            cloths.append(getattr(layers, f"cloth_down{level}")(cloths[-1]))
        squeezed = self.cloth_up2(self.cloth_up1(cloths[6]))
        maps = self.resblocks(torch.cat([bodies[4], squeezed], 1))
        for level, up in ((3, self.dual_up1), (2, self.dual_up2), (1, self.dual_up3)):
            maps = torch.cat([up(maps), bodies[level], cloths[level]], 1)
        out: Tensor = self.upsample_and_pad(maps)
        return out


class Texturing(nn.Module):
    """Pieces of a picture and labels of clothes to a picture of the clothes.

    Parameters
    ----------
    side
        Pixels a side, a power of two of 32 at least; officially 128. The U-Net halves down to one
        pixel.
    width
        Channels of the U-Net's first level; officially 64.
    compat
        The published form: batch normalisation and dropout of one half in the U-Net. Else group
        normalisation and no dropout.

    Examples
    --------
    >>> net = Texturing(64, width=4)
    >>> boxes = torch.tensor([[[0.0, 0.0, 20.0, 30.0]] * 12])
    >>> net(torch.zeros(1, 3, 64, 64), boxes, torch.zeros(1, 19, 64, 64)).shape
    torch.Size([1, 3, 64, 64])
    """

    def __init__(self, side: int = 128, *, width: int = 64, compat: bool = True) -> None:
        super().__init__()
        halvings = side.bit_length() - 1
        if side != 1 << halvings or side < 32:
            raise ValueError(f"side: expected a power of two of 32 at least, got {side}")
        self.side = side
        seen = 3 * REGIONS
        self.encode = _Down(seen, seen, compat)
        block: nn.Module = _Skip(8 * width, 8 * width, None, compat)
        for _ in range(halvings - 5):
            block = _Skip(8 * width, 8 * width, block, compat, drop=compat)
        for factor in (4, 2, 1):
            block = _Skip(factor * width, 2 * factor * width, block, compat)
        self.unet = nn.Module()
        self.unet.model = _Skip(3, width, block, compat, inputs=seen + CLOTH)

    def forward(self, texture: Tensor, boxes: Tensor, cloth: Tensor) -> Tensor:
        """Paint.

        Parameters
        ----------
        texture
            (N, 3, side, side) in [-1, 1].
        boxes
            (N, 12, 4): x0, y0, x1, y1 of the parts in the texture.
        cloth
            (N, 19, side, side): labels of the clothes wanted.

        Returns
        -------
        (N, 3, side, side) in [-1, 1].
        """
        pieces = self.encode(cut_regions(texture, boxes, self.side))
        grown = functional.interpolate(pieces, size=(self.side, self.side))
        unet: Any = self.unet
        out: Tensor = unet.model(torch.cat([grown, cloth], 1))
        return out


def cut_regions(pictures: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Return what is in each box, enlarged to a square and stacked as channels.

    Parameters
    ----------
    pictures
        (N, C, h, w).
    boxes
        (N, K, 4) x0, y0, x1, y1 in pixels; one less than a pixel wide counts as one.
    side
        Pixels a side.

    Returns
    -------
    (N, K * C, side, side).

    Notes
    -----
    RoIAlign (He et al., *Mask R-CNN*, 2017) with one sample in each bin's middle and, as in its
    first release, no shift by half a pixel.

    Examples
    --------
    >>> picture = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    >>> cut_regions(picture, torch.tensor([[[0.3, 0.0, 2.3, 2.0]]]), 2)[0, 0, 0].round().tolist()
    [1.0, 2.0]
    """
    count, channels, height, width = pictures.shape
    kinds = boxes.shape[1]
    sides = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1)
    steps = (torch.arange(side, device=boxes.device) + 0.5) / side
    x, y = (boxes[..., at, None] + sides[..., at, None] * steps for at in (0, 1))
    x, y = 2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1
    shape = (count * kinds, side, side)
    grid = torch.stack(
        [x[:, :, None, :].expand(-1, -1, side, -1).reshape(shape),
         y[:, :, :, None].expand(-1, -1, -1, side).reshape(shape)], -1,
    )  # fmt: skip
    many = pictures.repeat_interleave(kinds, 0)
    cut = functional.grid_sample(many, grid, padding_mode="border", align_corners=True)
    return cut.view(count, kinds * channels, side, side)


class _Down(nn.Module):
    """Halve: a convolution, normalised, rectified."""

    def __init__(
        self, before: int, after: int, compat: bool, *, norm: bool = True, drop: float = 0
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(before, after, 4, 2, 1, bias=False)]
        layers += [norm_layer(after, compat)] if norm else []
        layers += [nn.LeakyReLU(0.2), nn.Dropout(drop)]
        self.model = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = self.model(maps)
        return out


class _Up(nn.Module):
    """Double: a transposed convolution, normalised, rectified."""

    def __init__(self, before: int, after: int, compat: bool) -> None:
        super().__init__()
        grow = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
        self.model = nn.Sequential(grow, norm_layer(after, compat), nn.ReLU())

    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = self.model(maps)
        return out


class _Residual(nn.Module):
    """Two convolutions beside a straight way."""

    def __init__(self, channels: int, compat: bool, drop: float) -> None:
        super().__init__()
        pad, conv = nn.ReflectionPad2d(1), (channels, channels, 3)
        self.conv_block = nn.Sequential(
            pad, nn.Conv2d(*conv), norm_layer(channels, compat), nn.ReLU(), nn.Dropout(drop),
            pad, nn.Conv2d(*conv), norm_layer(channels, compat),
        )  # fmt: skip

    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = maps + self.conv_block(maps)
        return out


class _Skip(nn.Module):
    """One level of pix2pix's U-Net, the deeper ones inside (Isola et al., 2017).

    The innermost has none inside; the outermost has ``inputs``, no skip, and tanh.
    """

    def __init__(
        self,
        outer: int,
        inner: int,
        inside: nn.Module | None,
        compat: bool,
        *,
        inputs: int | None = None,
        drop: bool = False,
    ) -> None:
        super().__init__()
        self.outermost = inputs is not None
        bias = not compat  # batch normalisation takes it away
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=bias and not self.outermost)
        below = inner if inside is None else 2 * inner
        up = nn.ConvTranspose2d(below, outer, 4, 2, 1, bias=bias or self.outermost)
        if self.outermost:
            layers = [down, *_some(inside), nn.ReLU(), up, nn.Tanh()]
        else:
            layers = [nn.LeakyReLU(0.2), down]
            layers += [] if inside is None else [_unet_norm(inner, compat), inside]
            layers += [nn.ReLU(), up, _unet_norm(outer, compat)]
            layers += [nn.Dropout(0.5)] if drop else []
        self.model = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        if self.outermost:
            out: Tensor = self.model(maps)
            return out
        # Published: the activation works in place, so that what is skipped is rectified as well.
        return torch.cat([functional.leaky_relu(maps, 0.2), self.model(maps)], 1)


def _some(module: nn.Module | None) -> list[nn.Module]:
    return [] if module is None else [module]


def _unet_norm(channels: int, compat: bool) -> nn.Module:
    return nn.BatchNorm2d(channels) if compat else norm_layer(channels, False)
