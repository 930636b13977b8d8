"""What can go wrong with files, models and limits, each also a builtin exception.

Wrong types raise ``TypeError`` and wrong values ``ValueError`` as everywhere in Python; the classes
here are for what a caller cannot see in its own arguments. Every one carries the exit code that the
command line ends with.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CvfastError",
    "LimitError",
    "MediaError",
    "MissingDependencyError",
    "ModelError",
    "NothingFoundError",
    "OutputError",
    "OutputExistsError",
    "TrainingError",
]


class CvfastError(Exception):
    """Base of all of cvfast's own errors."""

    exit_code: ClassVar[int] = 1


class MediaError(CvfastError, ValueError):
    """A picture or clip cannot be read: truncated, corrupt, or not what its name says."""

    exit_code = 4


class MissingDependencyError(CvfastError, ImportError):
    """A feature needs a package that is not installed; the message has the command that adds it."""

    exit_code = 5


class ModelError(CvfastError, RuntimeError):
    """A model file is missing or its hash is wrong."""

    exit_code = 5


class LimitError(CvfastError, ValueError):
    """An input is over a limit (pixels, side, faces); the message says how to raise it."""

    exit_code = 6


class NothingFoundError(CvfastError, LookupError):
    """No face was found where the caller asked for at least one."""

    exit_code = 3


class OutputError(CvfastError, OSError):
    """A result cannot be written: no such folder, no permission, no space left."""

    exit_code = 1


class OutputExistsError(OutputError, FileExistsError):
    """The output exists already and overwriting was not asked for."""

    exit_code = 2


class TrainingError(CvfastError, ArithmeticError):
    """A training went wrong: a loss is no longer a finite number."""

    exit_code = 1
