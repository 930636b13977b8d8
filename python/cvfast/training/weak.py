"""Weak learners of a boosted stage: stumps and small trees over rectangle features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.boost import FeatureBank, Split

__all__ = ["WeakTree", "fit_tree"]

_Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class WeakTree:
    """A binary tree; its inner nodes and leaves are numbered as in OpenCV's cascade files.

    Attributes
    ----------
    features
        Of each inner node, the first the root.
    thresholds
        Haar: values under it go left; as float32.
    subsets
        LBP: codes that go left, 8 words of 32 bits a node; Haar: empty.
    left, right
        Over 0: an inner node; else minus the number of a leaf.
    leaves
        What the tree adds to the stage's sum, as float32.
    """

    features: list[int]
    thresholds: list[float]
    subsets: list[list[int]]
    left: list[int]
    right: list[int]
    leaves: list[float]

    def scores(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what the tree says of patches.

        Parameters
        ----------
        values
            (inner nodes, N): for each inner node its feature's values.

        Returns
        -------
        numpy.ndarray
            (N,) float64.
        """
        leaves = np.asarray(self.leaves, np.float32).astype(np.float64)
        out = np.empty(values.shape[1])
        at = np.zeros(values.shape[1], np.int64)
        for node in range(len(self.features)):  # children come after their parents
            here = np.flatnonzero(at == node)
            goes_left = self._goes_left(node, values[node, here])
            for side, child in ((goes_left, self.left[node]), (~goes_left, self.right[node])):
                if child > 0:
                    at[here[side]] = child
                else:
                    out[here[side]] = leaves[-child]
                    at[here[side]] = -1
        return out

    def _goes_left(self, node: int, values: NDArray[np.float32]) -> _Mask:
        if not self.subsets:
            below: _Mask = values < np.float32(self.thresholds[node])
            return below
        words = np.asarray(self.subsets[node], np.int64).astype(np.uint32)
        codes = values.astype(np.int64)
        bits = (words[codes >> 5] >> (codes & 31).astype(np.uint32)) & 1
        chosen: _Mask = bits == 1
        return chosen


def fit_tree(
    bank: FeatureBank,
    weights: NDArray[np.float64],
    labels: NDArray[Any],
    *,
    rule: str,
    depth: int,
) -> tuple[WeakTree, list[_Mask]] | None:
    """Grow a tree of weighted patches, its leaves still zeros.

    Parameters
    ----------
    bank
        The features.
    weights, labels
        (N,) each; labels -1 or 1.
    rule
        Of :meth:`cvfast.kernels.boost.FeatureBank.best`.
    depth
        Cuts from the root to the farthest leaf; 1 is a stump.

    Returns
    -------
    tuple of WeakTree and list, or None
        The tree and (N,) masks of the patches in each leaf; None where no feature parts them.
    """
    tree = WeakTree([], [], [], [], [], [])
    masks: list[_Mask] = []

    def grow(inside: _Mask, left: int) -> int:
        """Return the number of what has become of the patches `inside`."""
        held = np.where(inside, weights, 0.0)
        split = bank.best(held, labels, rule=rule) if left > 0 and _mixed(held, labels) else None
        if split is None or split.feature < 0:
            masks.append(inside)
            return 1 - len(masks)
        node = len(tree.features)
        _add(tree, split, bank.features.kind == "lbp")
        tree.left[node] = grow(inside & split.left, left - 1)
        tree.right[node] = grow(inside & ~split.left, left - 1)
        return node

    grow(np.ones(len(bank), np.bool_), depth)
    if not tree.features:
        return None
    tree.leaves.extend([0.0] * len(masks))
    return tree, masks


def _mixed(weights: NDArray[np.float64], labels: NDArray[Any]) -> bool:
    total = weights.sum()
    return bool(total > 0 and 0 < weights[labels > 0].sum() < total)


def _add(tree: WeakTree, split: Split, lbp: bool) -> None:
    tree.features.append(split.feature)
    tree.thresholds.append(split.threshold)
    if lbp:
        bits = np.packbits(split.subset, bitorder="little")
        tree.subsets.append(bits.view("<u4").astype(np.uint32).view(np.int32).tolist())
    tree.left.append(0)
    tree.right.append(0)
