"""Detection rate against false alarms: FROC, and FDDB's two scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.kernels.nms import iou
from cvfast.metrics.precision import Curve

__all__ = ["Rates", "fddb_rates", "froc", "rate_at"]

_HIT = 0.5  # IoU over which FDDB counts a face as found


@dataclass(frozen=True, eq=False)
class Rates:
    """Detection rate at each number of false alarms, from strict to lax scores.

    Parameters
    ----------
    scores
        (N,) float64, falling: the lowest score still accepted.
    false
        (N,) int64: false alarms in all pictures.
    rate
        (N,) float64: share of the faces that are found; nan where there is no face.
    """

    scores: NDArray[np.float64]
    false: NDArray[np.int64]
    rate: NDArray[np.float64]


def froc(points: Curve) -> Rates:
    """Return detection rate against false alarms: one point for each distinct score.

    Parameters
    ----------
    points
        The curve at one IoU threshold. Detections of equal scores come in together.

    Examples
    --------
    >>> from cvfast.metrics.matching import match
    >>> from cvfast.metrics.precision import curve
    >>> one = match([[0, 0, 4, 4], [9, 9, 12, 12]], [0.9, 0.9], [[0, 0, 4, 4]], thresholds=[0.5])
    >>> froc(curve([one])).false.tolist()
    [1]
    """
    last = np.append(np.diff(points.scores) != 0, True)[: len(points.scores)]
    return Rates(points.scores[last], points.false[last], points.recall[last])


def rate_at(rates: Rates, false: float) -> float:
    """Return the detection rate with at most so many false alarms in all pictures.

    Examples
    --------
    >>> rate_at(Rates(np.array([0.9, 0.5]), np.array([0, 3]), np.array([0.6, 0.8])), 2)
    0.6
    """
    allowed = rates.rate[rates.false <= false]
    return float(allowed.max()) if len(allowed) else 0.0


def fddb_rates(
    pictures: Iterable[tuple[ArrayLike, ArrayLike, ArrayLike]], *, continuous: bool
) -> Rates:
    """Return FDDB's detection rate against false alarms.

    For each score, the detections that reach it are assigned to the faces one to one so that the
    sum of IoU is largest. Discrete: a face counts 1 if its IoU is over 0.5. Continuous: it counts
    its IoU. What is not assigned with an IoU over 0.5 is a false alarm, in both.

    Parameters
    ----------
    pictures
        For each one ``(D, 4)`` boxes, ``(D,)`` scores and ``(G, 4)`` faces.
    continuous
        Which of the two scores.

    Notes
    -----
    Jain and Learned-Miller, "FDDB", 2010, section 4.

    Examples
    --------
    >>> boxes, faces = [[0.0, 0.0, 4.0, 4.0]], [[0.0, 0.0, 4.0, 5.0]]
    >>> fddb_rates([(boxes, [0.9], faces)], continuous=True).rate.tolist()
    [0.8]
    """
    events: list[tuple[float, float, int]] = []
    faces = 0
    for boxes, scores, truth in pictures:
        target = np.asarray(truth, np.float64).reshape(-1, 4)
        faces += len(target)
        events += _events(boxes, scores, target, continuous)
    events.sort(key=lambda event: -event[0])
    values = np.array([event[0] for event in events], np.float64)
    credit = np.cumsum([event[1] for event in events])
    false = np.cumsum([event[2] for event in events], dtype=np.int64)
    last = np.append(np.diff(values) != 0, True)[: len(values)]
    return Rates(values[last], false[last], credit[last] / (faces or np.nan))


def _events(
    boxes: ArrayLike, scores: ArrayLike, faces: NDArray[np.float64], continuous: bool
) -> list[tuple[float, float, int]]:
    """Each score of one picture, and by how much credit and false alarms change there."""
    from scipy.optimize import linear_sum_assignment

    values = np.asarray(scores, np.float64).reshape(-1)
    order = np.argsort(-values, kind="stable")
    values = values[order]
    overlaps = iou(np.asarray(boxes, np.float64).reshape(-1, 4)[order], faces)
    events, before = [], (0.0, 0)
    for count in _ends(values):
        rows, columns = linear_sum_assignment(overlaps[:count], maximize=True)
        shared = overlaps[rows, columns]
        hits = int((shared > _HIT).sum())
        now = (float(shared.sum()) if continuous else float(hits), count - hits)
        events.append((float(values[count - 1]), now[0] - before[0], now[1] - before[1]))
        before = now
    return events


def _ends(values: NDArray[np.float64]) -> Sequence[int]:
    """How many detections there are down to each distinct score."""
    ends: list[int] = (np.flatnonzero(np.append(np.diff(values) != 0, True)) + 1).tolist()
    return ends if len(values) else []
