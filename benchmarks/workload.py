"""Made inputs for the measurements that have no peers: threads and scaling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cvfast
import numpy as np
from numpy.typing import NDArray

from benchmarks.nms import make

__all__ = ["frame", "grid_points", "nms_call", "pca_call", "spline_call", "warp_call"]

Call = Callable[[], Any]


def frame(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth waves with a little noise: neither flat nor without correlation."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = [127 + 90 * np.sin(x / (31 + 9 * c)) * np.cos(y / (23 + 7 * c)) for c in range(3)]
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, 3)).astype(np.float32)
    return (np.stack(waves, axis=-1) + noise).clip(0, 255).astype(np.uint8)


def grid_points(count: int, width: int, height: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """So many points spread over the frame, and where a smooth motion of 2 % takes them."""
    size = np.array([width, height])
    points = np.random.default_rng(1).random((count, 2))
    motion = 0.02 * np.sin(2 * np.pi * points[:, ::-1])
    return points * (size - 1), (points + motion) * (size - 1)


def warp_call(radius: float, discs: int = 2, *, width: int = 1920, height: int = 1080) -> Call:
    """`local_scale` in place; the discs stand side by side where they fit."""
    image = frame(width, height)
    columns = max(1, int((width - 2 * radius) // (2 * radius + 2)))
    step = 2 * radius + 2
    centers = [
        (radius + step * (i % columns), radius + step * (i // columns)) for i in range(discs)
    ]
    radii, strengths = np.full(discs, float(radius)), np.full(discs, 0.4)
    places = np.array(centers)
    return lambda: cvfast.local_scale(image, places, radii, strengths, out=image)


def spline_call(width: int, height: int, points: int = 68, *, exact: bool = False) -> Call:
    """`ThinPlateSpline.warp` into an array that is there already."""
    image = frame(width, height)
    out = np.empty_like(image)
    spline = cvfast.ThinPlateSpline(*grid_points(points, width, height))
    return lambda: spline.warp(image, exact=exact, out=out)


def nms_call(kind: str, count: int) -> Call:
    """`nms` of float32 boxes, "dense" or "sparse"."""
    inputs = make(kind, count)
    return lambda: cvfast.nms(*inputs)


def pca_call(rows: int, dimensions: int, components: int, what: str) -> Call:
    """`transform`, `inverse_transform` or `fit` on uint8 rows of low rank with noise."""
    rng = np.random.default_rng(3)
    rank = components + 20
    loads = rng.normal(0, 1, (max(rows, rank + 1), rank)) * np.geomspace(40, 1, rank)
    data = loads @ rng.normal(0, 1, (rank, dimensions)) / np.sqrt(rank) * 4 + 128
    pixels = (data + rng.normal(0, 2, data.shape)).clip(0, 255).astype(np.uint8)
    if what == "fit":
        return lambda: cvfast.PCA(components).fit(pixels[:rows])
    model = cvfast.PCA(components).fit(pixels[: max(rank, min(rows, 400))])
    taken = pixels[:rows]
    if what == "transform":
        return lambda: model.transform(taken)
    scores = model.transform(taken)
    return lambda: model.inverse_transform(scores, dtype=np.uint8)
