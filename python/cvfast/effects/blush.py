"""Blush: a soft spot of rose on each cheek, multiplied into the skin's own colour.

The spot lies between the wing of the nose and the ear, so that it turns and shortens with the
head, and fades on the side that is turned away. It colours what looks like this face's skin only:
hair, glasses and background before or behind the cheek stay. As under real rouge, red light comes
back and green and blue are taken away.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.canvas import Canvas
from cvfast.effects.easing import ease
from cvfast.effects.options import RetouchOptions
from cvfast.effects.patch import Patch
from cvfast.effects.pose import yaw
from cvfast.effects.regions import face_outline, face_width
from cvfast.effects.subject import Subject
from cvfast.effects.tone import Tone, skin_tone
from cvfast.faces.types import Landmarks
from cvfast.typing import ImageF32

__all__ = ["paint"]

_ROUGE = (1.0, 0.83, 0.865)  # what is left of red, green and blue in the middle at strength 1
_FADE = (math.radians(20), math.radians(55))  # of yaw, on the side that is turned away
_EDGE = 0.05  # of the face's outline, face widths
_OUTWARDS, _DOWN = 0.47, 0.015  # of the way from the wing of the nose to the ear; of the height
_LONG, _HIGH = 0.56, 0.17  # half axes: of that way, of the face's height
_Vector: TypeAlias = NDArray[np.float64]


def paint(canvas: Canvas, subject: Subject, options: RetouchOptions) -> bool:
    """Colour a face's cheeks in place; return whether one lies in the picture."""
    strength = options.blush * subject.weight
    if strength <= 0 or not canvas.has_color:
        return False
    tone = skin_tone(canvas, subject)
    if tone is None:
        return False
    turned = yaw(subject.landmarks)
    changed = False
    for side in ("right", "left"):
        # A face turned to the picture's right (positive yaw) hides the person's left cheek.
        away = turned if side == "left" else -turned
        share = strength * (1 - ease(away, *_FADE))
        changed |= share > 0 and _paint_cheek(canvas, subject.landmarks, side, share, tone)
    return changed


def _paint_cheek(
    canvas: Canvas, landmarks: Landmarks, side: str, strength: float, tone: Tone
) -> bool:
    middle, along, down = _spot(landmarks, side)
    reach = np.sqrt(along * along + down * down)
    patch = Patch(canvas, np.stack([middle - reach, middle + reach]), 0)
    if patch.empty or abs(along[0] * down[1] - along[1] * down[0]) < 4:
        return False
    width = face_width(landmarks)
    share = patch.chroma_mask([face_outline(landmarks)], _EDGE * width)
    share *= _falloff(patch, middle, along, down)
    share *= tone.likeness(patch.luma_at_chroma, patch.chroma)
    share *= np.float32(strength)
    if not share.any():
        return False
    to_rgb = canvas.to_rgb.astype(np.float64)
    change = np.linalg.inv(to_rgb) @ np.diag(np.subtract(_ROUGE, 1)) @ to_rgb
    ycc = np.stack([patch.luma_at_chroma, *patch.chroma])
    darker = float(change[0] @ (tone.luma, tone.cb, tone.cr)) / tone.luma
    patch.chroma += share * np.tensordot(change[1:].astype(np.float32), ycc, axes=1)
    patch.luma *= 1 + patch.to_pixels(share) * np.float32(darker)
    patch.write()
    return True


def _falloff(patch: Patch, middle: _Vector, along: _Vector, down: _Vector) -> ImageF32:
    """Return 1 in the middle of the spot, smoothly down to 0 at its rim."""
    x, y = patch.chroma_offsets(middle)
    inverse = np.linalg.inv(np.stack([along, down], axis=1)).astype(np.float32)
    u, v = (row[0] * x + row[1] * y for row in inverse)
    left = np.maximum(1 - (u * u + v * v), 0)
    falloff: ImageF32 = left * left
    return falloff


def _spot(landmarks: Landmarks, side: str) -> tuple[_Vector, _Vector, _Vector]:
    """Return the middle and the two half axes of the spot on a cheek."""
    if landmarks.scheme == "mesh478":
        numbers = (129, 234, 10, 152) if side == "right" else (358, 454, 10, 152)
        wing, ear, top, chin = landmarks.points[list(numbers), :2].astype(np.float64)
        height = chin - top
    else:
        points = landmarks.to("dlib68").points[:, :2].astype(np.float64)
        wing, ear = points[[31, 1] if side == "right" else [35, 15]]
        height = 1.45 * (points[8] - points[27])
    return wing + _OUTWARDS * (ear - wing) + _DOWN * height, _LONG * (ear - wing), _HIGH * height
