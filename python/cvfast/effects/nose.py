"""Small nose: the wings drawn in towards the middle line, then the lower nose shrunk a little.

The option s in [0, 1] drags each wing by 0.1 s of its distance to the line from bridge to tip, in
discs of 0.85 nose widths, and scales a disc of 1.15 nose widths round the lower nose by the
strength -0.22 s of :func:`cvfast.local_scale`. Both fade as the head turns away, where a nose is
seen from its side and its wings lie on one another.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.discs import Discs
from cvfast.effects.easing import ease
from cvfast.effects.pose import yaw
from cvfast.faces.types import Landmarks

__all__ = ["small_nose"]

_DRAG, _DRAG_RADIUS = 0.10, 0.85
_SHRINK, _SHRINK_RADIUS = 0.22, 1.15
_FADE = (math.radians(30), math.radians(65))


def small_nose(landmarks: Landmarks, strength: float) -> list[Discs]:
    """Return the discs that make a nose smaller.

    Parameters
    ----------
    landmarks
        ``mesh478`` or ``dlib68``.
    strength
        The option in [0, 1].
    """
    turned = abs(yaw(landmarks))
    strength *= 1 - ease(turned, *_FADE)
    top, tip, base, right, left = _points(landmarks)
    width = float(np.linalg.norm(left - right)) / max(math.cos(turned), 0.5)
    length = float(np.linalg.norm(base - top))
    if strength <= 0 or min(width, length) < 2:
        return []
    axis = (base - top) / length
    wings = np.stack([right, left])
    on_axis = top + ((wings - top) @ axis)[:, None] * axis
    drags = _DRAG * strength * (on_axis - wings)
    # Wings on one side of the line are far from it for their width: wider discs, so that no drag
    # folds.
    reach = np.maximum(_DRAG_RADIUS * width, 2 * np.linalg.norm(drags, axis=1))
    middle = (tip + base) / 2
    return [
        Discs("translate", wings, reach, wings + drags),
        Discs(
            "scale",
            middle[None],
            np.array([_SHRINK_RADIUS * width]),
            np.array([-_SHRINK * strength]),
        ),
    ]


def _points(landmarks: Landmarks) -> NDArray[np.float64]:
    """Return bridge, tip, base and the two wings."""
    numbers = (6, 4, 2, 129, 358) if landmarks.scheme == "mesh478" else (27, 30, 33, 31, 35)
    points: NDArray[np.float64] = landmarks.points[list(numbers), :2].astype(np.float64)
    return points
