"""What the trainings of the networks that exchange clothes share: optimiser, schedule, seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cvfast.training.loop import Task

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

    def descend(
        self, losses: Mapping[str, Tensor], fabric: Fabric, net: str = "net"
    ) -> dict[str, Any]:
        """Take one step of one network down the losses' sum."""
        optimizer = self.optimizers[net]
        optimizer.zero_grad()
        fabric.backward(torch.stack(list(losses.values())).sum())
        optimizer.step()
        return dict(losses)
