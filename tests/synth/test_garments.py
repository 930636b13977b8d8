"""Made garments: what the picture shows is what mask, landmarks and cut say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cvfast.synth.garments import KINDS, GarmentSpec, cut_of, make_garment, random_garment


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_background_outside_the_mask_and_landmarks_lie_on_its_edge(
    kind: str,
) -> None:
    plain = (250, 240, 90)
    made = make_garment(random_garment(3, kind), size=(192, 256), background=plain)
    assert (made.image[made.mask == 0] == plain).all()
    assert 0.1 < made.mask.mean() < 0.8
    assert (made.front <= made.mask).all()
    rows, columns = np.nonzero(made.mask > 0.5)
    inside = np.stack([columns, rows], axis=1)
    edge = 0
    for at in made.landmarks.values():
        away = np.sqrt(((inside - at) ** 2).sum(axis=1)).min()
        edge += away < 2.5
    assert edge == len(made.landmarks)
    for name, at in made.landmarks.items():
        if "left" in name:  # the wearer's left is the picture's right
            other = made.landmarks[name.replace("left", "right")]
            assert at[0] > other[0]
            assert at[1] == pytest.approx(other[1])


def test_the_same_number_gives_the_same_bytes_and_another_size_the_same_garment() -> None:
    spec = random_garment(11)
    first, second = (make_garment(spec, size=(96, 128)) for _ in range(2))
    assert first.image.tobytes() == second.image.tobytes()
    large = make_garment(spec, size=(192, 256))
    ratio = large.scale / first.scale
    assert ratio == pytest.approx(2, rel=1e-9)
    assert np.abs(large.mask[::2, ::2] - first.mask).mean() < 0.02


@pytest.mark.parametrize("pattern", ["stripes", "checks", "dots", "bands", "plaid"])
def test_a_pattern_shows_its_colours_and_its_period(pattern: str) -> None:
    black, white = (10, 10, 10), (240, 240, 240)
    spec = GarmentSpec(pattern=pattern, scale=0.8, colors=(black, white, (128, 0, 0)), folds=0)
    made = make_garment(spec, size=(384, 512))
    inside = made.image[made.front > 0.999].mean(axis=1)
    assert inside.min() < 40
    assert inside.max() > 180
    if pattern == "stripes":  # down the middle: half dark, half light, changes every half period
        column = int(made.origin[0])
        line = made.texture[int(made.origin[1] + 2 * made.scale) :, column].mean(axis=1) > 128
        changes = np.diff(np.nonzero(np.diff(line[: int(4 * made.scale)]))[0])
        assert np.abs(changes - 0.4 * made.scale).max() <= 1.01


def test_text_is_there_in_its_colour() -> None:
    colors = ((20, 20, 20), (90, 90, 90), (250, 250, 0))
    spec = GarmentSpec(logo="text", word="CVFAST", colors=colors, folds=0)
    with_word = make_garment(spec, size=(384, 512))
    without = make_garment(replace(spec, logo="none"), size=(384, 512))
    differs = (with_word.image != without.image).any(axis=2)
    rows, columns = np.nonzero(differs)
    assert (columns.max() - columns.min()) / with_word.scale == pytest.approx(1.8, abs=0.1)
    assert np.abs(columns.mean() - with_word.origin[0]) < 3
    assert with_word.image[rows, columns, 0].max() > 240


def test_sleeves_stay_clear_of_the_trunk() -> None:
    for seed in range(40):
        cut = cut_of(random_garment(seed, "long" if seed % 2 else "tee"))
        assert cut.sleeve is not None
        inner = cut.sleeve.corners[1, 1]
        assert inner[0] > np.interp(inner[1], cut.rows, cut.widths)


def test_a_logo_larger_than_the_picture_is_cut_off() -> None:
    spec = GarmentSpec(logo="disc", logo_size=14.0, length=4.0)
    plain = make_garment(replace(spec, logo="none"), size=(96, 128))
    huge = make_garment(spec, size=(96, 128))
    ground, logo = (np.array(spec.colors[at]) for at in (0, 2))
    middle = huge.texture[120, 20:76].astype(int)
    assert np.abs(middle - logo).sum(axis=1).mean() < np.abs(middle - ground).sum(axis=1).mean()
    assert (huge.mask == plain.mask).all()


def test_bad_values_are_named() -> None:
    with pytest.raises(ValueError, match="colors: expected three RGB colours"):
        GarmentSpec(colors=((1, 2, 3),))
    with pytest.raises(ValueError, match="seed: expected 0 or more, got -1"):
        random_garment(-1)
    with pytest.raises(ValueError, match="kind: expected one of tee"):
        random_garment(0, "cape")
    with pytest.raises(ValueError, match="folds"):
        GarmentSpec(folds=2)
    with pytest.raises(ValueError, match="size"):
        make_garment(GarmentSpec(), size=(8, 8))
