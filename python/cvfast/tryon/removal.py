"""Taking off the old garment: what lies under each of its pixels, and its looks filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.models.alongside import alongside
from cvfast.people.body import Body
from cvfast.tryon.bare_limb import BareLimb
from cvfast.tryon.fill import smooth_field, textured_fill
from cvfast.tryon.limbs import Limb, capsule
from cvfast.tryon.shading import Shading, luma
from cvfast.tryon.worn_shape import PartMasks, WornUpper, up_to
from cvfast.typing import ImageF32

__all__ = ["Beneath", "beneath_lower", "beneath_upper", "take_off"]

_Mask: TypeAlias = NDArray[np.bool_]
_NEAR = 12.0  # pixels within which filled skin takes on the colour beside it
_MOST_GRAIN = 0.03  # of full brightness
_HANGS = 0.97  # share of the trunk's length from which on trousers lie under a top
_ARMPIT = 0.6  # the same, down to which bare skin lies between trunk and arm
_UPWARDS = 1.2  # how much wider an arm is at the shoulder than below a short sleeve


@dataclass(frozen=True, eq=False)
class Beneath:
    """What lies under the pixels of a garment that is taken off.

    Parameters
    ----------
    left_arm, right_arm, trunk, lower, background
        (H, W) bool each; together the pixels that were asked for. ``trunk`` is skin of neck,
        shoulders and belly.
    limbs, cloths
        The bare arms and the sleeves round them, by side, where they are known.
    """

    left_arm: _Mask
    right_arm: _Mask
    trunk: _Mask
    lower: _Mask
    background: _Mask
    limbs: Mapping[str, BareLimb | None] = field(default_factory=dict)
    cloths: Mapping[str, _Mask] = field(default_factory=dict)

    @property
    def skin(self) -> _Mask:
        """All skin."""
        return self.left_arm | self.right_arm | self.trunk

    @property
    def everything(self) -> _Mask:
        """All pixels that are filled."""
        return self.skin | self.lower | self.background

    def with_background(self, more: _Mask) -> Beneath:
        """Return the same with more background."""
        return replace(self, background=self.background | more)


def beneath_upper(open_pixels: _Mask, worn: WornUpper, body: Body, parts: PartMasks) -> Beneath:
    """Say what lies under pixels of an upper garment.

    Parameters
    ----------
    open_pixels
        (H, W) bool: where something is to be filled in.
    worn
        The garment.
    body
        The person's joints.
    parts
        The person's parts: hands, which the arms run into.
    """
    size = (open_pixels.shape[1], open_pixels.shape[0])
    left_to_say = open_pixels.copy()

    def take(where: _Mask) -> _Mask:
        taken = left_to_say & where
        left_to_say[taken] = False
        return taken

    arms = {}
    bare = {}
    for side in ("left", "right"):
        width = worn.arm_width[side]
        sleeve, arm = worn.sleeves[side], Limb.arm(body, side)
        hand = parts.mask(f"{side}_hand", f"{side}_arm")
        strip = arm.strip(size, -0.02, 1.12, (width, 0.6 * width))
        going_on = _going_on(sleeve & left_to_say, worn, arm, side)
        bare[side] = measured = BareLimb.under(sleeve, arm, (width, 0.6 * width), hand)
        if measured is None:
            wrist = sleeve & ~up_to(sleeve, arm, 0.85)
            arms[side] = take(strip & ~worn.trunk) | take((strip & sleeve) | wrist | going_on)
        else:
            seen = left_to_say & ~(worn.trunk & ~sleeve)
            arms[side] = take(measured.cover(seen)) | take(going_on)
            # At the shoulder, where offsets say little, the pose's arm is as good.
            arms[side] |= take(arm.strip(size, -0.02, 0.35, (width, width)) & sleeve)
    shoulders = _shoulders(size, worn, body)
    y = np.arange(size[1])[:, None]
    waist = body["neck"][1] + _HANGS * body.torso_length
    hips = _hips(size, body)
    lower = take(hips & (y >= waist))
    trunk = take(shoulders | (hips & (y < waist)))
    armpit = body["neck"][1] + _ARMPIT * body.torso_length
    trunk |= take(_thick(left_to_say & worn.trunk & (y < armpit)))
    return Beneath(arms["left"], arms["right"], trunk, lower, left_to_say, bare, worn.sleeves)


def _thick(mask: _Mask) -> _Mask:
    """Return a mask without its lines of a few pixels, which are rims of something else."""
    opened = load_cv2().morphologyEx(mask.astype(np.uint8), 2, np.ones((5, 5), np.uint8))
    return np.asarray(opened > 0)


def _going_on(sleeve: _Mask, worn: WornUpper, limb: Limb, side: str) -> _Mask:
    """Return where under a sleeve the arm is, going on as wide as it is seen below the sleeve."""
    under = np.zeros_like(sleeve)
    if side not in worn.arm_span or not sleeve.any():
        return under
    y, x = np.nonzero(sleeve)
    share, offset = limb.measure_sides(np.stack([x, y], axis=1).astype(np.float64))
    low, high = worn.arm_span[side]
    wider = np.interp(share, (0.0, max(worn.reach[side], 0.05)), (_UPWARDS, 1.0))
    inside = np.abs(offset - (low + high) / 2) <= wider * (high - low) / 2
    under[y[inside], x[inside]] = True
    return under


def beneath_lower(open_pixels: _Mask, body: Body) -> Beneath:
    """Say what lies under pixels of trousers or a skirt: legs, or background."""
    size = (open_pixels.shape[1], open_pixels.shape[0])
    legs = np.zeros_like(open_pixels)
    for side in ("left", "right"):
        width = 0.21 * body.unit
        legs |= Limb.leg(body, side).strip(size, -0.02, 1.03, (width, 0.5 * width))
    nothing = np.zeros_like(open_pixels)
    skin = open_pixels & legs
    return Beneath(nothing, nothing, skin, nothing, open_pixels & ~legs)


def take_off(
    photo: ImageF32, beneath: Beneath, parts: PartMasks, removed: _Mask, shading: Shading
) -> ImageF32:
    """Fill in what lies beneath a garment.

    Parameters
    ----------
    photo
        (H, W, 3) float32 in [0, 1].
    beneath
        What lies where.
    parts
        The person's parts, to take colours from.
    removed
        (H, W) bool: all pixels of the garment with its rim; no colour is taken from there.
    shading
        The garment's light, some of which bare skin under it has too.

    Returns
    -------
    A new (H, W, 3) float32.
    """
    ground = _background(parts) & ~removed
    coming = alongside(lambda: textured_fill(photo, ground, beneath.background))
    lower = parts.mask("trousers", "skirt", "left_leg", "right_leg") & ~removed
    # Without any, there is but the background to take trousers from.
    body = textured_fill(photo, _inner(lower) if lower.any() else ground, beneath.lower)
    skins = _Skins(parts, removed)
    levels = luma(photo)
    for side, where in (("left", beneath.left_arm), ("right", beneath.right_arm)):
        known = skins.known(f"{side}_arm", f"{side}_hand")
        limb = beneath.limbs.get(side)
        lit = None if limb is None else limb.light(levels, beneath.cloths[side], where)
        body = _skin_fill(body, where, known, shading, lit)
    trunk = skins.known("neck", "left_leg", "right_leg")
    body = _skin_fill(body, beneath.trunk, trunk, shading, None)
    np.copyto(body, coming.result(), where=beneath.background[..., None])
    return body


class _Skins:
    """Where a person's skin is seen well inside its part."""

    def __init__(self, parts: PartMasks, removed: _Mask) -> None:
        self._parts, self._removed = parts, removed

    def known(self, *names: str) -> _Mask:
        """Return skin of these parts; where there is too little, of others: arms, neck, face."""
        more = ("left_arm", "right_arm", "neck", "left_hand", "right_hand")
        for group in (names, more, ("face",)):
            known = _inner(self._parts.mask(*group)) & ~self._removed
            if known.sum() > 60:
                return known
        return self._parts.mask("face", *more) & ~self._removed


