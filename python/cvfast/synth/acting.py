"""What a made person does in a clip: talk, blink, look about, sway; smooth in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cvfast.synth.base import Reals
from cvfast.synth.expression import Expression
from cvfast.synth.render import Pose

__all__ = ["Acting"]

_SALT = 0xAC7
_SYLLABLES = (3.0, 4.2)  # a second, as people speak
_PHRASE, _PAUSE = (1.4, 2.4), (0.25, 0.6)  # seconds
_BLINK_EVERY, _BLINK = (1.6, 4.0), 0.28  # seconds
_LOOK, _SACCADE = (0.7, 2.0), 0.08  # seconds that a gaze rests, and that it takes to move
_FARTHEST = Pose(math.radians(25), math.radians(10), math.radians(9))


@dataclass(frozen=True)
class _Wave:
    """A smooth motion within [-1, 1] that does not repeat soon: three sines."""

    rates: Reals
    phases: Reals

    @classmethod
    def draw(cls, rng: np.random.Generator, period: float) -> _Wave:
        """Draw a motion whose slowest part takes about `period` seconds."""
        rates = np.array([1.0, 1.9, 3.1]) * rng.uniform(0.85, 1.15, 3) / period
        return cls(rates, rng.uniform(0, 1, 3))

    def at(self, seconds: float) -> float:
        """Return the place at one moment."""
        sines = np.sin(2 * np.pi * (self.rates * seconds + self.phases))
        return float(sines @ (0.68, 0.22, 0.1))


class Acting:
    """One person's part in a clip, by seconds.

    Parameters
    ----------
    seed
        From 0 on; the same number is the same part.
    seconds
        How long it lasts.
    part
        Which person of the clip.

    Examples
    --------
    >>> part = Acting(3, 4.0)
    >>> 0 <= part.loudness(1.0) <= 1, part.expression(1.0) == Acting(3, 4.0).expression(1.0)
    (True, True)
    """

    def __init__(self, seed: int, seconds: float, part: int = 0) -> None:
        rng = np.random.default_rng([_SALT, seed, part])
        self._phrases = _spans(rng, seconds, _PHRASE, _PAUSE)
        self._syllables = float(rng.uniform(*_SYLLABLES))
        self._blinks = np.cumsum(rng.uniform(*_BLINK_EVERY, int(seconds) + 2)) - 1.0
        self._looks = np.cumsum(rng.uniform(*_LOOK, int(seconds / _LOOK[0]) + 2))
        self._gazes = np.clip(rng.normal(0, (0.35, 0.2), (len(self._looks) + 1, 2)), -1, 1)
        names = ("yaw", "pitch", "roll", "smile", "brows", "pucker", "stress", "x", "y", "near")
        periods = (4.7, 3.4, 5.3, 3.9, 2.7, 0.62, 1.1, 4.1, 3.3, 6.1)
        self._waves = {
            name: _Wave.draw(rng, period) for name, period in zip(names, periods, strict=True)
        }

    def loudness(self, seconds: float) -> float:
        """Return how loudly the person speaks, in [0, 1]: syllables within phrases."""
        for start, end in self._phrases:
            if start <= seconds < end:
                phrase = math.sqrt(math.sin(math.pi * (seconds - start) / (end - start)))
                beat = 0.5 - 0.5 * math.cos(2 * math.pi * self._syllables * (seconds - start))
                return phrase * beat * (0.8 + 0.2 * self._waves["stress"].at(seconds))
        return 0.0

    def expression(self, seconds: float) -> Expression:
        """Return what the face does at one moment; the mouth is open as it speaks."""
        loud, wave = self.loudness(seconds), self._waves
        closed = max(_lid(seconds - float(middle)) for middle in self._blinks)
        brows = wave["brows"].at(seconds)
        gaze = self._gaze(seconds)
        return Expression(
            smile=0.22 + 0.25 * wave["smile"].at(seconds),
            jaw=0.8 * loud,
            raised=max(0.0, 0.55 * brows),
            frown=max(0.0, -0.35 * brows),
            pucker=max(0.0, wave["pucker"].at(seconds)) * 0.8 * min(1.0, 3 * loud),
            right_lid=max(closed, 0.05),
            left_lid=max(closed, 0.05),
            gaze=(float(gaze[0]), float(gaze[1])),
        )

    def pose(self, seconds: float) -> Pose:
        """Return how the head is turned: at most 25 degrees aside, 10 up or down, 9 askew."""
        wave = self._waves
        return Pose(
            _FARTHEST.yaw * wave["yaw"].at(seconds),
            _FARTHEST.pitch * wave["pitch"].at(seconds),
            _FARTHEST.roll * wave["roll"].at(seconds),
        )

    def place(self, seconds: float) -> tuple[float, float, float]:
        """Return how far the head is aside and below its middle, in half faces, and its size."""
        wave = self._waves
        x, y, near = (wave[name].at(seconds) for name in ("x", "y", "near"))
        return 0.14 * x, 0.07 * y, 1 + 0.05 * near

    def _gaze(self, seconds: float) -> Reals:
        """Look from one place to the next in short leaps."""
        number = int(np.searchsorted(self._looks, seconds))
        if number == 0:
            return np.asarray(self._gazes[0])
        since = (seconds - float(self._looks[number - 1])) / _SACCADE
        share = min(1.0, since)
        share = share * share * (3 - 2 * share)
        return np.asarray(self._gazes[number - 1] * (1 - share) + self._gazes[number] * share)


def _spans(
    rng: np.random.Generator, seconds: float, length: tuple[float, float], gap: tuple[float, float]
) -> list[tuple[float, float]]:
    """Draw phrases with pauses between them until the time is full."""
    at, spans = float(rng.uniform(0, 0.3)), []
    while at < seconds:
        end = at + float(rng.uniform(*length))
        spans.append((at, end))
        at = end + float(rng.uniform(*gap))
    return spans


def _lid(seconds: float) -> float:
    """Return how far the lids are closed, this long after a blink's middle."""
    place = abs(seconds) / (_BLINK / 2)
    return 0.0 if place >= 1 else math.cos(math.pi / 2 * place) ** 0.8
