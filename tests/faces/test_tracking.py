"""Tracks and their smoothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import skimage.data
from cvfast.faces.smoothing import OneEuro
from cvfast.faces.tracking import FaceTracker
from cvfast.geometry.sampling import PixelReader
from PIL import Image


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


def follow(tracker, picture, index):
    return tracker.update(PixelReader.of(picture), index / 30)


def run(tracker, pictures):
    return [
        [track.number for track in follow(tracker, picture, index)]
        for index, picture in enumerate(pictures)
    ]


def test_one_face_keeps_its_number_with_few_searches_and_fits(astronaut):
    pictures = [np.roll(astronaut, (index, 2 * index), (0, 1)) for index in range(20)]
    tracker = FaceTracker(search_every=10)
    assert run(tracker, pictures) == [[0]] * 20
    assert tracker.searches == 2
    assert tracker.fits <= 11


@pytest.fixture(scope="module")
def hidden(astronaut):
    """The picture with something before the face."""
    picture = astronaut.copy()
    picture[30:220, 130:320] = (150, 120, 100)
    return picture


def test_a_face_that_is_away_for_a_moment_keeps_its_number(astronaut, hidden):
    tracker, weights = FaceTracker(), []
    for index, picture in enumerate([astronaut] * 3 + [hidden] * 12 + [astronaut] * 8):
        tracks = follow(tracker, picture, index)
        weights.append(tracks[0].weight if tracks else 0.0)
        assert [track.number for track in tracks] in ([0], [])
    assert weights[:3] == [1.0] * 3
    assert all(later < sooner for sooner, later in itertools.pairwise(weights[2:9]))
    assert weights[9:15] == [0.0] * 6
    assert weights[15:18] == sorted(weights[15:18])
    assert 0 < weights[15] < 0.5
    assert weights[20:] == [1.0] * 3


def test_a_face_may_slide_out_of_the_frame(astronaut):
    wide = np.hstack([astronaut, np.full((512, 500, 3), 120, np.uint8)])
    tracker = FaceTracker()
    # First slowly, so that ever less is left of it, then a last step.
    for index, left in enumerate([*range(0, 300, 20), 330, 400]):
        for track in follow(tracker, np.ascontiguousarray(wide[:, left : left + 512]), index):
            assert np.isfinite(track.landmarks.points).all()


def test_memory_stays_with_the_track(astronaut, hidden):
    tracker = FaceTracker()
    (track,) = follow(tracker, astronaut, 0)
    track.memory["skin"] = 7
    for index in range(1, 12):
        follow(tracker, hidden, index)
    for index in range(12, 20):
        tracks = follow(tracker, astronaut, index)
    (again,) = tracks
    assert again.memory == {"skin": 7}
    assert again is not track


def test_a_face_that_returns_late_or_elsewhere_is_another(astronaut, hidden):
    for returned, pause in ((astronaut, 60), (np.roll(astronaut, 250, axis=1), 12)):
        tracker = FaceTracker()
        numbers = run(tracker, [astronaut] + [hidden] * pause + [returned])
        assert numbers[0] == [0]
        assert numbers[-1] == [1]


def test_a_cut_ends_the_tracks_at_once(astronaut):
    """Unlike a face that is lost, none is held where the next scene shows something else."""
    cat = np.asarray(Image.fromarray(skimage.data.cat()).resize((512, 512)))
    tracker = FaceTracker()
    scenes = [astronaut] * 4 + [cat] * 4 + [astronaut[:, ::-1]] * 2
    seen = [follow(tracker, picture, index) for index, picture in enumerate(scenes)]
    assert [[track.number for track in tracks] for tracks in seen] == [[0]] * 4 + [[]] * 4 + [
        [1]
    ] * 2
    assert seen[8][0].weight == 1.0


def test_a_flash_ends_no_track(astronaut):
    flash = np.clip(astronaut.astype(int) * 1.4 + 60, 0, 255).astype(np.uint8)
    pictures = [astronaut] * 6 + [flash] + [astronaut] * 6
    assert run(FaceTracker(), pictures) == [[0]] * 13


def test_no_face_costs_no_fits(astronaut):
    tracker = FaceTracker()
    blank = np.full_like(astronaut, 128)
    assert run(tracker, [blank] * 5) == [[]] * 5
    assert tracker.fits == 0


def test_many_faces_keep_their_numbers(astronaut):
    head = np.asarray(Image.fromarray(astronaut[0:220, 110:330]).resize((150, 150)))
    scene = np.full((620, 780, 3), 110, np.uint8)
    for row, column in np.ndindex(4, 5):
        scene[5 + 153 * row :, 5 + 154 * column :][:150, :150] = head
    pictures = [np.roll(scene, 2 * index, axis=1) for index in range(4)]
    assert run(FaceTracker(), pictures) == [list(range(20))] * 4


def test_a_second_face_joins(astronaut):
    one = np.zeros((512, 1024, 3), np.uint8)
    one[:, :512] = astronaut
    both = np.hstack([astronaut, astronaut])
    numbers = run(FaceTracker(search_every=2), [one, both, both, both, both])
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
        tracks = tracker.update(PixelReader.of(picture), index / 30)
        followed.append({track.number: track.landmarks.points[:, 0].mean() for track in tracks})
    front = max(followed[0], key=followed[0].get)  # it starts on the right
    assert sorted(followed[0]) == [0, 1]
    assert [front] in [list(each) for each in followed]
    # The hidden one is found where it comes out again, as itself or as a new one.
    assert len(followed[-1]) == 2
    assert front in followed[-1]
    path = np.array([each[front] for each in followed])
    assert np.diff(path)[2:] == pytest.approx(-28, abs=3)


def test_after_a_cut_the_points_are_there_at_once(astronaut):
    tracker = FaceTracker()
    moved = np.roll(astronaut, (20, 30), (0, 1))
    pictures = [astronaut] * 3 + [moved] * 4
    seen = []
    for index, picture in enumerate(pictures):
        (track,) = tracker.update(PixelReader.of(picture), index / 30)
        seen.append(track.landmarks.points[:, :2].mean(axis=0))
    assert seen[3] - seen[2] == pytest.approx([30, 20], abs=1.5)
    assert seen[6] == pytest.approx(seen[3], abs=1.0)
