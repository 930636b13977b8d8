"""Where the new garment is the worn one, its pattern is laid exactly onto the photo's.

Landmarks and outlines say nothing of how far a body is turned inside its clothes; the pattern that
is seen does. Of any other garment nothing can be learnt this way, and it stays as it was laid.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.cloth_pyramid import ClothPyramid
from cvfast.tryon.finishing import Look
from cvfast.tryon.fitting import SleevePatch
from cvfast.tryon.pattern_layer import PatternLayer
from cvfast.tryon.pattern_light import pattern_light
from cvfast.tryon.pattern_search import SLEEVE, TRUNK, Prior
from cvfast.typing import ImageF32

__all__ = ["registered"]

_Mask: TypeAlias = NDArray[np.bool_]
_HALF = 75  # pixels that half the garment's width is worked on with
_BRIGHTER = (0.55, 1.7)  # ratio of the photo's colours to the garment's
_COLOURED = 1.4  # of those ratios the greatest over the least
_SPREAD = (0.4, 2.5)  # ratio of the two patterns' contrasts
_SHARED = 0.5  # part of the colours that both have
_LIKENESS = 0.9  # of a laid pattern's difference to that of one laid anywhere
# Correlations of a pattern as first laid and at last, from which on it is the photo's. Stripes can
# be pulled onto any stripes, so that the first one tells more.
_HARDLY, _LIKE, _ALIKE, _TOGETHER = 0.25, 0.42, 0.58, 1.25
_FOLDED = 0.3  # share of a pattern's edges that may be folded
_ROUNDS = ((15.0, 2.0), (6.0, 1.2))  # sigmas in pixels: of the light, of the flow


def registered(look: Look, photo: ImageF32, seen: _Mask, shading: float = 1.0) -> Look | None:
    """Lay a garment onto the same one in the photo, and take the light there from the photo.

    Parameters
    ----------
    look
        The garment as outlines and landmarks have it.
    photo
        (h, w, 3) float32, the photo's part that the look covers.
    seen
        (h, w) bool: where the worn garment is seen and the new one shows.
    shading
        0 to 1: how much of the photo's light there goes onto it.

    Returns
    -------
    Look or None
        None where it is another garment or a plain one.
    """
    cv2 = load_cv2()
    seen = cv2.erode(seen.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if seen.sum() < 400 or not _one_cloth(_sampled(look, seen), photo[::4, ::4][seen[::4, ::4]]):
        return None
    cloth = ClothPyramid(look.cloth)
    shrink = max(1, round(np.ptp(np.flatnonzero(seen.any(axis=0))) / 2 / _HALF))
    trunk, sleeves = _pieces(look, seen)
    laid = _laid(PatternLayer.of(look.grid, trunk, photo, shrink), cloth, TRUNK)
    if laid is None:
        return None
    moved = tuple(
        _laid_sleeve(patch, shown, photo, cloth, shrink)
        for patch, shown in zip(look.sleeves, sleeves, strict=True)
    )
    look = replace(look, grid=laid.carry(look.grid), sleeves=moved)
    if not shading:
        return look
    light = pattern_light(look, photo, seen)
    return replace(look, light=np.power(light, np.float32(shading)))


def _pieces(look: Look, seen: _Mask) -> tuple[_Mask, list[_Mask]]:
    """Return where trunk and sleeves are seen, each sleeve's at its own patch."""
    trunk, sleeves = seen.copy(), []
    for patch in look.sleeves:
        height, width = patch.weight.shape
        x, y = patch.corner
        box = slice(y, y + height), slice(x, x + width)
        over = patch.weight > 0.5
        sleeves.append(seen[box] & over)
        trunk[box] &= ~over
    return trunk, sleeves


def _laid_sleeve(
    patch: SleevePatch, seen: _Mask, photo: ImageF32, cloth: ClothPyramid, shrink: int
) -> SleevePatch:
    """Return a sleeve laid onto its pattern, or as it was."""
    (x, y), (height, width) = patch.corner, seen.shape
    piece = PatternLayer.of(patch.grid, seen, photo[y : y + height, x : x + width], shrink)
    laid = _laid(piece, cloth, SLEEVE)
    return patch if laid is None else replace(patch, grid=laid.carry(patch.grid))


def _laid(piece: PatternLayer | None, cloth: ClothPyramid, prior: Prior) -> PatternLayer | None:
    """Return a piece laid onto the same pattern; None where it is not the same."""
    if piece is None:
        return None
    laid, likeness = piece.searched(cloth, prior)
    first = laid.correlation(cloth)
    # A sleeve's cloth is known from the trunk; it has only to lie right in the end.
    if prior is TRUNK and (likeness > _LIKENESS or first < _HARDLY):
        return None
    for light, smooth in _ROUNDS:
        laid = laid.followed(cloth, light=light, smooth=smooth)
    last = laid.correlation(cloth)
    sure = (first > _LIKE and last > _ALIKE) or first + last > _TOGETHER
    right = sure if prior is TRUNK else last > _LIKE
    return laid if right and laid.folded(cloth) < _FOLDED else None


def _sampled(look: Look, seen: _Mask) -> ImageF32:
    """Return the garment's colours at every fourth pixel that is seen, (n, 3): soon done."""
    here = seen[::4, ::4]
    x, y = np.round(look.grid[::4, ::4][here]).astype(int).T
    height, width = look.cloth.shape[:2]
    light = look.light[::4, ::4][here]
    colours = look.cloth[y.clip(0, height - 1), x.clip(0, width - 1)]
    sampled: ImageF32 = colours * (light if light.ndim == 2 else light[:, None])
    return sampled


def _one_cloth(drawn: ImageF32, photo: ImageF32) -> bool:
    """Return whether two sets of colours (n, 3) may be one pattern's under two lights."""
    ratios = photo.mean(axis=0) / np.maximum(drawn.mean(axis=0), 1e-3)
    if ratios.min() < _BRIGHTER[0] or ratios.max() > _BRIGHTER[1]:
        return False
    if ratios.max() / ratios.min() > _COLOURED:
        return False
    drawn = drawn * ratios
    values, axes = np.linalg.eigh(np.cov(drawn.T))
    ours = float(np.sqrt(values[-1]))
    theirs = float(np.einsum("nc,c->n", photo, axes[:, -1].astype(np.float32)).std())
    whole = float(np.sqrt(photo.var(axis=0).sum()))
    return ours > 0.02 and _SPREAD[0] < theirs / ours < _SPREAD[1] and theirs > _SHARED * whole
