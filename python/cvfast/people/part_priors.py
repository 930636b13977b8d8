"""What a pixel may be by where it lies on the body, before its colour is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.body import BodyMaps, polygon_mask
from cvfast.people.face_outline import FaceOutline
from cvfast.typing import ImageF32

__all__ = ["MATERIALS", "face_core", "part_priors", "trusted_examples"]

#: What pixels are told apart by colour: every kind of skin is one material.
MATERIALS = ("background", "hair", "skin", "upper", "lower", "shoes")

_LEAST = 1e-3  # no prior rules anything out


def part_priors(
    maps: BodyMaps,
    person: ImageF32,
    face: FaceOutline | None = None,
    *,
    sleeves: Mapping[str, float] | None = None,
    hem: float | None = None,
) -> dict[str, ImageF32]:
    """Probability of each material by place alone.

    Parameters
    ----------
    maps
        Where pixels lie on the body.
    person
        (h, w) float32, the probability of the person.
    face
        The face's outline, where one is seen.
    sleeves
        How far the sleeve of each arm (``"left"``, ``"right"``) reaches, where that is known: 0 at
        the shoulder, 1 at the elbow, 2 at the wrist.
    hem
        Where the upper garment ends along the trunk, 0 at the neck and 1 at the hips, where that
        is known.

    Returns
    -------
    dict
        (h, w) float32 by name of `MATERIALS`; they add up to 1 in each pixel.
    """
    shape = person.shape
    weights = {name: np.full(shape, _LEAST, np.float32) for name in MATERIALS}
    _clothes(maps, weights, hem)
    _legs(maps, weights)
    for side in ("left", "right"):
        _arm(maps, side, weights, None if sleeves is None else sleeves.get(side))
    _head(maps, face, weights)
    inside = sum(weights[name] for name in MATERIALS[1:])
    for name in MATERIALS[1:]:
        weights[name] = weights[name] / inside * person
    weights["background"] = np.maximum(1 - person, np.float32(_LEAST))
    return weights


def face_core(maps: BodyMaps, face: FaceOutline | None) -> NDArray[np.bool_]:
    """Skin of the face, (h, w) bool, to learn from; empty where the back is seen."""
    body, shape = maps.body, maps.shape
    if face is not None:
        return face.skin((shape[1], shape[0]))
    if not body.faces_camera():
        return np.zeros(shape, bool)
    x, y = maps.grid
    _, radius = body.head
    nose = body["nose"]
    away = np.hypot((x - np.float32(nose[0])) / 0.62, (y - np.float32(nose[1])) / 0.75)
    core: NDArray[np.bool_] = away < 0.8 * radius
    return core


def _ramp(values: ImageF32, start: float, end: float) -> ImageF32:
    """0 up to ``start``, 1 from ``end`` on, straight between."""
    ramp: ImageF32 = np.clip((values - np.float32(start)) / np.float32(end - start), 0, 1)
    return ramp


def trusted_examples(maps: BodyMaps, face: FaceOutline | None) -> dict[str, ImageF32]:
    """How much pixels count when the colours of a material are learnt, (h, w) float32 each.

    Hair is learnt above the eyes: what hangs down beside the face may be hair, but also a collar;
    so the garment is hardly learnt there either, nor on the arms, which may be bare.
    What is worn below is learnt on the legs: nobody knows yet where the upper garment ends.
    """
    _, along = maps.trunk()
    # Where the picture ends at the hips, legs are what can be seen of them.
    legs = 1.35 if float(along.max()) > 1.7 else 1.15
    return {
        "hair": _hair_trust(maps, face),
        "upper": (1 - 0.7 * _ramp(along, 0.75, 1.0))
        * (1 - 0.9 * _beside_head(maps, face))
        * (1 - 0.7 * _bare_arms(maps)),
        "lower": np.float32(0.05) + np.float32(0.95) * _ramp(along, legs, legs + 0.25),
    }


def _bare_arms(maps: BodyMaps) -> ImageF32:
    """Arms beside the trunk, (h, w) float32."""
    across, _ = maps.trunk()
    nearest = np.minimum(maps.arm("left")[0], maps.arm("right")[0])
    arms: ImageF32 = (1 - _ramp(nearest, 0.2, 0.3)) * _ramp(across, 0.4, 0.55)
    return arms


def _hair_trust(maps: BodyMaps, face: FaceOutline | None) -> ImageF32:
    body = maps.body
    eyes = float(body["nose"][1] - 0.2 * body.head[1])
    if face is not None:
        eyes = float(min(part[:, 1].mean() for part in face.openings))
    low = _ramp((maps.grid[1] - np.float32(eyes)) / np.float32(body.head[1]), 0, 0.4)
    return np.broadcast_to(1 - np.float32(0.95) * low, maps.shape)


def _clothes(maps: BodyMaps, weights: dict[str, ImageF32], hem: float | None) -> None:
    """Trunk: the upper garment down to the hem, what is worn below after it."""
    body = maps.body
    across, along = maps.trunk()
    below = _ramp(along, 0.85, 1.5) if hem is None else _ramp(along, hem - 0.06, hem + 0.06)
    weights["upper"] = np.maximum(weights["upper"], 1.0 * (1 - below))
    weights["lower"] = np.maximum(weights["lower"], 1.0 * below)
    # Far from the trunk there may be an arm that the pose lacks.
    skin = np.float32(0.05) + np.float32(0.25) * _ramp(across, 0.7, 1.0)
    weights["skin"] = np.maximum(weights["skin"], skin)
    # Above the collar bones there is neck, in the opening of the garment too.
    neck, nose = body["neck"], body["nose"]
    opening = maps.away(neck + (nose - neck) * 0.1) / np.float32(body.unit)
    skin = 0.5 * (1 - _ramp(opening, 0.15, 0.4))
    weights["skin"] = np.maximum(weights["skin"], skin)


def _legs(maps: BodyMaps, weights: dict[str, ImageF32]) -> None:
    """Legs: trousers or skin, shoes at the end."""
    for side in ("left", "right"):
        thigh, _ = maps.bone(f"{side}_hip", f"{side}_knee")
        shin, along = maps.bone(f"{side}_knee", f"{side}_ankle")
        foot, _ = maps.bone(f"{side}_ankle", f"{side}_toe")
        bare = 0.35 * (1 - _ramp(shin, 0.2, 0.4)) + 0.1 * (1 - _ramp(thigh, 0.2, 0.4))
        weights["skin"] = np.maximum(weights["skin"], bare.astype(np.float32))
        shoe = (1 - _ramp(foot, 0.15, 0.35)) * _ramp(along, 0.85, 1.0)
        weights["shoes"] = np.maximum(weights["shoes"], 3 * shoe)


def _arm(maps: BodyMaps, side: str, weights: dict[str, ImageF32], sleeve: float | None) -> None:
    """Arm: sleeve or skin up to the wrist, skin from there on."""
    distance, along = maps.arm(side)
    near = 1 - _ramp(distance, 0.12, 0.3)
    if sleeve is None:
        skin = 0.3 + 0.3 * _ramp(along, 0.2, 1.3)
    else:
        skin = 0.03 + 0.94 * _ramp(along, sleeve - 0.12, sleeve + 0.12)
    weights["skin"] = _mixed(weights["skin"], skin, near)
    weights["upper"] = _mixed(weights["upper"], 1 - skin, near)
    weights["lower"] = _mixed(weights["lower"], np.float32(0.3) * weights["lower"], near)
    fingers, along = maps.bone(f"{side}_wrist", f"{side}_hand")
    palm = (1 - _ramp(fingers, 0.12, 0.28)) * _ramp(along, 0.0, 0.3)
    weights["skin"] = _mixed(weights["skin"], np.float32(1.0), palm)
    weights["upper"] = _mixed(weights["upper"], np.float32(0.3) * weights["upper"], palm)


def _head(maps: BodyMaps, face: FaceOutline | None, weights: dict[str, ImageF32]) -> None:
    """Head: skin inside the face's outline, hair round it and down to the chest."""
    body = maps.body
    x, y = maps.grid
    head = _HeadPlace.of(maps, face)
    if face is None:
        nose, radius = body["nose"], np.float32(head.radius)
        oval = np.hypot(
            (x - np.float32(nose[0])) / 0.72, (y - np.float32(nose[1]) + 0.1 * radius) / 0.95
        )
        outside = oval / radius - 1
        inner = 1.0 if body.faces_camera() else 0.2
    else:
        outside = _outside(face.oval, maps.shape) / np.float32(head.radius)
        inner = 1.0
    away = maps.away(head.centre) / np.float32(head.radius)
    below = head.below_chin(maps)
    lower = _ramp(below, -0.1, 0.15)
    near = np.maximum((1 - _ramp(away, 1.35, 1.9)) * (1 - lower), 1 - _ramp(outside, 0, 0.1))
    skin = (1 - _ramp(outside, -0.1, 0.12)) * np.float32(inner)
    weights["skin"] = _mixed(weights["skin"], 0.15 + 0.8 * skin, near)
    weights["hair"] = _mixed(weights["hair"], 0.85 - 0.8 * skin, near)
    weights["upper"] = _mixed(weights["upper"], np.float32(0.02), near)
    weights["lower"] = _mixed(weights["lower"], np.float32(_LEAST), near)
    # Right under the chin is throat or collar, not hair.
    under = (1 - head.aside(maps)) * _ramp(below, -0.25, -0.05)
    weights["hair"] = _mixed(weights["hair"], np.float32(0.02), under)
    weights["skin"] = np.maximum(weights["skin"], 0.3 * under * (1 - _ramp(away, 1.6, 2.2)))
    weights["hair"] = np.maximum(weights["hair"], np.float32(0.25) * _beside_head(maps, face))


