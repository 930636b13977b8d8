"""Cuts are seen; flashes, noise, pans and fades are not taken for cuts."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from cvfast.faces.cuts import CutDetector
from cvfast.geometry.sampling import PixelReader
from PIL import Image

SIZE = (640, 360)


def picture(name):
    image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    return np.asarray(image.resize(SIZE)).astype(float)


@pytest.fixture(scope="module")
def scenes():
    return [picture(name) for name in ("astronaut", "cat", "coffee", "rocket", "camera", "brick")]


def cuts(pictures):
    is_cut = CutDetector()
    frames = [np.clip(p, 0, 255).astype(np.uint8) for p in pictures]
    return [number for number, frame in enumerate(frames) if is_cut(PixelReader.of(frame))]


def test_every_cut_between_photos_is_seen(scenes):
    rng = np.random.default_rng(0)
    shown = [scene + rng.normal(0, 2, scene.shape) for scene in scenes for _ in range(4)]
    assert cuts(shown) == [4, 8, 12, 16, 20]


@pytest.mark.parametrize("gain", [0.5, 1.5, 2.5])
def test_a_flash_is_no_cut(scenes, gain):
    assert cuts([scenes[0]] * 4 + [scenes[0] * gain + 20] + [scenes[0]] * 4) == []


def test_a_fade_is_no_cut(scenes):
    first, second = scenes[:2]
    assert cuts([first + (second - first) * share for share in np.linspace(0, 1, 25)]) == []


@pytest.mark.parametrize("step", [4, 16, 40])
def test_a_pan_is_no_cut(scenes, step):
    assert cuts([np.roll(scenes[0], step * k, axis=1) for k in range(12)]) == []


def test_noise_and_darkness_are_no_cuts():
    rng = np.random.default_rng(1)
    assert cuts([rng.normal(20, 8, (*SIZE[::-1], 3)) for _ in range(8)]) == []


def test_another_size_is_another_scene(scenes):
    is_cut = CutDetector()
    small = scenes[0][:200, :20].astype(np.uint8)
    assert not is_cut(PixelReader.of(small))
    assert is_cut(PixelReader.of(small[:10, :10]))


def test_only_some_rows_are_read(scenes):
    seen = []

    def luma(box):
        seen.append((box[2] - box[0]) * (box[3] - box[1]))
        return scenes[0][box[1] : box[3], box[0] : box[2], 0].astype(np.uint8)

    CutDetector()(PixelReader(SIZE, None, luma))
    assert sum(seen) <= 16 * SIZE[0]
