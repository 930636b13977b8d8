"""What eigenfaces and Fisherfaces have in common: faces projected, and compared as vectors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.pca import PCA
from cvfast.recognition.classifier import FaceClassifier, Faces
from cvfast.recognition.nearest import NearestVectors, unit_rows

__all__ = ["ProjectedFaces", "projection"]


class ProjectedFaces(FaceClassifier):
    """Names faces after the nearest by their coordinates along some directions.

    A subclass sets `mean_`, `components_` and `_pca`, which projects on them, and calls `_compare`
    once it has `features_`.
    """

    metrics: ClassVar[tuple[str, ...]]
    metric: str
    mean_: NDArray[np.float64]
    components_: NDArray[np.float32] | NDArray[np.float64]
    _pca: PCA
    _near: NearestVectors

    def transform(self, X: Faces, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the coordinates of faces along the components.

        Parameters
        ----------
        X
            Faces as in ``fit``.
        threads
            At most so many; None for :func:`cvfast.get_num_threads`.

        Returns
        -------
        (n, k) float32.

        Raises
        ------
        TypeError, ValueError
            As for ``fit``; faces of another size; not fitted.
        """
        rows = self._rows(X)
        scores = self._pca.transform(rows, threads=threads)
        return scores.astype(np.float32, copy=False)

    def distances(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
        """Return how far apart coordinates are by the metric: (n, k) and (m, k) give (n, m)."""
        apart = NearestVectors(self._comparable(b)).distances(self._comparable(a))
        return self._by_metric(apart).astype(np.float32)

    def _nearest(
        self, features: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        distances, indices = self._near.search(self._comparable(features), count)
        return self._by_metric(distances), indices

    def _comparable(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Return vectors whose Euclidean distance is the metric's, or tells it."""
        return unit_rows(scores) if self.metric.endswith("cosine") else scores

    def _by_metric(self, apart: NDArray[np.float64]) -> NDArray[np.float64]:
        # 1 - cos of an angle is half the square of its chord.
        return apart**2 / 2 if self.metric.endswith("cosine") else apart

    def _compare(self) -> None:
        self._near = NearestVectors(self._comparable(self.features_))

    def _check_metric(self) -> None:
        if self.metric not in self.metrics:
            raise ValueError(
                f"metric: expected one of {', '.join(self.metrics)}, got {self.metric!r}"
            )

    def _pictures(self, rows: NDArray[Any]) -> NDArray[Any]:
        return rows if self.image_shape_ is None else rows.reshape(-1, *self.image_shape_)


def projection(mean: NDArray[np.float64], components: NDArray[Any]) -> PCA:
    """Return a PCA that projects on given directions (k, d) and back.

    Examples
    --------
    >>> pca = projection(np.ones(2), np.array([[0, 1]], np.float32))
    >>> pca.transform(np.array([[7, 4]], np.float32)).tolist()
    [[3.0]]
    """
    pca = PCA(len(components))
    pca.mean_, pca.components_ = mean, components
    return pca
