from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from cvfast.errors import ModelError
from cvfast.swap.dfm import export_dfm
from cvfast.swap.model_file import write_model
from cvfast.swap.swapper import Swapper, open_swapper
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tests.swap.small_nets import small_nets, small_options

F32 = NDArray[np.float32]
OUTPUTS = (("out_face_mask:0", 1), ("out_celeb_face:0", 3), ("out_celeb_face_mask:0", 1))


def _faces(count: int, side: int = 64) -> F32:
    return np.random.default_rng(0).random((count, side, side, 3), np.float32)


@pytest.mark.parametrize("architecture", ["df-ud", "amp"])
def test_a_model_and_its_export_swap_the_same(architecture: str, tmp_path: Path) -> None:
    options = small_options(architecture, face_type="whole")
    nets, folder = small_nets(options), tmp_path / "model"
    folder.mkdir()
    write_model(folder / "model.safetensors", nets, options)
    export_dfm(nets, options, tmp_path / "a.dfm")
    swappers = [open_swapper(p) for p in (folder / "model.safetensors", folder, tmp_path)]
    swappers.append(open_swapper(tmp_path / "a.dfm", threads=1))
    faces = _faces(3)
    with torch.no_grad():
        face, _, target_mask = nets.swap(torch.from_numpy(faces).permute(0, 3, 1, 2), 0.5)

    for swapper in swappers:
        made = swapper.swap(faces, morph=0.5)
        np.testing.assert_allclose(made.face, face.permute(0, 2, 3, 1), atol=1e-4)
        np.testing.assert_allclose(made.target_mask, target_mask[:, 0], atol=1e-4)
        assert made.mask.shape == (3, 64, 64)
        assert made.face.dtype == made.mask.dtype == np.float32
        assert (swapper.resolution, swapper.face_type) == (64, "whole")
        assert swapper.has_morph == (architecture == "amp")
        assert len(swapper.swap(faces[:0]).face) == 0
    data = (tmp_path / "a.dfm").read_bytes()
    assert swappers[-1].fingerprint == hashlib.sha256(data).hexdigest()
    assert len({swapper.fingerprint for swapper in swappers}) == 2


@pytest.fixture(scope="module")
def swapper(tmp_path_factory: pytest.TempPathFactory) -> Swapper:
    options, path = small_options(), tmp_path_factory.mktemp("model") / "model.safetensors"
    write_model(path, small_nets(options), options)
    return open_swapper(path)


@pytest.mark.parametrize(
    ("faces", "message"),
    [
        (np.zeros((1, 32, 32, 3), np.float32), r"faces: expected float32 \(N, 64, 64, 3\)"),
        (np.zeros((1, 64, 64, 3), np.uint8), "faces: expected float32"),
        (np.zeros((64, 64, 3), np.float32), "faces: expected float32"),
        (np.full((1, 64, 64, 3), 2, np.float32), r"values in \[0, 1\]"),
        (np.full((1, 64, 64, 3), np.nan, np.float32), r"values in \[0, 1\]"),
    ],
)
def test_bad_faces(swapper: Swapper, faces: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        swapper.swap(faces)


def test_bad_morph_threads_and_face_type(swapper: Swapper) -> None:
    with pytest.raises(ValueError, match=r"morph: expected 0 to 1, got 1\.5"):
        swapper.swap(_faces(1), morph=1.5)
    with pytest.raises(ValueError, match="threads: expected at least 1"):
        open_swapper("a", threads=0)
    with pytest.raises(ValueError, match="face_type: expected one of half"):
        open_swapper("a", face_type="wf")


def test_a_model_of_another_face_type(tmp_path: Path) -> None:
    options = small_options(face_type="full")
    write_model(tmp_path / "model.safetensors", small_nets(options), options)
    with pytest.raises(ModelError, match="expected a model of head faces, got one of full"):
        open_swapper(tmp_path, face_type="head")
    (tmp_path / "other").mkdir()
    with pytest.raises(ModelError, match=r"holds no model\.safetensors yet"):
        open_swapper(tmp_path / "other")


def _dfm(path: Path, nodes: list[Any], *, side: Any = 64, inputs: Any = None, batch: Any = "N",
         domain: str = "", constants: Any = ()) -> Path:  # fmt: skip
    """Write a .dfm by hand: what DeepFaceLab's export, or an attacker, may have in it."""
    given = inputs or [("in_face:0", [batch, side, side, 3])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in given],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [batch, None, None, None])
         for n, _ in OUTPUTS],
        list(constants),
    )  # fmt: skip
    sets = [helper.make_opsetid("", 12)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=sets, ir_version=7)
    path.write_bytes(model.SerializeToString())
    return path


