"""The effects that paint, in their order: skin first, then what lies on it, the eyes last.

All take their places from one set of landmarks, those of the picture as it came; the warps follow
when the paint is dry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cvfast.effects import blush, eye_color, eye_whites, lips, skin, teeth
from cvfast.effects.canvas import Canvas
from cvfast.effects.options import RetouchOptions
from cvfast.effects.subject import Subject

__all__ = ["paint"]

Painter = Callable[[Canvas, Subject, RetouchOptions], bool]
PAINTERS: tuple[Painter, ...] = (
    skin.paint,
    blush.paint,
    lips.paint,
    teeth.paint,
    eye_whites.paint,
    eye_color.paint,
)


def paint(canvas: Canvas, subjects: Iterable[Subject], options: RetouchOptions) -> bool:
    """Paint faces on a canvas in place; return whether a sample was changed."""
    changed = False
    for subject in subjects:
        for painter in PAINTERS:
            changed |= painter(canvas, subject, options)
    return changed
