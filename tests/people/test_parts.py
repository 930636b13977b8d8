"""Parts of made people, whose parts are known exactly; and what is said of hard pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cvfast.cli.talking import portrait_path
from cvfast.errors import NothingFoundError
from cvfast.io.images import read_image
from cvfast.people.colour_clothes import colour_clothes
from cvfast.people.finding import find_people
from cvfast.people.garment_ends import change_point
from cvfast.people.labels import LABEL_SETS
from cvfast.people.part_cut import cut_band
from cvfast.people.part_drawing import PART_COLOURS, draw_parts, step_pictures
from cvfast.people.parts import find_parts
from cvfast.people.person_mask import person_mask
from cvfast.people.pose import Pose
from cvfast.people.skin import learn_skin
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.people import make_person, random_person

IDS = LABEL_SETS["cvfast"]
TOP = [IDS["upper"], IDS["left_sleeve"], IDS["right_sleeve"]]
SEEDS = {10050: "stripes", 10052: "halves", 10060: "checks"}


def overlap(a, b):
    return (a & b).sum() / max(1, (a | b).sum())


@pytest.fixture(scope="module")
def people():
    """Three that wear what has no one colour."""
    made = []
    for seed, pattern in SEEDS.items():
        spec = random_person(seed)
        colors = ((230, 225, 215), (40, 60, 140), (200, 60, 40))
        upper = replace(spec.upper, pattern=pattern, colors=colors)
        made.append(make_person(replace(spec, upper=upper), size=(288, 384)))
    return made


@pytest.fixture(scope="module")
def found(people):
    return [find_parts(made.image, made.pose) for made in people]


def test_worn_tops_are_found_far_better_than_by_colour(people, found):
    ours = [
        overlap(parts.worn(), np.isin(made.labels, TOP))
        for made, parts in zip(people, found, strict=True)
    ]
    colour = [
        overlap(colour_clothes(made.image, made.pose), np.isin(made.labels, TOP)) for made in people
    ]
    assert np.mean(ours) >= 0.9
    assert np.mean(ours) >= np.mean(colour) + 0.25


def test_with_the_found_pose_too(people):
    ious = []
    for made in people:
        (person,) = find_people(made.image, limit=1)
        parts = find_parts(made.image, person)
        ious.append(overlap(parts.worn(), np.isin(made.labels, TOP)))
    assert np.mean(ious) >= 0.85


def test_other_parts(people, found):
    for names, least in ((("face",), 0.7), (("trousers", "skirt"), 0.8), (("hair",), 0.35)):
        ious = []
        for made, parts in zip(people, found, strict=True):
            there = np.isin(made.labels, [IDS[name] for name in names])
            if there.mean() > 0.005:
                ious.append(overlap(parts.mask(*names), there))
        assert ious
        assert np.mean(ious) >= least, names


def test_left_is_the_persons_own_left(people, found):
    for made, parts in zip(people, found, strict=True):
        for side, other in (("left", "right"), ("right", "left")):
            there = np.isin(made.labels, [IDS[f"{side}_arm"], IDS[f"{side}_hand"]])
            wrong = parts.mask(f"{other}_arm", f"{other}_hand", f"{other}_sleeve")
            assert (wrong & there).sum() <= 0.25 * max(20, there.sum())


def test_person_mask_is_the_made_person(people):
    for made in people:
        mask = person_mask(made.image, made.pose)
        assert mask.dtype == np.float32
        assert 0 <= mask.min() <= mask.max() <= 1
        assert overlap(mask > 0.5, made.labels > 0) > 0.9


def test_floats_are_the_same_picture(people, found):
    made = people[0]
    again = find_parts(made.image.astype(np.float32) / 255, made.pose)
    assert (again.labels == found[0].labels).mean() > 0.999


def test_grey_photos_have_parts_too(people):
    made = people[0]
    grey = made.image.mean(axis=2).astype(np.uint8)
    assert overlap(find_parts(grey, made.pose).worn(), np.isin(made.labels, TOP)) > 0.5
    assert person_mask(grey, made.pose).shape == grey.shape


@pytest.mark.parametrize("find", [find_parts, person_mask, colour_clothes])
def test_what_is_no_picture_is_refused(people, find):
    image, pose = people[0].image, people[0].pose
    for wrong, error in (
        (image.astype(np.float64), TypeError),
        (image.tolist(), TypeError),
        (np.dstack([image, image[..., :1]]), ValueError),
        (image[:0], ValueError),
    ):
        with pytest.raises(error, match="image: expected"):
            find(wrong, pose)


def test_given_labels_are_taken_as_they_are(people):
    made = people[0]
    parts = find_parts(made.image, made.pose, labels=made.labels)
    assert (parts.labels == made.labels).all()
    assert overlap(parts.worn(), np.isin(made.labels, TOP)) == 1
    with pytest.raises(ValueError, match="labels: expected shape"):
        find_parts(made.image, made.pose, labels=made.labels[:-1])
    with pytest.raises(ValueError, match="labels: expected ids of cvfast, got 200"):
        find_parts(made.image, made.pose, labels=np.full_like(made.labels, 200))


def test_wrong_names_and_people_are_refused(people, found):
    with pytest.raises(ValueError, match="names: expected some of background"):
        found[0].mask("sock")
    with pytest.raises(ValueError, match="region: expected one of upper, lower"):
        found[0].worn("middle")
    with pytest.raises(TypeError, match="person: expected FoundPerson or Pose, got str"):
        find_parts(people[0].image, "somebody")  # type: ignore[arg-type]
    with pytest.raises(NothingFoundError, match="a shoulder at least"):
        find_parts(people[0].image, Pose(np.zeros((18, 2)), np.zeros(18), "coco18"))


def test_what_is_hard_is_said(people):
    made = people[1]
    pose = made.pose
    hips = pose.point("left_hip")[1]
    cropped = made.image[: int(hips) - 30]
    reasons = find_parts(cropped, pose).reasons
    assert "the picture ends above the hips: the hem is not seen" in reasons
    small = find_parts(made.image[::8, ::8].copy(), pose.moved(1 / 8))
    assert any("the person is small" in reason for reason in small.reasons)
    assert small.confidence < 0.8
    assert small.labels.shape == (48, 36)


def test_a_bald_persons_shoulders_are_no_hair():
    person = make_person(random_person(500), make_garment(random_garment(500)), size=(384, 512))
    labels = find_parts(person.image, person.pose).labels
    shoulders = person.pose.to("coco18").points[[2, 5], 1].min()
    assert not (labels[int(shoulders) :] == LABEL_SETS["cvfast"]["hair"]).any()


def test_the_astronaut():
    """A real person (NASA, public domain): face, hair and suit where they are seen to be."""
    image = read_image(portrait_path()).pixels
    (person,) = find_people(image, limit=1)
    parts = find_parts(image, person)
    assert parts.labels[120, 225] == IDS["face"]
    assert parts.labels[45, 225] == IDS["hair"]
    assert parts.worn()[330, 200]
    assert parts.worn()[300, 120]
    assert parts.labels[60, 60] == 0
    assert parts.labels[100, 420] == 0
    assert set(step_pictures(parts)) == set(parts.steps)
    drawn = draw_parts(image, parts)
    assert drawn.shape == image.shape
    assert np.abs(drawn[330, 200] - np.array(PART_COLOURS["upper"])).sum() < 250


def test_skin_is_learnt_from_most_of_a_face():
    rng = np.random.default_rng(3)
    image = np.clip(rng.normal((190, 140, 115), 6, (60, 60, 3)), 0, 255).astype(np.uint8)
    image[:20] = (40, 60, 170)  # a garment
    face = np.zeros((60, 60), bool)
    face[30:50, 20:40] = True
    image[32:36, 24:36] = (20, 15, 15)  # eyes and brows inside it
    skin = learn_skin(image, face)
    likeness = skin.likeness(image)
    assert skin.learnt
    assert np.median(likeness[52:]) > 0.9
    assert likeness[:20].max() < 0.01
    assert not learn_skin(image, np.zeros((60, 60), bool)).learnt


def test_a_change_of_colour_along_a_limb():
    along = np.tile(np.linspace(0, 2, 200, dtype=np.float32), (20, 1))
    evidence = np.where(along > 0.7, 2, -2).astype(np.float32)
    evidence[:, ::7] *= -1  # a pattern
    places, scores = change_point(along, evidence, np.ones_like(along), (0.0, 2.0))
    assert places[scores.argmax()] == pytest.approx(0.7, abs=0.07)


def test_the_cut_finds_the_edge_within_its_band():
    image = np.full((60, 80, 3), (60, 90, 60), np.uint8)
    image[15:45, 20:60] = (180, 40, 40)
    rough = np.zeros((60, 80), np.float32)
    rough[17:47, 22:62] = 1
    assert (cut_band(image, rough) == (image[..., 0] == 180)).all()


def test_colour_alone_follows_the_colour():
    image = np.full((60, 60, 3), 200, np.uint8)
    image[20:50, 15:45] = (150, 20, 30)
    image[30:34, 20:40] = (20, 20, 150)  # a logo: filled, as it lies inside
    expected = np.zeros((60, 60), bool)
    expected[20:50, 15:45] = True
    assert overlap(colour_clothes(image), expected) > 0.97
