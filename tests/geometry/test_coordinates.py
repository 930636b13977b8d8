from __future__ import annotations

import numpy as np
import pytest
from cvfast.geometry.coordinates import fractions_to_points, points_to_fractions, rotate_points


def test_fractions_run_from_edge_to_edge() -> None:
    np.testing.assert_allclose(
        fractions_to_points([[0, 0], [1, 1], [0.5, 0.5]], (8, 4)),
        [[-0.5, -0.5], [7.5, 3.5], [3.5, 1.5]],
    )


def test_fractions_and_points_are_inverse() -> None:
    points = np.random.default_rng(0).uniform(-5, 20, (7, 2))
    np.testing.assert_allclose(
        fractions_to_points(points_to_fractions(points, (13, 7)), (13, 7)), points, atol=1e-12
    )


@pytest.mark.parametrize("turns", range(-5, 6))
def test_rotated_points_follow_the_rotated_picture(turns: int) -> None:
    picture = np.arange(15).reshape(3, 5)
    turned = np.rot90(picture, -turns)  # NumPy turns counter-clockwise
    xs, ys = np.meshgrid(np.arange(5), np.arange(3))
    points = np.stack([xs, ys], axis=-1)
    x, y = np.moveaxis(rotate_points(points, (5, 3), turns).astype(int), -1, 0)
    np.testing.assert_array_equal(turned[y, x], picture)
    back = rotate_points(np.stack([x, y], axis=-1), turned.shape[::-1], -turns)
    np.testing.assert_array_equal(back, points)


def test_depth_is_kept_and_other_shapes_refused() -> None:
    assert rotate_points([1, 0, 9], (4, 2), 2).tolist() == [2, 1, 9]
    with pytest.raises(ValueError, match=r"points: expected shape .* got \(3, 4\)"):
        rotate_points(np.zeros((3, 4)), (4, 2), 1)
