"""What a call through Python costs on top of the core: both timed in turns, in one process.

`cpp/bench/binding.cpp` makes the core's call on the same arrays and reads the clock in C++. As a
program this is one process's share: `python -m benchmarks.binding LIBRARY` prints JSON.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cvfast
import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Run
from benchmarks.nms import make
from benchmarks.timing import measure
from benchmarks.workload import frame, grid_points

__all__ = ["PROCESSES", "binding_costs"]

Array = NDArray[Any]
# Long rounds: the two have branches of their own to predict, and in short ones whoever ran longer
# just before gains (up to 20 us on nms of 1000 boxes).
ROUND_NS = 5_000_000
PROCESSES = 7
_AT, _INDEX, _REAL = ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_double
_SIGNATURES = {
    "time_nms": (_AT, _AT, _INDEX, _AT),
    "time_local_scale": (_AT, _INDEX, _INDEX, _AT, _REAL, _REAL),
    "time_tps_warp": (_AT, _AT, _INDEX, _INDEX, _AT, _AT, _INDEX),
    "time_transform": (_AT, _AT, _AT),
}


@dataclass(frozen=True)
class CoreCall:
    """One of the library's calls, which reads its own clock."""

    library: ctypes.CDLL
    name: str
    arguments: tuple[Array | float | None, ...]  # kept alive with the call

    def __call__(self) -> None:
        self.time_ns(1)

    def time_ns(self, repeats: int) -> int:
        """Return the nanoseconds of so many calls together."""
        function = getattr(self.library, self.name)
        function.restype = ctypes.c_int64
        function.argtypes = [*_SIGNATURES[self.name], ctypes.c_int]
        values = (v.ctypes.data if isinstance(v, np.ndarray) else v for v in self.arguments)
        return int(function(*values, repeats))


def binding_costs(library: Path, processes: int = PROCESSES) -> list[dict[str, Any]]:
    """Return a row a call: microseconds through Python, in C++ alone, and the difference.

    One thread; the minima over the processes. Where code, stack and arrays come to lie makes up to
    a quarter of a short call and stays the same within a process. The noise is how far the
    processes' figures for C++ alone are apart: a difference below it says nothing.
    """
    command = [sys.executable, "-m", "benchmarks.binding", str(library.resolve())]
    runs = []
    for _ in range(processes):
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit("benchmarks.binding: failed as told above")
        runs.append(json.loads(done.stdout))
    rows = []
    for parts in zip(*runs, strict=True):
        python, core = ([part[name] for part in parts] for name in ("python_us", "core_us"))
        rows.append(
            {
                "call": parts[0]["call"],
                "python_us": min(python),
                "core_us": min(core),
                "binding_us": min(python) - min(core),
                "noise_us": max(core) - min(core),
                "processes": processes,
            }
        )
    return rows


def _measured_here(library: Path) -> Iterator[dict[str, Any]]:
    cvfast.set_num_threads(1)
    core = ctypes.CDLL(str(library))
    for calls in (_nms(core), _local_scale(core), _tps(core), _transform(core)):
        for name, through_python, alone in calls:
            runs: dict[str, Run] = {"python": through_python, "core": alone}
            times = measure(runs, budget=0.5, shortest_ns=ROUND_NS)
            python, core_alone = (1e3 * timing.min_ms for timing in times.values())
            yield {"call": name, "python_us": python, "core_us": core_alone}


_Calls = Iterator[tuple[str, Callable[[], object], CoreCall]]


def _nms(core: ctypes.CDLL) -> _Calls:
    for count in (100, 1000):
        found, scores = make("dense", count)
        kept = np.empty(count, np.int64)
        alone = CoreCall(core, "time_nms", (found, scores, count, kept))
        alone()
        through_python = partial(cvfast.nms, found, scores, 0.5)
        _expect_same("nms", through_python(), kept[: len(through_python())])
        yield f"nms of {count} boxes", through_python, alone


def _local_scale(core: ctypes.CDLL) -> _Calls:
    width, height = 1920, 1080
    center, radius, strength = np.array([[960.3, 540.6]]), np.array([40.0]), np.array([0.4])

    def on(image: Array) -> tuple[Callable[[], Array], CoreCall]:
        arguments = (image, width, height, center, float(radius[0]), float(strength[0]))
        call = partial(cvfast.local_scale, image, center, radius, strength, out=image)
        return call, CoreCall(core, "time_local_scale", arguments)

    image, copy = frame(width, height), frame(width, height)
    on(copy)[1]()
    _expect_same("local_scale", on(image)[0](), copy)
    yield "local_scale in place, one disc of R=40", *on(image)


def _tps(core: ctypes.CDLL) -> _Calls:
    width, height, points = 512, 384, 68
    image = frame(width, height)
    source, target = grid_points(points, width, height)
    out = np.empty_like(image)
    arguments = (image, out, width, height, source, target, points)
    alone = CoreCall(core, "time_tps_warp", arguments)
    alone()
    through_python = partial(cvfast.ThinPlateSpline(source, target).warp, image, out=out)
    _expect_same("ThinPlateSpline.warp", out.copy(), through_python(), levels=1)  # another solver
    yield "ThinPlateSpline.warp, 512x384, 68 points", through_python, alone


def _transform(core: ctypes.CDLL) -> _Calls:
    columns, kept = 16384, 150
    rows = np.random.default_rng(5).integers(0, 256, (kept + 50, columns), np.uint8)
    pca, row = cvfast.PCA(kept).fit(rows), rows[:1]
    scores = np.empty((1, kept), np.float32)
    core.new_projection.restype = _AT
    core.new_projection.argtypes = (_AT, _AT, _INDEX, _INDEX)
    core.delete_projection.argtypes = (_AT,)
    arrays = (pca.components_.ctypes.data, pca.mean_.ctypes.data)
    packed = core.new_projection(*arrays, kept, columns)
    try:
        alone = CoreCall(core, "time_transform", (packed, row, scores))
        alone()
        through_python = partial(pca.transform, row)
        _expect_same("PCA.transform", through_python(), scores)
        yield f"PCA.transform, 1x{columns}, {kept} components", through_python, alone
    finally:
        core.delete_projection(packed)


def _expect_same(name: str, ours: Array, alone: Array, levels: int = 0) -> None:
    apart = np.abs(ours.astype(np.float64) - alone).max(initial=0)
    if apart > levels:
        raise SystemExit(
            f"{name}: the installed cvfast and this tree's core differ by {apart:g}; "
            "`pip install .` installs this tree"
        )


if __name__ == "__main__":
    print(json.dumps(list(_measured_here(Path(sys.argv[1])))))
