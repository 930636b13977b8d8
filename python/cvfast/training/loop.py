"""The training loop that everything here shares: seeds, checkpoints, exact resume, previews.

The randomness of an iteration comes from the seed and its number alone. So nothing has to be known
of the iterations before it but weights, optimisers and schedules, and a training that was killed
goes on from its last checkpoint as if nothing had been: on one thread of a processor to the bit.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cvfast.errors import MissingDependencyError, OutputExistsError, TrainingError
from cvfast.io.atomic import make_folder, remove_leftovers
from cvfast.io.images import write_image
from cvfast.training.checkpoints import INSTALL, newest_checkpoint, save_checkpoint
from cvfast.training.curves import Curves
from cvfast.typing import Image, Progress

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Task", "Trained", "train"]

_DEVICES = ("auto", "cpu", "cuda", "mps")


class Task(ABC):
    """What is trained. Fill in the attributes; overwrite `batch` and `step`, perhaps the others.

    Several networks, optimisers and losses are as good as one: a step does what it wants.

    Attributes
    ----------
    settings
        What must not change from one run to its resumption: plain values.
    modules
        Networks by name; `step` finds them here, on the device and wrapped by Fabric.
    optimizers, schedulers
        By name; schedulers are stepped once after each step.
    extra
        Tensors by name that belong to the training's state, such as averaged weights or examples
        found on the way.
    """

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.modules: dict[str, Any] = {}
        self.optimizers: dict[str, Any] = {}
        self.schedulers: dict[str, Any] = {}
        self.extra: dict[str, Any] = {}

    @abstractmethod
    def batch(self, iteration: int, rng: np.random.Generator) -> Any:
        """Return the examples of an iteration, drawn with nothing but ``rng``."""

    @abstractmethod
    def step(self, batch: Any, fabric: Fabric) -> Mapping[str, Any]:
        """Learn from a batch (``fabric.backward(loss)``, ``optimizer.step()``): losses by name."""

    def preview(self) -> Image | None:
        """Return a picture of how far things are, or None."""
        return None

    def judge(self) -> Mapping[str, Any]:
        """Return figures of how good the networks are, for the curves; asked with each preview."""
        return {}

    def saved(self, iteration: int) -> None:  # noqa: B027
        """Do what belongs to a checkpoint that has just been written."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training has come to.

    Attributes
    ----------
    iterations
        How many are done, all runs together.
    curves
        Losses on the way.
    stopped
        Whether it was asked to stop before the end.
    """

    iterations: int
    curves: Curves
    stopped: bool = False


def train(
    task: Task,
    *,
    folder: str | Path,
    iterations: int,
    seed: int = 0,
    save_every: int = 500,
    preview_every: int | None = None,
    resume: bool = False,
    device: str = "auto",
    tensorboard: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trained:
    """Train until so many iterations are done.

    Parameters
    ----------
    task
        What to train; its networks hold the result.
    folder
        Where ``checkpoints/``, ``previews/``, ``losses.csv`` and ``losses.png`` go; made if it is
        not there.
    iterations
        In all, those before a resumption included.
    seed
        Of everything random. Weights are the task's to initialise.
    save_every, preview_every
        Iterations between checkpoints (with ``losses.csv``), and between previews (with
        ``losses.png``; None: with every checkpoint).
    resume
        Go on from the newest checkpoint; without one, begin.
    device
        Fabric's accelerator: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``.
    tensorboard
        Write losses and previews for TensorBoard too.
    progress
        Called with (done, total).
    stop
        Asked after each iteration; if it returns True, a checkpoint is written and that was all.

    Raises
    ------
    OutputExistsError
        The folder has checkpoints and ``resume`` is False.
    OutputError
        The folder cannot be made, or the disk is full.
    TrainingError
        A loss is not finite, or a weight where a checkpoint is due. The last checkpoint is from
        before.
    ModelError
        No checkpoint can be read.
    ValueError
        A number out of range, or settings other than those that the training began with.
    MissingDependencyError
        The extra ``train`` is not installed.
    """
    for name, value in (("iterations", iterations), ("save_every", save_every)):
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
    if seed < 0:
        raise ValueError(f"seed: expected at least 0, got {seed}")
    if preview_every is not None and preview_every < 1:
        raise ValueError(f"preview_every: expected None or at least 1, got {preview_every}")
    if device not in _DEVICES:
        raise ValueError(f"device: expected one of {', '.join(_DEVICES)}, got {device!r}")
    fabric = _fabric(device)
    folder = make_folder(folder)
    run = _Run(task, fabric, folder, {"seed": seed, **task.settings}, Curves.of(iterations))
    done = run.begin(resume)
    run.log = _tensorboard(folder) if tensorboard else None
    if done:
        run.mend(done, shows=done >= iterations or done % (preview_every or save_every) == 0)
    stopped = False
    try:
        for iteration in range(done + 1, iterations + 1):
            shows = iteration % (preview_every or save_every) == 0
            run.iterate(iteration, seed, judged=shows)
            done = iteration
            stopped = stop is not None and iteration < iterations and stop()
            last = stopped or iteration == iterations
            if last or iteration % save_every == 0:
                run.save(iteration)
            if last or shows:
                run.show(iteration)
            if progress is not None:
                progress(iteration, iterations)
            if stopped:
                break
    finally:
        if run.log is not None:
            run.log.close()
    return Trained(done, run.curves, stopped)


class _Run:
    """One training under way."""

    def __init__(
        self, task: Task, fabric: Fabric, folder: Path, settings: dict[str, Any], curves: Curves
    ) -> None:
        self._task, self._fabric, self._folder = task, fabric, folder
        self._settings, self.curves = settings, curves
        self.log: Any = None
        for name, module in task.modules.items():
            task.modules[name] = fabric.setup_module(module)
        for name, optimizer in task.optimizers.items():
            task.optimizers[name] = fabric.setup_optimizers(optimizer)

    def begin(self, resume: bool) -> int:
        """Load the newest checkpoint, if any; return how many iterations are done."""
        found = newest_checkpoint(self._folder / "checkpoints")
        if found is None:
            return 0
        if not resume:
            raise OutputExistsError(
                f"{self._folder}: holds a training already. Resume it (--resume) or choose another."
            )
        iteration, state = found
        began = state["settings"]
        for name in self._settings | began:
            if self._settings.get(name) != began.get(name):
                raise ValueError(
                    f"{name}: expected {began.get(name)!r}, with which the training in "
                    f"{self._folder} began, got {self._settings.get(name)!r}"
                )
        for kind in ("modules", "optimizers", "schedulers"):
            for name, part in getattr(self._task, kind).items():
                if name in state[kind]:  # what has joined since then begins anew
                    part.load_state_dict(state[kind][name])
        self._task.extra.clear()
        self._task.extra.update(state["extra"])
        self.curves = Curves.from_state(state["curves"])
        return iteration

    def iterate(self, iteration: int, seed: int, *, judged: bool) -> None:
        import torch

        rng = np.random.default_rng([seed, iteration])
        with torch.random.fork_rng():  # whoever calls us keeps their own
            torch.manual_seed(int(rng.integers(2**63)))
            losses = self._task.step(self._task.batch(iteration, rng), self._fabric)
        values = {name: float(torch.as_tensor(loss).detach()) for name, loss in losses.items()}
        for name, value in values.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f"{name}: expected a finite loss, got {value} in iteration {iteration}; lower "
                    f"the learning rate and resume from the checkpoint in {self._folder}"
                )
        for scheduler in self._task.schedulers.values():
            scheduler.step()
        if judged:
            values |= {name: float(value) for name, value in self._task.judge().items()}
        self.curves.add(iteration, values)
        if self.log is not None:
            for name, value in values.items():
                self.log.add_scalar(name, value, iteration)

    def save(self, iteration: int) -> None:
        kinds = ("modules", "optimizers", "schedulers")
        state: dict[str, Any] = {
            kind: {name: part.state_dict() for name, part in getattr(self._task, kind).items()}
            for kind in kinds
        }
        state |= {
            "settings": self._settings,
            "extra": self._task.extra,
            "curves": self.curves.state(),
        }
        if (name := _not_finite(state)) is not None:
            raise TrainingError(
                f"{name}: expected finite numbers, got others after iteration {iteration}; lower "
                f"the learning rate and resume from the checkpoint in {self._folder}"
            )
        save_checkpoint(self._folder / "checkpoints", iteration, state)
        self.curves.write(self._folder / "losses.csv")
        self._task.saved(iteration)

    def mend(self, iteration: int, *, shows: bool) -> None:
        """Make what a process that was killed after this checkpoint did not come to."""
        previews = self._folder / "previews"
        for folder in (self._folder, previews):
            remove_leftovers(folder)
        self.curves.write(self._folder / "losses.csv")
        if shows and not (previews / f"{iteration:09d}.png").exists():
            self.show(iteration)

    def show(self, iteration: int) -> None:
        self.curves.draw(self._folder / "losses.png")
        picture = self._task.preview()
        if picture is not None:
            path = make_folder(self._folder / "previews") / f"{iteration:09d}.png"
            write_image(path, picture, overwrite=True)
            if self.log is not None:
                shape = "HW" if picture.ndim == 2 else "HWC"
                self.log.add_image("preview", picture, iteration, dataformats=shape)


def _not_finite(tree: Any, name: str = "") -> str | None:
    """Return the place of a tensor of a tree that holds infinity or NaN, if any."""
    import torch

    if isinstance(tree, torch.Tensor):
        return name if tree.is_floating_point() and not tree.isfinite().all() else None
    if isinstance(tree, Mapping):
        parts = [(f"{name}.{key}".strip("."), part) for key, part in tree.items()]
    elif isinstance(tree, list | tuple):
        parts = [(f"{name}.{at}", part) for at, part in enumerate(tree)]
    else:
        return None
    return next((bad for at, part in parts if (bad := _not_finite(part, at)) is not None), None)


def _fabric(device: str) -> Fabric:
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs more packages ({error}): {INSTALL}"
        ) from error
    return Fabric(accelerator=device, devices=1)


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(f"this log needs tensorboard ({error}): {INSTALL}") from error
    return SummaryWriter(str(folder / "tensorboard"))
