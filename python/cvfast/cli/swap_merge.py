"""``cvfast swap merge``: the swapped faces into the target's clip."""

from __future__ import annotations

from pathlib import Path

from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "swap_merge"]

EXAMPLES = (
    "cvfast swap merge work",
    "cvfast swap merge work --model other.dfm --face-type whole",
)
USAGE = "WORKSPACE [OPTIONS]"


def swap_merge(
    folder: Path,
    /,
    *,
    model: Path | None = None,
    face_type: str | None = None,
    overwrite: bool = False,
    common: Common | None = None,
) -> int:
    """Swap the faces of the target's clip.

    Parameters
    ----------
    folder
        The workspace.
    model
        A model's file or folder, in place of the workspace's own: a .dfm too.
    face_type
        What the pictures of a model show that does not say.
    overwrite
        Begin anew where a merge with other settings is.
    """
    from cvfast.swap.merge import merge
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    with report.bars(), report.bar("frames") as progress:
        done = merge(
            workspace, model=model, face_type=face_type, overwrite=overwrite, progress=progress
        )
    for note in done.notes:
        report.note(f"{folder}: {note}")
    report.result(
        f"{folder}: {done.frames} frames, a face swapped in {done.swapped}",
        kind="merge",
        workspace=str(folder),
        frames=done.frames,
        swapped=done.swapped,
    )
    return 0
