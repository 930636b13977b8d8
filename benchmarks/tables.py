"""The tables of docs/performance.md, written from the results so that none is typed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import face_tables, video_tables

__all__ = ["fill", "markdown", "markdown_cpp"]

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
COMMANDS = ("python -m benchmarks --plot", "python -m benchmarks.cpp")


def fill(page: Path = PAGE) -> Path:
    """Put the tables of the committed results between the page's marks."""
    text = page.read_text("utf-8")
    ours, cpp = COMMANDS
    text = _between(text, ours, markdown(_read("x86-64-v4"), _read("x86-64-v3")))
    if (RESULTS / "cpp.json").exists():
        text = _between(text, cpp, markdown_cpp(_read("cpp")))
    for name, table in (video_tables.TABLES | face_tables.TABLES).items():
        if (RESULTS / f"{name}.json").exists():
            text = _between(text, f"python -m benchmarks.{name}", table(_read(name)))
    page.write_text(text, "utf-8")
    return page


def _between(text: str, command: str, table: str) -> str:
    """Replace what stands between the marks that name a command."""
    begin, end = f"<!-- figures: {command} -->", "<!-- end of figures -->"
    head, rest = text.split(begin)
    return f"{head}{begin}\n\n{table}\n\n{end}{rest.split(end, 1)[1]}"


def markdown(best: dict[str, Any], lesser: dict[str, Any]) -> str:
    """Return a line for each target: the ratio on either instruction set and on two threads."""
    ratios = {
        (isa, row["family"], row["case"], row["threads"], target["peer"]): target
        for isa, results in (("v4", best), ("v3", lesser))
        for row in results["rows"]
        for target in row["targets"]
    }
    lines = [
        "| kernel | case | ms | against | asked | AVX-512 | AVX2 | 2 threads |",
        "|---|---|--:|---|--:|--:|--:|--:|",
    ]
    for row in best["rows"]:
        for target in row["targets"] if row["threads"] == 1 else ():
            key = row["family"], row["case"]
            cells = [
                *key,
                f"{row['times']['cvfast']['min_ms']:.3g}",
                target["peer"],
                target["asked"].replace(">=", "≥").replace("<=", "≤"),
                _cell(target),
                _cell(ratios.get(("v3", *key, 1, target["peer"]))),
                _cell(ratios.get(("v4", *key, 2, target["peer"]))),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def markdown_cpp(results: dict[str, Any]) -> str:
    """Return a line for each peer in C++, then one for each call through Python."""
    ratios = {
        (row["family"], row["case"], who, row["threads"]): _times(
            spent["min_ms"] / row["times"]["cvfast"]["min_ms"]
        )
        for row in results["rows"]
        for who, spent in row["times"].items()
    }
    lines = [
        "| kernel | case | ms | against | 1 thread | 2 threads |",
        "|---|---|--:|---|--:|--:|",
    ]
    for row in (row for row in results["rows"] if row["threads"] == 1):
        for who in (who for who in row["times"] if who != "cvfast"):
            key = row["family"], row["case"], who
            spent = f"{row['times']['cvfast']['min_ms']:.3g}"
            cells = [*key[:2], spent, who, *(ratios.get((*key, count), "-") for count in (1, 2))]
            lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "| call | through Python, µs | C++ alone, µs | difference, µs | noise, µs |",
        "|---|--:|--:|--:|--:|",
    ]
    for cost in results["binding"]:
        figures = (cost[name] for name in ("python_us", "core_us", "binding_us", "noise_us"))
        lines.append(f"| {cost['call']} | {' | '.join(f'{value:.2f}' for value in figures)} |")
    return "\n".join(lines)


def _cell(target: dict[str, Any] | None) -> str:
    if target is None or target["ratio"] is None:
        return "-"
    text = _times(target["ratio"])
    return f"**{text}, missed**" if target["reached"] is False else text


def _times(ratio: float) -> str:
    return f"{ratio:.0f}x" if ratio >= 100 else f"{ratio:.1f}x" if ratio >= 10 else f"{ratio:.2f}x"


def _read(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))  # type: ignore[no-any-return]
