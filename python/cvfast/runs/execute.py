"""Working through a plan: what is ready is handed out, what is lost is handed out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

from cvfast.errors import CvfastError
from cvfast.runs.crew import Crew, is_lost
from cvfast.runs.folder import RunFolder
from cvfast.runs.plan import Plan, Unit
from cvfast.runs.work import do_unit
from cvfast.typing import Progress

__all__ = ["Outcome", "execute"]

_TRIES = 3  # times that a unit may lose its worker


@dataclass(frozen=True)
class Outcome:
    """What came of a plan.

    Attributes
    ----------
    done
        Number of units done now.
    before
        Number of units that were done already.
    errors
        What went wrong, one error for each group that failed.
    """

    done: int
    before: int
    errors: tuple[Exception, ...] = field(default=())

    @property
    def finished(self) -> bool:
        """Whether doing it again could change nothing: what failed, failed for its input."""
        return all(isinstance(error, ValueError | TypeError) for error in self.errors)


def execute(
    folder: RunFolder,
    plan: Plan,
    crew: Crew,
    *,
    done: Callable[[Unit, dict[str, Any]], None] | None = None,
    failed: Callable[[Unit, Exception], None] | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Do what is not done yet of a plan.

    Parameters
    ----------
    folder
        The run's, held open by `cvfast.runs.folder.open_run`.
    plan
        What is to be done.
    crew
        Who does it.
    done
        Called with each unit and what it reported, those done before included.
    failed
        Called once for each group with the first unit that failed, and why.
    progress
        Called with (weight done, weight of all).
    """
    work = _Execution(folder, plan, crew)
    work.tell_done, work.tell_failed = done or _ignore, failed or _ignore
    work.tell_progress = progress or _ignore
    return work.run()


class _Execution:
    def __init__(self, folder: RunFolder, plan: Plan, crew: Crew) -> None:
        self._folder, self._plan, self._crew = folder, plan, crew
        self.tell_done: Callable[[Unit, dict[str, Any]], None] = _ignore
        self.tell_failed: Callable[[Unit, Exception], None] = _ignore
        self.tell_progress: Progress = _ignore
        self._total = sum(unit.weight for unit in plan.units)
        self._weight = 0
        self._settled: set[str] = set()
        self._tries: Counter[str] = Counter()
        self._failed: dict[str, Exception] = {}

    def run(self) -> Outcome:
        self._find_done()
        before = len(self._settled)
        self._waiting = [unit for unit in self._plan.units if unit.name not in self._settled]
        while self._waiting:
            with self._crew.start() as executor:
                if self._work(executor):
                    break
        done = len(self._settled) - before
        return Outcome(done, before, tuple(self._failed.values()))

    def _find_done(self) -> None:
        """Take over what an earlier process did; what a unit was made from need not be there."""
        for unit in reversed(self._plan.units):
            if unit.name in self._settled or self._folder.done(unit.name) is not None:
                self._settled |= {unit.name, *unit.after}
        for unit in self._plan.units:
            record = self._folder.recorded(unit.name) if unit.name in self._settled else None
            if record is not None:
                self._finish(unit, record.result)

    def _work(self, executor: Executor) -> bool:
        """Hand out and take in until all is done; return False if the workers are lost."""
        flying: dict[Future[dict[str, Any]], Unit] = {}
        whole = True
        while whole:
            for unit in self._ready(len(flying)):
                try:
                    flying[self._hand_out(executor, unit)] = unit
                except BrokenExecutor:
                    whole = False
                    break
                self._waiting.remove(unit)
            if not flying:
                break
            finished, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in finished:
                whole &= self._take_in(future, flying.pop(future))
        for unit in flying.values():
            self._again(unit, BrokenExecutor("the worker processes died"))
        return whole

    def _ready(self, flying: int) -> list[Unit]:
        ready = [unit for unit in self._waiting if self._settled.issuperset(unit.after)]
        at_once = self._crew.at_once
        if at_once is not None and (suspects := [u for u in ready if self._tries[u.name]]):
            # One of them took the workers along: alone, each answers for itself only.
            return [] if flying else suspects[:1]
        return ready if at_once is None else ready[: max(0, at_once - flying)]

    def _hand_out(self, executor: Executor, unit: Unit) -> Future[dict[str, Any]]:
        place = str(self._folder.path), self._plan.identity
        if not self._crew.here:
            return executor.submit(do_unit, *place, unit)
        before = self._weight

        def seen(done: int, total: int | None) -> None:
            share = min(1.0, done / total) if total else 0.0
            self.tell_progress(before + int(share * unit.weight), self._total)

        return executor.submit(do_unit, *place, unit, seen)

    def _take_in(self, future: Future[dict[str, Any]], unit: Unit) -> bool:
        """Take a result or an error; return whether the executor can still be used."""
        try:
            record = future.result()
        except Exception as error:
            if is_lost(error):
                self._again(unit, error)
                return not isinstance(error, BrokenExecutor)
            self._fail(unit, error)
        else:
            self._settled.add(unit.name)
            self._finish(unit, record["result"])
        return True

    def _again(self, unit: Unit, error: BaseException) -> None:
        self._tries[unit.name] += 1
        if self._tries[unit.name] < _TRIES:
            self._waiting.insert(0, unit)
            return
        lost = CvfastError(
            f"{unit.name}: its worker died {_TRIES} times ({type(error).__name__}), "
            "perhaps for want of memory: try fewer at a time (--jobs)"
        )
        self._fail(unit, lost)

    def _fail(self, unit: Unit, error: Exception) -> None:
        group = unit.group or unit.name
        self._waiting = [
            other
            for other in self._waiting
            if (other.group or other.name) != group and unit.name not in other.after
        ]
        if group not in self._failed:
            self._failed[group] = error
            self.tell_failed(unit, error)

    def _finish(self, unit: Unit, result: dict[str, Any]) -> None:
        self._weight += unit.weight
        self.tell_done(unit, result)
        self.tell_progress(self._weight, self._total)


def _ignore(*_words: object) -> None:
    """Take what nobody wants to know."""
