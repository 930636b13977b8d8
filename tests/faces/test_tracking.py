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


def test_the_points_keep_up_where_motion_turns_round():
    """To and fro at up to two face widths a second."""
    smooth = OneEuro()
    path = np.array([[[0.0, 200 * np.sin(i / 3)]] for i in range(60)]) * 0.2
    out = np.array([smooth(p, seconds=i / 30, size=200) for i, p in enumerate(path)])
    assert abs(path - out).max() < 0.02 * 200


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


def test_a_face_that_passes_before_another_is_followed_once(astronaut):
    """The hidden face's track must not stay on the one in front, which would be warped twice."""
    head = astronaut[20:200, 140:310]
    y, x = np.mgrid[:180, :170]
    oval = (((x - 85) / 80) ** 2 + ((y - 90) / 88) ** 2 < 1)[..., None]

    def scene(index):
        picture = np.full((300, 800, 3), 120, np.uint8)
        for face, left in ((head, 20 + 28 * index), (head[:, ::-1], 590 - 28 * index)):
            part = picture[60:240, left : left + 170]
            part[:] = np.where(oval, face, part)
        return picture

    tracker, followed = FaceTracker(), []
    for index in range(20):
        picture = scene(index)
        tracks = tracker.update(PixelReader.of(picture), lambda p=picture: p, index / 30)
        followed.append({track.number: track.landmarks.points[:, 0].mean() for track in tracks})
    front = max(followed[0], key=followed[0].get)  # it starts on the right
    assert sorted(followed[0]) == [0, 1]
    assert [front] in [list(each) for each in followed]
    assert sorted(followed[-1]) == sorted([front, 2])
    path = np.array([each[front] for each in followed])
    assert np.diff(path)[2:] == pytest.approx(-28, abs=3)


def test_after_a_cut_the_points_are_there_at_once(astronaut):
    tracker = FaceTracker()
    moved = np.roll(astronaut, (20, 30), (0, 1))
    pictures = [astronaut] * 3 + [moved] * 4
    seen = []
    for index, picture in enumerate(pictures):
        (track,) = tracker.update(PixelReader.of(picture), lambda p=picture: p, index / 30)
        seen.append(track.landmarks.points[:, :2].mean(axis=0))
    assert seen[3] - seen[2] == pytest.approx([30, 20], abs=1.5)
    assert seen[6] == pytest.approx(seen[3], abs=1.0)
