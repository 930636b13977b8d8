"""L*a*b* against the definition in float64, published values, and its own inverse."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.imaging.lab import lab_to_rgb, rgb_to_lab
from hypothesis import given
from hypothesis import strategies as st

WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
MATRIX = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip


def defined(rgb: list[float]) -> np.ndarray:
    """L*a*b* of one colour, step by step as CIE writes it."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    x, y, z = (
        t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116
        for t in MATRIX @ linear / WHITE
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_as_defined(rgb: list[float]) -> None:
    assert rgb_to_lab(np.float32([rgb]))[0] == pytest.approx(defined(rgb), abs=0.01)


@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_there_and_back(rgb: list[float]) -> None:
    colors = np.float32([[rgb]])
    assert lab_to_rgb(rgb_to_lab(colors)) == pytest.approx(colors, abs=2e-5)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)), ((0, 0, 0), (0, 0, 0)), ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)), ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)  # fmt: skip
def test_known_colours(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    assert rgb_to_lab(np.float32([rgb]))[0] == pytest.approx(lab, abs=0.02)


def test_beyond_is_clipped() -> None:
    assert lab_to_rgb(np.float32([[50, 120, -120]])).min() == 0
    assert rgb_to_lab(np.float32([[2, 2, 2]]))[0, 0] == pytest.approx(100, abs=1e-3)
