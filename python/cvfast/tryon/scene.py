"""A photo of a person read for try-on: who, where the parts are, what to doubt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, NothingFoundError
from cvfast.io.opencv import load_cv2
from cvfast.kernels.arrays import check_image
from cvfast.people.body import Body
from cvfast.people.pose import Pose
from cvfast.tryon.bare_arms import with_bare_arms
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.label_doubts import doubt_labels
from cvfast.tryon.worn_shape import PartMasks
from cvfast.typing import Image, ImageF32, ImageU8

if TYPE_CHECKING:
    from cvfast.people.finding import FoundPerson

__all__ = ["LEAST_SIDE", "WORK_SIDE", "Scene", "read_scene", "rgb_levels"]

WORK_SIDE = 1280  # pixels of the longer side at which a photo is analysed; results are native
LEAST_SIDE = 96  # pixels of a photo's longer side, under which nothing can be told


@dataclass(frozen=True, eq=False)
class Scene:
    """A photo, reduced for analysis, and what was found in it.

    Parameters
    ----------
    image
        (h, w, 3) uint8, the reduced photo.
    colours
        The same as float32 in [0, 1].
    scale
        Reduced pixels in a pixel of the photo.
    person
        The person, in reduced pixels.
    pose
        The person's points, in reduced pixels.
    body
        The joints.
    parts
        The part labels.
    """

    image: ImageU8
    colours: ImageF32
    scale: float
    person: FoundPerson | Pose
    pose: Pose
    body: Body
    parts: PartMasks

    def around_clothes(self, region: str) -> tuple[Scene, tuple[int, int]]:
        """Return the part of the scene that a change of clothes may touch, and its corner x, y.

        Parameters
        ----------
        region
            ``"upper"`` or ``"lower"``.
        """
        names = _TOUCHED[region]
        mask = self.parts.mask(*names)
        joints = [name for name in self.body.joints if name.split("_")[-1] in _JOINTS[region]]
        points = np.array([self.body[name] for name in joints])
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if rows.size:
            corners = [(columns[0], rows[0]), (columns[-1], rows[-1])]
            points = np.concatenate([points, np.array(corners, np.float64)])
        margin = 0.3 * self.body.unit
        height, width = self.image.shape[:2]
        limits = np.array([width, height])
        low = np.clip(np.floor(points.min(axis=0) - margin), 0, limits - 2).astype(int)
        low -= low % 2  # masks are sampled at every other pixel: the same ones in any box
        high = np.clip(np.ceil(points.max(axis=0) + margin) + 1, low + 2, limits).astype(int)
        box = slice(low[1], high[1]), slice(low[0], high[0])
        joint_map = {name: point - low for name, point in self.body.joints.items()}
        part = replace(
            self,
            image=self.image[box],
            colours=self.colours[box],
            body=replace(self.body, joints=joint_map),
            parts=PartMasks(np.ascontiguousarray(self.parts.labels[box])),
        )
        return part, (int(low[0]), int(low[1]))


_TOUCHED = {
    "upper": (
        "upper", "dress", "coat", "left_sleeve", "right_sleeve", "left_arm", "right_arm", "neck",
        "left_hand", "right_hand",
    ),
    "lower": ("trousers", "skirt", "left_leg", "right_leg", "left_shoe", "right_shoe"),
}  # fmt: skip
_JOINTS = {
    "upper": ("shoulder", "elbow", "wrist", "hip", "neck"),
    "lower": ("hip", "knee", "ankle"),
}


def read_scene(
    image: Image,
    *,
    pose: Pose | None = None,
    labels: NDArray[np.uint8] | None = None,
    person_index: int | None = None,
    name: str = "person",
    doubts: Doubts,
) -> Scene:
    """Find a person and the parts of body and clothes.

    Parameters
    ----------
    image
        (H, W, 3) or (H, W), uint8 or float32 in [0, 1].
    pose
        The person's pose where it is known; None finds it.
    labels
        (H, W) uint8 part labels in cvfast's own set where they are known.
    person_index
        Which person, 0 the largest; None takes the largest and says so if there are others.
    name
        Of the photo, for messages.
    doubts
        Takes what makes the result unsure.

    Raises
    ------
    NothingFoundError
        Nobody is there, or no such person.
    LimitError
        The photo is too small.
    TypeError, ValueError
        Not a picture, or labels of another size.
    """
    check_image(name, image)
    height, width = image.shape[:2]
    if max(height, width) < LEAST_SIDE:
        raise LimitError(
            f"{name}: expected at least {LEAST_SIDE} pixels on the longer side, got "
            f"{width} x {height}; there is too little to see"
        )
    scale = min(1.0, WORK_SIDE / max(height, width))
    small = _reduced(rgb_levels(image), scale)
    if labels is not None:
        labels = _reduced_labels(labels, (height, width), small.shape[:2])
    person = _who(small, pose, scale, person_index, name, doubts)
    found = person if isinstance(person, Pose) else person.pose
    parts = _parts(small, person, labels, doubts)
    doubts.add_pose(found, (small.shape[1], small.shape[0]))
    colours = small.astype(np.float32) / np.float32(255)
    return Scene(small, colours, scale, person, found, Body.of(found), parts)


def _parts(
    image: ImageU8, person: FoundPerson | Pose, labels: NDArray[np.uint8] | None, doubts: Doubts
) -> PartMasks:
    if labels is not None:
        doubt_labels(labels, person if isinstance(person, Pose) else person.pose, doubts)
        return PartMasks(labels)
    from cvfast.people.parts import find_parts

    parts = find_parts(image, person)
    doubts.take(parts.confidence, parts.reasons, of="parts")
    found = person if isinstance(person, Pose) else person.pose
    return PartMasks(with_bare_arms(image, parts.labels, Body.of(found)))


def _who(
    image: ImageU8,
    pose: Pose | None,
    scale: float,
    index: int | None,
    name: str,
    doubts: Doubts,
) -> FoundPerson | Pose:
    if pose is not None:
        return _inside(pose.moved(scale), image.shape, name)
    from cvfast.people.finding import find_people

    people = find_people(image, quick=index is None)
    if not people:
        raise NothingFoundError(f"{name}: no person found")
    if index is None:
        if len(people) > 1:
            doubts.note(f"{len(people)} people: the largest is taken (choose with --person N)")
        return people[0]
    if index < 0:
        raise ValueError(f"person_index: expected at least 0, the largest person, got {index}")
    if index >= len(people):
        raise NothingFoundError(
            f"{name}: no person {index}, {len(people)} found (counted from 0, the largest)"
        )
    return people[index]


def _inside(pose: Pose, shape: tuple[int, ...], name: str) -> Pose:
    """Return a given pose whose trunk lies in the photo.

    Raises
    ------
    NothingFoundError
        It does not, or it has no extent: it belongs to another photo.
    """
    body = Body.of(pose)
    shoulders = np.array([body[f"{side}_shoulder"] for side in ("left", "right")])
    middle = shoulders.mean(axis=0)
    inside = bool((middle >= 0).all() and middle[0] < shape[1] and middle[1] < shape[0])
    if not inside or np.ptp(shoulders, axis=0).max() < 2 or body.torso_length < 4:
        raise NothingFoundError(
            f"{name}: expected a pose with shoulders and hips inside the photo, got "
            f"{'none of any extent' if inside else 'one outside it'}; is it another photo's?"
        )
    return pose


def rgb_levels(image: Image) -> ImageU8:
    """Return a picture as (H, W, 3) uint8."""
    levels: Any = image
    if levels.dtype != np.uint8:
        levels = np.clip(levels * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8)
    if levels.ndim == 2:
        levels = np.repeat(levels[..., None], 3, axis=2)
    return np.ascontiguousarray(levels[..., :3])


def _reduced(image: ImageU8, scale: float) -> ImageU8:
    if scale == 1:
        return image
    cv2 = load_cv2()
    size = tuple(max(2, round(side * scale)) for side in image.shape[1::-1])
    reduced: ImageU8 = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return reduced


def _reduced_labels(
    labels: NDArray[np.uint8], shape: tuple[int, int], small: tuple[int, ...]
) -> NDArray[np.uint8]:
    if labels.shape != shape or labels.dtype != np.uint8:
        raise ValueError(
            f"labels: expected uint8 of shape {shape}, got {labels.dtype} of shape {labels.shape}"
        )
    if shape == small:
        return labels
    cv2 = load_cv2()
    reduced: NDArray[np.uint8] = cv2.resize(
        labels, (small[1], small[0]), interpolation=cv2.INTER_NEAREST
    )
    return reduced
