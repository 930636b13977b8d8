"""The fit of the principal components: which side to solve, rank, signs and shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast import _core
from cvfast.kernels.pca_eigen import largest_eigenpairs

__all__ = ["Fit", "check_finite", "fit_components"]

_F64: TypeAlias = NDArray[np.float64]
_Floats: TypeAlias = NDArray[np.float32] | _F64

# Mean squares within which float32 products and their sums lose nothing.
_LEAST, _MOST = 1e-24, 1e24
# Float32 data so small is as quick in double, where its smallest values are exact too.
_SMALL_SIDE, _SMALL_SIZE = 256, 1 << 20
# Float64 holds the sums of squares of numbers up to this.
_LARGEST = 1e150
# Squares of singular values under this share of the largest count as 0: what rounding leaves.
_LEAST_VALUE = {
    np.dtype(np.uint8): 1e-13,
    np.dtype(np.float32): 1e-12,
    np.dtype(np.float64): 1e-24,
}


@dataclass(frozen=True)
class Fit:
    """What a fit found: k orthonormal components of d columns, and their variances."""

    mean: _F64
    components: _Floats
    singular_values: _F64
    variances: _F64
    ratios: _F64
    noise_variance: float
    scores: NDArray[np.float32] | None = None  # of the samples, where they come for nothing


def fit_components(x: NDArray[Any], wanted: int | float, threads: int) -> Fit:
    """Return the components of checked samples: a count of them, or a share of the variance.

    Parameters
    ----------
    x
        (n, d) uint8, float32 or float64, neither side 0; rows may be strided.
    wanted
        How many components, or the share in (0, 1) that they must exceed together.
    threads
        As the core takes it.

    Raises
    ------
    ValueError
        NaN or infinity, or float64 over 1e150, whose variances would not be finite.
    """
    if x.dtype == np.float64:
        return _fit_double(x, wanted)
    n, d = x.shape
    small = min(n, d) <= _SMALL_SIDE and x.size <= _SMALL_SIZE
    if x.dtype == np.float32 and small:
        return _fit_double(x, wanted)
    mean = _core.pca_column_means(x, threads)
    square = _core.pca_scatter(x, mean, n <= d, threads)
    total = float(np.trace(square))
    if x.dtype == np.float32 and not _LEAST < total / x.size < _MOST:
        return _fit_double(x, wanted)
    values, vectors = _solve(square, wanted)
    rows = np.ascontiguousarray(vectors.T, np.float32)
    if n <= d:
        rows = _core.pca_combine(rows, x, mean, threads)
    if x.dtype == np.float32:
        # The lengths of what the vectors make of the data lack the error of its squares.
        seen = rows if n <= d else _core.Projection(rows, mean).transform(x, threads).T
        values = _squares(seen)
    fit = _finish(mean, rows, values, total, n, _LEAST_VALUE[x.dtype])
    return replace(fit, scores=_scores(fit, vectors, values, rows)) if n <= d else fit


def _scores(fit: Fit, vectors: _F64, values: _F64, rows: _Floats) -> NDArray[np.float32] | None:
    """Return the coordinates of the samples: eigenvectors of c c^T times singular values.

    None where the order of the components is not that of the vectors.
    """
    if (np.diff(values) > 0).any():
        return None
    along = np.einsum("ij,ij->i", fit.components, rows)
    scaled: NDArray[np.float32] = (vectors * (np.sign(along) * fit.singular_values)).astype(
        np.float32
    )
    return scaled


def check_finite(array: NDArray[Any]) -> None:
    """Raise a ValueError that names the first row with NaN or infinity in it."""
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise ValueError(f"X[{bad[0]}]: expected finite numbers, got NaN or infinity")


def _fit_double(x: _Floats, wanted: int | float) -> Fit:
    """Do the same in double throughout, by the BLAS of NumPy."""
    check_finite(x)
    largest = max(float(x.max()), -float(x.min()))
    if largest > _LARGEST:
        raise ValueError(
            f"X: expected numbers up to {_LARGEST:g}, whose squares float64 holds, got {largest:g}"
        )
    n, d = x.shape
    mean = x.mean(axis=0, dtype=np.float64)
    centred = x - mean
    centred -= centred.mean(axis=0)
    # Squares must not vanish.
    largest = float(np.abs(centred).max())
    unit = float(np.ldexp(1.0, np.frexp(largest)[1])) if largest > 0 else 1.0
    centred /= unit
    square = centred @ centred.T if n <= d else centred.T @ centred
    total = float(np.trace(square))
    values, vectors = _solve(square, wanted)
    rows = vectors.T.copy()
    if n <= d:
        rows = rows @ centred
        values = _squares(rows)
    dtype: Any = x.dtype
    fit = _finish(mean, rows, values, total, n, _LEAST_VALUE[dtype], unit)
    return replace(fit, components=fit.components.astype(dtype, copy=False))


def _solve(square: _F64, wanted: int | float) -> tuple[_F64, _F64]:
    """Return eigenvalues and vectors of the kept components, largest first.

    ``square`` has its lower triangle and is overwritten.
    """
    if isinstance(wanted, int):
        return largest_eigenpairs(square, wanted)
    values, vectors = largest_eigenpairs(square, len(square))
    kept = _count_for(wanted, values)
    return values[:kept], vectors[:, :kept]


def _count_for(share: float, values: _F64) -> int:
    """Return how many of the largest values exceed a share of their total; at least one."""
    if values[0] <= 0:
        return 1
    ratios = np.cumsum(values / values.sum())
    return min(int(np.searchsorted(ratios, share, side="right")) + 1, len(values))


def _finish(
    mean: _F64,
    rows: _Floats,
    values: _F64,
    total: float,
    n: int,
    least: float,
    unit: float = 1.0,
) -> Fit:
    """Order, clean up and scale: ``rows`` point along the components, ``values`` are squares."""
    kept = len(rows)
    order = np.argsort(-values, kind="stable")
    values, rows = values[order], rows[order]
    rank = int(np.count_nonzero(values > least * values[0])) if total > 0 else 0
    values[rank:] = 0.0
    components = _orthonormal(rows, rank)
    largest = np.argmax(np.abs(components), axis=1)
    components[components[np.arange(kept), largest] < 0] *= -1
    degrees = max(n - 1, 1)
    left = min(n, components.shape[1]) - kept
    noise = max(total - float(values.sum()), 0.0) / degrees / left if left else 0.0
    return Fit(
        mean=mean,
        components=components,
        singular_values=np.sqrt(values) * unit,
        variances=values / degrees * unit**2,
        ratios=values / total if total > 0 else np.zeros(kept),
        noise_variance=noise * unit**2,
    )


def _orthonormal(rows: _Floats, rank: int) -> _Floats:
    """Return unit rows; those past the rank complete the others to an orthonormal set.

    Rows of small values took errors from those of large ones, which come first and stay.
    """
    dtype: Any = rows.dtype
    if rank == len(rows):
        # What Gram-Schmidt would give, from the Cholesky factor of the cosines as long as that is
        # close to 1: 10 ms for 150 rows of 16384, where Householder's QR takes 175.
        from scipy.linalg import blas, lapack

        products = (rows @ rows.T).astype(np.float64)
        scale = 1 / np.sqrt(products.diagonal())
        factor, failed = lapack.dpotrf(products * scale * scale[:, None], lower=1)
        if failed == 0 and factor.diagonal().min() > 0.5:
            inverse = lapack.dtrtri(factor, lower=1)[0] * scale
            multiply = blas.strmm if dtype == np.float32 else blas.dtrmm
            components: _Floats = multiply(
                1.0, inverse.astype(dtype), rows.T, side=1, lower=1, trans_a=1
            ).T
            return components
    rows[:rank] /= np.sqrt(_squares(rows[:rank]))[:, None].astype(dtype)
    from scipy.linalg import qr

    columns = rows.T.astype(np.float64)
    columns[:, rank:] = 0.0
    # Householder's columns are orthonormal, also those that start from nothing.
    basis, _ = qr(columns, mode="economic", overwrite_a=True, check_finite=False)
    completed: _Floats = np.ascontiguousarray(basis.T, dtype)
    return completed


def _squares(rows: _Floats) -> _F64:
    """Return the sum of squares of each row."""
    sums: _F64 = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    return sums
