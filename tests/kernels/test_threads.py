"""Kernels in forked children, in several Python threads at once, and under caps."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from cvfast import ThinPlateSpline, _core, local_rotate, local_scale

CORNERS = np.array([(0, 0), (300, 0), (0, 200), (310, 190), (150, 90)], float)
MOVED = CORNERS + np.array([(0, 0), (0, 0), (0, 0), (0, 0), (9, 7)])


def work(seed: int, threads: int | None = None) -> bytes:
    image = np.random.default_rng(seed).integers(0, 256, (200, 300, 3), np.uint8)
    out = local_scale(image, [(150, 100)], [90 + seed], [0.5], threads=threads)
    local_rotate(out, [(100, 100), (160, 90)], [90, 80], [1, -1], threads=threads, out=out)
    spline = ThinPlateSpline(CORNERS, MOVED)
    warped = spline.warp(out, threads=threads)
    exact = spline.warp(warped, exact=True, threads=threads)
    points = spline.transform(np.argwhere(exact[::9, ::9, 0] > 128), threads=threads)
    return exact.tobytes() + points.tobytes() + spline.displacement((99, 80)).tobytes()


@pytest.fixture
def always_threaded() -> Any:
    _core.set_serial_threshold(0)
    yield
    _core.set_serial_threshold(500e3)


def wait_for(pid: int, seconds: float) -> int:
    """The child's exit code; a child that hangs is ended and fails the test."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    pytest.fail("the forked child did not return")


@pytest.mark.usefixtures("always_threaded")
def test_a_forked_child_returns_after_the_parent_used_threads() -> None:
    expected = work(1, threads=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on: fork with threads
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if work(1, threads=4) == expected:
                grandchild = os.fork()
                if grandchild == 0:
                    os._exit(0 if work(1, threads=3) == expected else 1)
                code = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
        finally:
            os._exit(code)
    assert wait_for(pid, 60) == 0
    assert work(1, threads=4) == expected


def put_work(seed: int, results: Any) -> None:
    results.put(work(seed, threads=4))


@pytest.mark.usefixtures("always_threaded")
def test_multiprocessing_with_fork() -> None:
    expected = [work(seed, threads=2) for seed in (1, 2)]
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    for seed, wanted in zip((1, 2), expected, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = context.Process(target=put_work, args=(seed, results))
            child.start()
        try:
            assert results.get(timeout=60) == wanted
            child.join(60)
            assert child.exitcode == 0
        finally:
            child.kill()
            child.join()
    results.close()
    results.join_thread()


@pytest.mark.usefixtures("always_threaded")
def test_calls_from_several_python_threads_at_once() -> None:
    seeds = list(range(8))
    expected = [work(seed, threads=1) for seed in seeds]
    with ThreadPoolExecutor(6) as pool:
        for threads in (1, 3, None):
            assert list(pool.map(lambda seed, n=threads: work(seed, n), seeds)) == expected


@pytest.mark.usefixtures("always_threaded")
def test_one_spline_shared_by_several_python_threads() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    expected = ThinPlateSpline(CORNERS, MOVED).warp(image)
    with ThreadPoolExecutor(4) as pool:
        shared = ThinPlateSpline(CORNERS, MOVED)
        for out in pool.map(lambda _: shared.warp(image, threads=2), range(8)):
            np.testing.assert_array_equal(out, expected)


COUNT_THREADS = """
import numpy as np, os, cvfast
from cvfast import _core
_core.set_serial_threshold(0)
before = len(os.listdir("/proc/self/task"))
image = np.zeros((300, 300), np.uint8)
cvfast.local_scale(image, [(150, 150)], [100], [0.5], threads={threads})
print(cvfast.get_num_threads(), 1 + len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads in /proc")
@pytest.mark.parametrize(
    ("threads", "environment", "wanted"),
    [("7", {}, 7), ("7", {"OMP_NUM_THREADS": "3"}, 3), ("1", {}, 1), ("64", {}, 64)],
)
def test_a_call_uses_the_threads_it_asked_for(
    threads: str, environment: dict[str, str], wanted: int
) -> None:
    inherited = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    run = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS.format(threads=threads)],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.split()[1] == str(wanted)
