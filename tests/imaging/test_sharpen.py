"""Sharpening, softening, and making poorer."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.imaging.degrade import bicubic_degrade, color_degrade, denoise
from cvfast.imaging.sharpen import sharpen
from scipy.ndimage import median_filter, uniform_filter

RNG = np.random.default_rng(1)
IMAGE = np.clip(0.5 + 0.1 * RNG.normal(size=(40, 44, 3)), 0.1, 0.9).astype(np.float32)
INNER = np.s_[4:-4, 4:-4]


def test_box_is_unsharp_masking() -> None:
    wanted = IMAGE + 0.4 * (IMAGE - uniform_filter(IMAGE, (3, 3, 1)))
    assert sharpen(IMAGE, "box", 10)[INNER] == pytest.approx(wanted[INNER].clip(0, 1), abs=1e-5)


@pytest.mark.parametrize("mode", ["box", "gaussian"])
def test_more_is_sharper(mode: str) -> None:
    spreads = [sharpen(IMAGE, mode, amount).std() for amount in (-30, -5, 0, 10, 40)]
    assert spreads == sorted(spreads)
    flat = np.full((9, 9, 3), 0.3, np.float32)
    assert sharpen(flat, mode, 100) == pytest.approx(flat, abs=1e-6)


def test_below_zero_is_the_median() -> None:
    median = median_filter(IMAGE, (5, 5, 1))
    assert sharpen(IMAGE, "box", -10)[INNER] == pytest.approx(median[INNER], abs=1e-6)
    half = sharpen(IMAGE, "gaussian", -5)[INNER]
    assert half == pytest.approx((IMAGE + median)[INNER] / 2, abs=1e-6)
    assert denoise(IMAGE, 100)[INNER] == pytest.approx(median[INNER], abs=1e-6)


def test_none_and_nothing() -> None:
    for done in (
        sharpen(IMAGE, "none", 50), sharpen(IMAGE, "box", 0), denoise(IMAGE, 0),
        bicubic_degrade(IMAGE, 0), color_degrade(IMAGE, 0),
    ):  # fmt: skip
        assert np.array_equal(done, IMAGE)
        assert done is not IMAGE


@pytest.mark.parametrize("degrade", [bicubic_degrade, color_degrade])
def test_more_power_is_farther_away(degrade) -> None:
    far = [np.abs(degrade(IMAGE, power) - IMAGE).mean() for power in (0, 30, 60, 100)]
    assert far == sorted(far)
    assert degrade(IMAGE, 100).shape == IMAGE.shape


def test_coarse_keeps_the_mean() -> None:
    assert bicubic_degrade(IMAGE, 60).mean() == pytest.approx(IMAGE.mean(), abs=0.01)


def test_few_colours() -> None:
    assert len(np.unique(color_degrade(IMAGE, 100).reshape(-1, 3), axis=0)) <= 256


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sharpen(IMAGE, "bax", 1), "mode: expected one of none, box, gaussian"),
        (lambda: sharpen(IMAGE, "box", 101), "amount: expected -100 to 100, got 101"),
        (lambda: denoise(IMAGE, 501), "power: expected 0 to 500, got 501"),
        (lambda: bicubic_degrade(IMAGE, -1), "power: expected 0 to 100, got -1"),
        (lambda: color_degrade(IMAGE, 101), "power: expected 0 to 100, got 101"),
    ],
)
def test_out_of_range(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
