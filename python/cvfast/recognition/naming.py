"""Names of the faces that are followed through a clip: several frames decide, not one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.embedding import Embedder
from cvfast.faces.tracking import Track
from cvfast.geometry.sampling import PixelReader
from cvfast.recognition.gallery import Gallery, Match
from cvfast.typing import Image

__all__ = ["TrackNamer"]

_WINDOW = 9  # vectors that decide, the newest
_SETTLED = 3  # vectors until a track's name rests on more than a glance
_CLEARLY = 0.05  # of the threshold: another person has to be nearer by this to take a name over
_MEMORY = "recognition"


@dataclass
class _Seen:
    """What is known of a track: its newest distances to each person, and its name."""

    distances: deque[NDArray[np.float32]] = field(default_factory=lambda: deque(maxlen=_WINDOW))
    since: int = 0
    match: Match | None = None


class TrackNamer:
    """Names the tracks of one clip.

    A track is embedded in its first three frames and in every N-th after them. Its distance to a
    person is the mean over its nine newest vectors. It has the name of the nearest person within
    the threshold, and keeps it until that person's mean is over the threshold or another person's
    is clearly smaller, by a twentieth of the threshold; so a blink or a blurred frame changes
    nothing. A track that was lost begins anew: another person may have come to its place.

    Parameters
    ----------
    gallery, embedder
        Whose faces may be there, and the model that made the gallery.
    threshold
        As in `Gallery.identify`.
    every
        Frames from one vector of a track to the next; 1 for each frame.

    Attributes
    ----------
    embedded
        Vectors that were made.

    Raises
    ------
    ModelError
        Another model made the gallery.
    ValueError
        ``every`` is under 1.
    """

    def __init__(
        self,
        gallery: Gallery,
        embedder: Embedder,
        *,
        threshold: float | None = None,
        every: int = 5,
    ) -> None:
        gallery.check(embedder)
        if every < 1:
            raise ValueError(f"every: expected at least 1, got {every}")
        self._gallery, self._embedder, self._every = gallery, embedder, every
        self._threshold = embedder.threshold.distance if threshold is None else threshold
        self._people = list(gallery.people)
        self.embedded = 0

    def name(
        self, image: Image | PixelReader, tracks: Sequence[Track]
    ) -> list[tuple[Track, Match]]:
        """Name the tracks of the next frame.

        Parameters
        ----------
        image
            The frame.
        tracks
            What `cvfast.faces.tracking.FaceTracker.update` gave for it.

        Returns
        -------
        list of (Track, Match)
            In the order of ``tracks``, without those whose face the frame does not show.
        """
        for track in tracks:
            if track.held:
                track.memory.pop(_MEMORY, None)
        shown = [track for track in tracks if not track.held]
        seen = [track.memory.setdefault(_MEMORY, _Seen()) for track in shown]
        due = [number for number, one in enumerate(seen) if self._due(one)]
        if due:
            vectors = self._embedder.embed(image, [shown[number].landmarks for number in due])
            self.embedded += len(due)
            rows = self._gallery.distances(vectors, self._embedder)
            for number, row in zip(due, rows, strict=True):
                seen[number].distances.append(row)
                seen[number].since = 0
                seen[number].match = self._decide(seen[number])
        for one in seen:
            one.since += 1
        return [(track, one.match) for track, one in zip(shown, seen, strict=True)]

    def _due(self, one: _Seen) -> bool:
        return len(one.distances) < _SETTLED or one.since >= self._every

    def _decide(self, one: _Seen) -> Match:
        """Name the nearest person, with a start for the one whose name the track has."""
        means = np.mean(one.distances, axis=0)
        held = None if one.match is None else one.match.name
        nearest = self._gallery.match(means, self._threshold)
        if held is None or nearest.name in (held, None):
            return nearest
        mine = float(means[self._people.index(held)])
        if mine > self._threshold or float(means.min()) < mine - _CLEARLY * self._threshold:
            return nearest
        return Match(
            held, mine, self._threshold, nearest.nearest, nearest.nearest, nearest.distance
        )
