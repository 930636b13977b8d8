"""Training the network that enlarges faces, on sharp faces made small."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from cvfast.swap.spoiling import draw_example
from cvfast.swap.upscaling_net import UpscalingNet
from cvfast.training.loop import Task
from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Enlarging"]

_RIM = 4  # small pixels at the border that see zeros outside: not judged
_WARM = 100  # iterations


class Enlarging(Task):
    """Learning to enlarge.

    Parameters
    ----------
    pictures
        Sharp faces, each ``(h, w, 3)`` uint8 with sides of at least ``4 * side``.
    iterations
        In all: the rate falls to zero along a cosine.
    seed
        Of the first weights.
    side
        Pixels of the small pieces.
    batch
        Pieces a step; one step is at twice the size, the next at four times.
    rate
        Adam's learning rate.
    channels, blocks
        See `UpscalingNet`.
    begin
        Weights to begin with, as `UpscalingNet.state_dict` gives them; None: fresh ones.

    Raises
    ------
    ValueError
        No picture, or one that is too small.
    """

    def __init__(
        self,
        pictures: Sequence[ImageU8],
        *,
        iterations: int,
        seed: int = 0,
        side: int = 32,
        batch: int = 16,
        rate: float = 1e-3,
        channels: int = 32,
        blocks: int = 4,
        begin: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        smallest = min((min(picture.shape[:2]) for picture in pictures), default=0)
        if smallest < 4 * side:
            raise ValueError(
                f"pictures: expected at least one, sides of {4 * side} pixels or more, got "
                f"{len(pictures)}, the smallest side {smallest}"
            )
        self.settings = {
            "pictures": len(pictures), "side": side, "batch": batch, "channels": channels,
            "blocks": blocks, "iterations": iterations, "begun": begin is not None,
        }  # fmt: skip
        self._pictures, self._side, self._batch = pictures, side, batch
        self._iterations, self._rate = iterations, rate
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            net: Any = UpscalingNet(channels, blocks)
        if begin is not None:
            net.load_state_dict(begin)
        self.modules["net"] = net.to(memory_format=torch.channels_last)
        self.optimizers["net"] = torch.optim.Adam(net.parameters(), rate)
        self._shown: tuple[Tensor, Tensor, Tensor] | None = None

    def batch(self, iteration: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, int]:
        """Draw pieces, spoilt."""
        done = iteration / self._iterations
        rate = self._rate * min(1.0, iteration / _WARM) * (0.5 + 0.5 * math.cos(math.pi * done))
        for group in self.optimizers["net"].param_groups:
            group["lr"] = max(rate, 1e-7)
        scale = 2 if iteration % 2 else 4
        drawn = [draw_example(self._pictures, self._side, scale, rng) for _ in range(self._batch)]
        sharp, small = (
            torch.from_numpy(np.stack([getattr(e, name) for e in drawn])).permute(0, 3, 1, 2)
            for name in ("sharp", "small")
        )
        return sharp, small, torch.from_numpy(np.stack([e.mend for e in drawn])), scale

    def step(self, batch: tuple[Tensor, Tensor, Tensor, int], fabric: Fabric) -> Mapping[str, Any]:
        """One step down the mean absolute difference."""
        sharp, small, mend = (part.to(fabric.device) for part in batch[:3])
        scale = batch[3]
        net, optimizer = self.modules["net"], self.optimizers["net"]
        made = net(small, mend, scale)
        rim = slice(_RIM * scale, -_RIM * scale)
        loss = (made - sharp)[..., rim, rim].abs().mean()
        optimizer.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(net, optimizer, max_norm=1.0)
        optimizer.step()
        self._shown = small, made.detach(), sharp
        return {f"x{scale}": loss}

    def preview(self) -> ImageU8 | None:
        """Return pieces of the last batch: small, enlarged, as they were."""
        if self._shown is None:
            return None
        small, made, sharp = self._shown
        near = torch.nn.functional.interpolate(small, made.shape[2:], mode="nearest")
        rows = [
            torch.cat([a, b, c], 2) for a, b, c in zip(near[:6], made[:6], sharp[:6], strict=True)
        ]
        sheet = np.rint(torch.cat(rows, 1).permute(1, 2, 0).clamp(0, 1).cpu().numpy() * 255)
        shown: ImageU8 = sheet.astype(np.uint8)
        return shown
