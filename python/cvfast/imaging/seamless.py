"""Poisson blending: a face's gradients inside a target's colours (Perez et al., 2003)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32

__all__ = ["clone_region", "seamless_clone"]

_SMALLEST = 4  # pixels of the region's sides


def seamless_clone(face: ImageF32, target: ImageF32, mask: NDArray[Any]) -> ImageF32:
    """Put a face onto a target so that no border is seen: light and colour are the target's.

    Parameters
    ----------
    face, target
        ``(h, w, 3)`` float32 RGB in [0, 1], one where the other belongs.
    mask
        ``(h, w)`` or ``(h, w, 1)`` float32 in [0, 1]: where the face is. It is cut at the highest
        tenth that anything reaches.

    Returns
    -------
    ``(h, w, 3)`` float32 in [0, 1]: the target outside the region; a copy of the target where the
    region is smaller than 4 x 4 pixels or the blend fails.

    Raises
    ------
    TypeError, ValueError
        Another dtype, or shapes that do not agree.
    MissingDependencyError
        OpenCV is not installed.

    Notes
    -----
    The face is cloned where it lies: the anchor of cv2.seamlessClone, an integer, is worked out
    anew from the region that it cuts, so that nothing moves by a pixel when the mask changes.

    Examples
    --------
    >>> target = np.full((32, 32, 3), 0.8, np.float32)
    >>> mask = np.zeros((32, 32), np.float32)
    >>> mask[8:24, 8:24] = 1
    >>> cloned = seamless_clone(target - 0.5, target, mask)
    >>> bool(np.abs(cloned - 0.8).max() < 0.01)
    True
    """
    for name, array in (("face", face), ("target", target)):
        if not isinstance(array, np.ndarray) or array.dtype != np.float32:
            raise TypeError(f"{name}: expected a float32 array")
        if array.ndim != 3 or array.shape[2] != 3:
            raise ValueError(f"{name}: expected shape (height, width, 3), got {array.shape}")
    if face.shape != target.shape or mask.shape[:2] != face.shape[:2]:
        raise ValueError(
            f"face, target, mask: expected one size, got {face.shape}, {target.shape}, {mask.shape}"
        )
    region = clone_region(mask)
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return target.copy()
    top, left = int(rows[0]), int(columns[0])
    bottom, right = int(rows[-1]) + 1, int(columns[-1]) + 1
    if min(bottom - top, right - left) < _SMALLEST:
        return target.copy()
    cv2 = load_cv2()
    # OpenCV puts the box's corner at centre - size // 2.
    centre = (left + (right - left) // 2, top + (bottom - top) // 2)
    try:
        blended = cv2.seamlessClone(
            _levels(face), _levels(target), region * np.uint8(255), centre, cv2.NORMAL_CLONE
        )
    except cv2.error:
        return target.copy()
    inside = region[..., None].astype(bool)
    return np.where(inside, blended.astype(np.float32) / np.float32(255), target)


def clone_region(mask: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 0 or 1: where a mask is at least its highest tenth, 0.1 to 0.9, that is not empty.

    The picture's outermost pixels are left out: there is no target beyond them.

    Examples
    --------
    >>> clone_region(np.float32([[0, 0, 0, 0], [0, 0.25, 0.1, 0], [0, 0, 0, 0]])).tolist()[1]
    [0, 1, 0, 0]
    """
    plane = np.asarray(mask, np.float32).reshape(mask.shape[:2]).copy()
    plane[[0, -1]] = 0
    plane[:, [0, -1]] = 0
    tenth = min(9, int(np.floor(plane.max(initial=0) * 10 + 1e-4)))
    if tenth < 1:
        return np.zeros(plane.shape, np.uint8)
    region: NDArray[np.uint8] = (plane >= np.float32(tenth / 10) - 1e-5).astype(np.uint8)
    return region


def _levels(image: ImageF32) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(np.clip(image, 0, 1) * np.float32(255)).astype(np.uint8)
    return levels
