"""Galleries: who is named, and what is on disk whatever happens."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from cvfast.errors import ModelError, OutputError
from cvfast.faces.embedding import Threshold
from cvfast.models.tensors import tensor_bytes
from cvfast.recognition import gallery_file
from cvfast.recognition.gallery import Enrolled, Gallery, check_name
from cvfast.recognition.gallery_file import change_gallery, check_place, loose_rights, read_gallery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

D = 4


class Plain:
    """Vectors as they come, Euclidean."""

    name, key, dimension = "plain", "plain-1", D
    threshold = Threshold(1.0, None, "tests")

    def embed(self, image, faces):
        raise NotImplementedError

    def distances(self, a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=2).astype(np.float32)


def row(name, picture):
    return Enrolled(name, picture, hashlib.sha256(picture.encode()).hexdigest())


def some(*names, seed=0):
    """A gallery with a random vector of each name given."""
    rows = tuple(row(name, f"{number}-{name}.jpg") for number, name in enumerate(names))
    vectors = np.random.default_rng(seed).normal(size=(len(rows), D)).astype(np.float32)
    return Gallery("plain", "plain-1", rows, vectors)


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "gallery"
    change_gallery(folder, lambda _none: some("bob", "ann", "bob", "cleo"))
    return folder


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def same(a, b):
    assert (a.model, a.key, a.rows) == (b.model, b.key, b.rows)
    np.testing.assert_array_equal(a.vectors, b.vectors)


# --- who it is


def test_the_nearest_person_within_the_threshold():
    rows = (row("ann", "1"), row("ann", "2"), row("bob", "3"))
    vectors = np.array([[0, 0, 0, 0], [4, 0, 0, 0], [0, 3, 0, 0]], np.float32)
    gallery = Gallery("plain", "plain-1", rows, vectors)
    probes = np.array([[3.5, 0, 0, 0], [0, 2.5, 0, 0], [9, 0, 0, 0]], np.float32)
    first, second, third = gallery.identify(probes, Plain())
    assert (first.name, first.distance) == ("ann", 0.5)  # the nearest of ann's two
    assert (first.second, first.second_distance) == ("bob", pytest.approx(np.hypot(3.5, 3)))
    assert (second.name, second.distance, second.second) == ("bob", 0.5, "ann")
    assert (third.name, third.nearest, third.distance) == (None, "ann", 5.0)
    assert (
        gallery.identify(probes[2:], Plain(), threshold=5.0)[0].name == "ann"
    )  # at most: the same


def test_nobody_and_one_person():
    nobody = Gallery.empty(Plain()).identify(np.ones((2, D), np.float32), Plain())
    assert [(one.name, one.distance, one.nearest) for one in nobody] == [(None, None, None)] * 2
    (one,) = some("ann").identify(some("ann").vectors, Plain())
    assert (one.name, one.distance, one.second, one.second_distance) == ("ann", 0.0, None, None)


@given(seed=st.integers(0, 10_000), people=st.integers(1, 5), faces=st.integers(1, 12))
def test_as_a_plain_search_over_all_vectors(seed, people, faces):
    rng = np.random.default_rng(seed)
    names = [f"p{number}" for number in rng.integers(0, people, faces)]
    gallery = some(*names, seed=seed)
    probe = rng.normal(size=(1, D)).astype(np.float32)
    apart = np.linalg.norm(gallery.vectors - probe, axis=1)
    (match,) = gallery.identify(probe, Plain(), threshold=2.0)
    assert match.nearest == gallery.rows[int(apart.argmin())].name
    assert match.distance == pytest.approx(float(apart.min()), rel=1e-5)
    assert match.name == (match.nearest if match.distance <= 2.0 else None)
    others = [d for d, r in zip(apart, gallery.rows, strict=True) if r.name != match.nearest]
    if others:
        assert match.second_distance == pytest.approx(float(min(others)), rel=1e-5)


def test_a_picture_is_taken_once():
    gallery = some("ann")
    fresh = [row("ann", "0-ann.jpg"), row("bob", "0-ann.jpg"), row("bob", "x"), row("bob", "x")]
    added = gallery.add(fresh, np.arange(16, dtype=np.float32).reshape(4, 4))
    assert added.taken == (fresh[2],)
    assert added.known == (fresh[0], fresh[3])
    assert added.refused == ((fresh[1], "ann"),)
    assert added.gallery.people == {"ann": 1, "bob": 1}
    np.testing.assert_array_equal(added.gallery.vectors[1], [8, 9, 10, 11])
    assert gallery.add(fresh[:1], np.ones((1, D), np.float32)).gallery is gallery


@pytest.mark.parametrize("name", ["", " ", "unknown", "Unknown", "a\nb", "x" * 256, "a\udcff"])
def test_names_that_cannot_be(name):
    with pytest.raises(ValueError, match="name: expected"):
        check_name(name)
    with pytest.raises(ValueError, match="name: expected"):
        Gallery("plain", "plain-1", (Enrolled(name, "a.jpg", "0" * 64),), np.ones((1, D), "f4"))


def test_names_are_composed():
    assert check_name("Zoe\u0308") == "Zoë"
    assert some("Zoë", "ann").forget(["Zoe\u0308"]).people == {"ann": 1}


@pytest.mark.parametrize(
    "vectors",
    [np.zeros((1, D)), np.zeros((2, D), np.float32), np.full((1, D), np.nan, np.float32)],
)
def test_vectors_that_cannot_be(vectors):
    with pytest.raises(ValueError, match="vectors: expected"):
        Gallery("plain", "plain-1", (row("ann", "1"),), vectors)


def test_another_model_is_refused_by_name():
    other = SimpleNamespace(name="arcface.onnx", key="abc", dimension=D)
    with pytest.raises(ModelError, match=r"made by the model plain .*arcface\.onnx"):
        some("ann").check(other)
    with pytest.raises(ModelError, match="with other weights"):
        some("ann").check(SimpleNamespace(name="plain", key="plain-2", dimension=D))


# --- what is on disk


def test_what_is_written_is_read(place):
    same(read_gallery(place), some("bob", "ann", "bob", "cleo"))
    assert sorted(files(place)) == sorted(
        [".lock", "gallery.json", json.loads(files(place)["gallery.json"])["vectors"]]
    )
    empty = change_gallery(place.with_name("empty"), lambda _none: Gallery.empty(Plain()))
    same(read_gallery(place.with_name("empty")), empty)


def test_only_the_owner_can_read_it(tmp_path):
    before = os.umask(0)  # the most careless one
    try:
        change_gallery(tmp_path / "gallery", lambda _none: some("ann"))
        change_gallery(tmp_path / "gallery", lambda _old: some("ann", "bob"))
    finally:
        os.umask(before)
    assert mode(tmp_path / "gallery") == 0o700
    assert {mode(path) for path in (tmp_path / "gallery").iterdir()} == {0o600}
    assert loose_rights(tmp_path / "gallery") == []


def test_wider_rights_are_mended_and_told(place):
    place.chmod(0o755)
    (place / "gallery.json").chmod(0o644)
    assert loose_rights(place) == [place, place / "gallery.json"]
    told = []
    change_gallery(place, lambda old: old, tell=told.append)
    assert (mode(place), mode(place / "gallery.json")) == (0o700, 0o600)
    assert [text.partition(":")[0] for text in told] == [str(place), str(place / "gallery.json")]


def test_rights_that_cannot_be_mended_are_refused(place, monkeypatch):
    place.chmod(0o755)
    monkeypatch.setattr(type(place), "chmod", lambda *_args: None)  # as a FAT file system does
    with pytest.raises(OutputError, match="others can read it"):
        change_gallery(place, lambda old: old)


def test_forgetting_leaves_no_vector_name_or_hash(place):
    old = read_gallery(place)
    secrets = [v.tobytes() for v, r in zip(old.vectors, old.rows, strict=True) if r.name == "bob"]
    secrets += [b"bob", row("bob", "0-bob.jpg").sha256.encode()]
    assert all(any(secret in data for data in files(place).values()) for secret in secrets)
    change_gallery(place, lambda current: current.forget(["bob"]))
    assert not any(secret in data for data in files(place).values() for secret in secrets)
    assert not any("bob" in name for name in files(place))
    same(read_gallery(place), old.forget(["bob"]))


def test_what_killed_processes_left_is_removed(place):
    current = read_gallery(place)
    for name in (
        f"vectors-{'0' * 64}.safetensors",
        f".vectors-abc.{'0' * 16}.part.safetensors",
        f".gallery.{'0' * 16}.part.json",
    ):
        (place / name).write_bytes(b"old vectors")
    same(read_gallery(place), current)
    before = len(files(place))
    same(change_gallery(place, lambda old: old), current)
    assert len(files(place)) == before - 3


@pytest.mark.parametrize("failing", ["safetensors", "json"])
def test_a_failing_write_leaves_the_old_state(place, monkeypatch, failing):
    old, put = read_gallery(place), gallery_file._put

    def broken(path, data):
        if path.suffix == f".{failing}":
            raise OutputError(f"{path}: no space left on the device")
        put(path, data)

    monkeypatch.setattr(gallery_file, "_put", broken)
    with pytest.raises(OutputError, match="no space"):
        change_gallery(place, lambda _old: some("dora"))
    same(read_gallery(place), old)


def test_a_reader_meets_one_state_or_the_other(place):
    """The vectors' file is replaced between the reading of gallery.json and of it."""
    read, changed = gallery_file._read, []

    def late(path, most):
        data = read(path, most)
        if path.name == "gallery.json" and not changed:
            changed.append(True)
            change_gallery(place, lambda _old: some("dora"))
        return data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery_file, "_read", late)
        same(read_gallery(place), some("dora"))


