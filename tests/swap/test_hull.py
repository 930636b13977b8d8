"""Masks from landmarks and labels against rasterisers of other people's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from cvfast.swap.hull import convex_hull, eyes_mouth_mask, hull_mask
from cvfast.swap.masks import face_mask, label_mask
from cvfast.synth.faces import make_face
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, Delaunay

from tests.swap.masked_people import HOLE, SQUARE, record_of

# The sets of points of the reference, written out again.
PARTS = [
    [*range(9), 17], [*range(8, 17), 26], [17, 18, 19, 8], [24, 25, 26, 8],
    [19, 20, 21, 22, 23, 24, 8], [17, 18, 19, 20, 21, 27, 31, 32, 33, 34, 35, 8],
    [22, 23, 24, 25, 26, 27, 31, 32, 33, 34, 35, 8], [27, 28, 29, 30, 31, 32, 33, 34, 35],
]  # fmt: skip


def inside_any(points: NDArray[np.float64], parts: list[list[int]], size: int) -> NDArray[np.bool_]:
    """Whether each pixel's middle lies in one of the hulls, by scipy's triangulation."""
    steps = np.arange(size) + 0.5
    middles = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    found = np.zeros(len(middles), bool)
    for part in parts:
        found |= Delaunay(points[part]).find_simplex(middles) >= 0
    return found.reshape(size, size)


@pytest.mark.parametrize("seed", range(4))
def test_the_hull_is_the_union_of_eight_convex_hulls(seed: int) -> None:
    points = make_face(20 + seed, seed=seed, size=96).points68.astype(float)
    mask = hull_mask(points, 96, eyebrows=0)
    reference = inside_any(points, PARTS, 96)
    assert ((mask > 0.5) != reference).mean() < 1e-3
    assert reference[mask == 1].all()
    assert not reference[mask == 0].any()


@pytest.mark.parametrize("seed", range(4))
def test_no_seam_shows_where_two_hulls_meet(seed: int) -> None:
    points = make_face(30 + seed, seed=seed, size=96).points68.astype(float)
    seen = inside_any(points, PARTS, 96).astype(np.uint8)
    inside = cv2.erode(cv2.morphologyEx(seen, cv2.MORPH_CLOSE, np.ones((3, 3))), np.ones((5, 5)))
    assert hull_mask(points, 96, eyebrows=0)[inside > 0].min() > 0.9


def test_pushed_brows_take_in_more_of_the_forehead_and_nothing_else() -> None:
    points = make_face(7, seed=1, size=128, pose=(0, 0, 0)).points68
    usual, more = hull_mask(points, 128, eyebrows=0), hull_mask(points, 128, eyebrows=1)
    assert (more >= usual - 1e-6).all()
    grown = np.argwhere(more > usual + 0.5)
    assert len(grown) > 20
    assert grown[:, 0].max() < points[36:48, 1].max()


def test_the_mask_moves_with_the_landmarks_and_scales_with_them() -> None:
    points = make_face(7, seed=1, size=64).points68.astype(float)
    there = hull_mask(points, 64)
    np.testing.assert_allclose(
        hull_mask(points + np.array([3, 0]), 64)[:, 3:], there[:, :-3], atol=1e-6
    )
    twice = hull_mask(points * 2, 128)
    small = twice.reshape(64, 2, 64, 2).mean(axis=(1, 3))
    assert np.abs(small - there).mean() < 0.002


def test_eyes_and_mouth_are_soft_and_nothing_else_is_in_them() -> None:
    points = make_face(7, seed=1, size=128, expression="open").points68.astype(float)
    mask = eyes_mouth_mask(points, 128)
    hard = inside_any(points, [[*range(36, 42)], [*range(42, 48)], [*range(60, 68)]], 128)
    assert mask[hard].mean() > 0.8
    near = cv2.dilate(hard.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    assert mask[~near].max() == 0
    assert 0 < mask.min(initial=1, where=mask > 0) < 0.2 < mask.max() <= 1


@given(some.lists(some.tuples(some.integers(0, 50), some.integers(0, 50)), min_size=3, max_size=30))
@settings(max_examples=50, deadline=None)
def test_convex_hull_is_scipys(points: list[tuple[int, int]]) -> None:
    found = convex_hull(points)
    spread = np.linalg.matrix_rank(np.array(points) - points[0])
    if spread == 2:
        reference = np.array(points)[ConvexHull(points).vertices]
        assert {tuple(p) for p in found} == {tuple(p) for p in reference.astype(float)}
    else:
        assert len(found) <= 2


@pytest.mark.parametrize("bad", [np.zeros((5, 2)), np.full((68, 2), np.nan)])
def test_other_landmarks_are_refused(bad: NDArray[np.float64]) -> None:
    for mask_of in (hull_mask, eyes_mouth_mask):
        with pytest.raises(ValueError, match="landmarks: expected"):
            mask_of(bad, 64)


@pytest.mark.parametrize("seed", range(5))
def test_labels_cover_what_opencv_fills_sixteen_times_as_fine(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turns = np.sort(rng.uniform(0, 2 * np.pi, 12))
    reach = rng.uniform(0.1, 0.45, 12)
    points = 0.5 + np.stack([np.cos(turns) * reach, np.sin(turns) * reach], axis=1)
    mask = label_mask([{"include": True, "points": points.tolist()}], 40)
    fine = np.zeros((640, 640), np.uint8)
    cv2.fillPoly(fine, [np.rint(points * 640 - 0.5).astype(np.int32)], 1)
    reference = fine.reshape(40, 16, 40, 16).mean(axis=(1, 3))
    assert np.abs(mask - reference).max() < 0.25
    assert np.abs(mask - reference).mean() < 0.01
    x, y = points.T
    area = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2  # Gauss
    assert mask.sum() / 1600 == pytest.approx(area, rel=0.01)


def test_what_is_excluded_goes_before_what_is_included_in_any_order() -> None:
    mask = label_mask([HOLE, SQUARE], 20)
    assert (mask == label_mask([SQUARE, HOLE], 20)).all()
    assert mask[6, 6] == 1
    assert mask[10, 10] == 0
    assert mask[1, 1] == 0


def test_an_applied_mask_goes_before_labels_and_these_before_the_hull() -> None:
    made = make_face(7, seed=1, size=64)
    hull = face_mask(made.image, record_of(made), size=32)
    np.testing.assert_array_equal(hull, hull_mask((made.points68 + 0.5) / 2, 32))
    labelled = face_mask(made.image, record_of(made, polygons=(SQUARE,)), size=32)
    np.testing.assert_array_equal(labelled, label_mask([SQUARE], 32))
    cut = face_mask(made.image, record_of(made, polygons=(HOLE,)), size=32)
    np.testing.assert_allclose(cut, hull * label_mask([HOLE], 32))
    applied = np.zeros((16, 16), np.uint8)
    applied[:, 8:] = 255
    seen = face_mask(made.image, record_of(made, polygons=(SQUARE,), mask=applied), size=8)
    np.testing.assert_array_equal(seen, np.repeat([[0, 0, 0, 0, 1, 1, 1, 1]], 8, axis=0))
