"""Eigenfaces, fit and predict, against scikit-learn and plain NumPy.

  python -m benchmarks.eigenfaces             8 minutes; writes results/eigenfaces.json
  python -m benchmarks.eigenfaces --quick     seconds; writes nothing

100 components, 400 faces of 4096 pixels and 2000 of 16384; 100 other faces of the same people are
predicted. Made faces: a person is 600 random directions whose sizes fall as i^-0.75, 40 levels of
spread; each picture of him adds half as much of the same kind and noise of 2 levels. scikit-learn:
its PCA, as it comes and with svd_solver="randomized", then KNeighborsClassifier(1). NumPy: the Gram
matrix of the centred rows in float32, numpy.linalg.eigh, distances by one matrix product.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from cvfast import Eigenfaces
from numpy.typing import NDArray
from sklearn.decomposition import PCA as SklearnPCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from benchmarks.case import Case, Run, Target
from benchmarks.machine import limit_threads
from benchmarks.program import judged, run

COMPONENTS, QUERIES, EACH = 100, 100, 10
SMALL, LARGE = (400, 4096), (2000, 16384)
DEFAULT, RANDOMIZED = "scikit-learn", "scikit-learn, randomized"
NUMPY = "numpy, Gram and eigh"
LEAST = {"uint8": 5.0, "float32": 1.5}  # times scikit-learn
MOST_MS = 0.25  # one prediction
Faces = NDArray[Any]


def main() -> int:
    return run("eigenfaces", __doc__, _rows)


def _rows(quick: bool) -> Iterator[dict[str, Any]]:
    # At least 20 rounds also of the slow peers.
    often = {} if quick else {"slow_ns": 1e12, "at_least": 20}
    for shape in (SMALL,) if quick else (SMALL, LARGE):
        people = People(*shape)
        for threads in (1,) if quick or shape == LARGE else (1, 2):
            with limit_threads(threads):
                for dtype in ("uint8", "float32"):
                    yield judged(_fit_case(people, dtype, threads), quick, threads, **often)
                    yield judged(_one_case(people, dtype, threads), quick, threads)


class People:
    """Faces of people and other faces of them; uint8."""

    def __init__(self, count: int, pixels: int) -> None:
        rng = np.random.default_rng(0)
        people = count // EACH
        sizes = np.arange(1, 601, dtype=np.float32) ** np.float32(-0.75)
        sizes *= 40 / np.sqrt((sizes**2).sum())
        directions = rng.standard_normal((600, pixels), np.float32)
        person = np.concatenate([np.arange(count) % people, np.arange(QUERIES) % people])
        own = rng.standard_normal((people, 600), np.float32)[person]
        own += rng.standard_normal((len(person), 600), np.float32) / 2
        x = (own * sizes) @ directions + 128
        x += rng.standard_normal(x.shape, np.float32) * 2
        x = np.clip(np.rint(x), 0, 255).astype(np.uint8)
        self.faces, self.queries = x[:count].copy(), x[count:].copy()
        self.labels, self.truth = person[:count], person[count:]
        self.name = f"{count} x {pixels}"
        self.size = count, pixels


def _fit_case(people: People, dtype: str, threads: int) -> Case:
    faces, queries = people.faces.astype(dtype), people.queries.astype(dtype)
    labels = people.labels

    def sklearn(solver: str) -> Run:
        def call() -> Faces:
            pca = SklearnPCA(COMPONENTS, svd_solver=solver, random_state=0)
            return make_pipeline(pca, KNeighborsClassifier(1)).fit(faces, labels).predict(queries)

        return call

    runs: dict[str, Run] = {
        "cvfast": lambda: Eigenfaces(COMPONENTS).fit(faces, labels).predict(queries),
        DEFAULT: sklearn("auto"),
        RANDOMIZED: sklearn("randomized"),
        NUMPY: lambda: _by_numpy(faces, labels, queries),
    }

    def agree(outputs: Mapping[str, Any]) -> str:
        ours = outputs["cvfast"]
        same = {name: float(np.mean(said == ours)) for name, said in outputs.items()}
        assert min(same.values()) == 1, f"predictions differ: {same}"
        right = float(np.mean(ours == people.truth))
        return f"the same {QUERIES} predictions, {right:.0%} right"

    least = LEAST[dtype]
    asked = (Target(DEFAULT, least), Target(RANDOMIZED, least), Target(NUMPY, 1.2))
    targets = asked if threads == 1 else ()
    name = f"fit and predict {dtype}, {people.name}, {COMPONENTS} components"
    return Case("eigenfaces", name, runs, agree, targets)


def _one_case(people: People, dtype: str, threads: int) -> Case:
    faces, one = people.faces.astype(dtype), people.queries[:1].astype(dtype)
    model = Eigenfaces(COMPONENTS).fit(faces, people.labels)
    pca = SklearnPCA(COMPONENTS, random_state=0)
    theirs = make_pipeline(pca, KNeighborsClassifier(1)).fit(faces, people.labels)
    runs: dict[str, Run] = {
        "cvfast": lambda: model.predict(one),
        DEFAULT: lambda: theirs.predict(one),
    }

    def agree(outputs: Mapping[str, Any]) -> str:
        assert outputs["cvfast"].tolist() == outputs[DEFAULT].tolist()
        every = people.queries.astype(dtype)
        singly = [model.predict(face[None])[0] for face in every]
        assert singly == theirs.predict(every).tolist(), "one by one they differ"
        return f"the same {QUERIES} predictions one by one as all at once"

    asked = people.size == LARGE and threads == 1
    name = f"one prediction {dtype}, {people.name}, {COMPONENTS} components"
    return Case("eigenfaces", name, runs, agree, most_ms=MOST_MS if asked else None)


def _by_numpy(faces: Faces, labels: Faces, queries: Faces) -> Faces:
    """Turk and Pentland as one would write them down."""
    x = faces.astype(np.float32)
    mean = x.mean(axis=0)
    x -= mean
    _, vectors = np.linalg.eigh(x @ x.T)
    components = vectors[:, : -COMPONENTS - 1 : -1].T @ x
    components /= np.linalg.norm(components, axis=1)[:, None]
    known, asked = x @ components.T, (queries.astype(np.float32) - mean) @ components.T
    apart = (known**2).sum(axis=1) - 2 * asked @ known.T
    return labels[apart.argmin(axis=1)]


if __name__ == "__main__":
    sys.exit(main())
