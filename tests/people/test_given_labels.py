from __future__ import annotations

import pytest
from cvfast.people.given_labels import complete_labels
from cvfast.people.labels import LABEL_SETS, convert_labels
from cvfast.synth.people import MadePerson, make_person, random_person

OURS = LABEL_SETS["cvfast"]


@pytest.fixture(scope="module")
def person() -> MadePerson:
    return make_person(random_person(4), size=(192, 256))


@pytest.mark.parametrize("source", ["lip20", "lip21", "cihp20", "atr18", "acgpn14", "fashn18"])
def test_a_made_persons_map_comes_back_from_other_sets(person: MadePerson, source: str) -> None:
    poorer = convert_labels(person.labels, "cvfast", source, pose=person.pose)
    made = complete_labels(poorer, source, person.pose, own=person.labels)
    kept = float((made == person.labels).mean())
    plain = float(
        (convert_labels(poorer, source, "cvfast", pose=person.pose) == person.labels).mean()
    )
    assert kept > plain
    assert kept > 0.96


def test_sleeves_lie_on_the_right_sides(person: MadePerson) -> None:
    lip = convert_labels(person.labels, "cvfast", "lip20", pose=person.pose)
    made = complete_labels(lip, "lip20", person.pose)
    for side, other in (("left", "right"), ("right", "left")):
        truth = person.labels == OURS[f"{side}_sleeve"]
        assert not (truth & (made == OURS[f"{other}_sleeve"])).any()
        assert (truth & (made == OURS[f"{side}_sleeve"])).sum() > 0.6 * truth.sum()
    assert OURS["neck"] not in made  # LIP has none, and no labels of our own were given
