from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvfast.errors import MediaError, OutputExistsError
from cvfast.people.openpose import read_openpose, write_openpose
from cvfast.people.pose import Pose

COCO = [value for number in range(18) for value in (10.0 + number, 20.0 + number, 0.75)]


def written(folder: Path, content: Any) -> Path:
    file = folder / "a_keypoints.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return file


@pytest.mark.parametrize("key", ["pose_keypoints", "pose_keypoints_2d"])
@pytest.mark.parametrize(
    ("count", "scheme"), [(18, "coco18"), (25, "body25"), (17, "coco17"), (33, "blaze33")]
)
def test_both_keys_and_four_schemes(tmp_path: Path, key: str, count: int, scheme: str) -> None:
    numbers = [value for number in range(count) for value in (10 + number, 20 + number, 0.5)]
    (pose,) = read_openpose(written(tmp_path, {"version": 1, "people": [{key: numbers}]}))
    assert (pose.scheme, len(pose)) == (scheme, count)
    assert pose.points[2].tolist() == [12, 22]


def test_missing_points_of_both_conventions(tmp_path: Path) -> None:
    numbers = [*COCO]
    numbers[3:6], numbers[6:9], numbers[9:12] = [0, 0, 0], [-1, -1, 0.9], [5, 5, 1.02]
    (pose,) = read_openpose(written(tmp_path, {"people": [{"pose_keypoints": numbers}]}))
    assert pose.confidence[:4].tolist() == [0.75, 0, 0, 1]


def test_what_is_written_is_read_again_under_both_keys(tmp_path: Path) -> None:
    pose = Pose(np.arange(66).reshape(33, 2) + 3.25, np.full(33, 0.5), "blaze33")
    file = tmp_path / "a_keypoints.json"
    write_openpose(file, [pose, pose])
    one = json.loads(file.read_text())["people"][0]
    assert one["pose_keypoints"] == one["pose_keypoints_2d"]
    assert len(one["pose_keypoints"]) == 54
    first, second = read_openpose(file)
    assert (first.points == pose.to("coco18").points).all()
    assert (second.confidence == 0.5).all()
    with pytest.raises(OutputExistsError):
        write_openpose(file, [])
    assert read_openpose(written(tmp_path, {"people": []})) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected JSON as OpenPose writes it"),
        ("[" * 100_000, "expected JSON as OpenPose writes it"),
        ([], "expected an object with a list 'people'"),
        ({"people": {}}, "expected an object with a list 'people'"),
        ({"people": [5]}, r"people\[0\]: expected pose_keypoints or pose_keypoints_2d"),
        ({"people": [{"pose_keypoints": [1.0] * 84}]}, r"got 84 numbers \(28 points\)"),
        ({"people": [{"pose_keypoints": [1.0] * 53}]}, r"got 53 numbers \(17\.6667 points\)"),
        ({"people": [{"pose_keypoints": None}]}, "got no list"),
        ({"people": [{"pose_keypoints": ["x"] * 54}]}, "expected numbers alone"),
        ({"people": [{"pose_keypoints": [[1]] * 54}]}, "expected numbers alone|got"),
        ({"people": [{"pose_keypoints": [5.0, 5.0, -1.0] * 18}]}, "confidences of at least 0"),
        ({"people": [{"pose_keypoints": [10**400] * 54}]}, "expected numbers alone"),
        ({"people": [{"pose_keypoints": [1e30, 5.0, 1.0] * 18}]}, "numbers up to 1e"),
        ({"people": [{"pose_keypoints": [0.5, 0.2, 0.9] * 18}]}, "got coordinates from 0 to 1"),
        (
            {"people": [{"pose_keypoints": COCO, "pose_keypoints_2d": COCO[::-1]}]},
            "differ; remove one",
        ),
    ],
)
def test_bad_files_are_named(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(MediaError, match=message) as caught:
        read_openpose(written(tmp_path, content))
    assert "a_keypoints.json" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone.json: cannot be read \(No such file"):
        read_openpose(tmp_path / "gone.json")
