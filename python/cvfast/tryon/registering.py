"""Where the new garment is the worn one, its pattern is laid exactly onto the photo's.

Landmarks and outlines say nothing of how far a body is turned inside its clothes; the pattern that
is seen does. Of any other garment nothing can be learnt this way, and it stays as it was laid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.cloth_pyramid import ClothPyramid
from cvfast.tryon.finishing import Look, draw_cloth
from cvfast.tryon.pattern_layer import PatternLayer, light_ratio
from cvfast.tryon.pattern_search import SLEEVE, TRUNK
from cvfast.typing import ImageF32

__all__ = ["registered"]

_Mask: TypeAlias = NDArray[np.bool_]
_Box: TypeAlias = tuple[slice, slice]
_HALF = 30  # pixels that half the garment's width has in the search
_FINE, _BROAD = 6.0, 40.0  # sigmas at which the photo's light is read: luma, colours
_ALIKE = 0.6  # share of the pattern's contrast that the result explains, at least


def registered(look: Look, photo: ImageF32, seen: _Mask) -> Look | None:
    """Lay a garment onto the same one in the photo.

    Parameters
    ----------
    look
        The garment as outlines and landmarks have it.
    photo
        (h, w, 3) float32, the photo's part that the look covers.
    seen
        (h, w) bool: where the worn garment is seen and the new one shows.

    Returns
    -------
    Look or None
        None where it is another garment, a plain one, or nothing is gained.
    """
    cv2 = load_cv2()
    seen = cv2.erode(seen.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if seen.sum() < 400:
        return None
    cloth = ClothPyramid(look.cloth)
    shrink = max(1.0, np.ptp(np.flatnonzero(seen.any(axis=0))) / 2 / _HALF)
    trunk, sleeves = _pieces(look, photo, seen)
    trunk = _laid(trunk, cloth, shrink, True)
    sleeves = [_laid(s, cloth, shrink*.8, False) for s in sleeves]
    patches = tuple(
        replace(patch, grid=piece.grid) for patch, piece in zip(look.sleeves, sleeves, strict=True)
    )
    new = replace(look, grid=trunk.grid, sleeves=patches)
    return new


def _laid(piece, cloth, shrink, trunk):
    f = piece.searched(cloth, shrink, TRUNK if trunk else SLEEVE)
    if f is None: return piece
    piece = f[0]
    piece = piece.followed(cloth, 2, light=30, smooth=4)
    piece = piece.followed(cloth, 1, light=15, smooth=3)
    return piece

def _pieces(look: Look, photo: ImageF32, seen: _Mask) -> tuple[PatternLayer, list[PatternLayer]]:
    trunk = seen.copy()
    sleeves = []
    for patch in look.sleeves:
        h, w = patch.weight.shape
        x, y = patch.corner
        box = slice(y, y + h), slice(x, x + w)
        over = patch.weight > 0.5
        sleeves.append(PatternLayer(patch.grid, seen[box] & over, photo[box]))
        trunk[box] &= ~over
    return PatternLayer(look.grid, trunk, photo), sleeves
