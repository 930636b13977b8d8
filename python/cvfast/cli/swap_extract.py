"""``cvfast swap extract``: faces of the source and the target as face pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.report import Report

if TYPE_CHECKING:
    from cvfast.swap.extract import Extracted

__all__ = ["EXAMPLES", "USAGE", "swap_extract"]

EXAMPLES = (
    "cvfast swap extract work",
    "cvfast swap extract work --side source --face-type head --rotations 0,90,270",
)
USAGE = "DIR [OPTIONS]"


def swap_extract(
    folder: Annotated[Path, Parameter(name="DIR", help="The workspace.")],
    /,
    *,
    side: Literal["source", "target", "both"] = "both",
    face_type: Annotated[str, Parameter(help="half, midfull, full, whole or head.")] = "whole",
    size: Annotated[int, Parameter(help="Sides in pixels; 0 for 512 (head: 768).")] = 0,
    max_faces: Annotated[int, Parameter(help="At most so many a frame; 0 for all.")] = 0,
    rotations: Annotated[str, Parameter(help="Ways to turn a frame: 0,90,180,270.")] = "0",
    min_face: Annotated[int, Parameter(help="Smallest face, in pixels.")] = 40,
    quality: Annotated[int, Parameter(help="Of the JPEGs, 1 to 100.")] = 90,
    common: Common | None = None,
) -> int:
    """Extract faces; what was interrupted is gone on with."""
    from cvfast.swap.extract import extract
    from cvfast.swap.extract_settings import ExtractSettings
    from cvfast.swap.workspace import SIDES, Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    settings = ExtractSettings(
        face_type=face_type, size=size, max_faces=max_faces, rotations=_degrees(rotations),
        min_face=min_face, quality=quality,
    )  # fmt: skip
    for name in SIDES if side == "both" else (side,):
        with report.bars(), report.bar(name) as progress:
            done = extract(workspace, name, settings, progress=progress)
        _tell(report, name, done)
    return 0


def _degrees(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--rotations: expected 0,90,180,270 or some, got {text!r}") from None


def _tell(report: Report, side: str, done: Extracted) -> None:
    report.result(
        f"{side}: {done.faces} faces in {done.frames} frames -> {done.folder}"
        + (" (done before)" if done.already else ""),
        kind="extract", side=side, folder=str(done.folder), frames=done.frames, faces=done.faces,
        without=done.without, most=done.most, already=done.already,
    )  # fmt: skip
