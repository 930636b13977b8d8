"""Our C++ core against OpenCV C++ and dlib C++, and what the way through Python costs.

  python -m benchmarks.cpp                     builds build/bench and runs all of it (five minutes)
  python -m benchmarks.cpp --only nms pca      some families
  python -m benchmarks.cpp --quick             one round each: do they run, and agree?
  python -m benchmarks.cpp --build-dir DIR     as built there with -DCVFAST_BENCH=ON

Needs CMake, Ninja and Google Benchmark (Debian: libbenchmark-dev); the peers are those that were
found when it was built (Debian: libopencv-dev, libdlib-dev, libopenblas-dev). Outputs are compared
before anything is timed. Figures: min and median of 20 rounds in random order (3 rounds of calls
over 1.5 s). A whole run writes benchmarks/results/cpp.json; a part of one, or one with CVFAST_ISA,
only where --output says.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cvfast

from benchmarks.binding import PROCESSES, binding_costs
from benchmarks.machine import describe

__all__ = ["rows_of", "run"]

FAMILIES = ("warp", "tps", "nms", "pca")
ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "cpp.json"
PEERS = ("opencv", "dlib", "blas")
ROUNDS, SHORTEST_S = 20, 0.01
# The peers on our own instruction set. Without the first variable Debian's OpenBLAS 0.3.21 takes
# processors that it does not know for SSE3 ones: a sixth of the speed.
SAME_SET = {
    "x86-64-v4": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "x86-64-v3": {"OPENBLAS_CORETYPE": "Haswell", "OPENCV_CPU_DISABLE": "AVX512-SKX"},
}


def main() -> int:
    arguments = _arguments()
    folder = (arguments.build_dir or _built()) / "cpp" / "bench"
    machine = describe() | {"command": "python -m benchmarks.cpp " + " ".join(sys.argv[1:])}
    results: dict[str, Any] = {"machine": machine, "peers": {}, "rows": []}
    for family in arguments.only or FAMILIES:
        for threads in arguments.threads:
            output = run(folder, family, threads, arguments.quick)
            results["peers"] |= {k: v for k, v in output["context"].items() if k in PEERS}
            results["rows"] += rows_of(output, threads)
    _print_rows(results["rows"])
    for name, version in results["peers"].items():
        print(f"{name}: {version}")
    if not arguments.only:
        library = folder / "bench_binding.so"
        results["binding"] = binding_costs(library, 1 if arguments.quick else PROCESSES)
        _print_binding(results["binding"])
    part = arguments.only or arguments.quick or arguments.threads != [1, 2]
    path = arguments.output or (None if part or "CVFAST_ISA" in os.environ else RESULTS)
    if path:
        path.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
        print(f"written to {path}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.cpp",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=[], metavar="FAMILY")
    parser.add_argument("--threads", nargs="+", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--build-dir", type=Path)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    arguments.threads = arguments.threads or ([1] if arguments.quick else [1, 2])
    return arguments


def _built() -> Path:
    """Configure and build the preset `bench`, and return its folder."""
    for tool in ("cmake", "ninja"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool}: not found; `pip install cmake ninja` brings both")
    for step in (["--preset", "bench"], ["--build", "--preset", "bench"]):
        if subprocess.run(["cmake", *step], cwd=ROOT).returncode:
            sys.exit(f"cmake {' '.join(step)}: failed as told above")
    return ROOT / "build" / "bench"


def run(folder: Path, family: str, threads: int, quick: bool) -> dict[str, Any]:
    """Run one family's executable and return its JSON."""
    program = folder / f"bench_{family}"
    if not program.exists():
        sys.exit(
            f"{program}: not built; CMake leaves it out without Google Benchmark "
            "(Debian: apt-get install libbenchmark-dev)"
        )
    environment = os.environ | SAME_SET.get(str(cvfast.build_config()["isa"]), {})
    environment |= {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    environment.pop("OPENBLAS_L2_SIZE", None)
    command = [
        str(program),
        f"--threads={threads}",
        "--benchmark_format=json",
        f"--benchmark_repetitions={1 if quick else ROUNDS}",
        f"--benchmark_min_time={1e-6 if quick else SHORTEST_S:f}",
        "--benchmark_enable_random_interleaving=true",
    ]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{program.name}: failed as told above")
    output: dict[str, Any] = json.loads(done.stdout)
    return output


def rows_of(output: dict[str, Any], threads: int) -> Iterator[dict[str, Any]]:
    """One row a case: everyone's times, and how near their outputs are to ours."""
    times: dict[tuple[str, str], dict[str, list[float]]] = {}
    for run in sorted(output["benchmarks"], key=lambda run: run["family_index"]):  # shuffled
        if run["run_type"] == "iteration":
            family, case, who = run["run_name"].split("/")[:3]
            spent = times.setdefault((family, case), {}).setdefault(who, [])
            spent.append(run["real_time"] / 1000)  # from microseconds
    for (family, case), contestants in times.items():
        before = f"agreement/{family}/{case}/"
        yield {
            "family": family,
            "case": case,
            "threads": threads,
            "agreement": {
                key.removeprefix(before): text
                for key, text in output["context"].items()
                if key.startswith(before)
            },
            "times": {
                who: {
                    "min_ms": min(spent),
                    "median_ms": statistics.median(spent),
                    "rounds": len(spent),
                }
                for who, spent in contestants.items()
            },
        }


def _print_rows(rows: Iterable[dict[str, Any]]) -> None:
    lines = []
    for row in rows:
        ours = row["times"]["cvfast"]["min_ms"]
        for who, spent in row["times"].items():
            if who != "cvfast":
                task = [row["family"], row["case"], str(row["threads"])]
                theirs = spent["min_ms"]
                figures = [f"{ours:.4f}", who, f"{theirs:.4f}", f"{theirs / ours:.2f}x"]
                lines.append([*task, *figures, row["agreement"][who]])
    titles = ["kernel", "case", "threads", "cvfast ms", "against", "ms", "ratio", "outputs"]
    _print_table(titles, lines, right=(2, 3, 5, 6))
    if not lines:
        print("No peer was found at build time: apt-get install libopencv-dev libdlib-dev")


def _print_binding(costs: Iterable[dict[str, Any]]) -> None:
    figures = ("python_us", "core_us", "binding_us", "noise_us")
    lines = [[cost["call"], *(f"{cost[name]:.2f}" for name in figures)] for cost in costs]
    titles = ["call", "Python us", "C++ us", "binding us", "noise us"]
    _print_table(titles, lines, right=(1, 2, 3, 4))


def _print_table(titles: list[str], lines: list[list[str]], right: tuple[int, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*titles)
    for column in right:
        table.columns[column].justify = "right"
    for line in lines:
        table.add_row(*line)
    Console(width=None if Console().is_terminal else 160).print(table)


if __name__ == "__main__":
    sys.exit(main())
