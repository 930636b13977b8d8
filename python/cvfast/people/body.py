"""The body as a stick figure with thickness: distances to bones, outlines from joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import NothingFoundError
from cvfast.people.pose import Pose
from cvfast.typing import ImageF32

__all__ = ["Body", "BodyMaps", "bone_distance", "polygon_mask"]

_SURE = 0.3  # joints of lower confidence are taken as missing
_F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Body:
    """Joints of one person with those that are missing guessed from the others.

    Parameters
    ----------
    joints
        Points by name (as in ``Pose.names``, with ``neck`` and ``mid_hip``), each ``(2,)``.
    unit
        Length in pixels that other measures are shares of: about the distance between the
        shoulder joints of somebody who faces the camera.
    seen
        Names of joints that the pose has.
    """

    joints: dict[str, _F64]
    unit: float
    seen: frozenset[str]

    @classmethod
    def of(cls, pose: Pose) -> Body:
        """Measure a pose.

        Raises
        ------
        NothingFoundError
            Neither shoulder is there, so that nothing can be said of a body.
        """
        sure = pose.without_unsure(_SURE)
        joints = {name: sure.point(name) for name in sure.names if sure.has(name)}
        seen = frozenset(joints)
        if not {"left_shoulder", "right_shoulder"} & seen:
            raise NothingFoundError(
                "person: expected a pose with a shoulder at least, got none; give a picture that "
                "shows the upper body"
            )
        unit = _unit(joints)
        _guess_missing(joints, unit)
        joints["neck"] = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
        joints["mid_hip"] = (joints["left_hip"] + joints["right_hip"]) / 2
        return cls(joints, unit, seen)

    def __getitem__(self, name: str) -> _F64:
        return self.joints[name]

    @property
    def down(self) -> _F64:
        """Direction from the neck to the hips, a unit vector."""
        axis = self["mid_hip"] - self["neck"]
        down: _F64 = axis / max(1e-6, float(np.hypot(*axis)))
        return down

    @property
    def torso_length(self) -> float:
        """Pixels from the neck to the middle of the hips."""
        return float(np.hypot(*(self["mid_hip"] - self["neck"])))

    @property
    def head(self) -> tuple[_F64, float]:
        """Middle of the head and its radius (half of its height)."""
        up = self["nose"] - self["neck"]
        length = max(float(np.hypot(*up)), 0.3 * self.unit)
        radius = 0.4 * self.unit
        if {"left_ear", "right_ear"} <= self.seen:
            # Ears of a head seen from the front are three quarters of its height apart.
            apart = float(np.hypot(*(self["left_ear"] - self["right_ear"])))
            radius = float(np.clip(0.66 * apart, 0.7 * radius, 1.5 * radius))
        centre: _F64 = self["nose"] + up / length * 0.3 * radius
        return centre, radius

    def faces_camera(self) -> bool:
        """Whether the front is seen: eyes or nose are, and the left shoulder is to the right."""
        face = {"nose", "left_eye", "right_eye"} & self.seen
        turned = self["left_shoulder"][0] < self["right_shoulder"][0] - 0.2 * self.unit
        return bool(face) and not turned

    def box(self) -> tuple[float, float, float, float]:
        """Box round the person with some room, x0, y0, x1, y1."""
        points = np.array(list(self.joints.values()))
        x0, y0 = points.min(axis=0)
        x1, y1 = points.max(axis=0)
        centre, radius = self.head
        top = min(y0 - 0.3 * self.unit, centre[1] - 1.9 * radius)
        side = 0.7 * self.unit
        return float(x0 - side), float(top), float(x1 + side), float(y1 + 0.4 * self.unit)

    def torso(self, wider: float = 0.0) -> _F64:
        """Outline of the trunk, (8, 2), widened by so many units.

        From the neck over the shoulders and down the sides to the hips; the joints lie inside the
        body, so each side is moved out.
        """
        across = self["left_shoulder"] - self["right_shoulder"]
        across = across / max(1e-6, float(np.hypot(*across)))
        down, unit = self.down, self.unit
        left, right = self["left_shoulder"], self["right_shoulder"]
        lower_left, lower_right = self["left_hip"], self["right_hip"]
        out, hip_out = (0.12 + wider) * unit, (0.2 + wider) * unit
        neck = self["neck"] - down * (0.22 + wider) * unit
        return np.array(
            [
                neck + across * 0.2 * unit,
                left - down * (0.13 + wider) * unit + across * out * 0.5,
                left + across * out,
                lower_left + across * hip_out,
                lower_right - across * hip_out,
                right - across * out,
                right - down * (0.13 + wider) * unit - across * out * 0.5,
                neck - across * 0.2 * unit,
            ]
        )


class BodyMaps:
    """Where each pixel lies on a body, computed once for all who ask.

    Parameters
    ----------
    body
        The person.
    shape
        (h, w) of the picture.
    """

    def __init__(self, body: Body, shape: tuple[int, int]) -> None:
        self.body = body
        self.shape = shape
        self.grid = (
            np.arange(shape[1], dtype=np.float32)[None],
            np.arange(shape[0], dtype=np.float32)[:, None],
        )
        self._bones: dict[tuple[str, str], tuple[ImageF32, ImageF32]] = {}
        self._arms: dict[str, tuple[ImageF32, ImageF32]] = {}

    def bone(self, start: str, end: str) -> tuple[ImageF32, ImageF32]:
        """Distance to the bone between two joints in units, and the place along it."""
        if (start, end) not in self._bones:
            distance, along = bone_distance(self.body[start], self.body[end], self.grid)
            self._bones[start, end] = distance / np.float32(self.body.unit), along
        return self._bones[start, end]

    def arm(self, side: str) -> tuple[ImageF32, ImageF32]:
        """Distance to an arm's bones in units, and where: 0 shoulder, 1 elbow, 2 wrist.

        Upper arms are thicker, so distances to them count less.
        """
        if side not in self._arms:
            upper, upper_along = self.bone(f"{side}_shoulder", f"{side}_elbow")
            lower, lower_along = self.bone(f"{side}_elbow", f"{side}_wrist")
            upper = upper / np.float32(1.15)
            along = np.where(
                upper < lower, np.clip(upper_along, 0, 1), 1 + np.clip(lower_along, 0, 1)
            )
            self._arms[side] = np.minimum(upper, lower), along
        return self._arms[side]

    def trunk(self) -> tuple[ImageF32, ImageF32]:
        """Distance to the trunk's axis in units, and where: 0 at the neck, 1 at the hips."""
        body = self.body
        x, y = self._from(body["neck"])
        dx, dy = (np.float32(value) for value in body.down)
        length = np.float32(max(body.torso_length, 0.5 * body.unit))
        across = np.abs(x * dy - y * dx) / np.float32(body.unit)
        along = (x * dx + y * dy) / length
        return across.astype(np.float32, copy=False), along.astype(np.float32, copy=False)

    def away(self, point: _F64) -> ImageF32:
        """Distance to a point in pixels."""
        x, y = self._from(point)
        away: ImageF32 = np.sqrt(x * x + y * y)
        return away

    def _from(self, point: _F64) -> tuple[ImageF32, ImageF32]:
        """Offsets of the pixels from a point, x (1, w) and y (h, 1)."""
        x, y = self.grid
        return x - np.float32(point[0]), y - np.float32(point[1])


def bone_distance(
    start: _F64, end: _F64, grid: tuple[ImageF32, ImageF32]
) -> tuple[ImageF32, ImageF32]:
    """Distance of each pixel to a bone, and where along the bone its nearest point is.

    Parameters
    ----------
    start, end
        (2,) points.
    grid
        x and y of the pixels, (h, w) float32 each (or shapes that broadcast to it).

    Returns
    -------
    distance
        (h, w) float32 in pixels.
    along
        (h, w) float32, 0 at the start, 1 at the end, not clipped.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.float32([[0, 5, 12]]), np.float32([[3, 3, 0]])
    >>> distance, along = bone_distance(np.zeros(2), np.array([10.0, 0.0]), (x, y))
    >>> distance.tolist(), along.round(1).tolist()
    ([[3.0, 3.0, 2.0]], [[0.0, 0.5, 1.2000000476837158]])
    """
    x, y = grid
    dx, dy = (np.float32(value) for value in end - start)
    length = np.maximum(dx * dx + dy * dy, np.float32(1e-6))
    from_x, from_y = x - np.float32(start[0]), y - np.float32(start[1])
    along = (from_x * dx + from_y * dy) / length
    nearest = np.clip(along, 0, 1)
    off_x, off_y = from_x - nearest * dx, from_y - nearest * dy
    distance: ImageF32 = np.sqrt(off_x * off_x + off_y * off_y)
    return distance, along


