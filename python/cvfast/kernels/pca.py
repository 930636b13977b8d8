"""Principal component analysis with scikit-learn's names, straight from bytes."""

from __future__ import annotations

import operator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.pca_fit import check_finite, fit_components

__all__ = ["PCA"]

_Data: TypeAlias = NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.float64]
_Floats: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
_UINT8, _FLOAT32, _FLOAT64 = np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64)


class PCA:
    """Principal components of samples: the directions in which they vary most.

    Names and meaning are scikit-learn's, and so is the sign of a component (its largest value is
    positive). It works in a scikit-learn ``Pipeline`` and under ``clone``; scikit-learn itself is
    not needed.

    Parameters
    ----------
    n_components
        How many to keep: None for all min(n, d), an integer from 1 to that, or a float in (0, 1):
        as few as explain more than this share of the variance.
    whiten
        Divide each score by its standard deviation; a component without variance then scores 0.

    Attributes
    ----------
    components_ : (k, d) array, orthonormal rows; float64 if fitted on float64, else float32.
    mean_ : (d,) float64.
    explained_variance_, explained_variance_ratio_, singular_values_ : (k,) float64.
    noise_variance_ : float, the mean variance of the components left out.
    n_components_, n_samples_, n_features_in_ : int.

    Notes
    -----
    ``fit`` solves the smaller of c c^T and c^T c, where c is the centred data. From uint8 these
    are exact integer sums, and singular values are good to 1e-6 relative. From float32 blocks of
    256 float products are summed in double: 5e-6 of the largest value. float64 is computed in
    double by the BLAS of NumPy. Data beyond the range of float32 products (root mean square under
    1e-12 or over 1e12) is computed in double as well. Where the data has a lower rank than asked
    for, the components past it complete the others to an orthonormal set, with a variance of 0;
    one sample or constant data has no variance at all, and ratios of 0.

    ``transform`` gives the same bytes for every thread count and however the rows are split over
    calls. To change fitted arrays, assign new ones: the core keeps its own copy of them. So the
    first few components can be kept, or saved arrays be used without a ``fit``.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> faces = np.random.default_rng(0).integers(0, 256, (20, 64), np.uint8)
    >>> pca = cvfast.PCA(n_components=5).fit(faces)
    >>> scores = pca.transform(faces)
    >>> scores.shape, scores.dtype
    ((20, 5), dtype('float32'))
    >>> pca.inverse_transform(scores, dtype="uint8").shape
    (20, 64)
    """

    components_: _Floats
    mean_: NDArray[np.float64]
    explained_variance_: NDArray[np.float64]
    explained_variance_ratio_: NDArray[np.float64]
    singular_values_: NDArray[np.float64]
    noise_variance_: float
    n_components_: int
    n_samples_: int
    n_features_in_: int
    _packed: tuple[object, ...] | None = None

    def __init__(self, n_components: float | None = None, *, whiten: bool = False) -> None:
        self.n_components = n_components
        self.whiten = whiten

    def fit(self, X: _Data, y: object = None, *, threads: int | None = None) -> PCA:
        """Find the components of samples.

        Parameters
        ----------
        X
            (n, d) samples, at least one: uint8, float32 or float64; rows may be strided.
        y
            Ignored.
        threads
            At most so many; None for :func:`cvfast.get_num_threads`.

        Returns
        -------
        The PCA itself.

        Raises
        ------
        TypeError
            Another dtype, or an ``n_components`` that is not a number.
        ValueError
            Another shape or layout, NaN or infinity, float64 over 1e150 (its variances would not
            be finite), or ``n_components`` out of range.
        """
        self.fit_scores(X, threads=threads)
        return self

    def fit_scores(self, X: _Data, *, threads: int | None = None) -> NDArray[np.float32] | None:
        """Do as ``fit``, and return the samples' scores if the fit has them for nothing.

        They differ from those of :meth:`transform` by the rounding of float32 products.

        Parameters
        ----------
        X, threads
            As for :meth:`fit`.

        Returns
        -------
        (n, k) float32, or None.

        Raises
        ------
        TypeError, ValueError
            As for :meth:`fit`.
        """
        _check_samples(X)
        n, d = X.shape
        if n == 0 or d == 0:
            raise ValueError(f"X: expected at least one sample and one column, got shape {X.shape}")
        wanted = _wanted(self.n_components, min(n, d))
        fitted = fit_components(X, wanted, thread_count(threads))
        self.mean_ = fitted.mean
        self.components_ = fitted.components
        self.explained_variance_ = fitted.variances
        self.explained_variance_ratio_ = fitted.ratios
        self.singular_values_ = fitted.singular_values
        self.noise_variance_ = fitted.noise_variance
        self.n_components_ = len(fitted.components)
        self.n_samples_ = n
        self.n_features_in_ = d
        self._packed = None
        return fitted.scores

    def fit_transform(
        self,
        X: _Data,
        y: object = None,
        *,
        threads: int | None = None,
    ) -> _Floats:
        """Return ``fit(X).transform(X)``."""
        return self.fit(X, threads=threads).transform(X, threads=threads)

    def transform(self, X: _Data, *, threads: int | None = None) -> _Floats:
        """Return the scores of samples: their coordinates along the components.

        Parameters
        ----------
        X
            (n, d) samples of any count: uint8, float32 or float64; rows may be strided.
        threads
            At most so many; None for :func:`cvfast.get_num_threads`.

        Returns
        -------
        (n, k) array: float64 from float64, else float32 (within 1e-6 of the largest value).

        Raises
        ------
        TypeError, ValueError
            As for :meth:`fit`, also when ``fit`` has not been called.
        """
        columns = self._fitted_shape()[1]
        _check_samples(X)
        if X.shape[1] != columns:
            raise ValueError(f"X: expected {columns} columns as in fit, got {X.shape[1]}")
        if X.dtype != _FLOAT64:
            return self._projection().transform(X, thread_count(threads))
        check_finite(X)
        scores: NDArray[np.float64] = (X - self.mean_) @ self.components_.T.astype(np.float64)
        return scores / self._scale() if self.whiten else scores

    def inverse_transform(
        self,
        X: _Floats,
        *,
        dtype: DTypeLike | None = None,
        threads: int | None = None,
    ) -> _Data:
        """Return the samples that scores stand for.

        Parameters
        ----------
        X
            (n, k) scores, float32 or float64; rows may be strided.
        dtype
            Of the result: ``"uint8"`` rounds to the nearest level and clips to 0 ... 255 on the
            way out. None: the scores' own.
        threads
            At most so many; None for :func:`cvfast.get_num_threads`.

        Returns
        -------
        (n, d) array.

        Raises
        ------
        TypeError
            Scores of another dtype, or a ``dtype`` that is none of uint8, float32 and float64.
        ValueError
            Another shape or layout, NaN or infinity, or ``fit`` has not been called.
        """
        kept = self._fitted_shape()[0]
        _check_samples(X, (_FLOAT32, _FLOAT64))
        if X.shape[1] != kept:
            raise ValueError(f"X: expected {kept} columns, one a component, got {X.shape[1]}")
        kind = X.dtype if dtype is None else np.dtype(dtype)
        if kind not in (_UINT8, _FLOAT32, _FLOAT64):
            raise TypeError(f"dtype: expected uint8, float32 or float64, got {kind}")
        scaled = self._scaled_components()
        if X.dtype == _FLOAT32 and kind != _FLOAT64:
            core = _core.pca_reconstruct_u8 if kind == _UINT8 else _core.pca_reconstruct_f32
            components = np.ascontiguousarray(scaled, np.float32)
            return core(X, components, self._mean(), thread_count(threads))
        check_finite(X)
        exact = X.astype(np.float64) @ scaled.astype(np.float64) + self.mean_
        if kind == _UINT8:
            exact = np.clip(np.floor(exact + 0.5), 0, 255)
        return exact.astype(kind, copy=False)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names pca0, pca1, ... of the scores; ``input_features`` is ignored."""
        return np.array([f"pca{i}" for i in range(self._fitted_shape()[0])], dtype=object)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; ``deep`` makes no difference."""
        return {"n_components": self.n_components, "whiten": self.whiten}

    def set_params(self, **params: Any) -> PCA:
        """Set parameters by name and return the PCA itself; an unknown one is a ValueError."""
        for name, value in params.items():
            if name not in ("n_components", "whiten"):
                raise ValueError(f"params: expected n_components or whiten, got {name!r}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"PCA(n_components={self.n_components!r}, whiten={self.whiten!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Return the plain attributes; what the core keeps is made anew."""
        return {**self.__dict__, "_packed": None}

    def __sklearn_is_fitted__(self) -> bool:
        return "components_" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        """Describe the PCA to scikit-learn, the only caller."""
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=["float64", "float32"]),
            input_tags=InputTags(),
        )

    def _fitted_shape(self) -> tuple[int, int]:
        """Return the shape (k, d) of the components; assigned arrays must agree about it."""
        if not self.__sklearn_is_fitted__():
            raise ValueError("PCA: expected a fitted one, got one without components; call fit")
        shape = self.components_.shape
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"components_: expected shape (k, d), got {shape}")
        k, d = shape
        if self.mean_.shape != (d,):
            raise ValueError(f"mean_: expected shape ({d},), one a column, got {self.mean_.shape}")
        if self.whiten and self.explained_variance_.shape != (k,):
            got = self.explained_variance_.shape
            raise ValueError(f"explained_variance_: expected shape ({k},), got {got}")
        return k, d

    def _mean(self) -> NDArray[np.float64]:
        return np.ascontiguousarray(self.mean_, np.float64)

    def _scale(self) -> NDArray[np.float64]:
        """Return what whitening divides by: infinity where only rounding is left to divide."""
        deviations = np.sqrt(self.explained_variance_)
        return np.where(deviations > 0, deviations, np.inf)

    def _scaled_components(self) -> _Floats:
        if not self.whiten:
            return self.components_
        return np.sqrt(self.explained_variance_)[:, None] * self.components_

    def _projection(self) -> _core.Projection:
        """Return the components as the core wants them, packed at the first use."""
        packed = self._packed
        variances = self.explained_variance_ if self.whiten else None
        key = (self.components_, self.mean_, variances)
        if packed is None or any(a is not b for a, b in zip(packed, key, strict=False)):
            components: NDArray[Any] = self.components_
            if self.whiten:
                smallest = np.finfo(np.float32).tiny  # whose inverse is a float32 too
                components = components / np.maximum(self._scale(), smallest)[:, None]
            projection = _core.Projection(
                np.ascontiguousarray(components, np.float32), self._mean()
            )
            # One assignment, so that threads that share the PCA never see half of it.
            self._packed = packed = (*key, projection)
        result: _core.Projection = packed[-1]  # type: ignore[assignment]
        return result


def _check_samples(
    array: Any, dtypes: tuple[np.dtype[Any], ...] = (_UINT8, _FLOAT32, _FLOAT64)
) -> None:
    if not isinstance(array, np.ndarray):
        names = " or ".join(str(dtype) for dtype in dtypes)
        raise TypeError(
            f"X: expected a NumPy array of {names}, got {type(array).__name__}; "
            f"numpy.asarray(X, 'float32') converts it"
        )
    if array.dtype not in dtypes:
        names = " or ".join(str(dtype) for dtype in dtypes)
        raise TypeError(
            f"X: expected dtype {names}, got {array.dtype}; X.astype('float32') converts it"
        )
    if array.ndim != 2:
        raise ValueError(
            f"X: expected shape (n, d), one sample a row, got {array.shape}; "
            f"X.reshape(len(X), -1) makes a row of each picture"
        )
    flags, item = array.flags, array.itemsize
    if (flags.c_contiguous and flags.aligned) or array.size == 0:
        return
    packed = array.shape[1] == 1 or array.strides[1] == item
    if not (packed and array.strides[0] % item == 0 and flags.aligned):
        raise ValueError(
            f"X: expected values packed within each row (rows may be strided), got strides "
            f"{array.strides}; numpy.ascontiguousarray(X) makes such a copy"
        )


def _wanted(n_components: Any, most: int) -> int | float:
    """Return a checked count, or a share of the variance."""
    if n_components is None:
        return most
    if isinstance(n_components, float | np.floating):
        share = float(n_components)
        if not 0 < share < 1:
            raise ValueError(
                f"n_components: expected a share in (0, 1) where it is a float, got {share}"
            )
        return share
    try:
        count = operator.index(n_components)
    except TypeError:
        raise TypeError(
            f"n_components: expected None, an integer or a float, got {type(n_components).__name__}"
        ) from None
    if not 1 <= count <= most:
        raise ValueError(
            f"n_components: expected 1 to min(n, d) = {most} of the samples, got {count}"
        )
    return count
