"""What a call through Python costs on top of the core: both timed in turns, in one process.

`cpp/bench/binding.cpp` makes the core's call on the same arrays and reads the clock in C++.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cvfast
import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import measure

__all__ = ["binding_costs"]

Array = NDArray[Any]
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


def binding_costs(library: Path) -> Iterator[dict[str, Any]]:
    """Yield a row a call: microseconds through Python, in C++ alone, and the difference.

    One thread; the minima of 20 rounds or more.
    """
    core = ctypes.CDLL(str(library.resolve()))
    rng = np.random.default_rng(5)
    for calls in (_nms(core, rng), _local_scale(core, rng), _tps(core, rng), _transform(core, rng)):
        for name, through_python, alone in calls:
            times = measure({"python": through_python, "core": alone})
            yield {
                "call": name,
                "python_us": 1e3 * times["python"].min_ms,
                "core_us": 1e3 * times["core"].min_ms,
                "binding_us": 1e3 * (times["python"].min_ms - times["core"].min_ms),
                "binding_median_us": 1e3 * (times["python"].median_ms - times["core"].median_ms),
                "rounds": times["python"].rounds,
            }


_Calls = Iterator[tuple[str, Callable[[], object], CoreCall]]


def _nms(core: ctypes.CDLL, rng: np.random.Generator) -> _Calls:
    for count in (100, 1000):
        corners = rng.uniform(0, 40 * count**0.5, (count // 20, 2)).repeat(20, axis=0)
        corners += rng.uniform(-5, 5, corners.shape)
        sizes = rng.uniform(45, 60, corners.shape)
        boxes = np.hstack((corners, corners + sizes)).astype(np.float32)
        scores = rng.random(count, np.float32)
        kept = np.empty(count, np.int64)
        alone = CoreCall(core, "time_nms", (boxes, scores, count, kept))
        alone()
        through_python = partial(cvfast.nms, boxes, scores, 0.5)
        _expect_same("nms", through_python(), kept[: len(through_python())])
        yield f"nms of {count} boxes", through_python, alone


def _local_scale(core: ctypes.CDLL, rng: np.random.Generator) -> _Calls:
    image = _picture(rng, 1920, 1080)
    copy = image.copy()
    center, radius, strength = np.array([[960.3, 540.6]]), np.array([40.0]), np.array([0.4])
    alone = CoreCall(core, "time_local_scale", (copy, 1920, 1080, center, 40.0, 0.4))
    alone()
    through_python = partial(cvfast.local_scale, image, center, radius, strength, out=image)
    _expect_same("local_scale", through_python(), copy)
    yield "local_scale in place, one disc of R=40", through_python, alone


def _tps(core: ctypes.CDLL, rng: np.random.Generator) -> _Calls:
    width, height, points = 512, 384, 68
    image = _picture(rng, width, height)
    source = rng.uniform((0.2 * width, 0.2 * height), (0.8 * width, 0.8 * height), (points, 2))
    target = source + rng.uniform(-4, 4, source.shape)
    ours, theirs = np.empty_like(image), np.empty_like(image)
    alone = CoreCall(
        core, "time_tps_warp", (image, theirs, width, height, source, target, points)
    )
    alone()
    through_python = partial(cvfast.ThinPlateSpline(source, target).warp, image, out=ours)
    _expect_same("ThinPlateSpline.warp", through_python(), theirs, levels=1)  # another solver
    yield "ThinPlateSpline.warp, 512x384, 68 points", through_python, alone


def _transform(core: ctypes.CDLL, rng: np.random.Generator) -> _Calls:
    pca = cvfast.PCA(150).fit(rng.integers(0, 256, (200, 16384), np.uint8))
    row = rng.integers(0, 256, (1, 16384), np.uint8)
    scores = np.empty((1, 150), np.float32)
    core.new_projection.restype = _AT
    core.new_projection.argtypes = (_AT, _AT, _INDEX, _INDEX)
    core.delete_projection.argtypes = (_AT,)
    packed = core.new_projection(pca.components_.ctypes.data, pca.mean_.ctypes.data, 150, 16384)
    try:
        alone = CoreCall(core, "time_transform", (packed, row, scores))
        alone()
        through_python = partial(pca.transform, row)
        _expect_same("PCA.transform", through_python(), scores)
        yield "PCA.transform, 1x16384, 150 components", through_python, alone
    finally:
        core.delete_projection(packed)


def _picture(rng: np.random.Generator, width: int, height: int) -> Array:
    """Return a picture without sharp edges."""
    x, y = np.arange(width), np.arange(height)[:, None]
    waves = [127 + 60 * (np.sin(fx * x) + np.sin(fy * y)) for fx, fy in rng.uniform(0.1, 0.4, (3, 2))]
    return np.stack(waves, axis=2).astype(np.uint8)


def _expect_same(name: str, ours: Array, alone: Array, levels: int = 0) -> None:
    apart = np.abs(ours.astype(np.float64) - alone).max(initial=0)
    if apart > levels:
        raise SystemExit(
            f"{name}: the installed cvfast and this tree's core differ by {apart:g}; "
            "`pip install .` installs this tree"
        )
