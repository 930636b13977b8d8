"""The shape that a garment is to have on the person: trunk, sleeves, and where its points go.

Where the new garment has the sleeves of the worn one, the worn one's own outline is the target.
Else sleeves are laid along the arms in the garment's own length and width (the classical stand-in
for ACGPN's semantic generation).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.body import Body
from cvfast.tryon.choices import Choices
from cvfast.tryon.limbs import Limb, capsule
from cvfast.tryon.neckline import fit_neckline
from cvfast.tryon.worn_shape import WornUpper, sleeve_class, up_to

__all__ = ["TargetShape", "target_upper", "upper_landmarks"]

_Mask: TypeAlias = NDArray[np.bool_]
_F64: TypeAlias = NDArray[np.float64]
_SIDES = ("left", "right")


@dataclass(frozen=True, eq=False)
class TargetShape:
    """Where a garment is to lie in a photo.

    Parameters
    ----------
    mask
        (H, W) bool: all of it, also what arms or hair will hide.
    trunk
        (H, W) bool: without sleeves.
    sleeves
        (H, W) bool by side; empty masks of a garment without.
    landmarks
        Points by name, (2,) float64 each, in the photo's pixels.
    reach
        Share of each arm that its sleeve covers.
    reasons
        What was guessed.
    """

    mask: _Mask
    trunk: _Mask
    sleeves: dict[str, _Mask]
    landmarks: dict[str, _F64]
    reach: dict[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


def target_upper(
    worn: WornUpper,
    body: Body,
    flat: Mapping[str, _F64],
    sleeve: str,
    *,
    keep_sleeves: bool = False,
    flat_mask: _Mask | None = None,
    keep_neck: bool = False,
    choices: Choices | None = None,
) -> TargetShape:
    """Shape an upper garment on a person.

    Parameters
    ----------
    worn
        What the person wears.
    body
        The person's joints.
    flat
        The garment's landmarks in its own picture.
    sleeve
        The garment's sleeves: ``"none"``, ``"short"`` or ``"long"``.
    keep_sleeves
        Give the garment sleeves of the worn one's length.
    flat_mask
        (H', W') bool: the garment in its own picture, for its neck opening.
    keep_neck
        Keep the worn garment's neck opening, for the new one's is not to be trusted.
    choices
        Of the frames before; None of a photo.
    """
    choices = choices or Choices()
    had = choices.settle("sleeves", worn.sleeve)
    wanted = had if keep_sleeves else sleeve
    reasons: list[str] = []
    trunk = worn.trunk
    if not trunk.any():
        trunk = _guessed_trunk(worn, body)
        reasons.append("no worn garment seen: its shape is guessed from the pose")
    shape = trunk.shape
    sleeves: dict[str, _Mask] = {}
    reach: dict[str, float] = {}
    for side in _SIDES:
        limb = Limb.arm(body, side)
        if wanted == "none":
            sleeves[side], reach[side] = np.zeros(shape, bool), 0.0
        elif choices.settle(side, sleeve_class(worn.reach[side])) == wanted:
            sleeves[side], reach[side] = worn.sleeves[side], worn.reach[side]
        else:
            reach[side] = share = _sleeve_share(flat, limb, body, side, wanted)
            sleeves[side] = _new_sleeve(flat, limb, worn, body, side, share)
    if had != wanted:
        reasons.append(f"{_SAID[had]} become {_SAID[wanted]}: guessed from the pose")
    if wanted != "none" and had == "none":
        trunk = _with_shoulders(trunk, sleeves, worn, body)
    if wanted == "none" and had != "none":
        trunk = _without_shoulders(trunk, body)
    landmarks = upper_landmarks(trunk, sleeves, reach, body)
    if not keep_neck:
        trunk, landmarks = fit_neckline(trunk, landmarks, flat, flat_mask, choices)
    mask = trunk | sleeves["left"] | sleeves["right"]
    return TargetShape(mask, trunk, sleeves, landmarks, reach, tuple(reasons))


def _new_sleeve(
    flat: Mapping[str, _F64], limb: Limb, worn: WornUpper, body: Body, side: str, share: float
) -> _Mask:
    """Return a sleeve of another length than the worn one, down to a share of the arm."""
    widths = _sleeve_widths(flat, limb, worn, body, side, share)
    size = worn.trunk.shape[1], worn.trunk.shape[0]
    strip = limb.strip(size, 0.05, share, widths)
    # Round at the shoulder, whichever way the arm points.
    round_top = 1.15 * worn.arm_width[side]
    strip |= capsule(size, limb.at(0.0)[0], limb.at(min(0.12, share))[0], round_top)
    strip &= _near_body(worn, body) | ~up_to(strip, limb, 0.3)
    # Bare arm above the sleeve's end is under it, however broad the arm is.
    return strip | up_to(worn.sleeves[side] | worn.arms[side], limb, share)


_SAID = {"none": "no sleeves", "short": "short sleeves", "long": "long sleeves"}


def upper_landmarks(
    trunk: _Mask, sleeves: Mapping[str, _Mask], reach: Mapping[str, float], body: Body
) -> dict[str, _F64]:
    """Find the named points of an upper garment that is worn.

    Parameters
    ----------
    trunk, sleeves
        (H, W) bool.
    reach
        Share of each arm that a sleeve covers.
    body
        The joints.

    Returns
    -------
    dict
        ``collar_left``, ``shoulder_left``, ``armpit_left``, ``hem_left``, with sleeves
        ``cuff_left_outer``, ``cuff_left_inner``, the same of the right, ``collar_center``,
        ``hem_center``; left is the wearer's. Points that cannot be told are left out.
    """
    rows = np.flatnonzero(trunk.any(axis=1))
    found: dict[str, _F64] = {}
    if not rows.size:
        return found
    found |= _hem(trunk, body)
    found |= _collar(trunk, body)
    for side in _SIDES:
        found |= _side_points(trunk, body, side)
        if reach.get(side, 0) > 0 and sleeves[side].any():
            found |= _cuff(sleeves[side], Limb.arm(body, side), reach[side], body, side)
    return found


def _with_shoulders(
    trunk: _Mask, sleeves: Mapping[str, _Mask], worn: WornUpper, body: Body
) -> _Mask:
    """Add what joins sleeves to a trunk that was worn without."""
    trunk = _closed(trunk | _shoulders(worn, body), 0.12 * body.unit) & (worn.person | trunk)
    sleeved = trunk | sleeves["left"] | sleeves["right"]
    high = np.arange(trunk.shape[0])[:, None] < body["neck"][1] + 0.35 * body.unit
    joined: _Mask = _closed(sleeved, 0.3 * body.unit) & worn.person & high & ~sleeved
    return trunk | joined


def _sleeve_share(
    flat: Mapping[str, _F64], limb: Limb, body: Body, side: str, wanted: str
) -> float:
    """Return how far a sleeve reaches, from its length in the flat picture beside the trunk's."""
    usual = {"short": 0.36, "long": 0.97}[wanted]
    names = [f"{name}_{side}" for name in ("shoulder", "hem")]
    cuff = [f"cuff_{side}_{edge}" for edge in ("outer", "inner")]
    if not all(name in flat for name in (*names, *cuff)):
        return usual
    shoulder, hem = (np.asarray(flat[name]) for name in names)
    middle = (np.asarray(flat[cuff[0]]) + np.asarray(flat[cuff[1]])) / 2
    # A garment hangs from the shoulders to about the hips.
    ratio = np.hypot(*(middle - shoulder)) / max(float(np.hypot(*(hem - shoulder))), 1.0)
    share = ratio * 1.15 * body.torso_length / limb.length
    low, high = {"short": (0.22, 0.55), "long": (0.85, 1.0)}[wanted]
    return float(np.clip(share, low, high))


