"""What an iris looks like before it is painted, followed gently from frame to frame.

The rim is fitted in every frame. The pupil's size, the iris's own luma and colour, where highlights
begin, and the light that falls on the white of the eye are measured five times a second and
approached smoothly, so that nothing shimmers or pops.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.canvas import Canvas
from cvfast.effects.iris_fit import RAYS, RINGS, Eye
from cvfast.faces.smoothing import OneEuro
from cvfast.io.frame import Plane
from cvfast.kernels.iris import EyePlane, iris_rim, iris_rings

__all__ = ["EyePlanes", "Look", "LookMemory", "eye_planes"]

_F64 = NDArray[np.float64]
_F32 = NDArray[np.float32]
_Bool = NDArray[np.bool_]
_ROUNDS = 4  # of fitting the rim in a picture, or in the first frame
_EVERY = 0.2  # seconds between two measurements
_APPROACH = 0.25  # seconds in which the look follows by two thirds
_SHUT = 0.11  # lid opening over eye width, under which nothing is measured
_LIMITS = np.array([0.5, 0.5, 0.3])  # of the rim's offsets, in iris radii
_FEWEST = 12  # samples that say something
_USUAL_PUPIL = 0.4  # of the iris's radius
_USUAL_WHITE = np.array([-0.012, 0.014])  # chroma over luma of a sclera in white light
_MOST_LIGHT = 0.22
_BRIGHTER = (1.03, 1.12)  # the white's luma over the iris's: no iris, surely one
_ON_IRIS = (RINGS > 0.55) & (RINGS < 0.9)
_ON_WHITE = RINGS > 1.15
_CORE = RINGS < 0.92
_EDGES = RINGS[2:12] + 0.025  # between two rings: where a pupil may end


class EyePlanes(NamedTuple):
    """A canvas's luma, Cb and Cr."""

    luma: EyePlane
    blue: EyePlane
    red: EyePlane


class Look(NamedTuple):
    """What an iris looks like.

    ``pupil``: its radius, of the iris's. ``luma``, ``bright``: the iris's median between pupil and
    rim, and the luma at which highlights begin. ``own_blue``, ``own_red``: its chroma over its
    luma. ``light_blue``, ``light_red``: chroma over luma of what reflects white. ``shown``: how
    surely this is an iris beside white, and not a dark lens or a hand, in [0, 1].
    """

    pupil: float
    luma: float
    bright: float
    own_blue: float
    own_red: float
    light_blue: float
    light_red: float
    shown: float


def eye_planes(canvas: Canvas) -> EyePlanes:
    """Return the planes of a canvas that has colour, as the kernels take them."""

    def placed(plane: Plane, zero: float, levels: float) -> EyePlane:
        return EyePlane(plane.array, plane.sx, plane.sy, plane.ox, plane.oy, zero, levels)

    blue, red = canvas.chroma_planes
    return EyePlanes(
        placed(canvas.luma_plane, canvas.black, canvas.luma_levels),
        placed(blue, canvas.middle, canvas.chroma_levels),
        placed(red, canvas.middle, canvas.chroma_levels),
    )


