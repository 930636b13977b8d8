"""Big eyes: how much larger, and that nothing else changes."""

from __future__ import annotations

import dataclasses
import math

import cvfast
import numpy as np
import pytest
from cvfast.effects.eyes import big_eyes
from cvfast.effects.retouch import find_landmarks
from cvfast.faces.schemes import GROUPS
from cvfast.geometry.coordinates import rotate_points


def carried(discs, points):
    """Where the content at the points goes: the warps' inverse map, inverted by iteration."""
    moved = points.copy()
    for _ in range(400):
        source = moved.copy()
        for center, radius, strength in reversed(
            list(zip(discs.centers, discs.radii, discs.values, strict=True))
        ):
            away = source - center
            r = np.linalg.norm(away, axis=1, keepdims=True)
            factor = np.where(r < radius, 1 - strength * (1 - r / radius) ** 2, 1)
            source = center + away * factor
        moved += 0.5 * (points - source)
    return moved


def width_height(contour):
    half = len(contour) // 2
    return np.array(
        [np.linalg.norm(contour[half] - contour[0]), np.ptp(contour[:, 1])], dtype=float
    )


def test_found_again_the_eyes_have_grown_as_the_map_predicts(astronaut, marks):
    discs = big_eyes(marks, 0.4)
    after = find_landmarks(cvfast.retouch(astronaut, big_eyes=0.4))[0]
    for side in ("right_eye", "left_eye"):
        before = marks.group(side).astype(float)
        predicted = width_height(carried(discs, before)) - width_height(before)
        found = width_height(after.group(side)) - width_height(before)
        assert (predicted > 0.5).all()
        share = found / predicted
        assert ((share >= 0.8) & (share <= 1.2)).all(), (side, share)


def test_pixels_outside_the_discs_are_untouched(astronaut, marks):
    discs = big_eyes(marks, 0.4)
    result = cvfast.retouch(astronaut, big_eyes=0.4, landmarks=marks)
    y, x = np.mgrid[:512, :512]
    outside = np.ones((512, 512), bool)
    for (cx, cy), radius in zip(discs.centers, discs.radii, strict=True):
        outside &= np.hypot(x - cx, y - cy) >= radius
    assert (result[outside] == astronaut[outside]).all()
    assert (result[~outside] != astronaut[~outside]).any()


def test_no_ring_at_the_rim(astronaut, marks):
    """Across the rim the picture changes no faster than it did: the warp ends smoothly."""
    discs = big_eyes(marks, 1.0)
    result = cvfast.retouch(astronaut, big_eyes=1.0, landmarks=marks).astype(float).mean(axis=2)
    before = astronaut.astype(float).mean(axis=2)
    y, x = np.mgrid[:512, :512]
    for (cx, cy), radius in zip(discs.centers, discs.radii, strict=True):
        rim = np.abs(np.hypot(x - cx, y - cy) - radius) < 1.5
        change = np.abs(result - before)[rim]
        assert change.max() < 12
        assert change.mean() < 0.6


def closed(marks, side, openness):
    """The same face with the lids of one eye brought together."""
    points = marks.points.copy()
    ids = list(GROUPS["mesh478"][f"{side}_eye"])
    corners = points[[ids[0], ids[len(ids) // 2]]]
    middle = corners[:, 1].mean()
    now = getattr(marks.eye_openness, side)
    points[ids, 1] = middle + (points[ids, 1] - middle) * openness / now
    return dataclasses.replace(marks, points=points)


def test_a_closed_eye_is_not_inflated(marks):
    wink = closed(marks, "left", 0.03)
    discs = big_eyes(wink, 0.5)
    assert len(discs) == 1
    assert discs.centers[0, 0] < marks.points[:, 0].mean()  # only the other one, picture's left
    half = closed(marks, "left", 0.15)
    strengths = big_eyes(half, 0.5).values
    assert 0 < strengths[1] < strengths[0]


def test_a_blink_does_not_pop(marks):
    """Strength as a function of the opening has no jump."""
    values = []
    for openness in np.linspace(0.05, 0.3, 60):
        discs = big_eyes(closed(marks, "left", openness), 1.0)
        values.append(discs.values[1] if len(discs) == 2 else 0.0)
    assert np.abs(np.diff(values)).max() < 0.05
    assert values[0] == 0
    assert values[-1] == pytest.approx(0.6)


@pytest.mark.parametrize(("degrees", "away"), [(45, "left"), (-45, "right")])
def test_an_eye_turned_away_is_eased(marks, degrees, away):
    """The head turned in space about its vertical axis."""
    points = marks.points.astype(float)
    middle = points.mean(axis=0)
    angle = math.radians(degrees)
    x, z = (points - middle)[:, 0], (points - middle)[:, 2]
    points[:, 0] = middle[0] + x * math.cos(angle) - z * math.sin(angle)
    points[:, 2] = middle[2] + x * math.sin(angle) + z * math.cos(angle)
    turned = dataclasses.replace(marks, points=points.astype(np.float32))
    assert math.degrees(turned.pose.yaw) == pytest.approx(degrees, abs=4)
    discs = big_eyes(turned, 1.0)
    right, left = discs.values
    assert (left < right) if away == "left" else (right < left)


def test_strength_grows_with_the_option(marks):
    strengths = [big_eyes(marks, option).values.max() for option in (0.1, 0.4, 1.0)]
    assert strengths == pytest.approx([0.06, 0.24, 0.6])


def test_68_points_do_as_well(astronaut, marks):
    mesh = cvfast.retouch(astronaut, big_eyes=0.4, landmarks=marks).astype(int)
    points = cvfast.retouch(astronaut, big_eyes=0.4, landmarks=marks.to("dlib68")).astype(int)
    assert np.abs(mesh - points).mean() < 0.3
    assert (points != astronaut).any()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_easing_does_not_depend_on_how_the_head_lies_in_the_picture(marks, turns):
    points = marks.points.astype(float)
    middle = points.mean(axis=0)
    x, z = (points - middle)[:, 0], (points - middle)[:, 2]
    angle = math.radians(45)
    points[:, 0] = middle[0] + x * math.cos(angle) - z * math.sin(angle)
    points[:, 2] = middle[2] + x * math.sin(angle) + z * math.cos(angle)
    lying = rotate_points(points, (512, 512), turns)
    for scheme in ("mesh478", "dlib68"):
        upright, turned = (
            big_eyes(dataclasses.replace(marks, points=each.astype(np.float32)).to(scheme), 1.0)
            for each in (points, lying)
        )
        assert turned.values == pytest.approx(upright.values, abs=1e-3)
        assert turned.values[1] < turned.values[0]
