"""Run by test_same_bytes in a process per instruction set: prints a hash of every case's result.

A line is a family and the hashes of its 200 cases on one thread; cases whose bytes differ with the
number of threads are named in a last line.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from cvfast import ThinPlateSpline, _core, local_rotate, local_scale, local_translate
from cvfast.kernels.boost import FeatureBank, haar_features, lbp_features
from cvfast.kernels.flow import FlowPyramid, track_points
from cvfast.kernels.grid import sample_grid
from cvfast.kernels.mask import polygon_mask
from cvfast.kernels.match import match_template
from cvfast.kernels.raster import Cutout, rasterise, sample_texture
from cvfast.kernels.shape_context import (
    assign,
    chi_square_costs,
    match_shapes,
    mean_distance,
    shape_contexts,
    solve,
)
from cvfast.kernels.smooth import smooth

CASES = 200
THREADS = (2, 3, 7, 64)


def picture(rng: np.random.Generator) -> np.ndarray:
    """Any size, dtype and channel count; rows packed, padded or flipped."""
    height, width = rng.integers(1, 40), rng.integers(1, 60)
    if rng.random() < 0.1:
        width = int(rng.integers(257, 700))
    shape = (int(height), int(width), *rng.choice([0, 1, 2, 3, 4], 1))
    shape = shape if shape[2] else shape[:2]
    image: np.ndarray = rng.integers(0, 256, shape, np.uint8)
    if rng.random() < 0.5:
        image = image.astype(np.float32) / np.float32(255)
    layout = rng.integers(0, 3)
    if layout == 1:
        padded = np.zeros((shape[0], shape[1] + 3, *shape[2:]), image.dtype)
        padded[:, : shape[1]] = image
        return padded[:, : shape[1]]
    return image[::-1] if layout == 2 else image


def discs(rng: np.random.Generator, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = int(rng.integers(1, 8))
    size = np.array([image.shape[1], image.shape[0]])
    centers = rng.uniform(-0.2, 1.2, (count, 2)) * size
    radii = rng.uniform(0.01, 0.8, count) * size.max() + 1
    return centers, radii, rng.uniform(-0.999, 0.999, count)


def scale(rng: np.random.Generator) -> Callable[[int], Any]:
    image = picture(rng)
    centers, radii, share = discs(rng, image)
    strengths = np.where(share > 0, share, 3 * share)
    return lambda threads: local_scale(image, centers, radii, strengths, threads=threads)


def translate(rng: np.random.Generator) -> Callable[[int], Any]:
    image = picture(rng)
    centers, radii, share = discs(rng, image)
    drag = 0.649 * radii * share
    angles = rng.uniform(0, 7, len(radii))
    targets = centers + np.stack([drag * np.cos(angles), drag * np.sin(angles)], axis=1)
    return lambda threads: local_translate(image, centers, radii, targets, threads=threads)


def rotate(rng: np.random.Generator) -> Callable[[int], Any]:
    image = picture(rng)
    centers, radii, share = discs(rng, image)
    angles = share * rng.choice([3, 30, 1000])
    return lambda threads: local_rotate(image, centers, radii, angles, threads=threads)


def spline(rng: np.random.Generator, width: float, height: float) -> ThinPlateSpline:
    """From nearly still to so wild that it is summed at every pixel."""
    source = rng.uniform(-0.2, 1.2, (int(rng.integers(4, 40)), 2)) * (width + 1, height + 1)
    share = rng.choice([1e-5, 1e-3, 0.03, 0.03, 10])
    return ThinPlateSpline(source, source + rng.normal(0, share, source.shape) * (width, height))


def tps(exact: bool) -> Callable[[np.random.Generator], Callable[[int], Any]]:
    def case(rng: np.random.Generator) -> Callable[[int], Any]:
        image = picture(rng)
        fitted = spline(rng, image.shape[1], image.shape[0])
        size = (int(rng.integers(1, 300)), int(rng.integers(1, 40))) if rng.random() < 0.3 else None
        return lambda threads: fitted.warp(image, size=size, exact=exact, threads=threads)

    return case


def tps_transform(rng: np.random.Generator) -> Callable[[int], Any]:
    fitted = spline(rng, 400, 300)
    points = rng.normal(0, 400, (int(rng.integers(0, 900)), 2))
    return lambda threads: fitted.transform(points, threads=threads)


def tps_displacement(rng: np.random.Generator) -> Callable[[int], Any]:
    fitted = spline(rng, 400, 300)
    size = (int(rng.integers(1, 600)), int(rng.integers(1, 40)))
    step = int(rng.integers(1, 9))
    return lambda threads: fitted.displacement(size, step=step, threads=threads)


def smoothing(rng: np.random.Generator) -> Callable[[int], Any]:
    image = picture(rng)
    plane = np.ascontiguousarray(image if image.ndim == 2 else image[..., 0])
    cell = tuple(int(side) for side in rng.choice([1, 2, 3, 4, 7], 2))
    weights = rng.random((-(-plane.shape[0] // cell[1]), -(-plane.shape[1] // cell[0])), np.float32)
    weights[rng.random(weights.shape) < 0.2] = 0
    levels = 255.0 if plane.dtype == np.uint8 else 1.0
    options: dict[str, Any] = {
        "cell": cell,
        "radius": int(rng.integers(1, 7)),
        "epsilon": float(rng.uniform(0.001, 0.02)) * levels**2,
        "strength": float(rng.random()),
        "texture": float(rng.random()),
    }

    def run(threads: int) -> np.ndarray:
        out = plane.copy()
        smooth(out, weights, threads=threads, **options)
        return out

    return run


def mask(rng: np.random.Generator) -> Callable[[int], Any]:
    size = int(rng.integers(1, 70)), int(rng.integers(1, 50))
    polygons = [rng.uniform(-20, 80, (int(rng.integers(3, 9)), 2)) for _ in range(3)]
    feather = float(rng.choice([0, 3, 7.5, 20]))
    return lambda _: polygon_mask(size, polygons, feather=feather)


def flow(rng: np.random.Generator) -> Callable[[int], Any]:
    """Blotches and noise, moved a little; some points have no match."""
    height, width = (int(side) for side in rng.integers(1, 140, 2))
    cells = rng.integers(0, 256, (height // 6 + 2, width // 6 + 2))
    scene = np.repeat(np.repeat(cells, 6, 0), 6, 1)[: height + 4, : width + 4]
    scene = np.clip(scene + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
    down, across = rng.integers(0, 5, 2)
    pictures = scene[:height, :width], scene[down : down + height, across : across + width]
    finest, levels = int(rng.integers(0, 3)), int(rng.integers(1, 5))
    before, after = (FlowPyramid(p, finest=finest, levels=levels) for p in pictures)
    points = rng.uniform(-2, 1, (int(rng.integers(0, 60)), 2)) % (width, height)

    def run(threads: int) -> Any:
        found = track_points(before, after, points, threads=threads)
        return np.column_stack([found.points, found.errors, found.round_trips])

    return run


def raster(rng: np.random.Generator) -> Callable[[int], Any]:
    """Triangles of any size, some cut out, shaded with a texture."""
    size = int(rng.integers(1, 90)), int(rng.integers(1, 70))
    count = int(rng.integers(3, 40))
    vertices = rng.uniform((-20, -20, -1), (110, 90, 1), (count, 3))
    triangles = rng.integers(0, count, (int(rng.integers(1, 30)), 3))
    texture = rng.integers(0, 256, (int(rng.integers(1, 9)), int(rng.integers(1, 9)), 4), np.uint8)
    values = rng.uniform(-2, 10, (count, 8)).astype(np.float32)
    cutout = Cutout(values[:, :2], texture, int(rng.integers(0, 30)))

    def run(threads: int) -> Any:
        drawn = rasterise(vertices, triangles, size, cutout=cutout, threads=threads)
        color, part = drawn.shade(values, texture, texture[..., 0].copy(), threads=threads)
        mixed = drawn.values(values, threads=threads)
        places = np.ascontiguousarray(mixed[..., :2])
        sampled = sample_texture(texture, places, threads=threads)
        return np.concatenate([color, part[..., None], mixed, sampled], axis=2)

    return run


def boost(rng: np.random.Generator) -> Callable[[int], Any]:
    count, size = int(rng.integers(2, 400)), (int(rng.integers(4, 9)), int(rng.integers(4, 9)))
    patches = rng.integers(0, 256, (count, size[1], size[0]), np.uint8)
    kind = rng.choice(["basic", "all", "lbp"])
    every = lbp_features(size) if kind == "lbp" else haar_features(size, str(kind))
    features = every.take(rng.integers(0, len(every), min(len(every), 60)))
    labels, weights = rng.choice([-1, 1], count), rng.random(count)

    def run(threads: int) -> Any:
        bank = FeatureBank(patches, features, threads=threads)
        found = [bank.best(weights, labels, rule=rule) for rule in ("errors", "squares")]
        facts = [(one.feature, one.gain, one.threshold) for one in found]
        return np.append(bank.values(np.arange(len(features))).ravel(), facts)

    return run


def match(rng: np.random.Generator) -> Callable[[int], Any]:
    height, width = (int(side) for side in rng.integers(1, 150, 2))
    image = rng.integers(0, int(rng.choice([2, 40, 256])), (height, width), np.uint8)
    sides = [int(rng.integers(1, min(side, 60) + 1)) for side in (height, width)]
    template = rng.integers(0, 256, sides, np.uint8)
    mask = rng.random(sides) < 0.8 if rng.random() < 0.3 else None
    if mask is not None:
        mask[0, 0] = True
    return lambda threads: match_template(image, template, mask=mask, threads=threads)


def grid(rng: np.random.Generator) -> Callable[[int], Any]:
    height, width, channels = (int(side) for side in rng.integers(1, (60, 60, 9)))
    image = rng.integers(0, 256, (height, width, channels), np.uint8)
    cells = int(rng.integers(1, 8))
    nodes = rng.uniform(-5, 65, (cells + 1, cells + 1, 2)).astype(np.float32)
    matrix = rng.normal(0, 0.2, (2, 3)) * (1, 1, 10)
    size = (int(rng.integers(1, 50)), int(rng.integers(1, 50)))
    colors, finer = int(rng.integers(0, channels + 1)), int(rng.integers(1, 4))
    return lambda threads: sample_grid(
        image, nodes, matrix, size, colors=colors, finer=finer, threads=threads
    )


def shapes(rng: np.random.Generator) -> Callable[[int], Any]:
    """Contexts, costs and a matching of noise; a system; two contours."""
    points = rng.normal(0, 40, (int(rng.integers(8, 180)), 2))
    counts = rng.random(len(points)) < 0.9
    counts[:4] = True
    along = rng.normal(size=points.shape)
    along /= np.hypot(*along.T)[:, None]
    every = np.ones(len(points), bool)
    matrix = rng.normal(size=(len(points), len(points)))

    def run(threads: int) -> Any:
        unit = mean_distance(points, counts=counts, threads=threads)
        contexts = shape_contexts(points, unit, counts=counts, threads=threads)
        costs = chi_square_costs(contexts, contexts[::2].copy(), threads=threads)
        matched = match_shapes((points, along, every), (points[::-1].copy(), along, counts))
        parts = (contexts, costs, assign(costs), solve(matrix, points), *matched)
        return np.concatenate([part.astype(np.float64).ravel() for part in parts])

    return run


FAMILIES = {
    "scale": scale,
    "translate": translate,
    "rotate": rotate,
    "tps": tps(exact=False),
    "tps exact": tps(exact=True),
    "tps transform": tps_transform,
    "tps displacement": tps_displacement,
    "smooth": smoothing,
    "polygon mask": mask,
    "flow": flow,
    "raster": raster,
    "boost": boost,
    "match": match,
    "grid": grid,
    "shapes": shapes,
}


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:12]


def main() -> None:
    _core.set_serial_threshold(0)
    runs = {
        family: [make(np.random.default_rng([number, case])) for case in range(CASES)]
        for number, (family, make) in enumerate(FAMILIES.items())
    }
    expected = {family: [digest(run(1)) for run in cases] for family, cases in runs.items()}
    for family, hashes in expected.items():
        sys.stdout.write(f"{family}: {' '.join(hashes)}\n")
    # One thread count after the other: libgomp then keeps its team from call to call.
    uneven = [
        f"{family} {case} {threads}"
        for threads in THREADS
        for family, cases in runs.items()
        for case, run in enumerate(cases)
        if digest(run(threads)) != expected[family][case]
    ]
    sys.stdout.write(f"uneven: {', '.join(uneven)}\n")


if __name__ == "__main__":
    main()
