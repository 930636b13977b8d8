"""Loss curves: kept thin, written as CSV, drawn where matplotlib is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cvfast.errors import MissingDependencyError
from cvfast.io.atomic import write_bytes
from cvfast.io.figures import new_figure, write_figure

__all__ = ["Curves"]

_MOST_ROWS = 2000  # of a whole training, so that no curve grows without end


class Curves:
    """Means of losses over equal spans of iterations.

    Parameters
    ----------
    every
        Iterations a mean is taken over.

    Examples
    --------
    >>> curves = Curves(every=2)
    >>> for iteration, loss in enumerate([3.0, 1.0, 0.5], start=1):
    ...     curves.add(iteration, {"loss": loss})
    >>> curves.rows
    [(2, {'loss': 2.0})]
    """

    def __init__(self, every: int = 1) -> None:
        self.every = every
        self.rows: list[tuple[int, dict[str, float]]] = []
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    @classmethod
    def of(cls, iterations: int) -> Curves:
        """Make curves for so many iterations."""
        return cls(max(1, iterations // _MOST_ROWS))

    def add(self, iteration: int, losses: Mapping[str, float]) -> None:
        """Take in the losses of an iteration (counted from 1); some may be told now and then."""
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1
        if iteration % self.every == 0:
            means = {name: total / self._counts[name] for name, total in self._sums.items()}
            self.rows.append((iteration, means))
            self._sums, self._counts = {}, {}

    def state(self) -> dict[str, Any]:
        """Everything, as plain values for a checkpoint."""
        return {"every": self.every, "rows": self.rows, "sums": self._sums, "counts": self._counts}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Curves:
        """Go on from what `state` gave."""
        curves = cls(int(state["every"]))
        curves.rows = [(int(iteration), dict(means)) for iteration, means in state["rows"]]
        curves._sums = dict(state["sums"])
        # Before version 0.6 every loss was told in every iteration.
        counts = state.get("counts") or dict.fromkeys(state["sums"], state.get("count", 0))
        curves._counts = {name: int(count) for name, count in counts.items()}
        return curves

    def write(self, path: Path) -> None:
        """Write all as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        names = self._names()
        writer.writerow(["iteration", *names])
        writer.writerows([at, *(means.get(name, "") for name in names)] for at, means in self.rows)
        write_bytes(path, text.getvalue().encode(), overwrite=True)

    def draw(self, path: Path) -> None:
        """Draw all as PNG, where matplotlib (the extra ``plot``) is installed."""
        if not self.rows:
            return
        try:
            figure = new_figure(7, 4)
        except MissingDependencyError:
            return
        axes = figure.add_subplot()
        for name in self._names():
            points = [(at, means[name]) for at, means in self.rows if name in means]
            axes.plot(*zip(*points, strict=True), label=name, linewidth=1)
        if all(value > 0 for _, means in self.rows for value in means.values()):
            axes.set_yscale("log")
        axes.set_xlabel("iteration")
        axes.set_ylabel("loss")
        axes.grid(alpha=0.3)
        axes.legend()
        write_figure(path, figure)

    def _names(self) -> list[str]:
        return sorted({name for _, means in self.rows for name in means})
