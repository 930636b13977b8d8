"""Whether a face is the person of a reference picture, judged now and then along its track."""

from __future__ import annotations

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
    _judged: dict[int, tuple[int, bool]] = field(default_factory=dict)

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

    def keeps(self, face: FrameFace, reader: PixelReader, frame: int) -> bool:
        """Tell whether a face of a frame is the person's."""
        if face.track in self._judged:
            at, same = self._judged[face.track]
            if frame - at < _AGAIN:
                return same
        vector = self.embedder.embed(reader, [face.landmarks])
        same = bool(np.all(self.embedder.distances(vector, self.known) < self.limit))
        if face.track is not None:
            self._judged[face.track] = frame, same
        return same
