"""``cvfast swap mask remove``: applied masks taken out again."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.swap_masking import BothSides, WorkspaceFolder, sides_of

__all__ = ["EXAMPLES", "USAGE", "swap_mask_remove"]

EXAMPLES = ("cvfast swap mask remove work --side target",)
USAGE = "WORKSPACE [OPTIONS]"


def swap_mask_remove(
    folder: WorkspaceFolder,
    /,
    *,
    side: BothSides = "both",
    labels: Annotated[
        bool, Parameter(negative="", help="Take out what was labelled by hand too (export first).")
    ] = False,
    common: Common | None = None,
) -> int:
    """Take applied masks out of face pictures; labels stay, but for ``--labels``."""
    from cvfast.swap.masking import remove_masks
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    for one in sides_of(side):
        changed = remove_masks(workspace.faces(one), labels=labels)
        what = "masks and labels" if labels else "masks"
        report.result(
            f"{one}: {what} taken out of {len(changed)} faces",
            kind="mask remove", side=one, changed=len(changed), labels=labels,
        )  # fmt: skip
    return 0
