"""New names for faces, which no other file has."""

from __future__ import annotations

import os
from pathlib import Path

from cvfast.swap.rename_log import Move
from cvfast.typing import Path as PathLike

__all__ = ["Names"]

_LONGEST = 255  # bytes, on most file systems


class Names:
    """The names that are taken in a folder and its trash, and those given out.

    Parameters
    ----------
    folder, trash
        The trash may be missing.
    """

    def __init__(self, folder: PathLike, trash: Path) -> None:
        self._here = _names(Path(folder))
        self._trash = _names(trash) if trash.is_dir() else set()

    def move(self, path: Path, stem: str, beginning: str = "", *, rejected: bool = False) -> Move:
        """Return a file's move to the name ``beginning + stem``, with a number if it is taken.

        Its own name is not taken. What is too long for a name loses the end of its stem.
        """
        taken = self._trash if rejected else self._here
        number = 1
        while True:
            end = (f"_{number}" if number > 1 else "") + path.suffix
            room = _LONGEST - len(os.fsencode(beginning + end))
            name = beginning + _cut(stem, room) + end
            if name.casefold() not in taken or (name == path.name and not rejected):
                taken.add(name.casefold())
                return Move(path.name, name, rejected)
            number += 1


def _names(folder: Path) -> set[str]:
    return {path.name.casefold() for path in folder.iterdir()}


def _cut(stem: str, room: int) -> str:
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem
