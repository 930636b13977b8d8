"""A drawn doll with exact labels and pose: the tests' person, made of a few polygons."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from cvfast.people.part_zones import IDS
from cvfast.people.pose import Pose

SKIN, SHIRT, JEANS = (0.86, 0.67, 0.55), (0.25, 0.35, 0.62), (0.2, 0.2, 0.26)
_JOINTS = {
    "nose": (120, 52), "neck": (120, 92), "right_shoulder": (92, 92), "left_shoulder": (148, 92),
    "right_elbow": (74, 142), "left_elbow": (166, 142), "right_wrist": (66, 188),
    "left_wrist": (174, 188), "right_hip": (103, 190), "left_hip": (137, 190),
    "right_knee": (101, 250), "left_knee": (139, 250), "right_ankle": (100, 308),
    "left_ankle": (140, 308), "right_eye": (112, 46), "left_eye": (128, 46),
    "right_ear": (102, 50), "left_ear": (138, 50),
}  # fmt: skip
_ORDER = [
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
]


@dataclass
class Doll:
    image: np.ndarray  # (320, 240, 3) uint8
    labels: np.ndarray  # (320, 240) uint8
    pose: Pose


def doll(sleeve: str = "short", *, shirt: tuple[float, float, float] = SHIRT,
         left_arm: tuple[tuple[int, int], tuple[int, int]] | None = None,
         stripes: bool = False) -> Doll:  # fmt: skip
    """Draw the doll; `left_arm` moves its left elbow and wrist (before the trunk, if they are)."""
    joints = dict(_JOINTS)
    if left_arm is not None:
        joints["left_elbow"], joints["left_wrist"] = left_arm
    y, x = np.mgrid[:320, :240].astype(np.float32)
    image = np.stack([0.75 + x / 1600, 0.8 - y / 1600, 0.78 + 0 * x], axis=2)
    labels = np.zeros((320, 240), np.uint8)
    cloth = np.float32(shirt) * (1 + 0.06 * np.sin(x / 9) * np.sin(y / 14))[..., None]
    if stripes:
        cloth = np.where((y // 8 % 2 > 0)[..., None], cloth, np.float32(0.9))
    look = {
        "skin": np.float32(SKIN) + 0 * image,
        "cloth": cloth,
        "jeans": np.float32(JEANS) + 0 * image,
    }

    def draw(name: str, kind: str, polygon=None, line=None, width=0) -> None:
        mask = np.zeros((320, 240), np.uint8)
        if polygon is not None:
            cv2.fillPoly(mask, [np.array(polygon, np.int32)], 1)
        else:
            cv2.polylines(mask, [np.array(line, np.int32)], False, 1, width)
        image[mask > 0] = look[kind][mask > 0]
        labels[mask > 0] = IDS[name]

    def limb(side: str, share: float) -> list[tuple[float, float]]:
        a, b, c = (np.array(joints[f"{side}_{n}"]) for n in ("shoulder", "elbow", "wrist"))
        if share <= 1:
            return [tuple(a), tuple(a + share * (b - a))]
        return [tuple(a), tuple(b), tuple(b + (share - 1) * (c - b))]

    for side in ("left", "right"):
        draw(
            f"{side}_leg",
            "jeans",
            line=[joints[f"{side}_{n}"] for n in ("hip", "knee", "ankle")],
            width=26,
        )
        labels[labels == IDS[f"{side}_leg"]] = IDS["trousers"]
    draw("trousers", "jeans", polygon=[(92, 184), (148, 184), (152, 222), (122, 222), (120, 216),
                                       (118, 222), (88, 222)])  # fmt: skip
    draw("neck", "skin", polygon=[(110, 60), (130, 60), (133, 98), (107, 98)])
    mask = np.zeros((320, 240), np.uint8)
    cv2.ellipse(mask, (120, 48), (20, 27), 0, 0, 360, 1, -1)
    image[mask > 0], labels[mask > 0] = SKIN, IDS["face"]
    top = [(108, 84), (88, 88), (90, 130), (98, 200), (142, 200), (150, 130), (152, 88)]
    draw("upper", "cloth", polygon=[*top, (132, 84), (126, 94), (114, 94)])
    reach = {"none": 0.0, "short": 0.62, "long": 2.0}[sleeve]
    for side in ("right", "left"):
        draw(f"{side}_arm", "skin", line=limb(side, 2.0), width=15)
        if reach:
            draw(f"{side}_sleeve", "cloth", line=limb(side, reach), width=20)
        mask = np.zeros((320, 240), np.uint8)
        cv2.circle(mask, joints[f"{side}_wrist"], 9, 1, -1)
        image[mask > 0], labels[mask > 0] = SKIN, IDS[f"{side}_hand"]
    points = np.array([joints[name] for name in _ORDER], np.float64)
    levels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Doll(levels, labels, Pose(points, np.ones(18), "coco18"))