class LookMemory:
    """One eye through a clip, or in a picture: call `follow` with each frame, in order."""

    def __init__(self) -> None:
        self._offsets = np.zeros(3)
        self._smooth = OneEuro(min_cutoff=1.0, beta=3.0)
        self._now: _F64 | None = None
        self._goal: _F64 | None = None
        self._measured = -math.inf
        self._seconds = 0.0

    def follow(self, planes: EyePlanes, eye: Eye, seconds: float | None) -> tuple[Eye, Look] | None:
        """Return the eye with its iris where the picture shows it, and its look.

        None where no iris has been seen yet. While the lids are closed the last look stays.
        """
        if eye.opening >= _SHUT:
            values, seen = self._fit(planes, eye, seconds)
            now = seconds or 0.0
            if self._goal is None or not 0 <= now - self._measured < _EVERY:
                goal = _measured(planes, eye.moved(self._offsets), values, seen)
                self._goal = self._goal if goal is None else goal
                self._measured = now
        if self._goal is None:
            return None
        return eye.moved(self._offsets), self._eased(self._goal, seconds or 0.0)

    def _fit(self, planes: EyePlanes, eye: Eye, seconds: float | None) -> tuple[_F32, _Bool]:
        offsets = self._offsets
        for _ in range(_ROUNDS if self._now is None else 1):
            values, seen = iris_rings(planes.luma, eye.moved(offsets).shape, RAYS, RINGS)
            x, y, more = iris_rim(values, seen, RAYS, RINGS)
            grown = 1 + offsets[2]
            offsets = offsets + np.array([x, y, more]) * grown
            offsets = np.minimum(np.maximum(offsets, -_LIMITS), _LIMITS)
        if seconds is not None:
            offsets = self._smooth(offsets, seconds=seconds, size=1.0)
        self._offsets = offsets
        return values, seen

    def _eased(self, goal: _F64, now: float) -> Look:
        if self._now is None:
            self._now = goal
        elif now > self._seconds:
            share = 1 - math.exp((self._seconds - now) / _APPROACH)
            self._now = self._now + share * (goal - self._now)
        self._seconds = now
        return Look(*self._now.tolist())


def _measured(planes: EyePlanes, eye: Eye, luma: _F32, seen: _Bool) -> _F64 | None:
    """Return a `Look` as a row; None where too little of the iris is seen."""
    iris = seen & _ON_IRIS
    values = np.sort(luma[iris])
    if len(values) < _FEWEST:
        return None
    middle, upper = float(values[len(values) // 2]), float(values[len(values) * 4 // 5])
    bright = middle + 2.2 * (upper - middle) + 0.03
    dim = seen & (luma < bright)
    blue, red = (iris_rings(plane, eye.shape, RAYS, RINGS)[0] for plane in planes[1:])
    own = _ratio(blue, red, luma, iris & dim)
    white = seen & _ON_WHITE
    count = int(white.sum())
    shown = 1.0
    if count >= _FEWEST:
        half = float(np.sort(luma[white])[count // 2])
        white &= luma >= half
        least, enough = _BRIGHTER
        shown = min(max((half / max(middle, 0.02) - least) / (enough - least), 0.0), 1.0)
    # A little white says little.
    light = (_ratio(blue, red, luma, white) - _USUAL_WHITE) * min(count / 60, 1.0)
    light *= min(1.0, _MOST_LIGHT / max(math.hypot(*light.tolist()), 1e-9))
    return np.array([_pupil(luma, dim), max(middle, 0.02), bright, *own, *light, shown])


def _pupil(luma: _F32, seen: _Bool) -> float:
    """Return where the mean luma of the rings steps from pupil to iris, or the usual place.

    A dark iris hardly differs from its pupil: the fainter the step, the less it counts.
    """
    counts = seen[:, _CORE].sum(axis=0)
    known = counts >= 4
    if known.sum() < 8:
        return _USUAL_PUPIL
    means = np.where(seen, luma, 0)[:, _CORE].sum(axis=0) / np.maximum(counts, 1)
    profile = np.interp(RINGS[_CORE], RINGS[_CORE][known], means[known])
    steps = profile[3:13] + profile[4:14] - profile[1:11] - profile[2:12]
    steps = np.maximum(steps / 2, 0) * (1 - 0.5 * np.abs(_EDGES - _USUAL_PUPIL))
    at = int(steps.argmax())
    near = slice(max(at - 2, 0), at + 3)
    weights = steps[near] ** 2
    place = float((weights * _EDGES[near]).sum() / max(float(weights.sum()), 1e-12))
    trust = float(steps[at] / (steps[at] + 0.01))
    return trust * place + (1 - trust) * _USUAL_PUPIL


def _ratio(blue: _F32, red: _F32, luma: _F32, where: _Bool) -> _F64:
    """Return the sums of Cb and Cr over that of luma."""
    total = float(luma[where].sum())
    if total <= 0.01:
        return np.zeros(2)
    return np.array([blue[where].sum(), red[where].sum()], np.float64) / total
