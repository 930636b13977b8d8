"""One function in front of every embedding, and what it says of a wrong name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MissingDependencyError, ModelError
from cvfast.faces.dlib import packaged_file
from cvfast.faces.dlib_embedding import DlibEmbedder
from cvfast.faces.embedders import open_embedder
from cvfast.faces.onnx_embedding import OnnxEmbedder
from onnx import TensorProto, helper


@pytest.fixture
def onnx_file(tmp_path: Path) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["y"], axis=1)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 16, 16))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 768))],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "face.ONNX"
    path.write_bytes(made.SerializeToString())
    return path


def test_dlib(astronaut, astronaut_mesh):
    by_name = open_embedder("dlib")
    by_file = open_embedder(str(packaged_file("dlib_face_recognition_resnet_model_v1.dat")))
    assert isinstance(by_name, DlibEmbedder)
    assert by_file.key == by_name.key
    vectors = [one.embed(astronaut, [astronaut_mesh]) for one in (by_name, by_file)]
    assert np.array_equal(*vectors)
    assert open_embedder("dlib", threshold=0.55).threshold.distance == 0.55


def test_onnx(onnx_file):
    found = open_embedder(str(onnx_file), template="ffhq", colours="bgr", threshold=0.4)
    assert isinstance(found, OnnxEmbedder)
    assert found.key.endswith("ffhq 16 bgr 127.5 127.5")
    assert (found.dimension, found.threshold.distance) == (768, 0.4)
    assert open_embedder(str(onnx_file)).key.endswith("arcface 16 rgb 127.5 127.5")


@pytest.mark.parametrize("spec", ["", "arcface", "face.pt", "eigenfaces:faces.safetensors"])
def test_other_names(spec):
    with pytest.raises(ValueError, match=r"model: expected dlib, PATH\.dat or PATH\.onnx, got"):
        open_embedder(spec)


def test_options_of_the_other_kind():
    with pytest.raises(ValueError, match="template: expected none for dlib, which has its own"):
        open_embedder("dlib", template="ffhq")
    with pytest.raises(ValueError, match="colours: expected none for dlib"):
        open_embedder("dlib", colours="bgr")


def test_missing_files(tmp_path):
    for name in ("gone.onnx", "gone.dat"):
        with pytest.raises(ModelError, match=f"{name}: model file cannot be read"):
            open_embedder(str(tmp_path / name))


def test_missing_packages(onnx_file, monkeypatch):
    real = importlib.import_module

    def missing(name, *rest):
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[onnx\]'"):
        open_embedder(str(onnx_file))
    monkeypatch.setitem(sys.modules, "dlib", None)  # dlib's network runs without dlib
    assert open_embedder("dlib").dimension == 128
