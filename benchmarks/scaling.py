"""How a kernel's cost grows with its input, against what its formula says.

  python -m benchmarks.scaling             about three minutes; writes results/scaling.json
  python -m benchmarks.scaling --only nms  some of it; writes nothing

One thread. The growth is the slope of log time over log size across the upper half of the sizes,
where fixed costs no longer hide it; it may exceed the formula's by 0.15 (caches end somewhere).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cvfast
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe, limit_threads
from benchmarks.nms import make
from benchmarks.timing import measure
from benchmarks.workload import Call, grid_points, nms_call, pca_call, spline_call, warp_call

RESULT = Path(__file__).parent / "results" / "scaling.json"
ALLOWANCE = 0.15
FRAMES = ((320, 180), (640, 360), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))


@dataclass(frozen=True)
class Series:
    """One kernel over sizes; `formula` is the cost of a size, up to a factor."""

    kernel: str
    against: str
    formula: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    sizes: tuple[float, ...]
    make: Callable[[int], Call]  # from the index of a size


def constant(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ones_like(size)


def linear(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return size


def n_log_n(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return size * np.log(size)


def square(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return size**2


def cubic(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return size**3


def series() -> Iterator[Series]:
    radii = (20, 40, 80, 160, 320, 500)
    areas = tuple(round(2 * np.pi * r * r) for r in radii)
    pixels = tuple(float(w * h) for w, h in FRAMES)
    counts = (1, 2, 4, 8, 16, 32)
    few, many = (10, 25, 68, 100, 200, 400), (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
    rows = (1, 4, 16, 64, 256, 1024)
    yield Series(
        "local_scale",
        "pixels in two discs",
        linear,
        areas,
        lambda i: _warp(radius=radii[i], discs=2),
    )
    yield Series("local_scale", "discs, R=40", linear, counts, lambda i: _warp(40, counts[i]))
    yield Series(
        "local_scale in place, R=40",
        "pixels of the frame",
        constant,
        pixels,
        lambda i: warp_call(40, 2, width=FRAMES[i][0], height=FRAMES[i][1]),
    )
    yield Series("spline", "pixels", linear, pixels, lambda i: spline_call(*FRAMES[i]))
    yield Series("spline, 1080p", "points", linear, few, lambda i: spline_call(1920, 1080, few[i]))
    yield Series(
        "spline, exact", "pixels", linear, pixels[:4], lambda i: spline_call(*FRAMES[i], exact=True)
    )
    yield Series(
        "spline, exact, 640x360",
        "points",
        linear,
        few,
        lambda i: spline_call(640, 360, few[i], exact=True),
    )
    yield Series("fitting a spline", "points", cubic, few, lambda i: _fit_spline(few[i]))
    yield Series("nms, sparse", "boxes", n_log_n, many, lambda i: nms_call("sparse", many[i]))
    yield Series("nms, dense", "boxes", n_log_n, many, lambda i: nms_call("dense", many[i]))
    yield Series("soft_nms, dense", "boxes", square, many[:4], lambda i: _soft(many[i]))
    yield Series("iou, n x n", "boxes", square, many[:4], lambda i: _iou(many[i]))
    yield Series(
        "PCA transform, 4096 to 100",
        "rows",
        linear,
        rows,
        lambda i: pca_call(rows[i], 4096, 100, "transform"),
    )
    yield Series(
        "PCA inverse, 100 to 4096",
        "rows",
        linear,
        rows,
        lambda i: pca_call(rows[i], 4096, 100, "inverse"),
    )
    fits = (100, 200, 400, 800)
    yield Series(
        "PCA fit, 4096 dimensions",
        "rows",
        cubic,
        fits,
        lambda i: pca_call(fits[i], 4096, 50, "fit"),
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", help="only kernels whose name holds this text")
    arguments = parser.parse_args()
    rows = []
    with limit_threads(1):
        for one in series():
            if arguments.only in one.kernel:
                rows.append(_row(one))
                print(_line(rows[-1]), flush=True)
    if not arguments.only:
        RESULT.write_text(json.dumps({"machine": describe(), "rows": rows}, indent=1) + "\n")
        print(f"written to {RESULT}")
    return int(not all(row["held"] for row in rows))


def _row(one: Series) -> dict[str, Any]:
    times = [
        measure({"cvfast": one.make(index)}, budget=1.0)["cvfast"]
        for index in range(len(one.sizes))
    ]
    upper = slice(len(one.sizes) // 2 - 1, None)
    spent = np.log([timing.min_ms for timing in times])
    sizes = np.log(one.sizes[upper])
    growth = float(np.polyfit(sizes, spent[upper], 1)[0])
    formula = np.log(one.formula(np.array(one.sizes)))
    allowed = float(np.polyfit(sizes, formula[upper], 1)[0])
    return {
        "kernel": one.kernel,
        "against": one.against,
        "formula": allowed,
        "growth": growth,
        "held": growth <= allowed + ALLOWANCE,
        "sizes": list(one.sizes),
        "min_ms": [timing.min_ms for timing in times],
        "median_ms": [timing.median_ms for timing in times],
        "rounds": [timing.rounds for timing in times],
    }


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['kernel']:28} against {row['against']:20} {row['min_ms'][0]:9.4f} to "
        f"{row['min_ms'][-1]:9.4f} ms: power {row['growth']:.2f}, formula {row['formula']:.2f}"
        f"{'' if row['held'] else '  MISSED'}"
    )


def _warp(radius: float, discs: int) -> Call:
    return warp_call(radius, discs, width=3840, height=2160)


def _fit_spline(points: int) -> Call:
    source, target = grid_points(points, 1920, 1080)
    return lambda: cvfast.ThinPlateSpline(source, target).transform(source[:1])


def _soft(count: int) -> Call:
    inputs = make("dense", count)
    return lambda: cvfast.soft_nms(*inputs)


def _iou(count: int) -> Call:
    some, _ = make("sparse", count)
    return lambda: cvfast.iou(some, some)


if __name__ == "__main__":
    sys.exit(main())
