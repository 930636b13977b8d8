"""Bare arms that were taken for clothes: skin beside a top without sleeves, put right by colour."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.body import Body
from cvfast.people.labels import LABEL_SETS
from cvfast.tryon.limbs import Limb
from cvfast.typing import ImageU8

__all__ = ["with_bare_arms"]

_Labels: TypeAlias = NDArray[np.uint8]
_Colours: TypeAlias = NDArray[np.float32]
_ID = LABEL_SETS["cvfast"]
_SKIN = ("left_arm", "right_arm", "neck", "left_hand", "right_hand")
_WORN = np.isin(np.arange(256), [_ID[name] for name in ("upper", "left_sleeve", "right_sleeve")])
_STEP = 4  # pixels between those that colours are learnt from
_MARGIN = 10.0  # levels by which skin has to explain a colour better
_PURE = 0.97  # share of the cloth that has to look unlike skin
_SURE = 0.85  # share of the skin that has to look like skin
_LIGHT = (0.4, 1.7)  # how much darker and brighter than usual light makes a colour
_WIDE = 0.2  # units: half width of where an arm may be
_REACH = 0.62  # share of the arm that a short sleeve may cover


def with_bare_arms(image: ImageU8, labels: _Labels, body: Body) -> _Labels:
    """Call skin of an arm skin, where the labels have it as part of the upper garment.

    It is told by the wearer's own colours, and only where cloth and skin are surely unlike.

    Parameters
    ----------
    image
        (H, W, 3) uint8.
    labels
        (H, W) uint8 in cvfast's own set.
    body
        The joints.

    Returns
    -------
    The labels, or a corrected copy.
    """
    small, part = image[::_STEP, ::_STEP], labels[::_STEP, ::_STEP]
    cloth = small[part == _ID["upper"]].astype(np.float32)
    skin = small[np.isin(part, [_ID[name] for name in _SKIN])].astype(np.float32)
    if len(cloth) < 60 or len(skin) < 30:
        return labels
    usual, bare = np.median(cloth, axis=0), np.median(skin, axis=0)
    inner = _of_trunk(small, part, body)
    if len(inner) < 30 or _is_skin(inner, usual, bare).mean() > 1 - _PURE:
        return labels
    if _is_skin(skin, usual, bare).mean() < _SURE:
        return labels
    return _relabelled(image, labels, body, usual, bare)


def _of_trunk(small: ImageU8, part: _Labels, body: Body) -> NDArray[np.float32]:
    """Return the garment's colours well inside the trunk, (n, 3)."""
    centre = (body["neck"] + body["mid_hip"]) / 2
    polygon = np.zeros(part.shape, np.uint8)
    corners = (centre + 0.7 * (body.torso() - centre)) / _STEP
    load_cv2().fillPoly(polygon, [np.round(corners).astype(np.int32)], 1)
    inner: _Colours = small[(polygon > 0) & (part == _ID["upper"])].astype(np.float32)
    return inner


def _is_skin(pixels: _Colours, cloth: _Colours, skin: _Colours) -> NDArray[np.bool_]:
    """Return which colours, (n, 3), skin explains better than cloth, both under any usual light."""

    def off(colour: _Colours) -> _Colours:
        light = (pixels @ colour) / max(float(colour @ colour), 1.0)
        rest: _Colours = pixels - np.clip(light, *_LIGHT)[:, None] * colour
        length: _Colours = np.sqrt(np.einsum("nc,nc->n", rest, rest))
        return length

    better: NDArray[np.bool_] = off(skin) + _MARGIN < off(cloth)
    return better


def _relabelled(
    image: ImageU8, labels: _Labels, body: Body, usual: _Colours, bare: _Colours
) -> _Labels:
    cv2 = load_cv2()
    height, width = labels.shape
    part, colours = labels[::2, ::2], image[::2, ::2]
    out = labels.copy()
    for side in ("left", "right"):
        reach = _WIDE * body.unit / 2
        limb = Limb(Limb.arm(body, side).joints / 2)
        strip = limb.strip(part.shape[::-1], -0.05, _REACH, (reach, reach))
        y, x = np.nonzero(strip & _WORN[part])
        found = np.zeros(part.shape, np.uint8)
        found[y, x] = _is_skin(colours[y, x].astype(np.float32), usual, bare)
        found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        if found.sum() > 0.005 * body.unit**2:  # a rim is none
            wide = cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST) > 0
            out[wide & _WORN[labels]] = _ID[f"{side}_arm"]
    return out
