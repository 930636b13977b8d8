"""``cvfast swap extract``: faces of the source and the target as face pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.report import Report
from cvfast.cli.swap_telling import DryRun, say_forecast

if TYPE_CHECKING:
    from cvfast.swap.extract import Extracted
    from cvfast.swap.extract_settings import ExtractSettings
    from cvfast.swap.workspace import Workspace

__all__ = ["EXAMPLES", "USAGE", "ExtractFlags", "swap_extract"]

EXAMPLES = (
    "cvfast swap extract work",
    "cvfast swap extract work --side source --face-type head --rotations 0,90,270",
    "cvfast swap extract work --side target --like anna.jpg --debug-pictures",
    "cvfast swap extract work --side target --redo-deleted",
    "cvfast swap extract work --dry-run",
)
USAGE = "DIR [OPTIONS]"
_CROWD = 0.05  # share of frames with several faces from which on a clip shows several people


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ExtractFlags:
    """How faces are extracted, as options."""

    face_type: Annotated[str, Parameter(help="half, midfull, full, whole or head.")] = "whole"
    size: Annotated[int, Parameter(help="Sides in pixels; 0 for 512 (head: 768).")] = 0
    max_faces: Annotated[int, Parameter(help="At most so many a frame; 0 for all.")] = 0
    rotations: Annotated[
        str, Parameter(help="Frames without a face are tried turned: 0,90,180,270.")
    ] = "0"
    min_face: Annotated[int, Parameter(help="Smallest face, in pixels of the frame.")] = 40
    every: Annotated[int, Parameter(help="Faces of each so-manieth frame alone.")] = 1
    start: Annotated[float | None, Parameter(help="Second to begin at.")] = None
    end: Annotated[float | None, Parameter(help="Second to end before.")] = None
    like: Annotated[
        Path | None, Parameter(help="A picture: faces of this person alone are taken.")
    ] = None
    quality: Annotated[int, Parameter(help="Of the JPEGs, 1 to 100.")] = 90
    png: Annotated[bool, Parameter(negative="", help="Write PNG instead of JPEG.")] = False
    debug_pictures: Annotated[
        bool, Parameter(negative="", help="Draw what was found into pictures: aligned_debug.")
    ] = False
    frames: Annotated[bool, Parameter(negative="", help="Write the frames too, as PNG.")] = False

    def settings(self) -> ExtractSettings:
        """Return what they mean.

        Raises
        ------
        ValueError
            A value out of its range.
        """
        from cvfast.swap.extract_settings import ExtractSettings

        given = asdict(self)
        given["debug"] = given.pop("debug_pictures")
        given["like"] = None if self.like is None else str(self.like.absolute())
        given["rotations"] = _degrees(self.rotations)
        return ExtractSettings(**given)


def swap_extract(
    folder: Annotated[Path, Parameter(name="DIR", help="The workspace.")],
    /,
    *,
    side: Annotated[
        Literal["source", "target", "both"], Parameter(help="Whose faces: source, target, both.")
    ] = "both",
    redo_deleted: Annotated[
        bool,
        Parameter(negative="", help="Do frames again whose picture in aligned_debug you deleted."),
    ] = False,
    dry_run: DryRun = False,
    flags: ExtractFlags | None = None,
    common: Common | None = None,
) -> int:
    """Extract the faces of both clips as pictures; what was interrupted is gone on with.

    Once done it does nothing more: pictures that you delete stay deleted.
    """
    from cvfast.swap.extract import extract
    from cvfast.swap.workspace import SIDES, Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    settings = (flags or ExtractFlags()).settings()
    sides = SIDES if side == "both" else (side,)
    if dry_run:
        return _foretell(report, workspace, sides, settings)
    for name in sides:
        if redo_deleted:
            _redo(report, workspace, name)
            continue
        with report.bars(), report.bar(name) as progress:
            done = extract(workspace, name, settings, progress=progress)
        _tell(report, name, done)
    return 0


def _degrees(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--rotations: expected some of 0,90,180,270, got {text!r}") from None


def _tell(report: Report, side: str, done: Extracted) -> None:
    """Say what came of a side, and what is worth knowing of it."""
    from cvfast.swap.expectations import expectation

    report.result(
        f"{side}: {done.faces} faces in {done.frames} frames -> {done.folder}"
        + (" (done before)" if done.already else ""),
        kind="extract", side=side, folder=str(done.folder), frames=done.frames, faces=done.faces,
        without=done.without, first_without=list(done.first_without), crowded=done.crowded,
        tracks={str(number): count for number, count in done.tracks.items()},
        already=done.already, expect=expectation(done.faces, side=side),
    )  # fmt: skip
    if done.without:
        more = ", ..." if done.without > len(done.first_without) else ""
        listed = ", ".join(map(str, done.first_without))
        report.note(f"{side}: no face in {done.without} frames: {listed}{more}")
    if done.crowded > _CROWD * done.frames:
        report.note(_people(side, done))
    if said := expectation(done.faces, side=side):
        report.note(said)


def _people(side: str, done: Extracted) -> str:
    ranked = sorted(done.tracks.items(), key=lambda item: -item[1])
    said = ", ".join(f"{number} in {count} frames" for number, count in ranked[:6])
    more = ", ..." if len(ranked) > 6 else ""
    return (
        f"{side}: {len(ranked)} people found: {said}{more} (the number ends each file's name); to "
        "take one alone, extract into a new workspace with --like PICTURE, or delete the others"
    )


def _redo(report: Report, workspace: Workspace, side: str) -> None:
    from cvfast.swap.redo import redo_deleted

    with report.bars(), report.bar(side) as progress:
        done = redo_deleted(workspace, side, progress=progress)
    report.result(
        f"{side}: {done.frames} frames done again: {done.faces} faces instead of {done.removed}",
        kind="redo", side=side, frames=done.frames, removed=done.removed, faces=done.faces,
    )  # fmt: skip


def _foretell(
    report: Report, workspace: Workspace, sides: tuple[str, ...], settings: ExtractSettings
) -> int:
    from cvfast.swap.forecast import forecast

    told = forecast(workspace, [f"extract {side}" for side in sides], {"extract": settings})
    return say_forecast(report, told)
