"""The charts about clips, from their benchmarks' results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["speed", "steadiness"]

Row = dict[str, Any]
OURS, PEER, LIMIT, INK = "#1b6ca8", "#c7ccd1", "#d98324", "#30343a"
_WHO = {"raw": "#e2a04a", "MediaPipe 0.10.21": "#8d949c", "cvfast": OURS}


def speed(found: dict[str, Row]) -> Figure:
    """What effects add to a pass, and how many times as fast as the peers the parts of it are."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 6))
    passes = [
        (row["case"], target["ratio"], float(target["asked"].strip("<=> x")))
        for row in found.get("pipeline", {}).get("rows", ())
        for target in row["targets"]
    ]
    _bars(upper, passes)
    upper.set_xlim(0, max([1.75, *(1.1 * ratio for _, ratio, _ in passes)]))
    upper.set_xlabel("times as long as the same pass with no effect (orange: allowed)")
    parts = [*_parts(found.get("analysis")), *_parts(found.get("effects"))]
    _bars(lower, parts)
    lower.set_xlabel("times as fast as the peer, one thread (orange: asked)")
    return figure


def _parts(results: Row | None) -> Iterator[tuple[str, float, float | None]]:
    for row in results["rows"] if results else ():
        asked = {target["peer"]: target["asked"] for target in row["targets"]}
        ours = row["times"]["cvfast"]["min_ms"]
        for peer, spent in row["times"].items():
            if peer != "cvfast" and "planes" not in peer:
                wanted = asked.get(peer)
                wanted = None if wanted is None else float(wanted.strip("<=> x"))
                yield f"{row['case']} | {peer}", spent["min_ms"] / ours, wanted


def _bars(axes: Axes, bars: list[tuple[str, float, float | None]]) -> None:
    for place, (_, ratio, asked) in enumerate(bars):
        axes.barh(place, ratio, color=OURS, height=0.62)
        axes.text(ratio, place, f" {ratio:.2f}x", va="center", fontsize=7.5)
        if asked is not None:
            axes.plot([asked, asked], [place - 0.42, place + 0.42], color=LIMIT, linewidth=2)
    axes.axvline(1, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(bars)), [label for label, _, _ in bars], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.1)


def steadiness(results: Row) -> Figure:
    """Where an iris seems to be on a still face, and the jitter on every clip."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    still = next(row for row in results["rows"] if row["iris_x"])
    for who, color in _WHO.items():
        if who in still["iris_x"]:
            left.plot(still["iris_x"][who], color=color, linewidth=1, label=who)
    left.set_title(f"right iris, clip {still['clip']}", fontsize=9)
    left.set_xlabel("frame")
    left.set_ylabel("pixels from its mean, x")
    left.legend(frameon=False, fontsize=8)
    width = 0.26
    for number, (who, color) in enumerate(_WHO.items()):
        for place, row in enumerate(results["rows"]):
            if figures := row["figures"].get(who):
                at = place + (number - 1) * width
                right.barh(at, figures["jitter_px"], height=width, color=color)
    names = [row["clip"].replace(" at one width a second", "") for row in results["rows"]]
    right.set_yticks(range(len(names)), names, fontsize=8)
    right.invert_yaxis()
    right.set_xlabel("jitter, pixels")
    return figure
