"""Cascades over small pictures in NumPy, by the definitions: what the kernel is tested against."""

from __future__ import annotations

from typing import Any

import numpy as np
from cvfast.models.cascade_file import Cascade

__all__ = ["KINDS", "feature_values", "made", "make_cascade", "scene", "stages_passed"]

KINDS: dict[str, dict[str, Any]] = {
    "stumps": {"kind": "haar"},
    "tilted": {"kind": "haar", "tilted": True},
    "trees": {"kind": "haar", "nodes": 3, "tilted": True},
    "lbp": {"kind": "lbp"},
    "lbp trees": {"kind": "lbp", "nodes": 2},
}


class Tables:
    """Integral images of N pictures, upright and tilted, and their factors of contrast."""

    def __init__(self, patches: np.ndarray) -> None:
        pixels = patches.astype(np.int64)
        count, height, width = pixels.shape
        self.sums = np.zeros((count, height + 1, width + 1), np.int64)
        self.sums[:, 1:, 1:] = pixels.cumsum(1).cumsum(2)
        y, x = np.mgrid[:height, :width]
        self.tilted = np.zeros_like(self.sums)
        for row in range(height + 1):
            for column in range(width + 1):  # Lienhart, Maydt (2002): all pixels of a triangle
                inside = (y < row) & (np.abs(x - column + 1) <= row - y - 1)
                self.tilted[:, row, column] = (pixels * inside).sum((1, 2))
        inner = pixels[:, 1:-1, 1:-1]
        area = (height - 2) * (width - 2)
        spread = area * (inner**2).sum((1, 2)) - inner.sum((1, 2)) ** 2
        self.factor = (1 / np.sqrt(np.maximum(spread, 1).astype(np.float64))).astype(np.float32)
        self.seen = (spread > 0) & (area * self.factor.astype(np.float64) < 0.1)

    def rectangle(self, x: int, y: int, w: int, h: int, *, tilted: bool = False) -> np.ndarray:
        if tilted:
            t = self.tilted
            return t[:, y, x] - t[:, y + h, x - h] - t[:, y + w, x + w] + t[:, y + w + h, x + w - h]
        s = self.sums
        return s[:, y, x] - s[:, y, x + w] - s[:, y + h, x] + s[:, y + h, x + w]


def feature_values(cascade: Cascade, feature: int, tables: Tables) -> np.ndarray:
    """Return Haar values, float32, or LBP codes."""
    rects = cascade.feature_rects[feature]
    if cascade.kind == "lbp":
        x, y, w, h = (int(v) for v in rects[0])
        cells = [[tables.rectangle(x + i * w, y + j * h, w, h) for i in range(3)] for j in range(3)]
        ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
        bits = [(cells[j][i] >= cells[1][1]).astype(np.int64) for j, i in ring]
        return sum(bit << (7 - k) for k, bit in enumerate(bits))
    tilted = bool(cascade.feature_tilted[feature])
    terms = [
        weight * tables.rectangle(*(int(v) for v in rect), tilted=tilted).astype(np.float32)
        for rect, weight in zip(rects, cascade.feature_weights[feature], strict=True)
    ]
    return ((terms[0] + terms[1]) + terms[2]) * tables.factor


def stages_passed(cascade: Cascade, patches: np.ndarray) -> np.ndarray:
    """Return how many stages accept each picture; -1 where there is no contrast."""
    tables = Tables(patches)
    passed = np.zeros(len(patches), np.int32)
    left = np.ones(len(patches), bool) if cascade.kind == "lbp" else tables.seen.copy()
    passed[~left] = -1
    tree = node = leaf = 0
    for threshold, trees in zip(cascade.stage_thresholds, cascade.stage_trees, strict=True):
        sums = np.zeros(len(patches))
        for _ in range(trees):
            count = int(cascade.tree_nodes[tree])
            sums += cascade.leaf_values[leaf + _leaves(cascade, node, tables)]
            tree, node, leaf = tree + 1, node + count, leaf + count + 1
        left &= sums >= np.float32(threshold) - np.float32(1e-5)
        passed += left
    return passed


def _leaves(cascade: Cascade, root: int, tables: Tables) -> np.ndarray:
    at = np.zeros(len(tables.sums), np.int64)
    done = np.zeros(len(at), bool)
    while not done.all():
        for inner in np.unique(at[~done]):
            node, here = root + int(inner), ~done & (at == inner)
            values = feature_values(cascade, int(cascade.node_feature[node]), tables)[here]
            if cascade.kind == "lbp":
                words = cascade.node_subset[node][values >> 5].astype(np.int64)
                goes_left = (words >> (values & 31) & 1).astype(bool)
            else:
                goes_left = values < cascade.node_threshold[node]
            to = np.where(goes_left, cascade.node_left[node], cascade.node_right[node])
            at[here] = to
            done[here] = to <= 0
    return -at


