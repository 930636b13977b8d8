"""Turned faces seen from the front."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast import landmarks
from cvfast.faces.mean_face import mean_face, mean_face_mirror, mean_face_triangles
from cvfast.faces.schemes import group
from cvfast.faces.types import Landmarks
from cvfast.recognition.frontal import EYES, frontalise
from cvfast.synth.faces import MadeFace, make_face
from PIL import Image


def made(number: int, yaw: float, *, size: int = 256, pitch: float = 0) -> MadeFace:
    pose = (np.radians(yaw), np.radians(pitch), 0.0)
    return make_face(
        number, seed=number, size=size, pose=pose, expression="neutral", light="soft",
        occlusion="none",
    )  # fmt: skip


def known(face: MadeFace, scheme: str = "mesh478") -> Landmarks:
    points = face.points478 if scheme == "mesh478" else face.points68
    return Landmarks(points, scheme, 1.0, face.box)


def yaw_of(image: np.ndarray) -> float:
    """Yaw in degrees that the face mesh sees."""
    found = landmarks(np.pad(image, ((60, 60), (60, 60), (0, 0))))
    assert len(found) == 1
    return float(np.degrees(found[0].pose.yaw))


@pytest.mark.parametrize("number", range(6))
def test_a_face_at_45_degrees_is_turned_to_the_front(number: int) -> None:
    face = made(number, 45 if number % 2 else -45)
    seen = landmarks(face.image)[0]
    assert abs(np.degrees(seen.pose.yaw)) > 30
    for marks in (seen, seen.to("dlib68")):
        assert abs(yaw_of(frontalise(face.image, marks).image)) < 3  # the issue asks for 8


def test_a_straight_face_stays_what_it_is() -> None:
    face = made(7, 0)
    frontal = frontalise(face.image, known(face))
    assert (frontal.visible == frontal.face).mean() > 0.98
    # Against Pillow's affine map of the whole picture, which the camera's is without depth.
    skin = np.linalg.norm(face.points478[:468, :2] - face.points478[4, :2], axis=1) < 60
    here = np.column_stack([frontal.points[:468][skin], np.ones(skin.sum())])
    affine, *_ = np.linalg.lstsq(here, face.points478[:468, :2][skin], rcond=None)
    a, b = affine.T
    for row in (a, b):  # Pillow counts from the corners of pixels
        row[2] += 0.5 - 0.5 * (row[0] + row[1])
    matrix = (*a, *b)
    plain = Image.fromarray(face.image).transform((152, 152), Image.Transform.AFFINE, matrix, 2)
    middle = np.s_[30:125, 40:112]
    apart = np.abs(frontal.image.astype(float) - np.asarray(plain, float))[middle]
    assert apart.mean() < 3


def test_the_eyes_come_where_they_are_documented() -> None:
    places = []
    for number in range(8):
        face = made(number, 15 if number % 2 else -15)
        points = frontalise(face.image, known(face)).points
        five = Landmarks(points, "mesh478", 1.0, face.box).to("five").points
        places.append((five[:2] + 0.5) / 152)
    assert np.abs(np.mean(places, axis=0) - EYES).max() < 0.03
    assert np.abs(places - np.array(EYES)).max() < 0.08


@pytest.mark.parametrize("side", [1, -1])
def test_what_the_camera_does_not_see_comes_from_the_other_side(side: int) -> None:
    face = made(11, 50 * side)
    frontal = frontalise(face.image, known(face))
    seen, hidden = (frontal.visible[:, part].mean() for part in halves(side))
    assert seen > 0.7
    assert hidden < 0.25
    other = frontal.image[:, ::-1].astype(float)
    left, _ = halves(1)
    both = (frontal.face & frontal.face[:, ::-1])[:, left]
    apart = np.abs(frontal.image[:, left] - other[:, left]).mean(axis=-1)
    assert apart[both].mean() < 8  # mirror images but for the camera's mean shape
    # A seam would be a step at the middle that the unturned face does not have.
    straight = frontalise(made(11, 0).image, known(made(11, 0))).image.astype(float)
    turned, unturned = (
        np.abs(np.diff(view, axis=1))[20:140, 70:82].mean()
        for view in (frontal.image.astype(float), straight)
    )
    assert turned < 1.5 * unturned + 1


def halves(side: int) -> tuple[slice, slice]:
    """Columns towards the camera and away from it."""
    left, right = slice(0, 60), slice(92, 152)
    return (left, right) if side > 0 else (right, left)


def test_the_picture_mirrored_gives_the_view_mirrored() -> None:
    face = made(12, 35)
    points = face.points478[mean_face_mirror()].copy()
    points[:, 0] = 255 - points[:, 0]
    mirrored = Landmarks(points, "mesh478", 1.0, face.box)
    one = frontalise(face.image, known(face)).image.astype(float)
    two = frontalise(np.ascontiguousarray(face.image[:, ::-1]), mirrored).image[:, ::-1]
    assert np.abs(one - two).mean() < 1


def test_where_the_picture_ends_the_other_side_is_taken() -> None:
    face = made(13, 0)
    nose = int(face.points478[4, 0])
    cut = np.ascontiguousarray(face.image[:, : nose + 20])
    frontal = frontalise(cut, known(face))
    whole = frontalise(face.image, known(face))
    assert (frontal.face == whole.face).all()
    assert frontal.visible[:, 110:].sum() == 0
    assert np.abs(frontal.image[:, 110:] - whole.image[:, 110:].astype(float)).mean() < 25
    # Of a face whose both sides are cut, what is missing is black and said to be missing.
    middle = np.ascontiguousarray(face.image[:, nose - 15 : nose + 15])
    strip = frontalise(middle, moved(face, nose - 15))
    assert not strip.face[:, :30].any()
    assert strip.face[70, 76]
    assert (strip.image[~strip.face] == 0).all()


def moved(face: MadeFace, left: int) -> Landmarks:
    return Landmarks(face.points478 - np.float32([left, 0, 0]), "mesh478", 1.0, face.box)


def test_large_pictures_are_averaged_and_not_sampled() -> None:
    face = made(14, 20, size=128)
    noise = np.random.default_rng(0).integers(0, 256, (1280, 1280, 3), np.uint8)
    marks = Landmarks(face.points478 * 10, "mesh478", 1.0, face.box)
    frontal = frontalise(noise, marks)
    assert frontal.image[40:120, 50:100].std() < 30  # 74 of the noise itself


def test_kinds_of_pictures_give_the_same_view() -> None:
    face = made(15, 25, size=96)
    grey = face.image.mean(axis=-1).astype(np.uint8)
    marks = known(face)
    real = frontalise(face.image.astype(np.float32) / 255, marks).image
    assert (frontalise(face.image, marks).image == real).mean() > 0.99
    view = frontalise(grey, marks).image
    assert (view[..., 0] == view[..., 2]).all()
    assert frontalise(grey, known(face, "dlib68"), size=40).image.shape == (40, 40, 3)
    tiny = made(15, 25, size=16)
    assert frontalise(tiny.image, known(tiny)).face.mean() > 0.5


def test_the_same_bytes_for_every_number_of_threads() -> None:
    face = made(16, 30)
    one, two = (frontalise(face.image, known(face), threads=n) for n in (1, 2))
    assert (one.image == two.image).all()


def test_bad_input_is_named() -> None:
    face = made(17, 0, size=64)
    line = np.column_stack([np.arange(478.0), np.arange(478.0)])
    nan = np.full((478, 2), np.nan)
    flipped = face.points478 * np.float32([-1, 1, 1]) + np.float32([63, 0, 0])
    for points, message in (
        (line, "all on one line"),
        (np.ones((478, 2)), "all on one line"),
        (nan, "finite"),
        (flipped, "mirror image"),
        (face.points478 + 500, "got one outside"),
        (face.points478 * 1e6, "within 90,000"),
    ):
        with pytest.raises(ValueError, match=message):
            frontalise(face.image, Landmarks(points, "mesh478", 1.0, face.box))
    with pytest.raises(ValueError, match="mesh478 or dlib68, got five"):
        frontalise(face.image, known(face).to("five"))
    with pytest.raises(ValueError, match="size: expected 16 to 1024"):
        frontalise(face.image, known(face), size=8)
    with pytest.raises(TypeError, match="landmarks: expected Landmarks"):
        frontalise(face.image, face.points478)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="dtype"):
        frontalise(face.image.astype(np.int32), known(face))  # type: ignore[arg-type]


def test_the_meshs_triangles_are_symmetric_and_the_right_way_round() -> None:
    corners, mirror = mean_face_triangles(closed=True), mean_face_mirror()
    a, b, c = (mean_face()[corners[:, k], :2] for k in range(3))
    areas = np.cross(np.pad(b - a, ((0, 0), (0, 1))), np.pad(c - a, ((0, 0), (0, 1))))[:, 2]
    assert (areas > 0).all()
    # The closed mesh covers what its outline encloses, once, but for slivers at its rim.
    x, y = mean_face()[group("mesh478", "oval"), :2].T
    outline = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    assert areas.sum() / 2 == pytest.approx(outline, rel=2e-3)
    assert mean_face()[mirror] * (-1, 1, 1) == pytest.approx(mean_face(), abs=2e-3)
