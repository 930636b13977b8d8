"""Eigenfaces, Fisherfaces and LBPH: the same answers as scikit-learn, manners, bad input."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from cvfast import LBPH, Eigenfaces, Fisherfaces
from cvfast.recognition.classifier import FaceClassifier
from cvfast.recognition.lbph import chi_square, local_binary_patterns
from cvfast.recognition.nearest import NearestVectors
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from tests.recognition.made import made_people

FACES, PERSON = made_people()
TRAIN = np.arange(len(FACES)) % 6 < 4
X, Y, QUERIES, TRUTH = FACES[TRAIN], PERSON[TRAIN], FACES[~TRAIN], PERSON[~TRAIN]
ALL = (Eigenfaces(12), Fisherfaces(pca_components=12), LBPH(grid=(4, 4)))


def rows(faces: np.ndarray) -> np.ndarray:
    return faces.reshape(len(faces), -1).astype(np.float64)


def fresh(model: FaceClassifier) -> FaceClassifier:
    return type(model)(**model.get_params())


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "mahalanobis", "mahalanobis-cosine"])
@pytest.mark.parametrize("skip", [0, 3])
def test_eigenfaces_are_scikit_learns(dtype: type, metric: str, skip: int) -> None:
    whiten = metric.startswith("mahalanobis")
    theirs = PCA(12 + skip, svd_solver="full", whiten=whiten).fit(rows(X))
    known, asked = (theirs.transform(rows(f))[:, skip:] for f in (X, QUERIES))
    near = KNeighborsClassifier(1, metric="cosine" if metric.endswith("cosine") else "euclidean")
    near.fit(known, Y)
    expected, indices = near.kneighbors(asked)

    model = Eigenfaces(12, skip=skip, metric=metric).fit(X.astype(dtype), Y)
    labels, distances = model.predict(QUERIES.astype(dtype), return_distance=True)

    np.testing.assert_array_equal(labels, near.predict(asked))
    np.testing.assert_allclose(distances, expected[:, 0], rtol=2e-4)
    np.testing.assert_array_equal(model.kneighbors(QUERIES.astype(dtype))[1], indices)
    np.testing.assert_allclose(
        model.explained_variance_ratio_, theirs.explained_variance_ratio_[skip:], rtol=1e-4
    )


def test_several_neighbours_come_nearest_first() -> None:
    model = Eigenfaces(8).fit(X, Y)
    near = KNeighborsClassifier(5).fit(model.features_, Y)
    expected = near.kneighbors(model.transform(QUERIES))
    distances, indices = model.kneighbors(QUERIES, 5)
    np.testing.assert_array_equal(indices, expected[1])
    np.testing.assert_allclose(distances, expected[0], rtol=1e-5)


def test_fisherfaces_span_scikit_learns_discriminants() -> None:
    inner = PCA(12, svd_solver="full").fit_transform(rows(X))
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(inner, Y)
    model = Fisherfaces(pca_components=12).fit(X, Y)
    ratios = model.eigenvalues_ / model.eigenvalues_.sum()
    np.testing.assert_allclose(ratios, theirs.explained_variance_ratio_[: len(ratios)], rtol=1e-3)
    assert len(model.components_) == 9
    assert model.score(QUERIES, TRUTH) == 1.0


@pytest.mark.parametrize("model", ALL, ids=repr)
def test_manners(model: FaceClassifier) -> None:
    assert clone(model).get_params() == model.get_params()
    names = np.array([f"person {n}" for n in range(10)])
    fitted = fresh(model).fit(X, names[Y])
    assert fitted.score(QUERIES, names[TRUTH]) >= 0.9
    assert fitted.predict(X).tolist() == names[Y].tolist()
    distances, indices = fitted.kneighbors(X)
    np.testing.assert_array_equal(indices[:, 0], np.arange(len(X)))
    far = fitted.kneighbors(X, 2)[0][:, 1]
    assert distances.max() <= 1e-4 * far.min(), "a face is next to nothing from itself"
    features = fitted.transform(QUERIES)
    apart = fitted.distances(features, fitted.features_)
    np.testing.assert_allclose(apart.min(axis=1), fitted.kneighbors(QUERIES)[0][:, 0], rtol=1e-3)
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    np.testing.assert_array_equal(again.predict(QUERIES), fitted.predict(QUERIES))
    assert cross_val_score(fresh(model), FACES, PERSON, cv=3).mean() >= 0.9
    with pytest.raises(ValueError, match="params: expected one of"):
        model.set_params(colour=1)


def test_reconstruction_comes_nearer_with_every_component() -> None:
    model = Eigenfaces().fit(X, Y)
    assert model.n_components_ == len(X) - 1
    errors = [
        np.abs(model.reconstruct(X, k).astype(int) - X).mean() for k in (1, 5, 10, 20, len(X) - 1)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == 0, "all components give the training faces back"
    assert model.mean_face.shape == (24, 24)
    np.testing.assert_allclose(model.mean_face, X.mean(axis=0))
    assert model.eigenfaces.shape == (len(X) - 1, 24, 24)


def test_a_share_keeps_as_few_as_explain_it() -> None:
    everything = Eigenfaces().fit(X)
    few = Eigenfaces(0.9).fit(X)
    total = np.cumsum(everything.explained_variance_ratio_)
    assert few.n_components_ == np.flatnonzero(total > 0.9)[0] + 1


def test_chi_square_by_definition() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 3, (n, 40)) * rng.random((n, 40)) for n in (3, 5))
    for i in range(3):
        for j in range(5):
            both = a[i] + b[j]
            terms = np.divide((a[i] - b[j]) ** 2, both, out=np.zeros(40), where=both > 0)
            np.testing.assert_allclose(chi_square(a, b)[i, j], 2 * terms.sum(), rtol=1e-9)


def test_patterns_by_definition() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, 9, 9), np.uint8)
    codes = local_binary_patterns(picture, 1, 4)
    p = picture[0].astype(int)
    for y in range(1, 8):
        for x in range(1, 8):
            around = (p[y, x + 1], p[y - 1, x], p[y, x - 1], p[y + 1, x])
            expected = sum(int(level >= p[y, x]) << i for i, level in enumerate(around))
            assert codes[0, y - 1, x - 1] == expected


def test_light_that_keeps_the_order_does_not_matter_to_lbph() -> None:
    model = LBPH(grid=(4, 4)).fit(X, Y)
    darker = (QUERIES.astype(np.float32) * 0.3 + 20).astype(np.float32)
    np.testing.assert_allclose(model.transform(darker), model.transform(QUERIES), atol=0.1)
    assert model.score(darker, TRUTH) >= 0.9


def test_nearest_of_none() -> None:
    near = NearestVectors(np.zeros((3, 2), np.float32))
    assert [part.shape for part in near.search(np.zeros((0, 2), np.float32), 2)] == [(0, 2)] * 2


@pytest.mark.parametrize("model", ALL, ids=repr)
def test_bad_faces_are_refused(model: FaceClassifier) -> None:
    with pytest.raises(ValueError, match="expected a fitted one"):
        fresh(model).predict(X)
    with pytest.raises(ValueError, match=r"X: expected faces of one size, got \(8, 8\), \(9, 9\)"):
        fresh(model).fit([np.zeros((9, 9), np.uint8), np.zeros((8, 8), np.uint8)], [0, 1])
    with pytest.raises(ValueError, match="X: expected grey faces"):
        fresh(model).fit(np.zeros((4, 9, 9, 3), np.uint8), [0, 0, 1, 1])
    with pytest.raises(ValueError, match="at least one face"):
        fresh(model).fit(np.zeros((0, 9, 9), np.uint8), [])
    with pytest.raises(TypeError, match="X: expected dtype uint8"):
        fresh(model).fit(X.astype(np.int32), Y)
    with pytest.raises(TypeError, match="X: expected a NumPy array of faces, got str"):
        fresh(model).fit("faces", Y)
    with pytest.raises(ValueError, match="y: expected 40 labels, one a face"):
        fresh(model).fit(X, Y[:-1])
    fitted = fresh(model).fit(X, Y)
    with pytest.raises(ValueError, match=r"X: expected faces of shape \(24, 24\), got \(12, 48\)"):
        fitted.predict(X.reshape(-1, 12, 48))
    with pytest.raises(ValueError, match=r"X\[None\] makes one face a list of faces"):
        fitted.predict(X[0])
    with pytest.raises(ValueError, match="n_neighbors: expected 1 to 40"):
        fitted.kneighbors(X, 41)


def test_without_labels_there_is_no_prediction() -> None:
    model = Eigenfaces(5).fit(X)
    assert model.transform(X).shape == (40, 5)
    with pytest.raises(ValueError, match="with labels"):
        model.predict(X)


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (Eigenfaces(41), ValueError, "n_components: expected 1 to 40, as many as there are faces"),
        (Eigenfaces(39, skip=2), ValueError, "expected 1 to 40 less 2 skipped"),
        (Eigenfaces(1.5), ValueError, "n_components: expected a share"),
        (Eigenfaces("many"), TypeError, "n_components: expected None, an integer"),
        (Eigenfaces(skip=-1), ValueError, "skip: expected 0 or more"),
        (Eigenfaces(skip=0.5), TypeError, "skip: expected a whole number"),
        (Eigenfaces(0.1, skip=9), ValueError, "skip: expected less than the"),
        (Eigenfaces(metric="l1"), ValueError, "metric: expected one of"),
        (Fisherfaces(10), ValueError, "n_components: expected 1 to 9"),
        (Fisherfaces(pca_components=31), ValueError, "pca_components: expected 1 to 30"),
        (Fisherfaces("all"), TypeError, "n_components: expected None or a whole number"),
        (
            Fisherfaces(metric="mahalanobis"),
            ValueError,
            "metric: expected one of euclidean",
        ),
        (LBPH(0), ValueError, "radius: expected a whole number of 1 to 16"),
        (LBPH(1, 40), ValueError, "neighbors: expected a whole number of 1 to 12"),
        (LBPH(1, 8, (0, 4)), ValueError, "grid: expected 1 to 64 cells"),
        (LBPH(1, 8, 4), ValueError, "grid: expected"),
        (LBPH(4, 8, (20, 20)), ValueError, "X: expected faces of at least 28 x 28"),
    ],
    ids=repr,
)
def test_bad_settings_are_refused(model: FaceClassifier, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        model.fit(X, Y)


def test_fisherfaces_need_people_to_tell_apart() -> None:
    with pytest.raises(ValueError, match="at least two people"):
        Fisherfaces().fit(X, np.zeros(len(X), int))
    with pytest.raises(ValueError, match="at least two faces of somebody"):
        Fisherfaces().fit(X, np.arange(len(X)))
    with pytest.raises(ValueError, match="a label a face"):
        Fisherfaces().fit(X)
    with pytest.raises(ValueError, match="faces of a person that differ"):
        Fisherfaces().fit(np.repeat(X[::4], 2, axis=0), np.repeat(np.arange(10), 2))


def test_one_face_is_enough_for_the_others() -> None:
    for model in (Eigenfaces(), LBPH(grid=(4, 4))):
        assert model.fit(X[:1], ["ann"]).predict(QUERIES[:2]).tolist() == ["ann", "ann"]


def test_lbph_needs_to_know_places() -> None:
    with pytest.raises(ValueError, match="LBPH looks at places"):
        LBPH().fit(X.reshape(len(X), -1), Y)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_lbph_refuses_numbers_that_are_none(bad: float) -> None:
    faces = X[:2].astype(np.float32)
    faces[1, 3, 3] = bad
    with pytest.raises(ValueError, match=r"X\[1\]: expected finite numbers"):
        LBPH(grid=(4, 4)).fit(faces, Y[:2])
    with pytest.raises(ValueError, match=r"X\[1\]: expected finite numbers"):
        LBPH(grid=(4, 4)).fit(X, Y).predict(faces)
