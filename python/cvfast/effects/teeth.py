"""White teeth: yellow taken out and a little light added, where teeth show between the lips.

Only inside the inner contour of the lips, only what is light for a mouth and not red like lips,
gums and tongue; a closed mouth stays as it is.
"""

from __future__ import annotations

import numpy as np

from cvfast.effects.canvas import Canvas
from cvfast.effects.easing import ease, smooth_step
from cvfast.effects.options import RetouchOptions
from cvfast.effects.patch import Patch
from cvfast.effects.regions import Polygon, lip_outlines
from cvfast.effects.subject import Subject
from cvfast.effects.tone import quantile, remembered, skin_tone, whiten

__all__ = ["paint"]

_FEATHER = 0.04  # mouth widths
_OPEN = (0.008, 0.03)  # area between the lips over the mouth's width squared
_LEAST = 0.45  # of the skin's luma: teeth in a mouth are lighter
_BLEACH, _LIFT = 0.75, 0.28
_SETTLING = 0.5  # seconds


def paint(canvas: Canvas, subject: Subject, options: RetouchOptions) -> bool:
    """Whiten the teeth of a face in place; return whether any show."""
    strength = options.white_teeth * subject.weight
    if strength <= 0 or not canvas.has_color:
        return False
    outer, inner = lip_outlines(subject.landmarks)
    width = float(np.ptp(outer, axis=0).max())
    if width < 4:
        return False
    strength *= ease(_area(inner) / width**2, *_OPEN)
    tone = skin_tone(canvas, subject) if strength > 0 else None
    patch = Patch(canvas, inner, _FEATHER * width)
    if tone is None or patch.empty:
        return False
    fine = patch.mask([inner], _FEATHER * width)
    coarse = patch.at_chroma(fine)
    within = coarse > 0.5
    if not within.any():
        return False
    top = quantile(patch.luma_at_chroma[within], 0.9)
    (top,) = remembered(subject, "teeth", [top], _SETTLING)
    strength *= ease(top / tone.luma, _LEAST, _LEAST + 0.15)
    if strength <= 0:
        return False
    teeth = 1 - smooth_step(tone.redness(patch.luma_at_chroma, patch.chroma), 0.55, 1.0)
    fine *= smooth_step(patch.luma, 0.45 * top, 0.7 * top) * patch.to_pixels(teeth)
    coarse *= smooth_step(patch.luma_at_chroma, 0.45 * top, 0.7 * top) * teeth
    light, bleach = np.float32(strength * _LIFT), np.float32(strength * _BLEACH)
    whiten(patch, tone, fine * light, coarse * bleach)
    return True


def _area(polygon: Polygon) -> float:
    x, y = polygon.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