def _skin_fill(
    image: ImageF32,
    where: _Mask,
    known: _Mask,
    shading: Shading,
    lit: NDArray[np.float32] | None,
) -> ImageF32:
    """Fill skin: the colour that is seen nearest, under the garment's broad light, with grain."""
    if not where.any() or not known.any():
        return image
    cv2 = load_cv2()
    near = _nearest_box(where | known, where)
    part, sure, gap = image[near], known[near], where[near]
    mean = part[sure].mean(axis=0)
    # Skin varies slowly: what is nearest beside it, and further off what is usual.
    away = cv2.distanceTransform((~sure).astype(np.uint8), cv2.DIST_L2, 3)[gap]
    nearest = (0.35 + 0.65 * np.exp(-away / _NEAR))[:, None].astype(np.float32)
    smooth = nearest * smooth_field(part, sure, 3.0)[gap] + (1 - nearest) * mean
    if lit is None:
        factor = shading.factor if shading.factor.ndim == 2 else shading.factor.mean(axis=2)
        broad = cv2.blur(factor[near], (13, 13))[gap]
        rim = cv2.distanceTransform(gap.astype(np.uint8), cv2.DIST_L2, 3)[gap]
        # A body is round: it darkens towards its sides.
        lit = np.clip(broad, 0.7, 1.2) * (1 - 0.12 * np.exp(-rim / 4.0))
    # Beside skin that is seen, its own light holds.
    lit = 1 + (lit - 1) * (1 - np.exp(-away / _NEAR))
    out: ImageF32 = image.copy()
    grain = _grain(part, sure, int(gap.sum()))
    out[near][gap] = np.clip(smooth * lit[:, None] + grain[:, None], 0, 1)
    return out


