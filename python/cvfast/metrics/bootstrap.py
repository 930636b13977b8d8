"""Intervals of AUC and EER for pairs that share people: people are drawn again, not pairs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cvfast.metrics.intervals import LEVEL
from cvfast.metrics.roc import check_scores, equal_error

__all__ = ["Resampled", "resample_people"]

_TRIES = 10  # draws for each resample that is wanted; some have pairs of one kind only


@dataclass(frozen=True, slots=True)
class Resampled:
    """95 % intervals, each a low and a high limit.

    Parameters
    ----------
    auc, eer
        Percentiles over the resamples.
    people
        How many people were drawn from.
    """

    auc: tuple[float, float]
    eer: tuple[float, float]
    people: int


def resample_people(
    distances: ArrayLike,
    same: ArrayLike,
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    resamples: int = 500,
    seed: int = 0,
) -> Resampled | None:
    """Return intervals of AUC and EER by drawing people with replacement.

    The pairs of a person share a face, so drawing pairs would promise too narrow an interval. A
    person drawn k times brings their own pairs k times; a pair of two people drawn k and m times
    comes k m times. Pairs of a person with their own copy are left out.

    Parameters
    ----------
    distances, same
        (N,) as for `cvfast.metrics.roc.roc`.
    first, second
        (N,) who the two faces of each pair are.
    resamples
        How many draws.
    seed
        The same seed, the same intervals.

    Returns
    -------
    Resampled or None
        None where draws hardly ever hold both kinds of pairs: there are too few people.

    Raises
    ------
    ValueError
        As for `roc`, or people that do not agree with `same`.

    Notes
    -----
    Bolle, Ratha and Pankanti, "Error analysis of pattern recognition systems: the subsets
    bootstrap", Computer Vision and Image Understanding 93(1), 2004.

    Examples
    --------
    >>> who = [(a, b) for a in range(6) for b in range(6)] * 2
    >>> first, second = zip(*who)
    >>> same = [a == b for a, b in who]
    >>> found = resample_people([0.1 if s else 0.9 for s in same], same, first, second)
    >>> found.auc, found.people
    ((1.0, 1.0), 6)
    """
    values, truth = check_scores(distances, same)
    names: dict[Hashable, int] = {}
    a, b = (
        np.array([names.setdefault(one, len(names)) for one in side]) for side in (first, second)
    )
    if a.shape != values.shape or b.shape != values.shape or ((a == b) != truth).any():
        raise ValueError("first, second: expected people a pair that agree with same")
    order = np.argsort(values, kind="stable")
    last = np.append(np.diff(values[order]) != 0, True)
    a, b, truth = a[order], b[order], truth[order]
    random = np.random.default_rng(seed)
    areas, errors = [], []
    for _ in range(_TRIES * resamples):
        drawn = np.bincount(random.integers(0, len(names), len(names)), minlength=len(names))
        times = np.where(truth, drawn[a], drawn[a] * drawn[b])
        true = np.append(0, np.cumsum(times * truth)[last])
        false = np.append(0, np.cumsum(times * ~truth)[last])
        if not (true[-1] and false[-1]):
            continue
        far, tar = false / false[-1], true / true[-1]
        areas.append(float(np.trapezoid(tar, far)))
        errors.append(equal_error(far, tar))
        if len(areas) == resamples:
            return Resampled(_limits(areas), _limits(errors), len(names))
    return None


def _limits(values: list[float]) -> tuple[float, float]:
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
