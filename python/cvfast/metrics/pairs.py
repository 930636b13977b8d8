"""Pairs of faces to judge on: as many of one person as of different people, in folds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pairs", "draw_pairs", "make_pairs"]

Whole = NDArray[np.int64]
_MOST_PEOPLE = 3000  # of whom all pairs are listed: 4.5 million


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
        room = _Room(people)
        count = min(per_fold, room.alike, room.unlike)
        if not count:
            raise ValueError(
                f"identities: expected someone with two faces in each of {folds} folds, got none "
                f"in fold {number}; take fewer folds"
            )
        parts.append(room.draw(count, count, number, random))
    return _joined(parts)


def draw_pairs(identities: Sequence[Hashable], *, most: int = 100_000, seed: int = 0) -> Pairs:
    """Draw pairs for a curve: all there are of each kind, or `most`, in a single fold.

    With 100,000 pairs of different people a false accept rate of 1e-4 is measured on ten of them.

    Parameters
    ----------
    identities
        Who each face is: N numbers or names.
    most
        Pairs of each kind, at most; fewer are spread as in `make_pairs`.
    seed
        The same seed, the same pairs.

    Raises
    ------
    ValueError
        Fewer than two people, nobody with two faces, or `most` below 1.

    Examples
    --------
    >>> from cvfast.metrics.pairs import draw_pairs
    >>> pairs = draw_pairs(["a", "a", "b", "c"])
    >>> int(pairs.same.sum()), len(pairs)
    (1, 6)
    """
    if most < 1:
        raise ValueError(f"most: expected at least 1, got {most}")
    random = np.random.default_rng(seed)
    room = _Room(_deal_people(identities, 1, random)[0])
    if not room.alike:
        raise ValueError("identities: expected someone with two faces, got one face a person")
    alike, unlike = min(most, room.alike), min(most, room.unlike)
    return _joined([room.draw(alike, unlike, 0, random)])


class _Room:
    """The faces of each of a fold's people, and how many pairs they make."""

    def __init__(self, people: list[Whole]) -> None:
        self._faces = np.concatenate(people)
        self._sizes = np.array([len(faces) for faces in people])
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._alike = self._sizes * (self._sizes - 1) // 2
        self.alike = int(self._alike.sum())
        self.unlike = (int(self._sizes.sum()) ** 2 - int((self._sizes**2).sum())) // 2

    def draw(self, alike: int, unlike: int, fold: int, random: np.random.Generator) -> Pairs:
        """Draw so many pairs of each kind."""
        person, place = _drawn(self._alike, alike, random)
        smaller, larger = _corner(place)
        start = self._starts[person]
        one, other = start + smaller, start + larger
        left, right, place = self._unlike(unlike, random)
        one = np.append(one, self._starts[left] + place // self._sizes[right])
        other = np.append(other, self._starts[right] + place % self._sizes[right])
        same = np.arange(len(one)) < alike
        return Pairs(self._faces[one], self._faces[other], same, np.full(len(one), fold, np.int64))

    def _unlike(self, count: int, random: np.random.Generator) -> tuple[Whole, Whole, Whole]:
        """Draw pairs of people, and of each the number of a pair of their faces."""
        people = len(self._sizes)
        pairs = people * (people - 1) // 2
        if people > _MOST_PEOPLE and count <= pairs:  # listing all pairs might fill the memory
            left, right = _corner(random.choice(pairs, count, replace=False))
            return left, right, random.integers(0, self._sizes[left] * self._sizes[right])
        one, other = np.triu_indices(people, 1)
        pair, place = _drawn(self._sizes[one] * self._sizes[other], count, random)
        return one[pair], other[pair], place


def _corner(number: Whole) -> tuple[Whole, Whole]:
    """Return a and b of pairs a < b that are counted (0, 1), (0, 2), (1, 2), (0, 3) ..."""
    # b is the largest with b (b - 1) / 2 <= number.
    larger = ((1 + np.sqrt(1 + 8.0 * number)) // 2).astype(np.int64)
    return number - larger * (larger - 1) // 2, larger


def _joined(parts: list[Pairs]) -> Pairs:
    columns = [(part.first, part.second, part.same, part.fold) for part in parts]
    return Pairs(*(np.concatenate(column) for column in zip(*columns, strict=True)))


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
    faces = np.split(np.argsort(who, kind="stable"), np.cumsum(np.bincount(who))[:-1])
    return [[faces[one] for one in order[fold::folds]] for fold in range(folds)]


def _spread(room: Whole, count: int, random: np.random.Generator) -> Whole:
    """Share `count` out among groups as evenly as their room allows, the rest at random."""
    ordered = np.sort(room)
    # With the level at ordered[k], the first k groups are full and the others hold as much each.
    held = np.cumsum(ordered) - ordered + ordered * np.arange(len(room), 0, -1)
    full = int(np.searchsorted(held, count, side="right"))
    level = int(ordered[-1])
    if full < len(room):
        level = int((count - ordered[:full].sum()) // (len(room) - full))
    shares = np.minimum(room, level)
    open_groups = np.flatnonzero(room > shares)
    rest = count - int(shares.sum())
    if rest:
        shares[random.choice(open_groups, rest, replace=False)] += 1
    return shares


def _drawn(room: Whole, count: int, random: np.random.Generator) -> tuple[Whole, Whole]:
    """Draw `count` places from groups of such room: the group of each, and its place in it."""
    shares = _spread(room, count, random)
    groups = np.flatnonzero(shares)
    single = groups[shares[groups] == 1]
    several = groups[shares[groups] > 1]
    places = [random.integers(0, room[single])]
    places += [random.choice(room[one], shares[one], replace=False) for one in several]
    return np.append(single, np.repeat(several, shares[several])), np.concatenate(places)
