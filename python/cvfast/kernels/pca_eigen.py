"""The largest eigenvalues of a symmetric matrix: block Lanczos where that pays, else LAPACK."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["largest_eigenpairs"]

_F64: TypeAlias = NDArray[np.float64]

# Lanczos pays from this size on, for at most this share of the eigenvalues.
_LARGE, _SHARE = 800, 8
# Columns multiplied at a time: 24 to 40 are as quick (2000 points, 150 components: .28 s), 64 and
# more grow the space faster than they converge (.48 s).
_BLOCK = 32
# |A v - value v| <= this x value, which also bounds the error of the value. And no eigenvalue
# beyond the found ones exceeds the least of them by more than this share.
_RESIDUAL, _EXCESS = 1e-6, 1e-6
# So many times fewer eigenvectors than all are found by inverse iteration.
_FEW = 3
# An element beside the diagonal under this share of the largest parts the matrix.
_APART = 1e-13
# A residual over this at the first look means a flat spectrum (white noise), where LAPACK is
# quicker: looking costs a third of its time.
_FLAT = 0.03


def largest_eigenpairs(square: _F64, count: int) -> tuple[_F64, _F64]:
    """Return the ``count`` largest eigenvalues, largest first, and their vectors as columns.

    Parameters
    ----------
    square
        (n, n) positive semi-definite, of which the lower triangle is read; overwritten.
    count
        1 to n.

    Returns
    -------
    Values (count,), none negative, and orthonormal vectors (n, count).
    """
    size = len(square)
    if size >= _LARGE and count * _SHARE <= size:
        found = _lanczos(square, count)
        if found is not None and _none_missed(square, *found):
            return found
    if count * _FEW <= size:
        few = _few_of_tridiagonal(square, count)
        if few is not None:
            return few
    return _lapack(square, count)


def _few_of_tridiagonal(square: _F64, count: int) -> tuple[_F64, _F64] | None:
    """Return the largest by way of a tridiagonal matrix: its values by QR, vectors by iteration.

    LAPACK's own way to some eigenvectors finds the values one by one, and to all of them turns all
    back (400 points, 100 components: 35 and 22 ms, this 18). None if the matrix falls apart into
    blocks, or the vectors are not orthonormal.
    """
    from scipy.linalg import lapack

    size = len(square)
    reduced, diagonal, beside, factors, _ = lapack.dsytrd(
        square.copy("F"), lower=1, lwork=32 * size, overwrite_a=1
    )
    if not np.abs(beside).min() > _APART * np.abs(diagonal).max():
        return None
    values, failed = lapack.dsterf(diagonal, beside)
    if failed:
        return None
    block, ends = np.ones(size, np.int32), np.full(size, size, np.int32)
    vectors, failed = lapack.dstein(diagonal, beside, values[-count:], block, ends)
    if failed:
        return None
    turned, _, _ = lapack.dormqr(
        "L", "N", reduced[1:, :-1], factors, vectors[1:], 64 * size, overwrite_c=0
    )
    vectors[1:] = turned
    if not np.abs(vectors.T @ vectors - np.eye(count)).max() < 1e-10:
        return None
    return np.maximum(values[: -count - 1 : -1], 0.0), vectors[:, ::-1]


def _lapack(square: _F64, count: int) -> tuple[_F64, _F64]:
    from scipy.linalg import eigh

    size = len(square)
    # LAPACK's way to a few eigenvectors finds them one by one: all at once is quicker from about a
    # sixth of them on (400 points: 14.8 ms for all, 11.5 for 40, 21.8 for 100).
    subset = count * 6 <= size
    values, vectors = eigh(
        square.T,  # LAPACK counts along columns: the transposed upper triangle spares a copy
        lower=False,
        overwrite_a=True,
        check_finite=False,
        subset_by_index=[size - count, size - 1] if subset else None,
        driver="evr" if subset else "evd",
    )
    return np.maximum(values[: -count - 1 : -1], 0.0), vectors[:, : -count - 1 : -1]


def _lanczos(square: _F64, count: int) -> tuple[_F64, _F64] | None:
    """Return what block Lanczos finds from a seeded random start, or None if that takes too long.

    The basis Q grows by a block a step until the leading eigenvectors of Q^T A Q are such of A: the
    part of A v outside of Q lies in the block that comes next.
    """
    from scipy.linalg import blas, eigh, qr

    size = len(square)
    steps = min(size // 2, 5 * count + 8 * _BLOCK) // _BLOCK
    basis = np.empty((size, (steps + 1) * _BLOCK), order="F")
    small = np.zeros((steps * _BLOCK, steps * _BLOCK))  # Q^T A Q, its upper triangle
    start = np.random.default_rng(0).standard_normal((size, _BLOCK))
    basis[:, :_BLOCK] = qr(start, mode="economic", check_finite=False)[0]
    check, patience = 3 * count + 2 * _BLOCK, _FLAT
    for used in range(_BLOCK, (steps + 1) * _BLOCK, _BLOCK):
        block = slice(used - _BLOCK, used)
        near = slice(max(used - 2 * _BLOCK, 0), used)  # A's product reaches back two blocks
        new = blas.dsymm(1.0, square.T, basis[:, block], lower=0)
        small[near, block] = basis[:, near].T @ new
        new -= basis[:, near] @ small[near, block]
        new -= basis[:, :used] @ (basis[:, :used].T @ new)  # else rounding grows
        basis[:, used : used + _BLOCK], over = qr(new, mode="economic", check_finite=False)
        if used < check:
            continue
        values, inner = eigh(small[:used, :used], lower=False, driver="evd", check_finite=False)
        values, inner = values[: -count - 1 : -1], inner[:, : -count - 1 : -1]
        residuals = np.linalg.norm(over @ inner[-_BLOCK:], axis=0)
        if (residuals <= _RESIDUAL / 2 * values).all():
            return values, basis[:, :used] @ inner
        if not (residuals <= patience * values).all():
            return None
        check, patience = used + 3 * _BLOCK, 1.0
    return None


def _none_missed(square: _F64, values: _F64, vectors: _F64) -> bool:
    """Return whether A v = value v for orthonormal v and the rest of A has no larger eigenvalue.

    A random start can miss some of many equal eigenvalues. With V for the vectors, bound I - (A -
    V values V^T) has a Cholesky factor if and only if no eigenvalue that is left reaches the bound.
    """
    from scipy.linalg import blas, lapack

    wrong = blas.dsymm(1.0, square.T, vectors, lower=0)
    wrong -= vectors * values
    if not (np.linalg.norm(wrong, axis=0) <= _RESIDUAL * values).all():
        return False
    if not np.abs(vectors.T @ vectors - np.eye(len(values))).max() < 1e-10:
        return False
    scaled = vectors * np.sqrt(values)
    rest = blas.dsyrk(1.0, scaled, -1.0, square.T.copy("K"), lower=0, overwrite_c=1)
    rest[np.diag_indices(len(rest))] += values[-1] * (1 + _EXCESS)
    return bool(lapack.dpotrf(rest, lower=0, clean=0, overwrite_a=1)[1] == 0)
