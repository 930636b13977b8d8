"""Which faces are missed: by size, yaw, light, occlusion, and whatever else is known of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cvfast.metrics.annotations import Annotated, Fact

__all__ = ["Facet", "Group", "as_record", "facets"]

# Upper limits (not reached) of the groups of facts that are numbers, and their unit's factor.
_DEGREES = 180 / math.pi
_LIMITS: dict[str, tuple[float, str, Sequence[float]]] = {
    "size": (1.0, "px", (20, 40, 80, 160, 320)),
    "yaw": (_DEGREES, "deg", (15, 30, 45, 60)),
    "pitch": (_DEGREES, "deg", (10, 20, 30)),
    "roll": (_DEGREES, "deg", (10, 20, 30)),
    "occluded": (100.0, "%", (1, 10, 25, 50)),
}
_FIRST = ("size", "yaw", "light", "occluded", "occlusion")  # what one asks for first
_MOST_WORDS = 12  # groups of a fact that is a word; more of them are names, not groups


@dataclass(frozen=True)
class Group:
    """Faces that have something in common.

    Parameters
    ----------
    name
        ``"20 to 40 px"``, ``"side"``, ...
    faces, missed
        How many there are, and how many of them were not found.
    """

    name: str
    faces: int
    missed: int

    @property
    def rate(self) -> float:
        """Share that was missed."""
        return self.missed / self.faces


@dataclass(frozen=True)
class Facet:
    """One way of grouping faces: its name and its groups, in their natural order."""

    name: str
    groups: tuple[Group, ...]


def facets(pictures: Iterable[tuple[Annotated, Sequence[bool]]]) -> list[Facet]:
    """Count found and missed faces, grouped by all that is known of them.

    Parameters
    ----------
    pictures
        Each with a flag a face: found or not. Ignored faces are left out.

    Returns
    -------
    list of Facet
        ``size`` (the longer side of the box), yaw, light and occlusion first. Angles are taken
        without their sign. A fact that is missing from every face has no facet.

    Examples
    --------
    >>> one = Annotated.of("a.jpg", [[0, 0, 30, 30], [0, 0, 90, 90]])
    >>> [(group.name, group.missed) for group in facets([(one, [False, True])])[0].groups]
    [('20 to 40 px', 1), ('80 to 160 px', 0)]
    """
    told: dict[str, list[tuple[Fact, bool]]] = {"size": []}
    for picture, found in pictures:
        sides = (picture.boxes[:, 2:] - picture.boxes[:, :2]).max(axis=1, initial=0)
        for number in np.flatnonzero(~picture.ignore).tolist():
            facts = {"size": float(sides[number]), **picture.facts[number]}
            for name, value in facts.items():
                told.setdefault(name, []).append((value, bool(found[number])))
    names = [*(name for name in _FIRST if name in told), *(n for n in told if n not in _FIRST)]
    grouped = (_facet(name, told[name]) for name in names)
    return [facet for facet in grouped if facet is not None]


def _facet(name: str, values: Sequence[tuple[Fact, bool]]) -> Facet | None:
    """Group one fact; None where it makes no groups."""
    if name in _LIMITS:
        numbers = [(value, found) for value, found in values if not isinstance(value, str)]
        groups = _numbered(*_LIMITS[name], numbers)
    else:
        words = [(value, found) for value, found in values if isinstance(value, str)]
        groups = _worded(words)
    return Facet(name, tuple(groups)) if groups else None


def _numbered(
    factor: float, unit: str, limits: Sequence[float], values: Sequence[tuple[float, bool]]
) -> list[Group]:
    names = [f"under {limits[0]} {unit}"]
    names += [f"{low} to {high} {unit}" for low, high in itertools.pairwise(limits)]
    names += [f"from {limits[-1]} {unit}"]
    places = np.searchsorted(limits, [abs(value) * factor for value, _ in values], side="right")
    found = np.array([seen for _, seen in values], bool)
    counted = ((name, places == place) for place, name in enumerate(names))
    return [Group(n, int(at.sum()), int((at & ~found).sum())) for n, at in counted if at.any()]


def _worded(values: Sequence[tuple[str, bool]]) -> list[Group]:
    counts: dict[str, list[int]] = {}
    for word, found in values:
        entry = counts.setdefault(word, [0, 0])
        entry[0] += 1
        entry[1] += not found
    if len(counts) > _MOST_WORDS:
        return []
    return [Group(word, *count) for word, count in sorted(counts.items())]


def as_record(found: Iterable[Facet]) -> Mapping[str, list[dict[str, object]]]:
    """Return facets as plain lists and numbers."""
    return {
        facet.name: [
            {"group": group.name, "faces": group.faces, "missed": group.missed}
            for group in facet.groups
        ]
        for facet in found
    }
