"""How far a face is turned, from whatever landmarks there are."""

from __future__ import annotations

import math

import numpy as np

from cvfast.faces.types import Landmarks

__all__ = ["yaw"]


def yaw(landmarks: Landmarks) -> float:
    """Return the yaw about the head's own axis, in radians; positive shows its left cheek less.

    An upright face with a positive yaw is turned to the picture's right. A mesh tells it by its
    depth: how far the line between the ears leads away from the camera. Without depth: the nose tip
    is about half a face width in front of the line between the ears, so it leaves their middle by
    the sine of the yaw.
    """
    if landmarks.scheme == "mesh478" and landmarks.points.shape[1] == 3:
        across = landmarks.points[454].astype(np.float64) - landmarks.points[234]
        return math.atan2(across[2], math.hypot(across[0], across[1]))
    points = landmarks.to("dlib68").points[:, :2].astype(np.float64)
    across = points[16] - points[0]
    length = float(np.linalg.norm(across))
    if length == 0:
        return 0.0
    beside = float((points[30] - (points[0] + points[16]) / 2) @ across) / length**2
    # Turning also narrows the line itself: beside = (sin yaw / 2) / cos yaw.
    return math.atan(2 * beside)
