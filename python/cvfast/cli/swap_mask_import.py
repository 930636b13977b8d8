"""``cvfast swap mask import``: labels from a file into face pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.swap_masking import Side, WorkspaceFolder

__all__ = ["EXAMPLES", "USAGE", "swap_mask_import"]

EXAMPLES = ("cvfast swap mask import work labels.json --side source",)
USAGE = "WORKSPACE LABELS.json [OPTIONS]"


def swap_mask_import(
    folder: WorkspaceFolder,
    labels: Annotated[Path, Parameter(name="LABELS", help="Of swap mask export.")],
    /,
    *,
    side: Side = "source",
    common: Common | None = None,
) -> int:
    """Bring labels back, also after extracting at another size or face type.

    The labels that a face has are replaced.
    """
    from cvfast.swap.mask_labels import import_labels
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    done = import_labels(Workspace.open(folder).faces(side), labels)
    for name in done.unmatched:
        report.note(f"{name}: no such face here")
    report.result(
        f"{side}: {len(done.changed)} faces labelled, {len(done.unmatched)} not found",
        kind="mask import", side=side, changed=len(done.changed), unmatched=list(done.unmatched),
    )  # fmt: skip
    return 1 if done.unmatched else 0
