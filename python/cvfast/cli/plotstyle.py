"""What the plots of several models have in common: a colour and dashes for each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cvfast.io.figures import write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLORS", "styled", "write_plots"]

# Okabe and Ito's colours, which colour-blind eyes tell apart.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", "-.", ":")
Value = TypeVar("Value")


def styled(models: Mapping[str, Value]) -> list[tuple[str, Value, dict[str, Any]]]:
    """Return each model's name and value with how its line is drawn.

    Examples
    --------
    >>> styled({"mine": 1})
    [('mine', 1, {'color': '#0072b2', 'linestyle': '-', 'linewidth': 1.8})]
    """
    return [
        (name, value, {"color": COLORS[at % 7], "linestyle": _DASHES[at % 4], "linewidth": 1.8})
        for at, (name, value) in enumerate(models.items())
    ]


def write_plots(folder: Path, figures: Mapping[str, Figure]) -> list[str]:
    """Write figures under their names, and return these."""
    for name, figure in figures.items():
        write_figure(folder / name, figure)
    return list(figures)
