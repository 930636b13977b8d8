from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from cvfast.faces.types import Faces, Landmarks

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def faces() -> Faces:
    boxes = [[10, 10, 30, 30], [5, 5, 45, 40], [0, 0, 8, 8]]
    return Faces(boxes, [0.9, 0.8, 0.7], np.arange(12).reshape(3, 2, 2), (64, 48))


def test_faces_are_frozen_float32(faces: Faces) -> None:
    assert {faces.boxes.dtype, faces.scores.dtype, faces.keypoints.dtype} == {np.dtype("float32")}
    with pytest.raises(dataclasses.FrozenInstanceError):
        faces.size = (1, 1)
    with pytest.raises(ValueError, match="read-only"):
        faces.boxes[0] = 0


def test_faces_index_like_a_list(faces: Faces) -> None:
    assert len(faces) == 3
    assert [float(face.scores[0]) for face in faces] == pytest.approx([0.9, 0.8, 0.7])
    assert faces[-1].boxes.tolist() == [[0, 0, 8, 8]]
    assert len(faces[:2]) == len(faces[[0, 2]]) == len(faces[faces.scores > 0.75]) == 2
    with pytest.raises(IndexError):
        faces[3]


def test_largest(faces: Faces) -> None:
    assert faces.largest().boxes.tolist() == [[5, 5, 45, 40]]
    assert len(Faces.none((4, 4)).largest()) == 0


def test_resized_faces_follow_the_picture(faces: Faces) -> None:
    double = faces.resized((128, 96))
    assert (double.boxes[0].tolist(), double.size) == ([20, 20, 60, 60], (128, 96))
    # The centre of a pixel goes to the middle of the four it becomes.
    assert double.keypoints[0, 0].tolist() == [0.5, 2.5]
    assert double.resized((64, 48)).keypoints.tolist() == faces.keypoints.tolist()


def test_faces_repr(faces: Faces) -> None:
    assert repr(faces) == "Faces(3 in 64x48, best 0.90)"
    assert repr(Faces.none((64, 48))) == "Faces(0 in 64x48)"


def test_faces_json_round_trip(faces: Faces) -> None:
    for original in (faces, Faces.none((3, 2))):
        text = original.to_json()
        assert "\n" not in text
        back = Faces.from_json(text)
        for field in ("boxes", "scores", "keypoints"):
            np.testing.assert_array_equal(getattr(back, field), getattr(original, field))
        assert back.size == original.size
    assert set(json.loads(faces.to_json())) == {"boxes", "scores", "keypoints", "size"}


def test_faces_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"scores: expected shape \(1,\), got \(2,\)"):
        Faces([[0, 0, 1, 1]], [1, 1], [[]], (4, 4))
    with pytest.raises(ValueError, match=r"boxes: expected shape"):
        Faces([[0, 0, 1]], [1], [[]], (4, 4))


def test_faces_drawing_marks_the_box_and_leaves_the_picture(faces: Faces) -> None:
    image = np.full((48, 64), 128, np.uint8)
    drawn = faces[0].draw(image)
    assert (drawn.shape, drawn.dtype) == ((48, 64, 3), np.uint8)
    assert (image == 128).all()
    assert drawn[30, 20].tolist() == [40, 220, 90]
    assert (drawn[45, 60] == 128).all()


def test_pictures_for_notebooks(faces: Faces, astronaut_mesh: Landmarks) -> None:
    for shown in (faces, Faces.none((0, 0)), astronaut_mesh, astronaut_mesh.to("five")):
        assert shown._repr_png_().startswith(PNG)


def test_landmarks_json_round_trip(astronaut_mesh: Landmarks) -> None:
    back = Landmarks.from_json(astronaut_mesh.to_json())
    np.testing.assert_array_equal(back.points, astronaut_mesh.points)
    np.testing.assert_array_equal(back.box, astronaut_mesh.box)
    assert (back.scheme, back.score) == (astronaut_mesh.scheme, astronaut_mesh.score)
    assert repr(back) == "Landmarks(mesh478, score 1.00)"


def test_landmarks_are_checked() -> None:
    with pytest.raises(ValueError, match=r"scheme: expected one of mesh478, .*, got 'mesh'"):
        Landmarks(np.zeros((5, 2)), "mesh", 1, [0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"points: expected shape \(68, None\), got \(5, 2\)"):
        Landmarks(np.zeros((5, 2)), "dlib68", 1, [0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"points: expected shape \(N, 2\) or \(N, 3\)"):
        Landmarks(np.zeros((5, 4)), "five", 1, [0, 0, 1, 1])


def test_landmarks_drawing(astronaut: np.ndarray, astronaut_mesh: Landmarks) -> None:
    drawn = astronaut_mesh.draw(astronaut)
    changed = np.argwhere((drawn != astronaut).any(axis=2))
    x0, y0, x1, y1 = astronaut_mesh.box
    assert len(changed) > 1000
    assert (changed.min(axis=0) >= (y0 - 4, x0 - 4)).all()
    assert (changed.max(axis=0) <= (y1 + 4, x1 + 4)).all()


def _turned(mesh: Landmarks, axis: int, angle: float) -> Landmarks:
    """The mesh turned in space about x, y or z (x right, y down, z away from the camera)."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.eye(3)
    i, j = [k for k in range(3) if k != axis]
    turn[np.ix_([i, j], [i, j])] = [[c, -s], [s, c]]
    return Landmarks(mesh.points @ turn.T, mesh.scheme, mesh.score, mesh.box)


def test_pose_follows_turns(astronaut_mesh: Landmarks) -> None:
    zero = astronaut_mesh.pose
    assert abs(zero.yaw) < 0.1
    assert abs(zero.pitch) < 0.3
    # About z, x goes towards y: clockwise as seen.
    assert _turned(astronaut_mesh, 2, 0.3).pose.roll == pytest.approx(zero.roll + 0.3, abs=0.02)
    # About y, away from the camera (z) goes towards -x, so the nose goes to the right.
    assert _turned(astronaut_mesh, 1, 0.4).pose.yaw == pytest.approx(zero.yaw + 0.4, abs=0.05)
    # About x, y goes towards z: the chin away, so the face looks down.
    assert _turned(astronaut_mesh, 0, 0.3).pose.pitch == pytest.approx(zero.pitch - 0.3, abs=0.02)


def test_pose_needs_depth(astronaut_mesh: Landmarks) -> None:
    with pytest.raises(ValueError, match="pose: expected mesh478 points with depth"):
        _ = astronaut_mesh.to("dlib68").pose


def test_eye_openness(astronaut_mesh: Landmarks) -> None:
    for marks in (astronaut_mesh, astronaut_mesh.to("dlib68")):
        assert 0.25 < marks.eye_openness.right < 0.4
        assert 0.25 < marks.eye_openness.left < 0.4
    points = astronaut_mesh.points.copy()
    eye = [33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7]
    points[eye[1:8]] = points[eye[:8:-1]]  # the upper lid comes down
    closed = Landmarks(points, "mesh478", 1, astronaut_mesh.box).eye_openness
    assert closed.right == 0
    assert closed.left == astronaut_mesh.eye_openness.left
    with pytest.raises(ValueError, match=r"expected one of five's groups"):
        _ = astronaut_mesh.to("five").eye_openness
