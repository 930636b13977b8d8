"""Every recogniser by its name, and the threshold to decide by."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import cvfast
import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.faces.embedding import Threshold
from cvfast.geometry.sampling import PixelReader
from cvfast.recognition.classic import train_classic
from cvfast.recognition.classic_file import write_classic
from cvfast.recognition.eigenfaces import Eigenfaces
from cvfast.recognition.lbph import LBPH
from cvfast.recognition.preprocess import Preprocessing
from cvfast.recognition.recognisers import choose_threshold, default_recogniser, open_recogniser

from tests.recognition.small_embedder import made


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("eigenfases:x", "did you mean 'eigenfaces'"),
        ("deepfaec", "did you mean 'deepface'"),
        ("", "expected one of"),
        ("eigenfaces", "eigenfaces:FILE with a file's name"),
        ("deepface:", "deepface:FILE with a file's name"),
        ("dlib:x.dat", "'dlib' without a file"),
    ],
)
def test_wrong_names(spec, said):
    with pytest.raises(ValueError, match=said):
        open_recogniser(spec)


@pytest.mark.parametrize("options", [{"template": "arcface"}, {"colours": "bgr"}])
def test_only_onnx_takes_a_template(options):
    for spec in ("deepface", "lbph:x", "dlib"):
        with pytest.raises(ValueError, match=f"{next(iter(options))}: expected none"):
            open_recogniser(spec, **options)


@pytest.mark.parametrize("spec", ["gone.onnx", "gone.dat", "deepface:gone", "lbph:gone"])
def test_missing_files_are_named(spec):
    with pytest.raises(ModelError, match="gone"):
        open_recogniser(spec)


def test_the_default(monkeypatch):
    assert default_recogniser() == "dlib"
    assert open_recogniser().name == "dlib"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert default_recogniser() == "deepface"
    assert open_recogniser().name == "deepface"


def _trained(kind, pictures, marks):
    preprocessing = Preprocessing((24, 24))
    pairs = zip(pictures, marks, strict=True)
    faces = np.stack([preprocessing(PixelReader.of(image), one) for image, one in pairs])
    model = {"eigenfaces": lambda: Eigenfaces(3), "lbph": LBPH}[kind]()
    return train_classic(model, faces, np.repeat(range(3), 2), preprocessing)


@pytest.mark.parametrize("kind", ["eigenfaces", "lbph"])
def test_a_file_of_ours(tmp_path, kind):
    pictures = [made(person, seed) for person in range(3) for seed in range(2)]
    marks = [cvfast.landmarks(image)[0] for image in pictures]
    path = tmp_path / "model.safetensors"
    write_classic(path, _trained(kind, pictures, marks))
    embedder = open_recogniser(f"{kind}:{path}")
    vectors = embedder.embed(pictures[0], marks[:1])
    assert vectors.shape == (1, embedder.dimension)
    np.testing.assert_allclose(embedder.distances(vectors, vectors), 0, atol=1e-5)
    other = {"eigenfaces": "lbph", "lbph": "eigenfaces"}[kind]
    with pytest.raises(ModelError, match=other):
        open_recogniser(f"{other}:{path}")


SEVERAL = SimpleNamespace(
    name="several",
    threshold=Threshold(0.5, 0.01, "a"),
    thresholds=(
        Threshold(0.4, 0.001, "a"),
        Threshold(0.5, 0.01, "a"),
        Threshold(0.7, 0.1, "a"),
        Threshold(9.0, None, "b"),
    ),
)


def test_the_threshold_for_a_false_accept_rate():
    assert choose_threshold(SEVERAL) == SEVERAL.threshold
    assert choose_threshold(SEVERAL, far=0.05).distance == 0.5
    assert choose_threshold(SEVERAL, far=0.1).distance == 0.7
    with pytest.raises(ValueError, match=r"measured at \(0.001, 0.01, 0.1\)"):
        choose_threshold(SEVERAL, far=0.0001)
    with pytest.raises(ValueError, match="between 0 and 1"):
        choose_threshold(SEVERAL, far=1)
    given = choose_threshold(SEVERAL, distance=0.3)
    assert (given.distance, given.false_accepts) == (0.3, None)
    with pytest.raises(ValueError, match="got both"):
        choose_threshold(SEVERAL, distance=0.3, far=0.1)
    for wrong in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="threshold"):
            choose_threshold(SEVERAL, distance=wrong)
    unmeasured = SimpleNamespace(name="x", threshold=Threshold(0.6, None, "nobody"))
    with pytest.raises(ValueError, match="no rate"):
        choose_threshold(unmeasured, far=0.1)
