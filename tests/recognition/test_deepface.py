from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from cvfast.errors import ModelError, OutputExistsError
from cvfast.faces.types import Landmarks
from cvfast.models.deepface_file import (
    DeepFaceWeights,
    read_deepface,
    weight_shapes,
    write_deepface,
)
from cvfast.models.deepface_layers import feature_count, layer_shapes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.recognition.deepface import DeepFace, head_distances, unit_features
from cvfast.recognition.deepface_forward import full_layer, layer_maps
from cvfast.recognition.deepface_net import DeepFaceNet
from cvfast.synth.faces import make_face

SIZE, WIDTH = 74, 0.125


def tiny_weights(head: str = "cosine", seed: int = 0) -> DeepFaceWeights:
    """A net of random weights, as a file rounds them."""
    rng = np.random.default_rng(seed)
    layers = {
        name: (rng.normal(0, 0.1, shape).astype(np.float16)).astype(np.float32)
        for name, shape in weight_shapes(SIZE, WIDTH).items()
    }
    scale = rng.uniform(0.5, 2, feature_count(WIDTH)).astype(np.float32)
    learned = None if head == "cosine" else rng.uniform(0, 2, len(scale)).astype(np.float32)
    return DeepFaceWeights(SIZE, WIDTH, layers, scale, head, learned, 0.25, 0.01, "7 made pairs")


def torch_net(weights: DeepFaceWeights) -> DeepFaceNet:
    net = DeepFaceNet(3, size=weights.size, width=weights.width)
    known = {name: torch.from_numpy(array.copy()) for name, array in weights.layers.items()}
    net.load_state_dict({**net.state_dict(), **known})
    return net.eval()


@pytest.mark.parametrize("size", [72, 75, 80])
def test_numpy_and_torch_agree_in_every_layer(size: int) -> None:
    torch.manual_seed(size)
    net = DeepFaceNet(3, size=size, width=0.25).eval()
    weights = {name: w.numpy() for name, w in net.state_dict().items()}
    face = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    pixels = torch.from_numpy(face).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        expected, features = net.maps(pixels), net.features(pixels).numpy()
    found = layer_maps(weights, face)
    assert {n: m.shape for n, m in found.items()} == layer_shapes(size, 0.25)
    for name, maps in found.items():
        np.testing.assert_allclose(maps, expected[name][0].numpy(), atol=1e-4, err_msg=name)
    np.testing.assert_allclose(full_layer(weights, found["L6"][None]), features, atol=1e-4)


def made(identity: int, seed: int, yaw: float = 0.0) -> tuple[np.ndarray, Landmarks]:
    face = make_face(identity, seed=seed, size=128, pose=(yaw, 0, 0), occlusion="none")
    return face.image, Landmarks(face.points478, "mesh478", 1.0, face.box)


def test_embedding_is_the_nets_of_the_frontal_view() -> None:
    weights = tiny_weights()
    net = DeepFace(weights)
    image, landmarks = made(3, 0, 0.4)
    vectors = net.embed(image, [landmarks, landmarks])
    assert vectors.shape == (2, net.dimension) == (2, 512)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    from cvfast.recognition.frontal import frontalise

    view = frontalise(image, landmarks, size=SIZE).image
    with torch.no_grad():
        pixels = torch.from_numpy(view).permute(2, 0, 1)[None].float() / 255
        features = torch_net(weights).features(pixels).numpy()
    np.testing.assert_allclose(vectors[:1], unit_features(features, weights.scale), atol=1e-4)
    assert net.embed(image, []).shape == (0, 512)
    layers = net.layers(image, landmarks)
    assert list(layers) == ["C1", "M2", "C3", "L4", "L5", "L6"]
    assert {name: maps.shape for name, maps in layers.items()} == layer_shapes(SIZE, WIDTH)


@pytest.mark.parametrize("head", ["cosine", "chi2", "siamese"])
def test_distances_are_the_formulas(head: str) -> None:
    net = DeepFace(tiny_weights(head))
    weights, rng = net.weights.head_weights, np.random.default_rng(1)
    a, b = (
        unit_features(rng.random((n, 512), np.float32), np.ones(512, np.float32)) for n in (3, 5)
    )
    found = net.distances(a, b)
    assert (found.shape, found.dtype) == ((3, 5), np.float32)
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            apart = one.astype(np.float64) - other
            if head == "cosine":
                expected = 1 - one @ other
            elif head == "chi2":
                expected = (weights * apart**2 / (one + other)).sum()
            else:
                expected = (weights * abs(apart)).sum()
            assert found[i, j] == pytest.approx(expected, abs=1e-4)
    np.testing.assert_allclose(np.diag(net.distances(a, a)), 0, atol=1e-6)


def test_features_both_zero_are_no_difference() -> None:
    a = np.float32([[1, 0, 0]])
    assert head_distances(a, a, "chi2", np.ones(3, np.float32)).tolist() == [[0.0]]
    assert unit_features(np.zeros((1, 3), np.float32), np.ones(3, np.float32)).tolist() == [[0] * 3]


