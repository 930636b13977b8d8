"""Which person a set of faces shows, when some of them may be other people's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.embedding import Embedder

__all__ = ["distances_to_main", "stranger_distance"]

_MOST = 1500  # faces among which the most central is looked for
# Of a model's threshold, which is for two faces; faces are nearer to a mean than to each other.
_OF_THRESHOLD = 0.8
_OF_MIDDLE = 1.8


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
    ...     distances=lambda a, b: abs(a - b.T), threshold=SimpleNamespace(distance=0.5)
    ... )
    >>> faces = np.array([[0.0], [0.2], [0.1], [3.0]], np.float32)
    >>> [f"{d:.1f}" for d in distances_to_main(faces, plain)]
    ['0.1', '0.1', '0.0', '2.9']
    """
    looked = vectors[np.linspace(0, len(vectors) - 1, min(len(vectors), _MOST)).astype(np.intp)]
    apart = embedder.distances(looked, looked)
    central = looked[int(np.median(apart, axis=1).argmin())][None]
    near = embedder.distances(vectors, central)[:, 0] <= embedder.threshold.distance
    middle = vectors[near].mean(axis=0, dtype=np.float64).astype(np.float32)[None]
    return np.asarray(embedder.distances(vectors, middle)[:, 0], np.float32)


def stranger_distance(distances: NDArray[np.float32], embedder: Embedder) -> float:
    """Return from which distance to the main person on a face is taken for another's.

    It is 0.8 of the model's threshold; in a set whose faces are far from their middle anyway (the
    model knows such people or pictures less well) 1.8 of the middle distance.

    Parameters
    ----------
    distances
        ``(N,)`` of `distances_to_main`.
    embedder
        Which model's.
    """
    middle = _OF_MIDDLE * float(np.median(distances)) if len(distances) else 0.0
    return max(_OF_THRESHOLD * embedder.threshold.distance, middle)
