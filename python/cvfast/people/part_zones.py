"""Which part of the body a pixel of a material belongs to: left or right arm, face or neck."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.people.body import Body, bone_distance, polygon_mask
from cvfast.people.face_outline import FaceOutline
from cvfast.people.part_priors import along_arm
from cvfast.people.person_mask import pixel_grid
from cvfast.typing import ImageF32

__all__ = ["IDS", "zone_labels"]

#: Numbers of the labels that are found, in cvfast's own set.
IDS = {
    "background": 0,
    "hair": 2,
    "upper": 5,
    "trousers": 9,
    "neck": 10,
    "face": 13,
    "left_arm": 14,
    "right_arm": 15,
    "left_leg": 16,
    "right_leg": 17,
    "left_shoe": 18,
    "right_shoe": 19,
    "left_sleeve": 20,
    "right_sleeve": 21,
    "left_hand": 22,
    "right_hand": 23,
}
_U8 = NDArray[np.uint8]


def zone_labels(
    body: Body, face: FaceOutline | None, sleeves: dict[str, float], shape: tuple[int, int]
) -> dict[str, _U8]:
    """Label that each pixel gets should it turn out to be of a material.

    Parameters
    ----------
    body, face
        The person.
    sleeves
        From `cvfast.people.garment_ends.find_sleeves`.
    shape
        (h, w).

    Returns
    -------
    dict
        (h, w) uint8 by material.
    """
    grid = pixel_grid(shape)
    constant = {"background": "background", "hair": "hair", "lower": "trousers"}
    zones = {name: np.full(shape, IDS[label], np.uint8) for name, label in constant.items()}
    zones["skin"] = _skin(body, face, grid, shape)
    zones["upper"] = _upper(body, sleeves, grid, shape)
    left, _ = bone_distance(body["left_ankle"], body["left_toe"], grid)
    right, _ = bone_distance(body["right_ankle"], body["right_toe"], grid)
    zones["shoes"] = np.where(left <= right, IDS["left_shoe"], IDS["right_shoe"]).astype(np.uint8)
    return zones


def _skin(
    body: Body,
    face: FaceOutline | None,
    grid: tuple[ImageF32, ImageF32],
    shape: tuple[int, int],
) -> _U8:
    """Skin by the nearest of face, neck, arms, hands and legs."""
    unit = np.float32(body.unit)
    centre, radius = body.head
    x, y = grid
    chin = centre[1] + 0.95 * radius if face is None else float(face.oval[:, 1].max())
    head = np.hypot(x - np.float32(centre[0]), y - np.float32(centre[1])) / np.float32(radius)
    distances = {"face": 0.3 * np.maximum(head - 0.6, 0) + 0.5 * (y > chin)}
    throat, _ = bone_distance(body["nose"], body["neck"] + 0.3 * body.unit * body.down, grid)
    distances["neck"] = np.maximum(throat / unit, 0.1)
    for side in ("left", "right"):
        arm, _ = along_arm(body, side, grid)
        wrist, hand = body[f"{side}_wrist"], body[f"{side}_hand"]
        fingers, along = bone_distance(wrist, hand, grid)
        distances[f"{side}_arm"] = arm / unit
        distances[f"{side}_hand"] = np.where(along > 0.1, 0.9 * fingers / unit, np.inf)
        thigh, _ = bone_distance(body[f"{side}_hip"], body[f"{side}_knee"], grid)
        shin, _ = bone_distance(body[f"{side}_knee"], body[f"{side}_ankle"], grid)
        distances[f"{side}_leg"] = np.minimum(thigh, shin) / unit
    names = list(distances)
    planes = [np.broadcast_to(distances[name], shape) for name in names]
    numbers = np.array([IDS[name] for name in names], np.uint8)
    zones = numbers[np.argmin(planes, axis=0)]
    if face is not None:
        zones[face.mask((shape[1], shape[0]))] = IDS["face"]
    return zones


def _upper(
    body: Body,
    sleeves: dict[str, float],
    grid: tuple[ImageF32, ImageF32],
    shape: tuple[int, int],
) -> _U8:
    """Garment: trunk inside its outline, sleeves beyond it and along arms that cross it."""
    zones = np.full(shape, IDS["upper"], np.uint8)
    trunk = polygon_mask(body.torso(), (shape[1], shape[0]))
    unit = np.float32(body.unit)
    nearest = np.full(shape, np.inf, np.float32)
    for side in ("left", "right"):
        distance, along = along_arm(body, side, grid)
        shoulder, hip = body[f"{side}_shoulder"], body[f"{side}_hip"]
        trunk_side, _ = bone_distance(shoulder, hip, grid)
        # Where the arm hangs at the side the border runs half-way between arm and trunk.
        outside = ~trunk | ((distance < 0.8 * trunk_side) & (along > 0.5))
        crossing = trunk & (along > 1.0) & (distance < 0.16 * unit) & (sleeves[side] > 1.2)
        sleeve = (outside & (along > 0.05) & (distance < 0.45 * unit) & (along < 1.99)) | crossing
        better = sleeve & (distance < nearest)
        zones[better] = IDS[f"{side}_sleeve"]
        nearest[better] = distance[better]
    return zones