@pytest.mark.parametrize("attempt", range(7))
def test_nobody_is_lost_when_many_begin_and_enrol_at_once(tmp_path, attempt):
    faces = 4 if attempt == 0 else 1
    place, errors, start = tmp_path / "gallery", [], threading.Barrier(5)

    def enrol(worker):
        try:
            start.wait()
            for number in range(faces):
                rows = [row(f"w{worker}", f"{worker}-{number}")]
                vector = np.full((1, D), worker * 10 + number, np.float32)
                change_gallery(
                    place,
                    lambda old, rows=rows, vector=vector: (
                        (old or Gallery.empty(Plain())).add(rows, vector).gallery
                    ),
                )
                read_gallery(place)
                assert loose_rights(place) == []
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=enrol, args=(number,)) for number in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    gallery = read_gallery(place)
    assert gallery.people == {f"w{number}": faces for number in range(5)}
    assert sorted(gallery.vectors[:, 0]) == [
        worker * 10 + number for worker in range(5) for number in range(faces)
    ]
    assert len(files(place)) == 3


# --- what is refused


def test_places_that_cannot_be_a_gallery(tmp_path, place, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.jpg").touch()
    for name, said in [
        ("file", "got a file"),
        ("photos", r"other files \(a\.jpg\)"),
        ("no/gallery", "no such folder"),
    ]:
        with pytest.raises(OutputError, match=said):
            change_gallery(tmp_path / name, lambda _none: some("ann"))
    assert sorted(files(tmp_path / "photos")) == ["a.jpg"]
    monkeypatch.setattr(os, "access", lambda *_args: False)
    with pytest.raises(OutputError, match="no permission to write"):
        check_place(place)
    with pytest.raises(OutputError, match="no permission to make a folder"):
        check_place(tmp_path / "new")


def test_no_gallery(tmp_path):
    with pytest.raises(ModelError, match=r"no such gallery\. Make one with"):
        read_gallery(tmp_path / "none")
    with pytest.raises(ModelError, match=r"found no gallery\.json"):
        read_gallery(tmp_path)


def edit(place, **changes):
    facts = json.loads((place / "gallery.json").read_text())
    (place / "gallery.json").write_text(json.dumps(facts | changes))


FACE = {"name": "ann", "picture": "a.jpg", "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "other"}, "expected a gallery"),
        ({"version": 2}, "version 1, got 2"),
        ({"model": 3}, "model: expected text, got 3"),
        ({"key": ""}, "key: expected text"),
        ({"key": "\x1b[2J"}, "key: expected text"),
        ({"vectors": "../../etc/passwd"}, "vectors: expected a name"),
        ({"vectors": f"vectors-{'0' * 64}.safetensors"}, "which is missing"),
        ({"dimension": 0}, "dimension: expected 1 to"),
        ({"dimension": True}, "dimension: expected 1 to"),
        ({"dimension": 10**30}, "dimension: expected 1 to"),
        ({"dimension": D + 1}, r"expected float32 \(4, 5\).*got float32 \(4, 4\)"),
        ({"faces": {}}, "faces: expected a list"),
        ({"faces": [3]}, r"faces\[0\]: expected name"),
        ({"faces": [FACE]}, r"expected float32 \(1, 4\)"),
        ({"faces": [FACE | {"name": None}]}, r"faces\[0\]\.name: expected text"),
        ({"faces": [FACE | {"sha256": "0"}]}, r"faces\[0\]\.sha256: expected 64"),
        ({"faces": [FACE] * 4}, "faces 0 and 1 are of one picture"),
        (
            {"faces": [FACE | {"name": "unknown", "sha256": f"{n:064}"} for n in range(4)]},
            "name: expected a person's",
        ),
    ],
)
def test_damaged_facts_are_named(place, changes, said):
    edit(place, **changes)
    with pytest.raises(ModelError, match=said):
        read_gallery(place)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"[" * 100_000, b"\xff", b"9" * 9999])
