"""Training SwapNet: the labels' warp and the painting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.exchange_task import ExchangeTask
from cvfast.tryon.swapnet_inputs import (
    WORN,
    TwoWearers,
    body_picture,
    disturbed_channels,
    part_boxes,
)
from cvfast.tryon.swapnet_net import CLOTH

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Swap", "TextureTask", "WarpingTask", "cloth_channels", "cloth_labels", "swaps"]

_LABEL_WEIGHT, _PICTURE_WEIGHT = 100.0, 10.0


class Swap(NamedTuple):
    """Outfits taken from one picture to the person of another.

    Attributes
    ----------
    source, target
        (N, 3, h, w) in [-1, 1]: who wears it, and who shall (in truth does).
    source_labels, target_labels
        (N, h, w) int64: what they wear, in LIP's labels; 0 elsewhere.
    body
        (N, 3, h, w) in [-1, 1]: the target's body.
    boxes
        (N, 12, 4): the source's parts.
    """

    source: Tensor
    target: Tensor
    source_labels: Tensor
    target_labels: Tensor
    body: Tensor
    boxes: Tensor


class _Swaps:
    """Pairs as tensors, from which swaps are taken."""

    def __init__(self, wearers: TwoWearers) -> None:
        side = wearers.people.shape[2]
        flat = wearers.points.reshape(-1, 18, 3)
        shape = wearers.people.shape[:2]
        bodies = np.stack([body_picture(points, (side, side)) for points in flat])
        boxes = np.stack([part_boxes(points, (side, side)) for points in flat])
        worn = np.where(np.isin(wearers.labels, WORN), wearers.labels, 0)
        self._people, self._worn = torch.from_numpy(wearers.people), torch.from_numpy(worn)
        self._bodies = torch.from_numpy(bodies.reshape(wearers.people.shape))
        self._boxes = torch.from_numpy(boxes.reshape(*shape, *boxes.shape[1:]))

    def __len__(self) -> int:
        return len(self._people)

    def take(self, which: Tensor, source: Tensor, target: Tensor) -> Swap:
        """Return swaps of outfits (N,) from one wearer, 0 or 1, to another, each (N,)."""

        def picture(stored: Tensor, side: Tensor) -> Tensor:
            return stored[which, side].movedim(-1, 1).float() / 127.5 - 1

        return Swap(
            picture(self._people, source), picture(self._people, target),
            self._worn[which, source].long(), self._worn[which, target].long(),
            picture(self._bodies, target), self._boxes[which, source],
        )  # fmt: skip


def swaps(wearers: TwoWearers) -> Swap:
    """Return all outfits' swaps from the first wearer to the second."""
    which = torch.arange(len(wearers))
    return _Swaps(wearers).take(which, torch.zeros_like(which), torch.ones_like(which))


def cloth_channels(labels: Tensor) -> Tensor:
    """Return labels (N, h, w) as (N, 19, h, w) in {0, 1}; nothing for 0."""
    return functional.one_hot(labels, CLOTH + 1).movedim(-1, 1)[:, 1:].float()


def cloth_labels(out: Tensor, *, compat: bool) -> Tensor:
    """Return the labels (N, h, w) that the warping module's output (N, 19, h, w) tells of.

    Published: the strongest channel, or none where no channel is over zero.

    Examples
    --------
    >>> cloth_labels(torch.tensor([[-1.0, 2.0], [-1.0, -3.0]]).T.reshape(1, 2, 2, 1), compat=True)
    tensor([[[2],
             [0]]])
    """
    strongest = out.max(1)
    return torch.where(strongest.values > 0, strongest.indices + 1, 0)


class _SwapTask(ExchangeTask, ABC):
    """One module's training.

    Parameters
    ----------
    net
        The module.
    wearers
        To learn from.
    self_supervised
        As in the paper: each picture's own clothes, disturbed, are what goes in.
    options
        See `ExchangeTask`.
    """

    def __init__(
        self,
        net: nn.Module,
        wearers: TwoWearers,
        *,
        self_supervised: bool = False,
        **options: Any,
    ) -> None:
        super().__init__({"net": net}, **options)
        self.settings |= {"outfits": len(wearers), "self_supervised": self_supervised}
        self._swaps, self.self_supervised = _Swaps(wearers), self_supervised

    def batch(self, iteration: int, rng: np.random.Generator) -> tuple[Swap, Tensor]:
        """Draw swaps, and the channels of the clothes that go in."""
        which = torch.from_numpy(rng.integers(len(self._swaps), size=self.batch_size))
        source = torch.from_numpy(rng.integers(2, size=self.batch_size))
        swap = self._swaps.take(which, source, source if self.self_supervised else 1 - source)
        cloth = cloth_channels(swap.source_labels)
        if self.self_supervised:
            cloth = torch.from_numpy(
                np.stack([disturbed_channels(one, rng) for one in cloth.numpy()])
            )
        return swap, cloth

    def step(self, batch: tuple[Swap, Tensor], fabric: Fabric) -> Mapping[str, Any]:
        """One step down the losses' sum."""
        swap = Swap(*(part.to(fabric.device) for part in batch[0]))
        return self.descend(self.losses(swap, batch[1].to(fabric.device)), fabric)

    @abstractmethod
    def losses(self, swap: Swap, cloth: Tensor) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""


class WarpingTask(_SwapTask):
    """The warping module: cross-entropy over the 19 channels, and none of them where nothing is.

    In the published form the output's tanh is taken for logits and nothing counts as label 1.
    """

    def losses(self, swap: Swap, cloth: Tensor) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""
        out = self.modules["net"](swap.body, cloth)
        if self.compat:
            target = (swap.target_labels - 1).clamp(min=0)
            return {"labels": _LABEL_WEIGHT * functional.cross_entropy(out, target)}
        nothing = torch.zeros_like(out[:, :1])
        out = torch.cat([nothing, out], 1)
        return {"labels": functional.cross_entropy(out, swap.target_labels)}


class TextureTask(_SwapTask):
    """The texturing module: ten times the absolute difference, of the clothes alone.

    In the published form, of the whole picture. Self-supervised, the source is mirrored.
    """

    def losses(self, swap: Swap, cloth: Tensor) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""
        source, boxes = swap.source, swap.boxes
        if self.self_supervised:
            source, side = source.flip(3), source.shape[-1]
            boxes = torch.stack(
                [side - boxes[..., 2], boxes[..., 1], side - boxes[..., 0], boxes[..., 3]], -1
            )
        out = self.modules["net"](source, boxes, cloth_channels(swap.target_labels))
        seen = torch.ones_like(out[:, :1])
        if not self.compat:
            seen = (swap.target_labels > 0)[:, None].float()
        difference = ((out - swap.target).abs() * seen).sum() / (3 * seen.sum()).clamp(min=1)
        return {"picture": _PICTURE_WEIGHT * difference}
