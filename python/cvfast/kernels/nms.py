"""Boxes that overlap: how much, and which of them to keep."""

from __future__ import annotations

from typing import Any, Literal, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast import _core
from cvfast.typing import Boxes, Indices

__all__ = ["batched_nms", "iou", "nms", "soft_nms"]

# The functions of the core answer None where an argument is not of the very kind that they read:
# only then are arguments looked at, and converted, here.
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def iou(a: ArrayLike, b: ArrayLike) -> Boxes:
    """Return the intersection over union of every box of ``a`` with every box of ``b``.

    Parameters
    ----------
    a, b
        (N, 4) and (M, 4) boxes x0, y0, x1, y1, float32 or float64; computed in float64 where the
        two differ.

    Returns
    -------
    (N, M), in the boxes' dtype; 0 where two boxes do not overlap.

    Raises
    ------
    TypeError
        Not float32 or float64.
    ValueError
        Another shape, values that are not finite, x1 < x0 or y1 < y0, or an area of which the
        dtype cannot hold twice as much.

    Examples
    --------
    >>> import cvfast
    >>> cvfast.iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0], [0.0, 0.0, 2.0, 1.0]])
    array([[0.33333333, 0.5       ]])
    """
    overlaps: Boxes | None = _core.iou(a, b)
    if overlaps is not None:
        return overlaps
    rows, columns = _boxes("a", a), _boxes("b", b)
    if rows.dtype != columns.dtype:
        rows, columns = rows.astype(np.float64), columns.astype(np.float64)
    checked: Boxes = _core.iou(rows, columns)
    return checked


def nms(boxes: ArrayLike, scores: ArrayLike, iou_threshold: float = 0.5) -> Indices:
    """Keep the best of overlapping boxes: greedy non-maximum suppression.

    From the best score down (ties: lower index first), a box is kept unless its intersection over
    union with a kept box is above the threshold, computed in the boxes' dtype. The indices are
    those of ``torchvision.ops.nms``.

    Parameters
    ----------
    boxes
        (N, 4) x0, y0, x1, y1, float32 or float64.
    scores
        (N,) float32 or float64.
    iou_threshold
        In [0, 1].

    Returns
    -------
    int64 indices of the kept boxes, best score first.

    Raises
    ------
    TypeError
        Not float32 or float64.
    ValueError
        Another shape, values that are not finite, x1 < x0 or y1 < y0, or a threshold out of range.

    Examples
    --------
    >>> import cvfast
    >>> cvfast.nms([[0.0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], [0.8, 0.9, 0.3])
    array([1, 2])
    """
    kept: Indices | None = _core.nms(boxes, scores, None, iou_threshold)
    return _checked_nms(boxes, scores, None, iou_threshold) if kept is None else kept


def batched_nms(
    boxes: ArrayLike, scores: ArrayLike, classes: ArrayLike, iou_threshold: float = 0.5
) -> Indices:
    """Keep the best of overlapping boxes of each class: :func:`nms` per class, merged.

    Parameters
    ----------
    boxes, scores, iou_threshold
        As for :func:`nms`.
    classes
        (N,) integers; boxes suppress those of their own class only.

    Returns
    -------
    int64 indices of the kept boxes of all classes by score descending, then index ascending.

    Raises
    ------
    TypeError, ValueError
        As for :func:`nms`, and for classes that are not integers.

    Examples
    --------
    >>> import cvfast
    >>> boxes = [[0.0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10]]
    >>> cvfast.batched_nms(boxes, [0.8, 0.9, 0.7], [0, 0, 1])
    array([1, 2])
    """
    if classes is None:
        raise TypeError("classes: expected integers, got dtype object")
    kept: Indices | None = _core.nms(boxes, scores, classes, iou_threshold)
    return _checked_nms(boxes, scores, classes, iou_threshold) if kept is None else kept