def test_the_bundled_net_is_small_synthetic_and_tells_made_people_apart() -> None:
    net = DeepFace.load()
    assert (net.name, net.dimension) == ("deepface", 2048)
    threshold = net.threshold
    assert "SYNTHETIC" in threshold.source
    assert threshold.false_accepts is not None
    assert threshold.false_accepts <= 0.01
    people = range(9000, 9012)  # not of the training
    rows = [[net.embed(i, [m])[0] for i, m in (made(p, s) for s in (1, 2, 3))] for p in people]
    vectors = np.array(rows).reshape(len(people) * 3, -1)
    distances = net.distances(vectors, vectors)
    owner = np.repeat(np.arange(len(people)), 3)
    same = (owner[:, None] == owner) & ~np.eye(len(owner), dtype=bool)
    other = owner[:, None] != owner
    nearer = (distances[same][:, None] < distances[other]).mean()
    assert nearer > 0.8


def test_written_and_read_again(tmp_path: Path) -> None:
    path, weights = tmp_path / "net.safetensors", tiny_weights("chi2")
    write_deepface(path, weights, notes={"made_by": "a test"})
    again = read_deepface(path)
    assert again.digest == weights.digest
    for name, array in weights.layers.items():
        np.testing.assert_array_equal(again.layers[name], array)
    np.testing.assert_array_equal(again.head_weights, weights.head_weights)
    assert DeepFace(again).threshold == DeepFace(weights).threshold
    assert DeepFace.load(path).key == DeepFace(weights).key
    assert parse_tensors(path.read_bytes(), path)[1]["made_by"] == "a test"
    with pytest.raises(OutputExistsError):
        write_deepface(path, weights)
    assert DeepFace(tiny_weights("chi2", seed=1)).key != DeepFace(weights).key
    assert DeepFace(tiny_weights("siamese")).key != DeepFace(weights).key


def _rewritten(path: Path, **changes: object) -> None:
    """Write a net's file with other settings or arrays."""
    write_deepface(path, tiny_weights("chi2"), overwrite=True)
    arrays, told = parse_tensors(path.read_bytes(), path)
    arrays = {name: array.copy() for name, array in arrays.items()}
    settings = json.loads(told["settings"])
    for name, value in changes.items():
        if name in settings:
            settings[name] = value
        elif value is None:
            del arrays[name]
        else:
            arrays[name] = np.asarray(value)
    write_tensors(path, arrays, {**told, "settings": json.dumps(settings)}, overwrite=True)


NOT_FINITE = np.full((512,), np.nan, np.float32)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": 10}, "size: expected 72 to 1024"),
        ({"size": 10**9}, "size: expected"),
        ({"size": "80"}, "size: expected a number"),
        ({"size": True}, "size: expected a number"),
        ({"width": 0}, "width: expected"),
        ({"width": 1.0}, "expected float32"),
        ({"head": "euclid"}, "head: expected one of cosine"),
        ({"head": "cosine"}, "head: expected weights for chi2"),
        ({"distance": -1}, "distance: expected"),
        ({"distance": float("nan")}, "distance: expected"),
        ({"false_accepts": 2}, "false_accepts: expected 0 to 1"),
        ({"L4.weight": None}, "L4.weight"),
        ({"L4.weight": np.zeros((1, 2, 3), np.float32)}, "L4.weight: expected float32"),
        ({"F7.bias": np.zeros(512, np.int16)}, "F7.bias: expected floats"),
        ({"scale": NOT_FINITE}, "scale: expected finite"),
        ({"scale": np.full(512, -1, np.float32)}, "scale: expected no weight below 0"),
    ],
)
def test_files_that_are_no_whole_net(changes: dict, said: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    _rewritten(path, **changes)
    with pytest.raises(ModelError) as caught:
        read_deepface(path)
    assert said in str(caught.value)
    assert "net.safetensors" in str(caught.value)


def test_files_that_are_something_else(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    write_tensors(path, {"a": np.zeros(3, np.float32)}, {"format": "cvfast face trees 1"})
    with pytest.raises(ModelError, match="expected a net of cvfast train deepface"):
        read_deepface(path)
    for data in (b"", b"\x80\x04", struct.pack("<Q", 1 << 60) + b"{}", b"PK\x03\x04" * 9):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"other\.safetensors"):
            read_deepface(path)
    whole = tmp_path / "whole.safetensors"
    write_deepface(whole, tiny_weights())
    path.write_bytes(whole.read_bytes()[:-7])
    with pytest.raises(ModelError, match="cut short"):
        read_deepface(path)
    with pytest.raises(ModelError, match="cannot be read"):
        read_deepface(tmp_path / "gone.safetensors")


def test_weights_too_large_for_the_file(tmp_path: Path) -> None:
    weights = tiny_weights()
    layers = {**weights.layers, "F7.bias": np.full(512, 1e6, np.float32)}
    with pytest.raises(ValueError, match=r"F7\.bias: expected weights up to 65504"):
        write_deepface(tmp_path / "net.safetensors", replace(weights, layers=layers))


def test_the_embedder_needs_no_torch() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'dlib', 'onnxruntime', 'cv2']));"
        "from cvfast.recognition.deepface import DeepFace; print(DeepFace.load().dimension)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("2048\n", 0), done.stderr
