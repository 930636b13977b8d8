"""Pairs of faces to judge on: as many of one person as of different people, in folds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pairs", "all_pairs", "make_pairs"]

Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which faces to compare.

    Parameters
    ----------
    first, second
        (N,) int64: places in the list of faces.
    same
        (N,) bool: one person's.
    fold
        (N,) int64, from 0 on. Nobody is in two folds.
    """

    first: Whole
    second: Whole
    same: NDArray[np.bool_]
    fold: Whole

    def __len__(self) -> int:
        return len(self.first)


def make_pairs(
    identities: Sequence[Hashable], *, folds: int = 10, per_fold: int = 300, seed: int = 0
) -> Pairs:
    """Draw pairs in the manner of Labeled Faces in the Wild, people disjoint between folds.

    People are dealt to the folds at random, those of many faces first so that the folds are alike.
    In each fold the pairs are spread over its people (and over its pairs of people) as evenly as
    their faces allow, and no pair comes twice.

    Parameters
    ----------
    identities
        Who each face is: N numbers or names.
    folds
        How many.
    per_fold
        Pairs of each kind in a fold; fewer of both where its people have not so many.
    seed
        The same seed, the same pairs.

    Raises
    ------
    ValueError
        Fewer than two people a fold, or a fold in which nobody has two faces.

    Examples
    --------
    >>> pairs = make_pairs([n // 5 for n in range(200)], folds=4, per_fold=50)
    >>> len(pairs), int(pairs.same.sum())
    (400, 200)
    """
    if folds < 1 or per_fold < 1:
        raise ValueError(f"folds, per_fold: expected at least 1, got {folds} and {per_fold}")
    random = np.random.default_rng(seed)
    parts = []
    for number, people in enumerate(_deal_people(identities, folds, random)):
        sizes = np.array([len(faces) for faces in people])
        one, other = np.triu_indices(len(people), 1)
        alike, unlike = sizes * (sizes - 1) // 2, sizes[one] * sizes[other]
        count = min(per_fold, int(alike.sum()), int(unlike.sum()))
        if not count:
            raise ValueError(
                f"identities: expected someone with two faces in each of {folds} folds, got none "
                f"in fold {number}; take fewer folds"
            )
        drawn = _one_person(people, _spread(alike, count, random), random)
        drawn += _two_people(people, one, other, _spread(unlike, count, random), random)
        same = np.arange(2 * count) < count
        table = np.array(drawn, np.int64).reshape(-1, 2)
        parts.append((table[:, 0], table[:, 1], same, np.full(2 * count, number, np.int64)))
    return Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def all_pairs(identities: Sequence[Hashable]) -> tuple[Whole, Whole, NDArray[np.bool_]]:
    """Return every pair of N faces: first, second and same, (N (N - 1) / 2,) each.

    Examples
    --------
    >>> [part.tolist() for part in all_pairs(["a", "a", "b"])]
    [[0, 0, 1], [1, 2, 2], [True, False, False]]
    """
    who = _numbers(identities)
    first, second = np.triu_indices(len(who), 1)
    return first.astype(np.int64), second.astype(np.int64), who[first] == who[second]


def _numbers(identities: Sequence[Hashable]) -> Whole:
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(one, len(known)) for one in identities], np.int64)


def _deal_people(
    identities: Sequence[Hashable], folds: int, random: np.random.Generator
) -> list[list[Whole]]:
    """Return for each fold the faces of each of its people."""
    who = _numbers(identities)
    people = int(who.max()) + 1 if len(who) else 0
    if people < 2 * folds:
        raise ValueError(
            f"identities: expected at least two people for each of {folds} folds, got {people}"
        )
    order = random.permutation(people)
    order = order[np.argsort(-np.bincount(who)[order], kind="stable")]
    return [[np.flatnonzero(who == one) for one in order[fold::folds]] for fold in range(folds)]


def _spread(room: Whole, count: int, random: np.random.Generator) -> Whole:
    """Share `count` out among groups as evenly as their room allows, the rest at random."""
    ordered = np.sort(room)
    # With the level at ordered[k], the first k groups are full and the others hold as much each.
    held = np.cumsum(ordered) - ordered + ordered * np.arange(len(room), 0, -1)
    full = int(np.searchsorted(held, count, side="right"))
    level = 0
    if full < len(room):
        level = int((count - ordered[:full].sum()) // (len(room) - full))
    shares = np.minimum(room, level)
    open_groups = np.flatnonzero(room > shares)
    rest = count - int(shares.sum())
    if rest:
        shares[random.choice(open_groups, rest, replace=False)] += 1
    return shares


def _one_person(
    people: list[Whole], counts: Whole, random: np.random.Generator
) -> list[tuple[int, int]]:
    drawn = []
    for faces, count in zip(people, counts, strict=True):
        size = len(faces)
        for place in random.choice(size * (size - 1) // 2, count, replace=False) if count else ():
            # Pair number t of the triangle: the larger is the largest b with b (b - 1) / 2 <= t.
            b = int((1 + np.sqrt(1 + 8 * float(place))) // 2)
            drawn.append((int(faces[int(place) - b * (b - 1) // 2]), int(faces[b])))
    return drawn


def _two_people(
    people: list[Whole], one: Whole, other: Whole, counts: Whole, random: np.random.Generator
) -> list[tuple[int, int]]:
    drawn = []
    for pair in np.flatnonzero(counts):
        a, b = people[one[pair]], people[other[pair]]
        places = random.choice(len(a) * len(b), counts[pair], replace=False)
        drawn += [(int(a[place // len(b)]), int(b[place % len(b)])) for place in places]
    return drawn
