"""The result: shards joined to a clip with the target's times and sound, its masks, and its papers.

``result.mp4`` carries a mark that it is a composite with learned pixels; ``result.json`` beside it
says what it was made from, by what, how, and with whose consent; ``result.toml`` makes it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvfast.io.atomic import check_target, leftovers, write_bytes
from cvfast.io.provenance import Mark
from cvfast.io.shards import Cut, join_shards
from cvfast.io.video import VideoSummary
from cvfast.runs.crew import alone
from cvfast.runs.execute import execute
from cvfast.runs.folder import discard_run, open_run
from cvfast.runs.plan import Fingerprint, Plan, Unit, file_hash
from cvfast.runs.work import Task
from cvfast.swap.merge_facts import SOURCE_TYPE
from cvfast.swap.merge_settings import settings_text
from cvfast.swap.merged_shards import MergedShards
from cvfast.swap.workspace import Workspace
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

if TYPE_CHECKING:
    from cvfast.io.signing import Signer

__all__ = ["Encoded", "encode", "write_papers"]

_UNITS = "cvfast.swap.encode:"


@dataclass(frozen=True)
class Encoded:
    """What `encode` wrote: the clip, that of its masks, and how many frames they have."""

    result: Path
    mask: Path
    sidecar: Path
    frames: int
    notes: tuple[str, ...] = ()
    already: bool = False


@dataclass(frozen=True)
class _Job:
    """A clip to join."""

    cut: Cut
    shards: tuple[Path, ...]
    last: Fraction | None
    mark: Mark
    overwrite: bool
    signer: Signer | None = None


def encode(
    workspace: Workspace,
    output: PathLike | None = None,
    *,
    mask: PathLike | None = None,
    signer: Signer | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Encoded:
    """Join what `cvfast.swap.merge.merge` made to the result, with the target's other streams.

    Parameters
    ----------
    workspace
        Where.
    output
        The clip to write; the workspace's ``result.mp4`` by default.
    mask
        The clip of its masks; beside the output by default.
    signer
        Signs both clips, see `cvfast.io.signing`.
    overwrite
        Replace what is there.
    progress
        Called with (frames joined, all).

    Raises
    ------
    MediaError
        There is no finished merge.
    OutputExistsError
        The result of another merge is there.

    Examples
    --------
    >>> encode(Workspace.open("work")).result  # doctest: +SKIP
    PosixPath('work/result.mp4')
    """
    done = MergedShards.open(workspace)
    result = Path(output) if output is not None else workspace.result
    masks = Path(mask) if mask is not None else result.with_name(f"{result.stem}_mask.mp4")
    mark = Mark(SOURCE_TYPE, actions=done.settings.actions())
    common: dict[str, Any] = {"mark": mark, "overwrite": overwrite, "signer": signer}
    jobs = {
        "result": _Job(done.cut(result), done.shards(""), done.last, **common),
        "mask": _Job(done.mask_cut(masks), done.shards("-mask"), done.last, **common),
    }
    units = [Unit(name, _UNITS + "join", {"job": job}, "encode") for name, job in jobs.items()]
    papers = {"workspace": workspace.path, "result": result, "overwrite": overwrite}
    units.append(Unit("papers", _UNITS + "papers", papers, "encode", ("result", "mask")))
    settings = {
        "shards": [record.blake2 for record in done.records],
        "outputs": [str(result.absolute()), str(masks.absolute())],
        "signed": signer is not None,
    }
    plan = Plan(settings, (Fingerprint.of(workspace.clip("target")),), tuple(units))
    place = workspace.steps / "encode"
    _make_room(place, plan, (result, masks), overwrite=overwrite)
    with open_run(place, plan, resume=True) as run:
        outcome = execute(run, plan, alone(), progress=progress)
        for error in outcome.errors:
            raise error
        record = run.recorded("result")
    told = {} if record is None else record.result
    return Encoded(
        result,
        masks,
        result.with_suffix(".json"),
        frames=told.get("frames", 0),
        notes=tuple(told.get("notes", ())),
        already=not outcome.done,
    )


def join(task: Task) -> None:
    """Do the unit that joins the shards of a clip."""
    job: _Job = task.unit.arguments["job"]
    target = Path(job.cut.target)
    for path in leftovers(target.parent, of=target):  # of a killed process: the run is locked
        path.unlink(missing_ok=True)

    def settle(temporary: Path, video: VideoSummary) -> VideoSummary:
        if job.signer is not None:
            from cvfast.io.signing import sign_file

            title = target.name
            sign_file(temporary, job.signer, mark=job.mark, source=job.cut.source, title=title)
        told = {"frames": video.frames, "notes": list(video.notes)}
        task.done(temporary, told, becomes=target)
        return video

    join_shards(
        job.cut,
        job.shards,
        last=job.last,
        overwrite=job.overwrite,
        mark=job.mark,
        progress=task.progress,
        settle=settle,
    )


def papers(task: Task) -> None:
    """Do the unit that writes what the result was made from, and how to make it again."""
    arguments = task.unit.arguments
    workspace = Workspace.open(arguments["workspace"])
    result: Path = arguments["result"]
    sidecar = result.with_suffix(".json")
    write_papers(
        workspace,
        MergedShards.open(workspace),
        result,
        overwrite=arguments["overwrite"],
        settle=lambda temporary: task.done(temporary, {}, becomes=sidecar),
    )


def write_papers(
    workspace: Workspace,
    done: MergedShards,
    result: Path,
    *,
    overwrite: bool,
    settle: Callable[[Path], None] | None = None,
) -> None:
    """Write the TOML and the JSON beside a result.

    Parameters
    ----------
    workspace, done
        Where it was made, and what of.
    result
        The clip.
    overwrite
        Replace those that are there.
    settle
        Called with the finished JSON under its temporary name.
    """
    facts = done.facts(workspace)
    text = settings_text(done.settings, facts)
    write_bytes(result.with_suffix(".toml"), text.encode(), overwrite=overwrite)
    sidecar = {
        "tool": "cvfast",
        "kind": "face swap",
        "digital_source_type": SOURCE_TYPE,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "result": {"name": result.name, "blake2": file_hash(result)},
        "visible_label": done.settings.label,
        "consent": workspace.manifest["consent"],
        "settings": asdict(done.settings),
        **facts,
    }
    told = json.dumps(sidecar, indent=1).encode()
    write_bytes(result.with_suffix(".json"), told, overwrite=overwrite, settle=settle)


def _make_room(place: Path, plan: Plan, targets: tuple[Path, ...], *, overwrite: bool) -> None:
    """See that no other result is in the way; drop what is known of an earlier one."""
    file = place / "plan.json"
    other = not file.is_file() or plan.differences(json.loads(file.read_bytes()))
    if other:
        for target in targets:
            check_target(target, overwrite=overwrite)
        discard_run(place)
