"""The lock that lets one process at a time change a gallery; the system frees it when it dies."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cvfast.errors import OutputError

__all__ = ["LOCK", "locked"]

LOCK = ".lock"
_TAKEN = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_PATIENCE, _STEP = 30.0, 0.02  # seconds; a change takes some milliseconds


@contextmanager
def locked(folder: Path, *, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold a gallery's lock while the block runs; wait for others first.

    Raises
    ------
    OutputError
        The lock cannot be made, or another process held it all the time.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        _wait(descriptor, folder, time.monotonic() + patience)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, folder: Path, until: float) -> None:
    while True:
        try:
            _lock(descriptor)
            return
        except OSError as error:
            if error.errno not in _TAKEN:
                raise OutputError(f"{folder}: cannot be locked: {error.strerror}") from error
            if time.monotonic() > until:
                raise OutputError(
                    f"{folder}: another cvfast keeps changing this gallery. Wait for it, or stop it"
                ) from error
        time.sleep(_STEP)


def _lock(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
