"""Crops against a float64 reference; the same bytes everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cvfast
import numpy as np
import pytest
import skimage.data
from cvfast.kernels.crop import UNMOVED, Affine, CropSource, SampleGrid


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()


def of(image: np.ndarray) -> CropSource:
    return CropSource((image.shape[1], image.shape[0]), [SampleGrid((image,))])


def turned(scale: float, angle: float, centre: tuple[float, float], side: int) -> Affine:
    cos, sin, middle = scale * np.cos(angle), scale * np.sin(angle), (side - 1) / 2
    x, y = centre
    return (
        float(cos),
        float(-sin),
        float(x - cos * middle + sin * middle),
        float(sin),
        float(cos),
        float(y - sin * middle - cos * middle),
    )


def reference(image: np.ndarray, matrix: Affine, side: int, blur: float) -> np.ndarray:
    """Mean of many bilinear samples over a square of ``blur`` pixels round each point, float64."""
    from scipy.ndimage import map_coordinates

    rows, columns = np.mgrid[:side, :side]
    x = matrix[0] * columns + matrix[1] * rows + matrix[2]
    y = matrix[3] * columns + matrix[4] * rows + matrix[5]
    steps = (np.arange(9) - 4) / 9 * blur
    out = np.zeros((side, side, 3))
    for channel in range(3):
        plane = image[..., channel].astype(float)
        for dy in steps:
            for dx in steps:
                at = np.stack([y + dy, x + dx])
                out[..., channel] += map_coordinates(plane, at, order=1, mode="nearest") / 81
    return out


@pytest.mark.parametrize("angle", [0.0, 0.3, -2.0])
@pytest.mark.parametrize(
    ("scale", "mean"), [(0.6, 0.6), (1.0, 0.6), (1.4, 0.6), (2.1, 3), (5.2, 6)]
)
def test_natural_pictures_agree_with_a_slow_computation(
    astronaut: np.ndarray, scale: float, angle: float, mean: float
) -> None:
    matrix = turned(scale, angle, (225.4, 120.7), 48)
    crop = of(astronaut).read(matrix, np.empty((48, 48, 3), np.uint8)).astype(float)
    blur = 0.0 if scale < 1.5 else round(scale)
    error = np.abs(crop - reference(astronaut, matrix, 48, blur))
    assert error.mean() < mean
    if scale < 1.5:  # positions are rounded to 1/128 of a pixel
        assert error.max() <= 3


def test_blocks_are_means_of_their_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 60), np.uint8)
    for factor in (2, 3, 4, 5, 6, 7, 12):
        side = 60 // factor
        matrix = (factor, 0.0, (factor - 1) / 2, 0.0, factor, (factor - 1) / 2)
        crop = of(image).read(matrix, np.empty((side, side, 3), np.uint8))
        blocks = image[: side * factor, : side * factor].reshape(side, factor, side, factor)
        np.testing.assert_array_equal(crop[..., 1], np.floor(blocks.mean(axis=(1, 3)) + 0.5))


def test_float_crops_are_scaled_and_bytes_rounded(astronaut: np.ndarray) -> None:
    matrix = turned(1.3, 0.2, (200, 150), 64)
    source = of(astronaut)
    levels = source.read(matrix, np.empty((64, 64, 3), np.uint8)).astype(np.float32)
    scaled = source.read(matrix, np.empty((64, 64, 3), np.float32), levels=(-1.0, 1.0))
    np.testing.assert_allclose(scaled, levels / 127.5 - 1, atol=1e-6)


def test_mirrored_axes_mirror_the_crop(astronaut: np.ndarray) -> None:
    source = of(astronaut)
    plain = source.read((1, 0, 100, 0, 1, 50), np.empty((40, 30, 3), np.uint8))
    mirrored = source.read((-1, 0, 129, 0, 1, 50), np.empty((40, 30, 3), np.uint8))
    np.testing.assert_array_equal(plain[:, ::-1], mirrored)


def test_depths_agree() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (50, 70, 3), np.uint8)
    matrix = turned(2.3, 0.4, (35, 25), 20)
    out = np.empty((20, 20, 3), np.uint8)
    expected = of(levels).read(matrix, out.copy()).astype(int)
    deep = CropSource((70, 50), [SampleGrid((levels.astype(np.uint16) * 16,))], bits=12)
    np.testing.assert_array_equal(deep.read(matrix, out.copy()), expected)
    floats = of((levels / 255).astype(np.float32))
    np.testing.assert_array_equal(floats.read(matrix, out.copy()), expected)


def test_large_blocks_of_bright_pixels_do_not_overflow() -> None:
    for shape in ((3000, 40), (40, 3000), (2999, 2999)):
        image = np.full(shape, 255, np.uint8)
        scale = max(shape) / 3
        crop = of(image).read((scale, 0, 0, 0, scale, 0), np.empty((3, 3, 3), np.uint8))
        assert (crop == 255).all()


def test_outside_is_filled(astronaut: np.ndarray) -> None:
    matrix = (4.0, 0.0, -100.0, 0.0, 4.0, -50.0)
    crop = of(astronaut).read(matrix, np.empty((200, 200, 3), np.uint8), fill=77)
    y, x = np.mgrid[:200, :200] * 4.0
    outside = (x < 99.5) | (x > 611.5) | (y < 49.5) | (y > 561.5)
    assert (crop[outside] == 77).all()
    assert (crop[~outside] != 77).any(axis=1).mean() > 0.95


@pytest.mark.parametrize("turns", range(-1, 5))
def test_turned_pictures_are_those_of_rot90(astronaut: np.ndarray, turns: int) -> None:
    image = astronaut[:300, :200]
    source = of(image).turned(turns)
    expected = of(np.ascontiguousarray(np.rot90(image, -turns)))
    assert source.size == expected.size
    matrix = turned(2.0, 0.1, (90, 80), 30)
    out = np.empty((30, 30, 3), np.uint8)
    a, b = source.read(matrix, out.copy()), expected.read(matrix, out.copy())
    # Blocks of a turned grid begin elsewhere.
    assert np.abs(a.astype(int) - b).mean() < 5
    matrix = turned(1.2, 0.1, (90, 80), 30)
    a, b = source.read(matrix, out.copy()), expected.read(matrix, out.copy())
    assert np.abs(a.astype(int) - b).max() <= 3


def test_the_arrays_are_kept_and_not_copied() -> None:
    image = np.zeros((8, 8), np.uint8)
    source = of(image)
    image[:] = 9
    assert (source.read(UNMOVED, np.empty((8, 8, 3), np.uint8)) == 9).all()
    view, source = image[1:], None
    source = of(view[:, :5])
    del image, view
    assert (source.read(UNMOVED, np.empty((7, 5, 3), np.uint8)) == 9).all()


def test_every_instruction_set_and_thread_count_gives_the_same_bytes() -> None:
    printed = set()
    for isa in cvfast.available_isas():
        run = subprocess.run(
            [sys.executable, Path(__file__).with_name("crop_bytes.py")],
            env={**os.environ, "CVFAST_ISA": isa},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout.splitlines()[-1] == "uneven: []"
        printed.add(run.stdout)
    assert len(printed) == 1


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ((np.zeros((4, 4)),), TypeError, "arrays: expected uint8, uint16 or float32, got float64"),
        ((np.zeros(4, np.uint8),), ValueError, "arrays: expected one of shape"),
        ((np.zeros((4, 4, 4), np.uint8),), ValueError, "arrays: expected 1 to 3 channels"),
        ((np.zeros((0, 4), np.uint8),), ValueError, "arrays: expected sides of 1 to 65535"),
        ((np.zeros((4, 8), np.uint8)[:, ::2],), ValueError, "packed within each row"),
        ((np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)), ValueError, "expected one of"),
        ((np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.float32)), TypeError, "got float32"),
        ((np.zeros((4, 4, 2), np.uint8),) * 2, ValueError, "or two"),
    ],
)
def test_samples_that_are_none_are_refused(arrays, error, message) -> None:
    with pytest.raises(error, match=message):
        SampleGrid(arrays)


def test_grids_and_outputs_that_do_not_fit_are_refused() -> None:
    grey, pair = np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2), np.uint8)
    to_rgb = np.eye(3), np.zeros(3)
    for grids in ([pair], [grey, grey], [pair, grey]):
        with pytest.raises(ValueError, match="grids: expected 1 or 3 channels"):
            CropSource((4, 4), [SampleGrid((grid,)) for grid in grids], to_rgb=to_rgb)
    with pytest.raises(ValueError, match="grids: expected"):
        CropSource((4, 4), [SampleGrid((grey,)), SampleGrid((pair,))])
    with pytest.raises(ValueError, match="bits: expected 8 to 16, got 17"):
        CropSource((4, 4), [SampleGrid((grey,))], bits=17)
    source, out = of(grey), np.empty((2, 2, 3), np.uint8)
    with pytest.raises(TypeError, match="out: expected a uint8 or float32 array"):
        source.read(UNMOVED, out.astype(float))
    with pytest.raises(ValueError, match="out: expected a contiguous, writable"):
        source.read(UNMOVED, np.empty((2, 4, 3), np.uint8)[:, ::2])
    with pytest.raises(ValueError, match="fill: expected None or 0 to 255, got 256"):
        source.read(UNMOVED, out, fill=256)
    with pytest.raises(ValueError, match=r"matrix\[2\]: expected finite numbers, got nan"):
        source.read((1, 0, np.nan, 0, 1, 0), out)
    with pytest.raises(ValueError, match="matrix: expected axes longer than 0"):
        source.read((1, 0, 0, 0, 0, 0), out)


@pytest.mark.parametrize("count", [0, 3])
def test_a_grid_has_one_array_or_two(count):
    with pytest.raises(ValueError, match=f"expected one or two, got {count}"):
        SampleGrid((np.zeros((4, 4), np.uint8),) * count)
