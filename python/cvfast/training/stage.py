"""One stage of a cascade: weak learners boosted until it rejects enough of what is no face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.boost import FeatureBank, Features
from cvfast.training.weak import WeakTree, fit_tree

__all__ = ["Round", "Stage", "train_stage"]

SLACK = 1e-5  # what OpenCV takes off a stage's threshold
_LEAST_ERROR = 1e-10  # a flawless learner's vote stays finite


@dataclass(frozen=True)
class Round:
    """How a stage stands after one more weak learner, on its own training patches.

    Attributes
    ----------
    weak_error
        Weighted errors of the new learner, of 1.
    strong_error
        Share of patches that the sign of the sum gets wrong.
    hit_rate, false_alarm
        Shares of positives and negatives that pass the stage's threshold.
    """

    weak_error: float
    strong_error: float
    hit_rate: float
    false_alarm: float


@dataclass(frozen=True)
class Stage:
    """A strong classifier: what it adds up, and from where on a patch passes."""

    trees: list[WeakTree]
    threshold: float
    rounds: list[Round]

    def scores(self, patches: NDArray[np.uint8], features: Features) -> NDArray[np.float64]:
        """Return the sums of (N, height, width) patches: they pass at the threshold (less 1e-5)."""
        nodes = [feature for tree in self.trees for feature in tree.features]
        used, places = np.unique(nodes, return_inverse=True)
        bank = FeatureBank(patches, features.take(used), memory=0)
        values = bank.values(np.arange(len(used)))
        total, node = np.zeros(len(patches)), 0
        for tree in self.trees:
            count = len(tree.features)
            total += tree.scores(values[places[node : node + count]])
            node += count
        return total

    def passed(self, patches: NDArray[np.uint8], features: Features) -> NDArray[np.bool_]:
        """Return which patches pass."""
        return np.greater_equal(self.scores(patches, features), np.float32(self.threshold) - SLACK)

    def record(self) -> dict[str, Any]:
        """Return the stage as plain values, for JSON."""
        return asdict(self)

    @staticmethod
    def of_record(record: dict[str, Any]) -> Stage:
        """Return the stage that `record` gave."""
        return Stage(
            [WeakTree(**tree) for tree in record["trees"]],
            record["threshold"],
            [Round(**one) for one in record["rounds"]],
        )


def train_stage(
    bank: FeatureBank,
    labels: NDArray[Any],
    *,
    boost: str = "gentle",
    depth: int = 1,
    hit_rate: float = 0.995,
    false_alarm: float = 0.5,
    max_weak: int = 100,
    on_round: Callable[[int], None] = lambda _count: None,
) -> Stage:
    """Boost weak learners until the stage keeps `hit_rate` and lets at most `false_alarm` pass.

    Discrete AdaBoost (Freund and Schapire, 1997) votes with log((1 - e) / e); gentle AdaBoost
    (Friedman, Hastie and Tibshirani, 2000) adds the weighted means of its leaves. After each round
    the threshold is set so that `hit_rate` of the positives pass.

    Parameters
    ----------
    bank
        Features of the patches.
    labels
        (N,) -1 or 1, of both some.
    boost
        ``"discrete"`` or ``"gentle"``.
    depth
        Of the weak trees.
    hit_rate, false_alarm
        The targets, shares of the positives and negatives.
    max_weak
        At most so many weak learners.
    on_round
        Called after each round with how many there are.

    Raises
    ------
    ValueError
        Nothing to part: labels of one kind only, or patches that no feature tells apart.
    """
    labels = np.where(np.asarray(labels) > 0, 1, -1)
    positive = labels > 0
    if positive.all() or not positive.any():
        raise ValueError("labels: expected patches of both kinds, got one kind")
    weights = np.where(positive, 0.5 / positive.sum(), 0.5 / (~positive).sum())
    trees: list[WeakTree] = []
    rounds: list[Round] = []
    sums, threshold = np.zeros(len(labels)), 0.0
    rule = "errors" if boost == "discrete" else "squares"
    while len(trees) < max_weak:
        grown = fit_tree(bank, weights, labels, rule=rule, depth=depth)
        if grown is None:
            break
        tree, masks = grown
        error, weights, added = _vote(tree, masks, weights, labels, boost)
        sums += added
        trees.append(tree)
        threshold = _threshold(sums[positive], hit_rate)
        passed = sums >= threshold - SLACK
        wrong = float(np.mean((sums > 0) != positive))
        rounds.append(
            Round(error, wrong, float(passed[positive].mean()), float(passed[~positive].mean()))
        )
        on_round(len(trees))
        if rounds[-1].false_alarm <= false_alarm:
            break
    if not trees:
        raise ValueError("patches: expected positives and negatives that differ, got equal ones")
    return Stage(trees, threshold, rounds)


def _vote(
    tree: WeakTree,
    masks: list[NDArray[np.bool_]],
    weights: NDArray[np.float64],
    labels: NDArray[np.int_],
    boost: str,
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Fill in the leaves; return the weighted error, the next weights and what the tree adds."""
    means = np.zeros(len(masks))
    for leaf, mask in enumerate(masks):
        held = weights[mask]
        means[leaf] = (held * labels[mask]).sum() / max(float(held.sum()), 1e-300)
    signs = np.where(means >= 0, 1.0, -1.0)
    says = np.zeros(len(labels))
    for leaf, mask in enumerate(masks):
        says[mask] = signs[leaf]
    wrong = says != labels
    error = float(weights[wrong].sum())
    if boost == "discrete":
        bounded = min(max(error, _LEAST_ERROR), 1 - _LEAST_ERROR)
        leaves = signs * np.log((1 - bounded) / bounded)
        scaled = weights * np.where(wrong, (1 - bounded) / bounded, 1.0)
    else:
        leaves = means
        scaled = weights * np.exp(-labels * _spread(leaves, masks))
    stored = leaves.astype(np.float32)  # as the file has them
    tree.leaves[:] = stored.tolist()
    return error, scaled / scaled.sum(), _spread(stored.astype(np.float64), masks)


def _spread(leaves: NDArray[np.float64], masks: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
    out = np.zeros(len(masks[0]))
    for value, mask in zip(leaves, masks, strict=True):
        out[mask] = value
    return out


def _threshold(scores: NDArray[np.float64], hit_rate: float) -> float:
    """Return the highest threshold that at least `hit_rate` of the scores reach, as float32."""
    misses = int((1 - hit_rate) * len(scores) + 1e-9)
    return float(np.float32(np.sort(scores)[misses]))
