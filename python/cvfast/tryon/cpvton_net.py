"""CP-VTON's two networks: GMM warps the garment, TOM puts it on.

Wang et al., *Toward Characteristic-Preserving Image-based Virtual Try-On Network*, ECCV 2018; and
Minar et al., *CP-VTON+*, CVPRW 2020, whose networks differ in their inputs alone. With ``compat``
they have the published layers, names of weights and habits, so that their files load; without it
what was an accident is mended.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.tps_grid import OffsetGrid

__all__ = [
    "GMM",
    "TOM",
    "VARIANTS",
    "FeatureExtraction",
    "SkipBlock",
    "begin_normal",
    "draw_normal",
]

VARIANTS = ("cp-vton", "cp-vton+")
_AGNOSTIC = 22  # shape 1, head 3, pose 18
_EPS = 1e-6


class FeatureExtraction(nn.Module):
    """Convolutions that halve a picture `downs` times, then two that keep its size.

    ReLU comes before the normalisation over the batch, and the last layer has none.

    Parameters
    ----------
    channels
        Of the input.
    width
        Channels of the first layer; they double with each one, up to eight times as many.
    downs
        How often the size is halved.
    """

    def __init__(self, channels: int, width: int, downs: int) -> None:
        super().__init__()
        widths = [channels, *(min(width << at, 8 * width) for at in range(downs))]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.ReLU(), nn.BatchNorm2d(after)]
        top = widths[-1]
        layers += [nn.Conv2d(top, top, 3, 1, 1), nn.ReLU(), nn.BatchNorm2d(top)]
        layers += [nn.Conv2d(top, top, 3, 1, 1), nn.ReLU()]
        self.model = nn.Sequential(*layers)
        begin_normal(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features of length 1 at each place."""
        features: Tensor = self.model(pictures)
        return features / (features.square().sum(1, keepdim=True) + _EPS).sqrt()


