"""Landmark schemes: what each point number means, in one place.

Right and left are the person's own: ``right_eye`` is on the left of an unmirrored picture.

- ``mesh478``: 468 points of a face mesh, then the right iris (468 centre, 469-472 ring) and the
  left iris (473 centre, 474-477 ring).
- ``dlib68``: the 68 points that dlib and most swap tools number alike.
- ``five``: right eye, left eye (centres), nose tip, right and left mouth corner.
- ``dlib5``: dlib's small model: left eye's outer and inner corner, right eye's outer and inner
  corner, base of the nose.
"""

from __future__ import annotations

import functools
import math
from types import MappingProxyType

import numpy as np

from cvfast.typing import ImageF32, Indices

__all__ = [
    "GROUPS",
    "KEYPOINTS",
    "circles",
    "convert",
    "eye_openness",
    "group",
    "outlines",
    "point_count",
]

KEYPOINTS = ("right_eye", "left_eye", "nose", "mouth", "right_ear", "left_ear")

_COUNTS = MappingProxyType({"mesh478": 478, "dlib68": 68, "five": 5, "dlib5": 5})

# Eye contours start at the corner on the picture's left and go clockwise as seen: first the upper
# lid, then the lower lid backwards. dlib68 does the same.
_DLIB68 = {
    "jaw": range(17),
    "right_brow": range(17, 22),
    "left_brow": range(22, 27),
    "bridge": range(27, 31),
    "nostrils": range(31, 36),
    "right_eye": range(36, 42),
    "left_eye": range(42, 48),
    "outer_lip": range(48, 60),
    "inner_lip": range(60, 68),
}
# fmt: off
_MESH478 = {
    "oval": (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400,
             377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67,
             109),
    "right_brow": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    "left_brow": (336, 296, 334, 293, 300, 276, 283, 282, 295, 285),
    "bridge": (168, 6, 197, 195, 5, 4),
    "nostrils": (98, 97, 2, 326, 327),
    "right_eye": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    "left_eye": (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
    "outer_lip": (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84,
                  181, 91, 146),
    "inner_lip": (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87,
                  178, 88, 95),
    "right_iris": (468, 469, 470, 471, 472),
    "left_iris": (473, 474, 475, 476, 477),
}
_MESH_TO_DLIB68 = (
    127, 234, 132, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 361, 454, 356,  # jaw
    70, 63, 105, 66, 55, 285, 296, 334, 293, 300,                                        # brows
    168, 197, 5, 4, 98, 97, 2, 326, 327,                                                 # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,                           # eyes
    61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91,                                  # outer lip
    78, 82, 13, 312, 308, 317, 14, 87,                                                   # inner lip
)
# fmt: on
GROUPS = MappingProxyType(
    {
        "mesh478": MappingProxyType({name: tuple(ids) for name, ids in _MESH478.items()}),
        "dlib68": MappingProxyType({name: tuple(ids) for name, ids in _DLIB68.items()}),
        "five": MappingProxyType({}),
        "dlib5": MappingProxyType({}),
    }
)
_OPEN_LINES = frozenset({"jaw", "bridge", "nostrils"})


def point_count(scheme: str) -> int:
    """Return the number of points of a scheme; ValueError for an unknown one."""
    if scheme not in _COUNTS:
        raise ValueError(f"scheme: expected one of {', '.join(_COUNTS)}, got {scheme!r}")
    return _COUNTS[scheme]


@functools.cache
def group(scheme: str, name: str) -> Indices:
    """Point numbers of a named group, ``(n,)`` int64.

    Examples
    --------
    >>> group("dlib68", "bridge").tolist()
    [27, 28, 29, 30]
    """
    point_count(scheme)
    if name not in GROUPS[scheme]:
        known = ", ".join(GROUPS[scheme]) or "none"
        raise ValueError(f"group: expected one of {scheme}'s groups ({known}), got {name!r}")
    indices = np.array(GROUPS[scheme][name], np.int64)
    indices.setflags(write=False)
    return indices


def outlines(scheme: str) -> list[tuple[Indices, bool]]:
    """Lines to draw: point numbers in order, and whether the line is closed."""
    lines = []
    for name in GROUPS[scheme]:
        open_brow = name.endswith("brow") and scheme == "dlib68"
        if not name.endswith("iris"):
            lines.append((group(scheme, name), not (name in _OPEN_LINES or open_brow)))
    return lines


def circles(scheme: str) -> list[Indices]:
    """Irises to draw: a centre, then its ring."""
    return [group(scheme, name) for name in GROUPS[scheme] if name.endswith("iris")]


def convert(points: ImageF32, source: str, target: str) -> ImageF32:
    """Points of one scheme in another; see `cvfast.faces.types.Landmarks.to`."""
    if source == target or point_count(source) > point_count(target) or source == "mesh478":
        return _chosen(points, source, target)
    from cvfast.faces.mean_face import mean_face, over_five, over_many

    point_count(target)
    if source == "dlib68":
        return over_many(points, list(_MESH_TO_DLIB68))
    mean = mean_face().astype(np.float32)
    return over_five(points, _chosen(mean, "mesh478", source), _chosen(mean, "mesh478", target))


def _chosen(points: ImageF32, source: str, target: str) -> ImageF32:
    """Points that the source has, or means of some."""
    point_count(target)
    if source == target:
        return points
    if source == "mesh478":
        if target == "five":
            eyes = [
                points[list(GROUPS[source][f"{side}_eye"])].mean(axis=0)
                for side in ("right", "left")
            ]
            return np.stack([*eyes, *points[[4, 61, 291]]])
        points = points[list(_MESH_TO_DLIB68)]
        if target == "dlib68":
            return points
    if target == "five":
        return np.stack(
            [points[36:42].mean(axis=0), points[42:48].mean(axis=0), *points[[30, 48, 54]]]
        )
    return points[[45, 42, 36, 39, 33]]


def eye_openness(points: ImageF32, contour: Indices) -> float:
    """Mean lid opening over the eye's width.

    The width is measured with depth where there is one, so that a turned head does not make its
    eyes look wide open.
    """
    half = len(contour) // 2
    eye = points[contour].astype(np.float64)
    # Upper lid points face the lower lid's, read backwards; the middle ones show the opening.
    upper, lower = eye[1:half], eye[:half:-1]
    middle = slice(len(upper) // 4, len(upper) - len(upper) // 4)
    apart = (upper - lower)[middle, :2]
    opening = float(np.sqrt((apart * apart).sum(axis=1)).sum()) / len(apart)
    width = math.dist(eye[half], eye[0])
    return opening / width if width > 0 else 0.0
