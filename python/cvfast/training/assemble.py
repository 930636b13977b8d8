"""Stages put together: a cascade to run and to write, and how far patches come in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.boost import Features
from cvfast.models.cascade_file import Cascade
from cvfast.training.negatives import contrasty
from cvfast.training.stage import Stage
from cvfast.typing import ImageU8

__all__ = ["assemble", "depths", "survivors"]


def survivors(stages: Sequence[Stage], patches: ImageU8, features: Features) -> NDArray[np.bool_]:
    """Return which patches pass all stages, as OpenCV's runtime decides.

    Parameters
    ----------
    stages
        In order.
    patches
        (N, height, width) uint8.
    features
        What the stages' numbers mean.
    """
    return np.equal(depths(stages, patches, features)[0], len(stages))


def depths(
    stages: Sequence[Stage], patches: ImageU8, features: Features
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return how many stages each patch passes, and its sum less the threshold in the last one.

    Flat patches pass none where the features are Haar's: the runtime does not look at them.
    """
    passed = np.zeros(len(patches), np.int64)
    margin = np.full(len(patches), -np.inf)
    haar = features.kind == "haar"
    alive = np.flatnonzero(contrasty(patches)) if haar else np.arange(len(patches))
    for stage in stages:
        if not len(alive):
            break
        margin[alive] = stage.scores(patches[alive], features) - np.float32(stage.threshold)
        alive = alive[margin[alive] >= -1e-5]
        passed[alive] += 1
    return passed, margin


def assemble(stages: Sequence[Stage], features: Features) -> Cascade:
    """Return stages as a cascade that holds the features which they use.

    Parameters
    ----------
    stages
        At least one.
    features
        What the stages' numbers mean.
    """
    trees = [tree for stage in stages for tree in stage.trees]
    nodes = [feature for tree in trees for feature in tree.features]
    used, places = np.unique(nodes, return_inverse=True)
    held = features.take(used)
    haar = features.kind == "haar"
    count, kinds = len(nodes), len(used)
    return Cascade(
        kind=features.kind,
        size=features.size,
        stage_thresholds=np.array([stage.threshold for stage in stages], np.float32),
        stage_trees=np.array([len(stage.trees) for stage in stages], np.int32),
        tree_nodes=np.array([len(tree.features) for tree in trees], np.int32),
        node_left=np.array([n for tree in trees for n in tree.left], np.int32),
        node_right=np.array([n for tree in trees for n in tree.right], np.int32),
        node_feature=places.astype(np.int32),
        node_threshold=np.array([t for tree in trees for t in tree.thresholds], np.float32),
        node_subset=(
            np.zeros((count, 8), np.int32)
            if haar
            else np.array([s for tree in trees for s in tree.subsets], np.int32)
        ),
        leaf_values=np.array([leaf for tree in trees for leaf in tree.leaves], np.float32),
        feature_rects=held.rects,
        feature_weights=held.weights if haar else np.zeros((kinds, 3), np.float32),
        feature_tilted=held.tilted if haar else np.zeros(kinds, np.bool_),
    )
