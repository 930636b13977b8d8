"""Renaming many files of a folder with nothing lost: each step is written down before it is done.

A step says which name becomes which, and stands in ``.cvfast-undo/NUMBER.json`` before the first
file is renamed. No new name is one that a file of the folder has, so after a kill the names alone
tell what is done and what is not: the step can be finished, or undone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cvfast.errors import MediaError, OutputError, OutputExistsError
from cvfast.io.atomic import flush_folder, leftovers, make_folder, write_bytes
from cvfast.io.opening import open_regular
from cvfast.swap.face_file import SUFFIXES
from cvfast.typing import Path as PathLike

__all__ = ["LOG", "Move", "RenameLog", "Step", "rename_log", "trash_of"]

LOG = ".cvfast-undo"
_VERSION = 1
_MOST = 256 << 20
_STATES = ("doing", "done", "undoing")


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of one file.

    Parameters
    ----------
    name
        In the folder.
    becomes
        Its new name; one that no file has.
    rejected
        Whether it goes to the folder's trash.
    """

    name: str
    becomes: str
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What one command renames.

    Parameters
    ----------
    what
        The command, in words.
    moves
        Which file becomes which.
    at
        When, ISO 8601.
    state
        ``"doing"``, ``"done"`` or ``"undoing"``.
    made_trash
        Whether the trash was made for it.
    """

    what: str
    moves: tuple[Move, ...]
    at: str
    state: str = "doing"
    made_trash: bool = False

    def to_json(self) -> str:
        """Return the step as it stands in its file."""
        moves = [[move.name, move.becomes, int(move.rejected)] for move in self.moves]
        return json.dumps(
            {
                "version": _VERSION, "what": self.what, "at": self.at, "state": self.state,
                "made_trash": self.made_trash, "moves": moves,
            }
        )  # fmt: skip

    @classmethod
    def from_json(cls, text: bytes, name: object) -> Step:
        """Read `to_json`'s text; ``name`` is the file's, for messages.

        Raises
        ------
        MediaError
            It is no such step; a name in it would lead out of the folder.
        """
        try:
            content = json.loads(text)
            if content["version"] != _VERSION or content["state"] not in _STATES:
                raise ValueError(f"version {content['version']!r}, state {content['state']!r}")
            moves = tuple(_move(*given) for given in content["moves"])
            for side in ({m.name for m in moves}, {m.becomes for m in moves}):
                if len(side) != len(moves):
                    raise ValueError("a name stands there twice")
            return cls(
                str(content["what"]), moves, str(content["at"]), content["state"],
                bool(content["made_trash"]),
            )  # fmt: skip
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise MediaError(
                f"{name}: expected cvfast's list of renamed faces, got a damaged one: {error!r}. "
                "Move it away to go on with the names as they are"
            ) from error


def _move(name: Any, becomes: Any, rejected: Any) -> Move:
    for given in (name, becomes):
        if (
            not isinstance(given, str)
            or Path(given).name != given
            or set(given) & {"/", "\\", "\0"}
            or given.startswith(".")
            or Path(given).suffix.lower() not in SUFFIXES
        ):
            raise ValueError(f"expected a picture's name, got {given!r}")
    return Move(name, becomes, bool(rejected))


def trash_of(folder: PathLike) -> Path:
    """Return where rejected faces of a folder go: beside it.

    Examples
    --------
    >>> trash_of("work/aligned").name
    'aligned_trash'
    """
    path = Path(folder).absolute()
    return path.with_name(path.name + "_trash")


class RenameLog:
    """What was renamed in a folder; use it inside `rename_log`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.trash = folder, trash_of(folder)
        self._place = folder / LOG

    def steps(self) -> list[Step]:
        """Return the steps that can be undone, the newest last.

        Raises
        ------
        MediaError
            One is damaged.
        """
        return [self._read(path) for path in self._files()]

    def settle(self) -> Step | None:
        """Finish what a killed process began, renaming or undoing; return it."""
        files = self._files()
        if not files:
            return None
        step = self._read(files[-1])
        if step.state == "doing":
            self._forward(files[-1], step)
        elif step.state == "undoing":
            self._backward(files[-1], step)
        return step if step.state != "done" else None

    def do(self, what: str, moves: Sequence[Move]) -> Step | None:
        """Rename files; None if all have their names already.

        Raises
        ------
        OutputExistsError
            A new name is taken; nothing was renamed.
        OutputError
            A file cannot be renamed. What is done stays, and can be undone.
        """
        wanted = tuple(move for move in moves if move.rejected or move.name != move.becomes)
        if not wanted:
            return None
        made = any(move.rejected for move in wanted) and not self.trash.exists()
        step = Step(what, wanted, datetime.now(UTC).isoformat(timespec="seconds"), made_trash=made)
        for move in wanted:
            _refuse_taken(self._after(move))
        files = self._files()
        number = int(files[-1].stem) + 1 if files else 1
        with _explained(self.folder):
            self._place.mkdir(exist_ok=True)
        path = self._place / f"{number:04d}.json"
        write_bytes(path, step.to_json().encode())
        self._forward(path, step)
        return step

    def undo(self) -> Step | None:
        """Give the files of the newest step their old names; None if there is no step.

        A step that a killed undo left half undone is that step.

        Raises
        ------
        OutputExistsError
            An old name is taken by another file; nothing was renamed.
        OutputError
            A file cannot be renamed.
        """
        files = self._files()
        if not files:
            return None
        step = self._read(files[-1])
        for move in step.moves:
            if os.path.lexists(self._after(move)):
                _refuse_taken(self.folder / move.name)
        if step.state != "undoing":
            self._write(files[-1], replace(step, state="undoing"))
        self._backward(files[-1], step)
        return step

    def originals(self) -> dict[str, str]:
        """Return what the renamed files of the folder were called first, by today's names."""
        first: dict[str, str] = {}
        for step in self.steps():
            before = dict(first)
            for move in step.moves:
                first.pop(move.name, None)
            for move in step.moves:
                if not move.rejected:
                    first[move.becomes] = before.get(move.name, move.name)
        return first

    def _after(self, move: Move) -> Path:
        return (self.trash if move.rejected else self.folder) / move.becomes

    def _forward(self, path: Path, step: Step) -> None:
        if any(move.rejected for move in step.moves):
            make_folder(self.trash)
        for move in step.moves:
            _rename(self.folder / move.name, self._after(move))
        self._flush()
        self._write(path, replace(step, state="done"))

    def _backward(self, path: Path, step: Step) -> None:
        for move in step.moves:
            _rename(self._after(move), self.folder / move.name)
        self._flush()
        if step.made_trash:
            with suppress(OSError):  # others may have put something there
                self.trash.rmdir()
        with _explained(path):
            path.unlink()
            flush_folder(self._place)
        with suppress(OSError):  # older steps
            self._place.rmdir()

    def tidy(self) -> None:
        """Remove what killed processes left beside the steps."""
        if not self._place.is_dir():
            return
        with suppress(OSError):  # a folder that cannot be written holds no danger
            for path in leftovers(self._place):
                path.unlink(missing_ok=True)
            if not self._files():
                self._place.rmdir()

    def _flush(self) -> None:
        for folder in (self.folder, self.trash):
            if folder.is_dir():
                with _explained(folder):
                    flush_folder(folder)

    def _files(self) -> list[Path]:
        if not self._place.is_dir():
            return []
        found = [p for p in self._place.iterdir() if p.suffix == ".json" and p.stem.isdecimal()]
        return sorted(found, key=lambda path: int(path.stem))

    def _read(self, path: Path) -> Step:
        with _explained(path), open_regular(path) as file:
            return Step.from_json(file.read(_MOST), path)

    def _write(self, path: Path, step: Step) -> None:
        write_bytes(path, step.to_json().encode(), overwrite=True)


