from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MissingDependencyError, ModelError
from cvfast.faces import trees
from cvfast.faces.detectors import detect
from cvfast.faces.dlib import packaged_file
from cvfast.faces.fitting import landmarks
from cvfast.faces.types import Faces, Landmarks
from cvfast.kernels.trees import ShapeModel
from cvfast.models.face_trees import FaceTrees
from cvfast.models.shape_file import write_shape_file

FIVE = "shape_predictor_5_face_landmarks.dat"


def _error(found: Landmarks, mesh: Landmarks) -> float:
    """Mean distance to the mesh's points over the distance of the outer eye corners."""
    true = mesh.to(found.scheme).points[:, :2]
    apart = np.linalg.norm(mesh.points[33, :2] - mesh.points[263, :2])
    return float(np.linalg.norm(found.points - true, axis=1).mean() / apart)


def test_the_bundled_trees_agree_with_the_mesh(astronaut, astronaut_faces, astronaut_mesh) -> None:
    found = landmarks(astronaut, faces=astronaut_faces, model="trees")
    assert [(marks.scheme, len(marks)) for marks in found] == [("dlib68", 68)]
    assert found[0].score == pytest.approx(float(astronaut_faces.scores[0]))
    assert _error(found[0], astronaut_mesh) < 0.06


def test_they_need_no_dlib_and_no_detector_of_its_own(monkeypatch, astronaut) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    assert len(landmarks(astronaut, model="trees")) == 1
    assert landmarks(astronaut, model=f"trees:{FIVE}")[0].scheme == "dlib5"


def test_grey_small_and_mirrored_pictures(astronaut, astronaut_faces, astronaut_mesh) -> None:
    grey = np.ascontiguousarray(astronaut.mean(axis=2).astype(np.uint8))
    assert _error(landmarks(grey, faces=astronaut_faces, model="trees")[0], astronaut_mesh) < 0.06
    as_float = (astronaut / np.float32(255)).astype(np.float32)
    found = landmarks(as_float, faces=astronaut_faces, model="trees")[0]
    assert _error(found, astronaut_mesh) < 0.06
    mirrored = astronaut[:, ::-1]
    turned = landmarks(mirrored, model="trees")[0]
    assert _error(turned, landmarks(mirrored)[0]) < 0.08


def test_one_result_a_face_in_their_order(astronaut, astronaut_faces) -> None:
    boxes = np.array([(-30, -20, 40, 60), (177, 68, 273, 177), (480, 400, 700, 700)], float)
    faces = Faces(boxes, [0.1, 0.5, 0.9], np.zeros((3, 0, 2)), (512, 512))
    for model in ("trees", f"trees:{FIVE}"):
        found = landmarks(astronaut, faces=faces, model=model)
        assert [marks.score for marks in found] == pytest.approx([0.1, 0.5, 0.9])
        np.testing.assert_array_equal([marks.box for marks in found], boxes)
        assert all(np.isfinite(marks.points).all() for marks in found)


@pytest.mark.parametrize("count", [5, 68])
def test_dlibs_files_give_dlibs_answers(count: int, astronaut) -> None:
    import dlib

    file = f"shape_predictor_{count}_face_landmarks.dat"
    peer = dlib.shape_predictor(str(packaged_file(file)))
    rng = np.random.default_rng(2)
    for number in range(40 if count == 5 else 10):
        near = np.array((170, 65)) + rng.integers(-12, 12, 2)
        corner = near if number % 3 else rng.integers(-50, 470, 2)
        x, y, w, h = (int(v) for v in (*corner, *rng.integers(60, 140, 2)))
        expected = peer(astronaut, dlib.rectangle(x, y, x + w - 1, y + h - 1)).parts()
        faces = Faces([[x, y, x + w, y + h]], [1], [[]], (512, 512))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = landmarks(astronaut, faces=faces, model=f"trees:{file}")[0]
        np.testing.assert_array_equal(found.points, [(p.x, p.y) for p in expected])


