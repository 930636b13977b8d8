"""Poisson cloning: where it lands, what light it takes, and how steady it is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cvfast.imaging.seamless import clone_region, seamless_clone

SIDE = 64
Y, X = np.mgrid[:SIDE, :SIDE]
PICTURE = np.stack([np.sin(X / 5), np.cos(Y / 4), np.sin((X + Y) / 6)], axis=2) * 0.2 + 0.5
PICTURE = PICTURE.astype(np.float32)


def disc(x: float, y: float, radius: float) -> np.ndarray:
    return np.clip(radius + 0.5 - np.hypot(X - x, Y - y), 0, 1).astype(np.float32)


@pytest.mark.parametrize("radius", [9, 9.5, 10, 14.3])
@pytest.mark.parametrize("middle", [31.5, 30.0])
def test_lands_where_it_lay(radius: float, middle: float) -> None:
    done = seamless_clone(PICTURE, PICTURE, disc(middle, middle + 2, radius))
    assert np.abs(done - PICTURE).max() < 4 / 255


def test_takes_the_targets_light() -> None:
    mask = disc(32, 32, 15)
    done = seamless_clone(PICTURE * 0.5, np.full_like(PICTURE, 0.7), mask)
    assert done[mask > 0].mean() == pytest.approx(0.7, abs=0.06)
    assert done[32, 32] - done[32, 27] == pytest.approx(
        0.5 * (PICTURE[32, 32] - PICTURE[32, 27]), abs=0.04
    )


def test_outside_stays_to_the_bit() -> None:
    mask = disc(32, 32, 12)
    target = np.random.default_rng(0).random(PICTURE.shape, np.float32)
    done = seamless_clone(PICTURE, target, mask)
    assert np.array_equal(done[mask == 0], target[mask == 0])


def test_no_jump_when_the_mask_changes_by_a_pixel() -> None:
    face, target = PICTURE * 0.6 + 0.1, np.full_like(PICTURE, 0.6)
    results = [seamless_clone(face, target, disc(32 + k / 3, 32, 14 + k / 4)) for k in range(5)]
    inner = disc(32, 32, 9) > 0
    for a, b in itertools.pairwise(results):
        change = (b - a)[inner]
        assert np.abs(change - change.mean(axis=0)).max() < 8 / 255  # nothing moved


def test_region() -> None:
    mask = np.zeros((8, 8), np.float32)
    mask[2:6, 2:6], mask[3:5, 3:5], mask[0, 0] = 0.35, 0.62, 1
    assert clone_region(mask).sum() == 4  # cut at 0.6; the border does not count
    assert clone_region(mask * 0).sum() == 0
    assert clone_region(np.ones((5, 5, 1), np.float32)).sum() == 9


@pytest.mark.parametrize("mask", [disc(32, 32, 1), np.zeros((SIDE, SIDE), np.float32)])
def test_too_small_gives_the_target(mask: np.ndarray) -> None:
    target = np.full_like(PICTURE, 0.3)
    assert np.array_equal(seamless_clone(PICTURE, target, mask), target)


def test_full_mask_and_borders() -> None:
    done = seamless_clone(PICTURE, PICTURE, np.ones((SIDE, SIDE), np.float32))
    assert np.abs(done - PICTURE).max() < 5 / 255


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="expected one size"):
        seamless_clone(PICTURE, PICTURE[1:], disc(32, 32, 9))
    with pytest.raises(TypeError, match="face: expected a float32 array"):
        seamless_clone(PICTURE.astype(np.float64), PICTURE, disc(32, 32, 9))  # type: ignore