def _grain(image: ImageF32, known: _Mask, count: int) -> NDArray[np.float32]:
    """Draw noise as the photo has it on known pixels: the median change to the next one."""
    both = known[:, 1:] & known[:, :-1]
    steps = np.abs(np.diff(image.mean(axis=2), axis=1))[both]
    spread = float(np.median(steps)) / (0.6745 * 2**0.5) if steps.size else 0.0
    noise = np.random.default_rng(0).standard_normal(count, np.float32)
    return noise * np.float32(min(spread, _MOST_GRAIN))


def _nearest_box(both: _Mask, where: _Mask) -> tuple[slice, slice]:
    """Return rows and columns of all that is filled or taken from."""
    rows, columns = np.flatnonzero(both.any(axis=1)), np.flatnonzero(both.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _inner(mask: _Mask) -> _Mask:
    """Return a mask without its rim of three pixels, or all of one that is too thin for that."""
    cv2 = load_cv2()
    inner = cv2.erode(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return inner if inner.sum() > 40 else mask


def _background(parts: PartMasks) -> _Mask:
    return parts.mask("background")


def _shoulders(size: tuple[int, int], worn: WornUpper, body: Body) -> _Mask:
    """Return the body's own outline above the armpits: shoulders, chest and neck."""
    left, right = body["left_shoulder"], body["right_shoulder"]
    radius = 1.05 * max(worn.arm_width.values())
    chest = (left + right) / 2 + 0.35 * (body["mid_hip"] - body["neck"])
    mask = capsule(size, left, right, radius)
    mask |= capsule(size, 0.75 * left + 0.25 * chest, 0.75 * right + 0.25 * chest, radius)
    neck = body["neck"]
    return mask | capsule(size, neck, neck + 0.5 * (body["nose"] - neck), 0.2 * body.unit)


def _hips(size: tuple[int, int], body: Body) -> _Mask:
    """Return the body's own outline below the armpits, down to the middle of the thighs."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    out = 0.14 * (body["left_hip"] - body["right_hip"])
    chest_out = 0.0 * (body["left_shoulder"] - body["right_shoulder"])
    corners = [
        body["left_shoulder"] + chest_out,
        body["left_hip"] + out,
        0.5 * (body["left_hip"] + body["left_knee"]) + out,
        0.5 * (body["right_hip"] + body["right_knee"]) - out,
        body["right_hip"] - out,
        body["right_shoulder"] - chest_out,
    ]
    limit = 8 * max(size)
    fixed = np.round(np.clip(np.array(corners), -limit, limit) * 16).astype(np.int32)
    load_cv2().fillPoly(mask, [fixed], 1, shift=4)
    return mask > 0
