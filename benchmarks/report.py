"""Rows of figures: measured, judged against their targets, printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from benchmarks.case import Case
from benchmarks.peer import ChildPeer, PeerMissing
from benchmarks.timing import measure

__all__ = ["judge", "measured", "table"]

Row = dict[str, Any]


def measured(case: Case, threads: int, **options: Any) -> Row:
    """Return the case's outputs compared, then its times, as one JSON-ready row.

    Options are those of `timing.measure`.
    """
    outputs, left_out = {}, {}
    for name, run in case.runs.items():
        try:
            outputs[name] = run()
        except PeerMissing as missing:
            left_out[name] = str(missing)
    agreement = case.agree(outputs)
    del outputs
    runs = {name: run for name, run in case.runs.items() if name not in left_out}
    times = measure(runs, **options)
    for run in runs.values():
        if isinstance(run, ChildPeer):
            run.close()
    return {
        "family": case.family,
        "case": case.name,
        "threads": threads,
        "agreement": agreement,
        "left_out": left_out,
        "limits": [limit.name for limit in case.limits],
        "times": {name: asdict(timing.shared(case.per)) for name, timing in times.items()},
    }


def judge(row: Row, case: Case, slack: float | None) -> None:
    """Add the ratios (of the minima) that have a target, and whether each is reached.

    Without a slack the ratios are only shown.
    """
    judged = slack is not None
    slack = slack or 1.0
    ours = row["times"]["cvfast"]["min_ms"]
    row["targets"] = []
    for target in case.targets:
        peer = row["times"].get(target.peer)
        ratio = peer["min_ms"] / ours if peer else None
        reached = ratio is not None and ratio >= target.at_least / slack
        row["targets"].append(
            {"peer": target.peer, "asked": f">= {target.at_least:g}x", "ratio": ratio}
            | {"stretch": target.stretch, "reached": reached if judged else None}
        )
    for limit in case.limits:
        spent = row["times"].get(limit.name)
        if limit.at_most is not None:
            ratio = ours / spent["min_ms"] if spent else None
            reached = ratio is not None and ratio <= limit.at_most * slack
            row["targets"].append(
                {"peer": limit.name, "asked": f"<= {limit.at_most:g}x", "ratio": ratio}
                | {"stretch": limit.stretch, "reached": reached if judged else None}
            )
    if case.most_ms is not None:
        row["most_ms"] = case.most_ms
        row["soon_enough"] = ours <= case.most_ms * slack if judged else None


def table(rows: Iterable[Row]) -> None:
    """Print a line for each ratio, and below them those that miss."""
    from rich.console import Console
    from rich.table import Table

    shown = Table("kernel", "case", "threads", "cvfast ms", "against", "ms", "ratio", "asked", "")
    for column in (2, 3, 5, 6, 7):
        shown.columns[column].justify = "right"
    missed = []
    for row in rows:
        for line in _lines(row):
            shown.add_row(*line)
            if line[-1] == "MISSED":
                missed.append(f"{line[0]}, {line[1]}, {line[4]}: {line[6]}, asked {line[7]}")
    console = Console(width=None if Console().is_terminal else 150)
    console.print(shown)
    console.print(f"{len(missed)} rows miss their target" + (":" if missed else ""))
    for text in missed:
        console.print(f"  {text}", markup=False, highlight=False)


def _lines(row: Row) -> Iterable[list[str]]:
    times, judged = row["times"], {target["peer"]: target for target in row["targets"]}
    ours = times["cvfast"]["min_ms"]
    for peer in [*(name for name in times if name != "cvfast"), *row["left_out"]]:
        spent = times[peer]["min_ms"] if peer in times else None
        target = judged.get(peer)
        upside = peer in row["limits"]
        ratio = None if spent is None else ours / spent if upside else spent / ours
        verdict = {True: "ok", False: "MISSED", None: ""}[target["reached"]] if target else ""
        yield [
            row["family"],
            row["case"],
            str(row["threads"]),
            _figure(ours),
            peer,
            "left out" if spent is None else _figure(spent),
            "" if ratio is None else f"{ratio:.2f}x",
            target["asked"] if target else "limit" if upside else "",
            verdict,
        ]


def _figure(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 10 else f"{value:.1f}"
