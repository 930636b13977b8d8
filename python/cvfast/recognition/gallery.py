"""A gallery: the vectors of people whose names are known, and whose face a new vector may be."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.faces.embedding import Embedder

__all__ = ["UNKNOWN", "Added", "Enrolled", "Gallery", "Match", "check_name"]

UNKNOWN = "unknown"
"""What a face is called that is nobody's in the gallery; no person may have this name."""

_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Where one vector of a gallery came from.

    Parameters
    ----------
    name
        The person's.
    picture
        The picture's file name, without its folder.
    sha256
        Of the picture's bytes, 64 hexadecimal digits.
    """

    name: str
    picture: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Match:
    """Whose face it may be.

    Parameters
    ----------
    name
        The nearest person, or None: nobody is near enough (or nobody is enrolled).
    distance
        To the nearest person: the smallest distance to any of that person's vectors; None where
        nobody is enrolled.
    threshold
        Up to which distance a person is named.
    nearest
        The nearest person, near enough or not.
    second, second_distance
        The second nearest person; None where fewer than two are enrolled.
    """

    name: str | None
    distance: float | None
    threshold: float
    nearest: str | None = None
    second: str | None = None
    second_distance: float | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What came of pictures that were to be enrolled.

    Parameters
    ----------
    gallery
        With those that were taken.
    taken
        Rows that are new.
    known
        Rows that were there already: the same picture of the same person.
    refused
        Rows whose picture is enrolled under another name, and that name.
    """

    gallery: Gallery
    taken: tuple[Enrolled, ...]
    known: tuple[Enrolled, ...]
    refused: tuple[tuple[Enrolled, str], ...]


