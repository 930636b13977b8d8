"""``cvfast swap mask export``: all labels of a side in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite
from cvfast.cli.swap_masking import Side, WorkspaceFolder

__all__ = ["EXAMPLES", "USAGE", "swap_mask_export"]

EXAMPLES = ("cvfast swap mask export work --side source -o labels.json",)
USAGE = "WORKSPACE -o OUT.json [OPTIONS]"


def swap_mask_export(
    folder: WorkspaceFolder,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="The file, JSON.")],
    side: Side = "source",
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Write all labels of a side into one file, to keep them safe or to share them."""
    from cvfast.swap.mask_labels import export_labels
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    count = export_labels(Workspace.open(folder).faces(side), output, overwrite=overwrite)
    report.result(
        f"{output}: labels of {count} faces",
        kind="mask export", side=side, output=str(output), faces=count,
    )  # fmt: skip
    return 0
