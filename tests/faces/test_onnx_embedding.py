"""ONNX embeddings: a tiny model whose answer is known, in every shape that files come in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from cvfast.errors import ModelError
from cvfast.faces.alignment import TEMPLATES
from cvfast.faces.embedding import Threshold
from cvfast.faces.onnx_embedding import OnnxEmbedder
from cvfast.faces.types import Landmarks
from onnx import TensorProto, helper

SIDE = 16


def tiny(
    path: Path, shape=("n", 3, SIDE, SIDE), *, kind=TensorProto.FLOAT, op="flatten", notes=()
) -> Path:
    """Write a model that averages 4 x 4 blocks (or does what ``op`` says)."""
    nodes = {
        "flatten": [helper.make_node("Flatten", ["x"], ["y"], axis=1)],
        "zero": [
            helper.make_node("Sub", ["x", "x"], ["d"]),
            helper.make_node("Flatten", ["d"], ["y"], axis=1),
        ],
        "nan": [
            helper.make_node("Sub", ["x", "x"], ["d"]),
            helper.make_node("Div", ["d", "d"], ["q"]),
            helper.make_node("Flatten", ["q"], ["y"], axis=1),
        ],
        "mean": [helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)],
    }[op]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, None)],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for name, value in notes:
        made.metadata_props.add(key=name, value=value)
    path.write_bytes(made.SerializeToString())
    return path


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(6).integers(0, 256, (64, 80, 3), dtype=np.uint8)


def upright(side=SIDE, template="arcface", at=(20, 10)) -> Landmarks:
    """Landmarks for which the aligned face is an upright crop of the picture, unscaled."""
    points = TEMPLATES[template].pixels(side) + at
    return Landmarks(points, "five", 1.0, [0, 0, 1, 1])


def unit(values: np.ndarray) -> np.ndarray:
    return values.ravel() / np.linalg.norm(values)


@pytest.mark.parametrize("colours", ["rgb", "bgr"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("batch", ["n", 1, 3])
def test_the_model_gets_the_aligned_pixels(tmp_path, picture, colours, first, batch):
    shape = (batch, 3, SIDE, SIDE) if first else (batch, SIDE, SIDE, 3)
    embedder = OnnxEmbedder(tiny(tmp_path / "a.onnx", shape), colours=colours)
    places = [(20, 10), (3, 40), (50, 22), (0, 0)]
    vectors = embedder.embed(picture, [upright(at=place) for place in places])
    assert (embedder.dimension, vectors.shape, vectors.dtype) == (768, (4, 768), np.float32)
    for vector, (x, y) in zip(vectors, places, strict=True):
        levels = (picture[y : y + SIDE, x : x + SIDE].astype(float) - 127.5) / 127.5
        levels = levels[..., ::-1] if colours == "bgr" else levels
        expected = levels.transpose(2, 0, 1) if first else levels
        assert np.abs(vector - unit(expected)).max() < 1e-6


def test_normalisation_and_open_sides(tmp_path, picture):
    path = tiny(tmp_path / "a.onnx", ("n", 3, "h", "w"))
    assert OnnxEmbedder(path).dimension == 3 * 112 * 112
    embedder = OnnxEmbedder(path, side=32, template="ffhq", mean=0, std=255)
    vector = embedder.embed(picture, [upright(32, "ffhq")])[0]
    expected = unit(picture[10:42, 20:52].transpose(2, 0, 1) / 255)
    assert np.abs(vector - expected).max() < 1e-6


def test_no_faces_grey_and_float_pictures(tmp_path, picture):
    embedder = OnnxEmbedder(tiny(tmp_path / "a.onnx"))
    assert embedder.embed(picture, []).shape == (0, 768)
    grey = picture[..., 0]
    same = embedder.embed(np.stack([grey] * 3, axis=-1), [upright()])
    assert np.array_equal(embedder.embed(grey, [upright()]), same)
    floats = (grey / 255).astype(np.float32)
    assert np.abs(embedder.embed(floats, [upright()]) - same).max() < 1e-5


def test_distances_are_one_minus_cosine(tmp_path):
    embedder = OnnxEmbedder(tiny(tmp_path / "a.onnx"))
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(n, 768)) for n in (4, 3))
    a, b = (m / np.linalg.norm(m, axis=1, keepdims=True) for m in (a, b))
    found = embedder.distances(a.astype(np.float32), b.astype(np.float32))
    assert found.shape == (4, 3)
    assert np.abs(found - (1 - a @ b.T)).max() < 1e-6
    assert (
        np.diag(embedder.distances(a.astype(np.float32), a.astype(np.float32))).tolist() == [0] * 4
    )


def test_key_tells_weights_and_alignment_apart(tmp_path):
    path = tiny(tmp_path / "a.onnx")
    other = tiny(tmp_path / "b.onnx", notes=[("author", "someone")])
    made = [
        OnnxEmbedder(path),
        OnnxEmbedder(path, template="ffhq"),
        OnnxEmbedder(path, colours="bgr"),
        OnnxEmbedder(path, mean=0),
        OnnxEmbedder(other),
    ]
    assert len({embedder.key for embedder in made}) == 5
    assert OnnxEmbedder(path, threshold=0.3).key == made[0].key
    assert (made[0].name, repr(made[0])) == (
        "a.onnx",
        "OnnxEmbedder('a.onnx': 16 px, 768 numbers)",
    )


def test_where_the_threshold_comes_from(tmp_path):
    path = tiny(tmp_path / "a.onnx", notes=[("cvfast_threshold", "0.42")])
    assert OnnxEmbedder(path).threshold.distance == 0.42
    assert "metadata of a.onnx" in OnnxEmbedder(path).threshold.source
    assert OnnxEmbedder(path, threshold=0.3).threshold.distance == 0.3
    measured = Threshold(0.5, 0.001, "LFW")
    assert OnnxEmbedder(path, threshold=measured).threshold is measured
    default = OnnxEmbedder(tiny(tmp_path / "b.onnx")).threshold
    assert (default.distance, default.false_accepts) == (0.6, None)
    assert "nobody measured" in default.source
    for bad in ("none", "-1", "nan", "7"):
        with pytest.raises(ModelError, match="cvfast_threshold: expected a cosine distance"):
            OnnxEmbedder(tiny(tmp_path / "c.onnx", notes=[("cvfast_threshold", bad)]))
    with pytest.raises(ValueError, match="threshold: expected a cosine distance"):
        OnnxEmbedder(path, threshold=3)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (("n", 4, 16, 16), "expected one input of square faces"),
        (("n", 3, 16, 20), "expected one input of square faces"),
        (("n", 3), "expected one input of square faces"),
        ((1, 3, 4, 4), "expected faces of 16 to 1024 pixels"),
        ((1, 3, 4096, 4096), "expected faces of 16 to 1024 pixels"),
        ((999, 3, 16, 16), "up to 256 a call"),
    ],
)
def test_models_that_take_no_faces(tmp_path, shape, message):
    with pytest.raises(ModelError, match=rf"a\.onnx: .*{message}"):
        OnnxEmbedder(tiny(tmp_path / "a.onnx", shape))


def test_models_that_give_no_vectors(tmp_path, picture):
    with pytest.raises(ModelError, match="expected from this model up to 65536 numbers"):
        OnnxEmbedder(tiny(tmp_path / "a.onnx", op="mean"))
    with pytest.raises(ModelError, match=r"expected the inputs .*tensor\(double\)"):
        OnnxEmbedder(tiny(tmp_path / "a.onnx", kind=TensorProto.DOUBLE))
    for op in ("zero", "nan"):
        embedder = OnnxEmbedder(tiny(tmp_path / "a.onnx", op=op))
        with pytest.raises(ModelError, match="finite numbers that are not all 0"):
            embedder.embed(picture, [upright()])


def test_damaged_and_hostile_files(tmp_path):
    path = tmp_path / "a.onnx"
    for data in (b"", b"no model", tiny(path).read_bytes()[:60]):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"a\.onnx"):
            OnnxEmbedder(path)
    made = onnx.load(tiny(path))
    tensor = made.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[2])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    path.write_bytes(made.SerializeToString())
    with pytest.raises(ModelError, match="expected a model in one file"):
        OnnxEmbedder(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"template": "none"}, "template: expected one of dlib, arcface, "),
        ({"colours": "gbr"}, "colours: expected 'rgb' or 'bgr'"),
        ({"std": 0}, "mean, std: expected finite numbers"),
        ({"side": 4}, "side: expected 16 to 1024"),
        ({"threads": 0}, "threads: expected at least 1"),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        OnnxEmbedder(tiny(tmp_path / "a.onnx"), **options)
    with pytest.raises(ModelError, match="expected faces of 32 pixels, got 16"):
        OnnxEmbedder(tmp_path / "a.onnx", side=32)


def test_threads_share_one(tmp_path, picture):
    embedder = OnnxEmbedder(tiny(tmp_path / "a.onnx"))
    faces = [upright(at=(x, 2 * x)) for x in range(20)]
    expected = embedder.embed(picture, faces)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: embedder.embed(picture, faces), range(8)):
            assert np.array_equal(found, expected)
