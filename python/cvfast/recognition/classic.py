"""Eigenfaces, Fisherfaces and LBPH as embeddings, with the threshold to call two faces one's."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.embedding import Threshold
from cvfast.faces.types import Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.recognition.classifier import FaceClassifier
from cvfast.recognition.eigenfaces import Eigenfaces
from cvfast.recognition.fisherfaces import Fisherfaces
from cvfast.recognition.lbph import LBPH
from cvfast.recognition.preprocess import Preprocessing
from cvfast.typing import Image, ImageU8

__all__ = ["KINDS", "ClassicEmbedder", "kind_of", "threshold_of", "train_classic"]

KINDS: Mapping[str, type[FaceClassifier]] = {
    "eigenfaces": Eigenfaces,
    "fisherfaces": Fisherfaces,
    "lbph": LBPH,
}
_LEAST_PEOPLE = 8  # fewer are not worth a fit on half of them
_MOST_FACES = 400  # whose pairs set the threshold, a half of the people: 80,000 pairs


def kind_of(model: FaceClassifier) -> str:
    """Return what a model is called on the command line and in files.

    Examples
    --------
    >>> kind_of(LBPH())
    'lbph'
    """
    return next(name for name, kind in KINDS.items() if type(model) is kind)


@dataclass(frozen=True, eq=False)
class ClassicEmbedder:
    """Turns faces into the coordinates or histograms of a model that has been fitted.

    It is an `cvfast.faces.embedding.Embedder`.

    Parameters
    ----------
    model
        Fitted, on faces of the preprocessing's size.
    preprocessing
        What is done to a face before the model sees it.
    threshold
        Up to which distance two faces are taken for one person's.

    Raises
    ------
    ValueError
        A model of faces of another size.

    Examples
    --------
    >>> import numpy as np
    >>> faces = np.random.default_rng(0).integers(0, 256, (6, 16, 16), np.uint8)
    >>> model = Eigenfaces(3).fit(faces)
    >>> embedder = ClassicEmbedder(model, Preprocessing((16, 16)), Threshold(9.0, None, "a guess"))
    >>> embedder.name, embedder.dimension
    ('eigenfaces', 3)
    """

    model: FaceClassifier
    preprocessing: Preprocessing
    threshold: Threshold

    def __post_init__(self) -> None:
        expected = self.preprocessing.size[::-1]
        if self.model.image_shape_ != expected:
            raise ValueError(
                f"model: expected faces of shape {expected} as the preprocessing makes, "
                f"got {self.model.image_shape_}"
            )

    @property
    def name(self) -> str:
        """``eigenfaces``, ``fisherfaces`` or ``lbph``."""
        return kind_of(self.model)

    @functools.cached_property
    def key(self) -> str:
        """Names the weights and the preprocessing: vectors of two keys do not compare."""
        told = [self.name, self.model.get_params(), self.preprocessing.as_dict()]
        digest = hashlib.sha256(json.dumps(told, default=float).encode())
        for name, array in self.model.weights().items():
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return f"{self.name}-{digest.hexdigest()[:16]}"

    @property
    def dimension(self) -> int:
        """Numbers a vector."""
        return int(self.model.features_.shape[1])

    def embed(self, image: Image | PixelReader, faces: Sequence[Landmarks]) -> NDArray[np.float32]:
        """Return the vectors of faces in one picture, (N, dimension) float32.

        Parameters
        ----------
        image
            RGB or grey picture, uint8 or float32 in [0, 1].
        faces
            Landmarks of N faces in it, in any scheme that converts to ``five``.
        """
        if not len(faces):
            return np.empty((0, self.dimension), np.float32)
        reader = PixelReader.of(image)
        return self.model.transform(np.stack([self.preprocessing(reader, one) for one in faces]))

    def distances(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far apart vectors are: (N, D) and (M, D) give (N, M)."""
        return self.model.distances(a, b)


