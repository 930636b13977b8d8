"""The content of a model's file, bounded, so that no file can fill the memory."""

from __future__ import annotations

import os
from pathlib import Path

from cvfast.errors import MediaError, ModelError
from cvfast.io.opening import open_regular
from cvfast.typing import Path as PathLike

__all__ = ["model_bytes"]


def model_bytes(path: PathLike, most: int) -> bytes:
    """Return what a file holds.

    Parameters
    ----------
    path
        The file.
    most
        Bytes, at most.

    Raises
    ------
    ModelError
        Missing, no regular file, unreadable, or larger.

    Examples
    --------
    >>> model_bytes("gone.dat", 100)
    Traceback (most recent call last):
    cvfast.errors.ModelError: gone.dat: cannot be read: No such file or directory
    """
    shown = Path(path)
    try:
        with open_regular(shown) as file:
            size = os.fstat(file.fileno()).st_size
            # No more than the system tells: a read sets aside all that it is asked for.
            data = b"" if size > most else file.read(size)
    except MediaError as error:  # a pipe or a device
        raise ModelError(str(error)) from error
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ModelError(f"{shown}: cannot be read: {reason}") from error
    if size > most:
        raise ModelError(f"{shown}: expected a model of at most {most:,} bytes, got more")
    return data
