"""Blurs against sums written out, and what they must keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cvfast.imaging.blur import gaussian_blur, motion_blur, motion_kernel
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

IMAGE = np.random.default_rng(0).random((40, 52, 3), np.float32)


@pytest.mark.parametrize("sigma", [0.5, 1.5, 6.0])
def test_gaussian_as_scipy(sigma: float) -> None:
    reach = math.ceil(3 * sigma)
    wanted = gaussian_filter(IMAGE, (sigma, sigma, 0), mode="mirror", radius=(reach, reach, 0))
    assert gaussian_blur(IMAGE, sigma) == pytest.approx(wanted, abs=1e-5)
    assert gaussian_blur(IMAGE[..., 0], sigma) == pytest.approx(wanted[..., 0], abs=1e-5)


def test_nothing_to_blur() -> None:
    for done in (gaussian_blur(IMAGE, 0), motion_blur(IMAGE, 1.0, 0)):
        assert done is not IMAGE
        assert np.array_equal(done, IMAGE)


@given(st.floats(-10, 10), st.floats(1, 60))
def test_motion_kernel(angle: float, length: float) -> None:
    kernel = motion_kernel(angle, length)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert np.abs(kernel - kernel[::-1, ::-1]).max() < 1e-4  # so that nothing moves
    y, x = np.mgrid[: len(kernel), : len(kernel)] - len(kernel) // 2
    along = math.cos(angle) * x + math.sin(angle) * y
    spread = float((kernel * along**2).sum())
    assert spread == pytest.approx(length**2 / 12, rel=0.1, abs=0.25)


def test_motion_goes_the_way_it_says() -> None:
    spot = np.zeros((31, 31), np.float32)
    spot[15, 15] = 1
    down = motion_blur(spot, math.pi / 2, 9)
    assert down[11:20, 15].sum() == pytest.approx(1, abs=1e-5)
    slope = motion_blur(spot, math.pi / 4, 15)  # clockwise as seen: to the right and down
    assert slope[18, 18] > 0.02
    assert slope[12, 18] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("sigma", [-1, 513, math.nan])
def test_bad_sigma(sigma: float) -> None:
    with pytest.raises(ValueError, match="sigma: expected 0 to 512"):
        gaussian_blur(IMAGE, sigma)


def test_bad_length() -> None:
    with pytest.raises(ValueError, match="length: expected 1 to 512"):
        motion_kernel(0.0, 600)