def polygon_mask(points: _F64, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels inside a polygon.

    Parameters
    ----------
    points
        (N, 2) corners.
    size
        Width and height.

    Returns
    -------
    numpy.ndarray
        (height, width) bool.
    """
    from cvfast.io.opencv import load_cv2

    cv2 = load_cv2()
    mask = np.zeros((size[1], size[0]), np.uint8)
    limit = 8 * max(size)
    corners = np.clip(np.asarray(points), -limit, limit)
    cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(bool)


def _unit(joints: dict[str, _F64]) -> float:
    """Shoulder width, or what the length of the trunk or the ears make of it if that is more."""

    def apart(a: str, b: str) -> float:
        return float(np.hypot(*(joints[a] - joints[b]))) if a in joints and b in joints else 0.0

    shoulders = apart("left_shoulder", "right_shoulder")
    trunk = max(apart("left_shoulder", "left_hip"), apart("right_shoulder", "right_hip"))
    ears = apart("left_ear", "right_ear")
    return max(shoulders, 0.6 * trunk, 1.5 * ears if not shoulders else 1.2 * ears, 4.0)


def _guess_missing(joints: dict[str, _F64], unit: float) -> None:
    """Fill in joints that a picture does not show: arms hanging, legs straight."""
    for side, other, sign in (("left", "right", 1.0), ("right", "left", -1.0)):
        if f"{side}_shoulder" not in joints:
            joints[f"{side}_shoulder"] = joints[f"{other}_shoulder"] + np.array([sign * unit, 0.0])
    neck = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    joints.setdefault("nose", neck - np.array([0.0, 0.62 * unit]))
    for side, other, sign in (("left", "right", 1.0), ("right", "left", -1.0)):
        shoulder = joints[f"{side}_shoulder"]
        if f"{side}_hip" not in joints:
            opposite = joints.get(f"{other}_hip")
            joints[f"{side}_hip"] = (
                shoulder + np.array([-sign * 0.17 * unit, 1.5 * unit])
                if opposite is None
                else opposite + np.array([sign * 0.6 * unit, 0.0])
            )
        hip = joints[f"{side}_hip"]
        straight = np.array([0.0, 1.25 * unit])
        elbow = joints.setdefault(f"{side}_elbow", shoulder + np.array([sign * 0.15, 0.85]) * unit)
        # An arm that leaves the picture goes on as it began.
        joints.setdefault(f"{side}_wrist", elbow + 0.85 * (elbow - shoulder))
        knee = joints.setdefault(f"{side}_knee", hip + straight)
        joints.setdefault(f"{side}_ankle", knee + straight)
        wrist = joints[f"{side}_wrist"]
        fingers = [joints[n] for n in (f"{side}_index", f"{side}_pinky") if n in joints]
        hand = np.mean(fingers, axis=0) if fingers else wrist + 0.3 * (wrist - elbow)
        # The knuckles are half-way to the finger tips.
        joints[f"{side}_hand"] = wrist + 1.6 * (hand - wrist) if fingers else hand
        ankle = joints[f"{side}_ankle"]
        joints.setdefault(f"{side}_toe", ankle + np.array([sign * 0.08, 0.18]) * unit)
