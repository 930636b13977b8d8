"""The random sets of boxes of the NMS golden file, made again wherever they are needed.

Every number comes from a 64-bit hash of (set, position) by integer arithmetic and exact scalings,
so that they are the same with every version of NumPy; the golden file has digests of them too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SETS = 10_000
BLOCK = 100  # sets whose inputs share one digest
THRESHOLDS = (0.5, 0.0, 0.3, 0.5, 0.7, 1 / 3, 0.9, 1.0, 0.45, 0.1, 0.25)


@dataclass(frozen=True)
class BoxSet:
    """Boxes (N, 4), scores (N,) of the same dtype, classes (N,) and a threshold."""

    boxes: NDArray[Any]
    scores: NDArray[Any]
    classes: NDArray[np.int64]
    threshold: float

    def digest(self) -> bytes:
        """Return a digest of all numbers."""
        parts = (self.boxes, self.scores, self.classes, np.float64(self.threshold))
        return hashlib.blake2b(b"".join(p.tobytes() for p in parts), digest_size=8).digest()


def words(seed: int, count: int) -> NDArray[np.uint64]:
    """Return ``count`` hashed 64-bit numbers (the finalizer of splitmix64 over a counter)."""
    z = np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed << 32)
    z = z * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def unit(values: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return numbers in [0, 1) with 20 bits, which float32 holds exactly."""
    return (values >> np.uint64(44)).astype(np.float64) / 2**20


def below(values: NDArray[np.uint64], limit: int) -> NDArray[np.float64]:
    """Return whole numbers in [0, limit)."""
    return ((values >> np.uint64(33)) % np.uint64(limit)).astype(np.float64)


def _corners_and_sides(
    kind: int, n: int, random: NDArray[np.uint64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = random[: 2 * n].reshape(n, 2), random[2 * n : 4 * n].reshape(n, 2)
    pick = (random[4 * n : 5 * n] >> np.uint64(40)).astype(np.int64)
    if kind == 0:  # anywhere
        return unit(a) * 256, unit(b) * 64
    if kind == 1:  # a small lattice: touching, repeated, without area
        return below(a, 8), below(b, 4)
    if kind == 2:  # a few clusters
        centers = unit(words(n + 1, 10)).reshape(5, 2) * 256
        return centers[pick % 5] + unit(a) * 8, 24 + unit(b) * 16
    if kind == 3:  # nested round one centre
        half = 1 + below(b, 32)
        return 64 - half, 2 * half
    if kind == 4:  # copies of a few boxes
        rows = pick % max(n // 4, 1)
        return (unit(a) * 64)[rows], (unit(b) * 32)[rows]
    if kind == 5:  # all scales
        scale = np.ldexp(1.0, (pick % 24 - 12).astype(np.int32))[:, None]
        return unit(a) * 16 * scale, (0.25 + unit(b)) * 16 * scale
    if kind == 6:  # far from 0, where float32 is coarse
        return 2.0**20 + unit(a) * 32, unit(b) * 16
    return below(a, 4) * 2, np.full((n, 2), 8.0)  # overlaps of exactly 1/3, 1/2, 3/5, ...


def make_set(index: int) -> BoxSet:
    """Return set ``index``: mostly 0 to 60 boxes, some up to 300, every hundredth 1,000."""
    size = int(words(index + 1, 1)[0] >> np.uint64(40))
    n = 1000 if index % 100 == 0 else size % 301 if index % 20 == 1 else size % 61
    random = words(index + 1_000_000, 7 * n)
    corners, sides = _corners_and_sides((index + index // 100) % 8, n, random)
    raw = random[5 * n : 6 * n]
    if index % 3 == 0:
        scores = unit(raw)
    elif index % 3 == 1:  # many ties
        scores = below(raw, 5) / 4
    else:  # signs, both zeros, ties
        scores = (below(raw, 64) - 32) / 8
        scores[scores == 0] *= np.where(raw[scores == 0] & np.uint64(1), -1.0, 1.0)
    dtype = np.float32 if (index // 8) % 2 else np.float64
    return BoxSet(
        np.concatenate([corners, corners + sides], axis=1).astype(dtype),
        scores.astype(dtype),
        below(random[6 * n :], 1 + index % 7).astype(np.int64) - 2,
        THRESHOLDS[index % len(THRESHOLDS)],
    )


def shown(indices: NDArray[np.int64]) -> str:
    """Return how many indices and a digest of them."""
    little = np.ascontiguousarray(indices, dtype="<i8").tobytes()
    return f"{len(indices)}:{hashlib.blake2b(little, digest_size=4).hexdigest()}"
