"""What eigenfaces, Fisherfaces and LBPH have in common: the nearest training face names a face."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FaceClassifier", "Faces", "checked_labels", "checked_weights", "face_rows"]

Faces: TypeAlias = NDArray[Any] | Sequence[NDArray[Any]]


class FaceClassifier(ABC):
    """Names faces after the training face that is nearest, in scikit-learn's manner.

    A subclass has `fit`, which calls `_remember`, and `transform`, `distances` and `_nearest`.
    """

    classes_: NDArray[Any]
    n_features_in_: int
    image_shape_: tuple[int, int] | None
    features_: NDArray[np.float32]
    _labels: NDArray[np.int64] | None

    @abstractmethod
    def fit(self, X: Faces, y: Any = None, *, threads: int | None = None) -> Self:
        """Learn from faces (n, h, w) or (n, d) and, to predict, the label of each."""

    @abstractmethod
    def transform(self, X: Faces, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the features of faces, (n, k) float32."""

    @abstractmethod
    def distances(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
        """Return how far apart features are: (n, k) and (m, k) give (n, m) float32."""

    @abstractmethod
    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the fitted arrays that `transform` and `distances` need, by name."""

    @abstractmethod
    def restore(self, weights: Mapping[str, NDArray[Any]], image_shape: tuple[int, int]) -> Self:
        """Take over what `weights` gave, for faces (h, w); training faces are not among it.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or of another shape or dtype.
        """

    @abstractmethod
    def _nearest(
        self, features: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return distances and numbers of the nearest training faces, (n, count)."""

    def kneighbors(
        self, X: Faces, n_neighbors: int = 1, *, threads: int | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return distances and numbers of the nearest training faces, nearest first.

        Parameters
        ----------
        X
            Faces as in ``fit``.
        n_neighbors
            How many, 1 to the number of training faces.
        threads
            At most so many; None for :func:`cvfast.get_num_threads`.

        Returns
        -------
        distances, indices
            (n, n_neighbors) float64 and int64.

        Raises
        ------
        TypeError, ValueError
            As for ``fit``; faces of another size; not fitted; ``n_neighbors`` out of range.
        """
        features = self.transform(X, threads=threads)
        known = len(self.features_)
        if not 1 <= n_neighbors <= known:
            raise ValueError(
                f"n_neighbors: expected 1 to {known} training faces, got {n_neighbors}"
            )
        return self._nearest(features, n_neighbors)

    def predict(
        self, X: Faces, *, return_distance: bool = False, threads: int | None = None
    ) -> Any:
        """Return the label of the nearest training face of each face.

        It is an answer for every face, also for one of somebody else: compare the distance with a
        threshold to have strangers called unknown.

        Parameters
        ----------
        X
            Faces as in ``fit``.
        return_distance
            Return (labels, distances) instead of labels.
        threads
            At most so many; None for :func:`cvfast.get_num_threads`.

        Returns
        -------
        (n,) labels of the kind that ``fit`` was given, and (n,) float64 distances if asked for.

        Raises
        ------
        TypeError, ValueError
            As for ``fit``; faces of another size; not fitted, or fitted without labels.
        """
        self._check_fitted()
        if self._labels is None:
            raise ValueError("predict: expected fit(X, y) with labels, got fit(X) before it")
        if not return_distance:
            return self.classes_[self._labels[self._closest(X, threads)]]
        distances, indices = self.kneighbors(X, threads=threads)
        return self.classes_[self._labels[indices[:, 0]]], distances[:, 0]

    def score(self, X: Faces, y: Any, *, threads: int | None = None) -> float:
        """Return the share of faces that `predict` names as `y` does."""
        predicted = self.predict(X, threads=threads)
        given = np.asarray(y)
        if given.shape != predicted.shape:
            raise ValueError(f"y: expected {len(predicted)} labels, got shape {given.shape}")
        return float(np.mean(predicted == given)) if len(predicted) else float("nan")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; ``deep`` makes no difference."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name and return the object itself; an unknown one is a ValueError."""
        names = self._parameter_names()
        for name, value in params.items():
            if name not in names:
                raise ValueError(f"params: expected one of {', '.join(names)}, got {name!r}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({shown})"

    def __sklearn_is_fitted__(self) -> bool:
        return "features_" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        """Describe the classifier to scikit-learn, the only caller."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=[]),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(three_d_array=True),
        )

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return list(inspect.signature(cls).parameters)

    def _closest(self, X: Faces, threads: int | None) -> NDArray[np.int64]:
        """Return the number of the nearest training face of each face."""
        return self.kneighbors(X, threads=threads)[1][:, 0]

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            name = type(self).__name__
            raise ValueError(f"{name}: expected a fitted one, got one without faces; call fit")

    def _rows(self, X: Faces) -> NDArray[Any]:
        """Return faces as rows, checked to be of the size of the training faces."""
        self._check_fitted()
        rows, shape = face_rows(X)
        if shape is not None and self.image_shape_ is not None and shape != self.image_shape_:
            raise ValueError(f"X: expected faces of shape {self.image_shape_}, got {shape}")
        if rows.shape[1] != self.n_features_in_:
            one = rows.shape == self.image_shape_
            hint = "; X[None] makes one face a list of faces" if one else ""
            raise ValueError(
                f"X: expected {self.n_features_in_} pixels a face as in fit, "
                f"got {rows.shape[1]}{hint}"
            )
        return rows

    def _remember(
        self,
        features: NDArray[np.float32],
        columns: int,
        shape: tuple[int, int] | None,
        labels: tuple[NDArray[Any], NDArray[np.int64]] | None = None,
    ) -> None:
        """Keep what prediction needs of the training faces."""
        self.features_ = features
        self.n_features_in_ = columns
        self.image_shape_ = shape
        self.__dict__.pop("classes_", None)
        self._labels = None
        if labels is not None:
            self.classes_, self._labels = labels


def checked_weights(
    weights: Mapping[str, NDArray[Any]], names: tuple[str, ...], columns: int
) -> tuple[NDArray[Any], ...]:
    """Return the arrays of these names, checked.

    They are ``components`` (k, d) float32, ``mean`` (d,) float64 and others (k,) float64, all of
    them finite.

    Raises
    ------
    KeyError, ValueError
        An array is missing, another one there, or one is of another shape or dtype.
    """
    if set(weights) != set(names):
        raise ValueError(f"arrays: expected {', '.join(names)}, got {', '.join(weights) or 'none'}")
    kept = weights["components"].shape[0] if weights["components"].ndim else 0
    for name in names:
        array = weights[name]
        shape = {"components": (kept, columns), "mean": (columns,)}.get(name, (kept,))
        dtype = np.float32 if name == "components" else np.float64
        if array.shape != shape or array.dtype != dtype or not array.size:
            raise ValueError(
                f"{name}: expected {np.dtype(dtype)} of shape {shape}, "
                f"got {array.dtype} of {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return tuple(np.ascontiguousarray(weights[name]) for name in names)


def face_rows(X: Faces) -> tuple[NDArray[Any], tuple[int, int] | None]:
    """Return faces as rows (n, d), and their shape (h, w) unless they came as rows.

    Raises
    ------
    TypeError
        Not numbers of uint8, float32 or float64.
    ValueError
        Pictures of different sizes, colour, no face at all or faces without pixels.
    """
    if isinstance(X, list | tuple):
        shapes = sorted({np.shape(face) for face in X})
        if len(shapes) > 1:
            raise ValueError(
                f"X: expected faces of one size, got {', '.join(map(str, shapes[:4]))}; "
                "align_face makes them"
            )
        X = np.asarray(X)
    if not isinstance(X, np.ndarray):
        raise TypeError(f"X: expected a NumPy array of faces, got {type(X).__name__}")
    if X.ndim not in (2, 3):
        raise ValueError(
            "X: expected grey faces (n, height, width) or one a row (n, d), "
            f"got shape {X.shape}; align_face makes them"
        )
    if X.size == 0:
        raise ValueError(f"X: expected at least one face with pixels, got shape {X.shape}")
    if X.dtype not in (np.uint8, np.float32, np.float64):
        raise TypeError(f"X: expected dtype uint8, float32 or float64, got {X.dtype}")
    if X.ndim == 2:
        return X, None
    return np.ascontiguousarray(X).reshape(len(X), -1), (X.shape[1], X.shape[2])


def checked_labels(y: Any, count: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the different labels, sorted, and which of them each face has.

    Raises
    ------
    ValueError
        Not one label a face, or labels that do not sort (names and numbers mixed).
    """
    labels = np.asarray(y)
    if labels.shape != (count,):
        raise ValueError(f"y: expected {count} labels, one a face, got shape {labels.shape}")
    try:
        classes, indices = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise ValueError(f"y: expected labels of one kind, got several: {error}") from error
    return classes, indices.astype(np.int64)
