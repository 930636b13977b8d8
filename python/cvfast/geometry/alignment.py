"""Similarity transforms between point sets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ArrayLike

__all__ = ["similarity_transform", "transform_points"]


def similarity_transform(source: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """Turn, scale and shift that brings ``source`` closest to ``target`` (least squares).

    Umeyama's closed form (IEEE PAMI 13, 1991), never a mirror image.

    Parameters
    ----------
    source, target
        ``(N, 2)`` matching points, N >= 2.

    Returns
    -------
    numpy.ndarray
        ``(2, 3)`` float64 matrix for `transform_points`.

    Raises
    ------
    ValueError
        Shapes differ, fewer than two points, or all source points coincide.

    Examples
    --------
    >>> similarity_transform([[0, 0], [1, 0]], [[5, 5], [5, 7]]).round(6).tolist()
    [[0.0, -2.0, 5.0], [2.0, 0.0, 5.0]]
    """
    a, b = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if a.shape != b.shape or a.ndim != 2 or a.shape[1] != 2 or len(a) < 2:
        raise ValueError(
            "source, target: expected the same shape (N, 2) with N >= 2, "
            f"got {a.shape} and {b.shape}"
        )
    centred_a, centred_b = a - a.mean(axis=0), b - b.mean(axis=0)
    spread = float((centred_a**2).sum())
    if spread == 0:
        raise ValueError("source: expected at least two different points, got one repeated")
    # In the plane the best turn and scale are one complex number.
    cos = float((centred_a * centred_b).sum()) / spread
    sin = (
        float((centred_a[:, 0] * centred_b[:, 1] - centred_a[:, 1] * centred_b[:, 0]).sum())
        / spread
    )
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, b.mean(axis=0) - linear @ a.mean(axis=0)])


def transform_points(matrix: ArrayLike, points: ArrayLike) -> NDArray[np.float64]:
    """Apply a ``(2, 3)`` transform to points ``(..., 2)``.

    Examples
    --------
    >>> transform_points([[1, 0, 3], [0, 1, 4]], [[0, 0]]).tolist()
    [[3.0, 4.0]]
    """
    m = np.asarray(matrix, np.float64)
    moved: NDArray[np.float64] = np.asarray(points, np.float64) @ m[:, :2].T + m[:, 2]
    return moved
