"""Doing one thing to many inputs: a failure is told and the others are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from cvfast.cli.failure import exit_code
from cvfast.cli.report import Report
from cvfast.errors import CvfastError, NothingFoundError
from cvfast.io.files import expand_inputs

__all__ = ["Batch"]

_T = TypeVar("_T")


class Batch:
    """The inputs of one command, what became of them, and the exit code that follows.

    Parameters
    ----------
    report
        Where results and failures are told.
    strict
        Count an input in which nothing was found.
    nothing
        What an input in which nothing was found has.
    """

    def __init__(self, report: Report, *, strict: bool = False, nothing: str = "no face") -> None:
        self._report, self._strict, self._nothing = report, strict, nothing
        self._done: list[str] = []
        self._empty: list[str] = []
        self._failed: list[Exception] = []
        self._total = 0

    @property
    def failures(self) -> Sequence[Exception]:
        """What went wrong so far."""
        return self._failed

    def expand(
        self, inputs: Iterable[str], *, recursive: bool = False, videos: bool = True
    ) -> list[Path]:
        """Return the files that the inputs mean; an input that means none is a failure."""
        good = []
        for given in inputs:
            try:
                expand_inputs([given], recursive=recursive, videos=videos)
            except CvfastError as error:
                self._total += 1
                self.fail(given, error)
            else:
                good.append(given)
        return expand_inputs(good, recursive=recursive, videos=videos) if good else []

    def run(
        self, jobs: Sequence[_T], name: Callable[[_T], object], work: Callable[[_T], bool]
    ) -> None:
        """Do `work` on each job; it returns whether it found anything.

        Raises
        ------
        KeyboardInterrupt
            With a message that says what is finished.
        """
        self.expect(len(jobs))
        with self._report.bars(), self._report.bar("inputs", len(jobs)) as progress:
            for number, job in enumerate(jobs):
                title = str(name(job))
                try:
                    found = work(job)
                except KeyboardInterrupt:
                    raise KeyboardInterrupt(self._interrupted(title)) from None
                except BrokenPipeError:  # nobody reads the results any more: do no more work
                    raise
                except Exception as error:
                    self.fail(title, error)
                else:
                    self.take(title, found=found)
                if len(jobs) > 1:
                    progress(number + 1, len(jobs))

    def expect(self, number: int) -> None:
        """Count on that many more inputs."""
        self._total += number

    def take(self, title: str, *, found: bool) -> None:
        """Count an input as done."""
        self._done.append(title)
        if not found:
            self._empty.append(title)

    def fail(self, title: str, error: Exception) -> None:
        """Count an input as failed, and say why."""
        self._failed.append(error)
        self._report.failure(title, error)

    @property
    def state(self) -> str:
        """How far it got."""
        return f"{len(self._done)} of {self._total} inputs are done"

    def finish(self) -> int:
        """Sum up and return the exit code."""
        failed = len(self._failed)
        if self._total > 1:
            parts = [f"{len(self._done)} of {self._total} inputs done"]
            parts += [f"{failed} failed"] * (failed > 0)
            parts += [f"{self._nothing} in {len(self._empty)}"] * (len(self._empty) > 0)
            (self._report.error if failed else self._report.note)(", ".join(parts))
        if failed:
            return 1 if self._total > 1 else exit_code(self._failed[0])
        return NothingFoundError.exit_code if self._strict and self._empty else 0

    def _interrupted(self, title: str) -> str:
        said = f"interrupted at {title}, which was not finished and left nothing behind"
        return f"{said}; {self.state}"
