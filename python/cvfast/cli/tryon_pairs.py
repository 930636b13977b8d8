"""``cvfast tryon --pairs``: a whole pair list, as a run that can be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.report import Report
from cvfast.errors import CvfastError, OutputError

if TYPE_CHECKING:
    from cvfast.runs.crew import Crew
    from cvfast.runs.execute import Outcome
    from cvfast.runs.folder import RunFolder
    from cvfast.runs.plan import Plan, Unit
    from cvfast.tryon.batch import PairJob, PairRecipe

__all__ = ["PairFlags", "work_pairs"]

_GROUP = Group.create_ordered(
    "Pair lists",
    help="With --pairs, OUT is a folder: it gets PERSON-GARMENT for each pair and tryon.csv. The "
    "run's state is kept in OUT/.cvfast.run until it is done; --resume goes on with one that was "
    "stopped or killed, and gives the same bytes.",
)
_TABLE = "tryon.csv"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class PairFlags:
    """Which pairs, and how to do many."""

    pairs: Annotated[
        str | None,
        Parameter(
            group=_GROUP,
            help="A text file: 'person.jpg garment.jpg' a line, and perhaps paired or unpaired.",
        ),
    ] = None
    people: Annotated[str, Parameter(group=_GROUP, help="Folder of the people's photos.")] = "."
    garments: Annotated[str, Parameter(group=_GROUP, help="Folder of the garments' photos.")] = "."
    jobs: Annotated[
        int, Parameter(group=_GROUP, help="Processes to work in; the results are the same.")
    ] = 1
    resume: Annotated[
        bool, Parameter(group=_GROUP, negative="", help="Go on with a run that was stopped.")
    ] = False


def work_pairs(flags: PairFlags, output: str, recipe: PairRecipe, report: Report) -> int:
    """Do a pair list; return the exit code.

    Raises
    ------
    MediaError
        The list or files that it names are missing or not as expected.
    KeyboardInterrupt
        With a message that says how to go on.
    """
    from cvfast.io.atomic import make_folder
    from cvfast.runs.folder import open_run
    from cvfast.tryon.batch import plan_pairs
    from cvfast.tryon.pairs import read_pairs

    if flags.jobs < 1:
        raise ValueError(f"--jobs: expected at least 1, got {flags.jobs}")
    pairs = read_pairs(flags.pairs or "")
    folder = Path(output)
    if folder.is_file():
        raise OutputError(f"{output}: expected a folder for the results of --pairs, got a file")
    plan, jobs = plan_pairs(pairs, flags.people, flags.garments, folder, recipe)
    make_folder(folder)
    state = folder.absolute() / ".cvfast.run"
    if not (recipe.overwrite or (flags.resume and state.exists())):
        _refuse(jobs, folder / _TABLE)
    work = _Work(jobs, Batch(report), report)
    with open_run(state, plan, resume=flags.resume) as run:
        try:
            outcome = work.run(run, plan, _crew(flags.jobs))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted; {work.batch.state}. {_kept(state)}") from None
        except CvfastError as error:
            raise type(error)(f"{error}\n{_kept(state)}") from error
        work.write(folder / _TABLE)
        if outcome.finished or all(isinstance(error, CvfastError) for error in outcome.errors):
            run.remove()
        else:
            report.error(_kept(state))
    return work.batch.finish()


class _Work:
    """The jobs of a run, and what became of them."""

    def __init__(self, jobs: Sequence[PairJob], batch: Batch, report: Report) -> None:
        self.jobs, self.batch, self._report = jobs, batch, report
        self._results: dict[int, dict[str, Any]] = {}
        self._errors: dict[int, str] = {}

    def run(self, run: RunFolder, plan: Plan, crew: Crew) -> Outcome:
        from cvfast.runs.execute import execute

        self.batch.expect(len(self.jobs))
        with self._report.bars(), self._report.bar("pairs") as progress:
            return execute(run, plan, crew, done=self._done, failed=self._failed, progress=progress)

    def _done(self, unit: Unit, result: dict[str, Any]) -> None:
        number = int(unit.group)
        job = self.jobs[number]
        self._results[number] = result
        self.batch.take(_title(job), found=True)
        self._report.result(
            f"{_title(job)} -> {job.target}: confidence {result['confidence']:.2f}",
            person=str(job.person),
            garment=str(job.garment),
            output=str(job.target),
            paired=job.paired,
            **result,
        )

    def _failed(self, unit: Unit, error: Exception) -> None:
        number = int(unit.group)
        self._errors[number] = str(error)
        self.batch.fail(_title(self.jobs[number]), error)

    def write(self, path: Path) -> None:
        """Write the table, and sum up paired and unpaired results apart."""
        from cvfast.tryon.batch import table_rows, write_table

        write_table(path, table_rows(self.jobs, self._results, self._errors))
        for kind, paired in (("paired", True), ("unpaired", False)):
            some = [one for at, one in self._results.items() if self.jobs[at].paired == paired]
            if some:
                self._report.note(f"{kind}: {len(some)}, " + _means(some))
        self._report.note(f"table: {path}")


def _means(results: Sequence[dict[str, Any]]) -> str:
    parts = []
    for name, text in (
        ("confidence", "confidence {:.2f}"),
        ("inside_error", "error inside {:.2f} grey levels"),
        ("inside_ssim", "SSIM inside {:.3f}"),
    ):
        values = [result[name] for result in results if name in result]
        if values:
            parts.append(text.format(sum(values) / len(values)))
    return ", ".join(parts)


def _refuse(jobs: Sequence[PairJob], table: Path) -> None:
    """Refuse before any work what could not be written after it."""
    from cvfast.io.atomic import check_target

    for path in (table, *(job.target for job in jobs)):
        check_target(path)


def _crew(jobs: int) -> Crew:
    from cvfast.runs.crew import alone, processes

    return alone() if jobs == 1 else processes(jobs)


def _title(job: PairJob) -> str:
    return f"{job.person} + {job.garment}"


def _kept(folder: Path) -> str:
    return f"What is done is kept in {folder}: to go on, give the same command with --resume"
