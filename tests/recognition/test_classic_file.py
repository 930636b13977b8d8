"""Embedders of classic recognisers: what they tell, thresholds, files good and bad."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from cvfast import LBPH, Eigenfaces, Fisherfaces, Landmarks
from cvfast.errors import ModelError, OutputExistsError
from cvfast.faces.embedding import Embedder, Threshold
from cvfast.models.tensors import parse_tensors, tensor_bytes
from cvfast.recognition.classic import ClassicEmbedder, threshold_of, train_classic
from cvfast.recognition.classic_file import read_classic, write_classic
from cvfast.recognition.classifier import FaceClassifier
from cvfast.recognition.preprocess import Preprocessing
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recognition.made import made_people

FACES, PERSON = made_people(people=12)
READY = Preprocessing((24, 24))
MODELS = (
    Eigenfaces(10, skip=2, metric="cosine"),
    Eigenfaces(0.9, metric="mahalanobis"),
    Fisherfaces(pca_components=10),
    LBPH(2, 6, (3, 4)),
)


def trained(model: FaceClassifier, **options: object) -> ClassicEmbedder:
    fresh = type(model)(**model.get_params())
    return train_classic(fresh, FACES, PERSON, READY, **options)


def picture() -> tuple[np.ndarray, list[Landmarks]]:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    points = np.array([(40, 40), (62, 42), (50, 55), (43, 66), (58, 66)], float)
    return pixels, [
        Landmarks(points + shift, "five", 1.0, [0, 0, 9, 9]) for shift in (0.0, 9.0, 0.0)
    ]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_a_file_gives_the_same_answers(model: FaceClassifier, tmp_path: Path) -> None:
    made = trained(model)
    write_classic(tmp_path / "m.safetensors", made, notes={"source": "a test"})
    read = read_classic(tmp_path / "m.safetensors", kind=made.name)

    embedder: Embedder = read
    assert (embedder.name, embedder.key, embedder.dimension) == (
        made.name,
        made.key,
        made.dimension,
    )
    assert read.threshold == made.threshold
    assert read.preprocessing == READY
    pixels, faces = picture()
    vectors = embedder.embed(pixels, faces)
    assert vectors.shape == (3, embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, made.embed(pixels, faces))
    np.testing.assert_array_equal(vectors[:1], made.model.transform(READY(pixels, faces[0])[None]))
    apart = embedder.distances(vectors, vectors)
    assert apart.shape == (3, 3)
    assert apart.dtype == np.float32
    assert apart.diagonal().tolist() == [0, 0, 0]
    assert apart[0, 2] == 0
    assert apart[0, 1] > 0
    assert embedder.embed(pixels, []).shape == (0, embedder.dimension)
    with pytest.raises(ValueError, match="with labels"):
        read.model.predict(FACES)


def test_a_file_of_eigenfaces_rebuilds_faces_by_some_of_its_components(tmp_path: Path) -> None:
    made = trained(Eigenfaces(10))
    write_classic(tmp_path / "m.safetensors", made)
    read = read_classic(tmp_path / "m.safetensors").model
    for count in (1, 4, 10):
        np.testing.assert_array_equal(
            read.reconstruct(FACES, count), made.model.reconstruct(FACES, count)
        )


def test_keys_tell_weights_and_preprocessing_apart() -> None:
    one = trained(MODELS[0])
    assert one.key == trained(MODELS[0]).key
    others = [
        trained(Eigenfaces(10, skip=2)),
        trained(Eigenfaces(9, skip=2, metric="cosine")),
        ClassicEmbedder(one.model, Preprocessing((24, 24), equalise=False), one.threshold),
        train_classic(Eigenfaces(10, skip=2, metric="cosine"), FACES[1:], PERSON[1:], READY),
    ]
    assert len({one.key, *(other.key for other in others)}) == 5


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("share", [0.01, 0.1])
def test_the_threshold_lets_the_share_pass(model: FaceClassifier, share: float) -> None:
    made = trained(model, false_accepts=share)
    assert made.threshold.distance > 0
    assert made.threshold.false_accepts == pytest.approx(share, abs=0.003)
    assert "different training people, left out of the fit" in made.threshold.source
    # Twelve other people of the same kind: about the same share passes.
    faces, person = made_people(people=12, seed=5)
    features = made.model.transform(faces)
    different = np.triu(person[:, None] != person, 1)
    apart = made.distances(features, features)[different]
    assert np.mean(apart <= made.threshold.distance) < 6 * share


def test_few_people_have_a_threshold_that_nobody_measured() -> None:
    few = PERSON < 3
    made = train_classic(Eigenfaces(5), FACES[few], PERSON[few], READY)
    assert made.threshold.false_accepts is None
    assert "3 people are too few" in made.threshold.source
    apart = made.distances(made.model.features_, made.model.features_)
    different = PERSON[few][:, None] != PERSON[few]
    assert not (apart[different] <= made.threshold.distance).any()
    alone = train_classic(Eigenfaces(3), FACES[:5], PERSON[:5], READY)
    assert alone.threshold == Threshold(0.0, None, alone.threshold.source)


def test_settings_that_half_of_the_faces_cannot_bear() -> None:
    found = threshold_of(Eigenfaces(60).fit(FACES, PERSON), FACES, PERSON, false_accepts=0.01)
    assert found.false_accepts is None


def test_a_threshold_for_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="false_accepts: expected a share"):
        trained(MODELS[0], false_accepts=0.0)


def test_a_model_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected faces of shape \(30, 24\)"):
        ClassicEmbedder(trained(MODELS[0]).model, Preprocessing((24, 30)), Threshold(1, None, ""))


def test_a_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_classic(path, trained(MODELS[0]))
    with pytest.raises(OutputExistsError):
        write_classic(path, trained(MODELS[1]))
    write_classic(path, trained(MODELS[1]), overwrite=True)
    assert read_classic(path).model.get_params() == MODELS[1].get_params()


def parts(tmp_path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    path = tmp_path / "good.safetensors"
    write_classic(path, trained(MODELS[0]))
    return parse_tensors(path.read_bytes(), path)


def damaged_json(name: str, **changes: object):
    def change(arrays: dict, told: dict) -> None:
        told[name] = json.dumps(json.loads(told[name]) | changes)

    return change


def without(name: str):
    def change(arrays: dict, told: dict) -> None:
        (arrays if name in arrays else told).pop(name)

    return change


def replaced(name: str, make):
    def change(arrays: dict, told: dict) -> None:
        arrays[name] = make(arrays.get(name))

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays, told: told.update(format="cvfast face trees 1"), "format: expected"),
        (lambda arrays, told: told.update(kind="deepface"), "kind: expected"),
        (lambda arrays, told: told.update(parameters="[1]"), "parameters: expected a JSON object"),
        (lambda arrays, told: told.update(threshold="{"), "expected a model"),
        (lambda arrays, told: told.update(threshold="[" * 9999), "expected a model"),
        (damaged_json("parameters", n_components="x", colour=1), "colour"),
        (damaged_json("parameters", metric="l1"), "metric: expected one of"),
        (damaged_json("preprocessing", size=[24, 25]), "mean: expected float64 of shape"),
        (damaged_json("preprocessing", size=[1 << 30, 8]), "size: expected sides"),
        (damaged_json("preprocessing", blur=3), "expected known settings"),
        (damaged_json("threshold", distance=-1), "threshold: expected a distance"),
        (damaged_json("threshold", distance=float("inf")), "threshold: expected a distance"),
        (damaged_json("threshold", false_accepts=2), "threshold: expected false accepts"),
        (without("kind"), "kind"),
        (without("threshold"), "threshold"),
        (without("variances"), "arrays: expected mean, components, variances"),
        (replaced("more", lambda _: np.zeros(3)), "arrays: expected"),
        (replaced("variances", lambda a: a[:-1]), "variances: expected float64 of shape"),
        (replaced("mean", lambda a: a.astype(np.float32)), "mean: expected float64"),
        (replaced("components", lambda a: a[:, 1:]), "components: expected float32"),
        (replaced("components", lambda a: a[:0]), "components: expected float32"),
        (replaced("components", lambda a: np.float32(1).reshape(())), "components: expected"),
        (replaced("components", lambda a: a * np.float32(np.nan)), "components: expected finite"),
        (replaced("mean", lambda a: a + 1e103), "expected a number that float32 can hold"),
    ],
)
def test_a_damaged_file_is_refused(change, words: str, tmp_path: Path) -> None:
    arrays, told = parts(tmp_path)
    change(arrays, told)
    path = tmp_path / "bad.safetensors"
    path.write_bytes(tensor_bytes(arrays, told))
    with pytest.raises(ModelError, match=words) as caught:
        read_classic(path)
    assert str(caught.value).startswith(str(path))


def test_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    write_classic(tmp_path / "m", trained(MODELS[3]))
    with pytest.raises(ModelError, match="kind: expected fisherfaces, got 'lbph'"):
        read_classic(tmp_path / "m", kind="fisherfaces")


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read_classic(tmp_path / "gone")
    with pytest.raises(ModelError, match="cannot be read"):
        read_classic(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="a named pipe"):
        read_classic(tmp_path / "pipe")
    (tmp_path / "text").write_text("eigenfaces, honestly")
    with pytest.raises(ModelError, match="safetensors"):
        read_classic(tmp_path / "text")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bytes_that_changed_never_crash(tmp_path_factory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    good = bytearray(_good_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, min(len(good), 1500) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(good), len(good) - 1, 700, 9]))
    path = folder / "m"
    path.write_bytes(bytes(good[:cut]))
    try:
        made = read_classic(path)
    except ModelError:
        return
    assert made.embed(*picture()).shape == (3, made.dimension)


_CACHE: list[bytes] = []


def _good_bytes() -> bytes:
    if not _CACHE:
        made = trained(MODELS[0])
        told = {
            "format": "cvfast classic faces 1",
            "kind": made.name,
            "parameters": json.dumps(made.model.get_params()),
            "preprocessing": json.dumps(READY.as_dict()),
            "threshold": json.dumps({"distance": 1.0, "false_accepts": None, "source": ""}),
        }
        _CACHE.append(tensor_bytes(made.model.weights(), told))
    return _CACHE[0]
