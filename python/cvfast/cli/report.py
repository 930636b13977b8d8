"""Where a verb's words go: results to stdout, everything else to stderr, progress on a terminal."""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cvfast.cli.failure import exit_code, message
from cvfast.typing import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

__all__ = ["SCHEMA", "Report"]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tabs and new lines
SCHEMA = 1  # grows when a field of a record changes its meaning or goes away


class Report:
    """Results, notes and progress of one run of a verb.

    Parameters
    ----------
    verb
        Written into every record.
    json
        Print records instead of text.
    quiet
        Leave out notes and progress.
    progress
        Show bars, if stderr is a terminal.
    debug
        Show where an error came from.
    """

    def __init__(
        self,
        verb: str,
        *,
        json: bool = False,
        quiet: bool = False,
        progress: bool = True,
        debug: bool = False,
    ) -> None:
        self.json, self._debug = json, debug
        self._verb, self._quiet = verb, quiet
        self._wanted = progress and not quiet and sys.stderr.isatty()
        self._bars: Bars | None = None

    def result(self, text: str, **record: Any) -> None:
        """Print a result: `text`, or `record` as a line of JSON."""
        if self.json:
            text = json.dumps({"schema": SCHEMA, "verb": self._verb, **record}, allow_nan=False)
        text = _harmless(text)
        if self._bars is not None and sys.stdout.isatty():
            self._above(text)
        else:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """Say something that is worth knowing, unless asked to be quiet."""
        if not self._quiet:
            self.error(text)

    def error(self, text: str) -> None:
        """Say what went wrong."""
        text = _harmless(text)
        if self._bars is not None:
            self._above(text)
        else:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def failure(self, source: str, error: Exception) -> None:
        """Say that one input failed, and why."""
        text = message(error, source)
        text = text if text.startswith(source) else f"{source}: {text}"
        trace = "".join(traceback.format_exception(error)) if self._debug else ""
        self.error(f"{trace}cvfast: {text}")
        if self.json:
            self.result("", input=source, error=text, exit_code=exit_code(error))

    @contextmanager
    def bars(self) -> Iterator[None]:
        """Allow progress bars inside the block."""
        if not self._wanted:
            yield
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        # Not redirected: what is printed to stdout must stay there.
        self._bars = Progress(
            *columns,
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        try:
            with self._bars:
                yield
        finally:
            self._bars = None

    @contextmanager
    def bar(self, name: str, total: int | None = None) -> Iterator[Progress]:
        """Show one bar inside `bars`; what is yielded is called with (done, total)."""
        bars = self._bars
        if bars is None:
            yield lambda _done, _total: None
            return
        task = bars.add_task(name, total=total)
        try:
            yield lambda done, total: bars.update(task, completed=done, total=total)
        finally:
            bars.remove_task(task)

    def _above(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _harmless(text: str) -> str:
    """Return text whose control characters (in file names) a terminal shows and does not obey."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
