"""The nearest of many vectors, exactly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NearestVectors", "unit_rows"]

_ROUNDING = 1e-12  # of squares: what is left of equal vectors
_BLOCK = 512  # queries at a time, so that their distances to all stay in the caches


class NearestVectors:
    """Vectors among which the nearest to others are found, by Euclidean distance.

    |a - b|^2 = |a|^2 + |b|^2 - 2 a b makes a matrix product of the search; the distances of those
    it finds are then computed again from the differences, so that equal vectors are 0 apart.

    Parameters
    ----------
    vectors
        (m, k) float32 or float64.

    Examples
    --------
    >>> import numpy as np
    >>> near = NearestVectors(np.array([[0.0, 0.0], [3.0, 4.0]], np.float32))
    >>> distances, indices = near.search(np.array([[3.0, 3.0]], np.float32), 2)
    >>> indices.tolist(), distances.round(3).tolist()
    ([[1, 0]], [[1.0, 4.243]])
    """

    def __init__(self, vectors: NDArray[Any]) -> None:
        self.vectors = vectors
        self._half_squares = np.einsum("ij,ij->i", vectors, vectors) / 2

    def search(
        self, queries: NDArray[Any], count: int = 1
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return distances and numbers of the `count` nearest, (n, count), nearest first."""
        blocks = [
            self._some(queries[first : first + _BLOCK], count)
            for first in range(0, len(queries), _BLOCK)
        ]
        if not blocks:
            return np.empty((0, count)), np.empty((0, count), np.int64)
        return np.concatenate([d for d, _ in blocks]), np.concatenate([i for _, i in blocks])

    def only(self, query: NDArray[Any], off: float) -> int | None:
        """Return the number of the nearest vector of one that is known but for an error.

        Parameters
        ----------
        query
            (k,) the vector.
        off
            How far it may be from the true one.

        Returns
        -------
        The number, or None where another vector may be as near: |a - b| and the true distance
        differ by at most `off`, so the nearest is certain if no other is nearer than it + 2 off.
        """
        near = self._half_squares - self.vectors @ query
        best = int(near.argmin())
        square = max(2 * float(near[best]) + float(query @ query), 0.0)
        limit = float(near[best]) + 2 * off * (math.sqrt(square) + off)
        return best if np.count_nonzero(near <= limit) == 1 else None

    def distances(self, queries: NDArray[Any]) -> NDArray[np.float64]:
        """Return the distances to all vectors, (n, m)."""
        exact, vectors = queries.astype(np.float64), self.vectors.astype(np.float64)
        both = (
            np.einsum("ij,ij->i", vectors, vectors) + np.einsum("ij,ij->i", exact, exact)[:, None]
        )
        squares = both - 2 * exact @ vectors.T
        squares[squares < _ROUNDING * both] = 0
        apart: NDArray[np.float64] = np.sqrt(squares)
        return apart

    def _some(
        self, queries: NDArray[Any], count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        near = self._half_squares - queries @ self.vectors.T
        if count == 1:
            found = near.argmin(axis=1)[:, None]
        else:
            found = np.argpartition(near, count - 1, axis=1)[:, :count]
        apart = np.subtract(queries[:, None], self.vectors[found], dtype=np.float64)
        distances = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
        if count > 1:
            order = np.lexsort((found, distances))
            found = np.take_along_axis(found, order, axis=1)
            distances = np.take_along_axis(distances, order, axis=1)
        return distances, found.astype(np.int64, copy=False)


def unit_rows(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return rows scaled to length 1, of which 1 - cos is half the squared distance.

    Examples
    --------
    >>> import numpy as np
    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[Any] = vectors / np.where(lengths > 0, lengths, 1)
    return unit
