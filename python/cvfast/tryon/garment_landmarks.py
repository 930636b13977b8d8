"""Landmarks of a flat garment, from the geometry of its outline alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvfast.tryon.outline import largest_contour, smoothed

__all__ = ["Anatomy", "find_landmarks"]

Reals = NDArray[np.float64]

_COUNT = 720  # contour points that are looked at
_SLEEVE = 0.06  # of the width: how far a sleeve reaches beyond the armpit at least
_CROTCH = 0.2  # of the height: how deep the gap between the legs of trousers is at least
_LONG = 0.62  # of the torso's height: sleeves from here on count as long
_BEND = 0.02  # of the way from neck to cuff: how far a shoulder stands out that can be seen
_INWARDS = 0.17  # of half the chest: how much nearer to the middle than armpits shoulders are
_ARMHOLE = 0.05  # of the width: deeper bays at both sides are no skirt's
_HEM = 0.06  # of the height: so near to the lowest point no armpit lies
_NECK = 0.035  # of the height: how deep a neckline is at least


class Anatomy(NamedTuple):
    """What a garment's outline says.

    Attributes
    ----------
    kind
        tee, long, tank, trousers or skirt.
    sleeve
        none, short or long.
    landmarks
        (2,) points x, y by name; left is the wearer's, the picture's right.
    reasons
        What is unusual.
    """

    kind: str
    sleeve: str
    landmarks: dict[str, Reals]
    reasons: tuple[str, ...]


def find_landmarks(mask: NDArray[Any]) -> Anatomy:
    """Find collar, shoulders, armpits, cuffs and hem (or waist, hips, crotch) of a flat garment.

    Armpits and crotch are the outline's deepest concavities; the other points are where the parts
    between them reach farthest in a direction, or from a chord.

    Parameters
    ----------
    mask
        (H, W) bool or float in [0, 1], the inner collar left out; upright.

    Raises
    ------
    ValueError
        An empty mask.

    Examples
    --------
    >>> skirt = np.zeros((80, 80), bool)
    >>> for y in range(10, 70):
    ...     skirt[y, 40 - 12 - y // 5 : 40 + 12 + y // 5] = True
    >>> anatomy = find_landmarks(skirt)
    >>> anatomy.kind, anatomy.landmarks["hem_left"].round().astype(int).tolist()
    ('skirt', [63, 69])
    """
    contour = _even_contour(mask)
    low, high = contour.min(axis=0), contour.max(axis=0)
    width, height = high - low
    bays = _bays(contour)
    crotch = _crotch(contour, bays, low, high)
    if crotch is not None:
        return Anatomy("trousers", "none", _trousers(contour, crotch, low, high), ())
    left, right = (_pit(contour, bays, side, low, high) for side in (1, -1))
    sleeves = [_has_sleeve(contour, pit, side, width)
               for pit, side in ((left, 1), (right, -1))]  # fmt: skip
    axis = _axis(contour)
    deep = {bay.deepest for bay in bays if bay.depth > _ARMHOLE * width}
    armholes = left in deep and right in deep
    if not (any(sleeves) or armholes or _has_neck(contour, axis, low, height)):
        return Anatomy("skirt", "none", _skirt(contour, low, high, axis), ())
    if all(sleeves) and left is not None and right is not None:
        return _sleeved(contour, left, right, axis)
    reasons = ("only one sleeve stands off the torso",) if any(sleeves) else ()
    return Anatomy("tank", "none", _sleeveless(contour, axis, low, high), reasons)


def _even_contour(mask: NDArray[Any]) -> Reals:
    """Return the outline, evenly sampled, from the top on clockwise as seen."""
    contour = smoothed(raw := largest_contour(mask), max(1.0, len(raw) / 900))
    steps = np.hypot(*np.diff(contour, axis=0, append=contour[:1]).T)
    along = np.concatenate([[0], np.cumsum(steps)])
    closed = np.vstack([contour, contour[:1]])
    at = np.arange(_COUNT) * (along[-1] / _COUNT)
    points = np.column_stack([np.interp(at, along, side) for side in closed.T])
    x, y = points.T
    if (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() < 0:  # y points down: positive is clockwise
        points = points[::-1]
    return np.asarray(np.roll(points, -int(points[:, 1].argmin()), axis=0))


def _axis(contour: Reals) -> float:
    """Return x of the middle between the outline's sides in its lower half."""
    low, high = contour[:, 1].min(), contour[:, 1].max()
    body = contour[contour[:, 1] > 0.75 * high + 0.25 * low, 0]
    return float((body.min() + body.max()) / 2)


class _Bay(NamedTuple):
    """A concavity of the outline."""

    deepest: int  # number of the point
    depth: float  # px
    opening: Reals  # (2,), the middle of its mouth
    start: int  # numbers of the mouth's ends
    end: int


def _bays(contour: Reals) -> list[_Bay]:
    """Return the concavities of the outline, the deepest first."""
    import cv2

    scaled = np.rint(contour * 16).astype(np.int32)[:, None]
    hull = np.sort(cv2.convexHull(scaled, returnPoints=False), axis=0)
    defects = cv2.convexityDefects(scaled, hull)
    rows = [] if defects is None else np.asarray(defects, np.int64).reshape(-1, 4).tolist()
    bays = [
        _Bay(deepest, depth / 256 / 16, (contour[start] + contour[end]) / 2, start, end)
        for start, end, deepest, depth in rows
    ]
    return sorted(bays, key=lambda bay: -bay.depth)


def _crotch(contour: Reals, bays: list[_Bay], low: Reals, high: Reals) -> int | None:
    """Return the number of the point between two legs."""
    width, height = high - low
    for bay in bays[:3]:
        x, y = contour[bay.deepest]
        central = abs(x - (low[0] + high[0]) / 2) < 0.15 * width
        downwards = bay.opening[1] - y > 0.8 * bay.depth
        if central and downwards and bay.depth > _CROTCH * height:
            return bay.deepest
    return None


def _pit(contour: Reals, bays: list[_Bay], side: int, low: Reals,
         high: Reals) -> int | None:  # fmt: skip
    """Return the number of the deepest point on a side (1: the picture's right)."""
    middle, width = (low[0] + high[0]) / 2, high[0] - low[0]
    middle_row = (low[1] + high[1]) / 2
    for bay in bays:
        if bay.depth < 0.012 * width:
            return None
        inside = contour[bay.start : bay.end] if bay.start < bay.end else contour[:0]
        beside = np.flatnonzero(side * (inside[:, 0] - middle) > 0.1 * width)
        both = len(beside) > 0 and np.any(-side * (inside[:, 0] - middle) > 0.1 * width)
        if both and inside[:, 1].max() > middle_row:
            # Long sleeves, and a hem between them that the hull does not touch.
            return bay.start + int(beside[inside[beside, 1].argmin()])
        at_hem = contour[bay.deepest, 1] > high[1] - _HEM * (high[1] - low[1])  # a ragged edge
        if side * (contour[bay.deepest, 0] - middle) > 0.1 * width and not at_hem:
            return bay.deepest
    return None


def _has_sleeve(contour: Reals, pit: int | None, side: int, width: float) -> bool:
    """Whether the outline above an armpit reaches outwards beyond it, and comes back."""
    if pit is None:
        return False
    x = side * contour[:, 0]
    above = x[:pit] if side > 0 else x[pit:]
    return bool(above.max() - x[pit] > _SLEEVE * width)


def _has_neck(contour: Reals, axis: float, low: Reals, height: float) -> bool:
    near = np.abs(contour[:, 0] - axis) < 0.08 * np.ptp(contour[:, 0])
    top = contour[near & (contour[:, 1] < low[1] + 0.5 * height), 1]
    return bool(len(top) and top.max() - low[1] > _NECK * height)


def _farthest(points: Reals, x: float, y: float) -> Reals:
    """Return the point that lies farthest in a direction."""
    return np.asarray(points[int((points[:, 0] * x + points[:, 1] * y).argmax())])


def _from_chord(part: Reals, side: int, until: float = 1.0) -> tuple[int, float]:
    """Return the number of the point farthest outwards from a part's chord, and how far.

    Of the part's points only the first are looked at, up to the share `until`.
    """
    (x0, y0), (x1, y1) = part[0], part[-1]
    away = (part[:, 0] - x0) * (y1 - y0) - (part[:, 1] - y0) * (x1 - x0)
    away *= side / max(float(np.hypot(x1 - x0, y1 - y0)), 1e-9)
    index = int(away[: max(1, round(until * len(away)))].argmax())
    return index, float(away[index])


def _at_axis(part: Reals, axis: float) -> Reals:
    return np.asarray(part[int(np.abs(part[:, 0] - axis).argmin())])


def _neckline(top: Reals, axis: float) -> dict[str, Reals]:
    """Collar points of the outline between the shoulders, from right to left in the picture's x."""
    center = _at_axis(top, axis)
    marks = {"collar_center": center}
    for name, side in (("left", 1), ("right", -1)):
        part = top[side * (top[:, 0] - axis) >= 0]
        # Level straps: their inner end, not the outer one.
        marks[f"collar_{name}"] = part[int((part[:, 1] + 0.25 * side * part[:, 0]).argmin())]
    return marks


def _sleeved(contour: Reals, left: int, right: int, axis: float) -> Anatomy:
    """Read a garment with sleeves; from the top clockwise come left sleeve, hem, right sleeve."""
    marks = {"armpit_left": contour[left], "armpit_right": contour[right]}
    hem = contour[left:right]
    marks |= _hem(hem, axis)
    middle = (left + right) // 2
    opposite = np.roll(contour, -middle, axis=0)  # begins and ends at the hem
    first, last = (right - middle) % _COUNT, (left - middle) % _COUNT
    over = opposite[first:last]  # right armpit, right cuff, collar, left cuff, left armpit
    half = len(over) // 2
    for name, side in (("left", 1), ("right", -1)):
        part = over[half:] if side > 0 else over[:half][::-1]  # from the neck to the armpit
        marks |= _sleeve(part, name, side)
    cut = [int(np.abs(over - marks[f"shoulder_{name}"]).sum(axis=1).argmin())
           for name in ("right", "left")]  # fmt: skip
    marks |= _neckline(over[cut[0] : cut[1] + 1], axis)
    lengths = [_sleeve_length(marks, name) for name in ("left", "right")]
    torso = marks["hem_center"][1] - min(marks["collar_left"][1], marks["collar_right"][1])
    share = float(np.mean(lengths) / max(torso, 1e-9))
    uneven = abs(lengths[0] - lengths[1]) > 0.35 * max(lengths)
    sleeve = "long" if share > _LONG else "short"
    reasons = ("the sleeves' lengths differ",) if uneven else ()
    return Anatomy("long" if sleeve == "long" else "tee", sleeve, marks, reasons)


def _sleeve_length(marks: dict[str, Reals], name: str) -> float:
    cuff = (marks[f"cuff_{name}_outer"] + marks[f"cuff_{name}_inner"]) / 2
    return float(np.hypot(*(cuff - (marks[f"shoulder_{name}"] + marks[f"armpit_{name}"]) / 2)))


def _sleeve(part: Reals, name: str, side: int) -> dict[str, Reals]:
    """Shoulder and cuff of the outline from the neck (its first point) to the armpit."""
    pit = part[-1]
    collar = int((part[:, 1] + 0.25 * side * part[:, 0]).argmin())
    root = (part[collar] + pit) / 2
    reach = np.hypot(*(part - root).T) * (side * (part[:, 0] - pit[0]) > 0)
    corner = int(reach.argmax())
    # One end of the cuff; the other lies before or behind, wherever the corner is sharper.
    before, bend_before = _from_chord(part[collar : corner + 1], side)
    behind, bend_behind = _from_chord(part[corner:], side)
    outer, inner = (
        (collar + before, corner) if bend_before > bend_behind else (corner, corner + behind)
    )
    top = part[collar : outer + 1]
    bend, away = _from_chord(top, side, until=0.7)
    if away < _BEND * np.hypot(*(top[-1] - top[0])):  # a straight line from the neck to the cuff
        over = pit[0] - side * _INWARDS * abs(pit[0] - part[0, 0])
        bend = int(np.abs(top[:, 0] - over).argmin())
    return {
        f"cuff_{name}_outer": part[outer],
        f"cuff_{name}_inner": part[inner],
        f"shoulder_{name}": top[bend],
    }


def _hem(hem: Reals, axis: float) -> dict[str, Reals]:
    return {
        "hem_left": _farthest(hem, 0.5, 1),
        "hem_right": _farthest(hem, -0.5, 1),
        "hem_center": _at_axis(hem[hem[:, 1] >= np.median(hem[:, 1])], axis),
    }


def _sleeveless(contour: Reals, axis: float, low: Reals, high: Reals) -> dict[str, Reals]:
    """Read a tank: straps above, armholes that end at the widest points below them."""
    height = high[1] - low[1]
    lower = contour[contour[:, 1] > low[1] + 0.7 * height]
    marks = _hem(lower, axis)
    for name, side in (("left", 1), ("right", -1)):
        half = contour[side * (contour[:, 0] - axis) >= 0]
        strap = half[half[:, 1] < low[1] + 0.15 * height]
        shoulder = _farthest(strap, side * 0.7, -1)
        between = half[(half[:, 1] >= shoulder[1]) & (half[:, 1] < low[1] + 0.65 * height)]
        marks[f"shoulder_{name}"] = shoulder
        marks[f"armpit_{name}"] = _farthest(between, side * 1.0, -0.25)
    top = contour[(contour[:, 1] < low[1] + 0.5 * height)
                  & (contour[:, 0] >= marks["shoulder_right"][0])
                  & (contour[:, 0] <= marks["shoulder_left"][0])]  # fmt: skip
    return marks | _neckline(top, axis)


def _waist(contour: Reals, low: Reals, high: Reals) -> dict[str, Reals]:
    top = contour[contour[:, 1] < low[1] + 0.3 * (high[1] - low[1])]
    return {"waist_left": _farthest(top, 0.5, -1), "waist_right": _farthest(top, -0.5, -1)}


def _hips(contour: Reals, row: float, axis: float) -> dict[str, Reals]:
    marks = {}
    for name, side in (("left", 1), ("right", -1)):
        half = contour[side * (contour[:, 0] - axis) > 0]
        near = half[np.abs(half[:, 1] - row) < max(2.0, 0.02 * np.ptp(contour[:, 1]))]
        at = near if len(near) else half
        marks[f"hip_{name}"] = at[int((side * at[:, 0]).argmax())]
    return marks


def _trousers(contour: Reals, crotch: int, low: Reals, high: Reals) -> dict[str, Reals]:
    middle = contour[crotch]
    marks = _waist(contour, low, high) | {"crotch": middle}
    marks |= _hips(contour, float(low[1] + 0.55 * (middle[1] - low[1])), float(middle[0]))
    for name, side in (("left", 1), ("right", -1)):
        leg = contour[(side * (contour[:, 0] - middle[0]) >= 0) & (contour[:, 1] > middle[1])]
        marks[f"cuff_{name}_outer"] = _farthest(leg, side * 0.6, 1)
        marks[f"cuff_{name}_inner"] = _farthest(leg, -side * 0.6, 1)
    return marks


def _skirt(contour: Reals, low: Reals, high: Reals, axis: float) -> dict[str, Reals]:
    height = high[1] - low[1]
    marks = _waist(contour, low, high) | _hem(contour[contour[:, 1] > low[1] + 0.5 * height], axis)
    return marks | _hips(contour, float(low[1] + 0.35 * height), axis)
