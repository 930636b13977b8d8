from __future__ import annotations

import numpy as np
import pytest
from cvfast.faces import schemes
from cvfast.faces.types import Landmarks


def test_dlib68_groups_are_the_known_ones() -> None:
    ends = {name: (ids[0], ids[-1]) for name, ids in schemes.GROUPS["dlib68"].items()}
    assert ends == {
        "jaw": (0, 16),
        "right_brow": (17, 21),
        "left_brow": (22, 26),
        "bridge": (27, 30),
        "nostrils": (31, 35),
        "right_eye": (36, 41),
        "left_eye": (42, 47),
        "outer_lip": (48, 59),
        "inner_lip": (60, 67),
    }
    assert sorted(sum(schemes.GROUPS["dlib68"].values(), ())) == list(range(68))


@pytest.mark.parametrize("scheme", ["mesh478", "dlib68"])
def test_contours_go_round_clockwise(scheme: str, astronaut_mesh: Landmarks) -> None:
    marks = astronaut_mesh.to(scheme)
    for name in ("right_eye", "left_eye", "outer_lip", "inner_lip"):
        x, y = marks.group(name).T.astype(float)
        area = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2
        assert area > 0, name  # y points down
        corner = x.argmin()
        assert corner == 0, name


def test_sides_are_the_persons_own(astronaut_mesh: Landmarks) -> None:
    middle = astronaut_mesh.group("bridge")[:, 0].mean()
    for marks in (astronaut_mesh, astronaut_mesh.to("dlib68")):
        for part in ("eye", "brow"):
            assert marks.group(f"right_{part}")[:, 0].max() < middle
            assert marks.group(f"left_{part}")[:, 0].min() > middle
    assert astronaut_mesh.group("right_iris")[:, 0].max() < middle
    right_eye, left_eye, nose, right_mouth, left_mouth = astronaut_mesh.to("five").points[:, :2]
    assert max(right_eye[0], right_mouth[0]) < nose[0] < min(left_mouth[0], left_eye[0])
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


def test_irises_lie_in_their_eyes(astronaut_mesh: Landmarks) -> None:
    for side in ("right", "left"):
        eye, iris = astronaut_mesh.group(f"{side}_eye"), astronaut_mesh.group(f"{side}_iris")
        assert (eye.min(axis=0) < iris[0]).all()
        assert (iris[0] < eye.max(axis=0)).all()
        radii = np.linalg.norm(iris[1:] - iris[0], axis=1)
        np.testing.assert_allclose(radii, radii.mean(), rtol=0.15)
        # A human iris is about 0.4 of the eye's width.
        assert 0.3 < 2 * radii.mean() / np.ptp(eye[:, 0]) < 0.55


def test_mirrored_picture_swaps_sides(astronaut: np.ndarray, astronaut_mesh: Landmarks) -> None:
    from cvfast.faces.fitting import landmarks

    mirrored = landmarks(astronaut[:, ::-1])[0]
    for name, other in (("right_eye", "left_eye"), ("right_iris", "left_iris")):
        here = mirrored.group(name).mean(axis=0)
        there = astronaut_mesh.group(other).mean(axis=0)
        np.testing.assert_allclose(here, [511 - there[0], there[1]], atol=0.8)


def test_conversions(astronaut_mesh: Landmarks) -> None:
    dlib68 = astronaut_mesh.to("dlib68")
    assert dlib68.points.shape == (68, 3)
    for target in ("five", "dlib5"):
        assert dlib68.to(target).points.shape == (5, 3)
    np.testing.assert_array_equal(dlib68.to("dlib5").points, astronaut_mesh.to("dlib5").points)
    assert astronaut_mesh.to("mesh478").points.shape == (478, 3)


NAMES = ("mesh478", "dlib68", "five", "dlib5")
# Mean and largest distance to the mesh's own points, in distances between the eyes.
ALLOWED = {"mesh478": (0.0, 0.0), "dlib68": (0.07, 0.35), "five": (0.2, 0.6), "dlib5": (0.25, 0.7)}


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("target", NAMES)
def test_every_scheme_becomes_every_other(
    source: str, target: str, astronaut_mesh: Landmarks
) -> None:
    marks = astronaut_mesh.to(source).to(target)
    assert (marks.scheme, len(marks)) == (target, schemes.point_count(target))
    assert marks.score == astronaut_mesh.score
    right, left = astronaut_mesh.to("five").points[:2, :2]
    true = astronaut_mesh.to(target).points[:, :2]
    errors = np.linalg.norm(marks.points[:, :2] - true, axis=1) / np.linalg.norm(right - left)
    mean, most = ALLOWED[source]
    assert errors.mean() <= mean + 1e-6 + (source == "dlib68" and target != "mesh478") * 0.05
    assert errors.max() <= most + 1e-6


def test_68_points_come_back_from_the_mesh(astronaut_mesh: Landmarks) -> None:
    points = astronaut_mesh.to("dlib68").points[:, :2]
    marks = Landmarks(points, "dlib68", 1.0, astronaut_mesh.box)
    np.testing.assert_array_equal(marks.to("mesh478").to("dlib68").points, points)


def test_a_turned_picture_turns_what_is_made_of_five_points(astronaut_mesh: Landmarks) -> None:
    five = astronaut_mesh.to("five").points[:, :2]
    turned = np.stack([-five[:, 1], five[:, 0]], axis=1)
    box = astronaut_mesh.box
    here = Landmarks(five, "five", 1.0, box).to("dlib68").points
    there = Landmarks(turned, "five", 1.0, box).to("dlib68").points
    np.testing.assert_allclose(there, np.stack([-here[:, 1], here[:, 0]], axis=1), atol=1e-3)


def test_points_in_one_place_stay_there() -> None:
    for scheme in ("dlib68", "five"):
        count = schemes.point_count(scheme)
        marks = Landmarks(np.full((count, 2), 7.0), scheme, 0.5, [0, 0, 9, 9])
        np.testing.assert_allclose(marks.to("mesh478").points, 7.0, atol=1e-3)


def test_unknown_names(astronaut_mesh: Landmarks) -> None:
    with pytest.raises(ValueError, match=r"scheme: expected one of mesh478, .* got 'dlib69'"):
        astronaut_mesh.to("dlib69")
    with pytest.raises(ValueError, match=r"expected one of mesh478's groups .*oval.*, got 'nose'"):
        astronaut_mesh.group("nose")
