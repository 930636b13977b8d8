"""Looks: effects and their strengths as a TOML file, or one of those that come with the package."""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

from cvfast.effects.options import RetouchOptions
from cvfast.errors import MediaError
from cvfast.io.atomic import write_bytes
from cvfast.typing import Path as PathLike

__all__ = ["bundled_looks", "load_look", "save_look"]


def load_look(look: PathLike) -> RetouchOptions:
    """Read a look.

    Parameters
    ----------
    look
        A TOML file with the fields of :class:`cvfast.effects.options.RetouchOptions`, such as
        ``smooth_skin = 0.5`` and ``lip_color = "rose"``, or the name of a bundled look; a word
        without suffix and folder is such a name.

    Raises
    ------
    MediaError
        The file cannot be read.
    TypeError, ValueError
        No such bundled look, not TOML, an unknown key or a value that makes no sense; the message
        says which file and key.

    Examples
    --------
    >>> load_look("natural").actions
    ('smooth_skin=0.4', 'white_teeth=0.35', 'white_eyes=0.3')
    """
    text = os.fspath(look)
    if not Path(text).suffix and Path(text).name == text:
        source = resources.files("cvfast").joinpath("data", "looks", f"{text}.toml")
        if not source.is_file():
            raise ValueError(
                f"look: expected a .toml file or one of {', '.join(bundled_looks())}, "
                f"got {text!r}{_nearest(text, bundled_looks())}"
            )
        data = source.read_bytes()
    else:
        try:
            data = Path(text).read_bytes()
        except OSError as error:
            raise MediaError(f"look: cannot read {text}: {error.strerror or error}") from None
    return _options(text, data)


def save_look(options: RetouchOptions, target: PathLike, *, overwrite: bool = False) -> None:
    """Write what differs from the defaults as a look that `load_look` reads.

    Parameters
    ----------
    options
        Effects and strengths.
    target
        A .toml file.
    overwrite
        Replace an existing file.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    plain = RetouchOptions()
    lines = []
    for field in fields(options):
        value = getattr(options, field.name)
        if value != getattr(plain, field.name):
            lines.append(f"{field.name} = {_quoted(value) if isinstance(value, str) else value}\n")
    write_bytes(target, "".join(lines).encode(), overwrite=overwrite)


def bundled_looks() -> list[str]:
    """Return the names of the looks that come with the package."""
    folder = resources.files("cvfast").joinpath("data", "looks")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir())


def _options(source: str, data: bytes) -> RetouchOptions:
    try:
        given: dict[str, Any] = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{source}: expected TOML, got a file that is none: {error}") from None
    names = [field.name for field in fields(RetouchOptions)]
    for key, value in given.items():
        if key not in names:
            raise ValueError(
                f"{source}: expected keys out of {', '.join(names)}, "
                f"got {key}{_nearest(key, names)}"
            )
        if isinstance(value, bool):
            raise TypeError(
                f"{source}: {key}: expected a number in [0, 1], got {str(value).lower()}"
            )
    try:
        return RetouchOptions(**given)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{source}: {error}") from None


def _nearest(word: str, words: list[str]) -> str:
    near = difflib.get_close_matches(word.lower().replace("-", "_"), words, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = (c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped)
    return '"' + "".join(shown) + '"'
