"""A share of counted trials and how well it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["LEVEL", "Rate", "clopper_pearson", "rate_of", "shortage"]

LEVEL = 0.95
_FEW = 10  # false accepts expected below which a rate is told with a warning


@dataclass(frozen=True, slots=True)
class Rate:
    """A share, its 95 % interval, and what it was counted on.

    Parameters
    ----------
    value
        The share, 0 to 1; None where there is too little to measure it on.
    low, high
        Clopper and Pearson's interval; None beside None.
    hits, total
        ``value = hits / total``.
    note
        Why there is no value, or why it is worth little; else empty.
    """

    value: float | None
    low: float | None
    high: float | None
    hits: int
    total: int
    note: str = ""

    def record(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        told: dict[str, Any] = {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "hits": self.hits,
            "total": self.total,
        }
        return told | ({"note": self.note} if self.note else {})

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "-"
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


def clopper_pearson(hits: int, total: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact interval of a share.

    Parameters
    ----------
    hits, total
        So many of so many independent trials.
    level
        Share of repetitions whose interval holds the truth, at least.

    Returns
    -------
    low, high
        0 and 1 where there was no trial.

    Raises
    ------
    ValueError
        Not 0 <= hits <= total.

    Notes
    -----
    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", Biometrika 26, 1934: quantiles of the beta distribution.

    Examples
    --------
    >>> [round(limit, 4) for limit in clopper_pearson(0, 10)]
    [0.0, 0.3085]
    """
    from scipy.stats import beta

    if not 0 <= hits <= total:
        raise ValueError(f"hits: expected a number from 0 to {total}, got {hits}")
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, total - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, total - hits)) if hits < total else 1.0
    return low, high


def rate_of(hits: int, total: int, note: str = "") -> Rate:
    """Return a share with its interval.

    Examples
    --------
    >>> print(rate_of(9, 10))
    0.9000 (0.5550 to 0.9975)
    """
    if not total:
        return Rate(None, None, None, 0, 0, note or "nothing to count")
    low, high = clopper_pearson(hits, total)
    return Rate(hits / total, low, high, hits, total, note)


def shortage(false: float, trials: int, what: str) -> tuple[bool, str]:
    """Say whether so many trials can show so small a rate of false answers.

    Parameters
    ----------
    false
        The rate of false answers, in (0, 1].
    trials
        Trials that could go wrong.
    what
        What they are called: ``pairs of different people``.

    Returns
    -------
    measurable, note
        False under 1 / `false` trials: not one false answer would be allowed. A note, too, under
        10 / `false`: fewer than ten false answers tell little.

    Examples
    --------
    >>> shortage(0.001, 500, "pairs of different people")
    (False, '500 pairs of different people; a rate of 0.001 needs at least 1000')
    >>> shortage(0.1, 100, "pairs of different people")
    (True, '')
    """
    expected = false * trials * (1 + 1e-12)
    if expected < 1:
        needed = f"a rate of {false:g} needs at least {_needed(1 / false)}"
        return False, f"{trials} {what}; {needed}"
    if expected < _FEW:
        needed = f"{_needed(_FEW / false)} would measure a rate of {false:g} well"
        return True, f"{trials} {what}; {needed}"
    return True, ""


def _needed(trials: float) -> int:
    return -int(-trials * (1 - 1e-12) // 1)
