"""Fitted arrays that somebody assigns, and values at the ends of their ranges."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast import PCA, _core


def made(n: int, d: int, dtype: str) -> np.ndarray:
    return (np.random.default_rng(0).random((n, d)) * 255).astype(dtype)


@pytest.mark.parametrize("fill", [1e308, 1e200])
def test_numbers_whose_squares_float64_cannot_hold_are_named(fill: float) -> None:
    x = made(20, 30, "float64")
    x[3] = fill
    with pytest.raises(ValueError, match=r"X: expected numbers up to 1e\+150, .* got 1e\+"):
        PCA(2).fit(x)


def test_a_mean_beyond_float32_asks_for_float64() -> None:
    x = made(20, 30, "float64") * 1e100
    pca = PCA(2).fit(x)
    assert np.isfinite(pca.transform(x)).all()
    for dtype in ("uint8", "float32"):
        with pytest.raises(
            ValueError, match=r"mean_\[0\]: expected a number that float32 can hold"
        ):
            pca.transform(np.zeros((1, 30), dtype))


def test_the_first_components_can_be_kept_and_saved_ones_loaded() -> None:
    x = made(40, 30, "uint8")
    pca = PCA(5, whiten=True).fit(x)
    scores = pca.transform(x)
    first = PCA(whiten=True)
    first.components_, first.mean_ = pca.components_[:3], pca.mean_
    first.explained_variance_ = pca.explained_variance_[:3]
    np.testing.assert_array_equal(first.transform(x), scores[:, :3])
    assert first.inverse_transform(scores[:, :3].copy()).shape == x.shape
    assert len(first.get_feature_names_out()) == 3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "components_",
            np.zeros((0, 30), np.float32),
            r"components_: expected shape \(k, d\), got",
        ),
        ("components_", np.zeros((5, 90000), np.float32), r"mean_: expected shape \(90000,\)"),
        ("mean_", np.zeros(3), r"mean_: expected shape \(30,\), one a column, got \(3,\)"),
        ("explained_variance_", np.ones(4), r"explained_variance_: expected shape \(5,\), got"),
    ],
)
def test_assigned_arrays_that_disagree_are_named(
    name: str, value: np.ndarray, message: str
) -> None:
    x = made(40, 30, "uint8")
    pca = PCA(5, whiten=True).fit(x)
    setattr(pca, name, value)
    for call in (pca.transform, pca.inverse_transform):
        with pytest.raises(ValueError, match=message):
            call(x.astype(np.float32))


def test_the_core_compares_lengths_itself() -> None:
    # Another thread may assign arrays between a check in Python and the call.
    x, mean = np.zeros((4, 6), np.float32), np.zeros(6)
    projection = _core.Projection(x[:2], mean)
    for call in (
        lambda: projection.transform(x[:, :5], 1),
        lambda: _core.Projection(x, mean[:5]),
        lambda: _core.pca_scatter(x, mean[:5], True, 1),
        lambda: _core.pca_combine(x[:, :3].copy(), x, mean, 1),
        lambda: _core.pca_reconstruct_u8(x, x, mean, 1),
        lambda: _core.pca_reconstruct_f32(x[:, :4], x, mean[:5], 1),
    ):
        with pytest.raises(ValueError, match=r"expected length \d, got \d"):
            call()
    assert _core.Projection(x[:0], mean).transform(x, 1).shape == (4, 0)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_whitening_does_not_blow_up_rounding(dtype: str) -> None:
    # Six centred samples have rank 5.
    x = made(6, 40, dtype)
    scores = PCA(whiten=True).fit_transform(x)
    np.testing.assert_allclose(scores.std(axis=0, ddof=1)[:5], 1, rtol=1e-4)
    np.testing.assert_array_equal(scores[:, 5], 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_numbers_are_whitened_as_large_ones(dtype: str) -> None:
    x = made(60, 40, dtype)
    scores = PCA(3, whiten=True).fit_transform(x)
    small = PCA(3, whiten=True).fit_transform(x * x.dtype.type(2.0**-80))
    np.testing.assert_allclose(small, scores, atol=1e-4)