def _plain() -> list[Any]:
    """Give the face back; the masks are its red and blue."""
    return [
        helper.make_node("Identity", ["in_face:0"], ["out_celeb_face:0"]),
        *(
            helper.make_node("Slice", ["in_face:0", f"a{i}", f"b{i}", "axes"], [name])
            for i, name in ((0, "out_face_mask:0"), (2, "out_celeb_face_mask:0"))
        ),
    ]


def _numbers() -> list[Any]:
    values = {"a0": [0], "b0": [1], "a2": [2], "b2": [3], "axes": [3]}
    return [helper.make_tensor(n, TensorProto.INT64, [1], v) for n, v in values.items()]


@pytest.mark.parametrize("batch", ["N", 1])
def test_anybodys_dfm(tmp_path: Path, batch: Any) -> None:
    """BGR inside, RGB outside; a file for one face a call is run face by face."""
    path = _dfm(tmp_path / "a.dfm", _plain(), batch=batch, constants=_numbers())
    swapper, faces = open_swapper(path), _faces(3)
    made = swapper.swap(faces)

    assert swapper.face_type == "whole"
    assert open_swapper(path, face_type="head").face_type == "head"
    np.testing.assert_array_equal(made.face, faces)
    np.testing.assert_array_equal(made.target_mask, faces[..., 2])  # B comes first in the file
    np.testing.assert_array_equal(made.mask, faces[..., 0])


def _loop() -> list[Any]:
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [info("i", TensorProto.INT64, []), info("go", TensorProto.BOOL, [])],
        [info("on", TensorProto.BOOL, [])],
    )
    return [helper.make_node("Loop", ["", ""], [], body=body), *_plain()]


def _doubled() -> list[Any]:
    nodes = _plain()
    nodes[0] = helper.make_node("Concat", ["in_face:0"] * 2, ["out_celeb_face:0"], axis=3)
    return nodes


def _infinite() -> list[Any]:
    nodes = _plain()
    nodes[0] = helper.make_node("Div", ["in_face:0", "zero"], ["out_celeb_face:0"])
    return nodes


ZERO = helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])
HUGE = helper.make_tensor("huge", TensorProto.INT64, [3], [1 << 20] * 3)


@pytest.mark.parametrize(
    ("nodes", "more", "message"),
    [
        (_loop(), {}, "got Loop too: such a file is not run"),
        ([helper.make_node("ConstantOfShape", ["huge"], ["x"]), *_plain()], {}, "ConstantOfShape"),
        ([helper.make_node("Expand", ["in_face:0", "huge"], ["x"]), *_plain()], {}, "got Expand"),
        ([helper.make_node("Evil", ["in_face:0"], ["x"], domain="own"), *_plain()],
         {"domain": "own"}, "own.Evil"),
        (_plain(), {"side": 1 << 20}, "n from 32 to 1024"),
        (_plain(), {"side": 8}, "n from 32 to 1024"),
        (_plain(), {"side": None}, "n from 32 to 1024"),
        (_plain()[:1], {}, "onnxruntime cannot load this model"),
        ([], {"inputs": [("face", ["N", 64, 64, 3])]}, "onnxruntime cannot load"),
    ],
)  # fmt: skip
def test_hostile_dfm(tmp_path: Path, nodes: list[Any], more: Any, message: str) -> None:
    path = _dfm(tmp_path / "a.dfm", nodes, constants=[*_numbers(), HUGE], **more)
    with pytest.raises(ModelError, match=message):
        open_swapper(path)


def test_other_names(tmp_path: Path) -> None:
    nodes = _plain()
    for node in nodes:
        node.input[0] = "image"
    path = _dfm(tmp_path / "a.dfm", nodes, inputs=[("image", ["N", 64, 64, 3])],
                constants=_numbers())  # fmt: skip
    with pytest.raises(ModelError, match=r"expected a .dfm with the inputs in_face:0"):
        open_swapper(path)


@pytest.mark.parametrize("nodes", [_doubled(), _infinite()])
def test_what_comes_out_is_checked(tmp_path: Path, nodes: list[Any]) -> None:
    path = _dfm(tmp_path / "a.dfm", nodes, constants=[*_numbers(), ZERO])
    with pytest.raises(ModelError, match="out_celeb_face:0: expected"):
        open_swapper(path).swap(_faces(1))


def test_weights_in_other_files_and_no_onnx_at_all(tmp_path: Path) -> None:
    path = _dfm(tmp_path / "a.dfm", _plain(), constants=_numbers())
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="data in other files"):
        open_swapper(path)
    for data in (b"", b"\xff" * 100, b"PK\x03\x04"):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"a\.dfm"):
            open_swapper(path)
