from __future__ import annotations

import numpy as np
import pytest
from cvfast.imaging.integral import integral_image, rectangle_sum


def test_the_last_value_is_the_sum() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (480, 641), dtype=np.uint8)
    sums = integral_image(grey)
    assert sums.shape == (481, 642)
    assert sums[-1, -1] == grey.sum(dtype=np.int64)
    assert not sums[0].any()
    assert not sums[:, 0].any()


@pytest.mark.parametrize("box", [(0, 0, 40, 30), (3, 5, 17, 29), (7, 7, 7, 9), (39, 29, 40, 30)])
def test_four_values_give_a_rectangle(box: tuple[int, int, int, int]) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (30, 40), dtype=np.uint8)
    x0, y0, x1, y1 = box
    assert rectangle_sum(integral_image(grey), box) == grey[y0:y1, x0:x1].sum()


@pytest.mark.parametrize("box", [(-1, 0, 2, 2), (0, 0, 5, 1), (3, 0, 2, 1)])
def test_rectangles_outside(box: tuple[int, int, int, int]) -> None:
    sums = integral_image(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="box: expected one inside 4 x 4 pixels"):
        rectangle_sum(sums, box)


def test_a_colour_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"grey: expected shape \(height, width\)"):
        integral_image(np.zeros((4, 4, 3), np.uint8))
