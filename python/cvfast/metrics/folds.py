"""Verification accuracy in folds: the threshold is picked where it is not judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.metrics.roc import check_scores

__all__ = ["FoldAccuracy", "best_threshold", "ten_fold"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoldAccuracy:
    """Accuracy on each fold at the threshold that was best on the others.

    Parameters
    ----------
    mean
        Of the folds' accuracies, each fold counting alike.
    std
        Their standard deviation (n - 1).
    thresholds, accuracies
        (K,) float64, in the order of the folds' numbers.
    """

    mean: float
    std: float
    thresholds: Floats
    accuracies: Floats

    @property
    def standard_error(self) -> float:
        """Of the mean: std / sqrt(K)."""
        return self.std / float(np.sqrt(len(self.accuracies)))


def ten_fold(distances: ArrayLike, same: ArrayLike, fold: ArrayLike) -> FoldAccuracy:
    """Return verification accuracy by the protocol of Labeled Faces in the Wild.

    For each fold, the threshold that is best on all others is applied to it. This is honest only if
    nobody is in two folds, which `make_pairs` and `read_lfw_pairs` see to.

    Parameters
    ----------
    distances
        (N,) smaller is more alike.
    same
        (N,) bool.
    fold
        (N,) whole numbers: the fold of each pair; two folds or more, usually ten.

    Raises
    ------
    ValueError
        As for `roc`, or fewer than two folds, or folds without which one kind of pairs is missing.

    Notes
    -----
    Huang, Ramesh, Berg and Learned-Miller, "Labeled Faces in the Wild", 2007, section III (view 2).

    Examples
    --------
    >>> ten_fold([0.1, 0.9, 0.2, 0.8], [True, False, True, False], [0, 0, 1, 1]).mean
    1.0
    """
    values, truth = check_scores(distances, same)
    numbers = np.asarray(fold)
    if numbers.shape != values.shape or numbers.dtype.kind not in "iu":
        raise ValueError(
            f"fold: expected a whole number a pair, got {numbers.dtype} {numbers.shape}"
        )
    names = np.unique(numbers)
    if len(names) < 2:
        raise ValueError("fold: expected two folds or more, got one")
    thresholds, accuracies = [], []
    for name in names:
        held = numbers == name
        thresholds.append(best_threshold(values[~held], truth[~held]))
        accuracies.append(float(np.mean((values[held] <= thresholds[-1]) == truth[held])))
    shares = np.array(accuracies)
    return FoldAccuracy(
        float(shares.mean()), float(shares.std(ddof=1)), np.array(thresholds), shares
    )


def best_threshold(distances: ArrayLike, same: ArrayLike) -> float:
    """Return the threshold that judges most pairs rightly: at most this distance, one person.

    It lies half-way between two neighbouring distances; of several that are equally good, the one
    in their middle.

    Raises
    ------
    ValueError
        As for `roc`.

    Examples
    --------
    >>> best_threshold([0.1, 0.3, 0.7, 0.9], [True, True, False, False])
    0.5
    """
    values, truth = check_scores(distances, same)
    order = np.argsort(values, kind="stable")
    values, truth = values[order], truth[order]
    last = np.append(np.diff(values) != 0, True)
    distinct = values[last]
    # Accepting more pairs gains one person's and loses those of different people.
    gain = np.append(0, np.cumsum(np.where(truth, 1, -1))[last])
    between = (distinct[:-1] + distinct[1:]) / 2
    places = np.concatenate([[np.nextafter(distinct[0], -np.inf)], between, [distinct[-1]]])
    best = np.flatnonzero(gain == gain.max())
    return float(places[best[len(best) // 2]])
