"""Bending a garment onto its target: the trunk by shape, each sleeve along its arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.models.alongside import alongside
from cvfast.people.body import Body
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.layers import soft_edge
from cvfast.tryon.limbs import Limb
from cvfast.tryon.same_cloth import fits_already
from cvfast.tryon.sleeves import FlatSleeve, outer_sign, sleeve_map, trunk_of
from cvfast.tryon.target_shape import TargetShape
from cvfast.typing import ImageF32

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment
    from cvfast.tryon.warping import Warp

__all__ = ["Fit", "SleevePatch", "fit_garment"]

_Mask: TypeAlias = NDArray[np.bool_]
_F64: TypeAlias = NDArray[np.float64]
_EDGE = 0.8  # softness of the cloth's edge in pixels


@dataclass(frozen=True, eq=False)
class SleevePatch:
    """One sleeve's places in the garment's picture.

    Parameters
    ----------
    grid
        (h, w, 2) float32.
    weight
        (h, w) float32: how much the sleeve's colours count beside the trunk's.
    corner
        x, y of its first pixel in the fit.
    """

    grid: ImageF32
    weight: ImageF32
    corner: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Fit:
    """A garment laid onto a person.

    Parameters
    ----------
    grid
        (h, w, 2) float32: places x, y in the garment's picture, of the trunk or all of it.
    sleeves
        Those that have maps of their own.
    alpha
        (h, w) float32: opacity.
    same_photo
        The garment lies where it was: nothing was bent.
    """

    grid: ImageF32
    sleeves: tuple[SleevePatch, ...]
    alpha: ImageF32
    same_photo: bool


def fit_garment(
    garment: Garment,
    target: TargetShape,
    body: Body,
    hidden: _Mask,
    trunk_seen: _Mask,
    corner: tuple[int, int],
    doubts: Doubts,
) -> Fit:
    """Bend a garment onto its target.

    Parameters
    ----------
    garment
        The garment.
    target
        The shape it is to have.
    body
        The joints.
    hidden
        (h, w) bool: where arms, hands or hair lie over the target.
    trunk_seen
        (h, w) bool: where the worn garment's trunk is seen; no sleeve lies before it there.
    corner
        x, y of the target's first pixel in the photo.
    doubts
        Takes what the warp tells.
    """
    whole = np.asarray(garment.mask) > 0.5
    same = _same_place(whole, garment, target, corner)
    if same is not None:
        height, width = target.mask.shape
        here = whole[corner[1] : corner[1] + height, corner[0] : corner[0] + width]
        return Fit(same, (), soft_edge(target.mask & here, _EDGE), True)
    flat = {side: FlatSleeve.of(garment.landmarks, side) for side in target.sleeves}
    apart = all(flat[side] is not None and target.sleeves[side].any() for side in target.sleeves)
    if not (target.sleeves and apart):
        warp = _warp(garment, target.mask, target, hidden, doubts)
        doubts.take(warp.report.confidence, warp.report.reasons, of="warp")
        return Fit(warp.map, (), _opacity(warp, target.mask), False)
    coming = alongside(
        lambda: [_sleeve(flat[side], target, side, body, trunk_seen) for side in target.sleeves]
    )
    trunk = replace(garment, mask=trunk_of(garment.mask, garment.landmarks))
    warp = _warp(trunk, target.trunk, target, hidden & target.trunk, doubts)
    doubts.take(warp.report.confidence, warp.report.reasons, of="warp")
    sleeves = target.sleeves["left"] | target.sleeves["right"]
    alpha = np.maximum(_opacity(warp, target.trunk), soft_edge(sleeves, _EDGE))
    # Where both edges meet there is no gap between them.
    alpha = np.maximum(alpha, soft_edge(target.mask, _EDGE) * (alpha > 0.2))
    kept = tuple(patch for patch in coming.result() if patch is not None)
    return Fit(warp.map, kept, alpha, False)


def _same_place(
    whole: _Mask, garment: Garment, target: TargetShape, corner: tuple[int, int]
) -> ImageF32 | None:
    """Return the map that changes nothing, if the garment lies where it is to lie."""
    height, width = target.mask.shape
    box = slice(corner[1], corner[1] + height), slice(corner[0], corner[0] + width)
    marks = {name: point - corner for name, point in garment.landmarks.items()}
    if not fits_already(whole[box], target.mask, marks, target.landmarks):
        return None
    x, y = np.meshgrid(np.arange(width) + corner[0], np.arange(height) + corner[1])
    return np.stack([x, y], axis=2).astype(np.float32)


def _warp(
    garment: Garment, mask: _Mask, target: TargetShape, hidden: _Mask, doubts: Doubts
) -> Warp:
    from cvfast.tryon.warping import warp_garment

    marks = _apart(
        {
            name: point
            for name, point in target.landmarks.items()
            if name in garment.landmarks and (mask is target.mask or "cuff" not in name)
        },
        garment.landmarks,
    )
    flat = {name: garment.landmarks[name] for name in marks}
    garment = replace(garment, landmarks=flat)
    try:
        return warp_garment(garment, mask, marks, hidden=hidden)
    except ValueError as error:  # points that fell together: landmarks alone can be told apart
        doubts.add(0.7, f"the outlines could not be matched ({error}): laid on by landmarks")
        return warp_garment(garment, mask, marks, method="landmarks")


def _apart(marks: Mapping[str, _F64], flat: Mapping[str, _F64]) -> dict[str, _F64]:
    """Return landmarks without those that lie on another one, here or in the garment's picture."""
    kept: dict[str, _F64] = {}
    for name, point in marks.items():
        near = any(
            np.hypot(*(point - other)) < 3 or np.hypot(*(flat[name] - flat[known])) < 3
            for known, other in kept.items()
        )
        if not near:
            kept[name] = point
    return kept


def _sleeve(
    flat: FlatSleeve | None, target: TargetShape, side: str, body: Body, trunk_seen: _Mask
) -> SleevePatch | None:
    """Lay one sleeve along its arm."""
    mask = target.sleeves[side]
    limb = Limb.arm(body, side)
    other = "right" if side == "left" else "left"
    sign = outer_sign(limb, body[f"{side}_shoulder"] - body[f"{other}_shoulder"])
    if flat is None:
        return None
    found = sleeve_map(flat, limb, target.reach[side], mask, sign)
    if found is None:
        return None
    grid, box = found
    shown = mask & ~(trunk_seen & target.trunk)
    wide = load_cv2().dilate(shown[box].astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    over = shown[box] | (wide & ~target.trunk[box])
    return SleevePatch(grid, soft_edge(over, 1.5), (box[1].start, box[0].start))


def _opacity(warp: Warp, mask: _Mask) -> ImageF32:
    """Return the new cloth's opacity: the target's outline, for the person's own clothes drew it.

    Where the warped garment stays far away from it there is no cloth to show.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    near = max(2, round(0.1 * len(rows)))
    away = load_cv2().distanceTransform((warp.mask <= 0.5).astype(np.uint8), 2, 3)
    reached = away <= near
    return soft_edge(mask & reached, _EDGE)
