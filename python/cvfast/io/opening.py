"""Opening inputs: only regular files, so that no pipe or device can keep us waiting for ever."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import BinaryIO

from cvfast.errors import MediaError
from cvfast.typing import Path as PathLike

__all__ = ["open_regular"]

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: PathLike) -> BinaryIO:
    """Open a file for reading.

    Raises
    ------
    MediaError
        It is a pipe, a socket or a device: reading could block, and needs a way back.
    OSError
        As ``open`` raises it.
    """
    mode = Path(path).stat().st_mode
    for is_kind, name in _KINDS:
        if is_kind(mode):
            raise MediaError(f"{path}: expected a file, got {name}. Save its content to a file.")
    return Path(path).open("rb")
