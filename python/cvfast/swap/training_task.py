"""One step of a swap's training: both people reconstructed from their warped faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from cvfast.swap.adversaries import adversarial_losses, build_judges, held_fast, judge_losses
from cvfast.swap.gaussian import blur_outside
from cvfast.swap.losses import mean_square, reconstruction_losses
from cvfast.swap.model_keeping import ARCHITECTURE
from cvfast.swap.model_options import ModelOptions
from cvfast.swap.networks import SwapNetworks, build_networks
from cvfast.swap.optimizers import make_optimizer, update_rule
from cvfast.swap.precision import lower_precision
from cvfast.swap.previews import judged, preview_sheet
from cvfast.swap.style_losses import background_style_loss, face_style_loss
from cvfast.swap.training_data import Batch, Examples, Side
from cvfast.training.ahead import Ahead
from cvfast.training.loop import Task
from cvfast.typing import ImageF32, ImageU8

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["SwapTask"]

_AMP_OUTSIDE = 0.1


class SwapTask(Task):
    """A swap's training for `cvfast.training.loop.train`.

    Parameters
    ----------
    examples
        Makes the examples.
    seed
        Of the first weights.
    begin
        Networks to go on with, of another training.
    rollbacks
        How often the training was set back: each time other examples are drawn, and the learning
        rate is halved.
    ahead, workers
        Batches made before they are needed, and the threads that make them.
    saved
        Called with the networks and the iteration after each checkpoint.
    bfloat16
        Whether to compute in bfloat16 where it is precise enough; None: where the processor can.
    """

    def __init__(
        self,
        examples: Examples,
        *,
        seed: int = 0,
        begin: SwapNetworks | None = None,
        rollbacks: int = 0,
        ahead: int = 3,
        workers: int = 1,
        saved: Callable[[SwapNetworks, int], None] | None = None,
        bfloat16: bool | None = None,
    ) -> None:
        super().__init__()
        options = examples.options
        self.settings = {name: getattr(options, name) for name in ARCHITECTURE}
        self.settings["optimizer"] = options.optimizer
        self._examples, self._options, self._saved = examples, options, saved
        self._rate = options.learning_rate / 2**rollbacks
        self._bfloat16 = bfloat16
        self._device = torch.device("cpu")
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            begin = begin or build_networks(options)
            judges = build_judges(options)
        self.modules["networks"] = begin
        # All weights are the optimiser's, so that its state fits whatever is held fast for now.
        trained = {id(weight) for weight in begin.trained_parameters()}
        for weight in begin.parameters():
            weight.requires_grad_(id(weight) in trained)
        self.optimizers["networks"] = make_optimizer(begin.parameters(), options)
        self._judges = tuple(judges)
        for name, judge in judges.items():
            self.modules[name] = judge
            self.optimizers[name] = make_optimizer(judge.parameters(), options)
        self._ahead = Ahead(
            lambda iteration: examples.batch(iteration, order=rollbacks),
            depth=ahead, workers=workers,
        )  # fmt: skip

    @property
    def networks(self) -> SwapNetworks:
        """The networks, without what Fabric wraps them in."""
        wrapped: Any = self.modules["networks"]
        networks: SwapNetworks = getattr(wrapped, "module", wrapped)
        return networks

    def batch(self, iteration: int, rng: np.random.Generator | None = None) -> Batch:
        """Return an iteration's examples; they come from its number and the seed."""
        return self._ahead.get(iteration)

    def step(self, batch: Batch, fabric: Fabric) -> Mapping[str, Any]:
        """Go one step down the losses of both people."""
        options, self._device = self._options, fabric.device
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:  # a checkpoint brings those of another day
                group.update(update_rule(options) | {"lr": self._rate})
        source, target = (
            _Tensors(side, options, fabric.device) for side in (batch.source, batch.target)
        )
        judges = {name: self.modules[name].module for name in self._judges}
        held_fast(judges, True)
        with lower_precision(fabric.device, self._bfloat16):
            made = self.networks.pairs(source.warped, target.warped, swapped=_has_style(options))
        losses = {
            "source": _reconstruction(made, "source", source, options),
            "target": _reconstruction(made, "target", target, options),
            **_style(made, target, options),
            **adversarial_losses(judges, made, source.face, source.mask, options),
        }
        self._learn("networks", torch.stack(list(losses.values())).sum(), fabric)
        held_fast(judges, False)
        for name, loss in judge_losses(judges, made, source.face, source.mask, options).items():
            self._learn(name, loss, fabric)
            losses[f"judge_{name}"] = loss
        return losses

    def _learn(self, name: str, loss: Tensor, fabric: Fabric) -> None:
        self.optimizers[name].zero_grad()
        fabric.backward(loss)
        self.optimizers[name].step()

    def preview(self) -> ImageU8 | None:
        """Return faces of both, what is made of them, and the swap."""
        return preview_sheet(self._examples, self._swap, self._reconstruct)

    def judge(self) -> Mapping[str, float]:
        """Return the structural similarity of held-out faces with what is made of them."""
        return judged(self._examples, self._reconstruct)

    def saved(self, iteration: int) -> None:
        """Hand the networks on."""
        if self._saved is not None:
            self._saved(self.networks, iteration)

    def close(self) -> None:
        """Stop making examples."""
        self._ahead.close()

    @torch.no_grad()
    def _reconstruct(self, source: ImageF32, target: ImageF32) -> tuple[ImageF32, ...]:
        """Return source and target as the networks make them, each with its mask."""
        made = self.networks.pairs(*(self._tensor(faces) for faces in (source, target)))
        names = ("source_source", "source_source_mask", "target_target", "target_target_mask")
        return tuple(_array(made[name]) for name in names)

    @torch.no_grad()
    def _swap(self, target: ImageF32) -> tuple[ImageF32, ...]:
        """Return the source's face on the target's, and both masks."""
        return tuple(_array(part) for part in self.networks.swap(self._tensor(target)))

    def _tensor(self, faces: ImageF32) -> Tensor:
        return torch.from_numpy(faces).permute(0, 3, 1, 2).to(self._device)


