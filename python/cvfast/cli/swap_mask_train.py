"""``cvfast swap mask train``: a mask network of your own, from labelled faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.swap_masking import BothSides, WorkspaceFolder, sides_of

__all__ = ["EXAMPLES", "USAGE", "swap_mask_train"]

EXAMPLES = (
    "cvfast swap mask train work",
    "cvfast swap mask train work --side target --iterations 3000",
)
USAGE = "WORKSPACE [OPTIONS]"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """How to train."""

    iterations: Annotated[int, Parameter(help="In all, those before a resumption included.")] = 1000
    batch: Annotated[int, Parameter(help="Faces a step, 2 to 16.")] = 4
    rate: Annotated[
        float | None, Parameter(help="Learning rate (default 3e-4; 1e-3 with --scratch).")
    ] = None
    begin: Annotated[
        Path | None, Parameter(help="A network's file to begin with (default: cvfast's own).")
    ] = None
    scratch: Annotated[
        bool, Parameter(negative="", help="Begin with nothing: needs hundreds of labels.")
    ] = False
    seed: Annotated[int, Parameter(help="Of everything random.")] = 0
    save_every: Annotated[int, Parameter(help="Iterations between checkpoints.")] = 100
    resume: Annotated[bool, Parameter(help="Go on with the training there, if any.")] = True
    device: Annotated[str, Parameter(help="auto, cpu, cuda or mps.")] = "auto"
    tensorboard: Annotated[bool, Parameter(negative="", help="Losses for TensorBoard too.")] = False


def swap_mask_train(
    folder: WorkspaceFolder,
    /,
    *,
    side: BothSides = "both",
    options: Options | None = None,
    common: Common | None = None,
) -> int:
    """Train a mask network on the labelled faces; it begins with the one that comes with cvfast.

    Network, previews and losses go to the workspace's model/xseg; ``swap mask apply`` then uses
    it.
    """
    options = options or Options()
    from cvfast.swap.mask_training import train_masks
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    with report.bars(), report.bar("training the mask") as progress:
        done = train_masks(
            workspace, iterations=options.iterations, sides=sides_of(side), begin=options.begin,
            scratch=options.scratch, batch=options.batch, rate=options.rate, seed=options.seed,
            save_every=options.save_every, resume=options.resume, device=options.device,
            tensorboard=options.tensorboard, progress=progress,
        )  # fmt: skip
    on = f"{done.held_out} held out" if done.held_out else "those it learned from"
    report.result(
        f"{done.path}: {done.trained.iterations} iterations on {done.labelled} labelled faces; "
        f"IoU {done.before:.3f} before, {done.after:.3f} after, on {on}",
        kind="mask train", network=str(done.path), iterations=done.trained.iterations,
        labelled=done.labelled, held_out=done.held_out, before=done.before, after=done.after,
    )  # fmt: skip
    return 0
