"""Fisherfaces: the directions that tell people apart, rather than those of most variance."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.pca import PCA
from cvfast.recognition.classifier import (
    Faces,
    checked_labels,
    checked_weights,
    face_rows,
)
from cvfast.recognition.nearest import unit_rows
from cvfast.recognition.projected import ProjectedFaces, projection

__all__ = ["Fisherfaces"]

_LEAST = 1e-10  # of the largest variance within people: less counts as none


class Fisherfaces(ProjectedFaces):
    """Belhumeur's Fisherfaces with a nearest neighbour, in scikit-learn's manner.

    P. Belhumeur, J. Hespanha and D. Kriegman, *Eigenfaces vs. Fisherfaces*, IEEE PAMI 19 (1997):
    principal components first, as many as leave the scatter within people invertible, then Fisher's
    linear discriminant among them.

    Parameters
    ----------
    n_components
        How many discriminants to keep, 1 to c - 1 of c people; None for all.
    pca_components
        How many principal components come first: None for n - c of n faces, as in the paper; an
        integer up to that; or a float in (0, 1), a share of the variance. Fewer fit the training
        people less closely, and often others better.
    metric
        ``"euclidean"``, or ``"cosine"``: 1 - cos of the angle.

    Attributes
    ----------
    mean_ : (d,) float64, the mean face.
    components_ : (k, d) float32, rows of length 1, not orthogonal; ``fisherfaces`` shows them as
        pictures.
    eigenvalues_ : (k,) float64, scatter between people over scatter within, largest first.
    classes_, features_, image_shape_, n_features_in_ : as for `cvfast.Eigenfaces`.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> rng = np.random.default_rng(0)
    >>> people = rng.integers(0, 200, (5, 8, 8))  # 5 people, of whom each has 4 faces
    >>> faces = np.repeat(people, 4, axis=0) + rng.integers(0, 40, (20, 8, 8))
    >>> X, y = faces.astype(np.uint8), np.repeat(np.arange(5), 4)
    >>> model = cvfast.Fisherfaces().fit(X[::2], y[::2])
    >>> model.score(X[1::2], y[1::2]), model.fisherfaces.shape
    (1.0, (4, 8, 8))
    """

    metrics = ("euclidean", "cosine")
    components_: NDArray[np.float32]
    eigenvalues_: NDArray[np.float64]

    def __init__(
        self,
        n_components: int | None = None,
        *,
        pca_components: float | None = None,
        metric: str = "euclidean",
    ) -> None:
        self.n_components = n_components
        self.pca_components = pca_components
        self.metric = metric

    def fit(self, X: Faces, y: Any = None, *, threads: int | None = None) -> Fisherfaces:
        """Find the discriminants, and project the training faces.

        Parameters
        ----------
        X
            Faces (n, h, w), or one a row (n, d): uint8, float32 or float64.
        y
            A label for each, of any kind that sorts; at least two people, and at least one with
            two faces.
        threads
            At most so many; None for :func:`cvfast.get_num_threads`.

        Returns
        -------
        The object itself.

        Raises
        ------
        TypeError
            Another dtype, or a parameter of another type.
        ValueError
            One person alone, one face a person, no labels, a parameter out of range, or as for
            `cvfast.Eigenfaces.fit`.
        """
        self._check_metric()
        rows, shape = face_rows(X)
        if y is None:
            raise ValueError("y: expected a label a face, got None; Fisherfaces learn from people")
        labels = checked_labels(y, len(rows))
        people = len(labels[0])
        if people < 2:
            raise ValueError("y: expected at least two people to tell apart, got one")
        if people == len(rows):
            raise ValueError("y: expected at least two faces of somebody, got one of each person")
        kept = _count("n_components", self.n_components, people - 1)
        first = self.pca_components
        if not isinstance(first, float):
            most = min(len(rows) - people, rows.shape[1])
            first = _count("pca_components", first, most)
        pca = PCA(first).fit(rows, threads=threads)
        scores = pca.transform(rows, threads=threads).astype(np.float64)
        directions, self.eigenvalues_ = discriminants(scores, labels[1], kept)
        # Of length 1. With unit variance within people, which theory would have, directions in
        # which the training faces vary least by accident would count most.
        self.mean_ = pca.mean_
        self.components_ = (unit_rows(directions) @ pca.components_).astype(np.float32)
        self._pca = projection(self.mean_, self.components_)
        features = self._pca.transform(rows, threads=threads)
        self._remember(features.astype(np.float32), rows.shape[1], shape, labels)
        self._compare()
        return self

    @property
    def fisherfaces(self) -> NDArray[np.float32]:
        """The discriminants as pictures, (k, h, w); (k, d) where faces were given as rows."""
        self._check_fitted()
        return self._pictures(self.components_)

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return ``mean`` and ``components``."""
        self._check_fitted()
        return {"mean": self.mean_, "components": self.components_}

    def restore(
        self, weights: Mapping[str, NDArray[Any]], image_shape: tuple[int, int]
    ) -> Fisherfaces:
        """Take over what `weights` gave, for faces (h, w); training faces are not among it.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or of another shape or dtype.
        """
        self._check_metric()
        columns = math.prod(image_shape)
        self.mean_, self.components_ = checked_weights(weights, ("mean", "components"), columns)
        self._pca = projection(self.mean_, self.components_)
        self._remember(np.empty((0, len(self.components_)), np.float32), columns, image_shape)
        self._compare()
        return self


