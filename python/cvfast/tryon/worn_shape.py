"""What is worn now: trunk and sleeves of an upper garment, how far they reach, named points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.body import Body
from cvfast.people.labels import LABEL_SETS
from cvfast.tryon.limbs import Limb, capsule
from cvfast.tryon.sleeves import outer_sign

__all__ = ["LONG", "SHORT", "PartMasks", "WornUpper", "read_worn_upper", "sleeve_class", "up_to"]

_Mask: TypeAlias = NDArray[np.bool_]
_F64: TypeAlias = NDArray[np.float64]

_CUFF = 0.4  # of the shoulders' width: how far from the wrist a cuff lies at most
_WIDEST = 0.33  # of the shoulders' width: how far from the arm's bones a sleeve lies at most
_LONG = 0.62  # share of the arm from which on a sleeve is taken to go on to the hand

# Shares of an arm from which on a sleeve is a short one, and a long one.
SHORT, LONG = 0.14, 0.68
_SHOULDER = 0.3  # share of an arm beside a trunk, not before it
_BINS = 40  # places along an arm


class PartMasks:
    """Masks of named parts; each label is looked for once.

    Parameters
    ----------
    labels
        (H, W) uint8 in cvfast's own set.
    """

    def __init__(self, labels: NDArray[np.uint8]) -> None:
        self.labels = labels
        self._known: dict[tuple[str, ...], _Mask] = {}

    def mask(self, *names: str) -> _Mask:
        """Return where any of these labels is, a new (H, W) bool.

        Raises
        ------
        KeyError
            No part has this name.
        """
        if names not in self._known:
            table = np.zeros(256, np.uint8)
            table[[LABEL_SETS["cvfast"][name] for name in names]] = 1
            self._known[names] = load_cv2().LUT(self.labels, table).view(bool)
        return self._known[names].copy()


def sleeve_class(reach: float) -> str:
    """Return ``"none"``, ``"short"`` or ``"long"`` for a share of the arm.

    Examples
    --------
    >>> [sleeve_class(share) for share in (0.05, 0.35, 0.95)]
    ['none', 'short', 'long']
    """
    return "none" if reach < SHORT else "short" if reach < LONG else "long"


@dataclass(frozen=True, eq=False)
class WornUpper:
    """An upper garment as it is worn in a photo.

    Parameters
    ----------
    visible
        (H, W) bool: all of it that is seen.
    trunk
        (H, W) bool: its trunk, also below arms, hands and hair.
    sleeves
        (H, W) bool by side; where it is seen.
    arms
        (H, W) bool by side: bare arm that is seen.
    reach
        Share of each arm that the sleeve covers, by side.
    arm_width
        Half width in pixels of each bare arm at its upper end, by side.
    person
        (H, W) bool: all of the person that is seen.
    arm_span
        Where each bare arm lies beside its bone just below the sleeve, by side: pixels to either
        side as of `Limb.measure_sides`; none where it is not seen.
    """

    visible: _Mask
    trunk: _Mask
    sleeves: dict[str, _Mask]
    arms: dict[str, _Mask]
    reach: dict[str, float]
    arm_width: dict[str, float]
    person: _Mask
    arm_span: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def sleeve(self) -> str:
        """Class of the longer sleeve."""
        return sleeve_class(max(self.reach.values()))


def read_worn_upper(parts: PartMasks, body: Body) -> WornUpper:
    """Take an upper garment apart.

    Parameters
    ----------
    parts
        The person's.
    body
        The person's joints.
    """
    seen = parts.mask("upper", "dress", "coat")
    sleeves = {side: parts.mask(f"{side}_sleeve") for side in ("left", "right")}
    limbs = {side: Limb.arm(body, side) for side in sleeves}
    most = 0.42 * body.unit
    reach = {
        side: _covered(sleeves[side], parts.mask(f"{side}_arm"), limbs[side], body, side, most)
        for side in sleeves
    }
    whole_sleeves = sleeves["left"] | sleeves["right"]
    size = seen.shape[1], seen.shape[0]
    for side, limb in limbs.items():  # specks beyond a sleeve's end and beside it are none of it
        shoulder, elbow, wrist = limb.joints
        near = capsule(size, shoulder, elbow, _WIDEST * body.unit)
        near |= capsule(size, elbow, wrist, _WIDEST * body.unit)
        own = up_to(sleeves[side], limb, reach[side] + 0.15) & near
        hand = capsule(size, wrist, wrist, _CUFF * body.unit)
        sleeves[side] = own | _cuff(sleeves[side] & ~own & hand, own, reach[side])
    seen = seen | (whole_sleeves & ~sleeves["left"] & ~sleeves["right"])
    hidden = parts.mask(
        "hair", "left_hand", "right_hand", "left_arm", "right_arm", "glove", "held", "scarf"
    )
    hidden = hidden | whole_sleeves
    for side, limb in limbs.items():
        # What is bare beside a collar or armhole hides nothing of the trunk.
        bare = up_to(parts.mask(f"{side}_arm"), limb, max(reach[side], _SHOULDER))
        hidden &= ~bare
    return WornUpper(
        visible=seen | whole_sleeves,
        trunk=_whole_trunk(seen, hidden, body),
        sleeves=sleeves,
        arms={side: parts.mask(f"{side}_arm") for side in sleeves},
        reach=reach,
        arm_width={side: _arm_width(parts, body, limbs[side], side) for side in sleeves},
        person=parts.labels != 0,
        arm_span={
            side: span
            for side, limb in limbs.items()
            if (span := _span(parts.mask(f"{side}_arm"), limb, reach[side], body))
        },
    )


def _covered(sleeve: _Mask, skin: _Mask, limb: Limb, body: Body, side: str, most: float) -> float:
    """Return the share of an arm that its sleeve covers.

    Cloth of the trunk's flank that was taken for sleeve lies inwards of the arm: where the arm's
    outer half is bare, the sleeve has ended.
    """
    reach = limb.reach(sleeve, most)
    other = "right" if side == "left" else "left"
    sign = outer_sign(limb, body[f"{side}_shoulder"] - body[f"{other}_shoulder"])
    counts = []
    for mask in (sleeve, skin):
        points = np.argwhere(mask[::2, ::2])[:, ::-1].astype(np.float64) * 2
        share, offset = limb.measure_sides(points)
        outer = (sign * offset > 0) & (np.abs(offset) <= most) & (share > 0) & (share < 1.1)
        counts.append(np.bincount((share[outer] * _BINS).astype(int), minlength=_BINS + 8))
    cloth, bare = counts
    ends = np.flatnonzero((bare[:-1] > cloth[:-1]) & (bare[1:] > cloth[1:]))
    return min(reach, float(ends[0]) / _BINS) if ends.size else reach


def _span(skin: _Mask, limb: Limb, reach: float, body: Body) -> tuple[float, float] | None:
    """Return how far a bare arm goes to either side of its bone just below a sleeve."""
    points = np.argwhere(skin[::2, ::2])[:, ::-1].astype(np.float64) * 2
    share, offset = limb.measure_sides(points)
    near = (share > reach + 0.02) & (share < reach + 0.14) & (np.abs(offset) < 0.4 * body.unit)
    if near.sum() < 30:
        return None
    low, high = (float(value) for value in np.quantile(offset[near], (0.03, 0.97)))
    return (low - 1, high + 1) if high - low > 0.12 * body.unit else None


def up_to(sleeve: _Mask, limb: Limb, share: float) -> _Mask:
    """Return the part of a sleeve above a share of the arm."""
    if not sleeve.any():
        return sleeve
    cv2 = load_cv2()
    left, top, width, height = cv2.boundingRect(sleeve.view(np.uint8))
    part = sleeve[top : top + height, left : left + width]
    y, x = np.nonzero(part)
    along, _ = limb.measure(np.stack([x + left, y + top], axis=1).astype(np.float64))
    kept = np.zeros_like(sleeve)
    kept[top : top + height, left : left + width][part] = along <= share
    return kept


def _cuff(beyond: _Mask, sleeve: _Mask, reach: float) -> _Mask:
    """Return what goes on from the end of a long sleeve: wrists are found too high at times."""
    if reach < _LONG or not beyond.any():
        return np.zeros_like(beyond)
    cv2 = load_cv2()
    _, labels = cv2.connectedComponents((beyond | sleeve).astype(np.uint8))
    largest = int(np.bincount(labels[sleeve]).argmax()) if sleeve.any() else 0
    going_on: _Mask = beyond & (labels == largest) & (labels > 0)
    return going_on


def _whole_trunk(seen: _Mask, hidden: _Mask, body: Body) -> _Mask:
    """Add to a trunk what lies before it: the hidden pixels between its own outermost ones."""
    if not seen.any():
        return seen
    width = seen.shape[1]
    x = np.arange(width)
    rows = np.flatnonzero(seen.any(axis=1))
    left = np.where(seen.any(axis=1), seen.argmax(axis=1), width)
    right = np.where(seen.any(axis=1), width - 1 - seen[:, ::-1].argmax(axis=1), -1)
    between = (x >= left[:, None]) & (x <= right[:, None])
    # Where an arm lies over the rim, the rim goes straight on between the joints.
    outline = body.torso()
    polygon = np.zeros(seen.shape, np.uint8)
    cv2 = load_cv2()
    cv2.fillPoly(polygon, [np.round(outline * 16).astype(np.int32)], 1, shift=4)
    top, bottom = int(rows[0]), int(rows[-1])
    polygon[:top], polygon[bottom + 1 :] = 0, 0
    whole = seen | (hidden & (between | (polygon > 0)) & (polygon > 0))
    side = max(3, round(0.03 * body.unit)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(whole.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    filled: _Mask = whole | (closed & (hidden | seen))
    return filled


def _arm_width(parts: PartMasks, body: Body, limb: Limb, side: str) -> float:
    """Return half the width of a bare arm at the shoulder, by the skin seen or the body."""
    usual = 0.135 * body.unit
    skin = parts.mask(f"{side}_arm")
    upper = limb.half_width(skin, 0.25, 0.45, 0.35 * body.unit)
    fore = limb.half_width(skin, 0.6, 0.85, 0.35 * body.unit)
    seen = upper if upper > 0.5 * usual else 1.25 * fore
    return float(np.clip(seen, 0.7 * usual, 1.5 * usual)) if seen > 0.4 * usual else usual
