"""Big mouth: one enlarging disc round the lips.

The option s in [0, 1] becomes the strength 0.3 s of :func:`cvfast.local_scale`, on a disc of 0.85
mouth widths, so that the middle of the lips is magnified by 1/(1 - 0.3 s), 1.4 at most, and nose
and chin hardly move. It fades as the head turns away.
"""

from __future__ import annotations

import math

import numpy as np

from cvfast.effects.discs import Discs
from cvfast.effects.easing import ease
from cvfast.effects.pose import yaw
from cvfast.effects.regions import lip_outlines
from cvfast.faces.types import Landmarks

__all__ = ["big_mouth"]

_STRENGTH = 0.3
_RADIUS = 0.85  # mouth widths, as they would be seen from the front
_FADE = (math.radians(40), math.radians(75))


def big_mouth(landmarks: Landmarks, strength: float) -> Discs:
    """Return the disc that enlarges a mouth.

    Parameters
    ----------
    landmarks
        ``mesh478`` or ``dlib68``.
    strength
        The option in [0, 1].
    """
    turned = abs(yaw(landmarks))
    scale = _STRENGTH * strength * (1 - ease(turned, *_FADE))
    outer = lip_outlines(landmarks)[0]
    corners = outer[0], outer[len(outer) // 2]
    width = float(np.linalg.norm(corners[1] - corners[0])) / max(math.cos(turned), 0.5)
    if scale <= 0 or width < 2:
        return Discs("scale", np.empty((0, 2)), np.empty(0), np.empty(0))
    middle = (outer.min(axis=0) + outer.max(axis=0)) / 2
    return Discs("scale", middle[None], np.array([_RADIUS * width]), np.array([scale]))
