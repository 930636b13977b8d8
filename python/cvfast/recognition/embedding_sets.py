"""Whole sets of faces turned into vectors, by one model or by several at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, MediaError, NothingFoundError
from cvfast.faces.choosing import choose_face
from cvfast.faces.embedding import Embedder
from cvfast.geometry.sampling import PixelReader
from cvfast.io.images import MAX_PIXELS, read_image
from cvfast.recognition.face_sets import KnownFace
from cvfast.recognition.kept_vectors import KeptVectors, face_key
from cvfast.typing import Progress

__all__ = ["Embedded", "embed_set", "embed_sets", "pair_distances"]

_SAVE_EVERY = 10.0  # seconds of work that an interruption may cost
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Embedded:
    """The vectors of a set.

    Parameters
    ----------
    vectors
        For each model (N, D) float32, in the order of the faces; nan in the rows of `missing`.
    missing
        Faces that no model can be judged on, by place, and why: a `NothingFoundError` where there
        is no face, else what is wrong with the picture.
    """

    vectors: Mapping[str, Vectors]
    missing: Mapping[int, Exception]


def embed_set(
    faces: Sequence[KnownFace],
    embedder: Embedder,
    *,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> Vectors:
    """Return the vectors of faces, (N, D) float32.

    Raises
    ------
    NothingFoundError, MediaError, LimitError
        For the first face that is missing, or picture that cannot be read.
    """
    done = embed_sets(faces, {"": embedder}, max_pixels=max_pixels, progress=progress)
    for error in done.missing.values():
        raise error
    return done.vectors[""]


def embed_sets(
    faces: Sequence[KnownFace],
    embedders: Mapping[str, Embedder],
    *,
    kept: Mapping[str, KeptVectors] | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> Embedded:
    """Return the vectors of faces by several models; pictures are read and searched once.

    Parameters
    ----------
    faces
        In any order; those of one picture best side by side.
    embedders
        The models, by name.
    kept
        Where their vectors are kept, by the same names; written now and then, and at the end even
        of an interrupted run.
    max_pixels
        Refuse larger pictures.
    progress
        Called with the faces done and their number.

    Raises
    ------
    ModelError
        A model fails.
    OutputError
        What is kept cannot be written.
    """
    work = _Work(embedders, kept or {}, max_pixels)
    vectors = {
        name: np.full((len(faces), embedder.dimension), np.nan, np.float32)
        for name, embedder in embedders.items()
    }
    missing: dict[int, Exception] = {}
    try:
        for path, group in groupby(enumerate(faces), key=lambda one: one[1].path):
            picture = _Picture(path, max_pixels)
            for at, face in group:
                try:
                    found = work.one(face, picture)
                except (NothingFoundError, MediaError, LimitError, OSError) as error:
                    missing[at] = error
                else:
                    for name, vector in found.items():
                        vectors[name][at] = vector
                if progress is not None:
                    progress(at + 1, len(faces))
            work.save_now_and_then()
    finally:
        work.save()
    return Embedded(vectors, missing)


def pair_distances(
    embedder: Embedder, vectors: Vectors, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how far apart pairs of rows of `vectors` are, (P,) float64."""
    order = np.argsort(first, kind="stable")
    rows, starts = np.unique(first[order], return_index=True)
    found = np.empty(len(first))
    for row, places in zip(rows, np.split(order, starts[1:]), strict=True):
        found[places] = embedder.distances(vectors[row : row + 1], vectors[second[places]])[0]
    return found


class _Picture:
    """A picture, read when it is needed."""

    def __init__(self, path: Path, max_pixels: int) -> None:
        self._path, self._max_pixels = path, max_pixels
        self._reader: PixelReader | None = None

    def reader(self) -> PixelReader:
        if self._reader is None:
            pixels = read_image(self._path, max_pixels=self._max_pixels).pixels
            self._reader = PixelReader.of(pixels)
        return self._reader


class _Work:
    """The models, and what they keep."""

    def __init__(
        self, embedders: Mapping[str, Embedder], kept: Mapping[str, KeptVectors], max_pixels: int
    ) -> None:
        self._embedders, self._kept = embedders, kept
        self._max_pixels = max_pixels
        self._saved, self._cost = time.monotonic(), 0.0

    def one(self, face: KnownFace, picture: _Picture) -> dict[str, Vectors]:
        """Return one face's vector by each model."""
        key = face_key(face) if self._kept else b""
        held = {name: kept.get(key) for name, kept in self._kept.items()}
        found = {name: vector for name, vector in held.items() if vector is not None}
        if any(np.isnan(vector).any() for vector in found.values()):
            raise NothingFoundError(f"{face.name}: no face found")
        needed = [name for name in self._embedders if name not in found]
        if not needed:
            return found
        try:
            reader = picture.reader()
            marks = face.landmarks or choose_face(reader, name=face.name).landmarks
        except NothingFoundError:
            self._keep(needed, key, None)
            raise
        for name in needed:
            found[name] = self._embedders[name].embed(reader, [marks])[0]
            self._keep([name], key, found[name])
        return found

    def save_now_and_then(self) -> None:
        """Save after ten seconds of work, and after twenty times what saving took."""
        if time.monotonic() - self._saved > max(_SAVE_EVERY, 20 * self._cost):
            self.save()

    def save(self) -> None:
        before = time.monotonic()
        for kept in self._kept.values():
            kept.save()
        self._saved = time.monotonic()
        self._cost = self._saved - before

    def _keep(self, names: Sequence[str], key: bytes, vector: Vectors | None) -> None:
        for name in names:
            if name in self._kept:
                self._kept[name].put(key, vector)
