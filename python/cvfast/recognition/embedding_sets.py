"""Whole sets of faces turned into vectors, by one model or by several at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, MediaError, ModelError, NothingFoundError
from cvfast.faces.choosing import choose_face
from cvfast.faces.embedding import Embedder
from cvfast.io.images import MAX_PIXELS, read_image
from cvfast.recognition.face_sets import KnownFace
from cvfast.recognition.kept_vectors import Kept, KeptVectors, face_key
from cvfast.typing import Image, Progress

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
    several
        Places of faces whose picture has more than one, of which the largest was taken, and how
        many.
    """

    vectors: Mapping[str, Vectors]
    missing: Mapping[int, Exception]
    several: Mapping[int, int]


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

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from cvfast.io.images import write_image
    >>> from cvfast.faces.types import Landmarks
    >>> write_image("grey.png", np.full((20, 20), 90, np.uint8))
    >>> marks = Landmarks(np.full((68, 2), 9), "dlib68", 1.0, [4, 4, 16, 16])
    >>> mean = SimpleNamespace(
    ...     dimension=1, embed=lambda image, faces: np.full((len(faces), 1), image.mean())
    ... )
    >>> embed_set([KnownFace("grey.png", "grey", "ann", marks)], mean).tolist()
    [[90.0]]
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
        A model fails, or gives numbers that are not finite.
    OutputError
        What is kept cannot be written.
    """
    work = _Work(embedders, kept or {})
    vectors = {
        name: np.full((len(faces), embedder.dimension), np.nan, np.float32)
        for name, embedder in embedders.items()
    }
    missing: dict[int, Exception] = {}
    several: dict[int, int] = {}
    try:
        for path, group in groupby(enumerate(faces), key=lambda one: one[1].path):
            picture = _Picture(path, max_pixels)
            for at, face in group:
                try:
                    found = work.one(face, picture)
                except (NothingFoundError, MediaError, LimitError) as error:
                    missing[at] = error
                except OSError as error:  # looked up in what is kept, before it is read
                    missing[at] = MediaError(f"{path}: cannot be read: {error.strerror}")
                else:
                    for name, kept_face in found.items():
                        vectors[name][at] = kept_face.vector
                        if kept_face.found > 1:
                            several[at] = kept_face.found
                if progress is not None:
                    progress(at + 1, len(faces))
            work.save_now_and_then()
    finally:
        work.save()
    return Embedded(vectors, missing, several)


def pair_distances(
    embedder: Embedder, vectors: Vectors, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how far apart pairs of rows of `vectors` are, (P,) float64.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> flat = SimpleNamespace(distances=lambda a, b: abs(a - b.T))
    >>> vectors = np.array([[1], [4], [9]], np.float32)
    >>> pair_distances(flat, vectors, np.array([0, 2]), np.array([1, 0])).tolist()
    [3.0, 8.0]
    """
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
        self._pixels: Image | None = None

    def pixels(self) -> Image:
        if self._pixels is None:
            self._pixels = read_image(self._path, max_pixels=self._max_pixels).pixels
        return self._pixels


class _Work:
    """The models, and what they keep."""

    def __init__(self, embedders: Mapping[str, Embedder], kept: Mapping[str, KeptVectors]) -> None:
        self._embedders, self._kept = embedders, kept
        self._saved, self._cost = time.monotonic(), 0.0

    def one(self, face: KnownFace, picture: _Picture) -> dict[str, Kept]:
        """Return what each model makes of one face."""
        key = face_key(face) if self._kept else b""
        held = {name: kept.get(key) for name, kept in self._kept.items()}
        done = {name: one for name, one in held.items() if one is not None}
        if any(not one.found for one in done.values()):
            raise NothingFoundError(f"{face.name}: no face found")
        needed = [name for name in self._embedders if name not in done]
        if not needed:
            return done
        pixels = picture.pixels()
        marks, found = face.landmarks, 1
        if marks is None:
            try:
                chosen = choose_face(pixels, name=face.name)
            except NothingFoundError:
                for name in needed:
                    self._keep(name, key, None, 0)
                raise
            marks, found = chosen.landmarks, chosen.found
        for name in needed:
            vector = self._embedders[name].embed(pixels, [marks])[0]
            if not np.isfinite(vector).all():
                raise ModelError(f"{name}: expected finite numbers of {face.name}, got others")
            self._keep(name, key, vector, found)
            done[name] = Kept(vector, found)
        return done

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

    def _keep(self, name: str, key: bytes, vector: Vectors | None, found: int) -> None:
        if name in self._kept:
            self._kept[name].put(key, vector, found)
