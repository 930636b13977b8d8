"""White eyes: redness and yellow taken out of the whites, and a little light added.

Only between the lids and outside the iris, only what is light for an eye and not as red as skin,
so that lashes and the corner stay; veins become paler and keep their shape.
"""

from __future__ import annotations

import math

import numpy as np

from cvfast.effects.canvas import Canvas
from cvfast.effects.easing import ease, smooth_step
from cvfast.effects.options import RetouchOptions
from cvfast.effects.patch import Patch
from cvfast.effects.regions import Polygon, eye_outline
from cvfast.effects.subject import Subject
from cvfast.effects.tone import Tone, quantile, remembered, skin_tone, whiten
from cvfast.faces.types import Landmarks

__all__ = ["paint"]

_FEATHER = 0.07  # eye widths
_IRIS_GROWTH = 1.12
_OPEN = (0.10, 0.20)  # lid opening over eye width
_BLEACH, _LIFT = 0.65, 0.30
_SETTLING = 0.5  # seconds


def paint(canvas: Canvas, subject: Subject, options: RetouchOptions) -> bool:
    """Whiten a face's eyes in place; return whether any white shows."""
    strength = options.white_eyes * subject.weight
    if strength <= 0 or not canvas.has_color:
        return False
    tone = skin_tone(canvas, subject)
    if tone is None:
        return False
    changed = False
    openness = subject.landmarks.eye_openness
    for side, opening in (("right", openness.right), ("left", openness.left)):
        share = strength * ease(opening, *_OPEN)
        changed |= share > 0 and _paint_eye(canvas, subject, side, share, tone)
    return changed


def _paint_eye(canvas: Canvas, subject: Subject, side: str, strength: float, tone: Tone) -> bool:
    lids = eye_outline(subject.landmarks, side)
    width = float(np.ptp(lids, axis=0).max())
    patch = Patch(canvas, lids, _FEATHER * width)
    if patch.empty or width < 5:
        return False
    mask = patch.mask([lids], _FEATHER * width)
    iris = _iris(subject.landmarks, side)
    if iris is not None:
        mask *= 1 - patch.mask([iris], _FEATHER * width)
    coarse = patch.at_chroma(mask)
    white = mask > 0.5
    if not white.any():
        return False
    top = quantile(patch.luma[white], 0.8)
    (top,) = remembered(subject, f"{side} eye white", [top], _SETTLING)
    if top <= 0:
        return False
    pale = 1 - smooth_step(tone.redness(patch.luma_at_chroma, patch.chroma), 0.9, 1.5)
    mask *= smooth_step(patch.luma, 0.5 * top, 0.85 * top) * patch.to_pixels(pale)
    coarse *= smooth_step(patch.luma_at_chroma, 0.5 * top, 0.85 * top) * pale
    light, bleach = np.float32(strength * _LIFT), np.float32(strength * _BLEACH)
    whiten(patch, tone, mask * light, coarse * bleach)
    return True


def _iris(landmarks: Landmarks, side: str) -> Polygon | None:
    """Return an outline just outside the iris; None where the scheme does not know it."""
    if landmarks.scheme != "mesh478":
        return None
    center, *ring = landmarks.group(f"{side}_iris").astype(np.float64)
    radius = _IRIS_GROWTH * float(np.linalg.norm(np.array(ring) - center, axis=1).mean())
    angles = np.arange(24) * (math.tau / 24)
    circle: Polygon = center + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return circle
