"""Long work on the command line: jobs, resuming, a cluster, and what it will take."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.report import Report
from cvfast.errors import CvfastError, OutputError
from cvfast.io.files import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from cvfast.effects.jobs import Recipe
    from cvfast.runs.crew import Crew
    from cvfast.runs.execute import Outcome
    from cvfast.runs.folder import RunFolder
    from cvfast.runs.plan import Plan, Unit

__all__ = ["RunFlags", "is_run", "run_folder", "work"]

_LONG = Group.create_ordered(
    "Long work",
    help="Several inputs, or a clip of over a minute's work, are a run: its state is kept in "
    "OUTPUT.run (in OUT/.cvfast.run for a folder) until it is done, and a run that was killed "
    "goes on with --resume.",
)
_MINUTE = 60.0
_PER_PIXEL = 12e-9  # seconds: 25 ms for a 1080p frame, what an ordinary core takes


def _option(name: str, help_text: str) -> Parameter:
    return Parameter(name=name, group=_LONG, help=help_text)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunFlags:
    """How to do what takes long."""

    jobs: Annotated[
        int | None, _option("--jobs", "Processes to work in; the results do not depend on it.")
    ] = None
    resume: Annotated[
        bool, Parameter(group=_LONG, negative="", help="Go on with a run that was stopped.")
    ] = False
    dry_run: Annotated[
        bool,
        Parameter(group=_LONG, negative="", help="Say what would be done: time, disk, memory."),
    ] = False
    cluster: Annotated[
        str | None,
        _option("--cluster", "Address of a Dask scheduler whose workers share these folders."),
    ] = None
    run_dir: Annotated[
        str | None, _option("--run-dir", "Where to keep the run's state: a new or empty folder.")
    ] = None
    shard: Annotated[float, _option("--shard", "Clips: seconds of a shard.")] = 30.0

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises
        ------
        ValueError
            A number is too small, or two options exclude each other.
        """
        if self.jobs is not None and self.jobs < 1:
            raise ValueError(f"--jobs: expected at least 1, got {self.jobs}")
        if not 1 <= self.shard < float("inf"):
            raise ValueError(f"--shard: expected at least 1 second, got {self.shard:g}")
        if self.jobs is not None and self.cluster is not None:
            raise ValueError("--jobs: expected none beside --cluster, whose workers do the jobs")

    def crew(self) -> Crew:
        """Return who does the work."""
        from cvfast.runs.crew import alone, cluster, processes

        if self.cluster is not None:
            return cluster(self.cluster)
        return alone() if self.jobs in (None, 1) else processes(self.jobs or 1)


def run_folder(output: str, flags: RunFlags) -> Path:
    """Return where the state of a run is kept.

    Raises
    ------
    OutputError
        The folder in which ``--run-dir`` would be is missing.
    """
    if flags.run_dir is not None:
        folder = Path(flags.run_dir).absolute()
        if not folder.parent.is_dir():
            raise OutputError(
                f"--run-dir {flags.run_dir}: no such folder: {folder.parent}. Create it first."
            )
        return folder
    path = Path(output).absolute()
    return path / ".cvfast.run" if path.is_dir() else path.with_name(f"{path.name}.run")


def is_run(jobs: list[Job], recipe: Recipe, flags: RunFlags, folder: Path) -> bool:
    """Tell whether this is a run: several inputs, a long clip, or asked for."""
    asked = (flags.jobs, flags.cluster, flags.run_dir) != (None, None, None)
    if asked or flags.resume or len(jobs) > 1 or folder.exists():
        return True
    return any(job.video and _is_long(job, recipe, flags) for job in jobs)


def work(
    jobs: list[Job],
    recipe: Recipe,
    flags: RunFlags,
    folder: Path,
    batch: Batch,
    report: Report,
    tell: Callable[[Job, dict[str, Any]], bool],
) -> None:
    """Do the jobs as a run; `tell` says what came of one and returns whether it found a face.

    Raises
    ------
    KeyboardInterrupt
        With a message that says how to go on.
    """
    from cvfast.runs.folder import open_run

    crew = flags.crew()
    plan = make_plan(jobs, recipe, flags, folder)
    batch.expect(len(jobs))
    with open_run(folder, plan, resume=flags.resume) as run:
        try:
            outcome = _execute(run, plan, crew, jobs, batch, report, tell)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted; {batch.state}. {_kept(folder)}") from None
        except CvfastError as error:
            raise type(error)(f"{error}\n{_kept(folder)}") from error
        if outcome.finished and (not outcome.errors or _as_planned(plan)):
            run.remove()
        else:
            report.error(_kept(folder))


def make_plan(jobs: list[Job], recipe: Recipe, flags: RunFlags, folder: Path) -> Plan:
    """Plan the run, with the encoder threads of the one in the folder, if there is one."""
    from cvfast.effects.run import plan_run
    from cvfast.io.mux import encoder_threads
    from cvfast.runs.folder import stored_settings

    stored = stored_settings(folder) if flags.resume else None
    threads = (stored or {}).get("threads") or encoder_threads()
    if flags.cluster is not None:  # workers may run anywhere
        jobs = [Job(job.source.absolute(), job.target.absolute(), job.video) for job in jobs]
    seconds = Fraction(flags.shard).limit_denominator(1000)
    return plan_run(jobs, replace(recipe, threads=int(threads)), shard_seconds=seconds)


def _execute(
    run: RunFolder,
    plan: Plan,
    crew: Crew,
    jobs: list[Job],
    batch: Batch,
    report: Report,
    tell: Callable[[Job, dict[str, Any]], bool],
) -> Outcome:
    from cvfast.runs.execute import execute

    last = {unit.group: unit.name for unit in plan.units}  # a group's last unit is its result

    def done(unit: Unit, result: dict[str, Any]) -> None:
        if unit.name == last[unit.group]:
            job = jobs[int(unit.group)]
            batch.take(str(job.source), found=tell(job, result))

    def failed(unit: Unit, error: Exception) -> None:
        batch.fail(str(jobs[int(unit.group)].source), error)

    with report.bars(), report.bar("frames") as progress:
        return execute(run, plan, crew, done=done, failed=failed, progress=progress)


def _as_planned(plan: Plan) -> bool:
    """Whether the inputs are still there and the same: else it was not they that failed."""
    from cvfast.runs.plan import Fingerprint

    try:
        return all(Fingerprint.of(known.path) == known for known in plan.inputs)
    except CvfastError:
        return False


def _kept(folder: Path) -> str:
    return f"What is done is kept in {folder}: to go on, give the same command with --resume"


def _is_long(job: Job, recipe: Recipe, flags: RunFlags) -> bool:
    from cvfast.effects.run import frames_of, shards_of
    from cvfast.io.video import probe

    with contextlib.suppress(CvfastError, ValueError):  # said when its turn comes
        info = probe(job.source)
        pixels = info.width * info.height * frames_of(info, recipe)
        shards = shards_of(info, recipe, Fraction(flags.shard).limit_denominator(1000))
        return len(shards) > 1 and pixels * _PER_PIXEL > _MINUTE
    return False