def _sleeve_widths(
    flat: Mapping[str, _F64], limb: Limb, worn: WornUpper, body: Body, side: str, share: float
) -> tuple[float, float]:
    """Return half widths of a sleeve at shoulder and cuff, no less than the arm's."""
    arm = worn.arm_width[side]
    cuff_arm = arm * float(np.interp(share, (0.0, 0.5, 1.0), (1.1, 0.95, 0.62)))
    needed = [f"{name}_{side}" for name in ("shoulder", "hem", "armpit")]
    cuff = [f"cuff_{side}_{edge}" for edge in ("outer", "inner")]
    top, end = 1.45 * arm, 1.3 * cuff_arm
    if all(name in flat for name in (*needed, *cuff)):
        points = {name: np.asarray(flat[name]) for name in (*needed, *cuff)}
        trunk = max(float(np.hypot(*(points[needed[1]] - points[needed[0]]))), 1.0)
        scale = 1.15 * body.torso_length / trunk
        opening = float(np.hypot(*(points[cuff[0]] - points[cuff[1]]))) * scale / 2
        # Cloth round an arm: half of its flat width is a bit more than what is seen from the front.
        end = float(np.clip(0.9 * opening, 1.12 * cuff_arm, 2.2 * cuff_arm))
        top = max(top, end)
    return top, end