def discriminants(
    scores: NDArray[np.float64], person: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the directions w with the largest w S_b w / w S_w w, and these ratios.

    S_w is the scatter of samples round their people's means, S_b that of the people's means, each
    counted as often as it has samples. Directions without scatter within people, which a few
    samples may have by accident, are left out.

    Parameters
    ----------
    scores
        (n, p) samples.
    person
        (n,) whose they are, 0 to c - 1.
    count
        How many, 1 to c - 1.

    Returns
    -------
    directions, ratios
        (k, p), along which S_w is the unit matrix, and (k,), k <= count.

    Examples
    --------
    >>> import numpy as np
    >>> samples = np.array([[0.0, -9], [0, 9], [1, 0], [4, -9], [4, 9], [5, 0]])
    >>> w, ratios = discriminants(samples, np.array([0, 0, 0, 1, 1, 1]), 1)
    >>> bool(abs(w[0, 0]) > 10 * abs(w[0, 1])), round(float(ratios[0]), 1)
    (True, 18.0)
    """
    from scipy.linalg import eigh

    counts = np.bincount(person)
    means = np.zeros((len(counts), scores.shape[1]))
    np.add.at(means, person, scores)
    means /= counts[:, None]
    within = scores - means[person]
    values, vectors = eigh(within.T @ within, check_finite=False)
    varying = values > _LEAST * max(values[-1], np.finfo(np.float64).tiny)
    if not varying.any():
        raise ValueError("X: expected faces of a person that differ, got the same ones")
    whiten = vectors[:, varying] / np.sqrt(values[varying])
    between = (means - scores.mean(axis=0)) * np.sqrt(counts)[:, None]
    ratios, turned = np.linalg.svd(between @ whiten, full_matrices=False)[1:]
    kept = min(count, len(ratios))
    directions = turned[:kept] @ whiten.T
    largest = np.abs(directions).argmax(axis=1)
    directions *= np.sign(directions[np.arange(kept), largest])[:, None]
    return directions, ratios[:kept] ** 2


def _count(name: str, given: Any, most: int) -> int:
    if given is None:
        return most
    try:
        count = operator.index(given)
    except TypeError:
        raise TypeError(f"{name}: expected None or a whole number, got {given!r}") from None
    if not 1 <= count <= most:
        raise ValueError(f"{name}: expected 1 to {most} for these faces and people, got {count}")
    return count
