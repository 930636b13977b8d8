"""Optimisers of the swap training: AdaBelief, RMSprop and Adam, with learning-rate dropout.

A step reads and writes some ten million numbers several times over, which on a processor costs
as much as the arithmetic of a small network. So it goes through them in pieces that stay in the
processor's cache while all of an update's passes are made.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from cvfast.swap.model_options import ModelOptions

__all__ = ["AdaBelief", "Adam", "RmsProp", "SwapOptimizer", "make_optimizer", "update_rule"]

_PIECE = 1 << 16  # numbers: five such arrays fit into a core's second cache
_KEPT = 0.3  # share of the weights that a step moves under learning-rate dropout
_PERIOD = 500  # steps of the cosine under learning-rate dropout
_CLIP = 1.0


def make_optimizer(parameters: Iterable[Tensor], options: ModelOptions) -> SwapOptimizer:
    """Return the optimiser that the options ask for.

    Examples
    --------
    >>> import torch
    >>> from cvfast.swap.model_options import PRESETS
    >>> weight = torch.nn.Parameter(torch.ones(3))
    >>> optimizer = make_optimizer([weight], PRESETS["tiny"])
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> bool((weight < 1).all())
    True
    """
    kinds = {"adabelief": AdaBelief, "rmsprop": RmsProp, "adam": Adam}
    kind: Any = kinds[options.optimizer]
    made: SwapOptimizer = kind(parameters, options.learning_rate, **update_rule(options))
    return made


def update_rule(options: ModelOptions) -> dict[str, float]:
    """Return what of an optimiser may change from one run to the next, but for the rate.

    Examples
    --------
    >>> from cvfast.swap.model_options import PRESETS
    >>> update_rule(PRESETS["quick96"])
    {'kept': 0.3, 'period': 500, 'clip': 0.0}
    """
    dropped = options.lr_dropout != "n"
    return {
        "kept": _KEPT if dropped else 1.0,
        "period": _PERIOD if dropped else 0,
        "clip": _CLIP if options.clipgrad else 0.0,
    }


class SwapOptimizer(torch.optim.Optimizer, ABC):
    """What the three have in common.

    Its state is plain tensors and numbers, so it goes into checkpoints as it is. What is random in
    a step is drawn from torch's global generator alone.

    Parameters
    ----------
    parameters
        What to move; float32.
    rate
        Of learning.
    kept
        Share of the weights that a step moves; which ones, is drawn anew in each step. A step
        draws one long list and takes pieces of it at random places, since ten million draws would
        cost more than the update.
    period
        Steps in which the rate falls to 0 and comes back along a cosine; 0: it stays.
    clip
        Norm to which all gradients together are shortened; 0: they are taken as they are.
    """

    moments: tuple[str, ...] = ()

    def __init__(
        self,
        parameters: Iterable[Tensor],
        rate: float,
        *,
        kept: float = 1.0,
        period: int = 0,
        clip: float = 0.0,
    ) -> None:
        for name, value in (("rate", rate), ("kept", kept)):
            if not 0 < value <= 1:
                raise ValueError(f"{name}: expected more than 0 and at most 1, got {value}")
        settings = {"lr": rate, "kept": kept, "period": period, "clip": clip, "steps": 0}
        super().__init__(parameters, settings)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move the weights once by their gradients."""
        if closure is not None:
            raise ValueError("closure: expected None: the loss is computed once a step")
        for group in self.param_groups:
            group["steps"] += 1
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            scale, kept = _scale(weights, group["clip"]), _Kept(group["kept"], weights)
            rate = group["lr"] * _share(group["steps"], group["period"])
            for weight in weights:
                self._move(weight, scale, rate, group["steps"], kept)

    def _move(self, weight: Tensor, scale: float, rate: float, steps: int, kept: _Kept) -> None:
        """Go through a weight's numbers piece by piece."""
        state = self.state[weight]
        arrays = [weight, _laid_like(weight.grad, weight)]  # type: ignore[arg-type]
        for name in self.moments:
            state[name] = _laid_like(state[name], weight) if name in state else _zeros(weight)
            arrays.append(state[name])
        pieces = zip(*(torch.split(_flat(array), _PIECE) for array in arrays), strict=True)
        room = torch.empty(min(_PIECE, weight.numel()), device=weight.device)
        for piece in pieces:
            target, slope, *moments = piece
            if scale != 1:
                slope = slope * scale
            update = room[: len(target)]
            rate_here = rate * self.direction(slope, moments, update, steps)
            if kept.share < 1:
                update.mul_(kept.next(len(target)))
            target.sub_(update, alpha=rate_here)

    @abstractmethod
    def direction(self, slope: Tensor, moments: list[Tensor], update: Tensor, steps: int) -> float:
        """Take a gradient into the moments, write the update; return what it is to be times."""


