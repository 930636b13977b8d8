"""What a training would take: tried for a few steps, nothing written."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cvfast.swap.model_options import ModelOptions
from cvfast.swap.train import How, open_stores
from cvfast.typing import Path as PathLike

__all__ = ["Forecast", "forecast"]

_COPIES = 4  # of each weight: itself, its slope, and two moments
_CHANNELS = 5


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a training would take.

    Parameters
    ----------
    parameters
        Numbers that are learned.
    memory
        Bytes: weights, optimiser, remembered faces; without what torch works in.
    disk
        Bytes of two checkpoints, the model and its backups.
    seconds
        Of a step.
    faces
        How many of the source and of the target can be used.
    """

    parameters: int
    memory: int
    disk: int
    seconds: float
    faces: tuple[int, int]


def forecast(
    folders: tuple[PathLike, PathLike], options: ModelOptions, how: How, *, steps: int = 3
) -> Forecast:
    """Try a few steps in memory.

    Parameters
    ----------
    folders, options, how
        As for `cvfast.swap.train.train_faces`.
    steps
        That are timed, after one that is not.
    """
    from lightning_fabric import Fabric

    from cvfast.swap.training_data import Examples
    from cvfast.swap.training_task import SwapTask

    stores = open_stores(folders, options, how)
    examples = Examples(*stores, options, seed=how.seed, batch=how.batch, hold_out=how.hold_out)
    task = SwapTask(examples, seed=how.seed, ahead=1, bfloat16=how.bfloat16)
    fabric = Fabric(accelerator=how.device, devices=1)
    for name, module in task.modules.items():
        task.modules[name] = fabric.setup_module(module)
    for name, optimizer in task.optimizers.items():
        task.optimizers[name] = fabric.setup_optimizers(optimizer)
    try:
        begun = 0.0
        for iteration in range(1, steps + 2):
            losses = task.step(task.batch(iteration), fabric)
            _ = [float(loss.detach()) for loss in losses.values()]  # a device is waited for
            begun = begun or time.perf_counter()
        seconds = (time.perf_counter() - begun) / steps
    finally:
        task.close()
    parameters = sum(w.numel() for m in task.modules.values() for w in m.parameters())
    each = stores[0].size ** 2 * _CHANNELS
    remembered = min(how.memory, each * sum(len(store) for store in set(stores)))
    weights = 4 * parameters
    disk = weights * (2 * (_COPIES - 1) + 1 + how.backups)
    faces = (len(stores[0]), len(stores[1]))
    return Forecast(parameters, weights * _COPIES + remembered, disk, seconds, faces)
