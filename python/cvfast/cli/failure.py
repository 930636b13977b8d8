"""What an error is called on the command line: its exit code and its words."""

from __future__ import annotations

import re

from cvfast.errors import CvfastError, LimitError, MissingDependencyError

__all__ = ["exit_code", "message"]


def exit_code(error: BaseException) -> int:
    """Return the exit code that stands for an error."""
    if isinstance(error, CvfastError):
        return error.exit_code
    if isinstance(error, MemoryError):
        return LimitError.exit_code
    if isinstance(error, ImportError):
        return MissingDependencyError.exit_code
    return 2 if isinstance(error, ValueError | TypeError) else 1


def message(error: BaseException, source: str = "") -> str:
    """Return an error in words; `source` is the input's name, which stays as it is."""
    if isinstance(error, MemoryError):
        return "not enough memory; take a smaller picture, or lower --max-pixels to refuse such"
    if isinstance(error, ImportError) and not isinstance(error, CvfastError):
        return f"{error}. Run cvfast doctor to see which package is missing and how to add it"
    if not isinstance(error, CvfastError | ValueError | TypeError | OSError):
        return (
            f"unexpected {type(error).__name__}: {error}\n"
            "This is a fault in cvfast. Run it again with --debug and report what it prints."
        )
    # The library names its arguments; here they are options.
    parts = str(error).split(source) if source else [str(error)]
    return source.join(_ARGUMENT.sub(_option, part) for part in parts) or type(error).__name__


_ARGUMENT = re.compile(r"\b(max_pixels|start|end)=")


def _option(name: re.Match[str]) -> str:
    return f"--{name[1].replace('_', '-')} "
