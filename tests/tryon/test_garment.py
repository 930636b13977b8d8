"""Flat garments cut out of plain backgrounds, their landmarks, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cvfast.errors import NothingFoundError
from cvfast.synth.garments import make_garment, random_garment
from cvfast.tryon.garment import read_garment
from cvfast.tryon.garment_landmarks import find_landmarks
from cvfast.tryon.seams import without_inner_collar

SIZE = (192, 256)
KINDS = {"tank": ("tank", "none"), "tee": ("tee", "short"), "long": ("long", "long"),
         "trousers": ("trousers", "none"), "skirt": ("skirt", "none")}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_landmarks_lie_where_the_cut_has_them(kind):
    for seed in range(6):
        made = make_garment(random_garment(seed, kind), size=SIZE)
        found = find_landmarks(made.front)
        assert (found.kind, found.sleeve) == KINDS[kind]
        assert set(found.landmarks) == set(made.landmarks)
        away = [np.hypot(*(found.landmarks[name] - at)) for name, at in made.landmarks.items()]
        assert np.mean(away) < 6
        assert max(away) < 30


def test_left_is_the_wearers():
    made = make_garment(random_garment(2, "long"), size=SIZE)
    marks = find_landmarks(made.front).landmarks
    assert marks["cuff_left_outer"][0] > marks["collar_left"][0] > marks["collar_right"][0]
    flipped = find_landmarks(made.front[:, ::-1]).landmarks
    for name, (x, y) in marks.items():
        other = name.replace("left", "*").replace("right", "left").replace("*", "right")
        assert np.hypot(flipped[other][0] - (SIZE[0] - 1 - x), flipped[other][1] - y) < 4


@pytest.mark.parametrize("background", [(255, 255, 255), (200, 120, 90), (30, 40, 35)])
def test_cut_out_of_any_plain_background(background):
    rng = np.random.default_rng(5)
    for seed in (4, 9, 13):
        red = replace(random_garment(seed), colors=((190, 40, 60), (240, 220, 90), (20, 20, 25)))
        made = make_garment(red, size=SIZE, background=background)
        shaded = made.image * np.linspace(0.88, 1.02, SIZE[0])[None, :, None]
        noisy = np.clip(shaded + rng.normal(0, 2, made.image.shape), 0, 255).astype(np.uint8)
        garment = read_garment(noisy)
        mine, front = garment.mask > 0.5, made.front > 0.5
        assert (mine & front).sum() / (mine | front).sum() > 0.9


def test_the_inner_collar_is_no_front():
    spec = random_garment(19)  # a marled top whose back shows
    made = make_garment(spec, size=(384, 512))
    inner = (made.mask > 0.9) & (made.front < 0.1)
    assert inner.sum() > 100
    assert (read_garment(made.image).mask[inner] > 0.5).mean() < 0.2


def test_a_white_print_on_white_stays():
    image = np.full((200, 160, 3), 255, np.uint8)
    image[40:180, 40:120] = (50, 90, 160)
    image[80:110, 60:100] = 255
    assert read_garment(image).mask[95, 80] > 0.9


def test_what_cannot_be_cut_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(NothingFoundError, match="background is not plain"):
        read_garment(rng.integers(0, 256, (200, 200, 3), np.uint8))
    with pytest.raises(NothingFoundError, match="white on white"):
        read_garment(np.full((200, 200, 3), 254, np.uint8))
    with pytest.raises(NothingFoundError, match="mask is empty"):
        read_garment(np.zeros((90, 90, 3), np.uint8), mask=np.zeros((90, 90), bool))
    with pytest.raises(ValueError, match="mask: expected shape"):
        read_garment(np.zeros((90, 90, 3), np.uint8), mask=np.ones((80, 90), bool))
    with pytest.raises(ValueError, match="sides of 48 pixels or more"):
        read_garment(np.zeros((30, 90, 3), np.uint8))
    with pytest.raises(TypeError, match="image: expected"):
        read_garment(np.zeros((90, 90), np.uint8))


def test_a_garment_that_hardly_stands_out_is_doubted():
    image = np.full((200, 160, 3), 250, np.uint8)
    image[40:180, 40:120] = 239
    garment = read_garment(image)
    assert garment.confidence < 0.6
    assert "hardly stands out" in " ".join(garment.reasons)


def test_a_face_in_the_photo_is_doubted(astronaut_like_photo):
    garment = read_garment(astronaut_like_photo)
    assert garment.confidence < 0.5
    assert "somebody is in" in " ".join(garment.reasons)


@pytest.fixture
def astronaut_like_photo():
    """The astronaut, cut by an ellipse, before a plain wall."""
    import cv2
    from skimage import data

    photo = cv2.resize(data.astronaut(), (400, 400))
    inside = np.zeros((400, 400), np.uint8)
    cv2.ellipse(inside, (175, 210), (140, 200), 0, 0, 360, 1, -1)
    wall = np.full((480, 400, 3), 235, np.uint8)
    wall[60:460][inside > 0] = photo[inside > 0]
    return wall


@pytest.mark.parametrize(
    ("seed", "kind"), [(40071, "skirt"), (50021, "skirt"), (50105, "skirt"), (70014, "tank")]
)
def test_waistbands_and_stripes_are_no_inner_collars(seed, kind):
    made = make_garment(random_garment(seed, kind), size=SIZE)
    garment = read_garment(made.image)
    assert garment.kind == kind
    mine, front = garment.mask > 0.5, made.front > 0.5
    assert (mine & front).sum() / (mine | front).sum() > 0.9


def test_a_stripe_of_the_inner_collars_colour_stays():
    image = np.full((120, 100, 3), 200, np.uint8)
    mask = np.zeros((120, 100), np.float32)
    mask[10:50, 28:72] = mask[50:110, 10:90] = 1
    image[10:34, 40:60] = image[34:40, 28:72] = (90, 90, 20)  # the collar, and a stripe below it
    assert (without_inner_collar(image, mask)[12:38, 29:38] > 0.5).all()
