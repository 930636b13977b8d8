"""Lip colour: another hue and chroma between the lips' outer and inner contour.

Luma is multiplied by one number, so that texture, shading and gloss stay; chroma goes with it, and
less where a highlight is. Teeth and the inside of an open mouth lie within the inner contour and
stay as they are. A colour is meant as it looks in white light: in a warm or a dim one it turns warm
or dim with the skin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.canvas import Canvas
from cvfast.effects.colors import LIP_COLORS, parse_color
from cvfast.effects.easing import smooth_step
from cvfast.effects.options import RetouchOptions
from cvfast.effects.patch import Patch
from cvfast.effects.regions import grown, lip_outlines
from cvfast.effects.subject import Subject
from cvfast.effects.tone import quantile, remembered, skin_tone

__all__ = ["paint"]

_FEATHER, _INNER_FEATHER = 0.09, 0.05  # mouth widths
_OUT, _IN = -0.008, 0.006  # the outlines are moved by, mouth widths
_DARKEST, _LIGHTEST = 0.4, 1.2  # times the lips' own luma
_FOLLOW = 0.8  # power by which the lips' luma follows the colour's
_GLOSS = 0.8  # share of the colour that a highlight keeps off
_TEXTURE = 0.25  # share of the lips' own differences in chroma that stays
_SETTLING = 0.5  # seconds
_DAYLIGHT, _DIMMEST = 0.6, 0.4  # luma of skin in good light; a colour gets no darker than that


def paint(canvas: Canvas, subject: Subject, options: RetouchOptions) -> bool:
    """Colour a face's lips in place; return whether they lie in the picture."""
    strength = options.lip_color_strength * subject.weight
    if options.lip_color is None or strength <= 0 or not canvas.has_color:
        return False
    outer, inner = lip_outlines(subject.landmarks)
    width = float(np.ptp(outer, axis=0).max())
    patch = Patch(canvas, outer, _FEATHER * width)
    if patch.empty or width < 4:
        return False
    shapes = [grown(outer, _OUT * width)], [grown(inner, _IN * width)]
    mask = patch.mask(shapes[0], _FEATHER * width)
    mask *= 1 - patch.mask(shapes[1], _INNER_FEATHER * width)
    at_chroma = patch.at_chroma(mask)
    lips = at_chroma > 0.5
    if not lips.any():
        return False
    own = [patch.luma_at_chroma, *patch.chroma]
    luma, cb, cr = remembered(
        subject, "lips", [quantile(values[lips], 0.5) for values in own], _SETTLING
    )
    target = _in_this_light(canvas, subject, options.lip_color)
    luma = max(luma, 0.02)
    ratio = float(np.clip(float(target[0]) / luma, 0.02, None) ** _FOLLOW)
    ratio = min(max(ratio, _DARKEST), _LIGHTEST)
    light = patch.luma_at_chroma * np.float32(1 / luma)
    gloss = np.float32(_GLOSS) * smooth_step(light, 1.1, 1.6)
    share = at_chroma * np.float32(strength) * (1 - gloss)
    # The colour at the luma that the lips get, lighter and darker with their texture.
    saturation = min(luma * ratio / max(float(target[0]), 0.02), 1.0)
    for index, (middle, wanted) in enumerate(((cb, target[1]), (cr, target[2]))):
        chroma = patch.chroma[index]
        new = light * np.float32(float(wanted) * saturation)
        new += (chroma - np.float32(middle) * light) * np.float32(_TEXTURE)
        chroma += share * (new - chroma)
    patch.luma *= 1 + mask * (1 - patch.to_pixels(gloss)) * np.float32(strength * (ratio - 1))
    patch.write()
    return True


def _in_this_light(canvas: Canvas, subject: Subject, color: str) -> NDArray[np.float32]:
    """Return Y, Cb, Cr of a colour as it would look in the light that is on the skin."""
    ycc = canvas.ycc(parse_color(color, names=LIP_COLORS, option="lip_color"))
    tone = skin_tone(canvas, subject)
    if tone is None:
        return ycc
    ycc[1:] += (tone.white * float(ycc[0])).astype(np.float32)
    return ycc * np.float32(min(max(tone.luma / _DAYLIGHT, _DIMMEST), 1.0))