def _refuse_taken(path: Path) -> None:
    if os.path.lexists(path):
        raise OutputExistsError(
            f"{path}: another file has this name, which a face is to get. Move it away, then again"
        )


def _rename(old: Path, new: Path) -> None:
    """Rename a file, unless that is done already or the file is gone."""
    if not os.path.lexists(old):
        return
    _refuse_taken(new)
    with _explained(old):
        old.rename(new)


@contextmanager
def rename_log(folder: PathLike) -> Iterator[RenameLog]:
    """Hold a folder's list of renamed files; one process at a time.

    Raises
    ------
    MediaError
        There is no such folder.
    OutputError
        Another process is renaming in it.
    """
    path = Path(folder)
    if not path.is_dir():
        raise MediaError(f"{folder}: expected a folder of faces, found none")
    if os.name == "nt":  # no folder can be locked there
        yield _tidied(path)
        return
    import fcntl

    with _explained(path):
        descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                f"{folder}: another cvfast is sorting these faces. Wait for it, or stop it"
            ) from error
        yield _tidied(path)
    finally:
        os.close(descriptor)


def _tidied(folder: Path) -> RenameLog:
    log = RenameLog(folder)
    log.tidy()
    return log


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OutputError, MediaError):
        raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be renamed or read: {error.strerror}") from error
