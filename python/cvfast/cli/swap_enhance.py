"""``cvfast swap enhance``: face pictures made larger, sharper or cleaner, in a new folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.report import Report
from cvfast.cli.swap_telling import DryRun, say_forecast

if TYPE_CHECKING:
    from cvfast.swap.upscaler import Upscaler
    from cvfast.swap.workspace import Workspace

__all__ = ["EXAMPLES", "USAGE", "EnhanceFlags", "swap_enhance"]

EXAMPLES = (
    "cvfast swap enhance work --side source --scale 2",
    "cvfast swap enhance work --side source --scale 4 --deblur --denoise --size 512",
    "cvfast swap enhance work --side target --scale 1 --size 256 --to small",
    "cvfast swap enhance work --side source --train 2000",
)
USAGE = "WORKSPACE --side source|target [OPTIONS]"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class EnhanceFlags:
    """What is done to each face, as options."""

    scale: Annotated[int, Parameter(help="1, 2 or 4 times the size.")] = 2
    deblur: Annotated[bool, Parameter(negative="", help="Take away blur too.")] = False
    denoise: Annotated[
        bool, Parameter(negative="", help="Take away noise and JPEG's blocks too.")
    ] = False
    size: Annotated[
        int | None, Parameter(help="Sides in pixels to which the result is brought at last.")
    ] = None
    quality: Annotated[int, Parameter(help="Of JPEGs, 1 to 100.")] = 95


def swap_enhance(
    folder: Annotated[Path, Parameter(name="WORKSPACE", help="The workspace.")],
    /,
    *,
    side: Annotated[Literal["source", "target"], Parameter(help="Whose faces.")],
    to: Annotated[
        Path | None,
        Parameter(name=["--to", "-o"], help="Folder; else aligned_enhanced beside the faces."),
    ] = None,
    model: Annotated[Path | None, Parameter(help="A network of --train.")] = None,
    train: Annotated[
        int, Parameter(help="First go on training the network on this set's sharp faces: steps.")
    ] = 0,
    dry_run: DryRun = False,
    flags: EnhanceFlags | None = None,
    common: Common | None = None,
) -> int:
    """Enhance face pictures by a small network; the pictures themselves stay as they are.

    A run that was interrupted goes on where it was when it is given again.
    """
    from cvfast.swap.enhance import EnhanceSettings, enhance
    from cvfast.swap.forecast import forecast
    from cvfast.swap.upscaler import Upscaler
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    if train < 0:
        raise ValueError(f"--train: expected at least 0, got {train}")
    settings = EnhanceSettings(**asdict(flags or EnhanceFlags()))
    workspace = Workspace.open(folder)
    if dry_run:
        size = settings.size or 0
        given = {"scale": settings.scale, "size": size, "learned": settings.learned}
        return say_forecast(report, forecast(workspace, [f"enhance {side}"], given))
    target = to or workspace.frames(side) / "aligned_enhanced"
    upscaler = Upscaler.load(model) if settings.learned else None
    if train and upscaler is not None:
        upscaler = _trained(report, workspace, side, train, upscaler)
    with report.bars(), report.bar(side) as progress:
        done = enhance(
            workspace.faces(side), target, settings, upscaler=upscaler, progress=progress
        )
    for name, reason in done.failed:
        report.error(f"{name}: {reason}")
    report.result(
        f"{done.folder}: {done.written} faces enhanced, {done.kept} there before",
        kind="enhance", side=side, folder=str(done.folder), written=done.written, kept=done.kept,
        failed=len(done.failed),
    )  # fmt: skip
    return 1 if done.failed else 0


def _trained(
    report: Report, workspace: Workspace, side: str, iterations: int, begin: Upscaler
) -> Upscaler:
    """Go on training a network on a side's faces; what was interrupted goes on."""
    from cvfast.swap.upscaler import Upscaler
    from cvfast.swap.upscaling_training import train_upscaler

    folder = workspace.path / "enhance" / side
    with report.bars(), report.bar("train", iterations) as progress:
        path = train_upscaler(
            workspace.faces(side), folder, iterations=iterations, begin=begin, progress=progress
        )
    report.note(f"{path}: the network; --model {path} takes it again")
    return Upscaler.load(path)
