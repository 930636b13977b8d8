"""What steps of a run are done, from what, and what came of it: a small file for each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cvfast.io.atomic import make_folder, write_bytes
from cvfast.io.opening import open_regular
from cvfast.swap.face_file import face_files

__all__ = ["StepNotes", "faces_key"]

_MOST = 1 << 20


class StepNotes:
    """The notes of a workspace's run.

    Parameters
    ----------
    folder
        Where they are; made with the first note.

    Examples
    --------
    >>> import tempfile
    >>> notes = StepNotes(Path(tempfile.mkdtemp()))
    >>> notes.write("train", {"iterations": 5}, {"loss": 0.5})
    >>> notes.read("train", {"iterations": 5}), notes.read("train", {"iterations": 6})
    ({'loss': 0.5}, None)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what came of a step that was done from the same things; else None."""
        try:
            with open_regular(self._path(name)) as file:
                note = json.loads(file.read(_MOST))
            if note["key"] == _digest(key) and isinstance(note["facts"], dict):
                return dict(note["facts"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            pass  # no note, or a damaged one: the step is done again, which is safe
        return None

    def write(self, name: str, key: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Note that a step is done."""
        make_folder(self._folder)
        content = json.dumps({"key": _digest(key), "facts": dict(facts)}, indent=1)
        write_bytes(self._path(name), content.encode(), overwrite=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name.replace(' ', '-')}.done.json"


def faces_key(folder: Path) -> list[Any]:
    """Return what tells one set of face pictures from another: their names and bytes."""
    digest = hashlib.blake2b(digest_size=16)
    files = face_files(folder)
    for path in files:
        digest.update(path.name.encode() + b"\0" + hashlib.blake2b(path.read_bytes()).digest())
    return [len(files), digest.hexdigest()]


def _digest(key: Mapping[str, Any]) -> str:
    text = json.dumps(key, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