@dataclass(frozen=True, eq=False)
class Gallery:
    """Vectors of named people, all of one model; `cvfast.recognition.gallery_file` keeps it.

    Parameters
    ----------
    model, key
        `Embedder.name` and `Embedder.key` of the model that made the vectors.
    rows
        Whose each vector is; sorted by name here, in the order given within a person.
    vectors
        ``(N, D)`` float32, a row each.

    Raises
    ------
    ValueError
        Another number of vectors than of rows, a vector that is not finite, or a name that cannot
        be one.

    Examples
    --------
    >>> import numpy as np
    >>> rows = (Enrolled("ann", "a.jpg", "0" * 64), Enrolled("bob", "b.jpg", "1" * 64))
    >>> gallery = Gallery("mine", "mine-1", rows, np.eye(2, dtype=np.float32))
    >>> gallery
    Gallery(2 people, 2 faces, mine)
    >>> gallery.forget(["bob"]).people
    {'ann': 1}
    """

    model: str
    key: str
    rows: tuple[Enrolled, ...]
    vectors: NDArray[np.float32]

    def __post_init__(self) -> None:
        vectors = np.asarray(self.vectors)
        if vectors.dtype != np.float32 or vectors.ndim != 2 or len(vectors) != len(self.rows):
            raise ValueError(
                f"vectors: expected float32 of shape ({len(self.rows)}, D), got {vectors.dtype} "
                f"{vectors.shape}"
            )
        if not vectors.shape[1] or not np.isfinite(vectors).all():
            raise ValueError("vectors: expected finite numbers, at least one a vector")
        for name in dict.fromkeys(row.name for row in self.rows):
            check_name(name)
        order = sorted(range(len(self.rows)), key=lambda number: self.rows[number].name)
        sorted_vectors = np.ascontiguousarray(vectors[np.array(order, np.intp)])
        sorted_vectors.setflags(write=False)
        object.__setattr__(self, "rows", tuple(self.rows[number] for number in order))
        object.__setattr__(self, "vectors", sorted_vectors)

    @classmethod
    def empty(cls, embedder: Embedder) -> Gallery:
        """Return a gallery of nobody, for the vectors of this model."""
        return cls(embedder.name, embedder.key, (), np.zeros((0, embedder.dimension), np.float32))

    def __repr__(self) -> str:
        return f"Gallery({len(self.people)} people, {len(self.rows)} faces, {self.model})"

    @property
    def people(self) -> dict[str, int]:
        """How many vectors each person has, in the order of their names."""
        counts: dict[str, int] = {}
        for row in self.rows:
            counts[row.name] = counts.get(row.name, 0) + 1
        return counts

    def check(self, embedder: Embedder, *, place: object = "gallery") -> None:
        """Refuse a model whose vectors do not compare with these.

        Raises
        ------
        ModelError
            Another model made this gallery.
        """
        if (embedder.key, embedder.dimension) == (self.key, self.vectors.shape[1]):
            return
        other = "" if embedder.name != self.model else ", with other weights or settings"
        raise ModelError(
            f"{place}: made by the model {self.model} (key {self.key}), and vectors of "
            f"{embedder.name} (key {embedder.key}){other} do not compare with its. Use that model, "
            "or enrol the pictures again in another gallery"
        )

    def add(self, rows: Sequence[Enrolled], vectors: NDArray[np.float32]) -> Added:
        """Take in more faces.

        A picture, told by its hash, is taken once: again under its name it is passed over, and
        under another name refused.

        Parameters
        ----------
        rows, vectors
            As in `Gallery`.

        Raises
        ------
        ValueError
            As for `Gallery`.
        """
        owners = {row.sha256: row.name for row in self.rows}
        fresh: list[int] = []
        known: list[Enrolled] = []
        refused: list[tuple[Enrolled, str]] = []
        for number, row in enumerate(rows):
            owner = owners.get(row.sha256)
            if owner is None:
                owners[row.sha256] = row.name
                fresh.append(number)
            elif owner == row.name:
                known.append(row)
            else:
                refused.append((row, owner))
        taken = tuple(rows[number] for number in fresh)
        grown = np.concatenate(
            [self.vectors, np.asarray(vectors, np.float32)[np.array(fresh, np.intp)]]
        )
        gallery = replace(self, rows=self.rows + taken, vectors=grown) if taken else self
        return Added(gallery, taken, tuple(known), tuple(refused))

    def forget(self, names: Iterable[str]) -> Gallery:
        """Return the gallery without these people; names that nobody has change nothing."""
        gone = {unicodedata.normalize("NFC", name) for name in names}
        kept = [number for number, row in enumerate(self.rows) if row.name not in gone]
        if len(kept) == len(self.rows):
            return self
        rows = tuple(self.rows[number] for number in kept)
        return replace(self, rows=rows, vectors=self.vectors[np.array(kept, np.intp)])

    def distances(self, vectors: NDArray[np.float32], embedder: Embedder) -> NDArray[np.float32]:
        """Return how far vectors are from each person: to the nearest of the person's vectors.

        Parameters
        ----------
        vectors
            ``(N, D)`` float32.
        embedder
            The model that made them.

        Returns
        -------
        (N, P) float32, people in the order of `people`.

        Raises
        ------
        ModelError
            Another model made this gallery.
        """
        self.check(embedder)
        counts = list(self.people.values())
        if not counts or not len(vectors):
            return np.zeros((len(vectors), len(counts)), np.float32)
        each = np.asarray(embedder.distances(vectors, self.vectors), np.float32)
        starts = np.cumsum([0, *counts[:-1]])
        return np.asarray(np.minimum.reduceat(each, starts, axis=1), np.float32)

    def identify(
        self,
        vectors: NDArray[np.float32],
        embedder: Embedder,
        *,
        threshold: float | None = None,
    ) -> list[Match]:
        """Say whose faces these vectors may be: open set, so nobody's is an answer.

        Parameters
        ----------
        vectors, embedder
            As for `distances`.
        threshold
            Up to which distance a person is named; None is the model's own.

        Raises
        ------
        ModelError
            Another model made this gallery.
        """
        limit = embedder.threshold.distance if threshold is None else threshold
        return [self.match(row, limit) for row in self.distances(vectors, embedder)]

    def match(self, distances: NDArray[np.floating], threshold: float) -> Match:
        """Decide by distances to each person, ``(P,)``, in the order of `people`."""
        names = list(self.people)
        if not names:
            return Match(None, None, threshold)
        order = np.argsort(distances, kind="stable")
        nearest, distance = names[order[0]], float(distances[order[0]])
        second = (names[order[1]], float(distances[order[1]])) if len(names) > 1 else (None, None)
        named = nearest if distance <= threshold else None
        return Match(named, distance, threshold, nearest, *second)


def check_name(name: str) -> str:
    """Return a person's name, composed (Unicode NFC).

    Raises
    ------
    ValueError
        Empty, too long, with characters that cannot be shown, or ``unknown``.

    Examples
    --------
    >>> check_name("unknown")
    Traceback (most recent call last):
    ...
    ValueError: name: expected a person's, got 'unknown', which is what nobody's face is called
    """
    composed = unicodedata.normalize("NFC", name)
    if composed.casefold() == UNKNOWN:
        raise ValueError(
            f"name: expected a person's, got {name!r}, which is what nobody's face is called"
        )
    if not composed.strip() or len(composed) > _LONGEST_NAME or not composed.isprintable():
        raise ValueError(
            f"name: expected 1 to {_LONGEST_NAME} characters that can be shown, got {name!r}"
        )
    return composed
