"""Tracks and their smoothing."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from cvfast.faces.smoothing import OneEuro
from cvfast.faces.tracking import FaceTracker
from cvfast.geometry.sampling import PixelReader


def noisy(rng, count=120):
    return rng.normal(0, 0.3, (count, 4, 2))


def test_at_rest_noise_shrinks():
    smooth = OneEuro()
    points = noisy(np.random.default_rng(1))
    out = np.array([smooth(p, seconds=i / 30, size=200) for i, p in enumerate(points)])
    assert out[30:].std() < 0.5 * points[30:].std()


def test_in_motion_the_lag_is_under_a_frame():
    """One face width a second at 30 frames a second."""
    smooth = OneEuro()
    step = 200 / 30
    path = np.array([[[step * i, 0.0]] for i in range(60)])
    out = np.array([smooth(p, seconds=i / 30, size=200) for i, p in enumerate(path)])
    assert abs(path[-1] - out[-1]).max() < step


def test_uneven_times_count():
    fast, slow = OneEuro(), OneEuro()
    for filtered, gap in ((fast, 0.01), (slow, 1.0)):
        filtered(np.zeros((1, 2)), seconds=0, size=100)
        filtered.result = filtered(np.ones((1, 2)), seconds=gap, size=100)
    assert (fast.result < slow.result).all()
    assert slow.result == pytest.approx(1, abs=0.2)


def test_time_going_back_starts_anew():
    smooth = OneEuro()
    smooth(np.zeros((1, 2)), seconds=5, size=100)
    assert (smooth(np.ones((1, 2)), seconds=1, size=100) == 1).all()


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


def run(tracker, pictures, calls=None):
    numbers = []
    for index, picture in enumerate(pictures):

        def small(picture=picture, index=index):
            if calls is not None:
                calls.append(index)
            return picture

        tracks = tracker.update(PixelReader.of(picture), small, index / 30)
        numbers.append([track.number for track in tracks])
    return numbers


def test_one_face_keeps_its_number_and_few_detections_are_made(astronaut):
    pictures = [np.roll(astronaut, (index, 2 * index), (0, 1)) for index in range(20)]
    calls = []
    assert run(FaceTracker(detect_every=10), pictures, calls) == [[0]] * 20
    assert calls == [0, 10]


def test_a_face_that_leaves_and_returns_is_found_again(astronaut):
    blank = np.full_like(astronaut, 128)
    numbers = run(FaceTracker(), [astronaut, blank, blank, astronaut])
    assert numbers == [[0], [], [], [1]]


def test_a_second_face_joins(astronaut):
    one = np.zeros((512, 1024, 3), np.uint8)
    one[:, :512] = astronaut
    both = np.hstack([astronaut, astronaut])
    numbers = run(FaceTracker(detect_every=2), [one, both, both, both, both])
    assert numbers[0] == [0]
    assert numbers[-1] == [0, 1]
