"""Made faces: the same bytes, labels that meet the pixels, faces to those who look for faces."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast import detect, landmarks
from cvfast.synth.background import background
from cvfast.synth.base import base_face
from cvfast.synth.expression import EXPRESSIONS, Expression
from cvfast.synth.faces import Identity, Pose, make_face, split_of
from cvfast.synth.light import LIGHTS
from cvfast.synth.occlusion import OCCLUSIONS
from cvfast.synth.paint import LABELS
from cvfast.synth.scenes import make_scene

PLAIN = {"pose": (0, 0, 0), "expression": "neutral", "light": "soft", "occlusion": "none"}


def test_the_same_arguments_give_the_same_bytes_in_any_order() -> None:
    first = [make_face(i, seed=i, size=64) for i in range(4)]
    again = [make_face(i, seed=i, size=64) for i in reversed(range(4))][::-1]
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.points478, b.points478)
        assert np.array_equal(a.mask, b.mask)
    assert not np.array_equal(first[0].image, make_face(0, seed=9, size=64).image)


def test_what_is_given_does_not_change_the_rest() -> None:
    drawn = make_face(5, seed=3, size=64)
    facts = drawn.facts
    given = make_face(5, seed=3, size=64, pose=facts.pose, light=facts.light,
                      expression=facts.expression, occlusion=facts.occlusion)  # fmt: skip
    assert np.array_equal(given.image, drawn.image)


def test_the_base_face_is_its_own_mirror_image() -> None:
    base = base_face()
    assert np.allclose(base.points[base.mirror] * (-1, 1, 1), base.points, atol=1e-4)
    assert base.triangles.min() == 0
    assert len(np.unique(base.triangles)) == 468


@pytest.mark.parametrize("number", range(6))
def test_masks_lie_round_the_landmarks(number: int) -> None:
    face = make_face(number, seed=1, size=240, share=0.6, spoil=False, **PLAIN)
    glasses = face.mask == LABELS["occluder"]
    for start, name in ((36, "eyes"), (42, "eyes")):
        x, y = np.rint(face.points68[start : start + 6].mean(axis=0)).astype(int)
        assert face.mask[y, x] == LABELS[name] or glasses[y, x]
    for iris in (468, 473):
        x, y = np.rint(face.points478[iris, :2]).astype(int)
        assert face.mask[y, x] == LABELS["eyes"]
        sclera = face.image[y, x - 12 : x + 13].max()  # the white beside it
        assert int(face.image[y, x].max()) < int(sclera)  # the pupil is darker
    lips = face.points68[[51, 62]].mean(axis=0)
    x, y = np.rint(lips).astype(int)
    assert face.mask[y, x] == LABELS["lips"]
    x, y = np.rint(face.points68[33] - (0, 8)).astype(int)
    assert face.mask[y, x] == LABELS["skin"]


def test_an_open_mouth_shows_its_inside_and_a_shut_one_does_not() -> None:
    still = {**PLAIN, "spoil": False, "share": 0.6}
    shut = make_face(1, seed=0, size=200, **still)
    wide = make_face(1, seed=0, size=200, **{**still, "expression": Expression(jaw=1.0)})
    assert (wide.mask == LABELS["mouth"]).sum() > 40 + (shut.mask == LABELS["mouth"]).sum()
    apart = [np.hypot(*(f.points68[66] - f.points68[62])) for f in (shut, wide)]
    assert apart[1] > 5 * apart[0]


def test_closed_eyes_hide_the_eyes() -> None:
    still = {**PLAIN, "spoil": False, "share": 0.6}
    areas = [
        (make_face(1, seed=0, size=200, **{**still, "expression": kind}).mask == 3).sum()
        for kind in ("surprise", "closed_eyes")
    ]
    assert areas[1] < 0.2 * areas[0]


def test_boxes_surround_the_points_by_six_percent() -> None:
    face = make_face(2, seed=5, size=100)
    low, high = face.points68.min(axis=0), face.points68.max(axis=0)
    expected = np.concatenate([low - 0.06 * (high - low), high + 0.06 * (high - low)])
    assert np.allclose(face.box, expected, atol=1e-3)


def test_poses_turn_the_way_that_is_documented() -> None:
    def nose(pose: Pose) -> np.ndarray:
        points = make_face(0, seed=0, size=96, share=0.5, **{**PLAIN, "pose": pose}).points68
        return points[30] - (points[36] + points[45]) / 2

    front = nose(Pose())
    assert nose(Pose(yaw=0.5))[0] > front[0] + 3
    assert nose(Pose(pitch=0.4))[1] < front[1] - 1
    eyes = make_face(0, seed=0, size=96, **{**PLAIN, "pose": (0, 0, 0.4)}).points68[[36, 45]]
    assert eyes[1, 1] > eyes[0, 1] + 3  # clockwise as seen


def test_every_kind_can_be_made() -> None:
    for kind in EXPRESSIONS:
        make_face(0, seed=0, size=32, expression=kind)
    for kind in LIGHTS:
        make_face(0, seed=0, size=32, light=kind)
    for kind in OCCLUSIONS:
        hidden = make_face(8, seed=1, size=64, occlusion=kind, pose=(0, 0, 0)).facts
        assert hidden.occlusion == kind
        assert 0 <= hidden.occluded <= 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"seed": -1}, "seed: expected 0"),
        ({"size": 8}, "size: expected 16"),
        ({"share": 9.0}, "share: expected"),
        ({"expression": "sneeze"}, "expression: expected one of neutral"),
        ({"light": "moon"}, "light: expected one of soft"),
        ({"occlusion": "cat"}, "occlusion: expected one of none"),
        ({"background": np.zeros((3, 3, 3), np.uint8)}, "background: expected shape"),
    ],
)
def test_bad_arguments_are_named(change: dict[str, object], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        make_face(0, **{"seed": 0, "size": 64, **change})
    with pytest.raises(ValueError, match="identity"):
        Identity(-1)
    with pytest.raises(TypeError, match="identity"):
        Identity(1.5)


def test_splits_are_even_and_fixed() -> None:
    splits = [split_of(number) for number in range(1000)]
    assert 195 <= splits.count("test") <= 205
    wider = [split_of(number, 0.3) for number in range(1000)]
    assert all(b == "test" for a, b in zip(splits, wider, strict=True) if a == "test")


def test_detector_and_mesh_take_them_for_faces() -> None:
    errors, found = [], 0
    for number in range(16):
        face = make_face(number, seed=2, size=180, share=0.6, pose=(0.05, 0.0, 0.05),
                         occlusion="none", expression="neutral", light="soft")  # fmt: skip
        found += len(detect(face.image)) == 1
        for seen in landmarks(face.image)[:1]:
            across = face.points68[36:42].mean(axis=0) - face.points68[42:48].mean(axis=0)
            away = seen.to("dlib68").points[:, :2] - face.points68
            errors.append(np.hypot(*away.T).mean() / np.hypot(*across))
    assert found >= 15
    assert np.mean(errors) < 0.06


def test_backgrounds_hold_no_face() -> None:
    assert sum(len(detect(background(seed, (160, 120)))) for seed in range(12)) == 0


def test_a_scene_is_the_same_each_time_and_its_boxes_lie_apart() -> None:
    scene = make_scene(11, size=(240, 180), faces=3)
    assert np.array_equal(scene.image, make_scene(11, size=(240, 180), faces=3).image)
    assert 1 <= len(scene.faces) <= 3
    for face in scene.faces:
        x, y = np.rint((face.box[:2] + face.box[2:]) / 2).astype(int)
        assert scene.mask[y, x] != LABELS["background"]
    with pytest.raises(ValueError, match="faces"):
        make_scene(0, faces=(3, 2))
    with pytest.raises(ValueError, match="size"):
        make_scene(0, size=(10, 10))