def test_the_licence_notice(astronaut, astronaut_faces) -> None:
    with pytest.warns(UserWarning, match="may not be used commercially"):
        landmarks(
            astronaut,
            faces=astronaut_faces,
            model="trees:shape_predictor_68_face_landmarks.dat",
        )


def test_large_faces_are_averaged_down(astronaut, astronaut_faces) -> None:
    """Faces whose surroundings are over 2048 pixels wide."""
    large = np.repeat(np.repeat(astronaut, 8, axis=0), 8, axis=1)
    faces = Faces(astronaut_faces.boxes[:1] * 8, [1], [[]], (4096, 4096))
    here = landmarks(astronaut, faces=astronaut_faces, model=f"trees:{FIVE}")[0]
    there = landmarks(large, faces=faces, model=f"trees:{FIVE}")[0]
    np.testing.assert_allclose((there.points + 0.5) / 8 - 0.5, here.points, atol=2.5)


def _tiny(points: int) -> FaceTrees:
    still = ShapeModel(
        np.linspace(0.1, 0.9, 2 * points).reshape(-1, 2),
        [[0]],
        [[(0, 0)]],
        [[[(0, 0)]]],
        [[[0]]],
        np.zeros((1, 1, 2, 2 * points)),
    )
    return FaceTrees(still, side=32, margin=1.5)


def test_files_of_ones_own(tmp_path: Path, astronaut, astronaut_faces) -> None:
    path = tmp_path / "mine.safetensors"
    write_shape_file(path, _tiny(68))
    found = landmarks(astronaut, faces=astronaut_faces, model=f"trees:{path}")[0]
    x0, y0, x1, y1 = astronaut_faces.boxes[0]
    assert ((found.points > (x0, y0)) & (found.points < (x1, y1))).all()
    write_shape_file(path, _tiny(5), overwrite=True)  # a file that changed is read again
    assert len(landmarks(astronaut, faces=astronaut_faces, model=f"trees:{path}")[0]) == 5


def test_wrong_files(tmp_path: Path, monkeypatch, astronaut, astronaut_faces) -> None:
    broken, odd = tmp_path / "broken.dat", tmp_path / "odd.safetensors"
    broken.write_bytes(b"no model at all")
    write_shape_file(odd, _tiny(7))
    for file, message in (
        (broken, "broken.dat: expected a shape_predictor of dlib's or landmark trees"),
        (odd, "odd.safetensors: expected a model of 5 or 68 points, got 7"),
        (tmp_path / "gone.dat", "gone.dat: no such file"),
        (tmp_path, "no such file"),
        ("gone.dat", "gone.dat: no such file, nor one of that name"),
    ):
        with pytest.raises(ModelError, match=message):
            landmarks(astronaut, faces=astronaut_faces, model=f"trees:{file}")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[dlib\]'"):
        landmarks(astronaut, faces=astronaut_faces, model=f"trees:{FIVE}")


def test_misspelt_models(astronaut) -> None:
    for model in ("tree", "tress:FILE"):
        with pytest.raises(ValueError, match=r"model: expected one of .*'trees'"):
            landmarks(astronaut, model=model)


def test_no_faces(background) -> None:
    assert landmarks(background("gradient")[:200, :300], model="trees") == []


def test_the_bundled_file_is_read_once() -> None:
    assert trees._bundled() is trees._bundled()
    assert trees._bundled().count == 68
    assert [part.name for part in trees._bundled().fine] == [
        "right_eye", "left_eye", "nose", "mouth", "jaw",
    ]  # fmt: skip


def test_detections_of_either_detector_do(astronaut, astronaut_mesh) -> None:
    faces = detect(astronaut, model="hog", min_score=0.9)
    assert _error(landmarks(astronaut, faces=faces, model="trees")[0], astronaut_mesh) < 0.08
