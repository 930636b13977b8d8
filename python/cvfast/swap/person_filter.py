"""Whether a face is the person of a reference picture, judged now and then along its track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cvfast.faces.choosing import choose_face
from cvfast.faces.embedding import Embedder
from cvfast.geometry.sampling import PixelReader
from cvfast.io.images import read_image
from cvfast.swap.frame_faces import FrameFace
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["PersonFilter"]

_AGAIN = 25  # frames after which a track is judged again: it may have come to follow another face


@dataclass
class PersonFilter:
    """Keeps the faces of one person.

    Parameters
    ----------
    embedder
        Which face pictures are near each other.
    known
        ``(1, D)`` float32: the person.
    limit
        The largest distance that counts as the same person.
    """

    embedder: Embedder
    known: ImageF32
    limit: float
    _judged: dict[int, tuple[int, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, picture: PathLike, *, model: str = "dlib") -> PersonFilter:
        """Look at a picture; its largest face counts.

        Raises
        ------
        NothingFoundError
            It shows no face.
        MediaError, MissingDependencyError, ModelError
            It cannot be read; the embedding cannot be had.
        """
        from cvfast.faces.embedders import open_embedder

        embedder = open_embedder(model)
        image = read_image(picture, first_frame=True).pixels
        face = choose_face(image, name=str(picture)).landmarks
        return cls(embedder, embedder.embed(image, [face]), float(embedder.threshold.distance))

    def among(self, faces: Sequence[FrameFace], reader: PixelReader, frame: int) -> list[FrameFace]:
        """Return the face of a frame that is the person's, if one is: nobody is there twice."""
        near = [(self._distance(face, reader, frame), face) for face in faces]
        near = [(distance, face) for distance, face in near if distance < self.limit]
        return [min(near, key=lambda one: one[0])[1]] if near else []

    def _distance(self, face: FrameFace, reader: PixelReader, frame: int) -> float:
        if face.track in self._judged:
            at, distance = self._judged[face.track]
            if frame - at < _AGAIN:
                return distance
        vector = self.embedder.embed(reader, [face.landmarks])
        distance = float(np.max(self.embedder.distances(vector, self.known)))
        if face.track is not None:
            self._judged[face.track] = frame, distance
        return distance
