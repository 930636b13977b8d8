from __future__ import annotations

import numpy as np
from cvfast.geometry.boxes import RotatedBox, bounding_box, overlap_of_smaller


def test_box_of_a_pixel_is_that_pixel() -> None:
    box = RotatedBox.from_box([3, 5, 4, 6])
    assert (box.x, box.y, box.width, box.height) == (3, 5, 1, 1)
    assert box.bounds().tolist() == [3, 5, 4, 6]


def test_bounding_box_reaches_all_pixels() -> None:
    assert bounding_box([[2, 7, -1], [5, 3, 8]]).tolist() == [1.5, 2.5, 5.5, 7.5]


def test_positive_angle_turns_clockwise_as_seen() -> None:
    # y points down: a quarter turn clockwise carries the right middle to the lower middle.
    box = RotatedBox(10, 10, 8, 8, np.pi / 2)
    np.testing.assert_allclose(box.to_picture([1, 0.5]), [10, 14], atol=1e-12)


def test_bounds_of_a_turned_box() -> None:
    bounds = RotatedBox(9.5, 9.5, 4, 4, np.pi / 4).bounds()
    half = 2 * np.sqrt(2)
    np.testing.assert_allclose(bounds, [10 - half, 10 - half, 10 + half, 10 + half])


def test_scaling_keeps_centre_and_angle() -> None:
    assert RotatedBox(1, 2, 3, 4, 0.5).scaled(2) == RotatedBox(1, 2, 6, 8, 0.5)


def test_overlap_of_smaller() -> None:
    big, inside, half_out, empty = [0, 0, 10, 10], [2, 2, 4, 4], [8, 0, 12, 4], [1, 1, 1, 5]
    np.testing.assert_allclose(
        overlap_of_smaller([big], [big, inside, half_out, empty]), [[1, 1, 0.5, 0]]
    )
    assert overlap_of_smaller(np.zeros((0, 4)), [big]).shape == (0, 1)
