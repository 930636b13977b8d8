"""A detector judged: all figures of one detector over annotated pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cvfast.metrics.annotations import Annotated
from cvfast.metrics.facets import Facet, facets
from cvfast.metrics.jsonlines import Detected
from cvfast.metrics.matching import Matches, match
from cvfast.metrics.precision import Curve, average_precision, curve
from cvfast.metrics.rates import Rates, fddb_rates, froc, rate_at

__all__ = ["FALSE_ALARMS", "THRESHOLDS", "Judgement", "judge"]

THRESHOLDS: tuple[float, ...] = tuple(round(0.3 + 0.05 * step, 2) for step in range(14))
FALSE_ALARMS: tuple[int, ...] = (0, 1, 10, 100)
_USUAL = 0.5


@dataclass(frozen=True, eq=False)
class Judgement:
    """How good one detector is on a set of pictures.

    Parameters
    ----------
    average_precision
        COCO's AP for each IoU of `THRESHOLDS`: 0.3, 0.35, ..., 0.95. nan where no face counts.
    area
        AP at IoU 0.5 as the whole area under the curve (VOC 2010, WIDER FACE).
    rates
        FROC at IoU 0.5.
    rate_at
        Detection rate with at most 0, 1, 10 and 100 false alarms in all pictures, at IoU 0.5.
    discrete, continuous
        FDDB's two curves.
    curves
        For each IoU of `THRESHOLDS`.
    misses
        By size and by what is known of the faces: at IoU 0.5 and scores from 0.5.
    seconds
        Median time a picture; None where it is not known.
    """

    average_precision: Mapping[float, float]
    area: float
    rates: Rates
    rate_at: Mapping[int, float]
    discrete: Rates
    continuous: Rates
    curves: Mapping[float, Curve]
    misses: Sequence[Facet]
    seconds: float | None

    @property
    def mean(self) -> float:
        """Mean AP over IoU 0.5, 0.55, ..., 0.95: COCO's AP."""
        strict = [value for iou, value in self.average_precision.items() if iou >= _USUAL]
        return float(np.mean(strict))

    def fddb_at(self, score: str, false: float) -> float:
        """Return FDDB's ``"discrete"`` or ``"continuous"`` rate at so many false alarms."""
        return rate_at(self.discrete if score == "discrete" else self.continuous, false)


def judge(pictures: Sequence[Annotated], found: Sequence[Detected]) -> Judgement:
    """Judge what a detector found.

    Parameters
    ----------
    pictures
        Where the faces are.
    found
        What it found, one for each picture, in the same order.

    Raises
    ------
    ValueError
        Not the same pictures.

    Examples
    --------
    >>> truth = Annotated.of("a.jpg", [[0, 0, 10, 10]])
    >>> boxes, scores = np.array([[0.0, 0, 10, 8]]), np.array([0.9])
    >>> found = judge([truth], [Detected("a.jpg", boxes, scores)])
    >>> found.average_precision[0.5], found.average_precision[0.85]
    (1.0, 0.0)
    """
    if [one.file for one in pictures] != [one.file for one in found]:
        raise ValueError("found: expected the same pictures in the same order")
    matches = _matched(pictures, found, THRESHOLDS)
    curves = {iou: curve(matches, row) for row, iou in enumerate(THRESHOLDS)}
    rates = froc(curves[_USUAL])
    fddb = _without_ignored(pictures, found, matches)
    times = [one.seconds for one in found if one.seconds is not None]
    return Judgement(
        {iou: average_precision(points) for iou, points in curves.items()},
        average_precision(curves[_USUAL], continuous=True),
        rates,
        {count: rate_at(rates, count) for count in FALSE_ALARMS},
        fddb_rates(fddb, continuous=False),
        fddb_rates(fddb, continuous=True),
        curves,
        facets(_seen(pictures, found)),
        float(np.median(times)) if times else None,
    )


def _matched(
    pictures: Sequence[Annotated], found: Sequence[Detected], thresholds: Sequence[float]
) -> list[Matches]:
    return [
        match(
            one.boxes,
            one.scores,
            truth.boxes,
            thresholds=thresholds,
            ignore=truth.ignore,
            most=None,
        )
        for truth, one in zip(pictures, found, strict=True)
    ]


def _seen(
    pictures: Sequence[Annotated], found: Sequence[Detected]
) -> list[tuple[Annotated, Sequence[bool]]]:
    """Which faces are found where only scores from 0.5 count."""
    sure = [one.scores >= _USUAL for one in found]
    strict = [
        Detected(one.file, one.boxes[at], one.scores[at])
        for one, at in zip(found, sure, strict=True)
    ]
    matches = _matched(pictures, strict, [_USUAL])
    return [(truth, one.found[0].tolist()) for truth, one in zip(pictures, matches, strict=True)]


def _without_ignored(
    pictures: Sequence[Annotated], found: Sequence[Detected], matches: Sequence[Matches]
) -> list[tuple[ArrayLike, ArrayLike, ArrayLike]]:
    """Leave ignored faces, and the detections that lie on them, out."""
    usual = THRESHOLDS.index(_USUAL)
    kept: list[tuple[ArrayLike, ArrayLike, ArrayLike]] = []
    for truth, one, matched in zip(pictures, found, matches, strict=True):
        order = np.argsort(-one.scores, kind="stable")[~matched.ignored[usual]]
        kept.append((one.boxes[order], one.scores[order], truth.boxes[~truth.ignore]))
    return kept
