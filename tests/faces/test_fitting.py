from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
from cvfast.faces.detectors import detect
from cvfast.faces.fitting import landmarks
from cvfast.faces.frames import frame_reader
from cvfast.faces.mesh import FaceMesh
from cvfast.faces.types import Faces, Landmarks
from cvfast.io.frame import Frame
from PIL import Image

EYES = [33, 159, 133, 145, 362, 386, 263, 374, 468, 473]


def _eye_distance(marks: Landmarks) -> float:
    right, left = marks.to("five").points[:2, :2]
    return float(np.linalg.norm(right - left))


def test_mesh_of_the_astronaut(astronaut_mesh: Landmarks) -> None:
    assert (astronaut_mesh.scheme, astronaut_mesh.points.shape) == ("mesh478", (478, 3))
    assert astronaut_mesh.score > 0.95
    # Read off the picture by eye, enlarged 20 times.
    np.testing.assert_allclose(astronaut_mesh.points[468, :2], [203.1, 100.4], atol=1)
    np.testing.assert_allclose(astronaut_mesh.points[473, :2], [246.1, 102.9], atol=1)
    np.testing.assert_allclose(astronaut_mesh.points[133, :2], [212.9, 103.6], atol=1.2)


def test_result_hardly_depends_on_the_box(astronaut: np.ndarray, astronaut_faces: Faces) -> None:
    rng = np.random.default_rng(0)
    box = astronaut_faces.boxes[0]
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    found = []
    for _ in range(12):
        c, h = centre + rng.uniform(-6, 6, 2), half * rng.uniform(0.9, 1.12)
        keypoints = astronaut_faces.keypoints + rng.normal(0, 1, (1, 6, 2))
        shaken = Faces([[*(c - h), *(c + h)]], [1], keypoints, astronaut_faces.size)
        found.append(landmarks(astronaut, faces=shaken)[0].points[:, :2])
    spread = np.std(found, axis=0)
    assert spread.mean() < 0.3
    assert spread[EYES].max() < 0.3


@pytest.mark.parametrize(("width", "tolerance"), [(40, 0.03), (100, 0.015), (400, 0.015)])
def test_size_hardly_matters(
    width: int, tolerance: float, astronaut: np.ndarray, astronaut_mesh: Landmarks
) -> None:
    side = round(512 * width / 96)
    picture = np.asarray(Image.fromarray(astronaut).resize((side, side), Image.Resampling.LANCZOS))
    marks = landmarks(picture)[0]
    points = (marks.points[:, :2] + 0.5) * (512 / side) - 0.5
    errors = np.linalg.norm(points - astronaut_mesh.points[:, :2], axis=1)
    assert errors.mean() / _eye_distance(astronaut_mesh) < tolerance


def test_tilted_head(astronaut: np.ndarray, astronaut_mesh: Landmarks) -> None:
    tilted = Image.fromarray(astronaut).rotate(-30, Image.Resampling.BICUBIC, fillcolor=(90,) * 3)
    roll = landmarks(np.asarray(tilted))[0].pose.roll
    assert np.degrees(roll - astronaut_mesh.pose.roll) == pytest.approx(30, abs=2)


def test_one_result_per_face_in_their_order(paste, background) -> None:
    scene = background("gradient")
    for width, corner in ((60, (100, 100)), (120, (900, 400)), (80, (1500, 100))):
        paste(scene, width, corner)
    faces = detect(scene)[::-1]
    nothing = Faces([[400, 800, 480, 880]], [0.9], np.zeros((1, 6, 2)), faces.size)
    asked = Faces(
        np.concatenate([faces.boxes[:1], nothing.boxes, faces.boxes[1:]]),
        np.ones(4),
        np.concatenate([faces.keypoints[:1], nothing.keypoints, faces.keypoints[1:]]),
        faces.size,
    )
    results = landmarks(scene, faces=asked)
    assert [marks.score > 0.9 for marks in results] == [True, False, True, True]
    for marks, box in zip(results, asked.boxes, strict=True):
        if marks.score > 0.9:
            nose = marks.points[4, :2]
            assert (box[:2] < nose).all()
            assert (nose < box[2:]).all()


