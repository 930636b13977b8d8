"""Orders in which each face is followed by the most alike of those left; and how unlike all are.

No table of all pairs is held: a face's distances to those left are reckoned when it is its turn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageU8, Indices, Progress

__all__ = ["CHAIN_SIDE", "chain_by_histogram", "chain_by_pixels", "dissimilarity"]

Reals = NDArray[np.float32]

CHAIN_SIDE = 32
"""Pixels a side to which pictures are brought before `chain_by_pixels` compares them."""

_ROWS = 512  # of the table of all pairs at a time


def chain_by_histogram(histograms: Reals, progress: Progress | None = None) -> Indices:
    """Order faces by a greedy chain over colour histograms.

    Parameters
    ----------
    histograms
        ``(N, 3, bins)`` square roots of shares.
    progress
        Called with faces placed and their number.

    Returns
    -------
    (N,) int64: the first face is number 0, and each next is the one nearest to the one before,
    by the sum over the channels of Bhattacharyya's distance (as OpenCV: the root of 1 minus the
    overlap). Of equals the first.

    Examples
    --------
    >>> dark, light = np.eye(256, dtype=np.float32)[[10, 200]]
    >>> both = np.sqrt(0.5 * dark**2 + 0.5 * light**2)
    >>> chain_by_histogram(np.stack([np.stack([h] * 3) for h in (dark, light, both)])).tolist()
    [0, 2, 1]
    """
    channels = [np.ascontiguousarray(histograms[:, c]) for c in range(histograms.shape[1])]
    order, left = _begin(len(histograms))
    kept, gone = [channel[1:] for channel in channels], np.zeros(len(left), bool)
    for place in range(1, len(order)):
        if gone.sum() * 8 > len(gone):  # copying now and then costs less than at every step
            kept, left, gone = [channel[~gone] for channel in kept], left[~gone], gone[~gone]
        before = order[place - 1]
        apart = np.zeros(len(left), np.float32)
        for channel, rest in zip(channels, kept, strict=True):
            apart += np.sqrt(np.maximum(1 - rest @ channel[before], 0))
        apart[gone] = np.inf
        at = int(apart.argmin())
        order[place], gone[at] = left[at], True
        if progress is not None:
            progress(place + 1, len(order))
    return order


def chain_by_pixels(pictures: ImageU8, progress: Progress | None = None) -> Indices:
    """Order faces by a greedy chain over the sum of absolute differences of their pixels.

    Parameters
    ----------
    pictures
        ``(N, ...)`` uint8.
    progress
        Called with faces placed and their number.

    Returns
    -------
    (N,) int64, as `chain_by_histogram`.

    Examples
    --------
    >>> chain_by_pixels(np.array([[10], [200], [30]], np.uint8)).tolist()
    [0, 2, 1]
    """
    import cv2

    flat = np.ascontiguousarray(pictures.reshape(len(pictures), -1))
    order, left = _begin(len(flat))
    kept, open_ = flat[1:], np.ones((1, len(left)), np.uint8)
    for place in range(1, len(order)):
        if open_.sum() * 8 < open_.size * 7:
            stays = open_[0] > 0
            kept, left, open_ = kept[stays], left[stays], open_[:, stays]
        before = flat[order[place - 1]][None]
        _, nearest = cv2.batchDistance(before, kept, cv2.CV_32S, None, None, cv2.NORM_L1, 1, open_)
        at = int(nearest[0, 0])
        order[place], open_[0, at] = left[at], 0
        if progress is not None:
            progress(place + 1, len(order))
    return order


def dissimilarity(histograms: Reals) -> NDArray[np.float64]:
    """Return how unlike each face is to all others: the sum of Bhattacharyya's distances, ``(N,)``.

    Parameters
    ----------
    histograms
        ``(N, bins)`` square roots of shares.

    Examples
    --------
    >>> dissimilarity(np.eye(4, dtype=np.float32)[[0, 0, 3]]).tolist()
    [1.0, 1.0, 2.0]
    """
    count = len(histograms)
    total = np.empty(count)
    for start in range(0, count, _ROWS):
        overlap = histograms[start : start + _ROWS] @ histograms.T
        apart = np.sqrt(np.maximum(1 - overlap, 0))
        rows = np.arange(len(apart))
        apart[rows, start + rows] = 0  # a face's own, which rounding leaves a little above
        # Rounded: the last digits of a matrix product depend on the number of threads.
        total[start : start + _ROWS] = apart.sum(axis=1, dtype=np.float64).round(3)
    return total


def _begin(count: int) -> tuple[Indices, Indices]:
    """Return an order with number 0 first, and those left, ascending: of equals the first wins."""
    return np.zeros(count, np.int64), np.arange(1, count)
