"""Eye colour: other pigment in the same iris.

Luma is never written, so fibres, limbal ring, pupil, lashes, shadows and reflections stay as they
are. Of each chroma sample of an iris the iris's own colour, in proportion to the luma there, is
taken away, and the wanted colour is put in its place, also in proportion, as pigment would show it:

    c' = t s(Y) + k (c - c0 Y)

where t is the wanted chroma, s(Y) its share at a luma Y (within what RGB can hold), c0 the iris's
own chroma over its luma, and k = 1/2 the part of its pattern of hues and of the sensor's noise that
stays. The wanted colour is first seen in the light that falls on the white of the eye. The change
ends at the pupil, at highlights, at the lids and at the rim, softly, and fades as the eye closes.
"""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.canvas import Canvas
from cvfast.effects.colors import RGB, eye_pair
from cvfast.effects.iris_fit import Eye, chroma_sites, eye_of, visible
from cvfast.effects.iris_look import Look, LookMemory
from cvfast.effects.options import RetouchOptions
from cvfast.effects.subject import Subject

__all__ = ["paint"]

_F32 = NDArray[np.float32]
_KEPT = 0.5  # of the iris's own pattern of hues
_FADE = (0.08, 0.16)  # lid opening over eye width: from nothing to all
_LASH = (0.33, 0.53)  # of the iris's median luma: lashes and deep shadow, then iris
_HIGHLIGHT = 0.06  # luma from iris to highlight
_GAMUT = 0.85  # of the chroma that RGB can hold at a luma
_RISE = 0.8  # chroma grows with luma to this power: dark irises show a little more colour
_SIDES: tuple[Literal["right"], Literal["left"]] = ("right", "left")


def paint(canvas: Canvas, subject: Subject, options: RetouchOptions) -> bool:
    """Change the colour of a face's eyes; return whether a sample was written.

    Raises
    ------
    ValueError
        The landmarks have no irises (``dlib68``).
    """
    strength = options.eye_color_strength * subject.weight
    if options.eye_color is None or strength <= 0 or not canvas.has_color:
        return False
    changed = False
    for side, color in zip(_SIDES, _pair(options.eye_color), strict=True):
        eye = eye_of(subject.landmarks, side)
        if eye is None:
            continue
        memory = subject.memory.setdefault(f"eye_color.{side}", LookMemory())
        followed = memory.follow(canvas, eye, subject.seconds)
        fade = _step(eye.opening, *_FADE)
        if followed is not None and fade > 0:
            changed |= _paint_iris(canvas, *followed, color, strength * fade)
    return changed


_pair = functools.lru_cache(maxsize=64)(eye_pair)


def _paint_iris(canvas: Canvas, eye: Eye, look: Look, color: RGB, strength: float) -> bool:
    box = canvas.chroma_box(canvas.box(eye.box(1.0), margin=1.0))
    if box[0] >= box[2] or box[1] >= box[3]:
        return False
    luma, chroma = canvas.luma_at_chroma(box), canvas.chroma(box)
    share = _share(canvas, box, luma, eye, look)
    share *= np.float32(strength)
    wanted = _seen_in(canvas, color, look.light)
    # What is brighter than the iris shines on it and has no more of its colour.
    pigmented = np.minimum(luma, np.float32((look.luma + look.bright) / 2))
    goal = wanted[:, None, None] * _pigment(canvas, wanted, pigmented, color)
    goal += np.float32(_KEPT) * _pattern(chroma, look.chroma.astype(np.float32), pigmented)
    goal -= chroma
    goal *= share
    goal += chroma
    canvas.write_chroma(box, goal)
    return True


def _pattern(chroma: _F32, own: _F32, luma: _F32) -> _F32:
    """Return how chroma differs from the iris's own.

    Where it is paler it differs less, but not towards the opposite colour.
    """
    rest = chroma - own[:, None, None] * luma
    along = np.minimum(own[0] * rest[0] + own[1] * rest[1], 0)
    along *= np.float32(1 / max(float(own @ own), 1e-6))
    rest -= own[:, None, None] * along
    return rest


def _share(canvas: Canvas, box: tuple[int, int, int, int], luma: _F32, eye: Eye, look: Look) -> _F32:
    """Return how much of each chroma sample changes, in [0, 1]."""
    points = chroma_sites(canvas, box)
    distance, depth = eye.distance(points), visible(eye, points)
    # An edge is drawn over some tenths of a pixel. Where chroma has fewer samples than luma, each
    # reaches over its neighbours' pixels, so edges are wider there and lie further inside.
    apart = max(canvas.chroma_step) - 1
    sharp, inset = 1 / (0.6 + 0.4 * apart), 0.25 * apart
    share = np.clip((1 - distance) * (eye.radius * sharp) - inset, 0, 1)
    share *= np.clip((distance - look.pupil) * (eye.radius * sharp) + (0.1 - inset), 0, 1)
    share *= np.clip(depth * sharp + (0.2 - inset), 0, 1)
    level = luma / np.float32(look.luma)
    share *= np.clip((level - _LASH[0]) / (_LASH[1] - _LASH[0]), 0, 1)
    share *= np.clip(1 - (luma - look.bright) / _HIGHLIGHT, 0, 1)
    return share.astype(np.float32)


def _seen_in(canvas: Canvas, color: RGB, light: NDArray[np.float64]) -> _F32:
    """Return Cb and Cr over luma of a colour as the light shows it."""
    white = canvas.rgb(np.float32(0.5), (0.5 * light).astype(np.float32)) / np.float32(0.5)
    luma, *chroma = canvas.ycc(np.asarray(color, np.float32) * white)
    return (np.array(chroma) / max(float(luma), 0.05)).astype(np.float32)


def _pigment(canvas: Canvas, wanted: _F32, luma: _F32, color: RGB) -> _F32:
    """Return the luma for which the wanted chroma is shown, within what RGB can hold."""
    usual = float(canvas.ycc(color)[0])
    level = np.maximum(luma, 0)
    risen = level**_RISE * np.float32(max(usual, 0.05) ** (1 - _RISE))
    shift = canvas.to_rgb[:, 1:] @ wanted
    low, high = float(-shift.min()), float(shift.max())
    room = np.minimum(level / max(low, 1e-6), np.maximum(1 - level, 0) / max(high, 1e-6))
    return np.minimum(risen, np.float32(_GAMUT) * room)


def _step(value: float, low: float, high: float) -> float:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)
