"""The patch network: both ways give the same scores; what it finds; what is refused."""

from __future__ import annotations

import importlib
import shutil

import numpy as np
import pytest
from cvfast.errors import MissingDependencyError, ModelError
from cvfast.faces import sliding
from cvfast.faces.sliding import candidates_sliding, find_sliding, load_patch_net, window_scores
from cvfast.geometry.sampling import PixelReader
from cvfast.kernels.nms import iou
from cvfast.models.patch_net import LAYERS, multiply_adds, scores_across
from cvfast.models.registry import model_path

FACE = (173.0, 81.0, 278.0, 182.0)  # the astronaut's, brows to chin


@pytest.fixture(scope="module")
def net():
    return load_patch_net(model_path("face_patch"))


@pytest.mark.parametrize("size", [(24, 24), (24, 31), (67, 90), (130, 75)])
def test_the_two_ways_give_the_same_scores(net, size):
    grey = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    whole, windows = (window_scores(net, grey, way) for way in ("convolution", "windows"))
    assert whole.shape == tuple(scores_across(side) for side in size)
    assert np.abs(whole - windows).max() < 1e-5


def test_the_two_ways_find_the_same_faces(astronaut):
    reader = PixelReader.of(astronaut[::2, ::2])
    found = [find_sliding(reader, way=way) for way in ("convolution", "windows")]
    assert len(found[0]) > 0
    assert np.abs(found[0].boxes - found[1].boxes).max() < 1e-3
    assert np.abs(found[0].scores - found[1].scores).max() < 1e-4


def test_the_astronaut_is_found(astronaut):
    found = find_sliding(PixelReader.of(astronaut))
    assert iou([FACE], found.boxes)[0].max() > 0.6
    best = int(iou([FACE], found.boxes)[0].argmax())
    assert found.scores[best] > 0.9
    candidates = candidates_sliding(PixelReader.of(astronaut))
    assert (iou([FACE], candidates.boxes)[0] > 0.5).sum() >= 3


def test_multiply_adds_are_those_of_the_layers():
    side, channels, total = 24, 1, 0
    for layer in LAYERS:
        side = (side - layer.side) // layer.stride + 1
        total += side * side * layer.channels * channels * layer.side * layer.side
        channels = layer.channels
    assert side == 1
    assert multiply_adds(24, 24) == total


@pytest.mark.parametrize("size", [(5, 5), (23, 200)])
def test_pictures_smaller_than_a_window_have_no_face(size):
    assert len(find_sliding(PixelReader.of(np.zeros(size, np.uint8)))) == 0


def test_what_is_no_patch_network(tmp_path, astronaut):
    reader = PixelReader.of(astronaut)
    path = tmp_path / "net.onnx"
    with pytest.raises(ModelError, match="model file cannot be read"):
        find_sliding(reader, file=str(path))
    path.write_bytes(b"not a network")
    with pytest.raises(ModelError, match=r"net.onnx: "):
        find_sliding(reader, file=str(path))
    shutil.copy(model_path("face_patch"), path)
    path.write_bytes(path.read_bytes().replace(b"pixels", b"puzzle"))
    with pytest.raises(ModelError, match=r"expected the inputs pixels \?x1x\?x\?"):
        find_sliding(reader, file=str(path))
    with pytest.raises(ValueError, match="way: expected convolution or windows"):
        find_sliding(reader, way="sideways")


def test_without_onnxruntime(monkeypatch, astronaut):
    real = importlib.import_module

    def missing(name, *rest):
        if name == "onnxruntime":
            raise ImportError("No module named 'onnxruntime'")
        return real(name, *rest)

    sliding._bundled.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[onnx\]'"):
        find_sliding(PixelReader.of(astronaut))
