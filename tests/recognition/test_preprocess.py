"""Faces made ready: eyes in their places, histogram, oval, settings."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from cvfast import Landmarks
from cvfast.recognition.preprocess import (
    Preprocessing,
    align_by_eyes,
    align_face,
    equalise_histogram,
    oval,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays


def five(right: tuple[float, float], left: tuple[float, float]) -> Landmarks:
    """A face of which only the eyes matter."""
    others = [(50, 60), (40, 70), (60, 70)]
    return Landmarks(np.array([right, left, *others]), "five", 1.0, [0, 0, 100, 100])


def dotted(*centres: tuple[float, float], size: int = 200, spread: float = 5.0) -> np.ndarray:
    """Smooth bright spots, whose centres of mass a resampling keeps."""
    y, x = np.mgrid[:size, :size]
    spots = [np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * spread**2)) for cx, cy in centres]
    return np.rint(255 * np.sum(spots, axis=0).clip(0, 1)).astype(np.uint8)


@pytest.mark.parametrize("degrees", [-40, 0, 25, 170])
@pytest.mark.parametrize("apart", [24.0, 80.0])
def test_the_eyes_come_to_their_places(degrees: float, apart: float) -> None:
    angle = np.radians(degrees)
    along = np.array([np.cos(angle), np.sin(angle)]) * apart / 2
    middle = np.array([97.3, 104.6])
    right, left = middle - along, middle + along
    spread = apart / 16
    size = (80, 60)

    for eye, x in ((right, 0.3 * 80 - 0.5), (left, 0.7 * 80 - 0.5)):
        aligned = align_by_eyes(dotted(tuple(eye), spread=spread), five(right, left), size)
        weight = aligned[..., 0].astype(float)
        rows, columns = np.mgrid[:60, :80]
        found = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
        np.testing.assert_allclose(found, [x, 0.36 * 60 - 0.5], atol=0.1)


def test_shrinking_averages() -> None:
    stripes = np.zeros((400, 400), np.uint8)
    stripes[:, ::2] = 200
    face = align_by_eyes(stripes, five((150, 150), (230, 150)), (32, 32))
    assert np.ptp(face[8:24, 8:24]) <= 40, "single pixels shine through"
    assert abs(face[8:24, 8:24].mean() - 100) < 3


def test_grey_float_and_colour_pictures_agree() -> None:
    grey = dotted((60, 80), (120, 70))
    marks = five((60, 80), (120, 70))
    floats = (grey / 255).astype(np.float32)
    expected = align_face(grey, marks)
    for picture in (np.stack([grey] * 3, axis=-1), floats):
        apart = np.abs(align_face(picture, marks).astype(int) - expected)
        assert apart.max() <= 2


@given(arrays.arrays(np.uint8, (7, 9), elements=st.integers(0, 255)))
def test_equalisation_is_opencvs(grey: np.ndarray) -> None:
    expected = cv2.equalizeHist(grey) if len(np.unique(grey)) > 1 else grey
    assert np.abs(equalise_histogram(grey).astype(int) - expected).max() <= 1


def test_light_does_not_matter() -> None:
    grey = np.random.default_rng(0).integers(0, 120, (40, 40), np.uint8)
    np.testing.assert_array_equal(equalise_histogram(grey), equalise_histogram(grey * 2 + 10))


def test_what_is_outside_the_oval_does_not_matter() -> None:
    marks, rng = five((35, 36), (64, 36)), np.random.default_rng(0)
    face = rng.integers(0, 256, (100, 100), np.uint8)
    steps = Preprocessing((100, 100), eye_from_side=0.355, eye_from_top=0.365).steps
    same = steps(face, marks)
    np.testing.assert_array_equal(same["grey"], face)
    other = face.copy()
    other[~oval((100, 100))] = 7
    np.testing.assert_array_equal(steps(other, marks)["masked"], same["masked"])
    assert set(np.unique(same["masked"][~oval((100, 100))])) == {128}


def test_the_steps_and_their_order() -> None:
    marks, face = five((35, 36), (65, 36)), dotted((35, 36), (65, 36), size=100)
    steps = Preprocessing().steps(face, marks)
    assert list(steps) == ["aligned", "grey", "equalised", "masked"]
    assert [one.shape for one in steps.values()] == [(64, 64, 3)] + [(64, 64)] * 3
    np.testing.assert_array_equal(steps["masked"], align_face(face, marks))
    assert list(Preprocessing(equalise=False, mask=False).steps(face, marks)) == ["aligned", "grey"]


def test_settings_survive_json() -> None:
    settings = Preprocessing((40, 50), equalise=False, eye_from_top=0.4)
    text = json.dumps(settings.as_dict())
    assert Preprocessing.from_dict(json.loads(text)) == settings


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"size": (4, 64)}, ValueError, "size: expected sides of 8 to 1024"),
        ({"size": (64.0, 64)}, TypeError, "size: expected"),
        ({"size": [64]}, TypeError, "size: expected"),
        ({"mask": 1}, TypeError, "mask: expected True or False"),
        ({"eye_from_side": 0.5}, ValueError, "eye_from_side: expected a share in"),
        ({"eye_from_top": float("nan")}, ValueError, "eye_from_top: expected a share in"),
        ({"blur": 3}, ValueError, "expected known settings"),
    ],
)
def test_bad_settings_are_refused(settings: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        Preprocessing.from_dict(settings)


@pytest.mark.parametrize("eye", [(40.0, 40.0), (float("nan"), 40.0)])
def test_eyes_in_one_place_are_refused(eye: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"finite|two eyes in different places"):
        align_face(np.zeros((90, 90), np.uint8), five(eye, (40.0, 40.0)))


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        align_face(np.zeros((0, 0), np.uint8), five((4, 4), (9, 4)))
