"""The options that every verb has, and the types that several share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.report import Report

__all__ = [
    "Common",
    "Drawing",
    "Inputs",
    "MaxPixels",
    "Overwrite",
    "Recursive",
    "Strict",
    "debugging",
    "refuse_targets",
]

Inputs: TypeAlias = Annotated[
    list[str], Parameter(name="IN", help="Files, folders or patterns; pictures and clips.")
]
Strict: TypeAlias = Annotated[
    bool, Parameter(name="--strict", negative="", help="Exit with 3 if an input has no face.")
]
Overwrite: TypeAlias = Annotated[bool, Parameter(negative="", help="Replace existing results.")]
Recursive: TypeAlias = Annotated[bool, Parameter(negative="", help="Folders of folders too.")]
MaxPixels: TypeAlias = Annotated[int, Parameter(help="Photos: refuse larger ones.")]
Drawing: TypeAlias = Annotated[
    str | None,
    Parameter(name=["--output", "-o"], help="Draw them: a file, or a folder that exists."),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Common:
    """Options of every verb."""

    json: Annotated[bool, Parameter(negative="", help="Print JSON Lines, one record an input.")] = (
        False
    )
    quiet: Annotated[
        bool, Parameter(name=["--quiet", "-q"], negative="", help="Print results and errors only.")
    ] = False
    progress: Annotated[
        bool, Parameter(name="--progress", help="Show progress, if stderr is a terminal.")
    ] = True
    debug: Annotated[
        bool, Parameter(negative="", help="Show where an error came from (or set CVFAST_DEBUG).")
    ] = False

    def report(self, verb: str) -> Report:
        """Return where the verb's words go."""
        return Report(
            verb,
            json=self.json,
            quiet=self.quiet,
            progress=self.progress,
            debug=self.debug or debugging(),
        )


def debugging() -> bool:
    """Return whether the environment asks for tracebacks."""
    return bool(os.environ.get("CVFAST_DEBUG"))


def refuse_targets(output: str, overwrite: bool, plots: str | None = None) -> None:
    """Refuse before a training what could not be written after it: its file, and plots of it.

    Raises
    ------
    OutputExistsError, OutputError, MissingDependencyError
        As for `cvfast.io.atomic.check_target` and `cvfast.io.figures.check_plots`.
    """
    from cvfast.io.atomic import check_target
    from cvfast.io.figures import check_plots

    check_target(output, overwrite=overwrite)
    if plots is not None:
        check_plots(plots)
