"""``cvfast swap status``: what a workspace holds, and what comes next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "swap_status"]

EXAMPLES = ("cvfast swap status work",)
USAGE = "DIR [OPTIONS]"


def swap_status(
    folder: Annotated[Path, Parameter(name="DIR", help="The workspace.")],
    /,
    *,
    common: Common | None = None,
) -> int:
    """Say what a workspace holds, and which step is next; nothing is changed."""
    from cvfast.swap.status import status
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    found = status(Workspace.open(folder))
    report.result(
        "\n".join(found.lines()), kind="status", workspace=str(found.workspace),
        faces=found.faces, begun=list(found.begun), trained=found.trained, merged=found.merged,
        result=found.result, next=found.next_step or None,
        clips={side: str(path) for side, (path, _) in found.clips.items()},
        missing=[side for side, (_, there) in found.clips.items() if not there],
    )  # fmt: skip
    return 0
