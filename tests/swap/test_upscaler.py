"""The network that enlarges faces: against torch, against Lanczos, and on bad files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cvfast.errors import LimitError, ModelError
from cvfast.metrics.similarity import psnr, ssim
from cvfast.models.upscaler_file import (
    UpscalerWeights,
    read_upscaler,
    weight_shapes,
    write_upscaler,
)  # fmt: skip
from cvfast.swap.upscaler import Upscaler
from cvfast.swap.upscaling_net import UpscalingNet
from cvfast.swap.upscaling_training import weights_of
from cvfast.synth.faces import make_face
from PIL import Image

BICUBIC, LANCZOS = Image.Resampling.BICUBIC, Image.Resampling.LANCZOS


def small_net(channels: int = 6, blocks: int = 2) -> UpscalingNet:
    torch.manual_seed(1)
    net = UpscalingNet(channels, blocks)
    for weights in net.parameters():
        torch.nn.init.normal_(weights, 0, 0.1)
    return net


def made(number: int, size: int = 256) -> np.ndarray:
    """A sharp face whose identity the network has not seen in training."""
    return make_face(900_000 + number, seed=number, size=size, share=0.8, spoil=False).image


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("shape", [(40, 33), (131, 150)])
def test_as_torch_computes(scale: int, shape: tuple[int, int]) -> None:
    """Also where a picture is done in tiles."""
    net = small_net()
    image = np.random.default_rng(2).random((*shape, 3), np.float32)
    reach = 6
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None]
    framed = torch.nn.functional.pad(pixels, (reach,) * 4, mode="replicate")
    with torch.no_grad():
        wanted = net(framed, torch.tensor([[1.0, 0.0]]), scale)[0].permute(1, 2, 0).numpy()
    wanted = wanted[reach * scale : -reach * scale, reach * scale : -reach * scale].clip(0, 1)
    done = Upscaler(weights_of(net)).upscale(image, scale, deblur=True)
    assert np.abs(done - wanted).max() < 1e-5


@pytest.mark.parametrize("scale", [2, 4])
def test_beats_lanczos_on_unseen_faces(scale: int) -> None:
    upscaler, gains, likeness = Upscaler.load(), [], []
    for number in range(3):
        sharp = made(number)
        small = Image.fromarray(sharp).resize((256 // scale,) * 2, BICUBIC)
        lanczos = np.asarray(small.resize((256, 256), LANCZOS))
        done = upscaler.upscale(np.asarray(small), scale)
        gains.append(psnr(done, sharp) - psnr(lanczos, sharp))
        likeness.append(ssim(done, sharp) - ssim(lanczos, sharp))
    assert np.mean(gains) > 0.7
    assert np.mean(likeness) > 0.005


def test_takes_noise_away_when_told() -> None:
    sharp = made(5, 128)
    rng = np.random.default_rng(0)
    noisy = np.clip(sharp + rng.normal(0, 8, sharp.shape), 0, 255).astype(np.uint8)
    upscaler = Upscaler.load()
    wanted = upscaler.upscale(sharp, 2)
    told, untold = (upscaler.upscale(noisy, 2, denoise=denoise) for denoise in (True, False))
    assert psnr(told, wanted) > psnr(untold, wanted) + 2


def test_nothing_moves_and_flat_stays_flat() -> None:
    upscaler = Upscaler.load()
    flat = np.full((32, 32, 3), 0.4, np.float32)
    assert np.abs(upscaler.upscale(flat, 2) - 0.4).max() < 0.01
    face = made(3, 96)
    mirrored = upscaler.upscale(np.ascontiguousarray(face[:, ::-1]), 2)[:, ::-1]
    assert psnr(upscaler.upscale(face, 2), np.ascontiguousarray(mirrored)) > 35


def test_bytes_and_floats_agree() -> None:
    face = made(4, 64)
    floats = Upscaler.load().upscale(face.astype(np.float32) / np.float32(255), 4)
    assert np.abs(floats * 255 - Upscaler.load().upscale(face, 4)).max() < 0.51


@pytest.mark.parametrize(
    ("image", "scale", "error", "words"),
    [
        (np.zeros((8, 8, 3), np.uint8), 3, ValueError, "scale: expected 2 or 4, got 3"),
        (np.zeros((8, 8), np.uint8), 2, ValueError, "image: expected shape"),
        (np.zeros((0, 8, 3), np.uint8), 2, ValueError, "image: expected shape"),
        (np.zeros((8, 8, 3)), 2, TypeError, "image: expected uint8 or float32"),
        (np.zeros((1, 5000, 3), np.uint8), 2, LimitError, "sides of at most 4096"),
    ],
)
def test_bad_pictures(image: np.ndarray, scale: int, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Upscaler(weights_of(small_net(2, 0))).upscale(image, scale)


def test_file_and_back(tmp_path) -> None:
    weights = weights_of(small_net(), {"trained on": "nothing"})
    write_upscaler(tmp_path / "net.safetensors", weights)
    found = read_upscaler(tmp_path / "net.safetensors")
    assert (found.channels, found.blocks, found.notes) == (6, 2, {"trained on": "nothing"})
    assert found.digest == weights.digest
    assert found.layers["head.weight"] == pytest.approx(weights.layers["head.weight"], rel=1e-3)


def test_bad_files(tmp_path) -> None:
    path = tmp_path / "net.safetensors"
    write_upscaler(path, weights_of(small_net()))
    data = path.read_bytes()
    spoilt = {
        "empty": b"",
        "cut": data[:-9],
        "other": data.replace(b"upscaler 1", b"upscaler 9"),
        "large": data.replace(b'"channels":"6"', b'"channels":"9"'),
        "words": data.replace(b'"blocks":"2"', b'"blocks":"x"'),
        "noise": data[::-1],
    }
    for name, content in spoilt.items():
        bad = tmp_path / f"{name}.safetensors"
        bad.write_bytes(content)
        with pytest.raises(ModelError, match=name):
            Upscaler.load(bad)
    with pytest.raises(ModelError, match="gone"):
        Upscaler.load(tmp_path / "gone.safetensors")


def test_weights_must_fit() -> None:
    layers = {n: np.zeros(s, np.float32) for n, s in weight_shapes(4, 1).items()}
    with pytest.raises(ValueError, match="layers: expected"):
        UpscalerWeights(4, 2, layers)
    with pytest.raises(ValueError, match="channels, blocks: expected"):
        UpscalerWeights(0, 1, layers)
    layers["head.bias"] = layers["head.bias"] + np.float32(np.nan)
    with pytest.raises(ValueError, match=r"head\.bias: expected finite"):
        UpscalerWeights(4, 1, layers)
