"""What the networks that exchange clothes learn from: people, each in two garments.

With made people the second picture of a pair is the truth of an exchange; photos have no such pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.people.labels import convert_labels
from cvfast.typing import ImageU8

__all__ = ["DressedPeople", "square_pose_maps"]

_REACH = 5 / 256  # half a side of a joint's square, in heights


@dataclass(frozen=True, eq=False)
class DressedPeople:
    """N people, each in two garments.

    Attributes
    ----------
    people
        (N, 2, h, w, 3) uint8: the same person in one garment and in the other.
    labels
        (N, 2, h, w) uint8, in cvfast's set.
    points
        (N, 18, 3) float32: x, y and confidence of COCO's joints.
    garments, masks
        (N, 2, h, w, 3) uint8 and (N, 2, h, w) bool: the garments, flat on plain ground.
    """

    people: ImageU8
    labels: ImageU8
    points: NDArray[np.float32]
    garments: ImageU8
    masks: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.people)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.people.shape[3], self.people.shape[2]

    def labels_in(self, target: str) -> ImageU8:
        """Return the labels in another set."""
        flat = self.labels.reshape(-1, self.labels.shape[-1])
        return convert_labels(flat, "cvfast", target).reshape(self.labels.shape)


def square_pose_maps(points: NDArray[np.floating[Any]], size: tuple[int, int]) -> NDArray[np.int8]:
    """Return pose maps as CP-VTON and ACGPN draw them: squares of 1 on -1.

    Parameters
    ----------
    points
        (N, K, 3): x, y, confidence; a joint is drawn if its confidence is over 0 and x and y over
        1.
    size
        Width and height. A square is 11 pixels wide where the height is 256.

    Returns
    -------
    (N, K, h, w) int8.

    Examples
    --------
    >>> maps = square_pose_maps(np.array([[[4.0, 6.0, 1.0], [0.0, 0.0, 0.0]]]), (12, 16))
    >>> maps.shape, (maps > 0).sum(axis=(2, 3)).tolist()
    ((1, 2, 16, 12), [[9, 0]])
    """
    reach = max(1, round(_REACH * size[1]))
    x, y = (np.rint(points[..., at, None]) for at in (0, 1))
    columns = np.abs(np.arange(size[0]) - x) <= reach
    rows = np.abs(np.arange(size[1]) - y) <= reach
    seen = (points[..., 2] > 0) & (points[..., 0] > 1) & (points[..., 1] > 1)
    filled = rows[..., :, None] & columns[..., None, :] & seen[..., None, None]
    return np.where(filled, 1, -1).astype(np.int8)
