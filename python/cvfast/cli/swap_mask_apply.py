"""``cvfast swap mask apply``: masks written into face pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.swap_masking import BothSides, WorkspaceFolder, chosen_network, sides_of
from cvfast.cli.swap_telling import DryRun, say_forecast

__all__ = ["EXAMPLES", "USAGE", "swap_mask_apply"]

EXAMPLES = (
    "cvfast swap mask apply work",
    "cvfast swap mask apply work --side target --generic",
)
USAGE = "WORKSPACE [OPTIONS]"


def swap_mask_apply(
    folder: WorkspaceFolder,
    /,
    *,
    side: BothSides = "both",
    model: Annotated[
        Path | None,
        Parameter(help="A network's file (default: the workspace's own, else cvfast's)."),
    ] = None,
    generic: Annotated[
        bool, Parameter(negative="", help="Use cvfast's, though the workspace has its own.")
    ] = False,
    steady: Annotated[
        bool, Parameter(help="Take the median of three frames: masks flicker less.")
    ] = True,
    dry_run: DryRun = False,
    common: Common | None = None,
) -> int:
    """Write into each face picture what of it is face. Resumes; pictures' pixels stay as they are.

    Training and merging then use these masks instead of the landmarks' hull.
    """
    from cvfast.swap.forecast import forecast
    from cvfast.swap.masking import apply_masks
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    if dry_run:
        return say_forecast(report, forecast(workspace, ["mask"]))
    network, name = chosen_network(workspace, model, generic)
    for one in sides_of(side):
        with report.bars(), report.bar(f"masks, {one}") as progress:
            done = apply_masks(workspace.faces(one), network, steady=steady, progress=progress)
        for path in done.skipped:
            report.note(f"{path}: no face record, left out")
        report.result(
            f"{one}: {len(done.changed)} faces masked by {name}, {done.kept} had this mask",
            kind="mask apply", side=one, changed=len(done.changed), kept=done.kept,
            skipped=len(done.skipped), network=name, fingerprint=network.fingerprint,
        )  # fmt: skip
    return 0
