"""A small training with two networks, as a GAN has, for the tests of the loop; also a program.

python tiny.py FOLDER ITERATIONS LAST: trains until it kills itself after iteration LAST.
"""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import torch
from cvfast.training.loop import Task, train


class Tiny(Task):
    """Two networks take turns; noise comes from torch, examples from NumPy."""

    def __init__(self, poison: int | None = None) -> None:
        super().__init__()
        self.poison = poison
        self.settings = {"width": 8}
        generator = torch.Generator().manual_seed(1)
        for name in ("maker", "judge"):
            net = torch.nn.Sequential(
                torch.nn.Linear(4, 8), torch.nn.Dropout(0.3), torch.nn.BatchNorm1d(8),
                torch.nn.Tanh(), torch.nn.Linear(8, 4),
            )  # fmt: skip
            for parameter in net.parameters():
                parameter.data.normal_(0, 0.5, generator=generator)
            self.modules[name] = net
        self.optimizers = {
            "maker": torch.optim.AdamW(self.modules["maker"].parameters(), 1e-2),
            "judge": torch.optim.SGD(self.modules["judge"].parameters(), 1e-2, momentum=0.9),
        }
        self.schedulers = {
            "maker": torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizers["maker"], 100)
        }
        self.extra = {"mean": torch.zeros(4)}

    def batch(self, iteration, rng):
        scale = np.nan if iteration == self.poison else 1.0
        return torch.from_numpy(rng.normal(0, scale, (16, 4)).astype(np.float32))

    def step(self, batch, fabric):
        losses = {}
        for name in ("maker", "judge"):
            out = self.modules[name](batch + 0.1 * torch.randn(16, 4))
            loss = ((out - batch.roll(1, 1)) ** 2).mean()
            self.optimizers[name].zero_grad()
            fabric.backward(loss)
            self.optimizers[name].step()
            losses[name] = loss
        self.extra["mean"] = 0.9 * self.extra["mean"] + 0.1 * batch.mean(0)
        return losses

    def preview(self):
        weights = self.modules["maker"].module[0].weight.detach().numpy()
        return np.clip(0.5 + weights, 0, 1).astype(np.float32)

    def numbers(self) -> np.ndarray:
        """All that was learned, in one row."""
        parts = [v.double().ravel() for m in self.modules.values() for v in m.state_dict().values()]
        return torch.cat([*parts, self.extra["mean"].double()]).numpy()


if __name__ == "__main__":
    torch.set_num_threads(1)

    def tell(done: int, _total: int | None) -> None:
        if done == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

    train(
        Tiny(), folder=sys.argv[1], iterations=int(sys.argv[2]), save_every=7, resume=True,
        device="cpu", preview_every=1000, progress=tell,
    )  # fmt: skip
