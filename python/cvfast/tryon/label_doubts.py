"""Whether a label map that is given fits the pose: one of another set or photo does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.people.body import Body
from cvfast.people.labels import LABEL_SETS
from cvfast.people.pose import Pose
from cvfast.tryon.doubts import Doubts

__all__ = ["doubt_labels"]

_TRUNK = (
    "upper", "dress", "coat", "scarf", "neck", "hair", "held", "glove", "left_arm", "right_arm",
    "left_hand", "right_hand", "left_sleeve", "right_sleeve",
)  # fmt: skip
_LEAST = 0.5  # share of the trunk's middle line


def doubt_labels(labels: NDArray[np.uint8], pose: Pose, doubts: Doubts) -> None:
    """Doubt labels that have something else than an upper body where the pose has the trunk.

    Parameters
    ----------
    labels
        (H, W) uint8 in cvfast's own set.
    pose
        Of the same size.
    doubts
        Takes the reason.

    Raises
    ------
    NothingFoundError
        No shoulder is seen.

    Examples
    --------
    >>> points = np.zeros((18, 2))
    >>> points[[1, 2, 5, 8, 11]] = (50, 20), (30, 20), (70, 20), (40, 80), (60, 80)
    >>> pose = Pose(points, (points > 0).all(axis=1).astype(float), "coco18")
    >>> doubts = Doubts()
    >>> doubt_labels(np.full((100, 100), 5, np.uint8), pose, doubts)
    >>> doubts.confidence
    1.0
    >>> doubt_labels(np.full((100, 100), 12, np.uint8), pose, doubts)
    >>> doubts.confidence
    0.04
    """
    body = Body.of(pose)
    along = np.linspace(0.2, 0.75, 24)[:, None]
    line = body["neck"] + along * (body["mid_hip"] - body["neck"])
    columns, rows = np.rint(line).astype(int).T
    inside = (rows >= 0) & (rows < labels.shape[0]) & (columns >= 0) & (columns < labels.shape[1])
    if not inside.any():
        return
    ids = [LABEL_SETS["cvfast"][name] for name in _TRUNK]
    share = float(np.isin(labels[rows[inside], columns[inside]], ids).mean())
    if share < _LEAST:
        doubts.add(
            0.04,
            f"the label map has an upper body on {share:.0%} of the pose's trunk alone: it is of "
            "another set or another photo",
        )
