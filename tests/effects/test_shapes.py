"""Small nose and big mouth: what moves, how far, and that nothing folds."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.effects.discs import merge
from cvfast.effects.mouth import big_mouth
from cvfast.effects.nose import small_nose
from cvfast.effects.options import RetouchOptions
from cvfast.effects.retouch import plan, retouch
from cvfast.effects.subject import Subject
from cvfast.faces.types import Landmarks


def ramps(shape):
    """A picture whose samples are their own coordinates: warped, it is the inverse map."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.ascontiguousarray(np.stack([x, y], axis=2))


def inverse_map(discs, shape=(512, 512)):
    field = ramps(shape)
    for group in merge(discs):
        group.warp(field)
    return field


def area(field):
    """The inverse map's area of each pixel: over 0 where nothing folds."""
    dx, dy = np.gradient(field, axis=1), np.gradient(field, axis=0)
    return dx[..., 0] * dy[..., 1] - dx[..., 1] * dy[..., 0]


def seen_at(field, point):
    """Where a point of the picture went: the pixel that shows what is nearest to it."""
    away = np.linalg.norm(field - np.asarray(point, np.float32), axis=2)
    y, x = np.unravel_index(away.argmin(), away.shape)
    return np.array([x, y])


@pytest.mark.parametrize("scheme", ["mesh478", "dlib68"])
def test_a_small_nose_is_narrower_and_leaves_eyes_and_lips(marks, scheme):
    field = inverse_map(small_nose(marks.to(scheme), 1.0))
    right, left = (seen_at(field, marks.points[i, :2]) for i in (129, 358))
    before = np.linalg.norm(marks.points[358, :2] - marks.points[129, :2])

    assert 0.65 * before < np.linalg.norm(left - right) < 0.9 * before
    moved = np.linalg.norm(field - ramps((512, 512)), axis=2)
    for still in (33, 263, 133, 362, 17, 152):
        x, y = marks.points[still, :2].round().astype(int)
        assert moved[y, x] < 0.5


@pytest.mark.parametrize("scheme", ["mesh478", "dlib68"])
def test_a_big_mouth_is_wider_and_leaves_eyes_and_chin(marks, scheme):
    field = inverse_map([big_mouth(marks.to(scheme), 1.0)])
    right, left = (seen_at(field, marks.points[i, :2]) for i in (61, 291))
    before = np.linalg.norm(marks.points[291, :2] - marks.points[61, :2])

    assert 1.05 * before < np.linalg.norm(left - right) < 1.4 * before
    moved = np.linalg.norm(field - ramps((512, 512)), axis=2)
    for still, most in ((33, 0), (263, 0), (234, 0), (454, 0), (4, 1.5), (152, 1.5)):
        x, y = marks.points[still, :2].round().astype(int)
        assert moved[y, x] <= most


def test_all_shapes_at_once_do_not_fold(marks):
    everything = {"slim_face": 1.0, "small_nose": 1.0, "big_mouth": 1.0, "big_eyes": 1.0}
    discs = plan([Subject(marks)], RetouchOptions(**everything))

    field = ramps((512, 512))
    for group in discs:
        group.warp(field)
    assert area(field).min() > 0


def test_shapes_grow_with_the_strength_and_with_the_weight(astronaut, marks):
    for name in ("small_nose", "big_mouth"):
        amounts = [
            np.abs(retouch(astronaut, landmarks=marks, **{name: s}).astype(int) - astronaut).sum()
            for s in (0.0, 0.3, 0.6, 1.0)
        ]
        assert amounts[0] == 0
        assert (np.diff(amounts) > 0).all()
        faded = plan([Subject(marks, weight=0.0)], RetouchOptions(**{name: 1.0}))
        assert sum(len(discs) for discs in faded) == 0


def test_a_turned_head_keeps_its_nose_and_mouth(marks):
    points = marks.points.copy()
    points[:, 2] += (points[:, 0] - 225) * np.tan(np.radians(80))
    turned = Landmarks(points, "mesh478", 1.0, marks.box)

    assert sum(len(discs) for discs in small_nose(turned, 1.0)) == 0
    assert len(big_mouth(turned, 1.0)) == 0


def test_wings_on_one_side_of_the_nose_do_not_fold(marks):
    points = marks.points.copy()
    points[129, 0] -= 100
    points[358, :2] = points[129, :2] + (5, 0)
    discs = small_nose(Landmarks(points, marks.scheme, marks.score, marks.box), 1.0)
    assert area(inverse_map(discs)).min() > 0


def test_a_face_without_weight_has_no_plan(marks):
    options = RetouchOptions(slim_face=1.0, small_nose=1.0, big_mouth=1.0, big_eyes=1.0)
    assert plan([Subject(marks, 0.0)], options) == []
