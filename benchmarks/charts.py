"""Draw the charts of README.md and docs/performance.md from benchmarks/results/*.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import video_charts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

RESULTS = Path(__file__).parent / "results"
IMAGES = Path(__file__).parents[1] / "docs" / "images"
MAIN = "x86-64-v4"
_CLIPS = ("pipeline", "analysis", "effects")
OURS, PEER, LIMIT, INK = "#1b6ca8", "#c7ccd1", "#f0c987", "#30343a"


def draw() -> list[Path]:
    """Write each chart whose results are there, and return their paths."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {
        "svg.hashsalt": "cvfast",
        "svg.fonttype": "path",
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    written = []
    results = _read(MAIN)
    if results:
        written.append(_save(_headline(results), "benchmark-headline"))
        for family in dict.fromkeys(row["family"] for row in results["rows"]):
            rows = [r for r in results["rows"] if r["family"] == family and r["threads"] == 1]
            written.append(_save(_family(rows), f"benchmark-{family}"))
    for name, chart in (("scaling", _scaling), ("threads", _threads)):
        if results := _read(name):
            written.append(_save(chart(results["rows"]), f"benchmark-{name}"))
    clips = {name: found for name in _CLIPS if (found := _read(name))}
    if clips:
        written.append(_save(video_charts.speed(clips), "benchmark-video"))
    if results := _read("stability"):
        written.append(_save(video_charts.steadiness(results), "benchmark-stability"))
    return written


def _headline(results: dict[str, Any]) -> Figure:
    """One bar a case: how many times as fast as the first peer that its target names."""
    rows = [row for row in results["rows"] if row["threads"] == 1]
    pairs = [(row, _first_peer(row)) for row in rows]
    bars = [
        (f"{row['family']}: {row['case']}", target) for row, target in pairs if target is not None
    ]
    figure, axes = _page(len(bars))
    for place, (_, target) in enumerate(bars):
        axes.barh(place, target["ratio"], color=OURS, height=0.62)
        axes.text(target["ratio"] * 1.06, place, _told(target), va="center", fontsize=7.5)
    axes.axvline(1, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(bars)), [label for label, _ in bars])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(0.5, max(target["ratio"] for _, target in bars) * 20)
    axes.margins(y=0.01)
    axes.set_xlabel("times as fast as the peer, one thread (log scale; the line is the peer)")
    return figure


def _first_peer(row: dict[str, Any]) -> dict[str, Any] | None:
    found = (t for t in row["targets"] if t["ratio"] and t["peer"] not in row["limits"])
    return next(found, None)


def _told(target: dict[str, Any]) -> str:
    ratio = target["ratio"]
    return f"{ratio:.1f}x {target['peer']}" if ratio < 100 else f"{ratio:.0f}x {target['peer']}"


def _family(rows: list[dict[str, Any]]) -> Figure:
    """A group of bars a case: milliseconds of ours, of each peer, of each limit."""
    lines = [
        (row, name, timing["min_ms"])
        for row in rows
        for name, timing in sorted(row["times"].items(), key=lambda item: item[1]["min_ms"])
    ]
    figure, axes = _page(len(lines))
    labels, before = [], None
    for place, (row, name, spent) in enumerate(lines):
        color = OURS if name == "cvfast" else LIMIT if name in row["limits"] else PEER
        axes.barh(place, spent, color=color, height=0.7)
        axes.text(spent * 1.08, place, f"{spent:.3g}", va="center", fontsize=7)
        labels.append(f"{row['case']} | {name}" if row is not before else name)
        if before is not None and row is not before:
            axes.axhline(place - 0.5, color=PEER, linewidth=0.5)
        before = row
    axes.set_yticks(range(len(lines)), labels, fontsize=7.5)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set_xscale("log")
    axes.set_xlabel("ms a call, one thread, smallest of the rounds (log scale); amber: a limit")
    return figure


def _scaling(rows: list[dict[str, Any]]) -> Figure:
    """A small plot a series: cost against size, and the formula's growth through its last point."""
    import numpy as np
    from matplotlib.figure import Figure

    columns = 3
    lines = -(-len(rows) // columns)
    figure = Figure(figsize=(9.6, 2.5 * lines), layout="constrained")
    plots = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, row in zip(plots, rows, strict=False):
        sizes, spent = np.array(row["sizes"]), np.array(row["min_ms"])
        axes.loglog(sizes, spent, "o-", color=OURS, markersize=4)
        formula = spent[-1] * (sizes / sizes[-1]) ** row["formula"]
        axes.loglog(sizes, formula, "--", color=INK, linewidth=0.8)
        axes.set_title(row["kernel"], fontsize=9)
        axes.set_xlabel(row["against"], fontsize=8)
        axes.set_ylabel("ms", fontsize=8)
        axes.minorticks_off()
    for axes in plots[len(rows) :]:
        axes.set_visible(False)
    return figure


def _threads(rows: list[dict[str, Any]]) -> Figure:
    """Two bars a kernel: the gain of a second thread on idle cores, its price on busy ones."""
    figure, axes = _page(2 * len(rows))
    for place, row in enumerate(rows):
        axes.barh(place - 0.2, row["idle_speedup"], height=0.36, color=OURS)
        axes.barh(place + 0.2, row["busy_p90_ratio"], height=0.36, color=LIMIT)
    axes.axvline(1, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row["kernel"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel(
        "blue: how many times as fast two threads are on idle cores\n"
        "amber: 90th percentile of two threads over that of one, a busy process on each core"
    )
    return figure


def _page(lines: int) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 1.0 + 0.21 * lines), layout="constrained")
    return figure, figure.subplots()


def _read(name: str) -> dict[str, Any] | None:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _save(figure: Figure, name: str) -> Path:
    path = IMAGES / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
    return path
