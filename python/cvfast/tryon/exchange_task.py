"""What the trainings of the networks that exchange clothes share: optimiser, schedule, seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cvfast.training.loop import Task
from cvfast.tryon.patch_judges import matching_loss, truth_loss

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["ExchangeTask"]

_LEAST = 1e-3  # share of the rate at the end, so that the last steps still do something


class ExchangeTask(Task):
    """Adam, at a constant rate for half of the iterations, then falling to zero in a line.

    Parameters
    ----------
    nets
        Networks by name, one optimiser each.
    iterations
        In all.
    batch
        Examples a step.
    rate
        Adam's learning rate; 2e-4 in ACGPN's paper, 1e-3 for small networks.
    compat
        Whether the losses are as published, quirks and all.

    Raises
    ------
    ValueError
        A batch or rate out of range.
    """

    def __init__(
        self,
        nets: Mapping[str, nn.Module],
        *,
        iterations: int,
        batch: int = 16,
        rate: float = 1e-3,
        compat: bool = False,
    ) -> None:
        super().__init__()
        if batch < 1:
            raise ValueError(f"batch: expected at least 1, got {batch}")
        if not 0 < rate < 1:
            raise ValueError(f"rate: expected a number between 0 and 1, got {rate}")
        self.settings = {"iterations": iterations, "batch": batch, "rate": rate, "compat": compat}
        self.batch_size, self.compat = batch, compat
        half = max(1, iterations // 2)
        for name, net in nets.items():
            shaped: Any = net.train()  # whose stubs know no memory format
            self.modules[name] = shaped.to(memory_format=torch.channels_last)
            optimizer = torch.optim.Adam(net.parameters(), rate, betas=(0.5, 0.999))
            self.optimizers[name] = optimizer
            self.schedulers[name] = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda done: max(_LEAST, min(1.0, (2 * half - done) / half))
            )

    def contest(
        self,
        losses: Mapping[str, Tensor],
        seen: Tensor,
        made: Tensor,
        real: Tensor,
        fabric: Fabric,
        *,
        matching: bool = False,
    ) -> dict[str, Any]:
        """Take one step of the judge, then one of the network against it.

        Parameters
        ----------
        losses
            The network's others.
        seen, made, real
            (N, ., h, w): what the network saw, what it made of it, and the truth.
        matching
            Whether the judge's features are to be alike too.
        """
        judge = self.modules["judge"]
        told = judge(torch.cat([seen, made.detach()], 1)), judge(torch.cat([seen, real], 1))
        judged = 0.5 * (truth_loss(told[0], 0.0) + truth_loss(told[1], 1.0))
        self.descend({"judge": judged}, fabric, "judge")
        ours, theirs = judge(torch.cat([seen, made], 1)), judge(torch.cat([seen, real], 1))
        whole = dict(losses) | {"fooled": truth_loss(ours, 1.0)}
        if matching:
            whole["matching"] = matching_loss(ours, theirs)
        return self.descend(whole, fabric) | {"judge": judged}

    def descend(
        self, losses: Mapping[str, Tensor], fabric: Fabric, net: str = "net"
    ) -> dict[str, Any]:
        """Take one step of one network down the losses' sum."""
        optimizer = self.optimizers[net]
        optimizer.zero_grad()
        fabric.backward(torch.stack(list(losses.values())).sum())
        optimizer.step()
        return dict(losses)
