"""``cvfast swap init``: a workspace for one swap, and the question that comes first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "swap_init"]

EXAMPLES = ("cvfast swap init work --source anna.mp4 --target scene.mp4",)
USAGE = "DIR --source A --target B [OPTIONS]"
QUESTION = "Do all the people shown agree to this face swap? [y/N] "


def swap_init(
    folder: Path,
    /,
    *,
    source: Path,
    target: Path,
    consent: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> int:
    """Make a workspace for a face swap.

    Parameters
    ----------
    folder
        The workspace: a new or empty folder.
    source
        Clip (or folder of pictures) whose face is taken.
    target
        Clip (or folder of pictures) that gets it.
    consent
        Confirm that the people shown agree; else you are asked.
    """
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    agreed = consent or (sys.stdin.isatty() and input(QUESTION).strip().lower() in ("y", "yes"))
    workspace = Workspace.init(folder, source=source, target=target, consent=agreed)
    report.result(f"{workspace.path}: made", kind="init", workspace=str(workspace.path))
    return 0
