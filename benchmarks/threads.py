"""One thread against two: on idle cores, and with a busy process on each core.

  python -m benchmarks.threads              about four minutes; writes results/threads.json
  python -m benchmarks.threads --calls 50   a short look; writes nothing

Idle: min and median of 20 rounds or more, in turns. Busy: the 90th percentile of 1000 calls on one
thread and on two, in turns, under the same load. Asked: two threads at least as fast as one on idle
cores (to 5 %: below a kernel's threshold both are the same call), and at most three times as slow
on busy ones.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cvfast
import numpy as np

from benchmarks.machine import describe, limit_threads
from benchmarks.nms import make
from benchmarks.timing import measure
from benchmarks.workload import Call, nms_call, pca_call, spline_call, warp_call

RESULT = Path(__file__).parent / "results" / "threads.json"
AT_LEAST, AT_MOST = 0.95, 3.0
LONGEST_S = 30.0  # of busy calls a kernel: slow kernels get fewer than asked, and the row says so


def kernels() -> Iterator[tuple[str, Callable[[], Call]]]:
    """Each kernel at sizes on both sides of its threshold."""
    for radius in (40, 80, 200, 400):
        yield f"local_scale, two discs, R={radius}", lambda r=radius: warp_call(r)
    yield "spline 512x384", lambda: spline_call(512, 384)
    yield "spline 1080p", lambda: spline_call(1920, 1080)
    yield "spline 512x384, exact", lambda: spline_call(512, 384, exact=True)
    yield "nms, 10,000 sparse boxes (serial)", lambda: nms_call("sparse", 10_000)
    for count in (300, 1000, 1500, 3000):
        yield f"iou, {count} x {count} boxes", lambda n=count: _iou_call(n)
    for rows in (1, 32, 400):
        yield (
            f"PCA transform, {rows} x 4096 to 100",
            lambda r=rows: pca_call(r, 4096, 100, "transform"),
        )
    yield "PCA inverse, 400 x 4096 from 100", lambda: pca_call(400, 4096, 100, "inverse")
    yield "PCA fit, 400 x 4096", lambda: pca_call(400, 4096, 100, "fit")


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.threads",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--only", default="", help="only kernels whose name holds this text")
    arguments = parser.parse_args()
    machine = describe()
    rows = []
    for name, make_call in kernels():
        if arguments.only in name:
            rows.append(_row(name, make_call(), arguments.calls))
            print(_line(rows[-1]), flush=True)
    if arguments.calls == parser.get_default("calls") and not arguments.only:
        RESULT.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
        print(f"written to {RESULT}")
    return int(not all(row["held"] for row in rows))


def _iou_call(count: int) -> Call:
    some, _ = make("sparse", count)
    return lambda: cvfast.iou(some, some)


def _with_threads(call: Call, threads: int) -> Call:
    def run() -> Any:
        cvfast.set_num_threads(threads)
        return call()

    return run


def _row(name: str, call: Call, calls: int) -> dict[str, Any]:
    runs = {count: _with_threads(call, count) for count in (1, 2)}
    with limit_threads(1):  # BLAS, in PCA's fit, is not what is compared here
        idle = measure({str(count): run for count, run in runs.items()}, budget=1.0)
        busy = _busy_p90(runs, calls)
    row: dict[str, Any] = {"kernel": name}
    row |= {f"idle_min_ms_{count}": idle[str(count)].min_ms for count in (1, 2)}
    row |= {f"idle_median_ms_{count}": idle[str(count)].median_ms for count in (1, 2)}
    row |= {f"busy_p90_ms_{count}": busy[count] for count in (1, 2)}
    row["busy_calls"] = busy[0]
    row["idle_speedup"] = idle["1"].min_ms / idle["2"].min_ms
    row["busy_p90_ratio"] = busy[2] / busy[1]
    row["held"] = row["idle_speedup"] >= AT_LEAST and row["busy_p90_ratio"] <= AT_MOST
    return row


def _busy_p90(runs: dict[int, Call], calls: int) -> dict[int, float]:
    """Return the 90th percentiles in ms by thread count, and under 0 how many calls they are of."""
    times: dict[int, list[float]] = {1: [], 2: []}
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    loads = [spawn.Process(target=_burn, args=(stop,)) for _ in range(os.cpu_count() or 1)]
    for load in loads:
        load.start()
    try:
        time.sleep(1)
        end = time.monotonic() + LONGEST_S
        while len(times[2]) < calls and time.monotonic() < end:
            for count, run in runs.items():
                start = time.perf_counter_ns()
                run()
                times[count].append((time.perf_counter_ns() - start) / 1e6)
    finally:
        stop.set()
        for load in loads:
            load.join()
    p90 = {count: float(np.percentile(spent, 90)) for count, spent in times.items()}
    return p90 | {0: len(times[2])}


def _burn(stop: Any) -> None:
    while not stop.is_set():
        statistics.fmean(range(10_000))


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['kernel']:34} idle {row['idle_min_ms_1']:9.4f} ms, two threads "
        f"{row['idle_speedup']:.2f}x as fast; busy p90 {row['busy_p90_ms_1']:9.4f} ms, two threads "
        f"{row['busy_p90_ratio']:.2f}x as slow ({row['busy_calls']} calls)"
        f"{'' if row['held'] else '  MISSED'}"
    )


if __name__ == "__main__":
    sys.exit(main())
