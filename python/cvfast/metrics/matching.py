"""Which detection is which face: COCO's greedy matching at given overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.kernels.nms import iou

__all__ = ["Matches", "match"]

_MOST = 100  # detections of one picture that COCO looks at


@dataclass(frozen=True, eq=False)
class Matches:
    """The detections of one picture, matched to its faces at T thresholds of IoU.

    Parameters
    ----------
    scores
        (D,) float64, best first.
    face
        (T, D) int64: the face that each detection was matched to, -1 for none.
    ignored
        (T, D) bool: detections on an ignored face; they count neither right nor wrong.
    found
        (T, G) bool: faces that have a detection.
    counted
        (G,) bool: faces that count.
    """

    scores: NDArray[np.float64]
    face: NDArray[np.int64]
    ignored: NDArray[np.bool_]
    found: NDArray[np.bool_]
    counted: NDArray[np.bool_]


def match(
    boxes: ArrayLike,
    scores: ArrayLike,
    faces: ArrayLike,
    *,
    thresholds: Sequence[float],
    ignore: ArrayLike | None = None,
    crowd: ArrayLike | None = None,
    most: int | None = _MOST,
) -> Matches:
    """Match detections to faces, as COCO does.

    From the best score down (ties: in the given order), each detection takes the face with which it
    overlaps most, of those that count and are still free, if the overlap reaches the threshold;
    else, in the same way, an ignored one.

    Parameters
    ----------
    boxes, scores
        (D, 4) ``x0, y0, x1, y1`` and (D,).
    faces
        (G, 4).
    thresholds
        IoU from which they match.
    ignore
        (G,) bool: faces that count neither found nor missed.
    crowd
        (G,) bool: regions with many faces, always ignored. Any number of detections may lie in one,
        and the overlap is the share of the detection that does.
    most
        Take the best so many detections only; None for all.

    Raises
    ------
    ValueError
        Shapes that do not fit, or values that are not finite.

    Notes
    -----
    Lin et al., "Microsoft COCO: Common Objects in Context", 2014; its evaluation's rules.

    Examples
    --------
    >>> found = match([[0, 0, 4, 4], [0, 0, 4, 5]], [0.6, 0.9], [[0, 0, 4, 4]], thresholds=[0.5])
    >>> found.face.tolist()  # best first: the second box took the face
    [[0, -1]]
    """
    windows, truth = _boxes("boxes", boxes), _boxes("faces", faces)
    values = np.asarray(scores, np.float64).reshape(-1)
    if len(values) != len(windows) or not np.isfinite(values).all():
        raise ValueError(f"scores: expected {len(windows)} finite numbers, got {len(values)}")
    crowded = _flags("crowd", crowd, len(truth))
    spare = _flags("ignore", ignore, len(truth)) | crowded
    order = np.argsort(-values, kind="stable")[:most]
    overlaps = _overlaps(windows[order], truth, crowded)
    shape = (len(thresholds), len(order))
    face, found = np.full(shape, -1, np.int64), np.zeros((len(thresholds), len(truth)), bool)
    for row, threshold in enumerate(thresholds):
        # COCO's own limit: an overlap of exactly 1 must reach a threshold of 1.
        enough = overlaps >= min(threshold, 1 - 1e-10)
        for column in np.flatnonzero(enough.any(axis=1)).tolist():
            open_to = enough[column] & (~found[row] | crowded)
            for group in (open_to & ~spare, open_to & spare):
                if group.any():
                    # Of equal overlaps the last one, as COCO does.
                    rank = np.where(group, overlaps[column], -1.0)[::-1]
                    best = len(truth) - 1 - int(rank.argmax())
                    face[row, column], found[row, best] = best, True
                    break
    ignored = (face >= 0) & (spare[face] if len(truth) else False)
    return Matches(values[order], face, ignored, found, ~spare)


def _overlaps(
    windows: NDArray[np.float64], truth: NDArray[np.float64], crowded: NDArray[np.bool_]
) -> NDArray[np.float64]:
    overlaps = np.array(iou(windows, truth), np.float64)
    if crowded.any():
        low = np.maximum(windows[:, None, :2], truth[None, crowded, :2])
        high = np.minimum(windows[:, None, 2:], truth[None, crowded, 2:])
        inside = np.prod(np.maximum(high - low, 0), axis=-1)
        areas = np.prod(windows[:, 2:] - windows[:, :2], axis=1)[:, None]
        overlaps[:, crowded] = np.divide(inside, areas, out=np.zeros_like(inside), where=areas > 0)
    return overlaps


def _boxes(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    array = array.reshape(0, 4) if not array.size else array
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name}: expected shape (N, 4), got {array.shape}")
    return array


def _flags(name: str, values: ArrayLike | None, count: int) -> NDArray[np.bool_]:
    flags = np.zeros(count, bool) if values is None else np.asarray(values, bool).reshape(-1)
    if len(flags) != count:
        raise ValueError(f"{name}: expected {count} flags, one a face, got {len(flags)}")
    return flags
