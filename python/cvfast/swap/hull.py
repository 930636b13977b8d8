"""Masks from landmarks alone: the face, its eyes and its mouth, as convex hulls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.kernels.mask import polygon_mask
from cvfast.typing import ArrayLike, ImageF32

__all__ = ["convex_hull", "eyes_mouth_mask", "hull_mask"]

# Sets of dlib's points; a face is the union of their hulls, which unlike the hull of all points
# follows the hollow between brow and cheek.
_HULLS = (
    (*range(9), 17),
    (*range(8, 17), 26),
    (17, 18, 19, 8),
    (24, 25, 26, 8),
    (19, 20, 21, 22, 23, 24, 8),
    (*range(17, 22), 27, *range(31, 36), 8),
    (*range(22, 27), 27, *range(31, 36), 8),
    tuple(range(27, 36)),
)
_EYES_MOUTH = (range(36, 42), range(42, 48), range(60, 68))
_LIDS = ((17, 36), (22, 42))  # first points of a brow and of the upper lid below it
_CORNER = 0.5  # kernels count from the middle of the first pixel, face pictures from its corner


def hull_mask(landmarks: ArrayLike, size: int, *, eyebrows: float = 1.0) -> ImageF32:
    """Return what of a face picture lies in the hull of its landmarks.

    Parameters
    ----------
    landmarks
        ``(68, 2)`` in dlib's order, pixels of the picture.
    size
        Pixels of the picture's sides, and of the mask's.
    eyebrows
        How far the brows are pushed up, in halves of their distance from the upper lids; 0 leaves
        them. More takes in more of the forehead.

    Returns
    -------
    numpy.ndarray
        ``(size, size)`` float32, 1 inside and 0 outside; between on the edge.

    Raises
    ------
    ValueError
        Points of another shape or not finite, or a size under 1.

    Examples
    --------
    >>> from cvfast.synth.faces import make_face
    >>> face = make_face(7, seed=1, size=96)
    >>> mask = hull_mask(face.points68, 96)
    >>> mask.shape, mask.dtype.name, bool(0.1 < mask.mean() < 0.6)
    ((96, 96), 'float32', True)
    """
    points = _landmarks(landmarks, size)
    moved = points.copy()
    for brow, lid in _LIDS:
        # The upper lid has four points to the brow's five: even steps along it.
        along = np.linspace(0, 3, 5)
        below = np.stack(
            [np.interp(along, range(4), points[lid : lid + 4, axis]) for axis in (0, 1)], axis=1
        )
        moved[brow : brow + 5] += eyebrows * 0.5 * (points[brow : brow + 5] - below)
    return _union([convex_hull(moved[list(part)]) for part in _HULLS], size)


def eyes_mouth_mask(landmarks: ArrayLike, size: int) -> ImageF32:
    """Return a soft mask of the eyes and the inner mouth of a face picture.

    Each is its points' hull, widened by a 32nd of the size and blurred over a 16th.

    Parameters
    ----------
    landmarks
        ``(68, 2)`` in dlib's order, pixels of the picture.
    size
        Pixels of the picture's sides, and of the mask's.

    Returns
    -------
    numpy.ndarray
        ``(size, size)`` float32 in [0, 1].

    Raises
    ------
    ValueError
        As in `hull_mask`.

    Examples
    --------
    >>> from cvfast.synth.faces import make_face
    >>> face = make_face(7, seed=1, size=96)
    >>> mask = eyes_mouth_mask(face.points68, 96)
    >>> x, y = face.points68[36:42].mean(axis=0).astype(int)
    >>> bool(mask[y, x] > 0.5), float(mask[0, 0])
    (True, 0.0)
    """
    cv2 = load_cv2()

    points = _landmarks(landmarks, size)
    mask = _union([convex_hull(points[list(part)]) for part in _EYES_MOUTH], size)
    wide = max(1, size // 32)
    mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide)))
    odd = max(1, size // 16) | 1
    blurred: ImageF32 = cv2.GaussianBlur(mask, (odd, odd), 0)
    return blurred


def _landmarks(landmarks: ArrayLike, size: int) -> NDArray[np.float64]:
    points = np.asarray(landmarks, np.float64)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise ValueError(f"landmarks: expected finite points (68, 2), got shape {points.shape}")
    if size < 1:
        raise ValueError(f"size: expected at least 1, got {size}")
    return points


def _union(hulls: list[NDArray[np.float64]], size: int) -> ImageF32:
    mask = polygon_mask((size, size), [hull - _CORNER for hull in hulls])
    # Where two hulls meet along an edge each covers half of its pixels: without this, seams.
    cv2 = load_cv2()
    closed: ImageF32 = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return closed


def convex_hull(points: ArrayLike) -> NDArray[np.float64]:
    """Return the corners of the smallest convex polygon round points, (n, 2), one way round.

    Andrew's monotone chain (*Another efficient algorithm for convex hulls in two dimensions*,
    1979).

    Examples
    --------
    >>> convex_hull([(0, 0), (2, 0), (1, 0.5), (2, 2), (0, 2)]).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    ordered = sorted({(float(x), float(y)) for x, y in np.asarray(points, np.float64)})
    if len(ordered) < 3:
        return np.array(ordered).reshape(-1, 2)
    return np.array(_chain(ordered)[:-1] + _chain(ordered[::-1])[:-1])


def _chain(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep what turns one way on the way along sorted points."""
    kept: list[tuple[float, float]] = []
    for x, y in points:
        while len(kept) > 1:
            (ax, ay), (bx, by) = kept[-2:]
            if (bx - ax) * (y - ay) > (by - ay) * (x - ax):
                break
            kept.pop()
        kept.append((x, y))
    return kept
