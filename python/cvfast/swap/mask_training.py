"""A workspace's own mask network, from a few labelled faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cvfast.errors import MissingDependencyError
from cvfast.models.registry import model_path
from cvfast.models.xseg_file import read_xseg, write_xseg
from cvfast.models.xseg_layers import WIDTHS
from cvfast.swap.mask_samples import LabelledFaces, mean_iou
from cvfast.swap.workspace import SIDES, Workspace
from cvfast.swap.xseg import XSeg
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

if TYPE_CHECKING:
    from cvfast.training.loop import Trained

__all__ = ["MaskTrained", "train_masks", "workspace_network"]

FINE_RATE, FULL_RATE = 3e-4, 1e-3
_SIZE = 128


@dataclass(frozen=True)
class MaskTrained:
    """What training a mask network has come to.

    Parameters
    ----------
    path
        The network's file.
    trained
        Iterations and losses.
    labelled, held_out
        How many labelled faces were learned from, and kept back to judge by.
    before, after
        Mean intersection over union with the labels before and after: of those held out, else of
        those learned from.
    """

    path: Path
    trained: Trained
    labelled: int
    held_out: int
    before: float
    after: float


def workspace_network(workspace: Workspace) -> Path:
    """Return where a workspace's own mask network lies, or would."""
    return workspace.model / "xseg" / "xseg.safetensors"


def train_masks(
    workspace: Workspace,
    *,
    iterations: int = 1000,
    sides: tuple[str, ...] = SIDES,
    begin: PathLike | None = None,
    scratch: bool = False,
    batch: int = 4,
    rate: float | None = None,
    seed: int = 0,
    save_every: int = 100,
    resume: bool = True,
    device: str = "auto",
    tensorboard: bool = False,
    progress: Progress | None = None,
) -> MaskTrained:
    """Train a mask network on the labelled faces of a workspace.

    Checkpoints, previews and losses go beside the network, ``model/xseg``; killed and called
    again, it goes on.

    Parameters
    ----------
    workspace
        With labelled faces: a handful where it begins with a trained network, some hundred else.
    iterations
        In all, those before a resumption included.
    sides
        Whose faces.
    begin
        A network's file to begin with; None: the one that comes with cvfast.
    scratch
        Begin with nothing.
    batch
        Faces a step.
    rate
        Learning rate; None: 3e-4, or 1e-3 with ``scratch``.
    seed
        Of everything random.
    save_every
        Iterations between checkpoints and previews.
    resume
        Go on from the last checkpoint. False: refuse where there is one.
    device, tensorboard, progress
        As in `cvfast.training.loop.train`.

    Raises
    ------
    NothingFoundError
        No face is labelled.
    ModelError, MissingDependencyError, OutputExistsError, TrainingError, ValueError
        As in `cvfast.training.loop.train` and `cvfast.models.xseg_file.read_xseg`.
    """
    from cvfast.training.checkpoints import INSTALL

    try:
        from cvfast.swap.xseg_training import MaskTask
        from cvfast.training.loop import train
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs more packages ({error}): {INSTALL}"
        ) from error

    faces, held = LabelledFaces.of(workspace.faces(side) for side in sides)
    judged = held if len(held) else faces
    first = None if scratch else read_xseg(model_path("face_mask") if begin is None else begin)
    task = MaskTask(
        faces,
        size=_SIZE if first is None else first.size,
        widths=WIDTHS if first is None else first.widths,
        batch=batch,
        rate=rate or (FULL_RATE if first is None else FINE_RATE),
        seed=seed,
        begin=None if first is None else first.layers,
    )
    path = workspace_network(workspace)
    done = train(
        task, folder=path.parent, iterations=iterations, seed=seed, save_every=save_every,
        resume=resume, device=device, tensorboard=tensorboard, progress=progress,
    )  # fmt: skip
    weights = task.weights()
    notes = {"made_by": f"cvfast swap mask train, {len(faces)} labelled faces, seed {seed}"}
    write_xseg(path, weights, overwrite=True, notes=notes)
    before = 0.0 if first is None else mean_iou(XSeg(first), judged)
    return MaskTrained(path, done, len(faces), len(held), before, mean_iou(XSeg(weights), judged))
