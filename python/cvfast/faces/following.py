"""One face on its way through a clip: when to fit it, what flow carries, how it fades."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from cvfast.faces.flow import FaceFlow
from cvfast.faces.mesh import FaceMesh
from cvfast.faces.smoothing import OneEuro, carried
from cvfast.faces.types import Landmarks
from cvfast.geometry.alignment import similarity_transform
from cvfast.geometry.sampling import PixelReader

__all__ = ["FollowedFace"]

_LOST = 0.5  # mesh score below which a face counts as lost
_JUMP = 0.25  # face sizes in one frame: not motion but a cut, nothing to smooth over
_TRUSTED = 0.5  # share of the points that must agree for flow to be believed
_CHANGED = 3.5  # of FaceMotion.change: an eye or the mouth moves, which is fitted at once
_RESTING = 0.004  # face sizes a frame: slower is rest
_EVERY_MOVING, _EVERY_RESTING = 5, 8  # frames from fit to fit
_FADE_IN, _FADE_OUT = 0.15, 0.2  # seconds


class FollowedFace:
    """One face on its way through a clip.

    Parameters
    ----------
    number, weight
        As in `cvfast.faces.tracking.Track`; the weight to begin with.

    Attributes
    ----------
    number, landmarks, weight, memory
        As in `cvfast.faces.tracking.Track`.
    lost
        Whether the newest frame did not show the face: `landmarks` are held then.
    gone
        Lost, and nothing is left to hold.
    seen
        Time of the last frame that showed the face, in seconds.
    surprise
        How far it is from where its motion led, in pixels.
    """

    landmarks: Landmarks

    def __init__(self, number: int, *, weight: float) -> None:
        self.number, self.weight = number, weight
        self.memory: dict[str, Any] = {}
        self.lost = self.gone = False
        self.seen = self.surprise = 0.0

    def begin(self, reader: PixelReader, fitted: Landmarks, seconds: float) -> None:
        """Follow from a frame on in which the face was found, or found again."""
        self._smooth, self._flow = OneEuro(), FaceFlow()
        self._move = np.zeros(2)
        self._since_fit = 0
        self._fit = fitted
        self.lost = self.gone = False
        self._settle(seconds)
        self._flow.keep(reader, self.landmarks)

    def advance(self, reader: PixelReader, mesh: FaceMesh, seconds: float, *, cut: bool) -> bool:
        """Follow into the next frame; return whether the mesh was fitted.

        Parameters
        ----------
        reader
            The frame.
        mesh
            The model.
        seconds
            Time of the frame.
        cut
            Another scene may begin here: unless flow finds the face, it is gone.
        """
        before = self._fit
        self._since_fit += 1
        due = self.lost or self._since_fit >= self._interval()
        motion = self._flow.follow(reader, self.landmarks, self._move, watch=not due)
        sure = motion is not None and motion.trusted >= _TRUSTED
        if motion is not None and sure:
            self._smooth.carry(motion.matrix)
            self._fit = _moved(self._fit, motion.matrix)
            due = due or motion.change > _CHANGED
            if due:  # the fit begins there
                self.landmarks = _moved(self.landmarks, motion.matrix)
        elif cut:
            self.lost = self.gone = True
            return False
        else:
            due = True
        if due:
            self._refit(reader, mesh, sure=sure)
        move = (self._fit.points - before.points)[:, :2].mean(axis=0, dtype=np.float64)
        self.surprise = float(np.linalg.norm(move - self._move))
        self._move = move
        if not self.lost:
            self._settle(seconds)
        self._flow.keep(reader, self.landmarks)
        return due

    def fade(self, passed: float) -> None:
        """Let the weight rise or fall by the seconds since the frame before."""
        if self.lost:
            self.weight = max(0.0, self.weight - passed / _FADE_OUT)
            self.gone = self.gone or self.weight == 0.0
        else:
            self.weight = min(1.0, self.weight + passed / _FADE_IN)

    def _interval(self) -> int:
        speed = float(np.linalg.norm(self._move)) / _size(self.landmarks)
        return _EVERY_RESTING if speed < _RESTING else _EVERY_MOVING

    def _refit(self, reader: PixelReader, mesh: FaceMesh, *, sure: bool) -> None:
        # Where the smoothed face lies: a crop that wavers would make the fit waver.
        fitted = mesh.track(reader, self.landmarks)
        self.lost = fitted.score < _LOST
        if self.lost:
            return
        self._since_fit = 0
        if not sure:  # then the fit itself says how the head moved
            old, new = self._fit.points[:468, :2], fitted.points[:468, :2]
            matrix = similarity_transform(old, new)
            far = float(np.linalg.norm((new - old).mean(axis=0))) > _JUMP * _size(fitted)
            self._smooth = OneEuro() if far else self._smooth
            self._smooth.carry(matrix)
        self._fit = fitted

    def _settle(self, seconds: float) -> None:
        points = self._smooth(self._fit.points, seconds=seconds, size=_size(self._fit))
        self.landmarks = dataclasses.replace(self._fit, points=points.astype(np.float32))
        self.seen = seconds


def _size(face: Landmarks) -> float:
    return max(float((face.box[2:] - face.box[:2]).max()), 1e-3)


def _moved(face: Landmarks, matrix: Any) -> Landmarks:
    points = carried(matrix, face.points)
    move = (points[:, :2] - face.points[:, :2]).mean(axis=0)
    box = face.box + np.tile(move, 2)
    return dataclasses.replace(face, points=points.astype(np.float32), box=box.astype(np.float32))
