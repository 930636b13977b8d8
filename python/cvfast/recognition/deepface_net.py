"""DeepFace in torch: Taigman, Yang, Ranzato and Wolf, *DeepFace*, CVPR 2014.

An aligned face goes through one convolution, a pool and another convolution, which are the same
everywhere; then three locally connected layers with filters of their own for each place, since
eyes and chin have nothing in common once they always lie where they should; then a full layer, F7,
whose output is the face's vector, and another, F8, that tells the people of the training apart.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.models.deepface_layers import LAYERS, SPREAD, feature_count, layer_shapes

__all__ = ["DeepFaceNet", "LocallyConnected2d", "folded_state"]

_NORMALISED = ("C3", "L4", "L5", "L6", "F7")  # C1 sees normalised pixels as it is


class _Windows(torch.autograd.Function):
    """All windows of maps (h, w, channels, N), as (places, side * side * channels, N)."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, side: int, stride: int) -> Tensor:
        height, _, channels, count = maps.shape
        ctx.shape, ctx.side, ctx.stride = maps.shape, side, stride
        ctx.steps = steps = (height - side) // stride + 1
        down, right, deep, next_one = maps.stride()
        windows = maps.as_strided(
            (steps, steps, side, side, channels, count),
            (down * stride, right * stride, down, right, deep, next_one),
        )
        return windows.reshape(steps**2, side * side * channels, count)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None, None]:
        side, stride, steps = ctx.side, ctx.stride, ctx.steps
        _, _, channels, count = ctx.shape
        slopes = slopes.reshape(steps, steps, side, side, channels, count)
        total = slopes.new_zeros(ctx.shape)
        reach = stride * (steps - 1) + 1
        # One sum a pixel of the window, for all places at once: four times quicker than fold.
        for y in range(side):
            for x in range(side):
                total[y : y + reach : stride, x : x + reach : stride] += slopes[:, :, y, x]
        return total, None, None


class LocallyConnected2d(nn.Module):
    """A convolution without padding whose filters are other ones in each place.

    Each place is one matrix product, and all places are one batched product. In memory the faces
    of a batch lie side by side, so that gathering the windows copies long rows.

    Parameters
    ----------
    in_channels, out_channels
        Channels.
    in_side
        Height and width of what comes in.
    side, stride
        Of the square window.

    Attributes
    ----------
    weight
        (places, out_channels, side * side * in_channels): rows of windows, then columns, then
        channels.
    bias
        (places, out_channels, 1).

    Examples
    --------
    >>> layer = LocallyConnected2d(3, 4, in_side=9, side=5, stride=2)
    >>> layer(torch.zeros(2, 3, 9, 9)).shape
    torch.Size([2, 4, 3, 3])
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, in_side: int, side: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.side, self.stride = side, stride
        self.out_side = (in_side - side) // stride + 1
        places, inputs = self.out_side**2, in_channels * side**2
        weight = torch.empty(places, out_channels, inputs)
        nn.init.normal_(weight, std=math.sqrt(2 / inputs))  # He et al., 2015: for ReLU
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(places, out_channels, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, out_channels, h, w) for (N, in_channels, in_side, in_side)."""
        together = maps.permute(2, 3, 1, 0).contiguous()
        windows = _Windows.apply(together, self.side, self.stride)  # type: ignore[no-untyped-call]
        values = torch.baddbmm(self.bias, self.weight, windows)
        placed = values.view(self.out_side, self.out_side, *values.shape[1:])
        return placed.permute(3, 2, 0, 1)


