"""Pose maps: what try-on networks are shown of a pose, one filled square a joint."""

from __future__ import annotations

import math

import numpy as np

from cvfast.people.pose import Pose
from cvfast.typing import ImageF32

__all__ = ["pose_map"]


def pose_map(
    pose: Pose, size: tuple[int, int], *, radius: int = 5, inclusive: bool = True
) -> ImageF32:
    """Draw a filled, axis-aligned square round each of the 18 COCO points.

    Parameters
    ----------
    pose
        Any scheme; it is converted to ``coco18``.
    size
        Width and height of the map; points are taken in pixels of it.
    radius
        Half the squares' side.
    inclusive
        Squares reach from x - radius to x + radius, both included (VITON, CP-VTON, ACGPN: 11 x 11
        pixels at 5); else the last row and column are left out (OpenCV's sample: 10 x 10).

    Returns
    -------
    numpy.ndarray
        ``(18, height, width)`` float32 of 0 and 1. A missing point's map is empty, and so, as in
        CP-VTON, is that of a point whose x or y is not above 1.

    Raises
    ------
    ValueError
        A size or radius under 1.

    Examples
    --------
    >>> import numpy as np
    >>> pose = Pose(np.full((18, 2), 8.0), np.ones(18), "coco18")
    >>> maps = pose_map(pose, (24, 32))
    >>> maps.shape, float(maps[0].sum())
    ((18, 32, 24), 121.0)
    """
    width, height = size
    if width < 1 or height < 1:
        raise ValueError(f"size: expected sides of at least 1, got {width} x {height}")
    if radius < 1:
        raise ValueError(f"radius: expected at least 1, got {radius}")
    found = pose.to("coco18")
    maps = np.zeros((len(found), height, width), np.float32)
    for one, (x, y), sure in zip(maps, found.points.tolist(), found.confidence, strict=True):
        if sure > 0 and x > 1 and y > 1:
            left, right = (math.floor(x + reach) for reach in (-radius, radius))
            top, bottom = (math.floor(y + reach) for reach in (-radius, radius))
            one[max(top, 0) : bottom + inclusive, max(left, 0) : right + inclusive] = 1
    return maps
