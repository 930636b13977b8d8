"""Training the mask network on pictures and their masks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cvfast.models.xseg_file import XSegWeights
from cvfast.models.xseg_layers import WIDTHS
from cvfast.swap.xseg_augment import augmented
from cvfast.swap.xseg_net import XSegNet
from cvfast.training.loop import Task
from cvfast.typing import ImageF32, ImageU8

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["MaskTask", "Samples"]

_SHOWN = 8
_STEEPEST = 1.0  # norm of the gradients; longer ones are shortened


class Samples(Protocol):
    """Face pictures and what of them is face."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, index: int, /) -> tuple[ImageU8, ImageU8]:
        """Return a picture ``(n, n, 3)`` and its mask ``(n, n)``, uint8."""


class MaskTask(Task):
    """Binary cross-entropy between masks and what the network makes of augmented pictures.

    The result is not the last weights but their running average, which is steadier (Polyak and
    Juditsky, 1992).

    Parameters
    ----------
    samples
        To learn from.
    size
        Pixels of the network's pictures.
    widths
        Of the network.
    batch
        Pictures a step.
    rate
        AdamW's learning rate.
    seed
        Of the first weights.
    begin
        Weights to go on from, as `XSegNet.folded` gives them; None: from nothing, with batch
        normalisation.
    room
        Share of a picture's side that is margin; see `cvfast.swap.xseg_augment.augmented`.
    memory
        Share of the running average that stays at each step, in the long run.
    """

    def __init__(
        self,
        samples: Samples,
        *,
        size: int = 128,
        widths: tuple[int, ...] = WIDTHS,
        batch: int = 8,
        rate: float = 1e-3,
        seed: int = 0,
        begin: Mapping[str, ImageF32] | None = None,
        room: float = 0.0,
        memory: float = 0.998,
    ) -> None:
        super().__init__()
        self.settings = {"size": size, "widths": list(widths), "batch": batch, "rate": rate}
        self._samples, self._size, self._batch, self._room = samples, size, batch, room
        self._memory = memory
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            net = XSegNet(widths, normalised=begin is None)
            self._average = XSegNet(widths, normalised=begin is None)
        if begin is not None:
            net.load_folded(begin)
        self._average.load_state_dict(net.state_dict())
        self.extra = dict(self._average.state_dict())
        self.extra["steps"] = torch.zeros((), dtype=torch.int64)
        last: Any = net  # whose stubs know no memory format
        self.modules["net"] = last.to(memory_format=torch.channels_last)
        self.optimizers["net"] = torch.optim.AdamW(net.parameters(), rate, weight_decay=1e-4)
        self._shown: tuple[Tensor, Tensor] | None = None

    def batch(self, iteration: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw pictures, each disturbed."""
        made = []
        for index in rng.integers(len(self._samples), size=(self._batch, 2)).tolist():
            picture, mask = self._samples[index[0]]
            other, _ = self._samples[index[1]]
            made.append(augmented(picture, mask, other, self._size, rng, room=self._room))
        pixels = torch.from_numpy(np.stack([image.transpose(2, 0, 1) for image, _ in made]))
        return pixels, torch.from_numpy(np.stack([mask for _, mask in made])[:, None])

    def step(self, batch: tuple[Tensor, Tensor], fabric: Fabric) -> Mapping[str, Any]:
        """One step down the cross-entropy."""
        pixels, masks = (part.to(fabric.device) for part in batch)
        net, optimizer = self.modules["net"], self.optimizers["net"]
        net.train()
        logits = net(pixels)
        loss = functional.binary_cross_entropy_with_logits(logits, masks)
        optimizer.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(net, optimizer, max_norm=_STEEPEST)
        optimizer.step()
        self._follow(net)
        self._shown = pixels[:_SHOWN].detach(), masks[:_SHOWN]
        with torch.no_grad():
            both = ((logits > 0) & (masks > 0.5)).sum()
            either = ((logits > 0) | (masks > 0.5)).sum()
        return {"loss": loss, "iou": both / either.clamp(min=1)}

    def _follow(self, net: Any) -> None:
        steps = int(self.extra["steps"]) + 1
        self.extra["steps"] = torch.tensor(steps)
        kept = min(self._memory, steps / (steps + 10))
        with torch.no_grad():
            for name, value in net.state_dict().items():
                mean = self.extra[name]
                if mean.dtype.is_floating_point:
                    mean.lerp_(value.detach().cpu(), 1 - kept)
                else:
                    mean.copy_(value)

    def weights(self) -> XSegWeights:
        """Return what was learned, normalisations folded in."""
        return XSegWeights(self._size, self._average.widths, self.averaged().folded())

    def averaged(self) -> XSegNet:
        """Return the network of the averaged weights, for use."""
        state = {name: value for name, value in self.extra.items() if name != "steps"}
        self._average.load_state_dict(state)
        return self._average.eval()

    def preview(self) -> ImageU8 | None:
        """Return pictures of the last batch, over what they are taken for, over what they are."""
        if self._shown is None:
            return None
        pixels, masks = self._shown
        with torch.no_grad():
            found = torch.sigmoid(self.averaged()(pixels.cpu()))
        rows = [pixels.cpu(), pixels.cpu() * found, pixels.cpu() * masks.cpu()]
        sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
        shown: ImageU8 = np.rint(sheet.permute(1, 2, 0).numpy() * 255).astype(np.uint8)
        return shown
