"""The table of docs/performance.md, written from the results so that no figure is typed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["fill", "markdown"]

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: python -m benchmarks --plot -->", "<!-- end of figures -->"


def fill(page: Path = PAGE) -> Path:
    """Put the table of the committed results between the page's two marks."""
    head, rest = page.read_text("utf-8").split(BEGIN)
    tail = rest.split(END)[1]
    results = [_read(isa) for isa in ("x86-64-v4", "x86-64-v3")]
    page.write_text(f"{head}{BEGIN}\n\n{markdown(*results)}\n\n{END}{tail}", "utf-8")
    return page


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


def _cell(target: dict[str, Any] | None) -> str:
    if target is None or target["ratio"] is None:
        return "-"
    ratio = target["ratio"]
    text = f"{ratio:.0f}x" if ratio >= 100 else f"{ratio:.1f}x" if ratio >= 10 else f"{ratio:.2f}x"
    return f"**{text}, missed**" if target["reached"] is False else text


def _read(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))  # type: ignore[no-any-return]
