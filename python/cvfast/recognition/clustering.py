"""Faces without names sorted into people, by average linkage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError
from cvfast.faces.embedding import Embedder

__all__ = ["MOST_FACES", "check_count", "cluster"]

MOST_FACES = 5000
"""Faces at most: every pair has a distance, so memory and time grow with the square."""


def cluster(
    vectors: NDArray[np.float32], embedder: Embedder, *, threshold: float | None = None
) -> NDArray[np.intp]:
    """Sort faces into people.

    Every face begins as a person of its own. The two people with the smallest mean distance, over
    all pairs of their faces, become one, again and again, until no two are closer than the
    threshold (average linkage; Sokal and Michener, 1958). One face between two people therefore
    does not join them, as it would where the nearest pair decides. The order of the faces makes no
    difference. 5000 faces, the most, take about half a gigabyte and some seconds.

    Parameters
    ----------
    vectors
        ``(N, D)`` float32 of `embedder`.
    embedder
        The model that made them, whose distance it is.
    threshold
        Mean distance up to which two groups of faces are one person's; None is the model's own
        threshold.

    Returns
    -------
    (N,) int64
        The number of each face's person: 0 has the most faces; people with as many are in the
        order of their first face.

    Raises
    ------
    LimitError
        More than `MOST_FACES`.
    ValueError
        A distance that is not finite, or a threshold under 0.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> flat = SimpleNamespace(distances=lambda a, b: np.abs(a - b.T))
    >>> cluster(np.array([[5.0], [0.0], [0.1], [5.2], [0.2]], np.float32), flat, threshold=1.0)
    array([1, 0, 0, 1, 0])
    """
    limit = embedder.threshold.distance if threshold is None else threshold
    if not limit >= 0:
        raise ValueError(f"threshold: expected a distance of at least 0, got {limit}")
    count = len(vectors)
    check_count(count)
    if count < 2:
        return np.zeros(count, np.intp)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart = np.asarray(embedder.distances(vectors, vectors), np.float64)
    apart = (apart + apart.T) / 2  # a model's rounding may differ by the order
    np.fill_diagonal(apart, 0.0)
    if not np.isfinite(apart).all():
        raise ValueError("vectors: expected finite distances between them")
    tree = linkage(squareform(apart, checks=False), "average")
    return _by_size(fcluster(tree, limit, "distance"))


def check_count(count: int) -> None:
    """Refuse more than `MOST_FACES` faces.

    Raises
    ------
    LimitError
        There are more.
    """
    if count > MOST_FACES:
        raise LimitError(
            f"expected at most {MOST_FACES} faces to sort into people, got {count}: sort them in "
            "parts, or enrol people that you know and identify the others"
        )


def _by_size(labels: NDArray[np.integer]) -> NDArray[np.intp]:
    """Renumber groups from 0 on, the largest first, then by their first member."""
    _, first, place, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -counts))
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    return rank[place]
