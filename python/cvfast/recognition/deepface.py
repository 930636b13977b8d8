"""DeepFace as an embedder: a face turned to the front, a net's F7, distances between them.

Runs on NumPy alone; the bundled net is small and was trained on made faces.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.embedding import Threshold
from cvfast.faces.types import Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.models.deepface_file import DeepFaceWeights, read_deepface
from cvfast.models.registry import model_path
from cvfast.recognition.deepface_forward import full_layer, layer_maps
from cvfast.recognition.frontal import frontalise
from cvfast.typing import Image, ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["DeepFace", "head_distances", "pair_distances", "unit_features"]

_FRONTAL = "frontal 1"  # what is done before the net; a part of the key
_MOST_VALUES = 1 << 22  # of differences held at once


class DeepFace:
    """Faces as vectors by a trained net of Taigman et al., *DeepFace*, CVPR 2014.

    Parameters
    ----------
    weights
        The net; `load` reads one.

    Examples
    --------
    >>> from cvfast.faces.types import Landmarks
    >>> from cvfast.synth.faces import make_face
    >>> made = make_face(7, seed=0, size=128, occlusion="none")
    >>> net = DeepFace.load()
    >>> vectors = net.embed(made.image, [Landmarks(made.points478, "mesh478", 1.0, made.box)])
    >>> vectors.shape == (1, net.dimension), net.distances(vectors, vectors).tolist()
    (True, [[0.0]])
    """

    name = "deepface"

    def __init__(self, weights: DeepFaceWeights) -> None:
        self.weights = weights

    @classmethod
    def load(cls, path: PathLike | None = None) -> DeepFace:
        """Read a net of ``cvfast train deepface``; None: the bundled one.

        Raises
        ------
        ModelError
            See `cvfast.models.deepface_file.read_deepface`.
        """
        return cls(_bundled() if path is None else read_deepface(path))

    @property
    def key(self) -> str:
        """Names the weights and the alignment."""
        return f"deepface {self.weights.digest}, {_FRONTAL}"

    @property
    def dimension(self) -> int:
        """Numbers a vector: 4096 at width 1."""
        return len(self.weights.scale)

    @property
    def threshold(self) -> Threshold:
        """As the net's file says."""
        weights = self.weights
        return Threshold(weights.distance, weights.false_accepts, weights.source)

    def embed(self, image: Image | PixelReader, faces: Sequence[Landmarks]) -> NDArray[np.float32]:
        """Return the vectors of faces in one picture.

        Parameters
        ----------
        image
            RGB or grey picture, uint8 or float32 in [0, 1].
        faces
            Landmarks of N faces in it, ``mesh478`` or ``dlib68``.

        Returns
        -------
        (N, dimension) float32 of length 1, none negative.

        Raises
        ------
        TypeError, ValueError
            See `cvfast.recognition.frontal.frontalise`.
        """
        reader = PixelReader.of(image)
        if not len(faces):
            return np.zeros((0, self.dimension), np.float32)
        maps = [self.layers(reader, face)["L6"] for face in faces]
        return unit_features(full_layer(self.weights.layers, np.stack(maps)), self.weights.scale)

    def layers(self, image: Image | PixelReader, landmarks: Landmarks) -> dict[str, ImageF32]:
        """Return what each layer answers to a face, C1 to L6: (channels, h, w) by name."""
        frontal = frontalise(image, landmarks, size=self.weights.size)
        return layer_maps(self.weights.layers, frontal.image)

    def distances(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far apart vectors are: (N, D) and (M, D) give (N, M)."""
        return head_distances(a, b, self.weights.head, self.weights.head_weights)


def unit_features(features: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalise F7 as the paper does: each feature by its largest in the training, then length 1.

    Parameters
    ----------
    features
        (N, D), none negative.
    scale
        (D,) one over the largest.

    Examples
    --------
    >>> unit_features(np.float32([[3, 8]]), np.float32([1, 0.5])).round(2).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    scaled = features * scale
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.asarray(scaled / np.maximum(length, np.float32(1e-12)), np.float32)


def head_distances(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    head: str,
    weights: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return the distances of unit vectors, (N, D) and (M, D): (N, M) float32.

    ``"cosine"``: 1 - a b. With weights w: ``"chi2"``: sum of w (a - b)^2 / (a + b);
    ``"siamese"``: sum of w |a - b|.

    Examples
    --------
    >>> one, other = np.float32([[1, 0]]), np.float32([[0, 1]])
    >>> head_distances(one, other, "cosine").item()
    1.0
    >>> head_distances(one, other, "chi2", np.float32([2, 3])).item()
    5.0
    """
    found: NDArray[np.float32]
    if head == "cosine":
        found = np.clip(1 - a @ b.T, 0, 2)
        return found
    found = np.empty((len(a), len(b)), np.float32)
    step = max(1, _MOST_VALUES // max(1, b.size))
    for first in range(0, len(a), step):
        some = a[first : first + step, None]
        found[first : first + step] = _weighed(some, b, head, weights)
    return found


def pair_distances(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    head: str,
    weights: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return the distance of each row of one array to its row of the other: (N,) float32.

    As `head_distances` for (N, D) and (N, D), without the distances of all others.

    Examples
    --------
    >>> a, b = np.float32([[1, 0], [0, 1]]), np.float32([[0, 1], [0, 1]])
    >>> pair_distances(a, b, "cosine").tolist()
    [1.0, 0.0]
    """
    found = np.empty(len(a), np.float32)
    step = max(1, _MOST_VALUES // max(1, a.shape[1]))
    for first in range(0, len(a), step):
        part = slice(first, first + step)
        if head == "cosine":
            found[part] = np.clip(1 - np.einsum("nd,nd->n", a[part], b[part]), 0, 2)
        else:
            found[part] = _weighed(a[part], b[part], head, weights)
    return found


def _weighed(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    head: str,
    weights: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Weigh the differences of rows that broadcast against each other."""
    if weights is None:
        raise ValueError(f"weights: expected some for {head}, got None")
    apart = np.abs(a - b)
    if head == "chi2":
        apart = apart**2 / np.maximum(a + b, np.float32(1e-12))
    distances: NDArray[np.float32] = apart @ weights
    return distances


@functools.cache
def _bundled() -> DeepFaceWeights:
    return read_deepface(model_path("deepface_small"))
