from __future__ import annotations

import numpy as np
import pytest
from cvfast.people.pose import Pose
from cvfast.people.pose_map import pose_map
from cvfast.people.schemes import SCHEMES

# MediaPipe's numbers of the 18 COCO points; the neck is half-way between the shoulders (11, 12).
COCO_OF_BLAZE = [0, None, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7]


def blaze(seed: int = 0) -> Pose:
    rng = np.random.default_rng(seed)
    return Pose(rng.uniform(0, 100, (33, 2)), rng.uniform(0.1, 1, 33), "blaze33")


def test_blaze_to_coco18_is_the_published_table() -> None:
    pose = blaze()
    coco = pose.to("coco18")
    for number, source in enumerate(COCO_OF_BLAZE):
        if source is None:
            assert coco.points[number] == pytest.approx(pose.points[[11, 12]].mean(axis=0))
            assert coco.confidence[number] == pose.confidence[[11, 12]].min()
        else:
            assert (coco.points[number] == pose.points[source]).all()
            assert coco.confidence[number] == pose.confidence[source]


def test_openpose_numbers_of_body25() -> None:
    pose = blaze()
    body = pose.to("body25")
    # OpenPose's output page: 8 mid-hip, 9 right hip, 12 left hip, 19 left big toe, 24 right heel.
    pairs = {9: 24, 12: 23, 4: 16, 7: 15, 19: 31, 22: 32, 21: 29, 24: 30, 15: 5, 18: 7}
    for number, source in pairs.items():
        assert (body.points[number] == pose.points[source]).all()
    assert body.points[8] == pytest.approx(pose.points[[23, 24]].mean(axis=0))
    assert body.confidence[20] == 0
    assert (body.points[20] == 0).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_two_schemes_share_survives_the_way_there_and_back(scheme: str) -> None:
    pose = blaze()
    back = pose.to(scheme).to("blaze33")
    there = back.confidence > 0
    assert there.sum() >= 15
    assert (back.points[there] == pose.points[there]).all()
    assert Pose.from_json(pose.to_json()).points.tolist() == pose.points.tolist()


def test_a_neck_needs_both_shoulders() -> None:
    pose = blaze()
    confidence = pose.confidence.copy()
    confidence[11] = 0
    assert not Pose(pose.points, confidence, "blaze33").to("coco18").has("neck")


def test_mirrored_swaps_names_and_keeps_places() -> None:
    pose = blaze()
    mirrored = pose.mirrored(101)
    assert mirrored.point("left_wrist").tolist() == pytest.approx(
        [100 - pose.point("right_wrist")[0], pose.point("right_wrist")[1]]
    )
    assert mirrored.mirrored(101).points == pytest.approx(pose.points)


@pytest.mark.parametrize(
    ("points", "confidence", "scheme", "message"),
    [
        (np.zeros((17, 2)), np.ones(17), "coco18", r"points: expected shape \(18, 2\), got"),
        (np.zeros((18, 2)), np.ones(17), "coco18", r"confidence: expected shape \(18,\)"),
        (np.zeros((18, 2)), np.full(18, 1.5), "coco18", r"expected values in \[0, 1\]"),
        (np.full((18, 2), np.nan), np.ones(18), "coco18", "expected finite numbers"),
        (np.zeros((18, 2)), np.ones(18), "coco19", "expected one of blaze33, coco18"),
    ],
)
def test_bad_poses_are_named(
    points: np.ndarray, confidence: np.ndarray, scheme: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Pose(points, confidence, scheme)


def test_a_drawing_changes_pixels_at_the_joints_alone() -> None:
    picture = np.full((120, 120, 3), 200, np.uint8)
    pose = Pose(np.full((18, 2), 60.0), np.eye(18)[0], "coco18")
    drawn = pose.draw(picture)
    assert (picture == 200).all()
    changed = np.argwhere((drawn != picture).any(axis=2))
    assert len(changed)
    assert np.abs(changed - 60).max() <= 4
    assert pose._repr_png_().startswith(b"\x89PNG")
    assert repr(pose) == "Pose(coco18, 1 of 18 points)"


def test_pose_map_is_the_rectangle_that_pil_draws() -> None:
    """CP-VTON draws ``rectangle((x-r, y-r, x+r, y+r))`` where x > 1 and y > 1."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(1)
    points = rng.uniform(-3, 70, (18, 2))
    points[0] = (0.5, 30)
    pose = Pose(points, np.ones(18), "coco18")
    for got, (x, y) in zip(pose_map(pose, (48, 64), radius=4), points, strict=True):
        one = Image.new("L", (48, 64))
        if x > 1 and y > 1:
            ImageDraw.Draw(one).rectangle((x - 4, y - 4, x + 4, y + 4), "white", "white")
        assert (got == np.array(one) / 255).all()


def test_pose_map_without_the_last_row_is_opencvs() -> None:
    pose = Pose(np.full((18, 2), 20.0), np.ones(18), "coco18")
    assert pose_map(pose, (48, 64), inclusive=False)[3].sum() == 100
    assert pose_map(pose.without_unsure(), (48, 64))[3, 15:26, 15:26].all()
    with pytest.raises(ValueError, match="radius: expected at least 1"):
        pose_map(pose, (48, 64), radius=0)