def train_classic(
    model: FaceClassifier,
    faces: ImageU8,
    people: Sequence[Any] | NDArray[Any],
    preprocessing: Preprocessing,
    *,
    false_accepts: float = 0.01,
    seed: int = 0,
    threads: int | None = None,
) -> ClassicEmbedder:
    """Fit a model to faces and set its threshold.

    Parameters
    ----------
    model
        With the settings wanted; it is fitted.
    faces
        (n, h, w) uint8, as the preprocessing makes them.
    people
        (n,) whose they are.
    preprocessing
        What made them.
    false_accepts
        The share of pairs of different people that the threshold is to let pass, in (0, 1).
    seed
        Of the halves of the people.
    threads
        At most so many; None for :func:`cvfast.get_num_threads`.

    Raises
    ------
    TypeError, ValueError
        As for the model's ``fit``, or ``false_accepts`` out of range.

    Examples
    --------
    >>> import numpy as np
    >>> faces = np.random.default_rng(0).integers(0, 256, (12, 16, 16), np.uint8)
    >>> made = train_classic(Eigenfaces(3), faces, np.repeat(range(4), 3), Preprocessing((16, 16)))
    >>> made.threshold.source
    'the training faces themselves: 4 people are too few to leave some out'
    """
    if not 0 < false_accepts < 1:
        raise ValueError(f"false_accepts: expected a share in (0, 1), got {false_accepts}")
    names = np.unique(np.asarray(people), return_inverse=True)[1]
    model.fit(faces, people, threads=threads)
    threshold = threshold_of(
        model, faces, names, false_accepts=false_accepts, seed=seed, threads=threads
    )
    return ClassicEmbedder(model, preprocessing, threshold)


def threshold_of(
    model: FaceClassifier,
    faces: ImageU8,
    person: NDArray[np.int64],
    *,
    false_accepts: float,
    seed: int = 0,
    threads: int | None = None,
) -> Threshold:
    """Return the distance that a share of pairs of people the model has not seen lie under.

    The people are parted in halves; a copy of the model is fitted to each half and asked for the
    distances between different people of the other.

    Parameters
    ----------
    model
        Fitted to these faces.
    faces, person
        (n, h, w) and (n,) numbers of people from 0 on.
    false_accepts, seed, threads
        As for `train_classic`.
    """
    count = int(person.max()) + 1
    rng = np.random.default_rng(seed)
    half = rng.permutation(count)[: count // 2]
    chosen = np.isin(person, half)
    apart, why = [], f"{count} people are too few to leave some out"
    try:
        for fold in (chosen, ~chosen) if count >= _LEAST_PEOPLE else ():
            copy = type(model)(**model.get_params()).fit(faces[fold], person[fold], threads=threads)
            apart.append(_between_people(copy, faces[~fold], person[~fold], rng))
    except ValueError:  # the settings, which were right for all faces, ask too much of half of them
        apart, why = [], f"half of {count} people are too few for these settings"
    if apart:
        why = "too few pairs"
        distances = np.sort(np.concatenate(apart))
        passing = int(false_accepts * len(distances))
        if passing:
            limit = float(distances[passing - 1])
            share = float(np.searchsorted(distances, limit, side="right") / len(distances))
            source = f"{len(distances)} pairs of different training people, left out of the fit"
            return Threshold(limit, share, source)
    distances = _between_people(model, faces, person, rng)
    limit = float(np.nextafter(np.float32(distances.min()), np.float32(0))) if distances.size else 0
    return Threshold(limit, None, f"the training faces themselves: {why}")


def _between_people(
    model: FaceClassifier, faces: ImageU8, person: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the distances of all pairs of faces of different people, of at most so many faces."""
    some = rng.permutation(len(faces))[:_MOST_FACES]
    features, names = model.transform(faces[some]), person[some]
    pairs = np.triu(names[:, None] != names, 1)
    apart: NDArray[np.float32] = model.distances(features, features)[pairs]
    return apart
