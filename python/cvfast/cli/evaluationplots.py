"""The plots of ``cvfast evaluate detect``, with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.cli.plotstyle import styled, write_plots
from cvfast.io.figures import new_figure
from cvfast.metrics.detection import Judgement

__all__ = ["draw_plots"]

_USUAL = 0.5


def draw_plots(folder: Path, judged: Mapping[str, Judgement]) -> list[str]:
    """Draw precision against recall, AP against IoU, detection rates, and what is missed.

    Returns
    -------
    list of str
        The names of the files.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    figures = {
        "precision-recall.png": _precision(judged),
        "false-alarms.png": _rates(judged),
        "misses.png": _misses(judged),
    }
    return write_plots(folder, figures)


def _figure(columns: int, rows: int = 1) -> tuple[Any, list[Any]]:
    figure = new_figure(5.6 * columns, 4.2 * rows)
    axes = np.atleast_1d(figure.subplots(rows, columns)).reshape(-1)
    return figure, list(axes)


def _precision(judged: Mapping[str, Judgement]) -> Any:
    figure, (left, right) = _figure(2)
    for name, judgement, style in styled(judged):
        points = judgement.curves[_USUAL]
        ap = judgement.average_precision
        left.plot(points.recall, points.precision, label=f"{name} (AP {ap[_USUAL]:.2f})", **style)
        right.plot(list(ap), list(ap.values()), marker="o", markersize=4, label=name, **style)
    left.set(xlabel="recall", ylabel="precision", title="IoU 0.5", xlim=(0, 1.02), ylim=(0, 1.02))
    title = "a higher IoU is harder"
    right.set(xlabel="IoU that counts as found", ylabel="AP", title=title, ylim=(0, 1.02))
    _finish(left, right)
    return figure


def _rates(judged: Mapping[str, Judgement]) -> Any:
    figure, axes = _figure(3)
    titles = ("detection rate (FROC)", "FDDB, discrete score", "FDDB, continuous score")
    every = [(one.rates, one.discrete, one.continuous) for one in judged.values()]
    pictures = max([1, *(one.curves[_USUAL].pictures for one in judged.values())])
    most = max([0.1, *(rates.false.max(initial=0) / pictures for one in every for rates in one)])
    for (name, _, style), three in zip(styled(judged), every, strict=True):
        for axis, rates in zip(axes, three, strict=True):
            across, up = [0.0, *rates.false / pictures], [0.0, *rates.rate]
            # The dot is where a model's own detections end; more false alarms it does not make.
            axis.step([*across, most], [*up, up[-1]], where="post", label=name, **style)
            axis.plot(across[-1], up[-1], "o", color=style["color"], markersize=5)
    for axis, title in zip(axes, titles, strict=True):
        axis.set(xlabel="false alarms a picture", title=title, ylim=(0, 1.02))
        axis.set_xscale("symlog", linthresh=0.1)
        axis.set_xlim(-0.005, most * 1.02)
    axes[0].set_ylabel("share of the faces that are found")
    _finish(*axes)
    return figure


def _misses(judged: Mapping[str, Judgement]) -> Any:
    """Draw a bar for each model and each group of faces."""
    facets = next(iter(judged.values())).misses if judged else ()
    columns = min(2, max(len(facets), 1))
    figure, axes = _figure(columns, max(1, math.ceil(len(facets) / columns)))
    for axis in axes[len(facets) :]:
        axis.remove()
    width = 0.8 / max(len(judged), 1)
    for number, facet in enumerate(facets):
        axis = axes[number]
        for place, (name, judgement, style) in enumerate(styled(judged)):
            rates = [group.rate for group in judgement.misses[number].groups]
            at = np.arange(len(rates)) + (place - (len(judged) - 1) / 2) * width
            axis.bar(at, rates, width * 0.92, color=style["color"], label=name)
        labels = [f"{group.name}\n({group.faces})" for group in facet.groups]
        axis.set_xticks(range(len(labels)), labels, fontsize=8)
        axis.set(title=f"missed, by {facet.name}", ylabel="share missed", ylim=(0, 1.02))
        axis.grid(axis="y", color="0.9")
        axis.set_axisbelow(True)
    if facets:
        axes[0].legend(fontsize=8)
    return figure


def _finish(*axes: Any) -> None:
    for axis in axes:
        axis.grid(color="0.9")
    axes[-1].legend(fontsize=8)
    axes[0].legend(fontsize=8)
