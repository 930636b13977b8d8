"""Writing the demo's clips: pictures in, H.264 with a made voice out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

__all__ = ["write_clip"]

_SOUND_RATE = 48_000


def write_clip(
    path: Path,
    frames: Iterable[ImageU8],
    *,
    size: tuple[int, int],
    rate: int,
    loudness: Callable[[float], float],
    actions: tuple[str, ...],
) -> None:
    """Write a clip with a soft tone, replacing an older one.

    Parameters
    ----------
    path
        An .mp4 file.
    frames
        (height, width, 3) uint8 each.
    size
        Width and height, even numbers.
    rate
        Frames per second.
    loudness
        Of the tone in [0, 1], by seconds.
    actions
        What the mark in the file says was done.
    """
    import av

    from cvfast.io.atomic import atomic_path
    from cvfast.io.movie import add_video, encode_pictures
    from cvfast.io.provenance import Mark, append_mp4_mark, xmp_packet

    with atomic_path(path, overwrite=True) as temporary:
        with av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            video = add_video(out, size, rate)
            sound = out.add_stream("aac", rate=_SOUND_RATE, layout="mono")
            count = encode_pictures(out, video, frames, rate)
            _hum(out, sound, count / rate, loudness)
        append_mp4_mark(temporary, xmp_packet(Mark(actions=actions)))


def _hum(
    out: OutputContainer, sound: AudioStream, seconds: float, loudness: Callable[[float], float]
) -> None:
    """Add a voice that hums as loudly as it is told."""
    import av

    time = np.arange(round(seconds * _SOUND_RATE)) / _SOUND_RATE
    coarse = np.arange(0, seconds + 0.02, 0.02)
    level = np.interp(time, coarse, [loudness(float(at)) for at in coarse])
    wave = np.zeros(len(time))
    for harmonic, share in ((1, 0.6), (2, 0.3), (3, 0.15), (5, 0.05)):
        wave += share * np.sin(2 * np.pi * 165 * harmonic * time)
    samples = (0.25 * level * wave).astype(np.float32)
    step = 1024
    for start in range(0, len(samples), step):
        part = samples[start : start + step]
        frame = av.AudioFrame.from_ndarray(part[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = _SOUND_RATE, start
        frame.time_base = Fraction(1, _SOUND_RATE)
        out.mux(sound.encode(frame))
    out.mux(sound.encode(None))
