"""Which part of the body a pixel of a material belongs to: left or right arm, face or neck."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.body import BodyMaps, bone_distance, polygon_mask
from cvfast.people.face_outline import FaceOutline
from cvfast.people.labels import LABEL_SETS

__all__ = ["IDS", "enlarge_labels", "zone_labels"]

IDS = LABEL_SETS["cvfast"]
_U8 = NDArray[np.uint8]

_CUFF = 0.4  # of the shoulders' width: how far beyond the wrist a cuff lies at most
_TO_THE_HAND = 1.6  # bones that a sleeve covers: from here on it ends at the hand


def zone_labels(
    maps: BodyMaps, face: FaceOutline | None, sleeves: dict[str, float]
) -> dict[str, _U8]:
    """Label that each pixel gets should it turn out to be of a material.

    Parameters
    ----------
    maps, face
        The person.
    sleeves
        From `cvfast.people.garment_ends.find_sleeves`.

    Returns
    -------
    dict
        (h, w) uint8 by material.
    """
    shape = maps.shape
    constant = {"background": "background", "hair": "hair", "lower": "trousers"}
    zones = {name: np.full(shape, IDS[label], np.uint8) for name, label in constant.items()}
    zones["skin"] = _skin(maps, face)
    zones["upper"] = _upper(maps, sleeves)
    left, _ = maps.bone("left_ankle", "left_toe")
    right, _ = maps.bone("right_ankle", "right_toe")
    zones["shoes"] = np.where(left <= right, IDS["left_shoe"], IDS["right_shoe"]).astype(np.uint8)
    if face is not None:
        # Brows, eyes, lips, teeth and beards are of the face, whatever their colour resembles.
        size = (shape[1], shape[0])
        middle = face.oval.mean(axis=0)
        within = polygon_mask(middle + 0.93 * (face.oval - middle), size)
        below_brows = maps.grid[1] > min(part[:, 1].min() for part in face.openings)
        for name in ("hair", "upper", "background"):
            zones[name][within & below_brows] = IDS["face"]
    return zones


def enlarge_labels(labels: _U8, size: tuple[int, int]) -> _U8:
    """Enlarge a label map to (width, height) ``size`` with smooth borders.

    Each label is enlarged as a plane of its own, and the highest counts; at half the size, since
    zones follow no edge of the picture.
    """
    cv2 = load_cv2()
    half = (max(1, size[0] // 2), max(1, size[1] // 2))
    numbers = np.flatnonzero(np.bincount(labels.ravel(), minlength=256))
    large: _U8 = np.full((half[1], half[0]), numbers[0], np.uint8)
    best = np.zeros(large.shape, np.uint8)
    for number in numbers if len(numbers) > 1 else ():
        plane = cv2.blur((labels == number).astype(np.uint8) * 255, (3, 3))
        plane = cv2.resize(plane, half, interpolation=cv2.INTER_LINEAR)
        np.copyto(large, np.uint8(number), where=plane > best)
        cv2.max(plane, best, dst=best)
    enlarged: _U8 = cv2.resize(large, size, interpolation=cv2.INTER_NEAREST)
    return enlarged


def _skin(maps: BodyMaps, face: FaceOutline | None) -> _U8:
    """Skin by the nearest of face, neck, arms, hands and legs."""
    body, shape = maps.body, maps.shape
    centre, radius = body.head
    chin = centre[1] + 0.95 * radius if face is None else float(face.oval[:, 1].max())
    head = maps.away(centre) / np.float32(radius)
    distances = {"face": 0.3 * np.maximum(head - 0.6, 0) + 0.5 * (maps.grid[1] > chin)}
    throat_end = body["neck"] + 0.3 * body.unit * body.down
    throat, _ = bone_distance(body["nose"], throat_end, maps.grid)
    distances["neck"] = np.maximum(throat / np.float32(body.unit), 0.1)
    for side in ("left", "right"):
        fingers, along = maps.bone(f"{side}_wrist", f"{side}_hand")
        thigh, _ = maps.bone(f"{side}_hip", f"{side}_knee")
        shin, _ = maps.bone(f"{side}_knee", f"{side}_ankle")
        distances[f"{side}_arm"] = maps.arm(side)[0]
        distances[f"{side}_hand"] = np.where(along > 0.1, np.float32(0.9) * fingers, np.inf)
        distances[f"{side}_leg"] = np.minimum(thigh, shin)
    names = list(distances)
    planes = np.stack([np.broadcast_to(distances[name], shape) for name in names])
    numbers = np.array([IDS[name] for name in names], np.uint8)
    zones: _U8 = numbers[np.argmin(planes, axis=0)]
    if face is not None:
        zones[face.mask((shape[1], shape[0]))] = IDS["face"]
    return zones


def _upper(maps: BodyMaps, sleeves: dict[str, float]) -> _U8:
    """Garment: trunk inside its outline, sleeves beyond it and along arms that cross it."""
    shape = maps.shape
    zones = np.full(shape, IDS["upper"], np.uint8)
    trunk = polygon_mask(maps.body.torso(), (shape[1], shape[0]))
    nearest = np.full(shape, np.inf, np.float32)
    for side in ("left", "right"):
        distance, along = maps.arm(side)
        trunk_side, _ = maps.bone(f"{side}_shoulder", f"{side}_hip")
        # Where the arm hangs at the side the border runs half-way between arm and trunk.
        outside = ~trunk | ((distance < 0.8 * trunk_side) & (along > 0.5))
        crossing = trunk & (along > 1.0) & (distance < 0.16) & (sleeves[side] > 1.2)
        # Wrists are found too high at times: a long sleeve goes on to the hand.
        cuff = ~trunk & (distance < _CUFF) & (sleeves[side] > _TO_THE_HAND)
        on_arm = (along > 0.05) & (distance < 0.45)
        sleeve = (outside & on_arm & ((along < 1.99) | cuff)) | crossing
        better = sleeve & (distance < nearest)
        zones[better] = IDS[f"{side}_sleeve"]
        nearest[better] = distance[better]
    return zones
