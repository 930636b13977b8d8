"""Sets of known faces, their vectors, and what is kept of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cvfast.errors import MediaError, ModelError, NothingFoundError
from cvfast.models.tensors import write_tensors
from cvfast.recognition import embedding_sets
from cvfast.recognition.embedding_sets import embed_set, embed_sets, pair_distances
from cvfast.recognition.face_sets import KnownFace, read_face_set
from cvfast.recognition.kept_vectors import KeptVectors, face_key
from PIL import Image


class Corner:
    """A face's vector is the colour under its first point."""

    name, key, dimension = "corner", "corner 1", 3

    def embed(self, image, faces):
        places = [face.points[0].astype(int) for face in faces]
        return np.array([image[y, x] for x, y in places], np.float32)

    def distances(self, a, b):
        return np.abs(a[:, None] - b).sum(axis=2)


@pytest.fixture
def made(tmp_path):
    """Two pictures, in the second two faces of people and one of nobody known."""
    pixels = np.arange(60 * 80 * 3, dtype=np.uint32).reshape(60, 80, 3).astype(np.uint8)
    lines = []
    for name, corners, people in (("a.png", [3], [7]), ("b.png", [5, 30, 9], [7, 8, None])):
        Image.fromarray(pixels).save(tmp_path / name)
        faces = []
        for corner, person in zip(corners, people, strict=True):
            points = [[corner + n % 9, 2 + n // 9] for n in range(68)]
            face = {"box": [corner, 2, corner + 9, 11], "points": points}
            faces.append(face if person is None else face | {"identity": person})
        lines.append(json.dumps({"file": name, "split": "test", "faces": faces}))
    (tmp_path / "labels.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_marked_faces_are_embedded_where_they_are_marked(made, monkeypatch):
    read = []
    whole = embedding_sets.read_image
    monkeypatch.setattr(
        embedding_sets, "read_image", lambda path, **more: (read.append(path.name), whole(path))[1]
    )
    faces = read_face_set(made, split="test").faces
    steps = []

    vectors = embed_set(faces, Corner(), progress=lambda *step: steps.append(step))

    assert [(face.name, face.person) for face in faces] == [
        ("a.png", "000007"),
        ("b.png#0", "000007"),
        ("b.png#1", "000008"),
    ]
    pixels = np.asarray(Image.open(made / "a.png"))
    np.testing.assert_array_equal(vectors, pixels[2, [3, 5, 30]])
    assert read == ["a.png", "b.png"]
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_several_models_and_what_is_missing(made):
    faces = [*read_face_set(made).faces, KnownFace(made / "gone.png", "gone.png", "9")]
    Image.new("RGB", (80, 80)).save(made / "dark.png")
    faces.append(KnownFace(made / "dark.png", "dark.png", "9"))

    done = embed_sets(faces, {"one": Corner(), "two": Corner()})

    assert sorted(done.missing) == [3, 4]
    assert str(done.missing[3]).startswith(f"{made / 'gone.png'}: ")
    assert "Errno" not in str(done.missing[3])
    assert isinstance(done.missing[4], NothingFoundError)
    for vectors in done.vectors.values():
        assert np.isnan(vectors[3:]).all()
        assert np.isfinite(vectors[:3]).all()
    with pytest.raises(NothingFoundError, match=r"dark\.png: no face found"):
        embed_set(faces[4:], Corner())


def test_a_model_that_gives_no_numbers(made, monkeypatch):
    monkeypatch.setattr(Corner, "embed", lambda *_: np.full((1, 3), np.inf, np.float32))
    with pytest.raises(ModelError, match=r"one: expected finite numbers of a\.png"):
        embed_sets(read_face_set(made).faces, {"one": Corner()})


def test_distances_of_pairs_are_those_of_the_matrix():
    random = np.random.default_rng(1)
    vectors = random.random((30, 3), np.float32)
    first, second = random.integers(0, 30, (2, 200))

    found = pair_distances(Corner(), vectors, first, second)

    np.testing.assert_array_equal(found, Corner().distances(vectors, vectors)[first, second])


def test_a_face_is_known_again_unless_anything_changed(made):
    one = read_face_set(made).faces[0]
    key = face_key(one)
    assert face_key(read_face_set(made).faces[0]) == key
    assert face_key(KnownFace(one.path, one.name, one.person)) != key
    Image.new("RGB", (9, 9)).save(made / "a.png")
    assert face_key(one) != key
    with pytest.raises(OSError, match="gone"):
        face_key(KnownFace(made / "gone.png", "gone.png", "7"))


def test_kept_vectors_come_back(tmp_path):
    kept = KeptVectors(tmp_path / "v.safetensors", Corner())
    kept.save()
    assert not (tmp_path / "v.safetensors").exists()
    kept.put(b"a" * 16, np.array([1, 2, 3], np.float32), 2)
    kept.put(b"b" * 16, None, 0)
    kept.save()
    again = KeptVectors(tmp_path / "v.safetensors", Corner())
    assert again.problem == ""
    assert again.get(b"a" * 16).vector.tolist() == [1, 2, 3]
    assert [again.get(key * 16).found for key in (b"a", b"b")] == [2, 0]
    assert again.get(b"c" * 16) is None


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"keys": np.zeros((2, 16), np.uint8), "vectors": np.zeros((1, 3), np.float32)},
        {"keys": np.zeros((1, 8), np.uint8), "vectors": np.zeros((1, 3), np.float32)},
        {"keys": np.zeros((1, 16), np.uint8), "vectors": np.zeros((1, 4), np.float32)},
        {"keys": np.zeros((1, 16), np.int16), "vectors": np.zeros((1, 3), np.float32)},
        {"keys": np.zeros((1, 16), np.uint8), "vectors": np.zeros(3, np.float32)},
        {"keys": np.zeros((), np.uint8), "vectors": np.zeros((), np.float32)},
        {"found": np.zeros(2, np.int32)},
        {"found": np.zeros(1, np.int16)},
        {"vectors": np.full((1, 3), np.nan, np.float32)},
    ],
)
def test_spoilt_vectors_are_not_taken(tmp_path, arrays):
    good = KeptVectors(tmp_path / "v.safetensors", Corner())
    if arrays:
        whole = {
            "keys": np.zeros((1, 16), np.uint8),
            "vectors": np.zeros((1, 3), np.float32),
            "found": np.zeros(1, np.int32),
        }
        arrays = whole | arrays
    write_tensors(tmp_path / "v.safetensors", arrays, good._facts)
    again = KeptVectors(tmp_path / "v.safetensors", Corner())
    assert "expected keys and vectors of 3 numbers" in again.problem
    assert again.get(b"\0" * 16) is None


def test_sets_that_are_none(tmp_path):
    (tmp_path / "labels.jsonl").write_text('{"file": "a.png", "faces": 3}')
    with pytest.raises(MediaError, match="line 1: faces: expected a list"):
        read_face_set(tmp_path)
