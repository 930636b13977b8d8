from __future__ import annotations

from pathlib import Path

import cvfast
import numpy as np
import pytest
from cvfast.geometry.boxes import RotatedBox
from cvfast.io.images import read_image
from cvfast.people.finding import FoundPerson, find_people, find_poses
from cvfast.people.pose import Pose
from cvfast.typing import ImageU8


@pytest.fixture(scope="module")
def astronaut() -> ImageU8:
    picture = Path(cvfast.__file__).with_name("data") / "astronaut.jpg"
    pixels = read_image(picture).pixels
    assert pixels.dtype == np.uint8
    return pixels


@pytest.fixture(scope="module")
def person(astronaut: ImageU8) -> FoundPerson:
    (person,) = find_people(astronaut)
    return person


def test_the_astronaut_is_found_once_with_her_joints(person: FoundPerson) -> None:
    # Clicked on the photo; the suit's collar hides where the shoulders are.
    clicked = {
        "nose": (222, 125),
        "left_eye": (237, 106),
        "right_eye": (208, 106),
        "left_shoulder": (305, 240),
        "right_shoulder": (100, 220),
    }
    assert person.score > 0.9
    for name, place in clicked.items():
        off = 40 if "shoulder" in name else 15
        assert np.linalg.norm(person.pose.point(name) - place) < off, name
        assert person.pose.sureness(name) > 0.9
    assert person.pose.sureness("left_ankle") < 0.3  # below the photo


def test_the_mask_covers_her_and_not_the_shuttle(person: FoundPerson) -> None:
    mask = person.full_mask()
    assert mask.shape == (512, 512)
    assert mask[100, 222] > 0.9  # her face
    assert mask[350, 150] > 0.9  # her suit
    assert mask[100, 400] < 0.1  # the shuttle
    assert mask[20:60, 20:60].max() < 0.5  # the flag
    x0, y0, x1, y1 = person.box
    assert 0 <= x0 < 60
    assert x1 < 400
    assert 0 <= y0 < 60
    assert y1 > 480
    assert repr(person).startswith("FoundPerson(")


def test_points_move_with_the_photo(astronaut: ImageU8, person: FoundPerson) -> None:
    wide = np.full((700, 900, 3), 90, np.uint8)
    wide[150:662, 300:812] = astronaut
    (moved,) = find_people(wide)
    seen = person.pose.confidence > 0.9
    apart = np.linalg.norm(moved.pose.points - person.pose.points - (300, 150), axis=1)
    assert np.median(apart[seen]) < 8
    (mirrored,) = find_poses(np.ascontiguousarray(astronaut[:, ::-1]))
    back = mirrored.mirrored(512)
    assert np.median(np.linalg.norm(back.points - person.pose.points, axis=1)[seen]) < 8


def test_two_people_are_two_the_larger_first(astronaut: ImageU8) -> None:
    both = np.full((512, 900, 3), 128, np.uint8)
    both[:, :512] = astronaut
    both[300:500, 600:800] = read_small(astronaut)
    people = find_people(both)
    assert len(people) == 2
    assert people[0].pose.point("nose") == pytest.approx((222, 125), abs=20)
    assert people[1].pose.point("nose") == pytest.approx((687, 349), abs=10)
    assert people[0].area > people[1].area
    assert len(find_people(both, limit=1)) == 1


def read_small(image: ImageU8) -> ImageU8:
    from cvfast.geometry.sampling import read_crop

    return read_crop(image, RotatedBox.from_box((0, 0, 512, 512)), (200, 200))


def test_nobody_in_noise_and_plain_pictures() -> None:
    rng = np.random.default_rng(0)
    for picture in (
        np.zeros((0, 5, 3), np.uint8),
        np.full((5, 3), 255, np.uint8),
        rng.integers(0, 256, (200, 300, 3), np.uint8),
        np.full((300, 200, 3), 0.5, np.float32),
    ):
        assert find_people(picture) == []


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="limit: expected at least 1, got 0"):
        find_people(np.zeros((9, 9, 3), np.uint8), limit=0)
    with pytest.raises(TypeError, match="image: expected a NumPy array"):
        find_people([[1]])  # type: ignore[arg-type]


def test_the_mask_lands_where_its_crop_was() -> None:
    mask = np.zeros((256, 256), np.float32)
    mask[64:192, 32:64] = 1
    region = RotatedBox.from_box((10, 20, 138, 148))
    pose = Pose(np.zeros((33, 2)), np.zeros(33), "blaze33")
    person = FoundPerson(pose, mask, np.zeros(4), 1.0, region, (200, 180))
    placed = person.full_mask()
    rows, columns = np.nonzero(placed > 0.9)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (52, 115, 26, 41)
