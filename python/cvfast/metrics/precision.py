"""Precision and recall of a detector, and their summary, average precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.metrics.matching import Matches

__all__ = ["Curve", "average_precision", "curve"]

_RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, eq=False)
class Curve:
    """What a lower and lower score lets in, over all pictures: one value a detection, best first.

    Parameters
    ----------
    scores
        (D,) float64.
    hits, false
        (D,) int64: right and wrong detections of this score or a better one (ties: in the
        pictures' order).
    faces, pictures
        How many faces count, in how many pictures.
    """

    scores: NDArray[np.float64]
    hits: NDArray[np.int64]
    false: NDArray[np.int64]
    faces: int
    pictures: int

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of the detections that are right."""
        share: NDArray[np.float64] = self.hits / np.maximum(self.hits + self.false, 1)
        return share

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of the faces that are found; nan where there is no face."""
        share: NDArray[np.float64] = self.hits / (self.faces or np.nan)
        return share


def curve(pictures: Sequence[Matches], threshold: int = 0) -> Curve:
    """Put the matched pictures of one detector together.

    Parameters
    ----------
    pictures
        What `cvfast.metrics.matching.match` returned for each.
    threshold
        Which of its IoU thresholds, by number.

    Examples
    --------
    >>> from cvfast.metrics.matching import match
    >>> one = match([[0, 0, 4, 4], [9, 9, 12, 12]], [0.9, 0.8], [[0, 0, 4, 4]], thresholds=[0.5])
    >>> curve([one]).precision.tolist(), curve([one]).recall.tolist()
    ([1.0, 0.5], [1.0, 1.0])
    """
    nothing = [np.zeros(0)]
    scores = np.concatenate([one.scores for one in pictures] or nothing)
    right = np.concatenate([one.face[threshold] >= 0 for one in pictures] or nothing).astype(bool)
    ignored = np.concatenate([one.ignored[threshold] for one in pictures] or nothing).astype(bool)
    order = np.argsort(-scores, kind="stable")
    order = order[~ignored[order]]
    return Curve(
        scores[order],
        np.cumsum(right[order], dtype=np.int64),
        np.cumsum(~right[order], dtype=np.int64),
        sum(int(one.counted.sum()) for one in pictures),
        len(pictures),
    )


def average_precision(points: Curve, *, continuous: bool = False) -> float:
    """Return the mean precision over all recalls; nan where there is no face.

    Parameters
    ----------
    points
        The curve at one IoU threshold.
    continuous
        False: COCO's mean over the recalls 0, 0.01, ..., 1. True: the whole area, as PASCAL VOC
        since 2010 and WIDER FACE.

    Notes
    -----
    In both, the precision at a recall is the best at that recall or a higher one.

    Examples
    --------
    >>> from cvfast.metrics.matching import match
    >>> faces = [[0, 0, 4, 4], [20, 20, 24, 24]]
    >>> one = match([[0, 0, 4, 4]], [0.9], faces, thresholds=[0.5])
    >>> average_precision(curve([one]), continuous=True)
    0.5
    """
    if not points.faces:
        return float("nan")
    best = np.maximum.accumulate(points.precision[::-1])[::-1]
    if continuous:
        return float(np.sum(np.diff(points.recall, prepend=0.0) * best))
    at = np.searchsorted(points.recall, _RECALLS, side="left")
    return float(np.append(best, 0.0)[at].mean())
