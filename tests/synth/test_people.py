"""Made people: labels, joints and flow agree with the picture and with one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cvfast.people.labels import LABEL_SETS
from cvfast.synth.garments import GarmentSpec, random_garment
from cvfast.synth.people import MadePerson, PersonSpec, make_person, random_person
from cvfast.synth.skeleton import Arm, Stance

IDS = LABEL_SETS["cvfast"]
SIZE = (192, 256)
TOP = (IDS["upper"], IDS["left_sleeve"], IDS["right_sleeve"])


def of(seed: int) -> PersonSpec:
    """A person with one of two heads, for painting heads takes time."""
    return replace(random_person(seed), identity=seed % 2)


@pytest.fixture(scope="module")
def people() -> list[MadePerson]:
    return [make_person(of(seed), size=SIZE) for seed in range(4)]


def test_the_same_spec_gives_the_same_bytes(people: list[MadePerson]) -> None:
    again = make_person(of(0), size=SIZE)
    assert again.image.tobytes() == people[0].image.tobytes()
    assert again.labels.tobytes() == people[0].labels.tobytes()


def test_the_flow_is_known_just_where_the_garment_is_seen(people: list[MadePerson]) -> None:
    for person in people:
        assert (np.isin(person.labels, TOP) == (person.worn == 1)).all()
        at = person.flow[person.worn == 1]
        assert (at > -1).all()
        assert (at < np.array(SIZE)).all()
        column, row = np.clip(np.rint(at), 0, np.array(SIZE) - 1).astype(int).T
        assert (person.garment.front[row, column] > 0.1).mean() > 0.99


def test_the_picture_shows_the_flat_garment_through_the_flow() -> None:
    """Levels follow the flat picture's, whatever light and folds make of them."""
    white, black = (235, 235, 235), (25, 25, 25)
    spec = replace(of(3), light="soft", grain=0.0)
    garment = GarmentSpec(pattern="stripes", scale=1.2, colors=(white, black, white), folds=0)
    person = make_person(spec, garment, size=SIZE)
    inside = person.labels == IDS["upper"]
    at = np.rint(person.flow[inside]).astype(int)
    flat = person.garment.texture[at[:, 1], at[:, 0]].mean(axis=1) > 128
    shown = person.image[inside].mean(axis=1) > 90
    assert (flat == shown).mean() > 0.93


def test_another_garment_leaves_all_else(people: list[MadePerson]) -> None:
    for person, kind in zip(people, ("long", "tank", "trousers", "skirt"),
                            strict=True):  # fmt: skip
        other = make_person(person.spec, random_garment(77, kind), size=SIZE)
        assert (other.pose.points == person.pose.points).all()
        near = np.zeros(person.labels.shape, bool)
        for labels in (person.labels, other.labels):
            clothes = np.isin(labels, (*TOP, IDS["trousers"], IDS["skirt"]))
            near |= clothes
        changed = person.labels != other.labels
        near |= changed
        # Shadows reach a little farther than the cloth.
        grown = near.copy()
        for axis in (0, 1):
            for step in range(1, 4):
                grown |= np.roll(near, step, axis) | np.roll(near, -step, axis)
        same = (other.image == person.image).all(axis=2)
        skin = np.isin(person.labels, (IDS["neck"], IDS["left_arm"], IDS["right_arm"],
                                       IDS["left_leg"], IDS["right_leg"]))  # fmt: skip
        assert same[~grown & ~skin].mean() > 0.95
        assert (other.labels == IDS["face"]).sum() == (person.labels == IDS["face"]).sum()


def test_joints_lie_on_their_parts() -> None:
    stance = Stance("away", Arm(0.5, 0, 0.1, 0), Arm(0.5, 0, 0.1, 0))
    spec = replace(of(1), stance=stance, bottom=18.5, top=-2.2)
    person = make_person(spec, random_garment(4, "tank"), size=SIZE)
    wanted = {0: "face", 3: "right_arm", 6: "left_arm", 14: "face", 15: "face"}
    for joint, part in wanted.items():
        column, row = np.rint(person.pose.points[joint]).astype(int)
        assert person.labels[row, column] == IDS[part], part
    assert person.pose.points[5, 0] > person.pose.points[2, 0]  # their left is the picture's right
    assert (person.pose.confidence == 1).all()
    middle = (person.pose.points[2] + person.pose.points[5]) / 2
    assert person.pose.points[1] == pytest.approx(middle, abs=0.2)


def test_a_forearm_before_the_trunk_hides_the_garment() -> None:
    arm = Arm(0.25, 0.45, -1.6, 0.55)
    spec = replace(of(2), stance=Stance("front", arm, arm), hair=0.0)
    garment = random_garment(5, "tee")
    crossed = make_person(spec, garment, size=SIZE)
    free = make_person(replace(spec, stance=Stance()), garment, size=SIZE)
    skin = (IDS["left_arm"], IDS["right_arm"], IDS["left_hand"], IDS["right_hand"])
    before = np.isin(crossed.labels, skin) & (free.labels == IDS["upper"])
    assert before.sum() > 300
    assert np.isnan(crossed.flow[before]).all()


def test_blazepose_finds_made_people() -> None:
    """The bundled pose model answers to them as to people: benchmarks/made_people.py counts 200."""
    from cvfast.people.finding import find_people

    errors = []
    for seed in range(2):
        person = make_person(of(seed), size=(288, 384))
        found = find_people(person.image)
        assert found
        pose, truth = found[0].pose.to("coco18"), person.pose
        trunk = np.hypot(*(truth.points[1] - (truth.points[8] + truth.points[11]) / 2))
        errors.append(np.hypot(*(pose.points - truth.points).T)[[0, 1, 2, 5]] / trunk)
    assert np.mean(errors) < 0.1


def test_bad_values_are_named() -> None:
    with pytest.raises(ValueError, match="size"):
        make_person(random_person(0), size=(4, 4))
    with pytest.raises(ValueError, match="background"):
        make_person(replace(of(0), background="moon"), size=(48, 64))
