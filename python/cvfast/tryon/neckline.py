"""The new garment's neck opening on the person: its own width and depth, not the worn one's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.choices import Choices

__all__ = ["fit_neckline"]

_Mask: TypeAlias = NDArray[np.bool_]
_F64: TypeAlias = NDArray[np.float64]
_NEEDED = ("collar_left", "collar_right", "collar_center")
_ALIKE_DEPTH = 0.07  # of the trunk's length
_ALIKE_FORM = 0.16
_HIDDEN = 0.7  # of the shoulders' width: a collar as wide as that lies under hair
_ALIKE = (0.62, 1.6)  # ratios of widths that measuring alone may explain


def fit_neckline(
    trunk: _Mask,
    worn: Mapping[str, _F64],
    flat: Mapping[str, _F64],
    flat_mask: _Mask | None = None,
    choices: Choices | None = None,
) -> tuple[_Mask, dict[str, _F64]]:
    """Give a trunk the neck opening of a garment.

    Parameters
    ----------
    trunk
        (H, W) bool, with the worn garment's opening.
    worn
        Landmarks of the worn garment on the person.
    flat
        Landmarks of the new one in its own picture.
    flat_mask
        (H', W') bool: the new one in its picture, whose opening is copied; None cuts half an
        ellipse.
    choices
        Of the frames before; None of a photo.

    Returns
    -------
    trunk
        A new mask.
    landmarks
        ``worn`` with the three points of the collar moved.
    """
    marks = dict(worn)
    choices = choices or Choices()
    if not all(name in worn and name in flat for name in _NEEDED):
        return trunk, marks
    ours = {name: np.asarray(worn[name], np.float64) for name in _NEEDED}
    theirs = {name: np.asarray(flat[name], np.float64) for name in _NEEDED}
    middle = (ours["collar_left"] + ours["collar_right"]) / 2
    half = (ours["collar_left"] - ours["collar_right"]) / 2
    ratio = _width_ratio(worn, flat)
    ratio = ratio if choices.settle("other width", ratio != 1) else 1.0
    flat_middle = (theirs["collar_left"] + theirs["collar_right"]) / 2
    flat_half = (theirs["collar_left"] - theirs["collar_right"]) / 2
    flat_width = max(float(np.hypot(*flat_half)), 1e-6)
    depth = float(np.hypot(*(theirs["collar_center"] - flat_middle))) / flat_width
    alike = ratio == 1 and flat_mask is not None and _same_opening(trunk, worn, flat_mask, flat)
    if choices.settle("same opening", alike):
        return trunk, marks
    half = half * ratio
    # As complex numbers a similarity is one product.
    moved = complex(*(theirs["collar_center"] - flat_middle)) * complex(*half)
    moved /= complex(*flat_half) if flat_half.any() else 1
    centre = np.array([moved.real, moved.imag])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        if ratio != 1:
            marks[f"collar_{side}"] = _on_top(trunk, middle + sign * half)
    marks["collar_center"] = middle + centre
    closed = trunk | _opening(trunk, ours)
    if flat_mask is None:
        opening = _half_ellipse(trunk.shape, middle, half, centre)
    else:
        opening = _copied(trunk.shape, flat_mask, (flat_middle, flat_half), (middle, half), depth)
    return closed & ~opening, marks


def _same_opening(
    trunk: _Mask, ours: Mapping[str, _F64], flat_mask: _Mask, theirs: Mapping[str, _F64]
) -> bool:
    """Return whether two openings are alike in depth and form: then the worn one is kept."""
    form, flat_form = _form(trunk, ours), _form(flat_mask, theirs)
    alike = abs(form - flat_form) < _ALIKE_FORM or _width_share(ours) > _HIDDEN
    return alike and abs(_depth_share(ours) - _depth_share(theirs)) < _ALIKE_DEPTH


def _form(mask: _Mask, marks: Mapping[str, _F64]) -> float:
    """Return how much of its box an opening fills: a V half, half an ellipse 0.79 of it."""
    middle = (marks["collar_left"] + marks["collar_right"]) / 2
    width = max(float(np.hypot(*(marks["collar_left"] - marks["collar_right"]))), 1.0)
    depth = max(float(np.hypot(*(marks["collar_center"] - middle))), 1.0)
    return float(_opening(mask, marks).sum()) / (width * depth)


def _depth_share(marks: Mapping[str, _F64]) -> float:
    """Return an opening's depth as a share of the way from collar to hem."""
    middle = (marks["collar_left"] + marks["collar_right"]) / 2
    hem = marks.get("hem_center", marks["collar_center"])
    depth = float(np.hypot(*(marks["collar_center"] - middle)))
    return depth / max(float(np.hypot(*(hem - middle))), 1.0)


