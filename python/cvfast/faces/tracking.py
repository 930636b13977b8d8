"""Faces followed through a clip: detected now and then, fitted where it pays, carried by flow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cvfast.faces.blazeface import BlazeFace
from cvfast.faces.cuts import CutDetector
from cvfast.faces.following import FollowedFace
from cvfast.faces.mesh import FaceMesh
from cvfast.faces.search import FaceSearch
from cvfast.faces.types import Faces, Landmarks
from cvfast.geometry.boxes import overlap_of_smaller
from cvfast.geometry.sampling import PixelReader
from cvfast.kernels.nms import iou

__all__ = ["FaceTracker", "Track"]

_OPENING = 40.0  # longer sides of the frame a face: the smallest that are found at once
_SURE = 0.5  # mesh score from which a detection counts as a face
_SAME = 0.5  # of the smaller box, shared: one face
_MERGED = 0.5  # intersection over union: two tracks have come to follow one face
_REMEMBERED = 1.0  # seconds: a face that comes back sooner, where it was, is the same one
_NEAR, _ALIKE = 0.75, 1.6  # how far from there, in face sizes, and how much larger or smaller


@dataclass(frozen=True, eq=False)
class Track:
    """One face of a clip as it is in one frame.

    Attributes
    ----------
    number
        0 for the first face found, and so on. A face that comes back soon, about where it was lost,
        keeps its number.
    landmarks
        Smoothed ``mesh478``.
    weight
        In [0, 1]: how much of an effect the face should get. It rises when a face comes and falls
        when it is lost; what is there from a clip's or a scene's first frame on starts with 1.
    memory
        For whoever follows something of this face from frame to frame, under a key of its own.
    held
        The frame does not show the face: its landmarks are those of the last one that did.
    """

    number: int
    landmarks: Landmarks
    weight: float = 1.0
    memory: dict[str, Any] = field(default_factory=dict)
    held: bool = False


class FaceTracker:
    """Follows every face of a clip.

    A face that is found is fitted every fifth frame or less, and at once where it moves in a way
    that optical flow does not explain, as in a blink; in between, flow carries it. A face that is
    lost is held for a moment while its weight falls. A scene cut ends all tracks that flow cannot
    follow over it.

    Parameters
    ----------
    search_every
        Frames from one step of the search for new faces to the next (see
        `cvfast.faces.search.FaceSearch`). While there is no face, and for a second after one was
        lost, each frame has a step.
    thorough
        Search a clip's and a scene's first frame throughout, for faces from 1/40 of the frame's
        longer side (about 40 ms at 1080p); else it too has a step, and no frame is held up.
    num_threads
        Threads of one model call.

    Attributes
    ----------
    fits, searches
        How often a mesh was fitted to a face that is followed, and how often new ones were looked
        for.
    """

    def __init__(
        self, *, search_every: int = 24, thorough: bool = True, num_threads: int = 1
    ) -> None:
        self._mesh = FaceMesh(num_threads=num_threads)
        self._detector = BlazeFace(num_threads=num_threads, mesh=self._mesh)
        self._finder = FaceSearch(self._detector)
        self._is_cut = CutDetector()
        self._search_every, self._since_search = search_every, 0
        self._thorough = thorough
        self._found = 0
        self._faces: list[FollowedFace] = []
        self._away: list[FollowedFace] = []
        self._seconds: float | None = None
        self.fits = self.searches = 0

    def warm_up(self) -> None:
        """Run every model once, in the thread that will call `update`: a first run is slow."""
        blank = PixelReader.of(np.zeros((64, 64, 3), np.uint8))
        square, one = np.array([[8, 8, 56, 56]], np.float32), np.ones(1, np.float32)
        face = Faces(square, one, np.zeros((1, 0, 2), np.float32), (64, 64))
        self._mesh.fit(blank, face, careful=False)
        self._detector.find(blank, smallest=None)

    def update(self, reader: PixelReader, seconds: float) -> list[Track]:
        """Follow the faces into the next frame.

        Parameters
        ----------
        reader
            The frame. What is needed of it later is copied.
        seconds
            Time of the frame.

        Returns
        -------
        list of Track
            The faces in this frame, in the order of their numbers.
        """
        cut = self._is_cut(reader)
        opening = self._seconds is None or cut
        passed = 0.0 if self._seconds is None else max(0.0, seconds - self._seconds)
        self._seconds = seconds
        for face in self._faces:
            self.fits += face.advance(reader, self._mesh, seconds, cut=cut)
        self._let_go(seconds, cut=cut)
        self._search(reader, seconds, opening=opening)
        for face in self._faces:
            face.fade(passed)
        return [
            Track(face.number, face.landmarks, face.weight, face.memory, face.lost)
            for face in self._faces
        ]

    def _let_go(self, seconds: float, *, cut: bool) -> None:
        """Drop faces that have faded out, that a cut took away, or that another track follows."""
        kept = _distinct([face for face in self._faces if not face.gone])
        self._away += [face for face in self._faces if face not in kept]
        self._faces = kept
        # After a time that runs backwards, nothing is remembered either.
        self._away = [
            face for face in self._away if not cut and abs(seconds - face.seen) <= _REMEMBERED
        ]

    def _search(self, reader: PixelReader, seconds: float, *, opening: bool) -> None:
        known = [face.landmarks.box for face in self._faces if not face.lost]
        missing = len(known) < len(self._faces) or bool(self._away)
        self._since_search += 1
        if not (opening or missing or not known or self._since_search >= self._search_every):
            return
        self._since_search = 0
        self.searches += 1
        if opening:
            self._finder.reset()
        if opening and self._thorough:
            found = self._detector.find(reader, smallest=max(reader.size) / _OPENING)
        else:
            found = self._finder.step(reader, known=known)
        for face in found:
            self._take_in(reader, face, seconds, opening=opening)

    def _take_in(self, reader: PixelReader, found: Faces, seconds: float, *, opening: bool) -> None:
        """Follow a detected face from now on, if it is not followed yet."""
        if self._known(found.boxes[0]):
            return
        # As it will be fitted from now on: a careful fit may lie half a pixel elsewhere.
        fitted = self._mesh.track(reader, self._mesh.fit(reader, found, careful=False)[0])
        if fitted.score < _SURE or self._known(fitted.box):
            return
        known = next((face for face in self._lost() if _returned(face.landmarks, fitted)), None)
        if known is None:
            known = FollowedFace(self._found, weight=1.0 if opening else 0.0)
            self._found += 1
        known.begin(reader, fitted, seconds)
        if known in self._away:
            self._away.remove(known)
        if known not in self._faces:
            self._faces.append(known)
            self._faces.sort(key=lambda face: face.number)

    def _lost(self) -> list[FollowedFace]:
        """Faces that may come back, those lost last first."""
        lost = [face for face in self._faces if face.lost] + self._away
        return sorted(lost, key=lambda face: -face.seen)

    def _known(self, box: Any) -> bool:
        known = [face.landmarks.box for face in self._faces if not face.lost]
        return bool(known) and bool((overlap_of_smaller([box], known) > _SAME).any())


def _returned(before: Landmarks, now: Landmarks) -> bool:
    """Whether a face may be the one that was lost: about as large, near where it was."""
    sides = [float((marks.box[2:] - marks.box[:2]).max()) for marks in (before, now)]
    apart = np.linalg.norm((now.box - before.box).reshape(2, 2).mean(axis=0))
    return bool(apart < _NEAR * max(sides) and max(sides) < _ALIKE * min(sides))


def _distinct(faces: list[FollowedFace]) -> list[FollowedFace]:
    """Drop tracks that have slid onto another's face, as when one face passes before another.

    The track that left its course is the wrong one.
    """
    kept: list[FollowedFace] = []
    for face in sorted(faces, key=lambda face: (face.lost, face.surprise)):
        box = face.landmarks.box[None]
        if all(iou(box, other.landmarks.box[None])[0, 0] <= _MERGED for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: face.number)