def _guessed_trunk(worn: WornUpper, body: Body) -> _Mask:
    mask = np.zeros(worn.trunk.shape, np.uint8)
    load_cv2().fillPoly(mask, [np.round(body.torso() * 16).astype(np.int32)], 1, shift=4)
    return mask > 0


def _without_shoulders(trunk: _Mask, body: Body) -> _Mask:
    """Take away from a trunk what a garment without sleeves leaves bare round the shoulders."""
    size = (trunk.shape[1], trunk.shape[0])
    bare = np.zeros_like(trunk)
    across = body["left_shoulder"] - body["right_shoulder"]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        limb = Limb.arm(body, side)
        outer = limb.joints[0] + sign * 0.05 * across
        bare |= capsule(size, outer, limb.at(0.3)[0] + sign * 0.05 * across, 0.15 * body.unit)
    return trunk & ~bare


def _closed(mask: _Mask, pixels: float) -> _Mask:
    """Close gaps of a mask that are narrower than so many pixels, by distances: discs are slow."""
    cv2 = load_cv2()
    radius = max(1, round(pixels) // 2)
    if not mask.any():
        return mask
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    wide: _Mask = away <= radius
    if wide.all():
        return wide
    closed: _Mask = cv2.distanceTransform(wide.astype(np.uint8), cv2.DIST_L2, 5) > radius
    return closed | mask


def _near_body(worn: WornUpper, body: Body) -> _Mask:
    """Return the person and a rim: cloth at the shoulder stands off no further."""
    cv2 = load_cv2()
    side = 2 * max(1, round(0.03 * body.unit)) + 1
    kernel = np.ones((side, side), np.uint8)
    near: _Mask = cv2.dilate(worn.person.astype(np.uint8), kernel) > 0
    return near


def _shoulders(worn: WornUpper, body: Body) -> _Mask:
    """Return what a garment with sleeves covers beside a top without: shoulders to armpits."""
    neck, left, right = body["neck"], body["left_shoulder"], body["right_shoulder"]
    across, down = (left - right) / 2, body.down * body.unit
    corners = [
        neck + 0.55 * across - 0.16 * down, left + 0.1 * across - 0.1 * down,
        left + 0.12 * across, left + 0.3 * down, right + 0.3 * down,
        right - 0.12 * across, right - 0.1 * across - 0.1 * down,
        neck - 0.55 * across - 0.16 * down, neck,
    ]  # fmt: skip
    mask = np.zeros(worn.trunk.shape, np.uint8)
    load_cv2().fillPoly(mask, [np.round(np.array(corners) * 16).astype(np.int32)], 1, shift=4)
    return (mask > 0) & worn.person


def _hem(trunk: _Mask, body: Body) -> dict[str, _F64]:
    """Corners and middle of the lower edge."""
    columns = np.flatnonzero(trunk.any(axis=0))
    rows = np.flatnonzero(trunk.any(axis=1))
    bottom, height = int(rows[-1]), int(rows[-1] - rows[0]) + 1
    band = trunk[max(bottom - max(2, height // 12), 0) : bottom + 1].any(axis=0)
    x = np.flatnonzero(band)
    low, high = int(x[0]), int(x[-1])
    lowest = trunk.shape[0] - 1 - trunk[::-1].argmax(axis=0)

    def edge(column: int) -> _F64:
        near = [c for c in range(column - 4, column + 5) if c in columns] or [low]
        return np.array([column, float(np.median([lowest[c] for c in near]))])

    span = max(2, (high - low) // 30)
    corners = [edge(min(low + span, high)), edge(max(high - span, low))]
    corners[0][0], corners[1][0] = low, high
    left, right = corners[::-1] if _left_is_right(body) else corners
    middle = edge(round((low + high) / 2)) if (low + high) // 2 in columns else (left + right) / 2
    return {"hem_left": left, "hem_right": right, "hem_center": middle}


def _left_is_right(body: Body) -> bool:
    """Whether the person's left is on the right of the picture, as of somebody seen from before."""
    return bool(body["left_shoulder"][0] >= body["right_shoulder"][0])


def _collar(trunk: _Mask, body: Body) -> dict[str, _F64]:
    """Highest points beside the neck, and the opening's lowest between them."""
    height, width = trunk.shape
    top = np.where(trunk.any(axis=0), trunk.argmax(axis=0), height).astype(np.float64)
    neck = body["neck"][0]
    reach = 0.6 * body.unit
    shift = float(body["left_shoulder"][0] - body["right_shoulder"][0])
    found: dict[str, _F64] = {}
    for side, sign in (("left", np.sign(shift)), ("right", -np.sign(shift))):
        near, far = sorted((neck + sign * 0.12 * body.unit, neck + sign * reach))
        columns = np.arange(max(0, round(near)), min(width, round(far) + 1))
        if columns.size and (top[columns] < height).any():
            best = columns[top[columns].argmin()]
            found[f"collar_{side}"] = np.array([float(best), top[best]])
    if len(found) == 2:
        _even_out(found, top, neck)
        low, high = sorted(round(float(point[0])) for point in found.values())
        between = top[low : high + 1]
        between = between[between < height]
        x = (low + high) / 2
        if between.size:
            found["collar_center"] = np.array([x, float(between.max())])
    return found


def _even_out(found: dict[str, _F64], top: _F64, neck: float) -> None:
    """Where hair hides one side of a collar, put it as far from the neck as the other side."""
    away = {name: float(point[0]) - neck for name, point in found.items()}
    wide = max(away, key=lambda name: abs(away[name]))
    narrow = min(away, key=lambda name: abs(away[name]))
    if abs(away[wide]) > 1.5 * abs(away[narrow]):
        column = int(np.clip(round(neck - away[wide]), 0, len(top) - 1))
        if top[column] < 0.5 * (found[wide][1] + found[narrow][1]) + abs(away[wide]):
            found[narrow] = np.array([float(column), top[column]])


def _side_points(trunk: _Mask, body: Body, side: str) -> dict[str, _F64]:
    """Shoulder tip and armpit: where the trunk's rim crosses lines across the body."""
    shoulder, hip = body[f"{side}_shoulder"], body[f"{side}_hip"]
    other = body["right_shoulder" if side == "left" else "left_shoulder"]
    out = (shoulder - other) / max(float(np.hypot(*(shoulder - other))), 1e-6)
    found: dict[str, _F64] = {}
    pit = shoulder + 0.26 * (hip - shoulder) + np.array([0.0, 0.02]) * body.unit
    for name, start in (("shoulder", shoulder - 0.09 * body.unit * body.down), ("armpit", pit)):
        edge = _rim(trunk, start - 0.35 * body.unit * out, out, 0.9 * body.unit)
        if edge is not None:
            found[f"{name}_{side}"] = edge
    return found


def _rim(mask: _Mask, start: _F64, direction: _F64, most: float) -> _F64 | None:
    """Return the last pixel of a mask along a ray, or None where it misses the mask."""
    steps = np.arange(0, most, 0.5)
    points = start + steps[:, None] * direction
    x, y = np.round(points).astype(int).T
    inside = (x >= 0) & (x < mask.shape[1]) & (y >= 0) & (y < mask.shape[0])
    hit = inside.copy()
    hit[inside] = mask[y[inside], x[inside]]
    if not hit.any():
        return None
    last: _F64 = points[np.flatnonzero(hit)[-1]]
    return last


def _cuff(sleeve: _Mask, limb: Limb, share: float, body: Body, side: str) -> dict[str, _F64]:
    """Find a cuff's ends; the outer one is away from the trunk when the arm hangs."""
    point, along = limb.at(share)
    inner, _ = limb.at(max(share - 0.06, 0.0))
    normal = np.array([-along[1], along[0]])
    outwards = (
        body[f"{side}_shoulder"] - body["right_shoulder" if side == "left" else "left_shoulder"]
    )
    # Turning from along the arm to its outside is the same way round for any pose of the arm.
    sign = 1.0 if float(outwards[0]) < 0 else -1.0
    found: dict[str, _F64] = {}
    for edge, way in (("outer", sign), ("inner", -sign)):
        rim = _rim(sleeve, inner, way * normal, 0.4 * body.unit)
        if rim is not None:
            found[f"cuff_{side}_{edge}"] = point + (rim - inner)
    return found
