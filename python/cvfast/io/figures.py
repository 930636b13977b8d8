"""Plots by matplotlib (the extra ``plot``): no window, nothing global, whole or not at all."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from cvfast.errors import MissingDependencyError, OutputError
from cvfast.io.atomic import atomic_path
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_plots", "new_figure", "write_figure"]


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.

    Examples
    --------
    >>> new_figure(6, 4).get_size_inches().tolist()
    [6.0, 4.0]
    """
    try:
        module = importlib.import_module("matplotlib.figure")  # not pyplot, which keeps all it drew
    except ImportError as error:
        raise MissingDependencyError(
            f"plots need matplotlib ({error}): pip install 'cvfast[plot]'"
        ) from error
    figure: Figure = module.Figure(figsize=(width, height), layout="constrained")
    return figure


def write_figure(path: PathLike, figure: Figure) -> None:
    """Write a figure as PNG, 110 dots an inch; a plot of that name is replaced.

    Raises
    ------
    OutputError
        As for `cvfast.io.atomic.atomic_path`.
    """
    with atomic_path(path, overwrite=True) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def check_plots(folder: PathLike) -> None:
    """Refuse before any work plots that could not be drawn into `folder` after it.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    OutputError
        `folder` is a file, or the folder it is to be made in is missing.
    """
    new_figure(1, 1)
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{folder}: expected a folder for the plots, got a file")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{folder}: no such folder: {path.parent}. Create it first.")
