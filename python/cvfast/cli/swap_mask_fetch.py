"""``cvfast swap mask fetch``: labelled faces copied into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.swap_masking import Side, WorkspaceFolder

__all__ = ["EXAMPLES", "USAGE", "swap_mask_fetch"]

EXAMPLES = ("cvfast swap mask fetch work --side source",)
USAGE = "WORKSPACE [OPTIONS]"


def swap_mask_fetch(
    folder: WorkspaceFolder,
    /,
    *,
    side: Side = "source",
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="Folder (default: aligned_xseg beside aligned)."),
    ] = None,
    common: Common | None = None,
) -> int:
    """Copy the labelled faces into a folder; copies that are there stay."""
    from cvfast.swap.masking import fetch_labelled
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    place = output or workspace.frames(side) / "aligned_xseg"
    copies = fetch_labelled(workspace.faces(side), place)
    report.result(
        f"{place}: {len(copies)} labelled faces",
        kind="mask fetch", side=side, output=str(place), faces=len(copies),
    )  # fmt: skip
    return 0
