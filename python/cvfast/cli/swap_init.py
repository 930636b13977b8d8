"""``cvfast swap init``: a workspace for one swap, and the question that comes first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "agreed", "swap_init"]

EXAMPLES = ("cvfast swap init work --source anna.mp4 --target scene.mp4",)
USAGE = "DIR --source A --target B [OPTIONS]"
QUESTION = "Do all the people shown agree to this face swap? [y/N] "


def swap_init(
    folder: Annotated[Path, Parameter(name="DIR", help="The workspace: a new or empty folder.")],
    /,
    *,
    source: Annotated[Path, Parameter(help="Clip (or folder of pictures) whose face is taken.")],
    target: Annotated[Path, Parameter(help="Clip (or folder of pictures) that gets it.")],
    consent: Annotated[
        bool,
        Parameter(negative="", help="Confirm that the people shown agree; else you are asked."),
    ] = False,
    common: Common | None = None,
) -> int:
    """Make a workspace for a face swap; both clips are looked at."""
    from cvfast.swap.run import open_workspace
    from cvfast.swap.workspace import MANIFEST

    report = (common or Common()).report("swap")
    there = (folder / MANIFEST).is_file()  # of the same clips: nothing is asked or made again
    workspace = open_workspace(
        folder, source=source, target=target, consent=there or agreed(consent)
    )
    said = "there already" if there else "made"
    report.result(
        f"{workspace.path}: {said}; next: cvfast swap extract {workspace.path}",
        kind="init", workspace=str(workspace.path),
        already=there, source=str(workspace.clip("source")), target=str(workspace.clip("target")),
    )  # fmt: skip
    return 0


def agreed(consent: bool) -> bool:
    """Return whether the people shown agree: given as an option, or asked for on a terminal."""
    if consent or not sys.stdin.isatty():
        return consent
    sys.stderr.write(QUESTION)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
