"""The run folder: the plan, a record for each unit done, shards, and a lock."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cvfast.errors import OutputError, OutputExistsError
from cvfast.io.atomic import leftovers, write_bytes
from cvfast.runs.plan import Plan, file_hash

__all__ = ["Record", "RunFolder", "discard_run", "open_run", "stored_settings"]

_PLAN = "plan.json"
_LOCK = "lock"
_FOLDERS = ("done", "shards")
_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


@dataclass(frozen=True)
class Record:
    """What is written down of a unit that is done: its file, and what it reported."""

    plan: str
    file: str
    size: int
    blake2: str
    result: dict[str, Any]


class RunFolder:
    """A run folder, as the one who plans and those who work see it.

    ``plan.json`` says what is to be done, ``done/UNIT.json`` what is done (one file each, so that
    workers never write the same one), ``shards/`` holds what is not yet a result.
    """

    def __init__(self, path: Path, plan: str) -> None:
        self.path, self._plan = path, plan

    def shard(self, unit: str, suffix: str) -> Path:
        """Return where a unit's own file goes until it becomes part of a result."""
        return self.path / "shards" / f"{unit}{suffix}"

    def record(
        self, unit: str, file: Path, result: dict[str, Any], *, becomes: Path | None = None
    ) -> None:
        """Write down that a unit is done and `file`, which is complete, holds what it made.

        `becomes` is the name that the file gets next, if it is still a temporary one.
        """
        kept = Record(
            self._plan,
            str((becomes or file).absolute()),
            file.stat().st_size,
            file_hash(file),
            result,
        )
        self._write(f"done/{unit}.json", json.dumps(asdict(kept), default=str))

    def done(self, unit: str) -> Record | None:
        """Return the record of a unit, if it is done and its file is whole; reads the file."""
        record = self.recorded(unit)
        if record is None:
            return None
        try:
            file = Path(record.file)
            whole = file.stat().st_size == record.size and file_hash(file) == record.blake2
        except OSError:
            return None
        return record if whole else None

    def recorded(self, unit: str) -> Record | None:
        """Return the record of a unit as written; a damaged one counts as none."""
        try:
            record = Record(**json.loads((self.path / "done" / f"{unit}.json").read_bytes()))
            _ = Path(record.file), record.size + 1, record.result.items()
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        return record if record.plan == self._plan else None

    def remove(self) -> None:
        """Remove the run's own files: all is done."""
        _remove(self.path)

    def prepare(self, plan: Plan) -> None:
        """Make the folders and write the plan."""
        for name in _FOLDERS:
            (self.path / name).mkdir(exist_ok=True)
        self._write(_PLAN, plan.to_json())

    def clean(self) -> None:
        """Remove what a killed process left half-written."""
        for folder in (self.path, *(self.path / name for name in _FOLDERS)):
            for file in leftovers(folder):
                with suppress(OSError):
                    file.unlink()

    def _write(self, name: str, text: str) -> None:
        write_bytes(self.path / name, text.encode(), overwrite=True)


def stored_settings(path: Path) -> Mapping[str, Any] | None:
    """Return the settings of the run in a folder; None if there is none.

    Raises
    ------
    OutputError
        Its plan is damaged.
    """
    content = _stored(path)
    return None if content is None else dict(content["settings"])


@contextmanager
def open_run(path: Path, plan: Plan, *, resume: bool) -> Iterator[RunFolder]:
    """Make or enter the folder of a run and keep others out while the block runs.

    Raises
    ------
    OutputExistsError
        A run is there already and `resume` is False, another plan is there, another process
        is at work in it, or the folder holds what is not a run's.
    OutputError
        The folder cannot be made or its plan is damaged.
    """
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: the run folder cannot be made: {error.strerror}") from error
    _refuse_foreign(path)
    with _locked(path):
        folder = RunFolder(path, plan.identity)
        old = _stored(path)
        if old is None:
            folder.prepare(plan)
        elif not resume:
            raise OutputExistsError(
                f"{path}: an unfinished run is here. Add --resume to go on with it, "
                "or remove that folder to begin anew."
            )
        elif said := plan.differences(old):
            raise OutputExistsError(
                f"{path}: the run here cannot be resumed, for it was another one:\n  "
                + "\n  ".join(said)
                + "\nGive the same options and inputs as then, or remove that folder to begin anew."
            )
        folder.clean()
        yield folder


def discard_run(path: Path) -> None:
    """Remove a run's own files, whatever its plan was; nothing if there is no run.

    Raises
    ------
    OutputExistsError
        Another process is at work in it.
    """
    if (path / _PLAN).exists():
        with _locked(path):
            _remove(path)


def _refuse_foreign(path: Path) -> None:
    """Keep out of a folder with other people's files: a run's is emptied in the end."""
    if (path / _PLAN).exists():
        return
    try:
        ours = {_PLAN, _LOCK, *_FOLDERS, *(file.name for file in leftovers(path))}
        others = sorted(file.name for file in path.iterdir() if file.name not in ours)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from error
    if others:
        raise OutputExistsError(
            f"{path}: expected a new or empty folder for the run's state, got one with other "
            f"files in it ({others[0]}). Choose another (--run-dir)."
        )


def _remove(path: Path) -> None:
    """Remove a run's own files; the lock and the folder go with whoever holds it."""
    for name in _FOLDERS:
        shutil.rmtree(path / name, ignore_errors=True)
    with suppress(OSError):
        (path / _PLAN).unlink(missing_ok=True)


def _stored(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads((path / _PLAN).read_bytes())
        if not isinstance(content, dict) or not isinstance(content.get("settings"), dict):
            raise ValueError("not a plan")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path / _PLAN}: the run's plan is damaged ({error}). "
            f"Remove the folder {path} to begin anew."
        ) from error
    return content


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when the process dies, however that happens."""
    try:
        descriptor = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    held = False
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in _TAKEN:
                raise OutputExistsError(
                    f"{path}: another cvfast is at work on this run. Wait for it, or stop it first."
                ) from error
            raise OutputError(
                f"{path}: cannot be locked: {error.strerror}. "
                "Put the run folder on another disk (--run-dir)."
            ) from error
        if not _is_there(descriptor, path / _LOCK):
            raise OutputExistsError(f"{path}: another cvfast has just finished this run.")
        held = True
        yield
    finally:
        over = held and not (path / _PLAN).exists()  # done, or never begun
        if over:
            _remove(path)
            with suppress(OSError):  # Windows wants it closed first
                (path / _LOCK).unlink()
        os.close(descriptor)
        if over:
            with suppress(OSError):
                if os.name == "nt":
                    (path / _LOCK).unlink(missing_ok=True)
                path.rmdir()


def _is_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _lock(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
