"""Faces without names sorted into people."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from cvfast.errors import LimitError, OutputExistsError
from cvfast.io.images import write_image
from cvfast.recognition import clustering
from cvfast.recognition.clustering import MOST_FACES, cluster
from cvfast.recognition.sorting import copy_people, find_faces, sort_people
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recognition.small_embedder import SmallEmbedder, made

FLAT = SimpleNamespace(
    distances=lambda a, b: np.linalg.norm(a[:, None] - b[None], axis=2).astype(np.float32),
    threshold=SimpleNamespace(distance=0.5),
)


def reference(vectors, threshold):
    """Average linkage, word by word: sets of indices."""
    apart = FLAT.distances(vectors, vectors).astype(np.float64)
    groups = [[number] for number in range(len(vectors))]
    while len(groups) > 1:
        best = min(
            (apart[np.ix_(a, b)].mean(), i, j)
            for i, a in enumerate(groups)
            for j, b in enumerate(groups[:i])
        )
        if best[0] > threshold:
            break
        groups[best[2]] += groups.pop(best[1])
    return {frozenset(group) for group in groups}


def sets(labels):
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 14))
def test_as_the_definition_says(seed, count):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 3)).astype(np.float32)
    threshold = float(rng.uniform(0.2, 3))
    labels = cluster(vectors, FLAT, threshold=threshold)
    assert sets(labels) == reference(vectors, threshold)
    assert labels.dtype == np.intp
    counts = np.bincount(labels)
    assert (np.diff(counts) <= 0).all()  # the largest first
    order = rng.permutation(count)
    shuffled = cluster(vectors[order], FLAT, threshold=threshold)
    assert sets(shuffled) == {
        frozenset(np.flatnonzero(np.isin(order, list(group))).tolist()) for group in sets(labels)
    }


def test_people_as_embeddings_have_them():
    """40 people of 1 to 12 faces, each within 0.4 of its centre; centres 1.4 apart."""
    rng = np.random.default_rng(1)
    counts = rng.integers(1, 13, 40)
    who = np.repeat(np.arange(40), counts)
    centres = np.eye(40, 64)
    noise = rng.normal(size=(len(who), 64))
    noise *= rng.uniform(0.1, 0.4, (len(who), 1)) / np.linalg.norm(noise, axis=1, keepdims=True)
    labels = cluster((centres[who] + noise).astype(np.float32), FLAT, threshold=0.6)
    assert sets(labels) == sets(who)


def test_one_face_between_two_people_joins_nobody_to_the_other():
    vectors = np.array([[0.0], [0.1], [0.5], [0.9], [1.0]], np.float32)
    assert len(set(cluster(vectors, FLAT).tolist())) == 2


def test_limits():
    with pytest.raises(LimitError, match=f"at most {MOST_FACES}"):
        cluster(np.zeros((MOST_FACES + 1, 1), np.float32), FLAT)
    with pytest.raises(ValueError, match="threshold"):
        cluster(np.zeros((2, 1), np.float32), FLAT, threshold=float("nan"))
    with pytest.raises(ValueError, match="finite"):
        cluster(np.full((2, 1), np.nan, np.float32), FLAT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of three made people, one with two of them, one without a face, one broken."""
    folder = tmp_path_factory.mktemp("pictures")
    for person in range(3):
        for seed in range(2):
            write_image(folder / f"{person}-{seed}.png", made(person, seed))
    both = np.concatenate([made(0, 2), np.full((128, 160, 3), 128, np.uint8)], axis=1)
    both[:, 160:] = made(1, 2)
    write_image(folder / "both.png", both)
    write_image(folder / "none.png", np.full((64, 64, 3), 128, np.uint8))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def test_made_people(folder, tmp_path):
    model, failed = SmallEmbedder(), {}
    pictures = sorted(folder.iterdir())
    faces = find_faces(pictures, model, fail=failed.setdefault)
    assert [path.name for path in failed] == ["broken.png"]
    assert len(faces) == 8
    people = sort_people(faces, model)
    found = sorted(sorted(face.picture.name for face in person) for person in people)
    assert found == [
        ["0-0.png", "0-1.png", "both.png"],
        ["1-0.png", "1-1.png", "both.png"],
        ["2-0.png", "2-1.png"],
    ]
    counts = copy_people(people, tmp_path / "sorted")
    assert sorted(counts.values()) == [2, 2, 3]
    copied = sorted(path.name for path in (tmp_path / "sorted").rglob("*.png"))
    assert copied == sorted(path.name for path in {face.picture for face in faces})
    assert all(path.exists() for path in pictures)
    assert [path.name for path in tmp_path.iterdir()] == ["sorted"]
    with pytest.raises(OutputExistsError):
        copy_people(people, tmp_path / "sorted")


def test_too_many_faces_are_told_at_once(folder, monkeypatch):
    monkeypatch.setattr(clustering, "MOST_FACES", 1)
    seen = []
    with pytest.raises(LimitError, match="at most 1 faces to sort into people, got 2"):
        find_faces(
            sorted(folder.iterdir()),
            SmallEmbedder(),
            fail=print,
            progress=lambda done, _: seen.append(done),
        )
    assert seen == [1]


def test_copies_of_one_name_and_a_lost_picture(folder, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name in "ab":
        (tmp_path / name / "1.png").write_bytes((folder / f"0-{int(name > 'a')}.png").read_bytes())
    model = SmallEmbedder()
    faces = find_faces([tmp_path / "a/1.png", tmp_path / "b/1.png"], model, fail=print)
    people = sort_people(faces, model)
    copy_people(people, tmp_path / "sorted")
    names = [path.name for path in sorted((tmp_path / "sorted").rglob("*.png"))]
    assert names == ["1-2.png", "1.png"]
    (tmp_path / "b/1.png").unlink()
    with pytest.raises(OSError, match="cannot be written"):
        copy_people(people, tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "sorted"]
