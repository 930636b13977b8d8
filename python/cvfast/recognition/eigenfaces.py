"""Eigenfaces: faces as a mean face plus a few components, compared by their coordinates."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cvfast.kernels.pca import PCA
from cvfast.kernels.pca_short import ShortProjection
from cvfast.recognition.classifier import (
    Faces,
    checked_labels,
    checked_weights,
    face_rows,
)
from cvfast.recognition.projected import ProjectedFaces, projection

__all__ = ["Eigenfaces"]

_LONG = 2048  # pixels, under which one face is quick anyhow


class Eigenfaces(ProjectedFaces):
    """Turk and Pentland's eigenfaces with a nearest neighbour, in scikit-learn's manner.

    M. Turk and A. Pentland, *Eigenfaces for Recognition*, Journal of Cognitive Neuroscience 3
    (1991). `cvfast.recognition.preprocess.align_face` makes faces ready for it. It works in a
    scikit-learn ``Pipeline``, under ``clone`` and ``cross_val_score``; scikit-learn itself is not
    needed.

    Parameters
    ----------
    n_components
        How many components to keep: None for all that have a variance, an integer, or a float in
        (0, 1): as few as explain more than this share of the variance, skipped ones counted.
    skip
        Leave out so many of the first components, which show light more than people.
    metric
        How coordinates are compared: ``"euclidean"``; ``"cosine"``, 1 - cos of the angle between
        them; ``"mahalanobis"``, Euclidean after each is divided by its standard deviation, and
        ``"mahalanobis-cosine"``, that angle then (Moon and Phillips, 2001).

    Attributes
    ----------
    mean_ : (d,) float64, the mean face; ``mean_face`` as a picture.
    components_ : (k, d), the eigenfaces, orthonormal rows; ``eigenfaces`` as pictures.
    explained_variance_, explained_variance_ratio_, singular_values_ : (k,) float64.
    n_components_, n_samples_, n_features_in_ : int.
    image_shape_ : (h, w), or None where faces were given as rows.
    features_ : (n, k) float32, the coordinates of the training faces.
    classes_ : the different labels, sorted; only after ``fit`` with labels.

    Notes
    -----
    The steps, and where each is to be seen: the mean face m (``mean_``); the covariance of the
    centred faces c, of which only the smaller of c c^T (n x n) and c^T c (d x d) is solved, since
    an eigenvector v of the first gives the eigenvector c^T v of the second (`cvfast.PCA`);
    eigenvectors (``components_``) and the share of the variance each explains
    (``explained_variance_ratio_``), of which the first are kept; projection w = U (x - m)
    (``transform``); reconstruction m + U^T w (``inverse_transform``); the nearest neighbour among
    the training faces (``kneighbors``, ``predict``).

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> rng = np.random.default_rng(0)
    >>> people = rng.integers(0, 200, (5, 8, 8))  # 5 people, of whom each has 4 faces
    >>> faces = np.repeat(people, 4, axis=0) + rng.integers(0, 40, (20, 8, 8))
    >>> names = np.repeat(["ann", "bob", "cid", "dee", "eve"], 4)
    >>> X = faces.astype(np.uint8)
    >>> model = cvfast.Eigenfaces(n_components=0.9).fit(X[::2], names[::2])
    >>> model.score(X[1::2], names[1::2])
    1.0
    >>> model.transform(X).shape, model.mean_face.shape, model.eigenfaces.shape
    ((20, 4), (8, 8), (4, 8, 8))
    """

    metrics = ("euclidean", "cosine", "mahalanobis", "mahalanobis-cosine")
    explained_variance_: NDArray[np.float64]
    explained_variance_ratio_: NDArray[np.float64]
    singular_values_: NDArray[np.float64]
    n_components_: int
    n_samples_: int
    _short: ShortProjection | None = None

    def __init__(
        self,
        n_components: float | None = None,
        *,
        skip: int = 0,
        metric: str = "euclidean",
    ) -> None:
        self.n_components = n_components
        self.skip = skip
        self.metric = metric

    def fit(self, X: Faces, y: Any = None, *, threads: int | None = None) -> Eigenfaces:
        """Find mean face and eigenfaces, and project the training faces.

        Parameters
        ----------
        X
            Faces (n, h, w), or one a row (n, d): uint8, float32 or float64.
        y
            A label for each, of any kind that sorts; None: no prediction, features alone.
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
            Pictures of different sizes, NaN or infinity, another count of labels, or a parameter
            out of range: more components than the faces can have.
        """
        self._check_metric()
        rows, shape = face_rows(X)
        labels = None if y is None else checked_labels(y, len(rows))
        pca = PCA(_components_to_find(self.n_components, self.skip, min(rows.shape)))
        scores = pca.fit_scores(rows, threads=threads)
        self._keep(pca, self.skip)
        if scores is None:
            features = self._pca.transform(rows, threads=threads).astype(np.float32, copy=False)
        else:
            kept = slice(self.skip, self.skip + self.n_components_)
            features = np.ascontiguousarray(scores[:, kept])
        self._remember(features, rows.shape[1], shape, labels)
        self._compare()
        return self

    def inverse_transform(
        self, X: NDArray[Any], *, dtype: DTypeLike | None = None, threads: int | None = None
    ) -> NDArray[Any]:
        """Return the faces that coordinates stand for.

        Parameters
        ----------
        X
            (n, k) coordinates; fewer columns use the first components alone.
        dtype
            ``"uint8"`` rounds and clips to 0 ... 255; None: float.
        threads
            At most so many; None for :func:`cvfast.get_num_threads`.

        Returns
        -------
        (n, h, w), or (n, d) where faces were given as rows.

        Raises
        ------
        TypeError, ValueError
            As for `cvfast.PCA.inverse_transform`.
        """
        self._check_fitted()
        pca = self._pca
        if X.ndim == 2 and 0 < X.shape[1] < self.n_components_:
            pca = projection(self.mean_, self.components_[: X.shape[1]].copy())
        return self._pictures(pca.inverse_transform(X, dtype=dtype, threads=threads))

    def reconstruct(
        self, X: Faces, n_components: int | None = None, *, threads: int | None = None
    ) -> NDArray[np.uint8]:
        """Return faces as the first `n_components` of the components show them, uint8.

        ``inverse_transform(transform(X))``, rounded to levels of 0 to 255; None uses all.
        """
        scores = self.transform(X, threads=threads)
        if n_components is not None:
            if not 1 <= n_components <= self.n_components_:
                raise ValueError(
                    f"n_components: expected 1 to {self.n_components_}, got {n_components}"
                )
            scores = np.ascontiguousarray(scores[:, :n_components])
        return self.inverse_transform(scores, dtype="uint8", threads=threads)

    @property
    def mean_face(self) -> NDArray[np.float64]:
        """The mean face, (h, w); (d,) where faces were given as rows."""
        self._check_fitted()
        picture: NDArray[np.float64] = self._pictures(self.mean_[None])[0]
        return picture

    @property
    def eigenfaces(self) -> NDArray[Any]:
        """The components as pictures, (k, h, w); (k, d) where faces were given as rows."""
        self._check_fitted()
        return self._pictures(self.components_)

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return ``mean``, ``components`` and ``variances``."""
        self._check_fitted()
        return {
            "mean": self.mean_,
            "components": self.components_.astype(np.float32),
            "variances": self.explained_variance_,
        }

    def restore(
        self, weights: Mapping[str, NDArray[Any]], image_shape: tuple[int, int]
    ) -> Eigenfaces:
        """Take over what `weights` gave, for faces (h, w); training faces are not among it.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or of another shape or dtype.
        """
        self._check_metric()
        columns, names = math.prod(image_shape), ("mean", "components", "variances")
        self.mean_, self.components_, variances = checked_weights(weights, names, columns)
        self.explained_variance_, self.n_components_ = variances, len(variances)
        if (variances < 0).any():
            raise ValueError("variances: expected none below 0")
        self._pca, self._short = projection(self.mean_, self.components_), None
        self._remember(np.empty((0, self.n_components_), np.float32), columns, image_shape)
        self._compare()
        return self

    def _closest(self, X: Faces, threads: int | None) -> NDArray[np.int64]:
        """Look for one face's neighbour with components of half the bytes, which bound the time."""
        if self.metric == "euclidean" and len(X) == 1:
            rows = self._rows(X)
            if rows.dtype != np.float64 and rows.shape[1] >= _LONG:
                if self._short is None:
                    components = self.components_.astype(np.float32, copy=False)
                    self._short = ShortProjection(components, self.mean_)
                only = self._near.only(*self._short.scores(rows))
                if only is not None:
                    return np.array([only])
        return super()._closest(X, threads)

    def _comparable(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Return vectors whose Euclidean distance is the metric's, or tells it."""
        if self.metric.startswith("mahalanobis"):
            deviations = np.sqrt(self.explained_variance_)
            scores = (scores / np.where(deviations > 0, deviations, np.inf)).astype(np.float32)
        return super()._comparable(scores)

    def _keep(self, pca: PCA, skip: int) -> None:
        """Take over the components that have a variance, less the first `skip`."""
        kept = len(pca.components_)
        if self.n_components is None:
            kept = max(int(np.count_nonzero(pca.explained_variance_ > 0)), 1)
        if kept <= skip:
            raise ValueError(f"skip: expected less than the {kept} components, got {skip}")
        self._pca, self._short = _cut(pca, skip, kept), None
        self.mean_, self.components_ = pca.mean_, self._pca.components_
        self.explained_variance_ = self._pca.explained_variance_
        self.explained_variance_ratio_ = self._pca.explained_variance_ratio_
        self.singular_values_ = self._pca.singular_values_
        self.n_components_, self.n_samples_ = len(self.components_), pca.n_samples_


def _cut(pca: PCA, first: int, last: int) -> PCA:
    """Return components first to last of a fitted PCA."""
    if first == 0 and last == len(pca.components_):
        return pca
    part, chosen = PCA(last - first), slice(first, last)
    part.mean_ = pca.mean_
    part.components_ = pca.components_[chosen].copy()
    part.explained_variance_ = pca.explained_variance_[chosen]
    part.explained_variance_ratio_ = pca.explained_variance_ratio_[chosen]
    part.singular_values_ = pca.singular_values_[chosen]
    part.n_components_, part.n_samples_ = last - first, pca.n_samples_
    part.n_features_in_ = pca.n_features_in_
    return part


def _components_to_find(n_components: Any, skip: Any, most: int) -> float | None:
    """Return what to ask of the PCA: skipped components count."""
    try:
        skipped = operator.index(skip)
    except TypeError:
        raise TypeError(f"skip: expected a whole number, got {skip!r}") from None
    if skipped < 0:
        raise ValueError(f"skip: expected 0 or more, got {skipped}")
    if n_components is None or isinstance(n_components, float | np.floating):
        return None if n_components is None else float(n_components)
    try:
        wanted = operator.index(n_components)
    except TypeError:
        raise TypeError(
            f"n_components: expected None, an integer or a float, got {type(n_components).__name__}"
        ) from None
    if not 1 <= wanted <= most - skipped:
        less = f" less {skipped} skipped" if skipped else ""
        raise ValueError(
            f"n_components: expected 1 to {most}{less}, as many as there are faces or pixels, "
            f"got {wanted}"
        )
    return wanted + skipped