def test_boxes_without_keypoints(astronaut: np.ndarray, astronaut_mesh: Landmarks) -> None:
    plain = Faces([[180, 82, 274, 176]], [1], [[]], (512, 512))
    points = landmarks(astronaut, faces=plain)[0].points
    assert np.abs(points - astronaut_mesh.points)[EYES].max() < 0.7


def test_tracking_follows_without_a_detector(
    astronaut: np.ndarray, astronaut_mesh: Landmarks
) -> None:
    mesh = FaceMesh()
    moved = np.roll(astronaut, (5, 8), axis=(0, 1))
    marks = mesh.track(moved, astronaut_mesh)
    assert marks.score > 0.95
    shift = (marks.points - astronaut_mesh.points)[EYES, :2].mean(axis=0)
    np.testing.assert_allclose(shift, [8, 5], atol=0.4)
    assert mesh.track(np.zeros_like(astronaut), astronaut_mesh).score < 0.5
    with pytest.raises(ValueError, match="previous: expected mesh478 points, got dlib68"):
        mesh.track(moved, astronaut_mesh.to("dlib68"))


@pytest.mark.parametrize("turns", range(4))
def test_video_frames_are_read_from_their_planes(
    astronaut: np.ndarray, astronaut_mesh: Landmarks, turns: int
) -> None:
    stored = np.ascontiguousarray(np.rot90(astronaut, turns))
    decoded = av.VideoFrame.from_ndarray(stored, format="rgb24").reformat(format="yuv420p")
    frame = Frame(decoded, rotation=turns)
    mesh = FaceMesh()
    marks = mesh.track(frame_reader(frame), astronaut_mesh)
    same = mesh.track(np.ascontiguousarray(np.rot90(frame.rgb(), -turns)), astronaut_mesh)
    difference = np.linalg.norm((marks.points - same.points)[:, :2], axis=1)
    assert difference.mean() < 0.12
    assert difference[EYES].max() < 0.35
    assert detect(frame_reader(frame)).boxes.shape == (1, 4)


def test_unrefined_mesh_has_irises_too(astronaut: np.ndarray, astronaut_faces: Faces) -> None:
    marks = FaceMesh(refine=False).fit(astronaut, astronaut_faces)[0]
    assert marks.points.shape == (478, 3)
    np.testing.assert_allclose(marks.points[468, :2], [203.1, 100.4], atol=3)


def test_threads_agree(astronaut: np.ndarray, astronaut_faces: Faces) -> None:
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(landmarks, astronaut, faces=astronaut_faces) for _ in range(6)]
    first, *others = [job.result()[0].points for job in jobs]
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_no_face_no_landmarks() -> None:
    for shape in ((0, 0), (1, 1), (40, 60, 3)):
        assert landmarks(np.zeros(shape, np.uint8)) == []


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            "meshh",
            "model: expected one of 'mesh', 'trees', 'trees:FILE', 'dlib5', 'dlib68:FILE', .*"
            "did you mean 'mesh'",
        ),
        (
            "dlib68",
            "expected one of 'mesh', 'trees', 'trees:FILE', 'dlib5', 'dlib68:FILE', got 'dlib68'",
        ),
    ],
)
def test_unknown_model(model: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        landmarks(np.zeros((4, 4), np.uint8), model=model)


def test_faces_of_another_picture(astronaut_faces: Faces) -> None:
    with pytest.raises(ValueError, match=r"faces: expected detections in \(4, 4\) pixels"):
        landmarks(np.zeros((4, 4), np.uint8), faces=astronaut_faces)


def test_a_mesh_without_depth_is_tracked_too(
    astronaut: np.ndarray, astronaut_mesh: Landmarks
) -> None:
    marks = astronaut_mesh
    flat = Landmarks(marks.points[:, :2], marks.scheme, marks.score, marks.box)
    mesh = FaceMesh()
    assert (mesh.track(astronaut, flat).points == mesh.track(astronaut, marks).points).all()
