"""What the kinds of `swap` that look at faces share: which folder, and what was left alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.report import Report

__all__ = ["FacesOf", "faces_folder", "say_skipped", "say_undone"]

FacesOf: TypeAlias = Annotated[
    Path, Parameter(name="WORKSPACE", help="A workspace, with --side; or a folder of faces.")
]
_SAID = 5


def faces_folder(given: Path, side: str | None) -> Path:
    """Return the folder of faces that is meant.

    Raises
    ------
    ValueError
        A workspace without a side, or a side without a workspace.
    MediaError
        The workspace cannot be opened.
    """
    from cvfast.swap.workspace import MANIFEST, Workspace

    if (given / MANIFEST).exists() or side is not None:
        workspace = Workspace.open(given)
        if side is None:
            raise ValueError(f"side: expected --side source or target of the workspace {given}")
        return workspace.faces(side)
    return given


def say_skipped(report: Report, folder: Path, skipped: Sequence[tuple[Path, str]]) -> None:
    """Say which pictures were left alone."""
    if not skipped:
        return
    report.note(f"{folder}: {len(skipped)} pictures left alone:")
    for _, why in skipped[:_SAID]:
        report.note(f"  {why}")
    if len(skipped) > _SAID:
        report.note(f"  and {len(skipped) - _SAID} more")


def say_undone(report: Report, faces: Path) -> int:
    """Take back the newest step of sorting or cleaning, and say so."""
    from cvfast.swap.sorting import undo_sorting

    step = undo_sorting(faces)
    report.result(
        f"{faces}: undone: {step.what}, {len(step.moves)} faces have their former names",
        kind="undo", folder=str(faces), undone=step.what, renamed=len(step.moves),
    )  # fmt: skip
    return 0
