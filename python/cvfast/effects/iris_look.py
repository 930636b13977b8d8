"""What an iris looks like before it is painted, followed gently from frame to frame.

The pupil's size, the iris's own luma and colour, where its highlights begin, and the light that
falls on the white of the eye. In a clip the rim is fitted in every frame; the rest is measured ten
times a second and approached smoothly, so that nothing shimmers or pops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.canvas import Canvas
from cvfast.effects.iris_fit import RINGS, Eye, chroma_sites, fit_limbus, ring_samples, visible
from cvfast.faces.smoothing import OneEuro

__all__ = ["Look", "LookMemory"]

_F64 = NDArray[np.float64]
_Bool = NDArray[np.bool_]
_ROUNDS = 4  # of fitting the rim in a picture, or in the first frame
_EVERY = 0.1  # seconds between two measurements
_APPROACH = 0.25  # seconds in which the looks follow by two thirds
_SHUT = 0.11  # lid opening over eye width, under which nothing is measured
_USUAL_PUPIL = 0.4  # of the iris's radius
_USUAL_WHITE = np.array([-0.012, 0.014])  # chroma over luma of a sclera in white light
_MOST_LIGHT = 0.22


@dataclass(frozen=True, eq=False)
class Look:
    """What an iris looks like.

    Parameters
    ----------
    pupil
        Radius, of the iris's.
    luma, bright
        Of the iris between pupil and rim: the median, and the luma at which highlights begin.
    chroma
        (2,), the mean there over the mean luma.
    light
        (2,), chroma over luma of what reflects white: the colour of the light.
    """

    pupil: float
    luma: float
    bright: float
    chroma: _F64
    light: _F64

    def as_array(self) -> _F64:
        """Return the numbers in one row."""
        return np.array([self.pupil, self.luma, self.bright, *self.chroma, *self.light])

    @classmethod
    def of_array(cls, row: _F64) -> Look:
        """Return what `as_array` made a row of."""
        return cls(float(row[0]), float(row[1]), float(row[2]), row[3:5], row[5:7])


class LookMemory:
    """One eye through a clip, or in a picture: call `follow` with each frame, in order."""

    def __init__(self) -> None:
        self._offsets = np.zeros(3)
        self._smooth = OneEuro(min_cutoff=1.0, beta=3.0)
        self._now: _F64 | None = None
        self._goal: _F64 | None = None
        self._measured = -math.inf
        self._seconds = 0.0

    def follow(self, canvas: Canvas, eye: Eye, seconds: float | None) -> tuple[Eye, Look] | None:
        """Return the eye with its iris where the picture shows it, and its look; None if unseen."""
        first = self._now is None
        if eye.opening < _SHUT:
            return None if self._now is None else (eye.moved(self._offsets), self._eased(seconds))
        box = canvas.box(eye.box(1.5))
        if min(box[2] - box[0], box[3] - box[1]) < 3:
            return None
        luma = canvas.luma(box)
        offsets = self._offsets
        for _ in range(_ROUNDS if first else 1):
            fitted = eye.moved(offsets)
            samples, seen = ring_samples(luma, box[:2], fitted)
            offsets = _joined(offsets, fit_limbus(samples, seen))
        if seconds is not None:
            offsets = self._smooth(offsets, seconds=seconds, size=1.0)
        self._offsets = offsets
        fitted = eye.moved(offsets)
        if first or seconds is None or seconds - self._measured >= _EVERY:
            measured = _measured(canvas, fitted, samples, seen)
            if measured is not None:
                self._goal = measured.as_array()
                self._measured = seconds or 0.0
        if self._goal is None:
            return None
        return fitted, self._eased(seconds)

    def _eased(self, seconds: float | None) -> Look:
        assert self._goal is not None
        now = seconds or 0.0
        if self._now is None:
            self._now = self._goal
        elif now > self._seconds:
            share = 1 - math.exp((self._seconds - now) / _APPROACH)
            self._now = self._now + share * (self._goal - self._now)
        self._seconds = now
        return Look.of_array(self._now)


def _joined(first: _F64, second: _F64) -> _F64:
    """Return the offsets that do what two do one after the other, within reason."""
    grown = 1 + first[2]
    joined = np.array(
        [*(first[:2] + grown * second[:2]), grown * (1 + second[2]) - 1],
    )
    return np.clip(joined, (-0.5, -0.5, -0.3), (0.5, 0.5, 0.3))


def _measured(
    canvas: Canvas, eye: Eye, samples: NDArray[np.float32], seen: NDArray[np.bool_]
) -> Look | None:
    iris = seen & (RINGS > 0.55) & (RINGS < 0.9)
    values = samples[iris]
    if len(values) < 12:
        return None
    middle, upper = np.percentile(values, (50, 80))
    bright = middle + 2.2 * (upper - middle) + 0.03
    pupil = _pupil(samples, seen & (samples < bright), eye.radius)
    chroma, light = _colors(canvas, eye, pupil, float(bright))
    return Look(pupil, float(middle), float(bright), chroma, light)


def _pupil(samples: NDArray[np.float32], seen: NDArray[np.bool_], radius: float) -> float:
    """Return where the mean luma of the rings steps from pupil to iris, or the usual place.

    A dark iris hardly differs from its pupil: the fainter the step, the less it counts.
    """
    inside = slice(0, 17)  # rings up to 0.9
    weight = seen[:, inside]
    count = weight.sum(axis=0)
    sums = np.where(weight, samples[:, inside], 0).sum(axis=0)
    known = count >= 4
    if known.sum() < 8:
        return _USUAL_PUPIL
    profile = np.interp(RINGS[inside], RINGS[inside][known], (sums / np.maximum(count, 1))[known])
    edges = RINGS[inside][2:12] + 0.025
    steps = profile[3:13] + profile[4:14] - profile[1:11] - profile[2:12]
    steps = np.maximum(steps / 2, 0) * (1 - 0.5 * np.abs(edges - _USUAL_PUPIL))
    at = int(steps.argmax())
    near = slice(max(at - 2, 0), at + 3)
    weights = steps[near] ** 2
    place = float((weights * edges[near]).sum() / max(float(weights.sum()), 1e-12))
    trust = float(steps[at] / (steps[at] + 0.01))
    return trust * place + (1 - trust) * _USUAL_PUPIL


def _colors(canvas: Canvas, eye: Eye, pupil: float, bright: float) -> tuple[_F64, _F64]:
    """Return the iris's chroma over its luma, and that of the light on the white beside it."""
    box = canvas.chroma_box(canvas.box(eye.box(1.7)))
    luma, chroma = canvas.luma_at_chroma(box), canvas.chroma(box)
    points = chroma_sites(canvas, box)
    distance, depth = eye.distance(points), visible(eye, points) / eye.radius
    iris = (distance > pupil + 0.1) & (distance < 0.9) & (depth > 0.1) & (luma < bright)
    own = _ratio(chroma, luma, iris)
    white = (distance > 1.15) & (depth > 0.15)
    if white.any():
        white &= luma >= np.median(luma[white])
    # In iris radii squared; little white says little.
    area = float(white.sum()) * math.prod(canvas.chroma_step) / eye.radius**2
    light = (_ratio(chroma, luma, white) - _USUAL_WHITE) * min(area / 0.15, 1.0)
    length = float(np.linalg.norm(light))
    return own, light * min(1.0, _MOST_LIGHT / max(length, 1e-9))


def _ratio(chroma: NDArray[np.float32], luma: NDArray[np.float32], where: _Bool) -> _F64:
    total = float(luma[where].sum())
    if total <= 0.01:
        return np.zeros(2)
    return chroma[:, where].sum(axis=1, dtype=np.float64) / total
