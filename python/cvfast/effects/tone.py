"""The colour of a face's own skin: what tells skin from hair, and teeth from lips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.canvas import Canvas
from cvfast.effects.easing import smooth_step
from cvfast.effects.patch import Patch
from cvfast.effects.regions import skin_points
from cvfast.effects.subject import Subject
from cvfast.typing import ImageF32

__all__ = ["Tone", "quantile", "remembered", "skin_tone", "steady", "whiten"]

_KEY = "skin tone"
_SETTLING = 0.4  # seconds in which most of a change of light has been followed
_OFTEN = 0.1  # seconds from one measurement in a clip to the next
_FEWEST = 6  # points inside the picture
# Chroma over luma of skin in white light, about the same for all skins.
_TYPICAL = np.array([-0.10, 0.09])
_COLORLESS = 0.02  # chroma over luma below which a picture says nothing by its colours


@dataclass(frozen=True)
class Tone:
    """Median luma and chroma of a face's skin.

    Attributes
    ----------
    luma, cb, cr
        In the units of :class:`cvfast.effects.canvas.Canvas`.
    """

    luma: float
    cb: float
    cr: float

    @property
    def strength(self) -> float:
        """Length of the chroma."""
        return math.hypot(self.cb, self.cr)

    @property
    def white(self) -> NDArray[np.float64]:
        """Chroma over luma (Cb, Cr) that white has in this light, as far as the skin tells.

        Skin is much alike in white light; what goes beyond half of it is put down to the light.
        """
        off = np.array([self.cb, self.cr]) / max(self.luma, 1e-3) - _TYPICAL
        length = float(np.hypot(*off))
        tint: NDArray[np.float64] = off * (0.7 * max(length - 0.05, 0.0) / max(length, 1e-6))
        return tint

    def likeness(self, luma: ImageF32, chroma: ImageF32) -> ImageF32:
        """Return how much samples look like this skin, lit more or less: (h, w) in [0, 1].

        Parameters
        ----------
        luma
            (h, w).
        chroma
            (2, h, w).
        """
        light = luma * np.float32(1 / max(self.luma, 1e-3))
        dark = smooth_step(light, 0.32, 0.58)
        if self.strength < _COLORLESS * self.luma:
            return dark
        along = np.array([self.cb, self.cr]) / self.strength
        # Light scales luma and chroma alike, but a highlight has no more chroma than its skin.
        expected = np.minimum(light, np.float32(1.1)) * np.float32(self.strength)
        more = chroma[0] * np.float32(along[0]) + chroma[1] * np.float32(along[1]) - expected
        hue = chroma[1] * np.float32(along[0]) - chroma[0] * np.float32(along[1])
        more *= np.float32(1 / (0.55 * self.strength + 0.015))
        hue *= np.float32(1 / (0.30 * self.strength + 0.015))
        likeness: ImageF32 = dark * (1 - smooth_step(more * more + hue * hue, 1.0, 3.2))
        return likeness

    def redness(self, luma: ImageF32, chroma: ImageF32) -> ImageF32:
        """Return how red samples are for their luma: 0 is white in this light, 1 this skin."""
        white = self.white[1]
        skin = max(self.cr / self.luma - white, 0.04)
        redness: ImageF32 = chroma[1] / np.maximum(luma, np.float32(0.05))
        return (redness - np.float32(white)) * np.float32(1 / skin)


def whiten(patch: Patch, tone: Tone, light: ImageF32, bleach: ImageF32) -> None:
    """Move a patch towards white in this light, and write it.

    Parameters
    ----------
    patch
        What to change.
    tone
        Tells what white looks like.
    light
        (h, w): share by which each pixel gets lighter; black and white stay what they are.
    bleach
        (h', w'): share of its colour that each chroma sample loses.
    """
    for chroma, white in zip(patch.chroma, tone.white, strict=True):
        chroma -= bleach * (chroma - np.float32(white) * patch.luma_at_chroma)
    patch.luma += light * patch.luma * np.maximum(1 - patch.luma, 0)
    patch.write()


def remembered(subject: Subject, key: str, values: Sequence[float], settling: float) -> list[float]:
    """Return measured values mixed with those of the frames before, and keep them.

    Parameters
    ----------
    subject
        Whose memory.
    key
        Of the memory.
    values
        This frame's.
    settling
        Seconds in which most of a change is followed.
    """
    known = subject.memory.get(key)
    mixed = list(values)
    if known is not None:
        share = steady(subject, known[0], settling)
        mixed = [old + share * (new - old) for old, new in zip(known[1], values, strict=True)]
    subject.memory[key] = (subject.seconds, mixed)
    return mixed


def skin_tone(canvas: Canvas, subject: Subject) -> Tone | None:
    """Return the tone of a face's skin, steadied from frame to frame; None off the picture.

    The first effect that asks measures it, before any paint; the others are told the same, and so
    are the frames of the next tenth of a second.
    """
    known = subject.memory.get(_KEY)
    if known is not None and _recent(known[0], subject.seconds):
        kept: Tone | None = known[1]
        return kept
    tone = _measure(canvas, subject)
    if tone is not None:
        mixed = remembered(subject, "tone", [tone.luma, tone.cb, tone.cr], _SETTLING)
        tone = Tone(*mixed)
    subject.memory[_KEY] = (subject.seconds, tone)
    return tone


def _recent(before: float | None, now: float | None) -> bool:
    return before == now or (before is not None and now is not None and 0 <= now - before < _OFTEN)


def steady(subject: Subject, before: float | None, settling: float) -> float:
    """Return the share of a new measurement in what is kept, for the time that has passed."""
    if subject.seconds is None or before is None or subject.seconds < before:
        return 1.0
    return 1 - math.exp(-(subject.seconds - before) / settling)


def quantile(values: NDArray[Any], share: float) -> float:
    """Return the value that `share` of the values (at least one) are not above."""
    place = min(int(share * values.size), values.size - 1)
    return float(np.partition(values, place, axis=None)[place])


def _measure(canvas: Canvas, subject: Subject) -> Tone | None:
    points = skin_points(subject.landmarks)
    end = np.add(canvas.origin, canvas.size)
    inside = points[((points >= canvas.origin) & (points <= end - 1)).all(axis=1)]
    if len(inside) < _FEWEST:
        return None
    shift = np.array([canvas.luma_plane.ox, canvas.luma_plane.oy])
    x, y = np.rint(inside + shift).astype(int).T
    luma = (quantile(canvas.luma_plane.array[y, x], 0.5) - canvas.black) / canvas.luma_levels
    medians = [0.0, 0.0]
    if canvas.has_color:
        height, width = canvas.chroma_planes[0].array.shape[:2]
        x, y = np.rint(canvas.to_chroma(inside)).astype(int).T
        x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
        medians = [
            (quantile(plane.array[y, x], 0.5) - canvas.middle) / canvas.chroma_levels
            for plane in canvas.chroma_planes
        ]
    return Tone(max(luma, 0.02), *medians)
