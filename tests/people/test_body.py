from __future__ import annotations

import numpy as np
import pytest
from cvfast.errors import NothingFoundError
from cvfast.people.body import Body, BodyMaps, bone_distance, polygon_mask
from cvfast.people.pose import Pose


def standing(**changes):
    """COCO-18 pose of somebody who stands before the camera; None takes a point away."""
    points = {
        "nose": (100, 50), "neck": (100, 90), "right_shoulder": (70, 90), "right_elbow": (60, 140),
        "right_wrist": (58, 185), "left_shoulder": (130, 90), "left_elbow": (140, 140),
        "left_wrist": (142, 185), "right_hip": (82, 185), "right_knee": (82, 260),
        "right_ankle": (82, 330), "left_hip": (118, 185), "left_knee": (118, 260),
        "left_ankle": (118, 330), "right_eye": (93, 44), "left_eye": (107, 44),
        "right_ear": (84, 50), "left_ear": (116, 50),
    } | changes  # fmt: skip
    return Pose(
        [point or (0, 0) for point in points.values()],
        [0.0 if point is None else 1.0 for point in points.values()],
        "coco18",
    )


def test_distance_to_a_bone_is_that_to_its_nearest_point():
    rng = np.random.default_rng(0)
    start, end = np.array([3.0, 8.0]), np.array([20.0, 15.0])
    points = rng.uniform(-5, 30, (50, 2)).astype(np.float32)
    on_bone = start + np.linspace(0, 1, 4001)[:, None] * (end - start)
    nearest = np.linalg.norm(points[:, None] - on_bone, axis=2).min(axis=1)
    distance, along = bone_distance(start, end, (points[:, 0], points[:, 1]))
    np.testing.assert_allclose(distance, nearest, atol=5e-3)
    middle, place = bone_distance(start, end, (np.float32([11.5]), np.float32([11.5])))
    assert middle[0] == pytest.approx(0, abs=1e-5)
    assert place[0] == pytest.approx(0.5)
    assert along.min() < 0
    assert along.max() > 1


def test_unit_is_the_width_of_the_shoulders():
    body = Body.of(standing())
    assert body.unit == pytest.approx(60, abs=5)
    assert body.faces_camera()
    assert "left_wrist" in body.seen


@pytest.mark.parametrize("side", ["left", "right"])
def test_missing_joints_are_guessed_on_the_right_side(side):
    lacking = {f"{side}_{joint}": None for joint in ("shoulder", "elbow", "wrist", "hip", "ankle")}
    body = Body.of(standing(neck=None, **lacking))
    sign = 1 if side == "left" else -1
    assert f"{side}_shoulder" not in body.seen
    assert sign * (body[f"{side}_shoulder"][0] - 100) > 10
    assert sign * (body[f"{side}_hip"][0] - 100) > 5
    assert body[f"{side}_wrist"][1] > body[f"{side}_elbow"][1] > body[f"{side}_shoulder"][1]


def test_an_arm_that_leaves_the_picture_goes_on():
    body = Body.of(standing(left_elbow=(180, 70), left_wrist=None))
    assert body["left_wrist"][0] > 200
    assert body["left_wrist"][1] < 70


def test_from_behind():
    mirrored = standing(
        left_shoulder=(70, 90), right_shoulder=(130, 90), nose=None, left_eye=None, right_eye=None
    )
    assert not Body.of(mirrored).faces_camera()


def test_nobody_without_shoulders():
    with pytest.raises(NothingFoundError, match="expected a pose with a shoulder"):
        Body.of(standing(left_shoulder=None, right_shoulder=None))


def test_maps_lie_along_arms_and_trunk():
    maps = BodyMaps(Body.of(standing()), (360, 200))
    distance, along = maps.arm("left")
    assert distance[140, 140] < 0.1
    assert along[115, 135] == pytest.approx(0.5, abs=0.05)
    assert along[160, 141] == pytest.approx(1.45, abs=0.1)
    across, down = maps.trunk()
    assert across[140, 100] < 0.02
    assert down[185, 100] == pytest.approx(1, abs=0.02)
    assert maps.arm("left")[0] is distance  # computed once


def test_polygon_mask():
    mask = polygon_mask(np.array([[2.0, 1.0], [6.0, 1.0], [6.0, 4.0], [2.0, 4.0]]), (9, 7))
    assert mask.shape == (7, 9)
    assert mask[1:5, 2:7].all()
    assert mask.sum() == 20
