"""A made voice: a tone as loud as it is told, for clips that have nobody's own."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

__all__ = ["add_hum"]

_PITCH = 165  # Hz
_STEP = 1024  # samples a frame


def add_hum(
    out: OutputContainer, sound: AudioStream, seconds: float, loudness: Callable[[float], float]
) -> None:
    """Encode a hum into a mono stream of an open output.

    Parameters
    ----------
    out, sound
        The output and its stream.
    seconds
        How long.
    loudness
        In [0, 1], by seconds.
    """
    import av

    rate = sound.rate
    time = np.arange(round(seconds * rate)) / rate
    coarse = np.arange(0, seconds + 0.02, 0.02)
    level = np.interp(time, coarse, [loudness(float(at)) for at in coarse])
    wave = np.zeros(len(time))
    for harmonic, share in ((1, 0.6), (2, 0.3), (3, 0.15), (5, 0.05)):
        wave += share * np.sin(2 * np.pi * _PITCH * harmonic * time)
    samples = (0.25 * level * wave).astype(np.float32)
    for start in range(0, len(samples), _STEP):
        part = samples[start : start + _STEP]
        frame = av.AudioFrame.from_ndarray(part[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, start
        frame.time_base = Fraction(1, rate)
        out.mux(sound.encode(frame))
    out.mux(sound.encode(None))
