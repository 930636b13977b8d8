"""The tables of docs/performance.md about clips, from their benchmarks' results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["TABLES", "against", "judged", "line"]

Row = dict[str, Any]


def pipeline(results: Row) -> str:
    """A line for each set of effects and preset."""
    lines = [
        "![What effects add to a pass; how fast its parts are](images/benchmark-video.svg)",
        "",
        "| effects, x264 preset | ms a frame | no effect | ratio | of medians | asked | stretch |",
    ]
    lines.append("|---|--:|--:|--:|--:|--:|--:|")
    for row in results["rows"]:
        ours, plain = row["times"]["cvfast"], row["times"]["no effect"]
        (target,) = row["targets"]
        stretch = target["stretch"]
        cells = [
            row["case"],
            f"{ours['min_ms']:.2f}",
            f"{plain['min_ms']:.2f}",
            judged(f"{target['ratio']:.2f}x", target["reached"]),
            f"{ours['median_ms'] / plain['median_ms']:.2f}x",
            _asked(target["asked"]),
            "-" if stretch is None else f"≤ {stretch:.2f}x",
        ]
        lines.append(line(cells))
    return "\n".join(lines)


def analysis(results: Row) -> str:
    """A line for each clip and peer."""
    return "\n".join(against(results["rows"], "following a face"))


def effects(results: Row) -> str:
    """A line for each clip, effect and peer."""
    return "\n".join(against(results["rows"], "effects"))


def against(rows: Iterable[Row], title: str) -> Iterable[str]:
    """Yield a line for each case and peer."""
    yield f"| {title} | ms | asked | against | ms | ratio | asked |"
    yield "|---|--:|--:|---|--:|--:|--:|"
    for row in rows:
        targets = {target["peer"]: target for target in row["targets"]}
        ours = row["times"]["cvfast"]["min_ms"]
        most = f"≤ {row['most_ms']:g}" if "most_ms" in row else "-"
        for peer in (name for name in row["times"] if name != "cvfast"):
            theirs, target = row["times"][peer]["min_ms"], targets.get(peer)
            ratio = f"{theirs / ours:.2f}x"
            cells = [
                row["case"],
                judged(f"{ours:.3g}", row.get("soon_enough")),
                most,
                peer,
                f"{theirs:.3g}",
                judged(ratio, target["reached"]) if target else ratio,
                _asked(target["asked"]) if target else "-",
            ]
            yield line(cells)


def stability(results: Row) -> str:
    """A line for each clip, with the three beside one another."""
    names = ("raw", "cvfast", "MediaPipe 0.10.21")
    lines = ["![A still face, seen three ways; jitter](images/benchmark-stability.svg)", ""]
    lines += ["| clip | " + " | ".join(f"{what}: {', '.join(names)}" for what in _FIGURES) + " |"]
    lines.append("|---|" + "--:|" * len(_FIGURES))
    for row in results["rows"]:
        cells = [row["clip"] + (" **missed**" if row["reached"] is False else "")]
        for key in _FIGURES.values():
            figures = (row["figures"].get(name, {}).get(key) for name in names)
            cells.append(" / ".join("-" if one is None else f"{one:.3f}" for one in figures))
        lines.append(line(cells))
    return "\n".join(lines)


_FIGURES = {"jitter, px": "jitter_px", "error, px": "error_px", "lag, frames": "lag_frames"}


def live(results: Row) -> str:
    """A line for each pace."""
    asked = results["asked"]
    lines = ["| pace | frames/s | latency, median ms | 95 % within, ms | dropped | with the face |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for pace, title in (("own", "as a camera"), ("max", "as fast as it can")):
        middle = results[pace]["middle"]
        reached = results["reached"] if pace == "own" else None
        cells = [
            title,
            judged(f"{middle['fps']:.1f}", reached),
            f"{middle['median_ms']:.1f}",
            f"{middle['p95_ms']:.1f}",
            f"{middle['dropped']:g}",
            f"{middle['frames_with_faces']:g} of {results['frames']}",
        ]
        lines.append(line(cells))
    lines += ["", f"Asked: {asked['fps']} frames a second, 95 % within {asked['p95_ms']:g} ms."]
    return "\n".join(lines)


def video_memory(results: Row) -> str:
    """A line for each clip."""
    lines = [
        "| clip | frames | peak MiB | sound byte-equal | times equal |",
        "|---|--:|--:|---|---|",
    ]
    for name, title in _CLIPS.items():
        clip = results[name]
        kept = ("yes" if clip[what] else "**no**" for what in ("sound_equal", "times_equal"))
        lines.append(line([title, str(clip["frames"]), f"{clip['peak_mib']:.1f}", *kept]))
    apart, allowed = results["difference_mib"], results["allowed_mib"]
    lines += ["", f"The long clip took {apart:+.1f} MiB; allowed are {allowed:.1f}."]
    return "\n".join(lines)


_CLIPS = {
    "short": "10 seconds",
    "variable": "4 seconds, variable frame rate",
    "long": "10 minutes",
}


def judged(text: str, reached: bool | None) -> str:
    """Return a figure, said to be missed if it is."""
    return f"**{text}, missed**" if reached is False else text


def _asked(text: str) -> str:
    return text.replace(">=", "≥").replace("<=", "≤")


def line(cells: Iterable[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


TABLES: dict[str, Callable[[Row], str]] = {
    function.__name__: function
    for function in (pipeline, analysis, effects, stability, live, video_memory)
}
