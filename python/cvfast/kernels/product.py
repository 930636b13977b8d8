"""Rows times a matrix that stays the same, such as the filters of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.typing import ArrayLike

__all__ = ["FixedProduct"]


class FixedProduct:
    """``(rows - offset) @ matrix.T``, the matrix laid out once for the machine.

    The same bytes for every thread count, whatever rows come together; may be used from several
    threads.

    Parameters
    ----------
    matrix
        ``(M, K)`` finite numbers.
    offset
        ``(K,)``, taken from each row; None: zeros.

    Raises
    ------
    ValueError
        Another shape, or numbers that are not finite.

    Examples
    --------
    >>> FixedProduct([[1, 2], [0, 1]], [1, 1])(np.array([[3, 4]], np.uint8)).tolist()
    [[8.0, 3.0]]
    """

    def __init__(self, matrix: ArrayLike, offset: ArrayLike | None = None) -> None:
        values = np.ascontiguousarray(matrix, np.float32)
        if values.ndim != 2 or 0 in values.shape:
            raise ValueError(f"matrix: expected shape (M, K), none 0, got {values.shape}")
        columns = values.shape[1]
        taken = np.zeros(columns) if offset is None else np.ascontiguousarray(offset, np.float64)
        if taken.shape != (columns,):
            raise ValueError(f"offset: expected shape ({columns},), got {taken.shape}")
        if not (np.isfinite(values).all() and np.isfinite(taken).all()):
            raise ValueError("matrix, offset: expected finite numbers")
        self._shape = values.shape
        self._packed = _core.Projection(values, taken)

    @property
    def shape(self) -> tuple[int, int]:
        """M and K."""
        rows, columns = self._shape
        return rows, columns

    def __call__(self, rows: NDArray[Any], *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the product.

        Parameters
        ----------
        rows
            ``(N, K)`` float32 or uint8, finite, each row packed.
        threads
            None: the default.

        Returns
        -------
        ``(N, M)`` float32.

        Raises
        ------
        TypeError, ValueError
            Another dtype or shape; numbers that are not finite.
        """
        if rows.dtype not in (np.float32, np.uint8):
            raise TypeError(f"rows: expected float32 or uint8, got {rows.dtype}")
        if rows.ndim != 2 or rows.shape[1] != self._shape[1]:
            raise ValueError(f"rows: expected shape (N, {self._shape[1]}), got {rows.shape}")
        if not len(rows):
            return np.zeros((0, self._shape[0]), np.float32)
        return self._packed.transform(rows, thread_count(threads))