class _Regression(nn.Module):
    """From the correlations of all pairs of places to the offsets of 25 control points."""

    def __init__(self, places: tuple[int, int], head: int) -> None:
        super().__init__()
        width, height = places
        widths = (width * height, *(head >> at for at in range(4)))
        layers: list[nn.Module] = []
        for at, (before, after) in enumerate(pairwise(widths)):
            halves = at < 2
            layers += [nn.Conv2d(before, after, 4 if halves else 3, 2 if halves else 1, 1)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
        self.conv = nn.Sequential(*layers)
        self.linear = nn.Linear(head // 8 * (width // 4) * (height // 4), 50)

    def forward(self, correlations: Tensor) -> Tensor:
        maps: Tensor = self.conv(correlations)
        return torch.tanh(self.linear(maps.flatten(1)))


class GMM(nn.Module):
    """Geometric matching: how a flat garment has to be warped to fit a person.

    Parameters
    ----------
    variant
        ``"cp-vton"`` looks at the garment's picture, ``"cp-vton+"`` at its mask.
    size
        Width and height of the pictures; a multiple of 4 after all halvings.
    width, downs, head
        Channels of the first layer, halvings, channels of the regression's first layer.
    compat
        Correlate column by column, as the published weights expect; else row by row.

    Raises
    ------
    ValueError
        Another variant, or a size that cannot be halved so often.

    Examples
    --------
    >>> net = GMM(size=(48, 64), width=16, downs=2, head=128, compat=False)
    >>> grid, theta = net(torch.zeros(2, 22, 64, 48), torch.zeros(2, 3, 64, 48))
    >>> grid.shape, theta.shape
    (torch.Size([2, 64, 48, 2]), torch.Size([2, 50]))
    """

    def __init__(
        self,
        *,
        variant: str = "cp-vton",
        size: tuple[int, int] = (192, 256),
        width: int = 64,
        downs: int = 4,
        head: int = 512,
        compat: bool = True,
    ) -> None:
        super().__init__()
        width_height = (size[0], size[1])  # a file's list becomes a pair
        _check(variant, width_height, 1 << downs + 2)
        self.variant, self.size, self.compat = variant, width_height, compat
        garment = 3 if variant == "cp-vton" else 1
        self.extractionA = FeatureExtraction(_AGNOSTIC, width, downs)
        self.extractionB = FeatureExtraction(garment, width, downs)
        places = (size[0] >> downs, size[1] >> downs)
        self.regression = _Regression(places, head)
        self.grid = OffsetGrid(width_height, order="columns" if compat else "rows")
        if not compat:  # begin with the garment as it is: quicker, and never folded
            draw_normal(self.regression.linear.weight, std=1e-3)
            nn.init.zeros_(self.regression.linear.bias)

    def forward(self, person: Tensor, garment: Tensor) -> tuple[Tensor, Tensor]:
        """Return the grid (N, h, w, 2) to sample the garment at, and theta (N, 50).

        Parameters
        ----------
        person
            (N, 22, h, w): what of the person does not depend on the garment.
        garment
            (N, 3, h, w) in [-1, 1], or CP-VTON+'s mask (N, 1, h, w).
        """
        theta = self.regression(
            correlation(self.extractionA(person), self.extractionB(garment), self.compat)
        )
        return self.grid(theta), theta


def correlation(person: Tensor, garment: Tensor, columns: bool) -> Tensor:
    """Return the products of all pairs of places: (N, places of the person, h, w).

    Parameters
    ----------
    person, garment
        Features (N, C, h, w).
    columns
        Whether the person's places are counted down each column (x * h + y) or along each row.
    """
    count, channels, height, width = person.shape
    there = (person.transpose(2, 3) if columns else person).reshape(count, channels, -1)
    products = there.transpose(1, 2) @ garment.flatten(2)
    return products.view(count, height * width, height, width)


class SkipBlock(nn.Module):
    """One level of a U-Net that holds all the levels below it (Isola et al., 2017).

    Weights carry the published names: ``model.N``, the level below being one of these.

    Parameters
    ----------
    outer, inner
        Channels above and below.
    below
        The next level; None: this is the innermost.
    channels
        Of the input, where it differs from `outer`; then this is the outermost level.
    norm_out
        Whether the outermost level's output is normalised too.
    compat
        Hand the input on as the published code does, whose activation in place has rectified it.
    """

    def __init__(
        self,
        outer: int,
        inner: int,
        below: SkipBlock | None = None,
        *,
        channels: int | None = None,
        norm_out: bool = True,
        compat: bool = True,
    ) -> None:
        super().__init__()
        self.outermost, self.compat = channels is not None, compat
        down = nn.Conv2d(outer if channels is None else channels, inner, 4, 2, 1)
        up = nn.Conv2d(inner * (1 if below is None else 2), outer, 3, 1, 1)
        rising = [nn.ReLU(), nn.Upsample(scale_factor=2, mode="bilinear"), up]
        layers: list[nn.Module] = [down] if self.outermost else [nn.LeakyReLU(0.2), down]
        if below is not None:
            layers += [below, *rising] if self.outermost else [_norm(inner), below, *rising]
        else:
            layers += rising
        if norm_out:
            layers.append(_norm(outer))
        self.model = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        """Return what this level and those below make of maps (N, C, h, w)."""
        made: Tensor = self.model(maps)
        if self.outermost:
            return made
        kept = functional.leaky_relu(maps, 0.2) if self.compat else maps
        return torch.cat([kept, made], 1)


class TOM(nn.Module):
    """Try-on module: the person rendered in the warped garment, and where the garment itself shows.

    Parameters
    ----------
    variant
        ``"cp-vton+"`` gets the warped garment's mask too.
    width, downs
        Channels of the first layer (up to eight times as many below it), and levels.
    compat
        As published. Else the output is not normalised (which made its contrast depend on the rest
        of the picture) and skips hand on what they were given.

    Raises
    ------
    ValueError
        Another variant.

    Examples
    --------
    >>> net = TOM(width=16, downs=4, compat=False)
    >>> rendered, mask = net(torch.zeros(1, 22, 64, 48), torch.zeros(1, 3, 64, 48))
    >>> rendered.shape, mask.shape
    (torch.Size([1, 3, 64, 48]), torch.Size([1, 1, 64, 48]))
    """

    def __init__(
        self, *, variant: str = "cp-vton", width: int = 64, downs: int = 6, compat: bool = True
    ) -> None:
        super().__init__()
        _check(variant, (4, 4), 4)
        self.variant = variant
        widths = [width << min(at, 3) for at in range(downs)]
        block: SkipBlock | None = None
        for outer, inner in reversed(list(pairwise(widths))):
            block = SkipBlock(outer, inner, block, compat=compat)
        channels = _AGNOSTIC + (3 if variant == "cp-vton" else 4)
        self.model = SkipBlock(4, width, block, channels=channels, norm_out=compat, compat=compat)
        begin_normal(self)

    def forward(
        self, person: Tensor, warped: Tensor, warped_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the rendered person (N, 3, h, w) in [-1, 1], and the garment's mask (N, 1, h, w).

        Parameters
        ----------
        person, warped
            (N, 22, h, w) and (N, 3, h, w).
        warped_mask
            (N, 1, h, w), of CP-VTON+ alone.
        """
        parts = [person, warped]
        if self.variant == "cp-vton+":
            if warped_mask is None:
                raise TypeError("warped_mask: expected a mask for cp-vton+, got None")
            parts.append(warped_mask)
        made = self.model(torch.cat(parts, 1))
        return torch.tanh(made[:, :3]), torch.sigmoid(made[:, 3:])


def _norm(channels: int) -> nn.Module:
    return nn.InstanceNorm2d(channels, affine=False)


def begin_normal(net: nn.Module) -> None:
    """Draw convolutions and normalisations as pix2pix does: N(0, 0.02) and N(1, 0.02)."""
    part: Any
    for part in net.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            draw_normal(part.weight, std=0.02)
        elif isinstance(part, nn.BatchNorm2d):
            draw_normal(part.weight, mean=1.0, std=0.02)


def draw_normal(weight: Tensor, *, mean: float = 0.0, std: float) -> None:
    """Fill with normal numbers; on torch's device meta, where only shapes count, do nothing.

    (There it would load SymPy, which takes seconds.)
    """
    if not weight.is_meta:
        nn.init.normal_(weight, mean, std)


def _check(variant: str, size: tuple[int, int], step: int) -> None:
    if variant not in VARIANTS:
        raise ValueError(f"variant: expected one of {', '.join(VARIANTS)}, got {variant!r}")
    if any(side < step or side % step for side in size):
        raise ValueError(f"size: expected multiples of {step}, got {size[0]} x {size[1]}")
