"""Models that a stranger made: what is refused, and in which words."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os

import numpy as np
import onnx
import pytest
from cvfast.errors import MissingDependencyError, ModelError
from cvfast.models.onnx_file import has_external_data
from cvfast.models.onnx_session import OnnxSession
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

INPUT, OUTPUT = {"x": (None, 2)}, {"y": (None, 2)}


def model(*, kind="Add", type_=TensorProto.FLOAT, shape=("n", 2), domain="", name="x"):
    weights = numpy_helper.from_array(np.array([[1, 2]], np.float32), "w")
    node = helper.make_node(kind, [name, "w"], ["y"], domain=domain)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(name, type_, shape)],
        [helper.make_tensor_value_info("y", type_, shape)],
        [weights],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("strange", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def written(path, made):
    path.write_bytes(made.SerializeToString())
    return path


def test_it_runs(tmp_path):
    session = OnnxSession(written(tmp_path / "a.onnx", model()), inputs=INPUT, outputs=OUTPUT)
    (y,) = session.run(np.zeros((3, 2), np.float32))
    assert y.tolist() == [[1, 2]] * 3
    assert repr(session) == "OnnxSession('a.onnx': x)"
    any_name = OnnxSession(session.path, inputs={"*": (None, 2)}, outputs={"*": (None, 2)})
    assert any_name.inputs == ("x",)
    with pytest.raises(ModelError, match=r"a.onnx: this model failed on inputs of shape \[\(3, 5"):
        session.run(np.zeros((3, 5), np.float32))


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (model(name="z"), r"expected the inputs x \?x2 tensor\(float\); got z \?x2"),
        (model(shape=("n", "m")), r"expected the inputs x \?x2 .*; got x \?x\? tensor\(float\)"),
        (model(shape=(4, 2)), r"got x 4x2"),
        (model(kind="Steal", domain="strange"), "onnxruntime cannot load this model"),
    ],
)
def test_what_is_not_as_asked(tmp_path, made, text):
    with pytest.raises(ModelError, match=text):
        OnnxSession(written(tmp_path / "a.onnx", made), inputs=INPUT, outputs=OUTPUT)


@pytest.mark.parametrize("where", ["graph", "attribute", "sparse"])
def test_data_in_other_files_is_refused(tmp_path, where, monkeypatch):
    """Wherever the tensor hides; even if the file that it names is there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(bytes(8))
    made = model()
    tensor = made.graph.initializer[0]
    if where == "attribute":
        made.graph.initializer.remove(tensor)
        tensor = numpy_helper.from_array(np.array([[1, 2]], np.float32), "w")
        made.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=tensor))
        tensor = made.graph.node[0].attribute[0].t
    if where == "sparse":
        sparse = made.graph.sparse_initializer.add()
        sparse.values.CopyFrom(tensor)
        tensor = sparse.values
    onnx.external_data_helper.set_external_data(tensor, "secret.bin", 0, 8)
    tensor.ClearField("raw_data")
    assert has_external_data(made.SerializeToString())
    with pytest.raises(ModelError, match="expected a model in one file"):
        OnnxSession(written(tmp_path / "a.onnx", made), inputs=INPUT, outputs=OUTPUT)


def test_files_that_are_none(tmp_path):
    path = tmp_path / "a.onnx"

    def refused(text, **options):
        with pytest.raises(ModelError, match=text):
            OnnxSession(path, inputs=INPUT, outputs=OUTPUT, **options)

    refused("model file cannot be read")
    whole = model().SerializeToString()
    for data in (b"", b"no model at all", whole[:40], whole[:-3], b"\x0b" * 9):
        path.write_bytes(data)
        refused(r"a\.onnx: (expected an ONNX model|onnxruntime cannot load)")
    path.write_bytes(whole)
    refused("expected a model of at most 10 bytes", most_bytes=10)
    path.write_bytes(_nested(200))
    refused("nested too deep")


def _nested(depth):
    """A graph in an attribute of a node of a graph in ..."""
    data = b""
    for number in [*[6, 5, 1] * depth, 7]:
        length, head = len(data), bytearray([number << 3 | 2])
        while length > 127:
            head.append(length & 127 | 128)
            length >>= 7
        data = bytes(head) + bytes([length]) + data
    return data


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data):
    with contextlib.suppress(ValueError):
        assert has_external_data(data) in (True, False)


def test_without_onnxruntime(tmp_path, monkeypatch):
    real = importlib.import_module

    def missing(name, *rest):
        if name == "onnxruntime":
            raise ImportError("No module named 'onnxruntime'")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[onnx\]'"):
        OnnxSession(written(tmp_path / "a.onnx", model()), inputs=INPUT, outputs=OUTPUT)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="expected a file, got a named pipe"):
        OnnxSession(tmp_path / "pipe", inputs=INPUT, outputs=OUTPUT)


def test_a_model_taken_as_it_is(tmp_path):
    made = model(shape=("n", 2))
    made.metadata_props.add(key="author", value="someone")
    path = written(tmp_path / "a.onnx", made)
    session = OnnxSession(path, inputs=None, outputs=None)
    assert (session.inputs, session.outputs) == (("x",), ("y",))
    assert session.input_shapes == session.output_shapes == ((None, 2),)
    assert session.metadata == {"author": "someone"}
    assert session.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    whole_numbers = written(tmp_path / "b.onnx", model(type_=TensorProto.INT64))
    with pytest.raises(ModelError, match=r"b\.onnx"):
        OnnxSession(whole_numbers, inputs=None, outputs=None)
