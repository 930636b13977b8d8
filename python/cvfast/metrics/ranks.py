"""Who is it: the rank of the right person in a gallery, and whether strangers stay unknown."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.metrics.intervals import Rate, rate_of, shortage

__all__ = [
    "Answers",
    "OpenSet",
    "answers_of",
    "cmc",
    "join_answers",
    "open_set",
    "rank_k",
    "ranks_of",
    "rates_at_ranks",
    "rates_of_strangers",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OpenSet:
    """Identification where some probes are of people whom the gallery does not know.

    Parameters
    ----------
    threshold
        Probes farther than this from everybody are unknown; None where nobody can tell it.
    detected
        Detection and identification rate: share of the known people's probes whose nearest person
        is the right one and not farther than the threshold.
    false_alarms
        Share of the strangers' probes that are given a name.
    """

    threshold: float | None
    detected: Rate
    false_alarms: Rate


@dataclass(frozen=True, eq=False)
class Answers:
    """What a gallery answers to P probes: all that ranks and the open set are counted from.

    Distances of many probes need not be held at once: ask in parts, and `join_answers`.

    Parameters
    ----------
    nearest
        (P,) float64: how far the nearest person is.
    own
        (P,) float64: how far the right person is; inf for a stranger.
    rank
        (P,) int64: of the right person, 1 the nearest, ties counted against it; 0 for a stranger.
    """

    nearest: Floats
    own: Floats
    rank: NDArray[np.int64]


def answers_of(
    distances: ArrayLike, gallery_labels: Sequence[Hashable], probe_labels: Sequence[Hashable]
) -> Answers:
    """Return a gallery's answers; probes of people it does not know are strangers.

    Parameters
    ----------
    distances, gallery_labels, probe_labels
        As for `ranks_of`.

    Raises
    ------
    ValueError
        Other shapes, or numbers that are not finite.

    Examples
    --------
    >>> found = answers_of([[0.1, 0.5], [0.4, 0.6]], ["ann", "bob"], ["bob", "dan"])
    >>> found.nearest.tolist(), found.own.tolist(), found.rank.tolist()
    ([0.1, 0.4], [0.5, inf], [2, 0])
    """
    nearest, person = _by_person(distances, gallery_labels, probe_labels)
    known = person >= 0
    own = np.where(known, nearest[np.arange(len(person)), person], np.inf)
    rank = np.where(known, (nearest <= own[:, None]).sum(axis=1), 0)
    return Answers(nearest.min(axis=1), own, rank)


def join_answers(parts: Sequence[Answers]) -> Answers:
    """Return the answers to all probes of several parts, one or more."""
    columns = [(part.nearest, part.own, part.rank) for part in parts]
    return Answers(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def ranks_of(
    distances: ArrayLike, gallery_labels: Sequence[Hashable], probe_labels: Sequence[Hashable]
) -> NDArray[np.int64]:
    """Return the rank of each probe's own person, 1 the nearest.

    A person is as near as the nearest of their faces in the gallery. People who are as near as the
    right one count as nearer: a tie is no recognition.

    Parameters
    ----------
    distances
        (P, G) from each probe to each face of the gallery.
    gallery_labels, probe_labels
        Who the G and the P are.

    Raises
    ------
    ValueError
        Other shapes, numbers that are not finite, or a probe of a person who is not in the gallery
        (a closed set knows everybody; see `open_set`).

    Examples
    --------
    >>> ranks_of([[0.1, 0.5, 0.9], [0.4, 0.6, 0.2]], ["ann", "bob", "cy"], ["ann", "bob"]).tolist()
    [1, 3]
    """
    ranks = answers_of(distances, gallery_labels, probe_labels).rank
    if (ranks == 0).any():
        stranger = probe_labels[int(np.argmin(ranks))]
        raise ValueError(
            f"probe_labels: expected people of the gallery, got {stranger!r}; strangers are judged "
            "by open_set"
        )
    return ranks


def rank_k(
    distances: ArrayLike,
    gallery_labels: Sequence[Hashable],
    probe_labels: Sequence[Hashable],
    ks: Iterable[int],
) -> dict[int, Rate]:
    """Return how often the right person is among the k nearest people (closed set).

    Parameters
    ----------
    distances, gallery_labels, probe_labels
        As for `ranks_of`.
    ks
        Ranks, from 1 on.

    Raises
    ------
    ValueError
        As for `ranks_of`, or a rank below 1.

    Notes
    -----
    Phillips, Moon, Rizvi and Rauss, "The FERET evaluation methodology for face-recognition
    algorithms", PAMI 22(10), 2000.

    Examples
    --------
    >>> found = rank_k([[0.1, 0.5], [0.2, 0.3]], ["ann", "bob"], ["ann", "bob"], (1, 2))
    >>> {k: rate.value for k, rate in found.items()}
    {1: 0.5, 2: 1.0}
    """
    return rates_at_ranks(ranks_of(distances, gallery_labels, probe_labels), ks)


def rates_at_ranks(ranks: NDArray[np.int64], ks: Iterable[int]) -> dict[int, Rate]:
    """Return how many of ranks (P,), none of a stranger, are up to each of `ks`.

    Raises
    ------
    ValueError
        A rank below 1 in `ks`.

    Examples
    --------
    >>> rates_at_ranks(np.array([1, 3]), (2,))[2].value
    0.5
    """
    wanted = list(ks)
    if any(k < 1 for k in wanted):
        raise ValueError(f"ks: expected ranks from 1 on, got {min(wanted)}")
    return {k: rate_of(int((ranks <= k).sum()), len(ranks)) for k in wanted}


def cmc(ranks: ArrayLike, people: int) -> Floats:
    """Return the cumulative match characteristic: the share of ranks up to 1, 2, ..., `people`.

    Examples
    --------
    >>> cmc([1, 3, 1, 2], 3).tolist()
    [0.5, 0.75, 1.0]
    """
    values = np.asarray(ranks, np.int64)
    counts = np.bincount(values - 1, minlength=people)[:people]
    return np.asarray(np.cumsum(counts) / max(len(values), 1), np.float64)


def open_set(
    distances: ArrayLike,
    gallery_labels: Sequence[Hashable],
    probe_labels: Sequence[Hashable],
    false_alarms: float,
) -> OpenSet:
    """Return how many known people are named while few strangers are.

    Parameters
    ----------
    distances, gallery_labels, probe_labels
        As for `ranks_of`; probes of people who are not in the gallery are the strangers.
    false_alarms
        Share of the strangers' probes that may get a name, in (0, 1]. The threshold is the laxest
        that keeps to it.

    Returns
    -------
    OpenSet
        Without values where there are fewer than 1 / `false_alarms` probes of strangers.

    Raises
    ------
    ValueError
        Other shapes, numbers that are not finite, or another `false_alarms`.

    Notes
    -----
    Grother and Ngan, NIST IR 8009, 2014, section on open-set identification: FPIR and 1 - FNIR at
    rank 1.

    Examples
    --------
    >>> far = [[0.1, 0.5], [0.7, 0.6], [0.8, 0.9]]
    >>> open_set(far, ["ann", "bob"], ["ann", "bob", "dan"], 1.0).detected.value
    1.0
    """
    return rates_of_strangers(answers_of(distances, gallery_labels, probe_labels), false_alarms)


def rates_of_strangers(answers: Answers, false_alarms: float) -> OpenSet:
    """Return what `open_set` does, of answers to probes of known people and strangers.

    Raises
    ------
    ValueError
        `false_alarms` is not in (0, 1].

    Examples
    --------
    >>> found = answers_of([[0.1], [0.5]], ["ann"], ["ann", "dan"])
    >>> rates_of_strangers(found, 1.0).detected.value
    1.0
    """
    if not 0 < false_alarms <= 1:
        raise ValueError(f"false_alarms: expected a number in (0, 1], got {false_alarms}")
    known, best = answers.rank > 0, answers.nearest
    strangers = np.sort(best[~known])
    measurable, note = shortage(false_alarms, len(strangers), "probes of strangers")
    if not measurable:
        return OpenSet(
            None,
            Rate(None, None, None, 0, int(known.sum()), note),
            Rate(None, None, None, 0, len(strangers), note),
        )
    allowed = int(false_alarms * len(strangers) * (1 + 1e-12))
    # The laxest threshold lies just under the first stranger beyond those allowed.
    threshold = float(best.max())
    if allowed < len(strangers):
        threshold = float(np.nextafter(strangers[allowed], -np.inf))
    named = (answers.rank == 1) & (answers.own <= threshold)
    return OpenSet(
        threshold,
        rate_of(int(named.sum()), int(known.sum()), note),
        rate_of(int((strangers <= threshold).sum()), len(strangers), note),
    )


def _by_person(
    distances: ArrayLike, gallery_labels: Sequence[Hashable], probe_labels: Sequence[Hashable]
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distance of each probe to each person, and which of them it is (-1: none)."""
    values = np.asarray(distances, np.float64)
    expected = (len(probe_labels), len(gallery_labels))
    if values.shape != expected or not values.size:
        raise ValueError(
            f"distances: expected shape (probes, gallery) {expected}, got {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError("distances: expected finite numbers, got nan or inf")
    people: dict[Hashable, int] = {}
    columns = np.array([people.setdefault(one, len(people)) for one in gallery_labels])
    nearest = np.full((len(values), len(people)), np.inf)
    np.minimum.at(nearest.T, columns, values.T)
    return nearest, np.array([people.get(one, -1) for one in probe_labels], np.int64)
