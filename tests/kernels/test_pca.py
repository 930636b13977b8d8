from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from cvfast import PCA, _core
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import PCA as Reference
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

SHAPES = [(60, 300), (300, 60), (97, 97), (260, 400), (400, 260), (2, 40), (40, 2), (6, 1)]


def made(n: int, d: int, dtype: str, seed: int = 0, rank: int = 12) -> np.ndarray:
    """Samples with a few well separated directions, and a little noise."""
    rng = np.random.default_rng(seed)
    rank = min(n, d, rank)
    low = (rng.standard_normal((n, rank)) * 0.7 ** np.arange(rank)) @ rng.standard_normal((rank, d))
    low /= low.std() + 1e-9
    if dtype == "uint8":
        return np.clip(128 + 40 * low + rng.normal(0, 2, (n, d)), 0, 255).astype(np.uint8)
    return (3 + low + rng.normal(0, 0.02, (n, d))).astype(dtype)


def reference(x: np.ndarray, **options: object) -> Reference:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Reference(svd_solver="full", **options).fit(x.astype(np.float64))


def separated(x: np.ndarray, count: int) -> np.ndarray:
    centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    s = np.linalg.svd(centred, compute_uv=False)
    near = np.abs(s[:, None] - s) + np.diag(np.full(len(s), np.inf))
    return ((near.min(axis=1) > 0.02 * s) & (s > 1e-3 * s[0]))[:count]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("whiten", [False, True])
def test_agrees_with_full_svd_in_double(dtype: str, shape: tuple[int, int], whiten: bool) -> None:
    x = made(*shape, dtype)
    k = min(*shape, 8)
    ours, theirs = PCA(k, whiten=whiten).fit(x), reference(x, n_components=k, whiten=whiten)
    good = separated(x, k)
    assert good.any()
    s = theirs.singular_values_
    if dtype == "float32":
        assert np.abs(ours.singular_values_ - s).max() <= 5e-6 * s[0]
    else:
        np.testing.assert_allclose(ours.singular_values_[good], s[good], rtol=1e-6)
    # Also the signs: the cosine itself, not its size.
    assert ((ours.components_ * theirs.components_).sum(axis=1)[good] > 1 - 1e-6).all()
    np.testing.assert_allclose(ours.mean_, theirs.mean_, rtol=1e-7)
    np.testing.assert_allclose(
        ours.explained_variance_ratio_, theirs.explained_variance_ratio_, atol=1e-5
    )
    np.testing.assert_allclose(
        ours.explained_variance_, s**2 / (shape[0] - 1), rtol=1e-4, atol=1e-9
    )
    total = np.var(x, axis=0, ddof=1, dtype=np.float64).sum()
    assert ours.noise_variance_ == pytest.approx(theirs.noise_variance_, rel=1e-2, abs=1e-7 * total)
    assert (ours.n_components_, ours.n_samples_, ours.n_features_in_) == (k, *shape)
    assert ours.components_.dtype == ("float64" if dtype == "float64" else "float32")


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("whiten", [False, True])
def test_scores_of_given_components(dtype: str, whiten: bool) -> None:
    x = made(150, 700, dtype)
    for k in (1, 7, 16, 33, 60):
        pca = PCA(k, whiten=whiten).fit(x)
        for n in (1, 2, 3, 5, 13, 150):
            exact = (x[:n] - pca.mean_) @ pca.components_.T.astype(np.float64)
            if whiten:
                exact /= np.sqrt(pca.explained_variance_)
            scores = pca.transform(x[:n])
            assert scores.shape == (n, k)
            assert scores.dtype == ("float64" if dtype == "float64" else "float32")
            spread = np.abs(x[:n] - pca.mean_).max() if whiten else 0.0
            scale = spread / np.sqrt(pca.explained_variance_[-1]) if whiten else 0.0
            assert np.abs(scores - exact).max() <= 1e-6 * max(np.abs(exact).max(), scale)


