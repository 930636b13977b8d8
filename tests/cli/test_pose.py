from __future__ import annotations

import json

import pytest
from cvfast.cli.talking import portrait_path
from cvfast.io.images import read_image
from cvfast.people.openpose import read_openpose


def test_pose_of_the_astronaut_in_text_json_and_openpose(run, tmp_path):
    folder = tmp_path / "poses"
    drawn = tmp_path / "drawn.png"
    result = run("pose", portrait_path(), "-o", drawn, "--openpose", folder)
    assert (result.code, result.err) == (0, "")
    assert "1 person" in result.out
    assert "33 points surely seen" in result.out
    assert (read_image(drawn).pixels != read_image(portrait_path()).pixels).any()
    (pose,) = read_openpose(folder / "astronaut_keypoints.json")
    assert pose.scheme == "coco18"
    assert pose.point("nose") == pytest.approx((222, 125), abs=15)
    again = run("pose", portrait_path(), "--openpose", folder)
    assert again.code == 2
    assert "astronaut_keypoints.json" in again.err
    as_json = run("pose", portrait_path(), "--scheme", "body25", "--json")
    (person,) = as_json.records[0]["people"]
    assert len(person["points"]) == len(person["confidence"]) == 25
    assert as_json.records[0]["size"] == [512, 512]


def test_nobody_is_told_and_counts_when_strict(run, samples, tmp_path):
    result = run("pose", samples / "plain.jpg", "--openpose", tmp_path, "--strict")
    assert result.code == 3
    assert "nobody" in result.out
    assert json.loads((tmp_path / "plain_keypoints.json").read_text())["people"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scheme", "coco19"), "expected one of blaze33, coco18"),
        (("--people", "0"), "--people: expected at least 1"),
    ],
)
def test_wrong_options(run, samples, words, said):
    result = run("pose", samples / "plain.jpg", *words)
    assert result.code == 2
    assert said in result.err


def test_photos_of_one_name_are_refused_before_any_work(run, samples, tmp_path):
    (tmp_path / "plain.png").write_bytes((samples / "face.png").read_bytes())
    result = run(
        "pose", samples / "plain.jpg", tmp_path / "plain.png", "--openpose", tmp_path / "out"
    )
    assert result.code == 2
    assert "would both be" in result.err
    assert run("pose", samples / "face.mp4", "--openpose", tmp_path / "out").code != 0