def test_what_is_no_json(place, text):
    (place / "gallery.json").write_bytes(text)
    with pytest.raises(ModelError, match=r"gallery\.json"):
        read_gallery(place)


def forge(place, data):
    """Put other vectors in, with the hash that they should have."""
    name = f"vectors-{hashlib.sha256(data).hexdigest()}.safetensors"
    (place / name).write_bytes(data)
    edit(place, vectors=name)


NAN = np.full((4, D), np.nan, np.float32)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "expected a safetensors file"),
        (b"\xff" * 64, "expected a safetensors header"),
        (tensor_bytes({}, {}), "tensors: expected one"),
        (tensor_bytes({"v": np.ones((4, D), np.float32)}, {}), "tensors: expected one"),
        (tensor_bytes({"vectors": np.ones((4, D))}, {}), "got float64"),
        (tensor_bytes({"vectors": np.ones((3, D), np.float32)}, {}), r"got float32 \(3, 4\)"),
        (tensor_bytes({"vectors": np.ones((4, D, 1), np.float32)}, {}), r"got float32 \(4, 4, 1\)"),
        (tensor_bytes({"vectors": NAN}, {}), "expected finite numbers"),
        (tensor_bytes({"vectors": np.ones((4, D), np.float32)}, {})[:-1], "cut short"),
    ],
)
def test_damaged_vectors_are_named(place, data, said):
    forge(place, data)
    with pytest.raises(ModelError, match=said):
        read_gallery(place)


