"""BlazePose: where people are, and the 33 body points and the mask of one of them."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, read_input
from cvfast.kernels.nms import nms
from cvfast.models.session import Session
from cvfast.typing import ImageF32

__all__ = ["BodyFit", "candidate_regions", "fit_body", "next_region"]

_POINTS = 33  # of the body; two more say where to look next, four are unused
_CENTRE, _RIM = 33, 34  # mid-hip, and a point on the circle round the whole body
_MARGIN = 1.25  # the crop's side over that circle's diameter
_LEAST_CANDIDATE = 0.4
_SAME_BOX = 0.3  # intersection over union
# (cells per side, anchors per cell) of the detector's output layers.
_LAYERS = ((28, 2), (14, 2), (7, 6))
# The heat maps move a point to the weighted mean of the 7 x 7 cells round it, where one of them is
# sure enough.
_HEAT_REACH, _LEAST_HEAT = 3, 0.5


@dataclass(frozen=True, eq=False, slots=True)
class BodyFit:
    """One run of the landmark model.

    Parameters
    ----------
    points
        ``(35, 2)`` in the picture's pixels: 33 body points, the hips' middle, a point on the circle
        round the body.
    confidence
        ``(33,)``: the lower of "visible" and "inside the crop".
    mask
        ``(256, 256)`` float32 probability that a pixel of the crop is the person.
    score
        How sure the model is that the crop shows a person, in [0, 1].
    region
        The crop.
    """

    points: NDArray[np.float64]
    confidence: NDArray[np.float64]
    mask: ImageF32
    score: float
    region: RotatedBox


@functools.cache
def _session(name: str) -> Session:
    return Session(name)


def candidate_regions(reader: PixelReader, square: RotatedBox) -> list[tuple[RotatedBox, float]]:
    """Crops for the landmark model where the detector sees people in one square, best first.

    Parameters
    ----------
    reader
        The picture.
    square
        Square to look at; what lies outside the picture is black.

    Returns
    -------
    list of (RotatedBox, float)
        Each with the detector's score.
    """
    detector = _session("pose_detection")
    side = detector.input_shape[1]
    raw, logits = detector.run_on(
        lambda tensor: read_input(reader, square, tensor, levels=(-1.0, 1.0), fill=0)
    )
    scores = _logistic(logits[0, :, 0])
    likely = scores >= _LEAST_CANDIDATE
    values = raw[0, likely].reshape(-1, 6, 2).astype(np.float64) / side
    scores = scores[likely]
    anchors = _anchors()[likely]
    centres, halves = values[:, 0] + anchors, values[:, 1] / 2
    boxes = np.concatenate([centres - halves, centres + halves], axis=1).astype(np.float32)
    proper = (halves > 0).all(axis=1)
    boxes, scores, values, anchors = (part[proper] for part in (boxes, scores, values, anchors))
    kept = nms(boxes, scores.astype(np.float32), _SAME_BOX).tolist() if len(boxes) else []
    found = []
    for index in kept:
        hip, rim = square.to_picture(values[index, 2:4] + anchors[index])
        found.append((_circle_region(hip, rim), float(scores[index])))
    return found


def fit_body(reader: PixelReader, region: RotatedBox) -> BodyFit:
    """Run the landmark model on a crop.

    Parameters
    ----------
    reader
        The picture.
    region
        Square round the whole person, their head towards its upper side; it may reach outside the
        picture.
    """
    model = _session("pose_landmark")
    raw, flag, mask, heat, _ = model.run_on(
        lambda tensor: read_input(reader, region, tensor, fill=0)
    )
    values = raw.reshape(-1, 5).astype(np.float64)
    fractions = _sharpened(values[:, :2] / model.input_shape[1], heat[0])
    return BodyFit(
        region.to_picture(fractions[: _RIM + 1]),
        _logistic(values[:_POINTS, 3:]).min(axis=1),
        _logistic(mask[0, :, :, 0]).astype(np.float32),
        float(np.clip(flag.item(), 0, 1)),
        region,
    )


def next_region(fit: BodyFit) -> RotatedBox:
    """Return the crop that a fit asks for: round the body it saw, upright along it."""
    return _circle_region(fit.points[_CENTRE], fit.points[_RIM])


def _circle_region(centre: NDArray[np.float64], rim: NDArray[np.float64]) -> RotatedBox:
    (x, y), (dx, dy) = centre.tolist(), (rim - centre).tolist()
    side = max(2 * math.hypot(dx, dy), 1e-3) * _MARGIN
    return RotatedBox(x, y, side, side, math.atan2(dx, -dy))


def _sharpened(fractions: NDArray[np.float64], heat: ImageF32) -> NDArray[np.float64]:
    """Move points ``(39, 2)`` to the heat maps' ``(cells, cells, 39)`` means near them."""
    cells = heat.shape[0]
    moved = fractions.copy()
    for index, (x, y) in enumerate(fractions.tolist()):
        column, row = math.floor(x * cells), math.floor(y * cells)
        if not (0 <= column < cells and 0 <= row < cells):
            continue
        top, left = max(row - _HEAT_REACH, 0), max(column - _HEAT_REACH, 0)
        part = heat[top : row + _HEAT_REACH + 1, left : column + _HEAT_REACH + 1, index]
        sure = _logistic(part)
        total = float(sure.sum())
        if sure.max() >= _LEAST_HEAT and total > 0:
            down, across = np.indices(sure.shape)
            moved[index, 0] = (left + float((across * sure).sum()) / total) / cells
            moved[index, 1] = (top + float((down * sure).sum()) / total) / cells
    return moved


@functools.cache
def _anchors() -> NDArray[np.float64]:
    """Cell centres ``(2254, 2)`` as fractions of the detector's picture, in the output's order."""
    grids = []
    for cells, per_cell in _LAYERS:
        centres = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(grids)


def _logistic(logits: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.clip(np.asarray(logits, np.float64), -80, 80)
    probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-values))
    return probabilities