def test_a_large_mean_costs_no_accuracy() -> None:
    x = made(300, 900, "float32") + np.float32(5000)
    pca = PCA(5).fit(x)
    theirs = reference(x, n_components=5)
    np.testing.assert_allclose(pca.singular_values_, theirs.singular_values_, rtol=1e-5)
    exact = (x - pca.mean_) @ pca.components_.T.astype(np.float64)
    assert np.abs(pca.transform(x) - exact).max() <= 1e-6 * np.abs(exact).max()


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_share_of_the_variance(dtype: str) -> None:
    for shape in ((60, 110), (110, 60)):
        x = made(*shape, dtype)
        for share in (0.3, 0.8, np.float32(0.9), 0.999):
            pca = PCA(share).fit(x)
            assert pca.n_components_ == reference(x, n_components=float(share)).n_components_
            assert pca.explained_variance_ratio_.sum() > share


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("shape", [(30, 500), (500, 30), (260, 400), (400, 260)])
def test_all_components_stay_orthonormal_past_the_rank(dtype: str, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 256, (4, shape[1])).astype(dtype)
    x = rows[rng.integers(0, 4, shape[0])]
    pca = PCA().fit(x)
    k = min(shape)
    assert pca.components_.shape == (k, shape[1])
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(k), atol=3e-6)
    assert (pca.singular_values_[:3] > 1).all()
    assert (pca.singular_values_[3:] <= 1e-5 * pca.singular_values_[0]).all()
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(x)), x, atol=2e-3)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_one_sample_and_constant_data_have_no_variance(dtype: str) -> None:
    for x in (np.full((1, 9), 7, dtype), np.full((400, 9), 7, dtype), np.full((9, 400), 7, dtype)):
        for n_components in (None, 1, 0.5):
            pca = PCA(n_components, whiten=True).fit(x)
            for values in (
                pca.singular_values_,
                pca.explained_variance_,
                pca.explained_variance_ratio_,
            ):
                assert (values == 0).all()
            k = pca.n_components_
            np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(k), atol=1e-6)
            assert (pca.inverse_transform(pca.transform(x)) == 7).all()


@pytest.mark.parametrize("shape", [(5, 9000), (9000, 5), (130, 131), (1, 3), (40, 4100)])
def test_bytes_give_exact_sums_on_both_sides(shape: tuple[int, int]) -> None:
    n, d = shape
    x = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    mean = _core.pca_column_means(x, 0)
    exact = x.astype(np.int64)
    sums = exact.sum(axis=0)
    assert (mean == sums / n).all()
    # n^2 and n times the centred sums, in whole numbers.
    if d < 200:
        by_columns = n * (exact.T @ exact) - np.multiply.outer(sums, sums)
        got = np.tril(_core.pca_scatter(x, mean, False, 0))
        np.testing.assert_allclose(got, np.tril(by_columns / n), rtol=1e-15, atol=1e-11 * n)
    if n < 200:
        gram = exact @ exact.T
        rows = gram.sum(axis=0)
        by_samples = n * n * gram - n * rows[:, None] - n * rows + rows.sum()
        got = np.tril(_core.pca_scatter(x, mean, True, 0))
        np.testing.assert_allclose(got, np.tril(by_samples / n**2), rtol=1e-15, atol=1e-8)


def test_works_in_a_pipeline_also_as_its_last_step() -> None:
    x = made(80, 200, "uint8")
    last = make_pipeline(PCA(10), PCA(4))
    assert last.fit_transform(x).shape == (80, 4)
    check_is_fitted(last)
    assert last.transform(x[:3]).shape == (3, 4)
    assert last.inverse_transform(last.transform(x)).shape == x.shape
    assert list(last.get_feature_names_out()) == ["pca0", "pca1", "pca2", "pca3"]
    assert "PCA(n_components=4, whiten=False)" in repr(last)
    assert "PCA" in last._repr_html_()
    labels = (PCA(1).fit_transform(x)[:, 0] > 0).astype(int)
    model = Pipeline([("pca", PCA(4)), ("near", KNeighborsClassifier(3))]).fit(x, labels)
    assert model.score(x, labels) > 0.9
    assert (
        model.set_params(pca__n_components=2).fit(x, labels).named_steps["pca"].n_components_ == 2
    )


def test_works_under_clone_and_grid_search() -> None:
    x = made(60, 50, "float32")
    labels = (x[:, 0] > x[:, 0].mean()).astype(int)
    fitted = PCA(0.9, whiten=True).fit(x)
    other = clone(fitted)
    assert other.get_params() == {"n_components": 0.9, "whiten": True}
    with pytest.raises(NotFittedError):
        check_is_fitted(other)
    check_is_fitted(fitted)
    model = make_pipeline(PCA(), KNeighborsClassifier(1))
    search = GridSearchCV(model, {"pca__n_components": [1, 5], "pca__whiten": [False, True]}, cv=2)
    assert search.fit(x, labels).best_params_["pca__n_components"] in (1, 5)


