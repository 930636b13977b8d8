from __future__ import annotations

import numpy as np
import pytest
from cvfast import PCA
from cvfast.kernels import pca_eigen

SIZE, COUNT = 900, 40


def matrix(values: np.ndarray) -> np.ndarray:
    """A symmetric matrix with these eigenvalues."""
    rng = np.random.default_rng(1)
    basis = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
    return (basis * values) @ basis.T


def check(square: np.ndarray, count: int = COUNT) -> None:
    expected = np.linalg.eigvalsh(square)[: -count - 1 : -1]
    lower = np.tril(square)
    values, vectors = pca_eigen.largest_eigenpairs(lower, count)
    most = expected[0]
    np.testing.assert_allclose(values, np.maximum(expected, 0), atol=1e-12 * most, rtol=1e-6)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(count), atol=1e-9)
    wrong = np.linalg.norm(square @ vectors - vectors * values, axis=0)
    assert (wrong <= 1e-6 * values + 1e-11 * most).all()


SPECTRA = {
    "decaying": np.arange(1.0, SIZE + 1) ** -1.5,
    "steep": 0.9 ** np.arange(SIZE),
    "flat": np.linspace(1, 2, SIZE),
    "low rank": np.r_[np.arange(20.0, 0, -1), np.zeros(SIZE - 20)],
    "all equal": np.ones(SIZE),
    # More copies of a value than a block has columns: a random start misses some of them.
    "many copies": np.r_[np.full(38, 5.0), 3.0, 2.0 ** -np.arange(1.0, SIZE - 38)],
    "copies at the end": np.r_[np.arange(45.0, 25, -1), np.full(60, 5.0), np.zeros(SIZE - 80)],
    "zero": np.zeros(SIZE),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_the_largest_eigenpairs_of_any_spectrum(name: str) -> None:
    check(matrix(SPECTRA[name]))


def test_lanczos_takes_the_spectra_of_pictures_and_leaves_others() -> None:
    taken = {
        name
        for name, values in SPECTRA.items()
        if pca_eigen._lanczos(np.tril(matrix(values)), COUNT) is not None
    }
    assert {"decaying", "steep"} <= taken
    assert "flat" not in taken


def test_missed_eigenvalues_and_wrong_vectors_are_noticed() -> None:
    square = matrix(SPECTRA["decaying"])
    values, vectors = np.linalg.eigh(square)
    values, vectors = values[::-1][: COUNT + 1].copy(), vectors[:, ::-1][:, : COUNT + 1].copy()
    good = pca_eigen._none_missed(square, values[:COUNT], vectors[:, :COUNT])
    assert good
    keep = np.delete(np.arange(COUNT + 1), 7)
    assert not pca_eigen._none_missed(square, values[keep], vectors[:, keep])
    twice = np.r_[0, np.arange(COUNT - 1)]
    assert not pca_eigen._none_missed(square, values[twice], vectors[:, twice])
    vectors[3, 5] += 1e-3
    assert not pca_eigen._none_missed(square, values[:COUNT], vectors[:, :COUNT])


def test_a_large_fit_agrees_with_the_whole_eigenproblem() -> None:
    rng = np.random.default_rng(2)
    sizes = np.arange(1, 101) ** -0.75
    x = (rng.standard_normal((820, 100)) * sizes) @ rng.standard_normal((100, 830))
    x = np.clip(128 + 30 * x + rng.normal(0, 2, x.shape), 0, 255).astype(np.uint8)
    few, everything = PCA(30).fit(x), PCA().fit(x)
    np.testing.assert_allclose(few.singular_values_, everything.singular_values_[:30], rtol=1e-9)
    np.testing.assert_allclose(few.components_, everything.components_[:30], atol=1e-5)
    assert few.noise_variance_ == pytest.approx(everything.explained_variance_[30:].mean())
    floats = PCA(30).fit(x.astype(np.float32))
    np.testing.assert_allclose(floats.singular_values_, few.singular_values_, rtol=5e-6)


def test_one_row_comes_back_as_among_others() -> None:
    x = np.random.default_rng(3).integers(0, 256, (320, 5000), np.uint8)
    pca = PCA(300).fit(x)  # more than are summed at a time
    scores = pca.transform(x)
    for dtype in ("uint8", "float32"):
        whole = pca.inverse_transform(scores, dtype=dtype)
        for count in (1, 2, 4, 5):
            some = pca.inverse_transform(scores[:count], dtype=dtype)
            assert some.tobytes() == whole[:count].tobytes()
    pca.components_[7, 4999] = np.nan
    with pytest.raises(ValueError, match=r"X\[7\]: expected finite numbers"):
        pca.inverse_transform(scores[:1])