def soft_nms(
    boxes: ArrayLike,
    scores: ArrayLike,
    *,
    method: Literal["gaussian", "linear"] = "gaussian",
    sigma: float = 0.5,
    iou_threshold: float = 0.5,
    score_threshold: float = 1e-3,
) -> tuple[Indices, Boxes]:
    """Lower the scores of overlapping boxes instead of dropping them.

    Bodla et al., *Soft-NMS: Improving Object Detection With One Line of Code* (2017): the box of
    the highest score (ties: lower index) is selected, the scores of all others are multiplied by a
    decay of their intersection over union with it, and so on until no score reaches
    ``score_threshold``. Computed in float64.

    Parameters
    ----------
    boxes, scores
        As for :func:`nms`.
    method
        "gaussian" multiplies by exp(-iou**2 / sigma); "linear" by 1 - iou where iou exceeds
        ``iou_threshold``.
    sigma
        Over 0; a larger one lowers less. Used by "gaussian".
    iou_threshold
        In [0, 1]. Used by "linear".
    score_threshold
        At least 0; boxes whose score is or falls below it are dropped.

    Returns
    -------
    int64 indices of the selected boxes and their lowered scores (in the dtype of ``scores``), in
    the order of selection, which is by lowered score descending.

    Raises
    ------
    TypeError, ValueError
        As for :func:`nms`, and for an unknown method or options out of range.

    Examples
    --------
    >>> import cvfast
    >>> boxes = [[0.0, 0, 10, 10], [0, 0, 10, 5], [20, 0, 30, 10]]
    >>> cvfast.soft_nms(boxes, [0.9, 0.8, 0.7], method="linear", iou_threshold=0.3)
    (array([0, 2, 1]), array([0.9, 0.7, 0.4]))
    """
    if method not in ("gaussian", "linear"):
        raise ValueError(f"method: expected 'gaussian' or 'linear', got {method!r}")
    gaussian = method == "gaussian"
    selected: tuple[Indices, Boxes] | None = _core.soft_nms(
        boxes, scores, gaussian, sigma, iou_threshold, score_threshold
    )
    if selected is not None:
        return selected
    boxes = _boxes("boxes", boxes)
    checked: tuple[Indices, Boxes] = _core.soft_nms(
        boxes,
        _scores(scores, len(boxes)),
        gaussian,
        _number("sigma", sigma),
        _number("iou_threshold", iou_threshold),
        _number("score_threshold", score_threshold),
    )
    return checked


def _checked_nms(
    boxes: ArrayLike, scores: ArrayLike, classes: ArrayLike | None, iou_threshold: SupportsFloat
) -> Indices:
    """Convert what the core does not take as it is, or name what is wrong."""
    checked = _boxes("boxes", boxes)
    groups = None if classes is None else _classes(classes, len(checked))
    values = _scores(scores, len(checked))
    threshold = _number("iou_threshold", iou_threshold)
    kept: Indices = _core.nms(checked, values, groups, threshold)
    return kept


def _number(name: str, value: SupportsFloat) -> float:
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(f"{name}: expected a number, got {type(value).__name__}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name}: expected a number that a float can hold, got more") from None


def _boxes(name: str, values: ArrayLike) -> Boxes:
    array = _floats(name, values)
    if array.ndim == 1 and array.size == 0:
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name}: expected shape (N, 4), boxes x0, y0, x1, y1, got {array.shape}")
    return array


def _classes(values: ArrayLike, count: int) -> NDArray[np.int64]:
    groups = _array("classes", values)
    if groups.size == 0 and groups.ndim == 1:
        groups = groups.astype(np.int64)
    if groups.dtype.kind not in "iu":
        raise TypeError(f"classes: expected integers, got dtype {groups.dtype}")
    if groups.shape != (count,):
        raise ValueError(f"classes: expected shape ({count},), one a box, got {groups.shape}")
    # Only equality counts, so that unsigned numbers over 2**63 may wrap.
    return np.require(groups, np.int64, ["C", "A"])


def _scores(values: ArrayLike, count: int) -> Boxes:
    array = _floats("scores", values)
    if array.shape != (count,):
        raise ValueError(f"scores: expected shape ({count},), one a box, got {array.shape}")
    return array


def _floats(name: str, values: ArrayLike) -> NDArray[Any]:
    array = _array(name, values)
    if array.dtype not in _FLOATS:
        raise TypeError(
            f"{name}: expected dtype float32 or float64, got {array.dtype}; "
            f"numpy.asarray({name}, dtype='float32') converts it"
        )
    return np.require(array, requirements=["C", "A"])


def _array(name: str, values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:  # a ragged list
        raise ValueError(f"{name}: expected equally long rows of numbers, got {error}") from error
