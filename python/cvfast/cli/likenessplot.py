"""The plot of ``cvfast swap compare``: source against target in four panels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cvfast.cli.plotstyle import COLORS
from cvfast.io.figures import new_figure, write_figure

if TYPE_CHECKING:
    from cvfast.swap.likeness import Likeness

__all__ = ["draw_likeness"]

_MOST = 5000  # dots of a side
_BINS = 40
_SIDES = (("source", COLORS[0], "o"), ("target", COLORS[1], "^"))


def draw_likeness(path: Path, likeness: Likeness) -> None:
    """Draw yaw x pitch, expression, size and light of both sets; a plot there is replaced.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    OutputError
        It cannot be written.
    """
    figure = new_figure(10, 8)
    (pose, look), (size, light) = figure.subplots(2, 2)
    _dots(pose, likeness, "pose", (0, 1), scale=180 / np.pi)
    pose.set(xlabel="yaw, degrees (right of the picture: +)", ylabel="pitch, degrees (up: +)")
    _dots(look, likeness, "expression", (0, 1))
    look.set(xlabel="mouth open (of the nose's length)", ylabel="eyes open (of their width)")
    _dots(light, likeness, "light", (1, 0))
    light.set(xlabel="lit from the right  <  0  <  lit from the left", ylabel="brightness")
    _sizes(size, likeness)
    for axis in (pose, look, size, light):
        axis.grid(color="0.9")
        axis.set_axisbelow(True)
    handles, labels = pose.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    write_figure(path, figure)


def _dots(
    axis: Any, likeness: Likeness, name: str, columns: tuple[int, int], *, scale: float = 1
) -> None:
    """Draw two numbers of each face, and a ring round what the source lacks."""
    for side, color, marker in _SIDES:
        values = _some(getattr(getattr(likeness, side), name))[:, columns] * scale
        label = f"{side} ({len(getattr(likeness, side))} faces)"
        axis.scatter(
            *values.T, s=9, color=color, marker=marker, alpha=0.4, linewidths=0, label=label
        )
    lacks = _some(getattr(likeness.target, name)[likeness.missing[name]])[:, columns] * scale
    axis.scatter(
        *lacks.T, s=34, facecolors="none", edgecolors="black", linewidths=0.5,
        label="of the target, nothing like it in the source",
    )  # fmt: skip
    axis.set_title(
        f"{name}: the source has {likeness.covered[name]:.0%} of the target's", fontsize=10
    )


def _sizes(axis: Any, likeness: Likeness) -> None:
    both = np.concatenate([likeness.source.size, likeness.target.size])
    both = np.maximum(both, 1)
    edges = np.geomspace(both.min() * 0.9, both.max() * 1.1, _BINS + 1)
    for side, color, _ in _SIDES:
        sizes = getattr(likeness, side).size
        shares = np.histogram(np.maximum(sizes, 1), edges)[0] / len(sizes)
        axis.stairs(shares, edges, fill=True, alpha=0.5, color=color)
    axis.set_xscale("log")
    for each in (axis.xaxis.set_major_formatter, axis.xaxis.set_minor_formatter):
        each("{x:.0f}")
    axis.set(xlabel="side of the face in its frame, pixels", ylabel="share of the faces")
    title = f"size: the source's faces are {likeness.size_ratio:.2f} times the target's"
    axis.set_title(title, fontsize=10)


def _some(values: Any) -> Any:
    """Take faces at even steps where there are more than a plot shows."""
    if len(values) <= _MOST:
        return values
    return values[np.linspace(0, len(values) - 1, _MOST).astype(np.intp)]
