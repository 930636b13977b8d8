"""Garment photos that show their wearer, and label maps and poses that belong to another photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cvfast.errors import LimitError, NothingFoundError
from cvfast.people.labels import LABEL_SETS
from cvfast.people.pose import Pose
from cvfast.synth.garments import KINDS, make_garment, random_garment
from cvfast.synth.people import make_person, random_person
from cvfast.tryon import from_person, worn_or_flat
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.garment import read_garment
from cvfast.tryon.scene import read_scene
from cvfast.tryon.wearer import has_wearer
from cvfast.tryon.worn_or_flat import mask_of_alpha, read_any_garment


@pytest.mark.parametrize("seed", [61004, 61007, 61014])
def test_a_model_without_a_head_is_seen(seed):
    spec = replace(random_person(seed), top=1.15, background="white")
    assert has_wearer(make_person(spec, size=(144, 192)).image)


@pytest.mark.parametrize("kind", KINDS)
def test_flat_garments_have_no_wearer(kind):
    for seed in (40030, 60002):  # in which the pose models see bodies
        assert not has_wearer(make_garment(random_garment(seed, kind), size=(192, 256)).image)


def test_a_garment_is_taken_off_its_wearer_or_refused_by_name(monkeypatch):
    flat = make_garment(random_garment(3, "tee"), size=(96, 128))
    garment = read_garment(flat.image)
    monkeypatch.setattr(worn_or_flat, "has_wearer", lambda image: True)
    monkeypatch.setattr(from_person, "garment_of_person", lambda image, region: garment)
    taken = read_any_garment(flat.image, None, "auto")
    assert "somebody wears it in its photo" in taken.reasons[0]
    # Where the garment is known, nobody is looked for.
    assert read_any_garment(flat.image, flat.mask, "auto").reasons == ()
    unsure = replace(garment, confidence=0.05, reasons=("no face is seen",))
    monkeypatch.setattr(from_person, "garment_of_person", lambda image, region: unsure)
    with pytest.raises(NothingFoundError, match=r"^garment: somebody wears it .*no face is seen"):
        read_any_garment(flat.image, None, "auto")


def test_refusals_name_the_role():
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    with pytest.raises(NothingFoundError, match=r"^garment: the garment's background is not plain"):
        read_any_garment(noise, None, "auto")
    with pytest.raises(LimitError, match=r"^garment: image: expected sides of 48"):
        read_any_garment(noise[:50, :38], None, "auto")


def test_a_very_large_garment_photo_is_reduced(monkeypatch):
    made = make_garment(random_garment(3, "tee"), size=(96, 128))
    monkeypatch.setattr(worn_or_flat, "_LARGEST_SIDE", 64)
    for mask in (None, made.mask > 0.5):
        assert read_any_garment(made.image, mask, "auto").image.shape == (64, 48, 3)


def test_an_opaque_picture_says_nothing_of_the_garment():
    assert mask_of_alpha(None) is None
    assert mask_of_alpha(np.ones((3, 3), np.float32)) is None
    assert mask_of_alpha(np.array([[0.0, 1.0]], np.float32)).tolist() == [[False, True]]


@pytest.fixture(scope="module")
def made():
    return make_person(random_person(4), size=(144, 192))


def test_labels_of_another_set_are_doubted(made):
    doubts = Doubts()
    read_scene(made.image, pose=made.pose, labels=made.labels, doubts=doubts)
    assert doubts.confidence > 0.5
    for label in ("background", "skirt", "glasses"):
        wrong = np.where(made.labels == 5, LABEL_SETS["cvfast"][label], made.labels)
        doubts = Doubts()
        read_scene(made.image, pose=made.pose, labels=wrong.astype(np.uint8), doubts=doubts)
        assert doubts.confidence < 0.05
        assert "another set or another photo" in " ".join(doubts.reasons)


@pytest.mark.parametrize("place", [lambda points: points + 9000, lambda points: 0 * points + 70])
def test_a_pose_of_another_photo_is_refused(made, place):
    pose = Pose(place(made.pose.points), made.pose.confidence, "coco18")
    with pytest.raises(NothingFoundError, match="person: expected a pose with shoulders and hips"):
        read_scene(made.image, pose=pose, labels=made.labels, doubts=Doubts())
