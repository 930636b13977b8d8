"""A garment of the worn one's cut falls where that one lies: its own picture, or another colour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cvfast.synth.garments import GarmentSpec, make_garment, random_garment
from cvfast.synth.people import MadePerson, make_person, random_person
from cvfast.tryon.bare_arms import with_bare_arms
from cvfast.tryon.classic import try_on
from cvfast.tryon.garment import read_garment
from cvfast.tryon.shading import fine_grain, read_shading
from cvfast.tryon.worn_shape import PartMasks, read_worn_upper

SIZE = (288, 384)
GREEN, WHITE, BLACK = (46, 120, 84), (255, 255, 255), (0, 0, 0)


def spec(color: tuple[int, int, int]) -> GarmentSpec:
    return GarmentSpec(kind="tee", colors=(color, WHITE, BLACK))


@pytest.fixture(scope="module")
def person() -> MadePerson:
    return make_person(random_person(714), spec(GREEN), size=SIZE)


@pytest.fixture(scope="module")
def done(person):
    flat = read_garment(person.garment.image)
    return try_on(person.image, flat, pose=person.pose, labels=person.labels)


def test_a_plain_garments_picture_comes_back_onto_its_wearer(person, done):
    apart = np.abs(done.image.astype(int) - person.image)[done.worn > 0.5]
    assert apart.mean() < 1.5


def test_another_colour_of_the_same_cut_has_the_worn_ones_outline(person):
    red = make_garment(spec((190, 40, 50)), size=SIZE)
    done = try_on(person.image, red.image, pose=person.pose, labels=person.labels)
    ours, worn = done.worn > 0.5, person.worn > 0
    assert (ours & worn).sum() / (ours | worn).sum() > 0.97
    levels = done.image.astype(int)
    green = (levels[..., 1] > levels[..., 0] + 15) & worn
    assert green.sum() < 0.003 * worn.sum()


def test_folds_and_grain_of_the_photo_stay_on_another_colour(person):
    red = make_garment(spec((190, 40, 50)), size=SIZE)
    done = try_on(person.image, red.image, pose=person.pose, labels=person.labels)
    inside = (done.worn > 0.99) & (person.worn > 0)
    both = [image[inside].astype(float).mean(axis=1) for image in (done.image, person.image)]
    assert np.corrcoef(*both)[0, 1] > 0.9


def test_cloth_of_the_flank_taken_for_sleeve_does_not_make_it_long(person):
    labels = person.labels.copy()
    true = read_worn_upper(PartMasks(labels), _body(person))
    upper = labels == 5
    columns = np.arange(SIZE[0])
    rim = upper & (columns >= upper.shape[1] - 1 - upper[:, ::-1].argmax(axis=1)[:, None] - 12)
    labels[rim] = 20  # the person's left is on the picture's right
    worn = read_worn_upper(PartMasks(labels), _body(person))
    assert worn.sleeve == true.sleeve == "short"


def test_bare_arms_taken_for_clothes_are_told_by_their_colour():
    tank = replace(spec((40, 60, 130)), kind="tank")
    person = make_person(random_person(714), tank, size=SIZE)
    wrong = person.labels.copy()
    columns = np.arange(SIZE[0])
    rows = np.arange(SIZE[1])[:, None] < person.pose.points[6, 1]  # above the elbow
    outer = columns > person.pose.points[5, 0]  # left of the left shoulder
    arm = (wrong == 14) & rows & outer
    wrong[arm] = 5
    right = with_bare_arms(person.image, wrong, _body(person))
    assert arm.sum() > 200
    assert (right[arm] == 14).mean() > 0.85
    worn = person.labels == 5
    assert (right[worn] == 5).mean() > 0.99


def test_a_printed_dark_square_is_not_taken_for_shade():
    cloth = np.full((96, 96, 3), (0.3, 0.5, 0.6), np.float32)
    cloth *= np.linspace(1.0, 0.35, 96, dtype=np.float32)[:, None]  # deep shade below
    printed = cloth.copy()
    printed[20:44, 30:60] *= np.float32(0.4)
    whole = np.ones((96, 96), bool)
    plain, print_ = (read_shading(image, whole, coloured=True) for image in (cloth, printed))
    assert plain.known is not None
    assert print_.known is not None
    assert plain.known[80:94, 4:92].all()
    assert not print_.known[24:40, 34:56].any()
    assert np.abs(plain.factor - print_.factor)[26:38, 36:54].max() < 0.1


def test_grain_of_dark_cloth_gives_its_light_all_the_same():
    rng = np.random.default_rng(3)
    dark = np.full((128, 128, 3), (0.05, 0.06, 0.09), np.float32)
    dark *= np.linspace(1.3, 0.7, 128, dtype=np.float32)[:, None]
    dark += rng.normal(0, 0.008, (128, 128, 1)).astype(np.float32)
    shading = read_shading(dark.clip(0, 1), np.ones((128, 128), bool))
    assert shading.plain
    fine = fine_grain(dark, shading)
    assert fine is not None
    assert fine.shape == (128, 128, 1)


def _body(person: MadePerson):
    from cvfast.people.body import Body

    return Body.of(person.pose)


def test_a_dark_garments_inner_collar_is_cut_out():
    dark = replace(spec((30, 28, 26)), neck="scoop")
    made = make_garment(dark, size=SIZE)
    found = read_garment(made.image).mask > 0.5
    front = np.asarray(made.front) > 0.5
    assert (found & front).sum() / (found | front).sum() > 0.98


def test_seams_of_the_old_cut_do_not_show_on_another_garment():
    shirt = make_garment(random_garment(501), size=SIZE)
    person = make_person(random_person(501), shirt, size=SIZE)
    tank = make_garment(GarmentSpec(kind="tank", colors=((30, 60, 130), WHITE, BLACK)), size=SIZE)
    done = try_on(person.image, tank.image, pose=person.pose, labels=person.labels)
    y, x = np.argwhere(done.worn > 0.99).mean(axis=0).astype(int)
    steps = [
        np.abs(np.diff(picture[y - 6 : y + 6, x - 20 : x + 20].mean(axis=(0, 2)))).max()
        for picture in (person.image, done.image)
    ]
    assert steps[0] > 8  # the shirt's placket
    assert steps[1] < 2
