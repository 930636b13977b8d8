"""One face put into one frame, against arithmetic by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from cvfast.kernels.crop import CropSource, SampleGrid
from cvfast.swap.compose import Composer, FrameFace
from cvfast.swap.enlarge import enlarge
from cvfast.swap.merge_mask import combine_masks, shape_mask
from cvfast.swap.merge_settings import MASK_MODES, MergeSettings

from tests.swap.merging import Tinted, picture


def source_of(pixels):
    return CropSource((pixels.shape[1], pixels.shape[0]), [SampleGrid((pixels,))])


def composed(settings, swapper=None, face=None, pixels=None, points=None):
    if pixels is None:
        pixels, points = picture(0)
    done = pixels.copy()
    composer = Composer(swapper or Tinted(), settings)
    (patch,) = composer.patches(source_of(pixels), [face or FrameFace(points)])
    x0, y0, x1, y1 = patch.box((pixels.shape[1], pixels.shape[0]))
    mask = np.zeros(pixels.shape[:2], np.float32)
    mask[y0:y1, x0:x1] = patch.paste(done[y0:y1, x0:x1], (x0, y0))
    return pixels, done, mask


def test_pixels_outside_the_mask_stay_bit_for_bit():
    before, after, mask = composed(MergeSettings(color_transfer="none", blur=20))
    assert (before[mask == 0] == after[mask == 0]).all()
    assert (before[mask > 0.9] != after[mask > 0.9]).any(axis=1).mean() > 0.9
    assert mask.max() == pytest.approx(1)


def test_a_network_that_changes_nothing_leaves_the_face_where_it_is():
    class Same(Tinted):
        def swap(self, faces, morph=1.0):
            masks = np.ones((*faces.shape[:3], 1), np.float32)
            return SimpleNamespace(face=faces, mask=masks, target_mask=masks)

    y, x = np.mgrid[:192, :256].astype(np.float32)
    waves = 128 + 60 * np.sin(x / 13) + 50 * np.cos(y / 11)
    pixels = np.repeat(waves[..., None], 3, axis=2).astype(np.uint8)
    settings = MergeSettings(color_transfer="none", mask_mode="full")
    _, after, mask = composed(settings, Same(resolution=128), None, pixels, picture(0)[1])
    inside = mask > 0.99
    assert inside.sum() > 10_000
    assert np.abs(after[inside].astype(int) - pixels[inside]).mean() < 0.8


def test_an_applied_mask_keeps_what_lies_before_the_face():
    _, points = picture(0)
    applied = np.full((64, 64), 255, np.uint8)
    applied[:, 32:] = 0
    matrix = np.array([[0.5, 0, -15.0], [0, 0.5, -15.0]])  # its middle is the frame's x = 94
    face = FrameFace(points, applied=applied, applied_matrix=matrix)
    settings = MergeSettings(color_transfer="none")
    _, _, free = composed(settings, face=FrameFace(points))
    _, _, cut = composed(settings, face=face)
    assert np.allclose(cut[:, :90], free[:, :90], atol=0.02)
    assert cut[:, 99:].max() == 0 < free[:, 99:].max()
    ignored = MergeSettings(color_transfer="none", occlusions="none")
    assert (composed(ignored, face=face)[2] == free).all()


def test_scale_erode_and_blur_change_the_covered_area_as_they_say():
    area = {}
    for name, options in {
        "usual": {}, "large": {"face_scale": 25}, "small": {"face_scale": -25},
        "eroded": {"erode": 40}, "dilated": {"erode": -40}, "blurred": {"blur": 60},
    }.items():  # fmt: skip
        mask = composed(MergeSettings(color_transfer="none", **options))[2]
        area[name] = mask.sum(), (mask > 0).sum()
    usual = area["usual"][0]
    assert area["large"][0] / usual == pytest.approx(1.25**2, rel=0.03)
    assert area["small"][0] / usual == pytest.approx(0.75**2, rel=0.03)
    assert area["eroded"][0] < 0.8 * usual < 1.2 * usual < area["dilated"][0]
    assert area["blurred"][1] > 1.1 * area["usual"][1]


def test_mask_modes_are_the_tables():
    rng = np.random.default_rng(3)
    names = ("hull", "learned-prd", "learned-dst", "XSeg-prd", "XSeg-dst")
    parts = {name: rng.random((8, 8)).astype(np.float32) for name in names}
    hull, lp, ld, xp, xd = parts.values()
    wanted = (np.ones((8, 8)), hull, lp, ld, lp * ld, np.minimum(lp + ld, 1), xp, xd, xp * xd,
              lp * ld * xp * xd)  # fmt: skip
    for mode, mask in zip(MASK_MODES, wanted, strict=True):
        assert np.allclose(combine_masks(mode, parts.__getitem__, 8), mask, atol=1e-6), mode


def test_masks_end_before_the_square_does_and_faint_values_go():
    mask = np.ones((16, 16), np.float32)
    shaped = shape_mask(mask, 4, MergeSettings(blur=8))
    assert shaped[0].max() == shaped[-1].max() == shaped[:, 0].max() == shaped[:, -1].max() == 0
    assert shaped[32, 32] == pytest.approx(1, abs=1e-5)
    assert not shape_mask(np.full((8, 8), 0.003, np.float32), 4, MergeSettings()).any()


def test_enlarging_is_the_cubic_that_torch_draws():
    import torch

    rng = np.random.default_rng(1)
    small = rng.random((12, 12)).astype(np.float32)
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(small)[None, None], scale_factor=4, mode="bicubic"
    )[0, 0].numpy()
    assert np.abs(enlarge(small, 4) - theirs).max() < 1e-5
