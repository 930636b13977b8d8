"""Sleeves bent along an arm of two bones: length goes along the arm, width across it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.limbs import Limb
from cvfast.typing import ImageF32

__all__ = ["FlatSleeve", "outer_sign", "sleeve_map", "trunk_of"]

_Mask: TypeAlias = NDArray[np.bool_]
_F64: TypeAlias = NDArray[np.float64]
_BINS = 24  # places along a sleeve at which its width is measured


class FlatSleeve:
    """A sleeve in the garment's picture: a quadrangle from armhole to cuff.

    Parameters
    ----------
    armhole, cuff
        (2, 2) float64: the outer end and the inner end of each.
    """

    def __init__(self, armhole: _F64, cuff: _F64) -> None:
        self.armhole, self.cuff = armhole, cuff

    @classmethod
    def of(cls, landmarks: Mapping[str, _F64], side: str) -> FlatSleeve | None:
        """Return a side's sleeve, or None where its landmarks are not all there."""
        names = [f"shoulder_{side}", f"armpit_{side}"]
        names += [f"cuff_{side}_outer", f"cuff_{side}_inner"]
        if not all(name in landmarks for name in names):
            return None
        points = np.array([landmarks[name] for name in names], np.float64)
        return cls(points[:2], points[2:])

    def at(self, along: NDArray[np.floating], across: NDArray[np.floating]) -> ImageF32:
        """Return points: ``along`` 0 armhole to 1 cuff, ``across`` 1 outer to -1 inner edge."""
        near, far = self.armhole.mean(axis=0), self.cuff.mean(axis=0)
        half_near = (self.armhole[0] - self.armhole[1]) / 2
        half_far = (self.cuff[0] - self.cuff[1]) / 2
        s, u = along[..., None], across[..., None]
        points: ImageF32 = (
            near + s * (far - near) + u * (half_near + s * (half_far - half_near))
        ).astype(np.float32)
        return points

    def outline(self, width: float = 1.15) -> _F64:
        """Return the quadrangle, widened and lengthened at the cuff, (4, 2)."""
        along, across = np.array([0.0, 1.25, 1.25, 0.0]), np.array([1.0, 1.0, -1.0, -1.0])
        across = across * np.array([1.0, width, width, 1.0])
        return self.at(along, across).astype(np.float64)


def trunk_of(mask: NDArray[np.floating], landmarks: Mapping[str, _F64]) -> ImageF32:
    """Return a garment's mask without its sleeves.

    Parameters
    ----------
    mask
        (H, W) in [0, 1].
    landmarks
        Of the garment.
    """
    trunk = np.asarray(mask, np.float32).copy()
    for side in ("left", "right"):
        sleeve = FlatSleeve.of(landmarks, side)
        if sleeve is None:
            continue
        away = np.zeros(trunk.shape, np.uint8)
        corners = np.round(sleeve.outline(1.6) * 16).astype(np.int32)
        load_cv2().fillPoly(away, [corners], 1, shift=4)
        trunk[away > 0] = 0
    return trunk


def sleeve_map(
    sleeve: FlatSleeve, limb: Limb, reach: float, mask: _Mask, sign: float
) -> tuple[ImageF32, tuple[slice, slice]] | None:
    """Map each pixel of a worn sleeve to its place in the garment's picture.

    Parameters
    ----------
    sleeve
        The flat sleeve.
    limb
        The arm.
    reach
        Share of the arm at which the sleeve ends.
    mask
        (H, W) bool: the sleeve on the arm.
    sign
        1 or -1: on which side of the arm its outside lies; see `outer_sign`.

    Returns
    -------
    map
        (h, w, 2) float32 places x, y, of the pixels of a box round the mask.
    box
        Its rows and columns; None together of an empty mask.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size or reach <= 0.02:
        return None
    box = slice(max(rows[0] - 4, 0), rows[-1] + 5), slice(max(columns[0] - 4, 0), columns[-1] + 5)
    inside = mask[box]
    height, width = inside.shape
    step = 2  # the map is smooth: every other pixel is enough
    y, x = np.mgrid[0:height:step, 0:width:step]
    points = np.stack([x.ravel() + box[1].start, y.ravel() + box[0].start], axis=1)
    share, offset = limb.measure_sides(points.astype(np.float64))
    offset = offset * sign
    here = inside[::step, ::step].ravel()
    along = share / reach
    outer = _width_along(along[here], offset[here])
    inner = _width_along(along[here], -offset[here])
    half = np.where(
        offset > 0,
        np.interp(along, np.linspace(0, 1, _BINS), outer),
        np.interp(along, np.linspace(0, 1, _BINS), inner),
    )
    across = np.clip(offset / np.maximum(half, 1.0), -1.3, 1.3)
    places = sleeve.at(np.clip(along, -0.15, 1.1), across).reshape(*y.shape, 2)
    cv2 = load_cv2()
    shrink = np.array([[1 / step, 0, 0], [0, 1 / step, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    dense: ImageF32 = cv2.warpAffine(
        places, shrink, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return dense, box


def outer_sign(limb: Limb, outwards: _F64) -> float:
    """Return which sign of `Limb.measure_sides` is the arm's outside.

    Parameters
    ----------
    limb
        The arm.
    outwards
        (2,) from the other shoulder to this one.
    """
    # Turning from along the arm to its outside is the same way round in any pose.
    return -1.0 if float(outwards[0]) > 0 else 1.0


def _width_along(along: _F64, offset: _F64) -> _F64:
    """Return the width on one side at places from armhole to cuff, smoothed; (bins,)."""
    widths = np.zeros(_BINS)
    number = np.clip((along * (_BINS - 1)).round(), 0, _BINS - 1)
    positive = offset > 0
    far = 4 * float(np.abs(offset).max(initial=1.0))
    keys = np.sort(number[positive] * far + offset[positive])  # place by place, then by offset
    ends = np.searchsorted(keys, np.arange(_BINS + 1) * far)
    for place, (begin, end) in enumerate(itertools.pairwise(ends.tolist())):
        if end > begin:
            widths[place] = keys[begin + round(0.98 * (end - 1 - begin))] - place * far
    known = widths > 0
    if not known.any():
        return np.full(_BINS, 1.0)
    places = np.arange(_BINS)
    widths = np.interp(places, places[known], widths[known])
    padded = np.pad(widths, 2, mode="edge")
    smooth: _F64 = np.convolve(padded, np.ones(5) / 5, mode="valid")
    return smooth