def test_a_fitted_one_is_pickled_and_copied_as_plain_attributes() -> None:
    x = made(30, 90, "uint8")
    pca = PCA(6, whiten=True).fit(x)
    scores = pca.transform(x)
    for other in (pickle.loads(pickle.dumps(pca)), copy.deepcopy(pca)):  # noqa: S301
        assert other.transform(x).tobytes() == scores.tobytes()
        assert other.get_params() == pca.get_params()
    assert not any(type(v).__module__.endswith("_core") for v in pca.__getstate__().values())


def test_new_arrays_and_parameters_take_effect() -> None:
    x = made(30, 90, "uint8")
    pca = PCA(6).fit(x)
    scores = pca.transform(x)
    pca.components_ = -pca.components_
    np.testing.assert_array_equal(pca.transform(x), -scores)
    pca.set_params(whiten=True)
    assert pca.transform(x).std(axis=0, ddof=1) == pytest.approx(1, rel=1e-5)
    with pytest.raises(ValueError, match="params: expected n_components or whiten, got 'k'"):
        pca.set_params(k=3)


@pytest.mark.parametrize("whiten", [False, True])
def test_pictures_come_back_as_bytes(whiten: bool) -> None:
    for shape in ((12, 800), (800, 12), (150, 160)):
        x = np.random.default_rng(5).integers(0, 256, shape, np.uint8)
        pca = PCA(whiten=whiten).fit(x)
        scores = pca.transform(x)
        back = pca.inverse_transform(scores, dtype="uint8")
        assert back.dtype == np.uint8
        np.testing.assert_array_equal(back, x)
        assert pca.inverse_transform(scores).dtype == np.float32
        exact = pca.inverse_transform(scores.astype(np.float64))
        assert exact.dtype == np.float64
        np.testing.assert_allclose(pca.inverse_transform(scores), exact, atol=1e-3)
        wide = pca.inverse_transform(scores * 3)
        clipped = pca.inverse_transform(scores * 3, dtype=np.uint8)
        assert np.abs(clipped - np.clip(wide, 0, 255)).max() <= 0.5 + 1e-3
        np.testing.assert_array_equal(
            pca.inverse_transform(scores.astype(np.float64), dtype="uint8"), x
        )


def test_fitted_in_double_and_used_on_bytes() -> None:
    x = made(50, 120, "uint8")
    double, single = PCA(5).fit(x.astype(np.float64)), PCA(5).fit(x)
    np.testing.assert_allclose(double.transform(x), single.transform(x), rtol=1e-4, atol=1e-3)
    assert double.transform(x).dtype == np.float32
    assert single.transform(x.astype(np.float64)).dtype == np.float64


def test_rows_may_be_strided() -> None:
    x = made(120, 400, "uint8")
    for view in (x[::3], x[::-1], x[:, 7:300], x[10:90:2, 5:]):
        pca, packed = PCA(4).fit(view), PCA(4).fit(np.ascontiguousarray(view))
        assert pca.components_.tobytes() == packed.components_.tobytes()
        assert pca.transform(view).tobytes() == packed.transform(view.copy()).tobytes()
    scores = np.zeros((6, 4), np.float32)
    pca = PCA(4).fit(x)
    assert pca.inverse_transform(scores[::-2], dtype="uint8").shape == (3, 400)


def test_no_rows_give_no_rows() -> None:
    pca = PCA(3).fit(made(20, 30, "uint8"))
    for dtype in ("uint8", "float32", "float64"):
        assert pca.transform(np.empty((0, 30), dtype)).shape == (0, 3)
    for dtype in ("float32", "float64"):
        assert pca.inverse_transform(np.empty((0, 3), dtype)).shape == (0, 30)
        assert pca.inverse_transform(np.empty((0, 3), dtype), dtype="uint8").dtype == np.uint8


