"""Trousers and skirts: what is worn, and the shape that another is to have in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.body import Body
from cvfast.tryon.limbs import Limb
from cvfast.tryon.target_shape import TargetShape
from cvfast.tryon.worn_shape import PartMasks

__all__ = ["WornLower", "lower_landmarks", "read_worn_lower", "target_lower"]

_Mask: TypeAlias = NDArray[np.bool_]
_F64: TypeAlias = NDArray[np.float64]
_SIDES = ("left", "right")


_OVER = (
    "upper", "coat", "left_sleeve", "right_sleeve", "left_arm", "right_arm", "left_hand",
    "right_hand", "held",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class WornLower:
    """Trousers or a skirt as they are worn in a photo.

    Parameters
    ----------
    visible
        (H, W) bool: what is seen of it.
    whole
        (H, W) bool: with what a top, arms and hands hide.
    kind
        ``"trousers"`` or ``"skirt"``.
    """

    visible: _Mask
    whole: _Mask
    kind: str


def read_worn_lower(parts: PartMasks) -> WornLower:
    """Find the trousers or the skirt that is worn."""
    trousers, skirt = parts.mask("trousers"), parts.mask("skirt")
    is_skirt = skirt.sum() > trousers.sum()
    seen = skirt if is_skirt else trousers
    whole = seen | (parts.mask(*_OVER) & _between(seen))
    return WornLower(seen, whole, "skirt" if is_skirt else "trousers")


def target_lower(worn: WornLower, body: Body, flat: Mapping[str, _F64], kind: str) -> TargetShape:
    """Shape trousers or a skirt on a person.

    Parameters
    ----------
    worn
        What is worn.
    body
        The joints.
    flat
        The garment's landmarks in its own picture.
    kind
        ``"trousers"`` or ``"skirt"``.
    """
    reasons = []
    if worn.visible.any() and kind == worn.kind:
        mask = worn.whole
    else:
        whole = worn.whole
        mask = _skirt(whole, body, flat) if kind == "skirt" else _legs(whole, body)
        reasons.append(f"{_SAID[worn.kind]} worn now: the shape is guessed from the pose")
    marks = lower_landmarks(mask, body, kind)
    empty = {side: np.zeros_like(mask) for side in _SIDES}
    return TargetShape(mask, mask, empty, marks, {}, tuple(reasons))


_SAID = {"trousers": "trousers are", "skirt": "a skirt is"}


def lower_landmarks(mask: _Mask, body: Body, kind: str) -> dict[str, _F64]:
    """Find the named points of trousers or a skirt that is worn.

    Returns
    -------
    dict
        ``waist_left``, ``hip_left``, the right ones; of trousers ``crotch``, ``cuff_left_outer``,
        ``cuff_left_inner``; of a skirt ``hem_left``, ``hem_center``.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size < 4:
        return {}
    top, bottom = int(rows[0]), int(rows[-1])
    marks = _row_ends("waist", mask, top + max(1, (bottom - top) // 60), body)
    if kind == "skirt":
        marks |= _row_ends("hip", mask, top + (bottom - top) // 3, body)
        marks |= _row_ends("hem", mask, bottom - max(1, (bottom - top) // 40), body)
        marks["hem_center"] = (marks["hem_left"] + marks["hem_right"]) / 2
        marks["hem_center"][1] = bottom
        return marks
    crotch = _crotch(mask, body, top, bottom)
    marks |= _row_ends("hip", mask, round(top + 0.62 * (crotch[1] - top)), body)
    marks["crotch"] = crotch
    for side in _SIDES:
        marks |= _leg_end(mask, body, side)
    return marks


def _row_ends(name: str, mask: _Mask, row: int, body: Body) -> dict[str, _F64]:
    columns = np.flatnonzero(mask[row])
    if not columns.size:
        return {}
    ends = np.array([[columns[0], row], [columns[-1], row]], np.float64)
    flipped = body["left_hip"][0] < body["right_hip"][0]
    left, right = ends if flipped else ends[::-1]
    return {f"{name}_left": left, f"{name}_right": right}


def _crotch(mask: _Mask, body: Body, top: int, bottom: int) -> _F64:
    """Return the highest gap between the legs, at the middle of the hips and below."""
    guess = body["mid_hip"] + 0.3 * body.unit * body.down
    x = round(float(body["mid_hip"][0]))
    reach = max(1, round(0.12 * body.unit))
    for row in range(round(float(body["mid_hip"][1])), bottom):
        if not top < row < mask.shape[0]:
            continue
        part = mask[row, max(0, x - reach) : x + reach + 1]
        if part.size and not part.all() and mask[row].any():
            column = max(0, x - reach) + int(np.flatnonzero(~part).mean())
            return np.array([column, row], np.float64)
    return np.array([guess[0], min(max(guess[1], top + 1.0), float(bottom))])


def _leg_end(mask: _Mask, body: Body, side: str) -> dict[str, _F64]:
    """Return both ends of a trouser leg's opening."""
    limb = Limb.leg(body, side)
    share = min(limb.reach(_own_side(mask, body, side), 0.45 * body.unit), 1.05)
    if share < 0.1:
        return {}
    point, _ = limb.at(share)
    inside, _ = limb.at(max(share - 0.05, 0))
    row = int(np.clip(round(float(inside[1])), 0, mask.shape[0] - 1))
    columns = np.flatnonzero(_own_side(mask, body, side)[row])
    near = columns[np.abs(columns - inside[0]) < 0.45 * body.unit]
    if not near.size:
        return {}
    ends = np.array([near[0], near[-1]], np.float64)
    middle = body["mid_hip"][0]
    outer = ends[np.argmax(np.abs(ends - middle))]
    inner = ends[np.argmin(np.abs(ends - middle))]
    y = float(point[1])
    shift = float(point[0] - inside[0])
    return {
        f"cuff_{side}_outer": np.array([outer + shift, y]),
        f"cuff_{side}_inner": np.array([inner + shift, y]),
    }


def _own_side(mask: _Mask, body: Body, side: str) -> _Mask:
    """Return the half of a mask that is nearer to this leg than to the other."""
    other = "right" if side == "left" else "left"
    y, x = np.nonzero(mask)
    points = np.stack([x, y], axis=1).astype(np.float64)
    _, ours = Limb.leg(body, side).measure(points)
    _, theirs = Limb.leg(body, other).measure(points)
    half = np.zeros_like(mask)
    near = ours <= theirs
    half[y[near], x[near]] = True
    return half


def _between(mask: _Mask) -> _Mask:
    width = mask.shape[1]
    some = mask.any(axis=1)
    left = np.where(some, mask.argmax(axis=1), width)
    right = np.where(some, width - 1 - mask[:, ::-1].argmax(axis=1), -1)
    x = np.arange(width)
    between: _Mask = (x >= left[:, None]) & (x <= right[:, None])
    return between


def _waist(worn: _Mask, body: Body) -> tuple[_F64, _F64]:
    """Return the right and left ends of the waist, as seen: of what is worn, else by the pose."""
    rows = np.flatnonzero(worn.any(axis=1))
    if rows.size:
        row = int(rows[0]) + max(1, rows.size // 60)
        columns = np.flatnonzero(worn[min(row, int(rows[-1]))])
        return np.array([columns[0], row], float), np.array([columns[-1], row], float)
    middle, half = body["mid_hip"] - 0.25 * body.unit * body.down, np.array([0.48 * body.unit, 0])
    return middle - half, middle + half


def _skirt(worn: _Mask, body: Body, flat: Mapping[str, _F64]) -> _Mask:
    """Shape a skirt from the waist, with the flat one's own proportions."""
    left, right = _waist(worn, body)
    width = float(right[0] - left[0])
    length, flare = 1.4 * width, 1.5
    if all(f"{name}_{side}" in flat for name in ("waist", "hem") for side in _SIDES):
        points = {k: np.asarray(v, np.float64) for k, v in flat.items()}
        waist = points["waist_left"] - points["waist_right"]
        hem = points["hem_left"] - points["hem_right"]
        across = max(float(np.hypot(*waist)), 1e-6)
        down = (points["hem_left"] + points["hem_right"]) / 2
        down = down - (points["waist_left"] + points["waist_right"]) / 2
        length = width * float(np.hypot(*down)) / across
        flare = float(np.hypot(*hem)) / across
    hips = 1.12 * max(width, 1.15 * float(abs(body["left_hip"][0] - body["right_hip"][0])))
    middle = (left + right) / 2
    at = middle + 0.3 * length * body.down
    low = middle + length * body.down
    half = np.array([max(hips, flare * width * 0.5 + hips * 0.5) / 2, 0])
    end = np.array([flare * width / 2, 0])
    return _polygon(worn.shape, [left, right, at + half, low + end, low - end, at - half])


def _legs(worn: _Mask, body: Body) -> _Mask:
    """Shape trousers along the legs."""
    size = (worn.shape[1], worn.shape[0])
    left, right = _waist(worn, body)
    mask = np.zeros(worn.shape, bool)
    wide = 0.26 * body.unit
    for side in _SIDES:
        mask |= Limb.leg(body, side).strip(size, -0.05, 1.0, (wide, 0.6 * wide))
    hip = np.array([0.5 * abs(float(body["left_hip"][0] - body["right_hip"][0])) + wide, 0])
    low = body["mid_hip"] + 0.1 * body.unit * body.down
    return mask | _polygon(worn.shape, [left, right, low + hip, low - hip])


def _polygon(shape: tuple[int, ...], corners: list[_F64]) -> _Mask:
    mask = np.zeros(shape, np.uint8)
    limit = 8 * max(shape)
    fixed = np.round(np.clip(np.array(corners), -limit, limit) * 16).astype(np.int32)
    load_cv2().fillPoly(mask, [fixed], 1, shift=4)
    return mask > 0
