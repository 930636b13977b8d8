"""Which person a set of faces shows, when some of them may be other people's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.embedding import Embedder

__all__ = ["distances_to_main"]

_MOST = 1500  # faces among which the most central is looked for


def distances_to_main(vectors: NDArray[np.float32], embedder: Embedder) -> NDArray[np.float32]:
    """Return how far each face is from the middle of the person most faces show, ``(N,)``.

    The face that is nearest to most others (half of them, so that others do not pull it away) is
    taken for one of that person, who is then the mean of all faces within the model's threshold
    of it.

    Parameters
    ----------
    vectors
        ``(N, D)`` float32 of the embedder.
    embedder
        Which made them.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> plain = SimpleNamespace(
    ...     distances=lambda a, b: np.abs(a - b.T), threshold=SimpleNamespace(distance=0.5))
    >>> distances_to_main(np.array([[0.0], [0.2], [0.1], [3.0]], np.float32), plain).round(2).tolist()
    [0.1, 0.1, 0.0, 2.9]
    """
    looked = vectors[np.linspace(0, len(vectors) - 1, min(len(vectors), _MOST)).astype(np.intp)]
    apart = embedder.distances(looked, looked)
    central = looked[int(np.median(apart, axis=1).argmin())][None]
    near = embedder.distances(vectors, central)[:, 0] <= embedder.threshold.distance
    middle = vectors[near].mean(axis=0, dtype=np.float64).astype(np.float32)[None]
    return np.asarray(embedder.distances(vectors, middle)[:, 0], np.float32)
