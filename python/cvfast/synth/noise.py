"""Smooth random fields, the same bytes everywhere: interpolation of random grids, no transforms."""

from __future__ import annotations

import numpy as np

from cvfast.typing import ImageF32

__all__ = ["layers", "noise"]


def noise(rng: np.random.Generator, size: tuple[int, int], cell: tuple[float, float]) -> ImageF32:
    """Random values about 0 that change over `cell` pixels across and down, (h, w).

    Values have a standard deviation near 1/2 and stay within [-1, 1].
    """
    width, height = size
    across, down = int(width / cell[0]) + 2, int(height / cell[1]) + 2
    grid = rng.random((down, across), np.float32) * np.float32(2) - np.float32(1)
    rows = _between(grid, height, cell[1], float(rng.random()))
    return np.ascontiguousarray(_between(rows.T, width, cell[0], float(rng.random())).T)


def _between(grid: ImageF32, count: int, cell: float, shift: float) -> ImageF32:
    place = (np.arange(count) / cell + shift).clip(0, len(grid) - 1.001)
    low = place.astype(np.int64)
    t = (place - low).astype(np.float32)
    t = (t * t * (3 - 2 * t))[:, None]
    first = grid[low]
    between: ImageF32 = first + t * (grid[low + 1] - first)
    return between


def layers(
    rng: np.random.Generator, size: tuple[int, int], cell: float, count: int, fall: float = 0.5
) -> ImageF32:
    """Sum of noise, each layer half as coarse and `fall` as strong as the one before, (h, w)."""
    total = noise(rng, size, (cell, cell))
    share = 1.0
    for _ in range(count - 1):
        cell, share = max(cell / 2, 1.0), share * fall
        total += np.float32(share) * noise(rng, size, (cell, cell))
    return total