class DeepFaceNet(nn.Module):
    """The network; weights begin as He et al. draw them (the paper: Gaussian, 0.01).

    Parameters
    ----------
    classes
        People of the training.
    size
        Side of the picture.
    width
        Scales channels and features.
    dropout
        Share of F7 that is left out in training.
    normalised
        Normalise what C3 to F7 give over the batch before the ReLU (Ioffe and Szegedy, 2015, a
        year after the paper): trains several times faster; `folded_state` undoes it.

    Attributes
    ----------
    mean
        (3, size, size): a mean face in [0, 1], taken from each face; grey to begin with.

    Raises
    ------
    ValueError
        As `layer_shapes`, or no class.

    Examples
    --------
    >>> net = DeepFaceNet(7, size=72, width=0.125)
    >>> net(torch.zeros(2, 3, 72, 72)).shape, net.features(torch.zeros(2, 3, 72, 72)).shape
    (torch.Size([2, 7]), torch.Size([2, 512]))
    """

    def __init__(
        self,
        classes: int = 4030,
        *,
        size: int = 152,
        width: float = 1.0,
        dropout: float = 0.5,
        normalised: bool = False,
    ) -> None:
        super().__init__()
        if classes < 1:
            raise ValueError(f"classes: expected at least 1, got {classes}")
        self.size, self.width = size, width
        self.mean: Tensor
        self.register_buffer("mean", torch.full((3, size, size), 0.5))
        shapes = layer_shapes(size, width)
        channels, side = 3, size
        for layer in LAYERS:
            out, out_side, _ = shapes[layer.name]
            part: Any
            if layer.kind == "conv":
                part = nn.Conv2d(channels, out, layer.side, layer.stride)
                _begin(part)
            elif layer.kind == "pool":
                part = nn.MaxPool2d(layer.side, layer.stride, ceil_mode=True)
            else:
                part = LocallyConnected2d(
                    channels, out, in_side=side, side=layer.side, stride=layer.stride
                )
            self.add_module(layer.name, part)
            channels, side = out, out_side
        self.F7 = nn.Linear(channels * side**2, feature_count(width))
        norms: dict[str, nn.Module] = {
            name: nn.BatchNorm2d(shapes[name][0]) for name in _NORMALISED[:-1]
        }
        norms["F7"] = nn.BatchNorm1d(feature_count(width))
        self.norms = nn.ModuleDict(norms if normalised else {})
        self.dropout = nn.Dropout(dropout)
        self.F8 = nn.Linear(feature_count(width), classes)
        _begin(self.F7)
        nn.init.normal_(self.F8.weight, std=0.01)
        nn.init.zeros_(self.F8.bias)

    def maps(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return what each layer gives, C1 to L6, for (N, 3, size, size) RGB in [0, 1]."""
        values = (pixels - self.mean) / SPREAD
        found = {}
        for layer in LAYERS:
            values = self.get_submodule(layer.name)(values)
            if layer.kind != "pool":
                values = functional.relu(self._normal(layer.name, values))
            found[layer.name] = values
        return found

    def features(self, pixels: Tensor) -> Tensor:
        """Return F7, not yet normalised: (N, features), none negative."""
        values = self.F7(self.maps(pixels)["L6"].flatten(1))
        return functional.relu(self._normal("F7", values))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return a logit a person of the training, (N, classes)."""
        logits: Tensor = self.F8(self.dropout(self.features(pixels)))
        return logits

    def _normal(self, name: str, values: Tensor) -> Tensor:
        if name not in self.norms:
            return values
        normal: Tensor = self.norms[name](values)
        return normal

    @torch.no_grad()
    def begin_norms(self, pixels: Tensor) -> None:
        """Set the normalisations so that they change nothing of what these faces give.

        For a net that goes on from folded weights.

        Parameters
        ----------
        pixels
            (N, 3, size, size) in [0, 1], N of a hundred or so.
        """

        def measure(norm: Any, given: tuple[Tensor]) -> None:
            values = given[0].transpose(0, 1).flatten(1)
            norm.running_mean = values.mean(1)
            norm.running_var = values.var(1, correction=0)
            norm.weight.copy_((norm.running_var + norm.eps).sqrt())
            norm.bias.copy_(norm.running_mean)

        was = self.training
        self.eval()
        hooks = [norm.register_forward_pre_hook(measure) for norm in self.norms.values()]
        self.features(pixels)
        for hook in hooks:
            hook.remove()
        self.train(was)


@torch.no_grad()
def folded_state(net: DeepFaceNet) -> dict[str, Tensor]:
    """Return the weights of a net without normalisations that answers the same in evaluation.

    A normalisation over the batch is then a factor and a sum a channel, which the weights before
    it take over.
    """
    state = {name: w for name, w in net.state_dict().items() if not name.startswith("norms.")}
    norm: Any
    for name, norm in net.norms.items():
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        across = (1, -1, 1) if weight.ndim == 3 else (-1, *[1] * (weight.ndim - 1))
        state[f"{name}.weight"] = weight * gain.view(across)
        along = (1, -1, 1) if bias.ndim == 3 else (-1,)
        moved = bias - norm.running_mean.view(along)
        state[f"{name}.bias"] = moved * gain.view(along) + norm.bias.view(along)
    return state


def _begin(part: nn.Conv2d | nn.Linear) -> None:
    nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
    if part.bias is not None:
        nn.init.zeros_(part.bias)
