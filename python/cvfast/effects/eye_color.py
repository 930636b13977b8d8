"""Eye colour: other pigment in the same iris.

Luma is never written, so fibres, limbal ring, pupil, lashes, shadows and reflections stay as they
are. Of each chroma sample the iris's own colour, in proportion to the luma there, is taken away,
and the wanted colour is put in its place, as pigment would show it:

    c' = t s(Y) + k (c - c0 Y)

where t is the wanted chroma over its luma, c0 the iris's own, s(Y) grows with the 3/4th power of
luma within what RGB can hold, and k = 1/2 is the part of the iris's pattern of hues, and of the
sensor's noise, that stays. The wanted colour is first seen in the light that falls on the white of
the eye. The change ends at the pupil, at highlights, at lids and lashes and at the rim, softly, and
fades as the eye closes.
"""

from __future__ import annotations

import functools
from typing import Literal

from cvfast.effects.canvas import Canvas
from cvfast.effects.colors import RGB, eye_pair
from cvfast.effects.easing import ease
from cvfast.effects.iris_fit import eye_of
from cvfast.effects.iris_look import Look, LookMemory, eye_planes
from cvfast.effects.options import RetouchOptions
from cvfast.effects.subject import Subject
from cvfast.kernels.iris import IrisPaint, iris_paint

__all__ = ["paint"]

_FADE = (0.07, 0.12)  # lid opening over eye width: from nothing to all
_pair = functools.lru_cache(maxsize=64)(eye_pair)


def paint(canvas: Canvas, subject: Subject, options: RetouchOptions) -> bool:
    """Change the colour of a face's eyes; return whether a sample was changed.

    Raises
    ------
    ValueError
        The landmarks have no irises (``dlib68``).
    """
    strength = options.eye_color_strength * subject.weight
    if options.eye_color is None or strength <= 0 or not canvas.has_color:
        return False
    planes = eye_planes(canvas)
    right, left = _pair(str(options.eye_color))
    sides: tuple[tuple[Literal["right", "left"], RGB], ...] = (("right", right), ("left", left))
    found = []
    for side, color in sides:
        eye = eye_of(subject.landmarks, side)
        if eye is None:
            continue
        memory = subject.memory.setdefault(f"eye_color.{side}", LookMemory())
        followed = memory.follow(planes, eye, subject.seconds)
        if followed is not None:
            found.append((*followed, color))
    changed = 0
    for eye, look, color in found:
        fade = ease(eye.opening, *_FADE) * look.shown
        if fade > 0:
            shared = _shared(look, [each for _, each, _ in found])
            wanted = _wanted(canvas, color, shared, strength * fade)
            changed += iris_paint(*planes, eye.shape, wanted)
    return changed > 0


def _shared(look: Look, both: list[Look]) -> Look:
    """Return a look with the pupil and the light that both eyes have in common."""
    count = len(both)
    return look._replace(
        pupil=sum(each.pupil for each in both) / count,
        light_blue=sum(each.light_blue for each in both) / count,
        light_red=sum(each.light_red for each in both) / count,
    )


def _wanted(canvas: Canvas, color: RGB, look: Look, strength: float) -> IrisPaint:
    """Return what the kernel paints: the colour as the light on the eye shows it."""
    # Plain numbers: arrays this small take longer to set up than to work out.
    rows = canvas.to_rgb.tolist()
    r, g, b = (
        value * (one + from_blue * look.light_blue + from_red * look.light_red)
        for value, (one, from_blue, from_red) in zip(color, rows, strict=True)
    )
    # B = Y + 2 (1 - blue's share) Cb, R = Y + 2 (1 - red's share) Cr.
    blue_gain, red_gain = rows[2][1], rows[0][2]
    luma = max(g + (1 - red_gain / 2) * (r - g) + (1 - blue_gain / 2) * (b - g), 0.05)
    blue, red = (b - luma) / (blue_gain * luma), (r - luma) / (red_gain * luma)
    shift = [from_blue * blue + from_red * red for _, from_blue, from_red in rows]
    return IrisPaint(
        strength=strength,
        pupil=look.pupil,
        luma=look.luma,
        bright=look.bright,
        own_blue=look.own_blue,
        own_red=look.own_red,
        wanted_blue=blue,
        wanted_red=red,
        usual=luma,
        darken=max(-min(shift), 1e-3),
        lighten=max(max(shift), 1e-3),
        limit=canvas.limit,
    )
