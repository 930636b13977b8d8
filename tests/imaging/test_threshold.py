from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from cvfast.imaging.threshold import otsu
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.filters import threshold_otsu


@pytest.mark.parametrize("name", ["camera", "coins", "moon", "page", "text", "brick"])
def test_otsu_is_scikit_images(name: str) -> None:
    grey = getattr(skimage.data, name)()
    assert otsu(grey) == threshold_otsu(grey)


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_otsu_parts_best(grey: np.ndarray) -> None:
    def apart(level: int) -> float:
        low, high = grey[grey <= level].astype(float), grey[grey > level].astype(float)
        if not (low.size and high.size):
            return 0.0
        return low.size * high.size * (low.mean() - high.mean()) ** 2

    best = max(map(apart, range(256)))
    assert apart(otsu(grey)) == pytest.approx(best, rel=1e-12)


def test_one_grey_is_its_own_threshold() -> None:
    assert otsu(np.full((3, 4), 77, np.uint8)) == 77


def test_bad_input() -> None:
    with pytest.raises(TypeError, match="grey: expected a NumPy array of uint8"):
        otsu(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="grey: expected a pixel at least"):
        otsu(np.zeros((0, 2), np.uint8))
