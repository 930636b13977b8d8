from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.people.onnx_parser import OnnxParser

RED = (255, 0, 0)


def save(path: Path, weight: np.ndarray, sides: tuple[int | str, int | str] = (64, 48)) -> Path:
    """A parser that is one 1 x 1 convolution."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    planes = len(weight)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"])],
        "parser",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, *sides])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, planes, *sides])],
        [numpy_helper.from_array(weight.astype(np.float32).reshape(planes, 3, 1, 1), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def parser_of_red(path: Path, planes: int = 20) -> Path:
    weight = np.zeros((planes, 3))
    weight[5, 0], weight[9, 2] = 1, 1  # red is upper clothes, blue is trousers
    return save(path, weight)


def test_the_highest_plane_in_the_photos_own_size(tmp_path: Path) -> None:
    parser = OnnxParser(parser_of_red(tmp_path / "a.onnx"), "lip20", mean=(0, 0, 0), std=(1, 1, 1))
    photo = np.zeros((120, 90, 3), np.uint8)
    photo[:60, :, 0], photo[60:, :, 2] = 255, 255
    labels = parser.parse(photo)
    assert labels.shape == (120, 90)
    assert (labels[:58] == 5).all()
    assert (labels[62:] == 9).all()
    swapped = OnnxParser(tmp_path / "a.onnx", "lip20", mean=(0, 0, 0), std=(1, 1, 1), colours="bgr")
    assert (swapped.parse(photo)[:58] == 9).all()
    assert repr(parser) == "OnnxParser('a.onnx': lip20, 48x64)"


def test_bad_parsers_and_options_are_named(tmp_path: Path) -> None:
    file = parser_of_red(tmp_path / "a.onnx")
    with pytest.raises(ModelError, match="one plane for each label of fashn18"):
        OnnxParser(file, "fashn18").parse(np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(ModelError, match="expected width 96, got a model for 48"):
        OnnxParser(file, "lip20", size=(96, 64))
    with pytest.raises(ValueError, match="three finite numbers each"):
        OnnxParser(file, "lip20", std=(1, 1, 0))
    with pytest.raises(ValueError, match="labels: expected one of lip20"):
        OnnxParser(file, "lip")
    free = save(tmp_path / "free.onnx", np.eye(20, 3), ("h", "w"))
    with pytest.raises(ValueError, match="size: expected width and height, which"):
        OnnxParser(free, "lip20")
    made = OnnxParser(free, "lip20", size=(64, 64), mean=(0, 0, 0), std=(1, 1, 1))
    assert made.parse(np.full((10, 10, 3), RED, np.uint8)).tolist() == [[0] * 10] * 10
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match="expected an ONNX model"):
        OnnxParser(tmp_path / "text.onnx", "lip20")
