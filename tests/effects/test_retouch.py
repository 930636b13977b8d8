"""retouch(): options, faces, kinds of picture."""

from __future__ import annotations

import dataclasses

import cvfast
import numpy as np
import pytest
from cvfast.effects.retouch import choose, find_landmarks
from cvfast.effects.slim import slim_face


@pytest.fixture(scope="module")
def pair(astronaut):
    """Two of her, the right one smaller."""
    from PIL import Image

    scene = np.full((512, 900, 3), 120, np.uint8)
    scene[:, :512] = astronaut
    small = np.asarray(Image.fromarray(astronaut).resize((330, 330)))
    scene[100:430, 540:870] = small
    return scene


def test_slim_face_narrows_the_jaw(astronaut, marks):
    slimmer = find_landmarks(cvfast.retouch(astronaut, slim_face=0.8))[0].to("dlib68").points
    before = marks.to("dlib68").points
    for left, right in ((3, 13), (4, 12), (5, 11)):
        old = np.linalg.norm(before[right, :2] - before[left, :2])
        new = np.linalg.norm(slimmer[right, :2] - slimmer[left, :2])
        assert 0.75 * old < new < 0.97 * old
    nose = np.linalg.norm(before[30, :2] - slimmer[30, :2])
    assert nose < 2


def test_slim_face_never_folds(marks):
    discs = slim_face(marks, 1.0)
    drag = np.linalg.norm(discs.values - discs.centers, axis=1)
    assert (drag < cvfast.kernels.warp.MAX_DRAG * discs.radii).all()


def test_a_face_seen_edge_on_is_no_error(astronaut, marks):
    points = marks.to("dlib68").points.copy()
    points[16, :2] = points[0, :2] + 4  # the far ear next to the near one
    narrow = dataclasses.replace(marks.to("dlib68"), points=points)
    cvfast.retouch(astronaut, slim_face=1.0, landmarks=narrow)


def test_no_effect_is_a_copy(astronaut):
    result = cvfast.retouch(astronaut)
    assert (result == astronaut).all()
    assert result is not astronaut


def test_a_picture_without_a_face_is_unchanged():
    blank = np.full((120, 160, 3), 99, np.uint8)
    assert (cvfast.retouch(blank, big_eyes=1.0, slim_face=1.0) == 99).all()


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 5, 3), (1, 1, 3), (1, 1), (2, 300, 3)])
def test_tiny_pictures(shape):
    image = np.full(shape, 7, np.uint8)
    assert cvfast.retouch(image, big_eyes=0.5).shape == shape


def test_all_largest_and_numbered_faces(pair):
    found = find_landmarks(pair)
    assert len(found) == 2
    changed = {}
    for faces in ("all", "largest", 0, 1):
        difference = (cvfast.retouch(pair, big_eyes=0.6, faces=faces) != pair).any(axis=2)
        changed[faces] = bool(difference[:, :512].any()), bool(difference[:, 512:].any())
    assert changed["all"] == (True, True)
    assert changed["largest"] == (True, False)
    assert sorted([changed[0], changed[1]]) == [(False, True), (True, False)]
    assert (cvfast.retouch(pair, big_eyes=0.6, faces=7) == pair).all()


def test_choose_largest(pair):
    assert choose(find_landmarks(pair), "largest")[0].points[:, 0].max() < 512


def test_float_grey_and_alpha(astronaut, marks):
    byte = cvfast.retouch(astronaut, big_eyes=0.5, landmarks=marks).astype(float)
    real = cvfast.retouch(astronaut.astype(np.float32) / 255, big_eyes=0.5, landmarks=marks)
    assert np.abs(real * 255 - byte).max() <= 1.5
    rgba = np.dstack([astronaut, np.full((512, 512), 200, np.uint8)])
    result = cvfast.retouch(rgba, big_eyes=0.5)
    assert (result[..., :3] == cvfast.retouch(astronaut, big_eyes=0.5)).all()
    assert (result[..., 3] == 200).all()
    grey = astronaut.mean(axis=2).astype(np.uint8)
    assert (cvfast.retouch(grey, big_eyes=0.5) != grey).any()


@pytest.mark.parametrize(
    ("landmarks", "kind"), [([(1, 2)], "tuple"), (np.ones((68, 2)), "ndarray")]
)
def test_landmarks_of_another_kind_are_refused(astronaut, landmarks, kind):
    with pytest.raises(TypeError, match=rf"landmarks: expected .*, got a sequence of {kind}"):
        cvfast.retouch(astronaut, big_eyes=0.5, landmarks=landmarks)


def test_a_view_with_strided_rows(astronaut):
    wide = np.zeros((512, 600, 3), np.uint8)
    wide[:, 40:552] = astronaut
    view = wide[:, 40:552]
    assert (cvfast.retouch(view, big_eyes=0.4) == cvfast.retouch(astronaut, big_eyes=0.4)).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"big_eyes": 1.5}, ValueError, r"big_eyes: expected a number in \[0, 1\], got 1.5"),
        ({"slim_face": -0.1}, ValueError, r"slim_face: expected a number in \[0, 1\]"),
        ({"big_eyes": float("nan")}, ValueError, "big_eyes"),
        ({"big_eyes": "much"}, TypeError, "big_eyes: expected a number"),
        ({"big_eyes": None}, TypeError, "big_eyes"),
        ({"faces": "some"}, ValueError, "faces: expected 'all', 'largest' or a number"),
        ({"faces": -1}, ValueError, "faces: expected a number from 0 on"),
        ({"faces": 1.5}, TypeError, "faces: expected 'all', 'largest' or an integer"),
    ],
)
def test_bad_options(astronaut, options, error, message):
    with pytest.raises(error, match=message):
        cvfast.retouch(astronaut, **options)


def test_bad_pictures(astronaut):
    with pytest.raises(TypeError, match="image: expected dtype uint8"):
        cvfast.retouch(astronaut.astype(float), big_eyes=0.4)
    with pytest.raises(ValueError, match="image: expected shape"):
        cvfast.retouch(astronaut[None], big_eyes=0.4)
    with pytest.raises(TypeError, match="image: expected a NumPy array"):
        cvfast.retouch("astronaut.png", big_eyes=0.4)