def _width_share(marks: Mapping[str, _F64]) -> float:
    """Return an opening's width as a share of the shoulders' width; 0 where that is not known."""
    names = ("collar_left", "collar_right", "shoulder_left", "shoulder_right")
    if not all(name in marks for name in names):
        return 0.0
    collar, tips = (
        float(np.hypot(*(np.asarray(marks[f"{a}_left"]) - np.asarray(marks[f"{a}_right"]))))
        for a in ("collar", "shoulder")
    )
    return collar / tips if tips > 0 else 0.0


def _width_ratio(worn: Mapping[str, _F64], flat: Mapping[str, _F64]) -> float:
    """Return how much wider the new opening is, beside the shoulders; 1 where it is about alike."""
    ours, theirs = _width_share(worn), _width_share(flat)
    if not ours or not theirs or ours > _HIDDEN > theirs:
        return 1.0
    ratio = theirs / ours
    return 1.0 if _ALIKE[0] <= ratio <= _ALIKE[1] else float(np.clip(ratio, 0.7, 1.4))


def _on_top(trunk: _Mask, point: _F64) -> _F64:
    """Return a point moved up or down onto the upper edge of a mask."""
    column = int(np.clip(round(float(point[0])), 0, trunk.shape[1] - 1))
    rows = np.flatnonzero(trunk[:, column])
    return np.array([point[0], float(rows[0])]) if rows.size else point


def _opening(trunk: _Mask, ours: Mapping[str, _F64]) -> _Mask:
    """Return the worn garment's own opening: what lies between its collars, below their line."""
    height, width = trunk.shape
    ends = sorted((ours["collar_left"], ours["collar_right"]), key=lambda point: float(point[0]))
    (x0, y0), (x1, y1) = ends
    columns = np.arange(width)
    line = np.interp(columns, (x0, x1), (y0, y1))
    top = np.where(trunk.any(axis=0), trunk.argmax(axis=0), -1)
    y = np.arange(height)[:, None]
    between = (columns >= np.floor(x0)) & (columns <= np.ceil(x1))
    opening: _Mask = between & (y >= line) & (y <= top)
    return opening


def _half_ellipse(shape: tuple[int, ...], middle: _F64, half: _F64, depth: _F64) -> _Mask:
    angles = np.linspace(0, np.pi, 33)[:, None]
    arc = middle + np.cos(angles) * half + np.sin(angles) * depth
    above = [middle - half - depth, middle + half - depth]
    return _polygon(shape, np.concatenate([arc, above]))


def _copied(
    shape: tuple[int, ...],
    flat_mask: _Mask,
    flat: tuple[_F64, _F64],
    ours: tuple[_F64, _F64],
    depth: float,
) -> _Mask:
    """Return the opening of the flat garment moved, turned and sized onto the person."""
    cv2 = load_cv2()
    (there, there_half), (here, here_half) = flat, ours
    turn = complex(*here_half) / complex(*there_half)
    offset = complex(*here) - turn * complex(*there)
    matrix = np.array([[turn.real, -turn.imag, offset.real], [turn.imag, turn.real, offset.imag]])
    size = (shape[1], shape[0])
    cloth = cv2.warpAffine(flat_mask.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    empty = cloth < 0.5
    down = np.array([-here_half[1], here_half[0]])
    down = down if down[1] >= 0 else -down
    reach = 1.15 * depth * down
    zone = [here - 0.98 * here_half - down, here + 0.98 * here_half - down]
    zone += [here + 0.98 * here_half + reach, here - 0.98 * here_half + reach]
    opening: _Mask = empty & _polygon(shape, np.array(zone))
    return opening


def _polygon(shape: tuple[int, ...], corners: _F64) -> _Mask:
    mask = np.zeros(shape, np.uint8)
    limit = 8 * max(shape)
    fixed = np.round(np.clip(corners, -limit, limit) * 16).astype(np.int32)
    load_cv2().fillPoly(mask, [fixed], 1, shift=4)
    return mask > 0
