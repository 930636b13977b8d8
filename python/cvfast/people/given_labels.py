"""Label maps that people bring, made into cvfast's own set, with what their set leaves out."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from cvfast.people.labels import LABEL_SETS, convert_labels, label_mask, label_set
from cvfast.people.pose import Pose
from cvfast.typing import ImageU8

__all__ = ["complete_labels"]

_OURS = LABEL_SETS["cvfast"]
_SLEEVE_REACH = 0.45  # of the shoulders' width: how far from the arm's bones a sleeve may lie


def complete_labels(
    labels: ImageU8, source: str, pose: Pose, *, own: ImageU8 | None = None
) -> ImageU8:
    """Return a label map in cvfast's set, with sleeves and hands split off by the pose.

    Parameters
    ----------
    labels
        ``(H, W)`` uint8.
    source
        Their set, from `cvfast.people.labels.LABEL_SETS`.
    pose
        The person's, in pixels of the map.
    own
        cvfast's own labels of the same photo (`cvfast.people.parts.find_parts`): where the source
        knows no neck (LIP and ATR call it background), its neck is taken over.

    Raises
    ------
    TypeError, ValueError
        As `cvfast.people.labels.convert_labels`.

    Examples
    --------
    >>> import numpy as np
    >>> points, sure = np.zeros((18, 2)), np.zeros(18)
    >>> for number, at in ((2, (8, 4)), (3, (2, 4)), (5, (16, 4)), (8, (9, 20)), (11, (15, 20))):
    ...     points[number], sure[number] = at, 1
    >>> pose, upper = Pose(points, sure, "coco18"), np.full((24, 24), 5, np.uint8)
    >>> made = complete_labels(upper, "lip20", pose)
    >>> int(made[4, 4]), int(made[12, 12])  # the person's right sleeve, and the upper garment
    (21, 5)
    """
    made = convert_labels(labels, source, "cvfast", pose=pose)
    known = label_set(source)
    if "left_sleeve" not in known:
        _split_sleeves(made, pose)
    if "left_hand" not in known and "hands" not in known:
        _split_hands(made, pose)
    if "neck" not in known and own is not None and own.shape == made.shape:
        made[(made == 0) & label_mask(own, "cvfast", "neck")] = _OURS["neck"]
    return made


def _split_sleeves(labels: ImageU8, pose: Pose) -> None:
    """Name the garment's pixels along an arm and beside the trunk sleeves, in place."""
    if not pose.has("left_shoulder", "right_shoulder"):
        return
    left, right = pose.point("left_shoulder"), pose.point("right_shoulder")
    width = float(np.linalg.norm(left - right))
    middle = (left + right) / 2
    rows, columns = np.nonzero(label_mask(labels, "cvfast", "upper", "coat", "dress"))
    pixels = np.stack([columns, rows], axis=1).astype(np.float64)
    down = _down(pose, middle, width)
    across = np.array([down[1], -down[0]])
    if float(across @ (left - middle)) < 0:
        across = -across  # towards the person's left
    for side, shoulder, outwards in (("left", left, across), ("right", right, -across)):
        joints = [f"{side}_{name}" for name in ("shoulder", "elbow", "wrist")]
        bones = [pose.point(name) for name in joints if pose.has(name)]
        if len(bones) < 2:
            continue
        beside = (pixels - shoulder) @ outwards > 0
        near = _distance(pixels, bones) < _SLEEVE_REACH * width
        chosen = beside & near
        labels[rows[chosen], columns[chosen]] = _OURS[f"{side}_sleeve"]


def _down(pose: Pose, middle: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return the trunk's direction, length 1: to the hips, or down the picture."""
    if pose.has("left_hip", "right_hip"):
        along = (pose.point("left_hip") + pose.point("right_hip")) / 2 - middle
        length = float(np.linalg.norm(along))
        if length > 0.2 * width:
            direction: NDArray[np.float64] = along / length
            return direction
    return np.array([0.0, 1.0])


def _split_hands(labels: ImageU8, pose: Pose) -> None:
    """Name an arm's pixels beyond the wrist its hand, in place."""
    for side in ("left", "right"):
        if not pose.has(f"{side}_elbow", f"{side}_wrist"):
            continue
        wrist = pose.point(f"{side}_wrist")
        along = wrist - pose.point(f"{side}_elbow")
        length = float(np.linalg.norm(along))
        if length < 1:
            continue
        rows, columns = np.nonzero(labels == _OURS[f"{side}_arm"])
        off = np.stack([columns, rows], axis=1) - wrist
        beyond = (off @ along / length > 0) & (np.linalg.norm(off, axis=1) < length)
        labels[rows[beyond], columns[beyond]] = _OURS[f"{side}_hand"]


def _distance(
    pixels: NDArray[np.float64], joints: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Distances of ``(n, 2)`` points to a line through joints."""
    nearest = np.full(len(pixels), np.inf)
    for start, end in itertools.pairwise(joints):
        along = end - start
        length = max(float(along @ along), 1e-9)
        t = np.clip((pixels - start) @ along / length, 0, 1)
        off = pixels - start - np.multiply.outer(t, along)
        nearest = np.minimum(nearest, np.linalg.norm(off, axis=1))
    return nearest
