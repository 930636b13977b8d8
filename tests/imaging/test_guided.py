from __future__ import annotations

import numpy as np
import pytest
from cvfast.imaging.guided import GuidedFilter, homogeneous
from hypothesis import given, settings
from hypothesis import strategies as st


def reference(guide, plane, radius, epsilon):
    """The paper's equations, window by window, in float64; borders mirrored."""
    pad = ((radius, radius), (radius, radius))
    colours = np.pad(guide.astype(np.float64), (*pad, (0, 0)), mode="symmetric")
    values = np.pad(plane.astype(np.float64), pad, mode="symmetric")
    side = 2 * radius + 1
    maps = np.zeros((*plane.shape, 4))
    for row, column in np.ndindex(plane.shape):
        window = colours[row : row + side, column : column + side].reshape(-1, 3)
        known = values[row : row + side, column : column + side].ravel()
        mean = window.mean(axis=0)
        covariance = np.cov(window.T, bias=True) + epsilon * np.eye(3)
        slopes = np.linalg.solve(
            covariance, (window * known[:, None]).mean(0) - mean * known.mean()
        )
        maps[row, column] = [*slopes, known.mean() - slopes @ mean]
    maps = np.pad(maps, (*pad, (0, 0)), mode="symmetric")
    result = np.zeros(plane.shape)
    for row, column in np.ndindex(plane.shape):
        mean = maps[row : row + side, column : column + side].reshape(-1, 4).mean(axis=0)
        result[row, column] = mean[:3] @ guide[row, column] + mean[3]
    return result


def test_it_is_the_papers_filter():
    rng = np.random.default_rng(1)
    guide = rng.random((14, 17, 3), np.float32)
    plane = rng.random((14, 17), np.float32)
    ours = GuidedFilter(guide, 2, 0.01).filter(plane)
    np.testing.assert_allclose(ours, reference(guide, plane, 2, 0.01), atol=2e-5)


def test_empty_parts_change_nothing():
    """Windows that hold zeros alone are left out; the result is that of the whole plane."""
    rng = np.random.default_rng(2)
    guide = rng.random((40, 50, 3), np.float32)
    plane = np.zeros((40, 50), np.float32)
    plane[15:20, 20:30] = 1
    whole = plane.copy()
    whole[0, 0] = whole[-1, -1] = 1e-7  # nothing is empty any more
    filtered = GuidedFilter(guide, 2, 1e-3)
    np.testing.assert_allclose(filtered.filter(plane), filtered.filter(whole), atol=1e-6)
    large = homogeneous(np.kron(guide, np.ones((3, 3, 1), np.float32)))
    assert not filtered.enlarge(np.zeros_like(plane), large).any()
    np.testing.assert_allclose(
        filtered.enlarge(plane, large), filtered.enlarge(whole, large), atol=1e-5
    )


def test_the_border_moves_to_the_edge_of_the_large_picture():
    large = np.zeros((96, 96, 3), np.float32)
    large[:, 53:] = (0.9, 0.4, 0.2)  # no multiple of a small pixel
    small = large.reshape(24, 4, 24, 4, 3).mean(axis=(1, 3))
    rough = np.zeros((24, 24), np.float32)
    rough[:, 12:] = 1  # more than a small pixel off
    fine = GuidedFilter(small, 4, 1e-4).enlarge(rough, large)
    assert (fine[:, 56:] > 0.7).all()
    assert (fine[:, :50] < 0.45).all()
    jump = np.diff(fine, axis=1)[48]
    assert int(jump.argmax()) == 52


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.floats(0, 1, width=32), st.integers(1, 6))
def test_a_constant_stays(seed, value, radius):
    guide = np.random.default_rng(seed).random((16, 12, 3), np.float32)
    plane = np.full((16, 12), value, np.float32)
    ours = GuidedFilter(guide, radius, 1e-3).filter(plane)
    np.testing.assert_allclose(ours, value, atol=2e-4)


def test_wrong_arguments_are_named():
    guide = np.zeros((8, 9, 3), np.float32)
    with pytest.raises(ValueError, match="guide: expected float32 of shape"):
        GuidedFilter(guide[..., 0], 2, 1e-3)
    with pytest.raises(ValueError, match="radius: expected at least 1, got 0"):
        GuidedFilter(guide, 0, 1e-3)
    with pytest.raises(ValueError, match="epsilon: expected more than 0"):
        GuidedFilter(guide, 2, 0.0)
    with pytest.raises(ValueError, match=r"plane: expected float32 of shape \(8, 9\)"):
        GuidedFilter(guide, 2, 1e-3).filter(np.zeros((9, 8), np.float32))
