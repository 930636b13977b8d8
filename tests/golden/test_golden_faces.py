"""What OpenCV's face recognisers say of the same faces; make_faces.py has asked them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvfast import LBPH, Eigenfaces, Fisherfaces

from tests.golden.face_sets import TRAINING, digest, people

GOLDEN = json.loads((Path(__file__).parent / "faces.json").read_text())


@pytest.fixture(scope="module")
def sets() -> tuple[np.ndarray, ...]:
    found = people()
    assert [digest(found[0]), digest(found[2])] == GOLDEN["pixels"], "these are other pixels"
    return found


def test_eigenfaces_are_opencvs(sets: tuple[np.ndarray, ...]) -> None:
    training, person, queries, truth = sets
    theirs = GOLDEN["eigenfaces"]

    model = Eigenfaces(theirs["components"]).fit(training, person)
    labels, distances = model.predict(queries, return_distance=True)

    assert labels.tolist() == theirs["labels"]
    np.testing.assert_allclose(distances, theirs["distances"], rtol=1e-5)
    # OpenCV divides by n where the variance has n - 1.
    n = len(training)
    np.testing.assert_allclose(
        model.explained_variance_ * (n - 1) / n, theirs["eigenvalues"], rtol=1e-6
    )
    assert 0.5 < np.mean(labels == truth) < 1, "neither trivial nor hopeless"


def test_fisherfaces_are_opencvs(sets: tuple[np.ndarray, ...]) -> None:
    training, person, queries, _ = sets
    theirs = GOLDEN["fisherfaces"]

    model = Fisherfaces().fit(training, person)
    labels = model.predict(queries)

    # Its distances are in another unit: the length of its discriminants is an accident of its
    # eigensolver, ours is 1.
    assert labels.tolist() == theirs["labels"]
    # OpenCV counts the mean of each person once, not as often as there are faces.
    np.testing.assert_allclose(model.eigenvalues_ / TRAINING, theirs["eigenvalues"], rtol=1e-3)
    ours = cosines(model, queries[:5])
    signs = np.sign(ours[0] * np.array(theirs["cosines"][0]))
    np.testing.assert_allclose(ours * signs, theirs["cosines"], atol=1e-4)


@pytest.mark.parametrize("theirs", GOLDEN["lbph"], ids=lambda one: str(one["settings"]))
def test_lbph_is_opencvs(sets: tuple[np.ndarray, ...], theirs: dict[str, Any]) -> None:
    training, person, queries, _ = sets
    radius, neighbors, across, down = theirs["settings"]

    model = LBPH(radius, neighbors, (across, down)).fit(training, person)
    labels, distances = model.predict(queries, return_distance=True)

    assert labels.tolist() == theirs["labels"]
    # To us a point as light as the centre within rounding counts as such, to OpenCV it may not.
    apart = np.abs(distances / theirs["distances"] - 1)
    assert apart.max() < 2e-3
    assert np.mean(apart < 1e-6) > 0.8


def cosines(model: Fisherfaces, faces: np.ndarray) -> np.ndarray:
    vectors = model.components_
    centred = faces.reshape(len(faces), -1) - model.mean_
    return (centred / np.linalg.norm(centred, axis=1)[:, None]) @ (
        vectors / np.linalg.norm(vectors, axis=1)[:, None]
    ).T
