"""Scores from 16 bits: within the error they tell, whatever the instruction set."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from cvfast import PCA, Eigenfaces
from cvfast.kernels.pca_short import ShortProjection


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(("k", "d"), [(1, 1), (3, 17), (7, 300), (40, 1031)])
def test_the_error_is_within_what_it_says(dtype: type, k: int, d: int) -> None:
    rng = np.random.default_rng(k)
    components = np.linalg.qr(rng.standard_normal((d, k)))[0].T.astype(np.float32)
    mean = rng.uniform(0, 255, d)
    for sample in rng.integers(0, 256, (20, 1, d)).astype(dtype):
        exact = (sample - mean) @ components.astype(np.float64).T
        scores, off = ShortProjection(components, mean).scores(sample)
        assert np.linalg.norm(scores - exact[0]) <= off
        assert off <= 4e-5 * np.sqrt(k) * np.linalg.norm(sample - mean) + 1e-9


def test_bad_samples_are_refused() -> None:
    short = ShortProjection(np.eye(2, 4, dtype=np.float32), np.zeros(4))
    with pytest.raises(ValueError, match=r"X\[0\]: expected finite"):
        short.scores(np.full((1, 4), np.nan, np.float32))
    with pytest.raises(ValueError, match="rows of X: expected length 4, got 3"):
        short.scores(np.zeros((1, 3), np.uint8))
    with pytest.raises(ValueError, match="X: expected length 1, got 2"):
        short.scores(np.zeros((2, 4), np.uint8))
    with pytest.raises(ValueError, match="sample: expected uint8 or float32"):
        short.scores(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="components_"):
        ShortProjection(np.full((2, 4), np.inf, np.float32), np.zeros(4))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_one_by_one_the_neighbours_are_the_same(dtype: type) -> None:
    rng = np.random.default_rng(0)
    people = rng.integers(0, 200, (30, 50, 50))
    X = (np.repeat(people, 4, axis=0) + rng.integers(0, 56, (120, 50, 50))).astype(dtype)
    X[1] = X[0]  # two that are equally near: the first of them, as all at once
    y = np.arange(120)
    model = Eigenfaces(20).fit(X, y)
    queries = np.concatenate([X, (X[::3] // 2 + X[::-3] // 2).astype(dtype)])
    together = model.kneighbors(queries)[1][:, 0]
    assert [model.predict(face[None])[0] for face in queries] == together.tolist()
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    assert again.predict(queries[5:6]) == together[5]
    assert isinstance(model._pca, PCA)
