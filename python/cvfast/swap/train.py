"""Training a swap: resumable to the bit, saved with backups, set back where a loss is no number."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cvfast.errors import MissingDependencyError, TrainingError
from cvfast.io.atomic import make_folder
from cvfast.swap.face_store import FaceStore
from cvfast.swap.model_keeping import (
    MODEL,
    ModelKeeper,
    Rollbacks,
    beginning,
    check_model,
    pretraining,
)
from cvfast.swap.model_options import ModelOptions
from cvfast.swap.workspace import Workspace
from cvfast.training.interrupt import saving_interrupt
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

if TYPE_CHECKING:
    from cvfast.swap.training_task import SwapTask
    from cvfast.training.loop import Trained

__all__ = ["MODEL", "How", "SwapTrained", "open_stores", "train_faces", "train_swap"]

_INSTALL = "pip install 'cvfast[train]'"
_MOST_ROLLBACKS = 3
_ROLLBACKS = "rollbacks.json"


@dataclass(frozen=True, kw_only=True)
class How:
    """How a training runs; none of it changes what comes out but ``batch`` and ``seed``.

    Parameters
    ----------
    batch
        Faces of each side in a step; None: the options'.
    seed
        Of everything random.
    resume
        Go on with the training that is there.
    begin
        A ``model.safetensors`` to begin with: a pretrained model, or one to be fine-tuned.
    minutes
        Save and stop after so long. Resumed to the same number of iterations it gives the same.
    save_every, preview_every
        Iterations between checkpoints, and between previews (None: with every checkpoint).
    backup_every, backups
        Iterations between backups of the model, and how many are kept; 0 for none.
    hold_out
        Every so many-th face is kept from training, to judge; 0 none.
    memory
        Bytes to remember face pictures in, both sides together.
    workers
        Threads that make examples; 0: made in between, by the training's own.
    threads
        torch's; None leaves them as they are.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``.
    bfloat16
        Compute in bfloat16; None: where the processor has it.
    tensorboard
        Write losses and previews for TensorBoard too.
    """

    batch: int | None = None
    seed: int = 0
    resume: bool = True
    begin: PathLike | None = None
    minutes: float | None = None
    save_every: int = 500
    preview_every: int | None = None
    backup_every: int = 5000
    backups: int = 3
    hold_out: int = 16
    memory: int = 2 << 30
    workers: int = 1
    threads: int | None = None
    device: str = "cpu"
    bfloat16: bool | None = None
    tensorboard: bool = False


@dataclass(frozen=True, slots=True)
class SwapTrained:
    """What a training has come to.

    Parameters
    ----------
    model
        Where the networks are.
    iterations
        How many are done, all runs together.
    stopped
        Whether it stopped before the end: its minutes were over, or somebody wanted it.
    rollbacks
        How often a loss was no number and the training was set back.
    losses
        The last row of ``losses.csv``.
    faces
        How many of the source and of the target can be used.
    """

    model: Path
    iterations: int
    stopped: bool
    rollbacks: int
    losses: dict[str, float]
    faces: tuple[int, int]


def train_swap(
    workspace: Workspace,
    options: ModelOptions,
    *,
    iterations: int,
    how: How | None = None,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> SwapTrained:
    """Train the networks of a workspace on its face pictures.

    Parameters
    ----------
    workspace
        Its ``model`` folder gets ``model.safetensors``, ``checkpoints/``, ``backups/``,
        ``previews/``, ``losses.csv`` and ``losses.png``.
    options
        The model and how it learns.
    iterations
        In all, those before a resumption included.
    how
        How the training runs.
    progress
        Called with (done, total).
    notice
        Called with what is worth telling: pictures left out, a training set back.
    stop
        Asked after each iteration; where it returns True, all is saved and that was it.

    Raises
    ------
    NothingFoundError
        A side has no face picture of this type or wider.
    ModelError
        The model that is there, or that it begins with, is another.
    OutputExistsError
        There is a training and ``how.resume`` is False.
    OutputError
        The disk is full: what was saved before stays.
    TrainingError
        A loss is no number again and again.
    MissingDependencyError
        The extra ``train`` is not installed.
    """
    return train_faces(
        (workspace.faces("source"), workspace.faces("target")), workspace.model, options,
        iterations=iterations, how=how, progress=progress, notice=notice, stop=stop,
    )  # fmt: skip


def train_faces(
    folders: tuple[PathLike, PathLike],
    model: PathLike,
    options: ModelOptions,
    *,
    iterations: int,
    how: How | None = None,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> SwapTrained:
    """Train on any two folders of face pictures; a pretraining takes the same folder twice.

    Parameters
    ----------
    folders
        Face pictures of the source, and of the target.
    model
        Folder for the model and its training.
    options, iterations, how, progress, notice, stop
        As for `train_swap`, which says what is raised too.
    """
    how = how or How()
    _need_torch()
    folder = make_folder(model)
    check_model(folder / MODEL, options)
    stores = open_stores(folders, options, how, notice)
    history = Rollbacks(folder / _ROLLBACKS)
    with _threads(how.threads), saving_interrupt() as interrupted:
        asked = _clock(how.minutes, stop, interrupted)
        while True:
            try:
                done = _trained(
                    stores, folder, options, iterations, how, len(history), progress, asked
                )
                break
            except TrainingError as error:
                if len(history) >= _MOST_ROLLBACKS:
                    raise TrainingError(
                        f"{error}; set back {len(history)} times in vain: choose a lower learning "
                        f"rate, and delete {history.path} to begin anew with that"
                    ) from error
                history.add(str(error))
                how = replace(how, resume=True)
                if notice is not None:
                    rate = options.learning_rate / 2 ** len(history)
                    notice(
                        f"set back to the last checkpoint ({error}): other examples, learning rate "
                        f"{rate:.2g}"
                    )
    last = done.curves.rows[-1][1] if done.curves.rows else {}
    return SwapTrained(
        folder / MODEL, done.iterations, done.stopped, len(history), last,
        (len(stores[0]), len(stores[1])),
    )  # fmt: skip


def open_stores(
    folders: tuple[PathLike, PathLike],
    options: ModelOptions,
    how: How,
    notice: Callable[[str], None] | None = None,
) -> tuple[FaceStore, FaceStore]:
    """Open the face pictures of both sides, cut to twice the resolution of the model."""

    def left_out(path: Path, error: Exception) -> None:
        if notice is not None:
            notice(f"left out: {error}")

    same = Path(folders[0]) == Path(folders[1])
    stores = [
        FaceStore(
            folder, face_type=options.face_type, size=2 * options.resolution,
            memory=how.memory // (1 if same else 2), left_out=left_out,
        )
        for folder in (folders[:1] if same else folders)
    ]  # fmt: skip
    return stores[0], stores[-1]


def _trained(
    stores: tuple[FaceStore, FaceStore],
    folder: Path,
    options: ModelOptions,
    iterations: int,
    how: How,
    rollbacks: int,
    progress: Progress | None,
    stop: Callable[[], bool],
) -> Trained:
    """Train until the end, a stop, or a loss that is no number."""
    from cvfast.swap.training_data import Examples
    from cvfast.swap.training_task import SwapTask
    from cvfast.training.loop import train

    examples = Examples(
        *stores, pretraining(options), seed=how.seed, batch=how.batch, hold_out=how.hold_out
    )
    keeper = ModelKeeper(
        folder, options, seed=how.seed, every=how.backup_every, backups=how.backups
    )
    begin = beginning(how.begin, options)
    task: SwapTask = SwapTask(
        examples, seed=how.seed, begin=begin, rollbacks=rollbacks, workers=how.workers,
        ahead=3 if how.workers else 0, saved=keeper.keep, bfloat16=how.bfloat16,
    )  # fmt: skip
    try:
        done = train(
            task, folder=folder, iterations=iterations, seed=how.seed, save_every=how.save_every,
            preview_every=how.preview_every, resume=how.resume, device=how.device,
            tensorboard=how.tensorboard, progress=progress, stop=stop,
        )  # fmt: skip
        if keeper.kept != done.iterations:  # killed between the last checkpoint and the model
            keeper.keep(task.networks, done.iterations)
        return done
    finally:
        task.close()


def _clock(minutes: float | None, *questions: Callable[[], bool] | None) -> Callable[[], bool]:
    """Return a question that is answered True when any is, or the minutes are over."""
    if minutes is not None and not minutes > 0:
        raise ValueError(f"minutes: expected more than 0, got {minutes}")
    end = None if minutes is None else time.monotonic() + 60 * minutes
    asked = [question for question in questions if question is not None]
    return lambda: any(q() for q in asked) or (end is not None and time.monotonic() >= end)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Let torch use so many threads meanwhile."""
    import torch

    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _need_torch() -> None:
    try:
        import lightning_fabric  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs more packages ({error}): {_INSTALL}"
        ) from error
