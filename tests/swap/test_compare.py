"""How alike two sets are: what the target needs and the source lacks is found and said."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from cvfast.errors import NothingFoundError
from cvfast.swap.face_file import FaceRecord, read_record, write_record
from cvfast.swap.likeness import compare_faces, expression, face_set_facts
from cvfast.swap.people import people_of, set_others_aside, several_at_once
from cvfast.swap.sorting import undo_sorting

from tests.swap.made_faces import made, write_made, write_plain


def faces(folder: Path, *looks: dict, box: float = 100.0, identity: int = 5) -> Path:
    """Write a made face for each look."""
    folder.mkdir()
    for number, look in enumerate(looks):
        face = made(identity, 3, **({"pose": (0.0, 0.0, 0.0), "expression": "neutral"} | look))
        write_made(
            folder / f"{number:05d}_0.jpg", face, frame=number,
            source_box=np.array([0.0, 0.0, box, box]),
        )  # fmt: skip
    return folder


def turned(*yaws: float) -> list[dict]:
    return [{"pose": (yaw, 0.0, 0.0)} for yaw in yaws]


def said(alike, about: str) -> list[str]:
    return [line for line in alike.advice if line.startswith(about)]


def test_the_same_set_is_alike_in_all(tmp_path):
    one = faces(tmp_path / "a", *turned(-0.5, 0.0, 0.5))
    alike = compare_faces(one, one)
    assert alike.covered == {"pose": 1.0, "expression": 1.0, "light": 1.0}
    assert alike.size_ratio == 1.0
    assert [line.split(":")[0] for line in alike.advice] == ["source", "target"], "both are few"


def test_angles_that_the_source_lacks(tmp_path):
    source = faces(tmp_path / "a", *turned(-0.1, 0.0, 0.1))
    target = faces(tmp_path / "b", *turned(-0.05, 0.05, 0.55, 0.6))
    alike = compare_faces(source, target)
    assert alike.covered["pose"] == 0.5
    assert alike.missing["pose"].tolist() == [False, False, True, True]
    (line,) = said(alike, "pose")
    assert line.startswith("pose: 50% of the target's faces have none like them")
    assert "mostly turned right" in line
    assert "turned left" in said(compare_faces(target, faces(tmp_path / "c", *turned(-0.6))),
                                 "pose")[0]  # fmt: skip


def test_known_angles_are_found(tmp_path):
    yaws = (-0.5, -0.2, 0.1, 0.4)
    facts = face_set_facts(faces(tmp_path / "a", *turned(*yaws)))
    assert facts.pose[:, 0] == pytest.approx(yaws, abs=0.12)


def test_expressions_that_the_source_lacks(tmp_path):
    source = faces(tmp_path / "a", {}, {"expression": "smile"})
    target = faces(tmp_path / "b", {}, {"expression": "closed_eyes"}, {"expression": "smile"})
    alike = compare_faces(source, target)
    assert alike.missing["expression"].tolist() == [False, True, False]
    assert "mostly eyes shut" in said(alike, "expression")[0]


def test_expression_by_its_definition():
    points = np.zeros((68, 2))
    points[33] = 0, 40  # the nose's end; its top is at 0, 0
    points[[62, 66]] = (0, 60), (0, 70)
    points[[36, 39, 42, 45]] = (-50, 0), (-20, 0), (20, 0), (50, 0)
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        points[upper], points[lower] = (0, -5), (0, 4)
    points[[48, 54]] = (-30, 65), (30, 65)
    assert expression(points) == pytest.approx((10 / 40, 9 / 30, 60 / 100))
    assert np.isfinite(expression(np.zeros((68, 2)))).all()


def test_light_from_the_other_side(tmp_path):
    def lit(folder: Path, left: float, right: float) -> Path:
        folder.mkdir()
        ramp = np.where(np.arange(96) < 48, left, right)[None, :, None]

        def shade(picture: np.ndarray) -> np.ndarray:
            return (picture * ramp).astype(np.uint8)

        for number in range(2):
            face = made(5, 3, pose=(0.0, 0.0, 0.0), expression="neutral")
            write_made(folder / f"{number}.jpg", face, frame=number, pixels=shade)
        return folder

    left, right = lit(tmp_path / "l", 1.0, 0.4), lit(tmp_path / "r", 0.4, 1.0)
    alike = compare_faces(left, right)
    assert alike.covered["light"] == 0
    assert "mostly lit from the right" in said(alike, "light")[0]
    assert alike.source.light[0, 1] == pytest.approx(np.log(1 / 0.4), abs=0.25)
    assert "mostly lit from the left" in said(compare_faces(right, left), "light")[0]


@pytest.mark.parametrize(("side", "words"), [(40.0, "smaller (40 against 100"),
                                             (400.0, "much larger (400 against 100")])  # fmt: skip
def test_sizes_that_differ(side, words, tmp_path):
    target = faces(tmp_path / "b", {})
    source = faces(tmp_path / "a", {}, box=side)
    alike = compare_faces(source, target)
    assert alike.size_ratio == pytest.approx(side / 100)
    assert words in said(alike, "size")[0]
    assert not said(compare_faces(target, target), "size")


def test_five_faces_are_said_to_be_few(tmp_path):
    five = tmp_path / "five"
    write_plain(five, 5)
    many = tmp_path / "many"
    write_plain(many, 25)
    (source,) = said(compare_faces(five, many), "source")
    assert source.startswith("source: 5 faces are too few to learn a face from: expect")
    (source,) = said(compare_faces(many, many), "source")
    assert source.startswith("source: 25 faces are few")


@pytest.fixture
def two_people(tmp_path: Path) -> Path:
    """Six frames, each with face 0 on the left and face 1 on the right."""
    folder = tmp_path / "aligned"
    write_plain(folder, 6)
    write_plain(folder, 6, name="{:05d}_1.jpg")
    for number in range(6):
        path = folder / f"{number:05d}_1.jpg"
        found = read_record(path)
        values = {field: getattr(found, field) for field in FaceRecord.__dataclass_fields__}
        box = found.source_box + np.array([200, 0, 200, 0])
        write_record(path, FaceRecord(**(values | {"face": 1, "source_box": box})))
    return folder


def test_two_people_are_said(two_people, tmp_path):
    one = tmp_path / "one"
    write_plain(one, 6)
    alike = compare_faces(two_people, one)
    assert alike.source.several
    assert not alike.target.several
    assert any("several people at a time" in line for line in said(alike, "source"))
    assert not any("several" in line for line in said(alike, "target"))


def test_the_others_are_set_aside_and_come_back(two_people):
    from cvfast.swap.face_set import read_faces

    before = {path.name: path.read_bytes() for path in two_people.iterdir()}
    people, several = people_of(read_faces(two_people))
    assert several
    assert [(person.number, person.faces) for person in people] == [(0, 6), (1, 6)]
    assert people[1].middle[0] - people[0].middle[0] == pytest.approx(200)
    with pytest.raises(NothingFoundError, match=r"no face of person 7; there are 0, 1"):
        set_others_aside(two_people, [7])
    assert set_others_aside(two_people, [1]) == 6
    assert {record.face for _, record in read_faces(two_people)} == {1}
    assert set_others_aside(two_people, [1]) == 0
    undo_sorting(two_people)
    assert {path.name: path.read_bytes() for path in two_people.iterdir()} == before


def test_a_second_face_now_and_then_is_no_second_person():
    assert not several_at_once([*range(30), 3])
    assert several_at_once([*range(30), 3, 4])


def test_no_faces(tmp_path):
    (tmp_path / "empty").mkdir()
    one = faces(tmp_path / "a", {})
    with pytest.raises(NothingFoundError, match="empty"):
        compare_faces(one, tmp_path / "empty")


def test_the_plot_shows_both(tmp_path):
    from cvfast.cli.likenessplot import draw_likeness

    source = faces(tmp_path / "a", *turned(-0.1, 0.0, 0.1))
    target = faces(tmp_path / "b", *turned(0.0, 0.6), box=50)
    draw_likeness(tmp_path / "plot.png", compare_faces(source, target))
    plot = cv2.imread(str(tmp_path / "plot.png"))
    assert plot.shape[1] > 900
    for color in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):  # of bars, half over white
        mixed = (np.array(color) + 255) / 2
        near = np.abs(plot[..., ::-1] - mixed).max(axis=2) < 8
        assert near.sum() > 300
