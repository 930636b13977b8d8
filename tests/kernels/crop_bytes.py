"""Run by test_crop in a process per instruction set: prints a hash of every case's crop.

Cases whose bytes differ with the number of threads are named in a last line.
"""

from __future__ import annotations

import hashlib
import sys

import numpy as np
from cvfast import _core
from cvfast.kernels.crop import Affine, CropSource, SampleGrid

CASES = 150


def samples(rng: np.random.Generator, shape: tuple[int, ...], kind: int) -> np.ndarray:
    values = rng.integers(0, 256, shape)
    if kind == 0:
        return values.astype(np.uint8)
    return (values * 4).astype(np.uint16) if kind == 1 else (values / 255).astype(np.float32)


def picture(rng: np.random.Generator) -> CropSource:
    """Any size, layout and depth."""
    width, height = (int(side) for side in rng.integers(1, 300, 2))
    kind, layout = int(rng.integers(0, 3)), int(rng.integers(0, 5))
    if layout < 2:
        array = samples(rng, (height, width, 3) if layout else (height, width), kind)
        return CropSource((width, height), [SampleGrid((array[::-1],))], bits=10)
    step_x, step_y = ((1, 1), (2, 1), (2, 2))[layout - 2]
    shape = -(-height // step_y), -(-width // step_x)
    chroma = [samples(rng, shape, kind) for _ in range(2)]
    if rng.random() < 0.3:
        chroma = [np.stack(chroma, axis=2)]
    place = 1 / step_x, 0.0, 0.0, 0.0, 1 / step_y, -(step_y - 1) / (2 * step_y)
    matrix = np.array([[1.16, 0, 1.6], [1.16, -0.39, -0.81], [1.16, 2.02, 0]])
    grids = [SampleGrid((samples(rng, (height, width), kind),)), SampleGrid(tuple(chroma), place)]
    return CropSource(
        (width, height), grids, bits=10, to_rgb=(matrix, np.array([16.0, 128.0, 128.0]))
    )


def view(rng: np.random.Generator, source: CropSource, size: tuple[int, int]) -> Affine:
    scale = float(np.exp(rng.uniform(-1, 3)))
    angle = rng.choice([0.0, float(rng.uniform(-4, 4))])
    a, d = scale * np.cos(angle), scale * np.sin(angle)
    x, y = rng.uniform(-0.2, 1.2, 2) * source.size
    mirror = float(rng.choice([-1, 1]))
    b, e = -d, a
    a, d = mirror * a, mirror * d
    return (
        float(a),
        float(b),
        float(x - a * size[0] / 2 - b * size[1] / 2),
        float(d),
        float(e),
        float(y - d * size[0] / 2 - e * size[1] / 2),
    )


def main() -> None:
    _core.set_serial_threshold(0)
    uneven = []
    for case in range(CASES):
        rng = np.random.default_rng(case)
        source = picture(rng).turned(int(rng.integers(0, 4)))
        size = int(rng.integers(1, 300)), int(rng.integers(1, 40))
        matrix, fill = view(rng, source, size), rng.choice([None, 0, 200])
        dtype = rng.choice([np.uint8, np.float32])
        crops = [
            source.read(
                matrix,
                np.zeros((size[1], size[0], 3), dtype),
                fill=None if fill is None else int(fill),
                levels=(-1.0, 1.0),
                threads=threads,
            ).tobytes()
            for threads in (1, 2, 5)
        ]
        if len(set(crops)) > 1:
            uneven.append(case)
        sys.stdout.write(hashlib.sha256(crops[0]).hexdigest()[:16] + "\n")
    sys.stdout.write(f"uneven: {uneven}\n")


main()
