"""Big eyes: one enlarging disc an eye, eased where the eye is closed or turned away.

The option s in [0, 1] becomes the strength a = 0.6 s e of :func:`cvfast.local_scale`, on a disc
round the eye whose radius is 1.25 eye widths (as they would be seen from the front). The easing e
in [0, 1] is the product of two smooth steps: from 0 to 1 as the lids' opening over the eye's width
goes from 0.10 to 0.22, so that a closed eye is not inflated and a blink does not pop; and from 1 to
0 as the head's yaw goes from 25 to 60 degrees for the eye that is turned away, from 50 to 80 for
the other. The centre of an open eye is thus magnified by 1/(1 - a), 2.5 at most.
"""

from __future__ import annotations

import math

import numpy as np

from cvfast.effects.discs import Discs
from cvfast.effects.easing import ease
from cvfast.effects.pose import yaw
from cvfast.faces.types import Landmarks

__all__ = ["big_eyes"]

_STRENGTH = 0.6
_RADIUS = 1.25  # eye widths
_OPENNESS = (0.10, 0.22)
_AWAY, _NEAR = (math.radians(25), math.radians(60)), (math.radians(50), math.radians(80))


def big_eyes(landmarks: Landmarks, strength: float) -> Discs:
    """Return the discs that enlarge a face's eyes.

    Parameters
    ----------
    landmarks
        ``mesh478`` or ``dlib68``.
    strength
        The option in [0, 1].
    """
    turned = yaw(landmarks)
    centers, radii, strengths = [], [], []
    openness = landmarks.eye_openness
    for side, opening in (("right", openness.right), ("left", openness.left)):
        # A face turned to the picture's right (positive yaw) hides the person's left eye.
        away = turned > 0 if side == "left" else turned < 0
        share = ease(opening, *_OPENNESS) * (1 - ease(abs(turned), *(_AWAY if away else _NEAR)))
        if share <= 0:
            continue
        contour = landmarks.group(f"{side}_eye").astype(np.float64)
        width = math.dist(contour[0], contour[len(contour) // 2]) / max(math.cos(turned), 0.5)
        if width < 2:
            continue
        centers.append((contour.min(axis=0) + contour.max(axis=0)) / 2)
        radii.append(_RADIUS * width)
        strengths.append(_STRENGTH * strength * share)
    return Discs("scale", np.array(centers).reshape(-1, 2), np.array(radii), np.array(strengths))
