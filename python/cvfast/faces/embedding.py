"""What every face embedding offers: a vector a face, and how far apart two people are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.types import Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.typing import Image

__all__ = ["Embedder", "Threshold"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Up to which distance two faces are taken for one person's.

    Parameters
    ----------
    distance
        At most this: the same person.
    false_accepts
        The share of pairs of different people that pass it, for which it was set; None where
        nobody measured that.
    source
        On which pairs, in a few words.
    """

    distance: float
    false_accepts: float | None
    source: str


class Embedder(Protocol):
    """Turns faces into vectors whose distance says whether they are one person's.

    dlib's network and ONNX models are in `cvfast.faces.embedders`; cvfast's own DeepFace and
    eigenfaces are in `cvfast.recognition` and are passed in wherever an `Embedder` is taken.
    """

    @property
    def name(self) -> str:
        """What people call it: ``dlib``, ``deepface``, ``arcface.onnx``."""

    @property
    def key(self) -> str:
        """Names the weights and what is done before them: vectors of two keys do not compare."""

    @property
    def dimension(self) -> int:
        """Numbers a vector."""

    @property
    def threshold(self) -> Threshold:
        """The threshold to use where the caller gives none."""

    def embed(self, image: Image | PixelReader, faces: Sequence[Landmarks]) -> NDArray[np.float32]:
        """Return the vectors of faces in one picture.

        Parameters
        ----------
        image
            RGB or grey picture, uint8 or float32 in [0, 1].
        faces
            Landmarks of N faces in it, in any scheme that converts to ``five`` (mesh478, dlib68).

        Returns
        -------
        (N, dimension) float32, rows in the order of ``faces``.
        """

    def distances(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far apart vectors are: (N, D) and (M, D) give (N, M), 0 for the same face."""