def make_cascade(
    kind: str,
    patches: np.ndarray,
    rng: np.random.Generator,
    *,
    stages: int = 4,
    trees: int = 5,
    nodes: int = 1,
    tilted: bool = False,
    share: float = 0.5,
) -> Cascade:
    """Make a cascade of random features, each of whose stages lets `share` of the pictures pass."""
    height, width = patches.shape[1:]
    total = stages * trees * nodes
    made = [_feature(kind, width, height, rng, tilted and i % 2 == 0) for i in range(total)]
    left = np.arange(1, nodes + 1) % nodes
    cascade = Cascade(
        kind,
        (width, height),
        np.zeros(stages, np.float32),
        np.full(stages, trees, np.int32),
        np.full(stages * trees, nodes, np.int32),
        # A chain: to the left the next node (the last one: leaf 0), to the right a leaf.
        np.tile(left, stages * trees).astype(np.int32),
        np.tile(-np.arange(1, nodes + 1), stages * trees).astype(np.int32),
        np.arange(total, dtype=np.int32),
        np.zeros(total, np.float32),
        rng.integers(-(1 << 31), 1 << 31, (total, 8)).astype(np.int32)
        if kind == "lbp"
        else np.zeros((total, 8), np.int32),
        rng.normal(0, 1, total + stages * trees).astype(np.float32),
        np.stack([rects for rects, _, _ in made]),
        np.stack([weights for _, weights, _ in made]),
        np.array([lean for _, _, lean in made]),
    )
    return _tuned(cascade, patches, share)


def _tuned(cascade: Cascade, patches: np.ndarray, share: float) -> Cascade:
    """Put thresholds where the pictures' values are halved, and stages' where `share` pass."""
    tables = Tables(patches)
    if cascade.kind == "haar":
        for node, feature in enumerate(cascade.node_feature):
            values = feature_values(cascade, int(feature), tables)[tables.seen]
            cascade.node_threshold[node] = np.median(values)
    tree = node = leaf = 0
    for stage, trees in enumerate(cascade.stage_trees):
        sums = np.zeros(len(patches))
        for _ in range(trees):
            count = int(cascade.tree_nodes[tree])
            sums += cascade.leaf_values[leaf + _leaves(cascade, node, tables)]
            tree, node, leaf = tree + 1, node + count, leaf + count + 1
        cascade.stage_thresholds[stage] = np.quantile(sums, 1 - share)
    return cascade


def _feature(
    kind: str, width: int, height: int, rng: np.random.Generator, tilted: bool
) -> tuple[Any, Any, bool]:
    weights = np.zeros(3, np.float32)
    if kind == "lbp":
        w, h = rng.integers(1, width // 3 + 1), rng.integers(1, height // 3 + 1)
        x, y = rng.integers(0, width - 3 * w + 1), rng.integers(0, height - 3 * h + 1)
        return np.array([(x, y, w, h)], np.int32), weights, False
    rects = np.zeros((3, 4), np.int32)
    if tilted:  # a whole and its half
        w, h = 2 * int(rng.integers(1, width // 4)), int(rng.integers(1, height // 4))
        x = int(rng.integers(h, width - w + 1))
        y = int(rng.integers(0, height - w - h + 1))
        rects[:2] = (x, y, w, h), (x, y, w // 2, h)
        weights[:2] = -1, 2
        return rects, weights, True
    three = rng.random() < 0.3
    part = 3 if three else 2
    w, h = part * int(rng.integers(1, width // part + 1)), int(rng.integers(1, height + 1))
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    rects[:2] = (x, y, w, h), (x + w // part, y, w // part, h)
    weights[:2] = -1, part
    return rects, weights, False


def scene(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Blotches of several sizes with some noise."""
    image = np.zeros((height, width))
    for cell in (16, 7, 3):
        blotches = rng.normal(0, 30, (height // cell + 1, width // cell + 1))
        image += np.repeat(np.repeat(blotches, cell, 0), cell, 1)[:height, :width]
    return np.clip(image + 120, 0, 255).astype(np.uint8)


def made(name: str, seed: int = 3, **options: Any) -> tuple[Cascade, np.ndarray]:
    """A cascade of a kind, and the pictures it was made from; options as for `make_cascade`."""
    rng = np.random.default_rng(seed)
    whole = scene(rng, 150, 150)
    corners = rng.integers(0, 134, (150, 2))
    patches = np.stack([whole[y : y + 16, x : x + 14] for y, x in corners])
    patches[::19] = 77  # without contrast
    return make_cascade(patches=patches, rng=rng, **{**KINDS[name], **options}), patches