def test_altered_vectors_are_noticed(place):
    path = next(place.glob("vectors-*"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="expected the SHA-256 in the file's name"):
        read_gallery(place)


def test_a_pipe_is_no_gallery(place):
    (place / "gallery.json").unlink()
    os.mkfifo(place / "gallery.json")
    with pytest.raises(ModelError, match="named pipe"):
        read_gallery(place)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_is_a_named_error(place, data):
    """Bytes changed, cut or added anywhere; the vectors with a hash that fits."""
    clean = files(place)
    try:
        name = data.draw(st.sampled_from(sorted(set(clean) - {".lock"})))
        content = bytearray(clean[name])
        for _ in range(data.draw(st.integers(1, 3))):
            begin = data.draw(st.integers(0, len(content)))
            end = data.draw(st.integers(begin, min(begin + 8, len(content))))
            content[begin:end] = data.draw(st.binary(max_size=8))
        if name == "gallery.json":
            (place / name).write_bytes(bytes(content))
        else:
            forge(place, bytes(content))
        try:
            gallery = read_gallery(place)
        except ModelError:
            pass
        else:
            assert np.isfinite(gallery.vectors).all()
            assert len(gallery.rows) == len(gallery.vectors) == 4
    finally:
        for path in place.iterdir():
            path.unlink()
        for name, content in clean.items():
            (place / name).write_bytes(content)
