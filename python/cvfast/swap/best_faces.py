"""A balanced set of faces: as many of each turn of the head as there are, the sharpest of them.

The scheme is DeepFaceLab's "best faces": bins over yaw, in each the sharpest, spread over pitch and
looks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.swap.chains import dissimilarity
from cvfast.typing import Indices

__all__ = ["YAW_BINS", "YAW_LIMIT", "balanced", "quotas", "sharpest"]

YAW_BINS = 128
YAW_LIMIT = 1.2
"""Radians; faces turned farther are in the outermost bins."""
_PER_QUOTA = 10  # faces a place that a bin looks at

Reals = NDArray[np.float64]


def quotas(counts: NDArray[np.integer], target: int) -> Indices:
    """Share places among bins: all alike, and what a poor bin lacks goes to the others.

    Parameters
    ----------
    counts
        ``(B,)`` faces in each bin.
    target
        Places in all.

    Returns
    -------
    (B,) int64, at most ``counts``; their sum is ``target``, or all faces if there are fewer. Where
    places are left over that are fewer than the bins, bins with most faces get them.

    Examples
    --------
    >>> quotas(np.array([1, 10, 10]), 9).tolist()
    [1, 4, 4]
    """
    wanted: NDArray[np.int64] = np.asarray(counts).astype(np.int64)
    if target >= wanted.sum():
        return wanted
    low, high = 0, int(wanted.max())
    while high - low > 1:  # the largest equal quota for which there are places
        middle = (low + high) // 2
        low, high = (middle, high) if np.minimum(wanted, middle).sum() <= target else (low, middle)
    given = np.minimum(wanted, low)
    richest = np.argsort(-wanted, kind="stable")
    richest = richest[wanted[richest] > low]
    given[richest[: target - int(given.sum())]] += 1
    return given


def sharpest(yaw: Reals, merit: Reals, target: int) -> Indices:
    """Return which faces are looked at: in each bin of yaw the best, ten for each place.

    Parameters
    ----------
    yaw
        ``(N,)`` radians.
    merit
        ``(N,)``, higher is better.
    target
        Faces wanted in all.

    Returns
    -------
    (M,) int64, bin after bin, the best of each first; of equals the first.

    Examples
    --------
    >>> sharpest(np.zeros(30), np.arange(30.0), 1).tolist()
    [29, 28, 27, 26, 25, 24, 23, 22, 21, 20]
    """
    bins = _bins(yaw)
    places = quotas(np.bincount(bins, minlength=YAW_BINS), target)
    chosen = []
    for number in np.flatnonzero(places):
        inside = np.flatnonzero(bins == number)
        best = inside[np.argsort(-merit[inside], kind="stable")]
        chosen.append(best[: _PER_QUOTA * places[number]])
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)


def balanced(yaw: Reals, pitch: Reals, histograms: NDArray[np.float32], target: int) -> Indices:
    """Choose faces over yaw and pitch that look unlike each other.

    Each bin of yaw gives its quota: its faces are put into as many bins of pitch, from -pi/2 to
    pi/2, and taken in turn from each of these, the most unlike the others of that bin first.

    Parameters
    ----------
    yaw, pitch
        ``(N,)`` radians, of the faces that `sharpest` chose.
    histograms
        ``(N, bins)`` square roots of shares of grey levels.
    target
        Faces wanted.

    Returns
    -------
    (min(N, target),) int64: from those turned to the picture's left to those turned right.

    Raises
    ------
    ValueError
        ``target`` is under 1.
    """
    if target < 1:
        raise ValueError(f"target: expected at least 1, got {target}")
    bins = _bins(yaw)
    places = quotas(np.bincount(bins, minlength=YAW_BINS), target)
    chosen = []
    for number in np.flatnonzero(places):
        inside = np.flatnonzero(bins == number)
        quota = int(places[number])
        level = np.clip((pitch[inside] / np.pi + 0.5) * quota, 0, quota - 1).astype(np.int64)
        queues = []
        for one in np.unique(level):
            group = inside[level == one]
            unlike = np.argsort(-dissimilarity(histograms[group]), kind="stable")
            queues.append(group[unlike])
        chosen.append(_in_turn(queues)[:quota])
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)


def _bins(yaw: Reals) -> Indices:
    share = (np.clip(yaw, -YAW_LIMIT, YAW_LIMIT) + YAW_LIMIT) / (2 * YAW_LIMIT)
    return np.minimum((share * YAW_BINS).astype(np.int64), YAW_BINS - 1)


def _in_turn(queues: list[Indices]) -> Indices:
    """Take the first of each queue, then the second of each, and so on."""
    turns = np.concatenate([np.arange(len(queue)) for queue in queues])
    return np.asarray(np.concatenate(queues)[np.argsort(turns, kind="stable")], np.int64)
