"""``cvfast swap merge``: the swapped faces into the target's clip, or into pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite
from cvfast.cli.swap_merging import MergeFlags, read_toml
from cvfast.cli.swap_telling import DryRun, say_forecast

if TYPE_CHECKING:
    from cvfast.cli.report import Report
    from cvfast.swap.merge_settings import MergeSettings
    from cvfast.swap.merge_units import MergeJob
    from cvfast.swap.workspace import Workspace

__all__ = ["EXAMPLES", "USAGE", "swap_merge"]

EXAMPLES = (
    "cvfast swap merge work",
    "cvfast swap merge work --frame 30 --grid --vary mode --vary blur=0,40,80",
    "cvfast swap merge work --like anna.jpg --mode seamless --blur 40 --erode 20",
    "cvfast swap merge work --settings result.toml",
    "cvfast swap merge work --model other.dfm --face-type whole --frames",
)
USAGE = "WORKSPACE [OPTIONS]"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class What:
    """What is merged, by which model."""

    model: Annotated[
        Path | None, Parameter(help="Another model than the workspace's: file, folder or .dfm.")
    ] = None
    face_type: Annotated[str | None, Parameter(help="Of a .dfm, which does not say.")] = None
    xseg: Annotated[Path | None, Parameter(help="Another mask network than the usual.")] = None
    like: Annotated[
        Path | None, Parameter(help="A picture: faces of this person alone are swapped.")
    ] = None
    person: Annotated[
        str | None, Parameter(help="Numbers of people, from the face files' names: 0,3.")
    ] = None
    start: Annotated[float | None, Parameter(help="Second to begin at.")] = None
    end: Annotated[float | None, Parameter(help="Second to end before.")] = None
    codec: Annotated[str | None, Parameter(help="Video codec; else the usual one.")] = None
    crf: Annotated[float | None, Parameter(help="Quality, smaller is better; else 16.")] = None
    encoder_preset: Annotated[str | None, Parameter(help="Effort; else superfast.")] = None

    def options(self) -> dict[str, Any]:
        """Return what was said, as options of `cvfast.swap.merge.merge_job`."""
        from cvfast.cli.swap_run import _numbers

        tracks = None if self.person is None else _numbers("--person", self.person)
        said = {
            "model": self.model, "face_type": self.face_type, "xseg": self.xseg,
            "like": self.like, "tracks": tracks, "start": self.start, "end": self.end,
            "codec": self.codec, "crf": self.crf, "preset": self.encoder_preset,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Still:
    """One frame to look at."""

    frame: Annotated[int | None, Parameter(help="Draw this frame alone, to look at.")] = None
    grid: Annotated[
        bool, Parameter(negative="", help="Draw the frame under many settings side by side.")
    ] = False
    vary: Annotated[
        list[str] | None,
        Parameter(
            negative="", help="What the grid goes through, once or twice: mode, or blur=0,40,80."
        ),
    ] = None
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="The picture; else in the workspace.")
    ] = None


def swap_merge(
    folder: Annotated[Path, Parameter(name="DIR", help="The workspace.")],
    /,
    *,
    settings: Annotated[
        Path | None, Parameter(help="TOML of settings, as beside a result; other flags go first.")
    ] = None,
    frames: Annotated[
        bool, Parameter(negative="", help="Write PNGs to data_dst/merged, not a clip.")
    ] = False,
    still: Still | None = None,
    what: What | None = None,
    flags: MergeFlags | None = None,
    jobs: Annotated[int, Parameter(help="Processes to work in.")] = 1,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    common: Common | None = None,
) -> int:
    """Swap the faces of the target's clip; what was interrupted is gone on with.

    The frames go into encoded pieces in the workspace, which cvfast swap encode joins.
    """
    from cvfast.swap.forecast import forecast
    from cvfast.swap.merge import merge_job
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    workspace, still, what = Workspace.open(folder), still or Still(), what or What()
    if dry_run:
        return say_forecast(report, forecast(workspace, ["merge"]))
    base, options = read_toml(settings)
    options |= what.options()
    if what.like is not None and what.person is None:
        options.pop("tracks", None)
    chosen = (flags or MergeFlags()).settings(base)
    if still.frame is None and (still.grid or still.vary or still.output):
        raise ValueError("--grid, --vary, --output: expected --frame NUMBER with them")
    if still.frame is not None:
        return _draw(workspace, merge_job(workspace, chosen, **options), still, overwrite, report)
    if frames:
        job = merge_job(workspace, chosen, **options)
        return _write_frames(workspace, job, overwrite, report)
    return _merge(workspace, chosen, options | {"jobs": jobs}, overwrite, report)


def _merge(
    workspace: Workspace,
    settings: MergeSettings,
    options: dict[str, Any],
    overwrite: bool,
    report: Report,
) -> int:
    from cvfast.swap.merge import merge

    with report.bars(), report.bar("frames") as progress:
        done = merge(workspace, settings, overwrite=overwrite, progress=progress, **options)
    for note in done.notes:
        report.note(f"{workspace.path}: {note}")
    report.result(
        f"{workspace.path}: {done.frames} frames, a face swapped in {done.swapped}"
        + (" (done before)" if done.already else "")
        + f"; next: cvfast swap encode {workspace.path}",
        kind="merge", workspace=str(workspace.path), frames=done.frames, swapped=done.swapped,
        faces=done.faces, tracks=list(done.tracks), already=done.already,
    )  # fmt: skip
    return 0


def _write_frames(workspace: Workspace, job: MergeJob, overwrite: bool, report: Report) -> int:
    from cvfast.swap.merge_frames import merge_frames

    with report.bars(), report.bar("frames") as progress:
        done = merge_frames(workspace, job, overwrite=overwrite, progress=progress)
    report.result(
        f"{done.folder}: {done.frames} frames, a face swapped in {done.swapped}; masks in "
        f"{done.masks}; next: cvfast swap encode {workspace.path} --frames",
        kind="merge-frames", folder=str(done.folder), masks=str(done.masks), frames=done.frames,
        swapped=done.swapped, faces=done.faces, tracks=list(done.tracks), already=done.already,
    )  # fmt: skip
    return 0


def _draw(
    workspace: Workspace, job: MergeJob, still: Still, overwrite: bool, report: Report
) -> int:
    from cvfast.io.images import write_image
    from cvfast.io.provenance import Mark
    from cvfast.swap.merge_facts import SOURCE_TYPE
    from cvfast.swap.merge_grid import draw_grid, draw_still, vary

    number = still.frame or 0
    name = f"merge-{'grid' if still.grid else 'frame'}-{number:05d}.png"
    path = still.output or workspace.path / name
    if still.grid:
        axes = vary(still.vary or ["mode", "color-transfer=none,rct,lct,mkl"])
        with report.bars(), report.bar("tiles") as progress:
            picture = draw_grid(job, number, axes, progress=progress)
        job = replace(job, settings=replace(job.settings, label=False))
    else:
        picture = draw_still(job, number)
    mark = Mark(SOURCE_TYPE, actions=job.settings.actions())
    write_image(path, picture, mark=mark, overwrite=overwrite or still.output is None)
    report.result(f"{path}: frame {number}", kind="still", output=str(path), frame=number)
    return 0
