"""One unit of a run, done by whoever: this process, another one, or another machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from cvfast.errors import OutputExistsError
from cvfast.runs.folder import Record, RunFolder
from cvfast.runs.plan import Unit, file_hash
from cvfast.typing import Progress

__all__ = ["Task", "Work", "do_unit"]


@dataclass(frozen=True)
class Task:
    """What the function behind a unit is given.

    Attributes
    ----------
    folder
        The run's.
    unit
        With its arguments.
    progress
        To be called with (done, total) of the unit's weight; does nothing in another process.
    """

    folder: RunFolder
    unit: Unit
    progress: Progress

    def shard(self, suffix: str) -> Path:
        """Return where to write what becomes part of a result later."""
        return self.folder.shard(self.unit.name, suffix)

    def done(self, file: Path, result: dict[str, Any], *, becomes: Path | None = None) -> None:
        """Write down that the unit is done; to be called once, when `file` is complete.

        A final result is recorded under its temporary name just before it gets its own
        (`becomes`), so that a kill between the two is understood: either the result is there
        and is the recorded one, or the unit is done again.
        """
        self.folder.record(self.unit.name, file, result, becomes=becomes)


_PORTABLE = ("builtins", "cvfast.errors")

Work: TypeAlias = Callable[[Task], None]


def do_unit(folder: str, plan: str, unit: Unit, progress: Progress | None = None) -> dict[str, Any]:
    """Do a unit and return its record as a dictionary."""
    module, _, name = unit.work.partition(":")
    work: Work = getattr(import_module(module), name)
    run = RunFolder(Path(folder), plan)
    try:
        work(Task(run, unit, progress or _nothing))
    except OutputExistsError:
        # Another worker, thought lost, has done this unit too, and has made the same bytes.
        record = run.recorded(unit.name)
        if record is None or not _is_ours(record):
            raise
    except Exception as error:
        if type(error).__module__ in _PORTABLE:
            raise
        # Others may not survive the way to another process, and would take its pool along.
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
    record = run.recorded(unit.name)
    if record is None:
        raise RuntimeError(f"{unit.work}: expected a record of {unit.name}, got none")
    return asdict(record)


def _is_ours(record: Record) -> bool:
    file = Path(record.file)
    return (
        file.is_file() and file.stat().st_size == record.size and file_hash(file) == record.blake2
    )


def _nothing(_done: int, _total: int | None) -> None:
    """Take progress that nobody sees."""