def _beside_head(maps: BodyMaps, face: FaceOutline | None) -> ImageF32:
    """Where long hair falls, (h, w) float32: below the chin, most of it at the sides."""
    head = _HeadPlace.of(maps, face)
    away = maps.away(head.centre) / np.float32(head.radius)
    falls: ImageF32 = (
        (1 - _ramp(away, 1.8, 3.6))
        * _ramp(head.below_chin(maps), -0.1, 0.15)
        * (np.float32(0.1) + np.float32(0.9) * head.aside(maps))
    )
    return falls


@dataclass(frozen=True, eq=False)
class _HeadPlace:
    """Middle of the head, half its height, the face's middle and the chin, in pixels."""

    centre: NDArray[np.float64]
    radius: float
    middle: float
    chin: float

    @classmethod
    def of(cls, maps: BodyMaps, face: FaceOutline | None) -> _HeadPlace:
        if face is None:
            centre, radius = maps.body.head
            return cls(
                centre, radius, float(centre[0]), float(maps.body["nose"][1] + 0.85 * radius)
            )
        radius = float(np.ptp(face.oval[:, 1])) / 2
        middle = face.oval.mean(axis=0)
        centre = middle - np.array([0, 0.25 * radius])
        return cls(centre, radius, float(middle[0]), float(face.oval[:, 1].max()))

    def below_chin(self, maps: BodyMaps) -> ImageF32:
        below: ImageF32 = (maps.grid[1] - np.float32(self.chin)) / np.float32(self.radius)
        return below

    def aside(self, maps: BodyMaps) -> ImageF32:
        """0 under the chin, 1 beside it."""
        off = np.abs(maps.grid[0] - np.float32(self.middle)) / np.float32(self.radius)
        return _ramp(off, 0.4, 0.65)


def _outside(polygon: NDArray[np.float64], shape: tuple[int, ...]) -> ImageF32:
    """Distance to a polygon's outline in pixels, negative inside."""
    cv2 = load_cv2()
    inside = polygon_mask(polygon, (shape[1], shape[0])).astype(np.uint8)
    if not inside.any():
        return np.full(shape, np.inf, np.float32)
    out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    into = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    signed: ImageF32 = out - into
    return signed


def _mixed(old: ImageF32, new: ImageF32 | np.float32, share: ImageF32) -> ImageF32:
    mixed: ImageF32 = (old + (new - old) * share).astype(np.float32)
    return mixed
