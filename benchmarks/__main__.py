"""Each kernel against its best peer and its physical limit, in turns, in one process.

  python -m benchmarks                     all of it (about ten minutes), 1 and 2 threads
  python -m benchmarks --only nms pca      some families
  python -m benchmarks --quick             a few small cases: does it all still run?
  python -m benchmarks --plot              draw docs/images/benchmark-*.svg from the results
  python -m benchmarks --make-venvs        environments for the peers that clash with the others
  CVFAST_ISA=x86-64-v3 python -m benchmarks    the AVX2 kernels; BLAS is held to the same set

Before a case is timed its outputs are compared. Figures: min and median of 20 rounds or more. The
exit code is 1 if a row misses its target. A whole run writes benchmarks/results/<instruction
set>.json; a part of one writes only where --output says.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FAMILIES = ("warp", "tps", "nms", "pca")
RESULTS = Path(__file__).parent / "results"
SLACK = 1.5  # what the targets, set for AVX-512, allow a lesser instruction set


def main() -> int:
    arguments = _arguments()
    if arguments.make_venvs:
        from benchmarks.peer import make_venvs

        make_venvs()
        return 0
    if arguments.plot:
        from benchmarks import charts, tables

        for path in [*charts.draw(), tables.fill()]:
            print(f"written to {path}")
        return 0
    _hold_blas_to_our_set()
    from benchmarks import report
    from benchmarks.machine import describe

    results: dict[str, Any] = {"machine": describe(), "rows": []}
    isa = results["machine"]["cvfast"]["isa"]
    slack = None if arguments.quick else 1.0 if isa == "x86-64-v4" else SLACK
    for row in _rows(arguments, slack):
        results["rows"].append(row)
    report.table(results["rows"])
    part = arguments.only or arguments.case or arguments.quick or arguments.threads != [1, 2]
    path = arguments.output or (None if part else RESULTS / f"{isa}.json")
    if path:
        path.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
        print(f"written to {path}")
    return int(any(target["reached"] is False for target in _judged(results["rows"])))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=[], metavar="FAMILY")
    parser.add_argument("--case", default="", help="only cases whose name holds this text")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--plot", action="store_true")
    parser.add_argument("--make-venvs", action="store_true")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def _hold_blas_to_our_set() -> None:
    """Start anew with the BLAS kernels of our own instruction set: OpenBLAS reads them at load."""
    wanted = "Haswell" if os.environ.get("CVFAST_ISA") == "x86-64-v3" else None
    if os.environ.get("OPENBLAS_CORETYPE") == wanted and "OPENBLAS_L2_SIZE" not in os.environ:
        return
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    if wanted:
        environment["OPENBLAS_CORETYPE"] = wanted
    command = [sys.executable, "-m", "benchmarks", *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606


def _rows(arguments: argparse.Namespace, slack: float | None) -> Iterator[dict[str, Any]]:
    from rich.console import Console
    from rich.progress import Progress

    from benchmarks.machine import limit_threads
    from benchmarks.report import judge, measured

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("starting", total=_rows_last_time(arguments))
        for family in arguments.only or FAMILIES:
            module = importlib.import_module(f"benchmarks.{family}")
            for threads in arguments.threads:
                with limit_threads(threads):
                    for case in module.cases(arguments.quick, threads):
                        if arguments.case not in case.name:
                            continue
                        title = f"{case.family}, {case.name}, {threads} thread(s)"
                        progress.update(task, description=title)
                        row = measured(case, threads)
                        judge(row, case, slack if threads == 1 else None)
                        yield row
                        progress.advance(task)


def _rows_last_time(arguments: argparse.Namespace) -> int | None:
    """Return how many rows the last whole run had, from which the time left is told."""
    last = max(RESULTS.glob("x86-64-v*.json"), default=None)
    if last is None or arguments.only or arguments.case or arguments.quick:
        return None
    return len(json.loads(last.read_text("utf-8"))["rows"])


def _judged(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield from row["targets"]


if __name__ == "__main__":
    sys.exit(main())
