"""Where the parts of a face lie, as polygons in pixels, from a mesh or from dlib's 68 points."""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.schemes import group
from cvfast.faces.types import Landmarks

__all__ = [
    "Polygon",
    "cell_points",
    "eye_outline",
    "face_outline",
    "face_width",
    "features",
    "grown",
    "lip_outlines",
    "skin_points",
]

Polygon: TypeAlias = NDArray[np.float64]

# fmt: off
_NOSTRILS = ((98, 240, 75, 79, 239, 238, 241, 242, 97, 99, 60),
             (327, 460, 305, 309, 459, 458, 461, 462, 326, 328, 290))
# Points of the mesh that lie on bare skin: cheeks, nose, forehead, chin.
_SKIN = (50, 101, 36, 205, 187, 123, 117, 118, 119, 100, 142, 203, 206, 207, 192, 213, 147,
         280, 330, 266, 425, 411, 352, 346, 347, 348, 329, 371, 423, 426, 427, 416, 433, 376,
         9, 8, 108, 151, 337, 69, 104, 299, 333, 67, 297, 5, 195, 197, 6, 51, 281, 45, 275,
         199, 200, 175, 428, 208)
# fmt: on
_BROW_TO_HAIR = 0.45  # of the way from nose bridge to chin: dlib's points end at the brows
_EYE_GROWTH, _BROW_GROWTH, _LIP_GROWTH, _NOSTRIL_GROWTH = 0.016, 0.008, 0.012, 0.003  # face widths


def face_width(landmarks: Landmarks) -> float:
    """Return the width between the ears in pixels, as seen from the front where depth is known."""
    points = landmarks.points.astype(np.float64)
    ears = points[[234, 454]] if landmarks.scheme == "mesh478" else points[[0, 16]]
    return float(np.linalg.norm(ears[1] - ears[0]))


def face_outline(landmarks: Landmarks) -> Polygon:
    """Return the outline of the face, from hairline to chin."""
    if landmarks.scheme == "mesh478":
        return landmarks.group("oval").astype(np.float64)
    jaw = landmarks.group("jaw").astype(np.float64)
    brows = np.concatenate([landmarks.group("right_brow"), landmarks.group("left_brow")])
    up = landmarks.group("bridge")[0].astype(np.float64) - jaw[8]
    return np.concatenate([jaw, (brows + _BROW_TO_HAIR * up)[::-1]])


def eye_outline(landmarks: Landmarks, side: str) -> Polygon:
    """Return the lid contour of the person's ``"right"`` or ``"left"`` eye."""
    return landmarks.group(f"{side}_eye").astype(np.float64)


def lip_outlines(landmarks: Landmarks) -> tuple[Polygon, Polygon]:
    """Return the outer and the inner contour of the lips."""
    outer, inner = (
        landmarks.group(f"{name}_lip").astype(np.float64) for name in ("outer", "inner")
    )
    return outer, inner


def features(landmarks: Landmarks, margin: float = 0.0) -> list[Polygon]:
    """Return what is no skin inside the outline: eyes, brows, lips, nostrils, a little grown.

    Parameters
    ----------
    landmarks
        ``mesh478`` or ``dlib68`` (which has no nostrils).
    margin
        Pixels by which they grow further.
    """
    width = face_width(landmarks)
    if landmarks.scheme == "mesh478":
        numbers, starts, owner, growth = _mesh_features()
        points = landmarks.points[numbers, :2].astype(np.float64)
        counts = np.diff(starts, append=len(points))
        out = points - (np.add.reduceat(points, starts) / counts[:, None])[owner]
        length = np.maximum(np.sqrt((out * out).sum(axis=1)), 1e-9)
        points += out * ((growth * width + margin) / length)[:, None]
        return [points[start : start + n] for start, n in zip(starts, counts, strict=True)]
    found = [grown(lip_outlines(landmarks)[0], _LIP_GROWTH * width + margin)]
    up = 0.06 * (landmarks.points[27, :2] - landmarks.points[8, :2]).astype(np.float64)
    for side in ("right", "left"):
        found.append(grown(eye_outline(landmarks, side), _EYE_GROWTH * width + margin))
        line = landmarks.group(f"{side}_brow").astype(np.float64)
        brow = np.concatenate([line + up, (line - up)[::-1]])  # as thick as a brow
        found.append(grown(brow, _BROW_GROWTH * width + margin))
    return found


@functools.cache
def _mesh_features() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], Polygon]:
    """Return point numbers of all features, where each begins, whose each is, and its growth."""
    parts = [(group("mesh478", "outer_lip"), _LIP_GROWTH)]
    for side in ("right", "left"):
        parts.append((group("mesh478", f"{side}_eye"), _EYE_GROWTH))
        parts.append((group("mesh478", f"{side}_brow"), _BROW_GROWTH))
    parts += [(np.array(ring), _NOSTRIL_GROWTH) for ring in _NOSTRILS]
    lengths = [len(numbers) for numbers, _ in parts]
    return (
        np.concatenate([numbers for numbers, _ in parts]),
        np.cumsum([0, *lengths[:-1]]),
        np.repeat(np.arange(len(parts)), lengths),
        np.repeat([growth for _, growth in parts], lengths),
    )


def skin_points(landmarks: Landmarks) -> Polygon:
    """Return points (N, 2) on cheeks, nose, forehead and chin."""
    points = landmarks.points[:, :2].astype(np.float64)
    if landmarks.scheme == "mesh478":
        return points[list(_SKIN)]
    nose = points[29]
    beside = [nose + share * (points[2:15] - nose) for share in (0.45, 0.6, 0.75)]
    return np.concatenate([*beside, points[27:31]])


def grown(polygon: Polygon, pixels: float) -> Polygon:
    """Return a polygon whose corners lie so much farther from (or nearer to) its middle."""
    out = polygon - polygon.sum(axis=0) / len(polygon)
    length = np.maximum(np.sqrt((out * out).sum(axis=1)), 1e-9)
    moved: Polygon = polygon + out * np.maximum(pixels / length, -1.0)[:, None]
    return moved


def cell_points(polygon: NDArray[Any], box: tuple[int, int, int, int], cell: int) -> Polygon:
    """Return points of the picture as points of a grid of square cells that begins with a box."""
    moved: Polygon = (np.asarray(polygon, np.float64) - box[:2] + 0.5) / cell - 0.5
    return moved
