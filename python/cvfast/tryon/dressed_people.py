"""What the networks that exchange clothes learn from: people, each in two garments.

With made people the second picture of a pair is the truth of an exchange; photos have no such pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.people.labels import convert_labels
from cvfast.synth.garments import random_garment
from cvfast.synth.people import MadePerson, make_person, random_person
from cvfast.synth.seeds import check_seed
from cvfast.typing import ImageU8, Progress

__all__ = ["DressedPeople", "make_dressed_people", "square_pose_maps"]

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
    made
        Whether they are made people, or else of photos.
    """

    people: ImageU8
    labels: ImageU8
    points: NDArray[np.float32]
    garments: ImageU8
    masks: NDArray[np.bool_]
    made: bool = True

    def __len__(self) -> int:
        return len(self.people)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.people.shape[3], self.people.shape[2]

    def some(self, which: Any) -> DressedPeople:
        """Return people by their numbers or a slice."""
        return DressedPeople(
            self.people[which], self.labels[which], self.points[which], self.garments[which],
            self.masks[which], self.made,
        )  # fmt: skip

    def labels_in(self, target: str) -> ImageU8:
        """Return the labels in another set."""
        flat = self.labels.reshape(-1, self.labels.shape[-1])
        return convert_labels(flat, "cvfast", target).reshape(self.labels.shape)


def make_dressed_people(
    count: int,
    *,
    seed: int = 0,
    size: tuple[int, int] = (48, 64),
    progress: Progress | None = None,
) -> DressedPeople:
    """Make people, each in two garments for the upper body.

    Parameters
    ----------
    count
        How many.
    seed
        Sets of different seeds share nobody.
    size
        Width and height.
    progress
        Called with (done, total).

    Raises
    ------
    ValueError
        A number out of range.

    Examples
    --------
    >>> people = make_dressed_people(1, size=(24, 32))
    >>> people.people.shape, people.labels_in("acgpn14").max() <= 13
    ((1, 2, 32, 24, 3), np.True_)
    """
    check_seed(seed)
    if count < 1:
        raise ValueError(f"count: expected at least 1, got {count}")
    parts: dict[str, list[Any]] = {"people": [], "labels": [], "garments": [], "masks": []}
    points = []
    for number in range(count):
        own = int(np.random.default_rng([seed, number]).integers(2**31))
        spec = random_person(own)
        made = [make_person(spec, garment, size=size) for garment in (None, random_garment(own))]
        parts["people"].append([one.image for one in made])
        parts["labels"].append([one.labels for one in made])
        parts["garments"].append([one.garment.image for one in made])
        parts["masks"].append([one.garment.mask > 0.5 for one in made])
        points.append(joints_of(made[0]))
        if progress is not None:
            progress(number + 1, count)
    arrays: dict[str, Any] = {name: np.array(values) for name, values in parts.items()}
    return DressedPeople(points=np.array(points, np.float32), **arrays)


def joints_of(person: MadePerson) -> NDArray[np.float32]:
    """Return a made person's joints, (18, 3): x, y, confidence."""
    pose = person.pose
    joints: NDArray[np.float32] = np.column_stack([pose.points, pose.confidence]).astype(np.float32)
    return joints


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
    # Whole pixels as Pillow takes them, and `cvfast.people.pose_map.pose_map`.
    x, y = (np.floor(points[..., at, None]) for at in (0, 1))
    columns = np.abs(np.arange(size[0]) - x) <= reach
    rows = np.abs(np.arange(size[1]) - y) <= reach
    seen = (points[..., 2] > 0) & (points[..., 0] > 1) & (points[..., 1] > 1)
    filled = rows[..., :, None] & columns[..., None, :] & seen[..., None, None]
    return np.where(filled, 1, -1).astype(np.int8)
