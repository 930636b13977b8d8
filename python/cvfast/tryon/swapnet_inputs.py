"""What SwapNet sees: bodies as pictures, boxes of their parts, labels of clothes by channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.people.labels import convert_labels
from cvfast.synth.people import make_person, random_person
from cvfast.synth.seeds import check_seed
from cvfast.tryon.dressed_people import joints_of
from cvfast.typing import ImageU8, Progress

__all__ = [
    "WORN",
    "TwoWearers",
    "body_picture",
    "disturbed_channels",
    "make_two_wearers",
    "part_boxes",
]

Points = NDArray[np.floating[Any]]

# LIP's labels of what is worn: hat, glove, glasses, upper clothes, dress, coat, socks, trousers,
# jumpsuit, scarf, skirt, shoes.
WORN = 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 18, 19
# Each part's joints, its thickness in lengths of the trunk, and its colour.
_PARTS = (
    ("right_thigh", (8, 9), 0.3, (255, 170, 0)),
    ("left_thigh", (11, 12), 0.3, (0, 170, 255)),
    ("right_shin", (9, 10), 0.22, (170, 85, 0)),
    ("left_shin", (12, 13), 0.22, (0, 85, 170)),
    ("hips", (8, 11), 0.3, (255, 255, 0)),
    ("trunk", (2, 5, 11, 8), 0.25, (255, 0, 0)),
    ("shoulders", (2, 5), 0.25, (170, 0, 85)),
    ("neck", (1, 0), 0.2, (255, 85, 170)),
    ("head", (0, 14, 15, 16, 17), 0.35, (0, 255, 0)),
    ("right_arm", (2, 3), 0.2, (85, 0, 255)),
    ("left_arm", (5, 6), 0.2, (0, 255, 170)),
    ("right_forearm", (3, 4), 0.16, (0, 0, 170)),
    ("left_forearm", (6, 7), 0.16, (85, 170, 85)),
)
_BOXED = tuple(part for part in _PARTS if part[0] != "neck")  # the twelve of the regions


@dataclass(frozen=True, eq=False)
class TwoWearers:
    """N outfits, each on two people.

    Attributes
    ----------
    people
        (N, 2, h, w, 3) uint8: one person and another, dressed alike.
    labels
        (N, 2, h, w) uint8, LIP's 20.
    points
        (N, 2, 18, 3) float32: x, y and confidence of their joints.
    """

    people: ImageU8
    labels: ImageU8
    points: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.people)


def make_two_wearers(
    count: int, *, seed: int = 0, side: int = 64, progress: Progress | None = None
) -> TwoWearers:
    """Make people who wear each other's clothes, on squares of so many pixels.

    Raises
    ------
    ValueError
        A number out of range.

    Examples
    --------
    >>> make_two_wearers(1, side=32).people.shape
    (1, 2, 32, 32, 3)
    """
    check_seed(seed)
    if count < 1:
        raise ValueError(f"count: expected at least 1, got {count}")
    people, labels, points = [], [], []
    for number in range(count):
        first, second = np.random.default_rng([seed, number, 1]).integers(2**31, size=2).tolist()
        one, other = random_person(first), random_person(second)
        other = replace(other, upper=one.upper, lower=one.lower, tucked=one.tucked)
        made = [make_person(spec, size=(side, side)) for spec in (one, other)]
        people.append([each.image for each in made])
        labels.append([convert_labels(each.labels, "cvfast", "lip20") for each in made])
        points.append([joints_of(each) for each in made])
        if progress is not None:
            progress(number + 1, count)
    return TwoWearers(np.array(people), np.array(labels), np.array(points, np.float32))


def body_picture(points: Points, size: tuple[int, int]) -> ImageU8:
    """Draw a body's parts in colours of their own, (h, w, 3) uint8, on black.

    Parameters
    ----------
    points
        (18, 3): x, y and confidence of COCO's joints; parts whose joints are missing are left out.
    size
        Width and height.

    Notes
    -----
    It stands for the renderings of a fitted body model that SwapNet was trained with.

    Examples
    --------
    >>> points = np.zeros((18, 3))
    >>> points[[2, 3]] = (5, 5, 1), (5, 12, 1)
    >>> np.unique(body_picture(points, (16, 20)).reshape(-1, 3), axis=0).tolist()
    [[0, 0, 0], [85, 0, 255]]
    """
    import cv2

    picture = np.zeros((size[1], size[0], 3), np.uint8)
    unit = _trunk(points, size)
    for _, joints, thickness, color in _PARTS:
        places = np.rint(points[list(joints), :2][points[list(joints), 2] > 0]).astype(np.int32)
        if len(places) < 2:
            continue
        wide = max(1, round(thickness * unit))
        if len(places) > 2:
            cv2.fillConvexPoly(picture, cv2.convexHull(places), color)
        cv2.polylines(picture, [places], len(places) > 2, color, wide)
    return picture


def part_boxes(points: Points, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return boxes round twelve parts of a body, (12, 4): x0, y0, x1, y1 within the picture.

    A part whose joints are missing has the whole picture.

    Examples
    --------
    >>> part_boxes(np.zeros((18, 3)), (16, 20))[0].tolist()
    [0.0, 0.0, 16.0, 20.0]
    """
    unit = _trunk(points, size)
    boxes = np.tile(np.array([0, 0, *size], np.float32), (len(_BOXED), 1))
    for box, (_, joints, thickness, _) in zip(boxes, _BOXED, strict=True):
        places = points[list(joints), :2][points[list(joints), 2] > 0]
        if len(places) < 2:
            continue
        reach = 0.75 * thickness * unit
        low, high = places.min(axis=0) - reach, places.max(axis=0) + reach
        box[:2], box[2:] = np.clip(low, 0, size), np.clip(high, 0, size)
    return boxes


def _trunk(points: Points, size: tuple[int, int]) -> float:
    """Return the length of the trunk in pixels, a third of the height where it is not seen."""
    seen = points[:, 2] > 0
    if seen[[2, 5, 8, 11]].all():
        middle = points[[2, 5], :2].mean(axis=0), points[[8, 11], :2].mean(axis=0)
        return max(float(np.hypot(*(middle[0] - middle[1]))), size[1] / 20)
    return size[1] / 3


def disturbed_channels(
    channels: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Flip, move, turn, scale and tilt each channel by itself: SwapNet's self-supervision.

    So a picture's own clothes become those of somebody in another pose.

    Parameters
    ----------
    channels
        (C, h, w).

    Examples
    --------
    >>> moved = disturbed_channels(np.ones((2, 8, 8), np.float32), np.random.default_rng(0))
    >>> moved.shape, moved.dtype.name, bool((moved < 1).any())
    ((2, 8, 8), 'float32', True)
    """
    import cv2

    height, width = channels.shape[1:]
    out = np.zeros_like(channels)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    for number, channel in enumerate(channels):
        if not channel.any():
            continue
        angle, scale = np.radians(rng.uniform(-20, 20)), rng.uniform(0.8, 1.2)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        middle = np.array([width, height]) / 2
        moved = (corners - middle) @ turn.T + middle + rng.uniform(-0.1, 0.1, 2) * (width, height)
        moved += rng.uniform(-0.05, 0.05, (4, 2)) * (width, height)
        if rng.random() < 0.5:
            moved[:, 0] = width - moved[:, 0]
        matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
        out[number] = cv2.warpPerspective(channel, matrix, (width, height), flags=cv2.INTER_NEAREST)
    return out
