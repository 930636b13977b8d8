"""How well distances tell one person's pairs from those of different people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.metrics.intervals import Rate, rate_of, shortage

__all__ = ["Operation", "Roc", "check_scores", "equal_error", "roc"]

Floats = NDArray[np.float64]
_DIFFERENT = "pairs of different people"


@dataclass(frozen=True, slots=True)
class Operation:
    """What one threshold does on the pairs.

    Parameters
    ----------
    threshold
        Pairs of at most this distance are accepted; None where the pairs cannot tell it, -inf
        where it accepts none.
    far
        False accepts: share of the pairs of different people that pass.
    tar
        True accepts: share of one person's pairs that pass. The false reject rate is 1 - tar.
    """

    threshold: float | None
    far: Rate
    tar: Rate


@dataclass(frozen=True, eq=False)
class Roc:
    """The curve of true against false accepts: one point for each distinct distance.

    Parameters
    ----------
    thresholds
        (N,) float64, rising; the first is -inf, which accepts nothing.
    far, tar
        (N,) float64: accepted shares of the pairs of different people, and of one person's.
    false, true
        (N,) int64: the same as counts.
    auc
        Area under tar over far: the chance that a pair of one person is nearer than a pair of
        different people, ties counted half.
    eer
        Equal error rate: where far = 1 - tar on the straight line between the two points of the
        curve on either side.
    """

    thresholds: Floats
    far: Floats
    tar: Floats
    false: NDArray[np.int64]
    true: NDArray[np.int64]
    auc: float
    eer: float

    @property
    def different(self) -> int:
        """Pairs of different people."""
        return int(self.false[-1])

    @property
    def same(self) -> int:
        """Pairs of one person."""
        return int(self.true[-1])

    def tar_at(self, far: float) -> Rate:
        """Return the true accept rate at the laxest threshold of at most this false accept rate.

        Its interval takes the threshold as given and the pairs as independent.

        Parameters
        ----------
        far
            Wanted false accept rate, in (0, 1].

        Returns
        -------
        Rate
            Without value, and with a note, where there are fewer than 1 / `far` pairs of different
            people: nothing is extrapolated. With a note where there are fewer than 10 / `far`.

        Raises
        ------
        ValueError
            Another `far`.
        """
        return self.at_far(far).tar

    def at_far(self, far: float) -> Operation:
        """Return the laxest threshold of at most this false accept rate, and what it does.

        Raises
        ------
        ValueError
            `far` is not in (0, 1].
        """
        if not 0 < far <= 1:
            raise ValueError(f"far: expected a number in (0, 1], got {far}")
        measurable, note = shortage(far, self.different, _DIFFERENT)
        if not measurable:
            nothing = Rate(None, None, None, 0, self.same, note)
            return Operation(None, Rate(None, None, None, 0, self.different, note), nothing)
        place = int(np.searchsorted(self.far, far, side="right")) - 1
        return self._operation(float(self.thresholds[place]), place, note)

    def at_threshold(self, threshold: float) -> Operation:
        """Return what a given threshold does: pairs of at most this distance are accepted.

        Raises
        ------
        ValueError
            `threshold` is nan.
        """
        if np.isnan(threshold):
            raise ValueError("threshold: expected a number, got nan")
        place = int(np.searchsorted(self.thresholds, threshold, side="right")) - 1
        return self._operation(threshold, max(place, 0), "")

    def _operation(self, threshold: float, place: int, note: str) -> Operation:
        far = rate_of(int(self.false[place]), self.different, note)
        return Operation(threshold, far, rate_of(int(self.true[place]), self.same, note))


def roc(distances: ArrayLike, same: ArrayLike) -> Roc:
    """Return the curve of true against false accepts over all thresholds.

    Parameters
    ----------
    distances
        (N,) how far apart the two faces of each pair are: smaller is more alike.
    same
        (N,) bool: whether they are one person's.

    Returns
    -------
    Roc
        The points of scikit-learn's ``roc_curve(same, -distances, drop_intermediate=False)``.

    Raises
    ------
    ValueError
        Other shapes, numbers that are not finite, or pairs of one kind only.

    Notes
    -----
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006: pairs of equal
    distance pass together.

    Examples
    --------
    >>> curve = roc([0.2, 0.3, 0.5, 0.9], [True, True, False, False])
    >>> curve.auc, curve.eer
    (1.0, 0.0)
    >>> curve.tar_at(0.1).note
    '2 pairs of different people; a rate of 0.1 needs at least 10'
    """
    values, truth = check_scores(distances, same)
    order = np.argsort(values, kind="stable")
    values, truth = values[order], truth[order]
    last = np.append(np.diff(values) != 0, True)
    true = np.append(0, np.cumsum(truth, dtype=np.int64)[last])
    false = np.append(0, np.cumsum(~truth, dtype=np.int64)[last])
    far, tar = false / false[-1], true / true[-1]
    thresholds = np.append(-np.inf, values[last])
    area = float(np.trapezoid(tar, far))
    return Roc(thresholds, far, tar, false, true, area, equal_error(far, tar))


def equal_error(far: Floats, tar: Floats) -> float:
    """Return the rate at which false accepts and false rejects are equal.

    Parameters
    ----------
    far, tar
        (N,) points of a curve from (0, 0) to (1, 1), rising.

    Returns
    -------
    float
        Where the straight line between the last point with far < 1 - tar and the next meets
        far = 1 - tar.

    Examples
    --------
    >>> equal_error(np.array([0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.5, 1.0, 1.0]))
    0.25
    """
    excess = far - (1 - tar)
    after = int(np.argmax(excess >= 0))
    before = after - 1
    share = -excess[before] / (excess[after] - excess[before])
    return float(far[before] + share * (far[after] - far[before]))


def check_scores(distances: ArrayLike, same: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Return distances and truth as arrays, both kinds of pairs among them.

    Raises
    ------
    ValueError
        As for `roc`.
    """
    values, truth = np.asarray(distances, np.float64), np.asarray(same)
    if values.ndim != 1 or truth.shape != values.shape:
        raise ValueError(
            f"same: expected one a distance, got {truth.shape} beside distances {values.shape}"
        )
    if truth.dtype != bool:
        raise ValueError(f"same: expected true or false, got {truth.dtype}")
    if not np.isfinite(values).all():
        raise ValueError("distances: expected finite numbers, got nan or inf")
    if truth.all() or not truth.any():
        kinds = f"{int(truth.sum())} and {int((~truth).sum())}"
        raise ValueError(f"same: expected pairs of one person and of different people, got {kinds}")
    return values, truth
