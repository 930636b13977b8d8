"""What the programs that measure clips share: their command line, rows, file, and clips."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import report
from benchmarks.case import Case
from benchmarks.clips import ClipFacts, cached_clip
from benchmarks.machine import describe

if TYPE_CHECKING:
    from cvfast.io.frame import Frame

__all__ = ["RESULTS", "decoded", "hold_to_one_core", "judged", "made_clip", "run", "write"]

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]


def run(
    name: str,
    doc: str | None,
    rows: Callable[[bool], Iterable[dict[str, Any]]],
) -> int:
    """Measure, print and write one benchmark's rows; 1 if one misses its target.

    `rows(quick)` makes the rows of `report.measured`, judged. `--quick` writes nothing.
    """
    parser = argparse.ArgumentParser(
        f"python -m benchmarks.{name}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    parser.add_argument("--output", type=Path, help=f"instead of benchmarks/results/{name}.json")
    arguments = parser.parse_args()
    machine = describe() | {"command": f"python -m benchmarks.{name} {' '.join(sys.argv[1:])}"}
    results: dict[str, Any] = {"machine": machine, "rows": []}
    for row in rows(arguments.quick):
        results["rows"].append(row)
    report.table(results["rows"])
    for row in results["rows"]:
        print(f"{row['case']}: {row['agreement']}")
        if "most_ms" in row:
            spent = row["times"]["cvfast"]["min_ms"]
            print(f"{row['case']}: {spent:.2f} ms, asked <= {row['most_ms']:g}")
    write(results, arguments.output or (None if arguments.quick else RESULTS / f"{name}.json"))
    return int(any(_misses(row) for row in results["rows"]))


def write(results: dict[str, Any], path: Path | None) -> None:
    """Write a benchmark's results, if there is a place for them."""
    if path:
        path.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
        print(f"written to {path}")


def judged(case: Case, quick: bool, threads: int = 1, **options: Any) -> dict[str, Any]:
    """Return a case's row, measured with options of `timing.measure`; a quick look is not judged.

    Quick: two rounds.
    """
    if quick:
        options |= {"budget": 0, "at_least": 2}
    row = report.measured(case, threads, **options)
    report.judge(row, case, None if quick else 1.0)
    return row


def _misses(row: dict[str, Any]) -> bool:
    judged = [target["reached"] for target in row["targets"]] + [row.get("soon_enough")]
    return False in judged


def made_clip(**options: Any) -> tuple[Path, ClipFacts]:
    """Return a clip of `benchmarks.clips` from the cache, `CVFAST_BENCH_CLIPS`."""
    folder = Path(os.environ.get("CVFAST_BENCH_CLIPS", ROOT / "build" / "bench-clips"))
    return cached_clip(folder, **options)


def decoded(path: Path, count: int) -> list[Frame]:
    """Return a clip's first frames as the decoder made them."""
    from cvfast.io.video import read_frames

    return [frame for _, frame in zip(range(count), read_frames(path), strict=False)]


def hold_to_one_core() -> None:
    """Keep this process and its children on one core: a peer may have threads one cannot count."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