class AdaBelief(SwapOptimizer):
    """Steps are long where gradients are as expected (Zhuang et al., 2020)."""

    moments = ("mean", "spread")
    first, second, least = 0.9, 0.999, 1e-8

    def direction(self, slope: Tensor, moments: list[Tensor], update: Tensor, steps: int) -> float:
        """Divide the mean gradient by the root of its mean squared surprise."""
        mean, spread = moments
        mean.lerp_(slope, 1 - self.first)
        torch.sub(slope, mean, out=update)
        return _adaptive(self, mean, spread, update, steps)


class Adam(SwapOptimizer):
    """Kingma and Ba, 2015."""

    moments = ("mean", "spread")
    first, second, least = 0.9, 0.999, 1e-8

    def direction(self, slope: Tensor, moments: list[Tensor], update: Tensor, steps: int) -> float:
        """Divide the mean gradient by its root mean square."""
        mean, spread = moments
        mean.lerp_(slope, 1 - self.first)
        update.copy_(slope)
        return _adaptive(self, mean, spread, update, steps)


class RmsProp(SwapOptimizer):
    """Gradients over their root mean square (Tieleman and Hinton, 2012)."""

    moments = ("spread",)
    second, least = 0.9, 1e-7

    def direction(self, slope: Tensor, moments: list[Tensor], update: Tensor, steps: int) -> float:
        """Divide the gradient by its root mean square."""
        (spread,) = moments
        spread.mul_(self.second).addcmul_(slope, slope, value=1 - self.second)
        torch.sqrt(spread, out=update).add_(self.least)
        torch.div(slope, update, out=update)
        return 1.0


def _adaptive(
    kind: AdaBelief | Adam, mean: Tensor, spread: Tensor, update: Tensor, steps: int
) -> float:
    """Take what is in ``update`` into the spread; write mean over root of spread.

    Both moments begin at 0; what they lack for that, is made up by the factor that comes back.
    """
    spread.mul_(kind.second).addcmul_(update, update, value=1 - kind.second)
    lack = math.sqrt(1 - kind.second**steps)
    torch.sqrt(spread, out=update).add_(kind.least * lack)
    torch.div(mean, update, out=update)
    return lack / (1 - kind.first**steps)


class _Kept:
    """Which weights a step moves: pieces, at random places, of one list drawn for the step."""

    def __init__(self, share: float, weights: list[Tensor]) -> None:
        self.share = share
        if share >= 1:
            return
        pieces = sum(math.ceil(weight.numel() / _PIECE) for weight in weights)
        drawn = torch.rand(2 * _PIECE) < share
        self._list = drawn.to(weights[0].device, torch.float32)
        self._places = iter(torch.randint(_PIECE, (pieces,)).tolist())

    def next(self, count: int) -> Tensor:
        """Return ones and zeros for so many weights."""
        place = next(self._places)
        return self._list[place : place + count]


def _share(steps: int, period: int) -> float:
    """Return the share of the full rate."""
    return 1.0 if period == 0 else (math.cos(2 * math.pi * steps / period) + 1) / 2


def _scale(weights: list[Tensor], clip: float) -> float:
    """Return what gradients are to be times, so that their norm is at most ``clip``."""
    if clip == 0:
        return 1.0
    norms = torch.stack([weight.grad.norm() for weight in weights if weight.grad is not None])
    return min(1.0, clip / max(float(norms.norm()), 1e-12))


def _laid_like(values: Tensor, weight: Tensor) -> Tensor:
    """Return values in the weight's order in memory: one read from a file may have another."""
    if values.stride() == weight.stride() and values.dtype == weight.dtype:
        return values
    return torch.empty_like(weight).copy_(values)


def _zeros(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight, memory_format=torch.preserve_format)


def _flat(values: Tensor) -> Tensor:
    """Return the numbers in their order in memory, without a copy."""
    return values.detach().as_strided((values.numel(),), (1,))