class _Tensors:
    """The examples of one person on the device: (N, channels, h, w), channels last in memory."""

    def __init__(self, side: Side, options: ModelOptions, device: torch.device) -> None:
        self.warped, self.face, self.mask, self.eyes_mouth = (
            torch.from_numpy(part).permute(0, 3, 1, 2).to(device)
            for part in (side.warped, side.face, side.mask, side.eyes_mouth)
        )
        if options.blur_out_mask:
            self.face = blur_outside(self.face, self.mask, options.resolution)


def _reconstruction(
    made: Mapping[str, Tensor], name: str, side: _Tensors, options: ModelOptions
) -> Tensor:
    """Return the mean loss of one person's faces."""
    terms = reconstruction_losses(
        made[f"{name}_{name}"], made[f"{name}_{name}_mask"], side.face, side.mask, options,
        eyes_mouth=side.eyes_mouth,
    )  # fmt: skip
    total = torch.stack(list(terms.values())).sum(dim=0).mean()
    if options.family == "amp" and name == "target" and options.masked_training:
        # What is not face is learned a little too, so that it does not distract.
        outside = 1 - side.mask
        apart = mean_square(made["target_target"] * outside, side.face * outside)
        total = total + _AMP_OUTSIDE * apart.mean()
    return total


def _has_style(options: ModelOptions) -> bool:
    return bool(options.face_style_power or options.background_style_power)


def _style(
    made: Mapping[str, Tensor], target: _Tensors, options: ModelOptions
) -> dict[str, Tensor]:
    """Return the mean losses that pull the swap towards the target's light and surroundings."""
    losses = {}
    if options.face_style_power:
        losses["face_style"] = face_style_loss(
            made["source_target"], target.face, target.mask, options
        ).mean()
    if options.background_style_power:
        losses["background_style"] = background_style_loss(
            made["source_target"], target.face, target.mask, options
        ).mean()
    return losses


def _array(tensor: Tensor) -> ImageF32:
    array: ImageF32 = tensor.float().permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array
