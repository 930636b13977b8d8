"""The mask network: NumPy against torch, its files, what it knows, and that it learns."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from cvfast.errors import ModelError
from cvfast.models.registry import model_path
from cvfast.models.tensors import write_tensors
from cvfast.models.xseg_file import XSegWeights, read_xseg, write_xseg
from cvfast.swap.hull import hull_mask
from cvfast.swap.xseg import XSeg
from cvfast.swap.xseg_augment import augmented
from cvfast.swap.xseg_net import XSegNet
from cvfast.synth.faces import make_face
from cvfast.typing import ImageU8
from hypothesis import given, settings
from hypothesis import strategies as some

WIDTHS = (8, 12, 16)


def small_net(seed: int = 0) -> XSegNet:
    """Return a net whose normalisations have seen something."""
    torch.manual_seed(seed)
    net = XSegNet(WIDTHS, normalised=True).train()
    for _ in range(3):
        net(torch.rand(4, 3, 32, 32))
    return net.eval()


def iou(mask: Any, exact: Any) -> float:
    ours, theirs = mask > 0.5, exact > 0.5
    return float((ours & theirs).sum() / max(1, (ours | theirs).sum()))


def face_and_hull(who: int, occlusion: str, size: int = 96) -> tuple[ImageU8, Any, Any]:
    made = make_face(who, seed=who, size=size, occlusion=occlusion, share=0.6, spoil=False)
    exact = ((made.mask >= 1) & (made.mask <= 5)).astype(np.uint8)
    return made.image, exact, hull_mask(made.points68 + 0.5, size)


def test_numpy_gives_what_torch_gives() -> None:
    net = small_net()
    pictures = np.random.default_rng(0).random((3, 32, 32, 3)).astype(np.float32)
    ours = XSeg(XSegWeights(32, WIDTHS, net.folded())).masks(pictures)
    with torch.no_grad():
        theirs = torch.sigmoid(net(torch.from_numpy(pictures.transpose(0, 3, 1, 2))))[:, 0]
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)
    assert ours.std() > 1e-3
    whole = XSegNet(WIDTHS)
    whole.load_folded(net.folded())
    with torch.no_grad():
        same = torch.sigmoid(whole(torch.from_numpy(pictures.transpose(0, 3, 1, 2))))[:, 0]
    np.testing.assert_allclose(same.numpy(), theirs.numpy(), atol=1e-5)


def test_any_size_and_threads_and_levels_or_shares_give_the_same() -> None:
    network = XSeg.load()
    picture = make_face(11, seed=2, size=100).image[:90]
    mask = network.masks(picture[None])
    assert mask.shape == (1, 90, 100)
    assert mask.dtype == np.float32
    for threads in (1, 2):
        np.testing.assert_array_equal(network.masks(picture[None], threads=threads), mask)
    shares = picture[None].astype(np.float32) / 255
    np.testing.assert_allclose(network.masks(shares), mask, atol=0.03)  # resized unrounded
    assert network.masks(picture[None][:0]).shape == (0, 90, 100)
    with pytest.raises(TypeError, match="pixels: expected uint8 or float32"):
        network.masks(shares.astype(np.float64))
    with pytest.raises(ValueError, match="pixels: expected shape"):
        network.masks(picture)


def test_the_bundled_network_beats_the_hull_on_people_it_never_saw() -> None:
    """See benchmarks/swap_mask.py for 325 of them, and things that training never drew."""
    network = XSeg.load()
    ours, hulls = [], []
    for who, kind in enumerate(("none", "hand", "scarf", "sunglasses", "thing", "none"), 7_000_000):
        picture, exact, hull = face_and_hull(who, kind)
        ours.append(iou(network.masks(picture[None])[0], exact))
        hulls.append(iou(hull, exact))
    assert np.mean(ours) > 0.85
    assert np.mean(ours) > np.mean(hulls) + 0.1
    assert model_path("face_mask").stat().st_size < 4 << 20


def test_it_learns_and_beats_the_hull_on_faces_held_out(tmp_path: Path) -> None:
    from cvfast.swap.xseg_training import MaskTask
    from cvfast.training.loop import train

    torch.set_num_threads(1)
    drawn = [face_and_hull(who, ("none", "scarf")[who % 2], 48) for who in range(28)]
    samples = [(picture, exact * np.uint8(255)) for picture, exact, _ in drawn[:22]]
    task = MaskTask(samples, size=48, widths=(8, 12, 16), batch=8, rate=1e-2, memory=0.88)
    train(task, folder=tmp_path, iterations=110, seed=1, save_every=110, preview_every=110)
    network = XSeg(task.weights())
    held = drawn[22:]
    found = [iou(network.masks(picture[None])[0], exact) for picture, exact, _ in held]
    hulls = [iou(hull, exact) for _, exact, hull in held]
    assert np.mean(found) > np.mean(hulls)


def test_a_file_gives_back_the_network(tmp_path: Path) -> None:
    weights = XSegWeights(32, WIDTHS, small_net().folded())
    write_xseg(tmp_path / "a.safetensors", weights, notes={"made_by": "a test"})
    back = read_xseg(tmp_path / "a.safetensors")
    assert (back.size, back.widths, back.digest) == (32, WIDTHS, weights.digest)
    for name, array in weights.layers.items():
        np.testing.assert_array_equal(back.layers[name], array.astype(np.float16))
    again = tmp_path / "b.safetensors"
    write_xseg(again, weights, notes={"made_by": "a test"})
    assert again.read_bytes() == (tmp_path / "a.safetensors").read_bytes()


def _halves(**changes: Any) -> tuple[dict[str, Any], dict[str, str]]:
    layers = {name: a.astype(np.float16) for name, a in small_net().folded().items()}
    facts = {"format": "cvfast xseg 1", "size": "32", "widths": json.dumps(list(WIDTHS))}
    for name, value in changes.items():
        (facts if isinstance(value, str) else layers)[name.replace("_", ".")] = value
    return layers, facts


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "cvfast eigenfaces 1"}, {"size": "33"}, {"size": "x"}, {"size": "9" * 40},
        {"widths": "[8, 12]"}, {"widths": "[8, 12, 99999999]"}, {"widths": "{}"},
        {"widths": "[" * 9999}, {"widths": "[8, 12, true]"}, {"widths": "[0, 0, 0]"},
        {"mask_bias": np.full(4, np.nan, np.float16)}, {"mask_bias": np.zeros(5, np.float16)},
        {"mask_bias": np.zeros(4, np.int32)}, {"more": np.zeros(1, np.float16)},
        {"mask_bias": np.full(4, 1e300)},
    ],
)  # fmt: skip
def test_files_that_do_not_fit_together(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "a.safetensors"
    layers, facts = _halves(**changes)
    write_tensors(path, layers, facts, overwrite=False)
    with pytest.raises(ModelError, match=r"a\.safetensors"):
        XSeg.load(path)


@given(some.binary(max_size=64), some.integers(0, 1 << 64))
@settings(max_examples=40, deadline=None)
def test_hostile_bytes_are_a_model_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, length: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.safetensors"
    path.write_bytes(struct.pack("<Q", length % (1 << 64)) + content)
    with pytest.raises(ModelError):
        XSeg.load(path)


def test_a_file_cut_off_anywhere_is_a_model_error(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_xseg(path, XSegWeights(32, WIDTHS, small_net().folded()))
    data = path.read_bytes()
    for length in (0, 4, 8, 200, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(ModelError, match=r"a\.safetensors"):
            XSeg.load(path)


@pytest.mark.parametrize("seed", range(6))
def test_augmented_masks_stay_with_their_faces(seed: int) -> None:
    """A face of one colour that nothing else has: the mask must stay where it is seen."""
    picture = np.full((96, 96, 3), 20, np.uint8)
    mask = np.zeros((96, 96), np.uint8)
    cv2.ellipse(mask, (48, 52), (24, 32), 0, 0, 360, 255, -1)
    picture[mask > 0] = (220, 60, 200)
    image, moved = augmented(picture, mask, picture[::-1].copy(), 64, np.random.default_rng(seed))
    assert image.shape == (64, 64, 3)
    assert image.dtype == moved.dtype == np.float32
    assert 0 <= image.min() <= image.max() <= 1
    assert 0 <= moved.min() <= moved.max() <= 1
    assert 0.02 < moved.mean() < 0.7
    again, _ = augmented(picture, mask, picture[::-1].copy(), 64, np.random.default_rng(seed))
    np.testing.assert_array_equal(again, image)
