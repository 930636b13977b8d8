from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MissingDependencyError, ModelError
from cvfast.faces import dlib as adapter
from cvfast.faces.detectors import detect
from cvfast.faces.fitting import landmarks
from cvfast.faces.types import Faces, Landmarks
from cvfast.kernels.nms import iou

FILE = "shape_predictor_68_face_landmarks.dat"


def _errors(found: Landmarks, mesh: Landmarks) -> np.ndarray:
    """Distances to the mesh's points, in distances between the eyes."""
    right, left = mesh.to("five").points[:2, :2]
    same = mesh.to(found.scheme).points[:, :2]
    return np.linalg.norm(found.points - same, axis=1) / np.linalg.norm(right - left)


def test_hog_finds_the_astronaut(astronaut: np.ndarray, astronaut_faces: Faces) -> None:
    faces = detect(astronaut, model="hog", min_score=0.9)
    assert (len(faces), faces.keypoints.shape, faces.size) == (1, (1, 0, 2), (512, 512))
    assert iou(faces.boxes, astronaut_faces.boxes)[0, 0] > 0.7


def test_hog_scores_follow_its_threshold(astronaut: np.ndarray) -> None:
    counts = [len(detect(astronaut, model="hog", min_score=low)) for low in (0.0, 0.5, 0.95, 1.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[1:] == [2, 1, 0]  # at dlib's own threshold the badge on her arm is a face too


def test_hog_sees_large_and_small_pictures_alike(paste, background) -> None:
    scene = background("gradient")
    expected = paste(scene, 200, (700, 300))
    big = np.repeat(np.repeat(scene, 2, axis=0), 2, axis=1)
    for picture, scale in ((scene, 1), (big, 2)):
        faces = detect(picture, model="hog")
        assert len(faces) == 1
        assert iou(faces.boxes / np.float32(scale), expected[None])[0, 0] > 0.5


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (16, 16, 3)])
def test_hog_in_tiny_pictures(shape: tuple[int, ...]) -> None:
    assert len(detect(np.zeros(shape, np.uint8), model="hog")) == 0


def test_five_points_agree_with_the_mesh(astronaut, astronaut_faces, astronaut_mesh) -> None:
    found = landmarks(astronaut, faces=astronaut_faces, model="dlib5")
    assert [marks.scheme for marks in found] == ["dlib5"]
    assert _errors(found[0], astronaut_mesh).max() < 0.06


@pytest.mark.parametrize("detector", ["hog", "blazeface"])
def test_68_points_agree_with_the_mesh(detector, astronaut, astronaut_mesh) -> None:
    faces = detect(astronaut, model=detector)[:1]
    with pytest.warns(UserWarning, match="may not be used commercially"):
        found = landmarks(astronaut, faces=faces, model=f"dlib68:{FILE}")[0]
    errors = _errors(found, astronaut_mesh)
    assert errors.mean() < 0.06
    assert errors[36:68].mean() < 0.04  # eyes and lips
    assert errors.max() < 0.15


def test_68_points_from_a_path(astronaut, astronaut_faces) -> None:
    path = adapter.packaged_file(FILE)
    with pytest.warns(UserWarning, match="300-W"):
        assert len(landmarks(astronaut, faces=astronaut_faces, model=f"dlib68:{path}")[0]) == 68


def test_wrong_files(tmp_path: Path, astronaut, astronaut_faces) -> None:
    broken = tmp_path / "broken.dat"
    broken.write_bytes(b"no model")
    five = adapter.packaged_file("shape_predictor_5_face_landmarks.dat")
    for file, message in (
        (broken, "broken.dat: dlib cannot read this landmark model"),
        (five, "expected a model of 68 points, got 5"),
    ):
        with pytest.raises(ModelError, match=message), pytest.warns(UserWarning, match="300-W"):
            landmarks(astronaut, faces=astronaut_faces, model=f"dlib68:{file}")
    with pytest.raises(ModelError, match=r"gone.dat: no such file, nor one of that name"):
        landmarks(astronaut, faces=astronaut_faces, model="dlib68:gone.dat")


def test_missing_extra_names_the_command(monkeypatch, astronaut, astronaut_faces) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    monkeypatch.delattr(adapter._local, "hog", raising=False)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[dlib\]'"):
        detect(astronaut, model="hog")
    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[dlib\]'"):
        landmarks(astronaut, faces=astronaut_faces, model="dlib5")
