"""Faces followed through a clip: detected now and then, fitted and smoothed in every frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cvfast.faces.detectors import detect
from cvfast.faces.mesh import FaceMesh
from cvfast.faces.smoothing import OneEuro
from cvfast.faces.types import Faces, Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.typing import ImageU8

__all__ = ["FaceTracker", "Track"]

_LOST = 0.5  # mesh score below which a face counts as lost
_SAME = 0.5  # of the smaller box, shared: one face


@dataclass
class Track:
    """One face through a clip.

    Attributes
    ----------
    number
        0 for the first face found, and so on; never given again.
    landmarks
        Smoothed ``mesh478`` of the newest frame.
    """

    number: int
    landmarks: Landmarks
    _raw: Landmarks
    _smooth: OneEuro = field(default_factory=OneEuro)

    def advance(self, raw: Landmarks, seconds: float) -> None:
        """Take the fit of a new frame."""
        size = float((raw.box[2:] - raw.box[:2]).max())
        points = self._smooth(raw.points, seconds=seconds, size=size)
        self._raw = raw
        self.landmarks = dataclasses.replace(raw, points=points.astype(np.float32))


class FaceTracker:
    """Follows every face of a clip.

    Parameters
    ----------
    detect_every
        Frames between two looks for new faces; while there is none, every frame is looked at.
    num_threads
        Threads of one model call.
    """

    def __init__(self, *, detect_every: int = 15, num_threads: int = 1) -> None:
        self._mesh = FaceMesh(num_threads=num_threads)
        self._detect_every = detect_every
        self._since_detection = detect_every
        self._found = 0
        self._tracks: list[Track] = []

    def update(
        self, reader: PixelReader, small: Callable[[], tuple[ImageU8, float]], seconds: float
    ) -> list[Track]:
        """Follow the faces into the next frame.

        Parameters
        ----------
        reader
            The frame.
        small
            Makes a smaller copy of it for the detector, and its size over the frame's; called only
            when the detector runs.
        seconds
            Time of the frame.

        Returns
        -------
        list of Track
            The faces in this frame, oldest first.
        """
        kept = []
        for track in self._tracks:
            raw = self._mesh.track(reader, track._raw)
            if raw.score >= _LOST:
                track.advance(raw, seconds)
                kept.append(track)
        lost = len(kept) < len(self._tracks)
        self._tracks = kept
        self._since_detection += 1
        if lost or not kept or self._since_detection >= self._detect_every:
            self._since_detection = 0
            self._add_new(reader, small, seconds)
        return list(self._tracks)

    def _add_new(
        self, reader: PixelReader, small: Callable[[], tuple[ImageU8, float]], seconds: float
    ) -> None:
        picture, scale = small()
        found = detect(picture)
        if not len(found):
            return
        full = Faces(
            found.boxes / np.float32(scale),
            found.scores,
            (found.keypoints + np.float32(0.5)) / np.float32(scale) - np.float32(0.5),
            reader.size,
        )
        new = [face for face in full if not self._known(face.boxes[0])]
        for face in new:
            raw = self._mesh.fit(reader, face)[0]
            if raw.score < _LOST or self._known(raw.box):
                continue
            track = Track(self._found, raw, raw)
            track.advance(raw, seconds)
            self._found += 1
            self._tracks.append(track)

    def _known(self, box: np.ndarray) -> bool:
        return any(_shared(box, track.landmarks.box) > _SAME for track in self._tracks)


def _shared(a: np.ndarray, b: np.ndarray) -> float:
    """Overlap of two boxes over the smaller one's area."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    areas = [float(np.prod(np.maximum(box[2:] - box[:2], 0))) for box in (a, b)]
    return float(np.prod(np.maximum(high - low, 0))) / max(min(areas), 1e-9)
