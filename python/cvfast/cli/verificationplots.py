"""The plots of ``cvfast evaluate recognition``, with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.cli.plotstyle import COLORS, styled, write_plots
from cvfast.cli.verificationtable import short_name
from cvfast.io.figures import new_figure
from cvfast.recognition.judging import Judged

__all__ = ["draw_plots"]

_BINS = 60


def draw_plots(folder: Path, judged: Mapping[str, Judged]) -> list[str]:
    """Draw the ROC, the distances of both kinds of pairs, and the ranks.

    Returns
    -------
    list of str
        The names of the files.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    figures = {"roc.png": _roc(judged), "distances.png": _distances(judged)}
    if any(len(one.cmc) for one in judged.values()):
        figures["ranks.png"] = _ranks(judged)
    return write_plots(folder, figures)


def _roc(judged: Mapping[str, Judged]) -> Any:
    figure = new_figure(6.4, 4.8)
    axis = figure.subplots()
    fewest = min(1 / one.curve.different for one in judged.values())
    for name, one, style in styled(judged):
        curve = one.curve
        # Under one false accept nothing was measured: the curve begins there.
        first = int(np.searchsorted(curve.false, 1))
        label = f"{short_name(name)} (EER {curve.eer:.1%})"
        axis.step(curve.far[first:], curve.tar[first:], where="post", label=label, **style)
        if one.own is not None and one.own.far.hits:
            place = (one.own.far.hits / one.own.far.total, one.own.tar.hits / one.own.tar.total)
            axis.plot(*place, "o", color=style["color"])
    across = np.geomspace(min(fewest, 0.5), 1, 200)
    axis.plot(across, across, color="0.7", linewidth=1, label="guessing")
    axis.set_xscale("log")
    title = "dots: the models' own thresholds"
    axis.set(xlabel="false accept rate (FAR)", ylabel="true accept rate (TAR)", title=title)
    axis.set_xlim(min(fewest, 0.5), 1)
    axis.set_ylim(0, 1.02)
    axis.grid(color="0.9")
    axis.legend(fontsize=8)
    return figure


def _distances(judged: Mapping[str, Judged]) -> Any:
    columns = min(3, len(judged))
    rows = math.ceil(len(judged) / columns)
    figure = new_figure(4.6 * columns, 3.4 * rows)
    axes = np.atleast_1d(figure.subplots(rows, columns)).reshape(-1)
    for axis in axes[len(judged) :]:
        axis.remove()
    for axis, (name, one) in zip(axes, judged.items(), strict=False):
        values, same = one.scores.distances, one.scores.same
        edges = np.linspace(values.min(), max(values.max(), values.min() + 1e-9), _BINS + 1)
        for chosen, color, label in ((same, COLORS[2], "same"), (~same, COLORS[1], "different")):
            shares = np.histogram(values[chosen], edges)[0] / chosen.sum()
            axis.stairs(shares, edges, fill=True, alpha=0.55, color=color, label=label)
        if one.threshold is not None:
            axis.axvline(one.threshold.distance, color="black", label="own threshold")
        wanted = one.curve.at_far(max(0.001, 1 / one.curve.different))
        if wanted.threshold is not None and math.isfinite(wanted.threshold):
            label = f"FAR {max(0.001, 1 / one.curve.different):.2g} here"
            axis.axvline(wanted.threshold, color="black", linestyle=":", label=label)
        axis.set(xlabel="distance", ylabel="share of the pairs", title=short_name(name))
        axis.legend(fontsize=8)
    return figure


def _ranks(judged: Mapping[str, Judged]) -> Any:
    figure = new_figure(6.4, 4.8)
    axis = figure.subplots()
    for name, one, style in styled(judged):
        if len(one.cmc):
            axis.step(
                np.arange(1, len(one.cmc) + 1),
                one.cmc,
                where="post",
                label=short_name(name),
                **style,
            )
    title = "the right person among the k nearest"
    axis.set(xlabel="rank k", ylabel="share of the probes", title=title, ylim=(0, 1.02))
    axis.set_xscale("log")
    axis.grid(color="0.9")
    axis.legend(fontsize=8)
    return figure
