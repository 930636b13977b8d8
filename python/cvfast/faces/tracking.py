"""Faces followed through a clip: detected now and then, fitted and smoothed in every frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.blazeface import BlazeFace
from cvfast.faces.mesh import FaceMesh
from cvfast.faces.smoothing import OneEuro
from cvfast.faces.types import Landmarks
from cvfast.geometry.boxes import overlap_of_smaller
from cvfast.geometry.sampling import PixelReader
from cvfast.kernels.nms import iou
from cvfast.typing import ImageF32, ImageU8

__all__ = ["FaceTracker", "Track"]

_LOST = 0.5  # mesh score below which a face counts as lost
_SAME = 0.5  # of the smaller box, shared: one face
_MERGED = 0.5  # intersection over union: two tracks have come to follow one face
_JUMP = 0.25  # face sizes in one frame: not motion but a cut, nothing to smooth over


@dataclass
class Track:
    """One face through a clip.

    Attributes
    ----------
    number
        0 for the first face found, and so on; never given again.
    landmarks
        Smoothed ``mesh478`` of the newest frame.
    weight
        In [0, 1]: how much of an effect the face should get.
    memory
        For whoever follows something of this face from frame to frame, under a key of its own.
    """

    number: int
    landmarks: Landmarks
    _raw: Landmarks
    weight: float = 1.0
    memory: dict[str, Any] = field(default_factory=dict)
    _smooth: OneEuro = field(default_factory=OneEuro)
    _move: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    _surprise: float = 0.0  # how far from where its motion led, in pixels

    def advance(self, raw: Landmarks, seconds: float) -> None:
        """Take the fit of a new frame."""
        size = float((raw.box[2:] - raw.box[:2]).max())
        move = (raw.points - self._raw.points)[:, :2].mean(axis=0, dtype=np.float64)
        self._surprise = float(np.linalg.norm(move - self._move))
        if np.linalg.norm(move) > _JUMP * size:
            self._smooth = OneEuro()
        points = self._smooth(raw.points, seconds=seconds, size=size)
        self._raw, self._move = raw, move
        self.landmarks = dataclasses.replace(raw, points=points.astype("float32"))


class FaceTracker:
    """Follows every face of a clip.

    Parameters
    ----------
    detect_every
        Frames between two searches for new faces of any size. While there is none, or until one
        that was lost is found, each frame in between is searched for the larger ones, which costs
        a tenth.
    num_threads
        Threads of one model call.
    """

    def __init__(self, *, detect_every: int = 15, num_threads: int = 1) -> None:
        self._mesh = FaceMesh(num_threads=num_threads)
        self._detector = BlazeFace(num_threads=num_threads, mesh=self._mesh)
        self._detect_every = detect_every
        self._since_detection = detect_every
        self._found = 0
        self._searching = False
        self._tracks: list[Track] = []

    def update(
        self, reader: PixelReader, small: Callable[[], ImageU8], seconds: float
    ) -> list[Track]:
        """Follow the faces into the next frame.

        Parameters
        ----------
        reader
            The frame.
        small
            Makes a smaller copy of it for the detector; called only when the detector runs.
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
        kept = _distinct(kept)
        self._searching |= len(kept) < len(self._tracks)
        self._tracks = kept
        self._since_detection += 1
        thorough = self._since_detection >= self._detect_every
        if thorough:
            self._since_detection = 0
        if thorough or self._searching or not kept:
            self._add_new(reader, small, seconds, thorough=thorough)
        if thorough or len(self._tracks) > len(kept):
            self._searching = False
        return list(self._tracks)

    def _add_new(
        self,
        reader: PixelReader,
        small: Callable[[], ImageU8],
        seconds: float,
        *,
        thorough: bool,
    ) -> None:
        found = self._detector.find(small(), smallest=24.0 if thorough else None)
        if not len(found):
            return
        full = found.resized(reader.size)
        new = [face for face in full if not self._known(face.boxes[0])]
        for face in new:
            raw = self._mesh.fit(reader, face)[0]
            if raw.score < _LOST or self._known(raw.box):
                continue
            track = Track(self._found, raw, raw)
            track.advance(raw, seconds)
            self._found += 1
            self._tracks.append(track)

    def _known(self, box: ImageF32) -> bool:
        known = [track.landmarks.box for track in self._tracks]
        return bool(known) and bool((overlap_of_smaller([box], known) > _SAME).any())


def _distinct(tracks: list[Track]) -> list[Track]:
    """Drop tracks that have slid onto another's face, as when one face passes before another.

    The track that left its course is the wrong one.
    """
    kept: list[Track] = []
    for track in sorted(tracks, key=lambda track: track._surprise):
        box = track.landmarks.box[None]
        if all(iou(box, other.landmarks.box[None])[0, 0] <= _MERGED for other in kept):
            kept.append(track)
    return sorted(kept, key=lambda track: track.number)