@pytest.mark.parametrize("scale", [1e-30, 1e-18, 1e18, 1e30])
def test_data_beyond_the_range_of_float_products(scale: float) -> None:
    x = made(260, 300, "float32") * np.float32(scale)
    pca = PCA(3).fit(x)
    theirs = reference(x, n_components=3)
    np.testing.assert_allclose(pca.singular_values_, theirs.singular_values_, rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            [[1, 2]],
            TypeError,
            r"X: expected a NumPy array of uint8 or float32 or float64, got list",
        ),
        (np.zeros((3, 4), int), TypeError, r"got int64; X\.astype\('float32'\) converts it"),
        (np.zeros((3, 4), ">f4"), TypeError, "X: expected dtype"),
        (np.zeros((3, 4), bool), TypeError, "got bool"),
        (np.zeros(4, np.uint8), ValueError, r"X: expected shape \(n, d\).*got \(4,\)"),
        (np.zeros((2, 3, 4), np.uint8), ValueError, r"X\.reshape\(len\(X\), -1\)"),
        (np.zeros((0, 4), np.uint8), ValueError, "at least one sample and one column"),
        (np.zeros((4, 0), np.uint8), ValueError, "at least one sample and one column"),
        (np.zeros((4, 8), np.uint8)[:, ::2], ValueError, "numpy.ascontiguousarray"),
    ],
)
def test_bad_samples_are_named(x: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PCA().fit(x)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(20, 30), (260, 300)])
def test_values_that_are_not_finite_are_named(
    dtype: str, bad: float, shape: tuple[int, int]
) -> None:
    x = made(*shape, dtype)
    pca = PCA(2).fit(x)
    scores = pca.transform(x)
    x[13, -1] = scores[7, 1] = bad
    for call in (pca.fit, pca.transform):
        with pytest.raises(ValueError, match=r"X\[13\]: expected finite numbers"):
            call(x)
    for kind in (None, "uint8"):
        with pytest.raises(ValueError, match=r"X\[7\]: expected finite numbers"):
            pca.inverse_transform(scores, dtype=kind)


@pytest.mark.parametrize(
    ("n_components", "error", "message"),
    [
        (0, ValueError, r"n_components: expected 1 to min\(n, d\) = 5 of the samples, got 0"),
        (6, ValueError, "got 6"),
        (-1, ValueError, "got -1"),
        (1.0, ValueError, r"n_components: expected a share in \(0, 1\)"),
        (float("nan"), ValueError, "got nan"),
        ("mle", TypeError, "n_components: expected None, an integer or a float, got str"),
    ],
)
def test_bad_counts_are_named(n_components: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PCA(n_components).fit(np.zeros((5, 9), np.uint8))  # type: ignore[arg-type]


def test_bad_use_is_named() -> None:
    x = made(20, 30, "uint8")
    for call in (PCA().transform, PCA().inverse_transform):
        with pytest.raises(ValueError, match="PCA: expected a fitted one"):
            call(x)
    pca = PCA(3).fit(x)
    with pytest.raises(ValueError, match="X: expected 30 columns as in fit, got 29"):
        pca.transform(x[:, 1:])
    with pytest.raises(ValueError, match="X: expected 3 columns, one a component, got 4"):
        pca.inverse_transform(np.zeros((2, 4), np.float32))
    with pytest.raises(TypeError, match="X: expected dtype float32 or float64, got uint8"):
        pca.inverse_transform(np.zeros((2, 3), np.uint8))
    with pytest.raises(TypeError, match="dtype: expected uint8, float32 or float64, got int16"):
        pca.inverse_transform(np.zeros((2, 3), np.float32), dtype="int16")
    with pytest.raises(ValueError, match="threads: expected at least 1"):
        pca.transform(x, threads=0)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 50),
    d=st.integers(1, 50),
    dtype=st.sampled_from(["uint8", "float32", "float64"]),
    seed=st.integers(0, 2**32 - 1),
    top=st.sampled_from([1, 3, 255]),
    whiten=st.booleans(),
)
def test_properties(n: int, d: int, dtype: str, seed: int, top: int, whiten: bool) -> None:
    x = np.random.default_rng(seed).integers(0, top + 1, (n, d)).astype(dtype)
    pca = PCA(whiten=whiten).fit(x)
    k = min(n, d)
    assert np.isfinite(pca.components_).all()
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(k), atol=1e-5)
    assert (np.diff(pca.singular_values_) <= 0).all()
    assert (pca.singular_values_ >= 0).all()
    total = ((x - pca.mean_) ** 2).sum()
    assert (pca.singular_values_**2).sum() == pytest.approx(total, rel=1e-6, abs=1e-9)
    # The largest entry is positive; of two that differ by rounding alone, either may count.
    assert (pca.components_.max(axis=1) >= -pca.components_.min(axis=1) - 1e-6).all()
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(x)), x, atol=1e-3)
