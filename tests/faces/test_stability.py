"""Jitter and lag of paths whose figures are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cvfast.faces.stability import JitterMeter, lag, zero_lag


def jitter(points, times=None):
    meter = JitterMeter()
    for number, here in enumerate(points):
        meter.add(number / 30 if times is None else times[number], here)
    return meter.jitter


def test_white_noise_measures_its_deviation_times_root_three():
    noise = np.random.default_rng(0).normal(0, 0.5, (400, 50, 2))
    assert jitter(noise) == pytest.approx(0.5 * math.sqrt(3), rel=0.02)


def test_even_motion_is_no_jitter_even_at_uneven_times():
    times = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.06, 40))
    path = np.stack([300 * times, -40 * times], axis=1)[:, None]
    assert jitter(path, times) == pytest.approx(0, abs=1e-9)


def test_a_wobble_with_period_two_counts_twice():
    assert jitter([[[0.1 * (-1) ** k, 0]] for k in range(20)]) == pytest.approx(0.2)


def test_a_gap_is_not_measured_across():
    meter = JitterMeter()
    for number, point in enumerate([0, 0, None, 50, 50, 50]):
        meter.add(number / 30, None if point is None else [[point, 0]])
    assert meter.deviations == [(4 / 30, 0.0)]
    assert math.isnan(JitterMeter().jitter)


def path(frames):
    return np.stack([60 * np.sin(frames / 11), 25 * np.cos(frames / 7)], axis=1)


@pytest.mark.parametrize("late", [-0.4, 0.0, 0.3, 1.0, 4.5])
def test_lag_is_found_whatever_the_offset(late):
    frames = np.arange(120.0)
    noise = np.random.default_rng(2).normal(0, 0.3, (120, 2))
    measured = lag(path(frames - late) + np.array([7, -3]) + noise, path(frames))
    assert measured == pytest.approx(late, abs=0.05)


def test_a_still_or_short_path_has_no_lag():
    assert lag(np.zeros((100, 2)), np.zeros((100, 2))) is None
    assert lag(path(np.arange(8.0)), path(np.arange(8.0))) is None


def test_zero_lag_smooths_without_delay():
    frames = np.arange(200.0)
    noisy = path(frames) + np.random.default_rng(3).normal(0, 1, (200, 2))
    smooth = zero_lag(noisy)
    assert smooth.shape == noisy.shape
    assert lag(smooth, path(frames)) == pytest.approx(0, abs=0.03)
    assert np.abs(smooth - path(frames)).mean() < 0.7 * np.abs(noisy - path(frames)).mean()
