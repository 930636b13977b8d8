from __future__ import annotations

import math

import numpy as np
import pytest
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import read_crop, read_input, read_luma


def _ramp(width: int, height: int) -> np.ndarray:
    """Red is x, green is y."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)


def _centres(size: int) -> np.ndarray:
    grid = (np.arange(size) + 0.5) / size
    return np.stack(np.meshgrid(grid, grid), axis=-1)


def test_unit_scale_copies_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    crop = read_crop(image, RotatedBox.from_box((4, 6, 14, 16)), (10, 10))
    np.testing.assert_array_equal(crop, image[6:16, 4:14])


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2, math.pi / 2, 3.0])
@pytest.mark.parametrize("side", [9.0, 40.0, 100.0, 130.0])
def test_pixels_come_from_where_the_box_says(angle: float, side: float) -> None:
    box = RotatedBox(120.3, 110.8, side, side, angle)
    crop = read_crop(_ramp(250, 240), box, (32, 32))
    error = crop[..., :2] - box.to_picture(_centres(32))
    # Levels are rounded twice, at the end downwards.
    assert np.abs(error).max() <= 1.1
    assert np.abs(error.mean()) <= 0.7


def test_large_faces_do_not_alias() -> None:
    stripes = np.zeros((800, 800), np.uint8)
    stripes[:, ::2] = 255
    for angle in (0.0, 0.3):
        crop = read_crop(stripes, RotatedBox(400, 400, 500, 500, angle), (64, 64))
        assert np.ptp(crop.astype(int)) < 60


def test_outside_continues_the_border_or_is_filled() -> None:
    image = np.full((10, 10), 200, np.uint8)
    for angle in (0.0, 0.5):
        box = RotatedBox(0, 0, 16, 16, angle)
        assert (read_crop(image, box, (8, 8)) == 200).all()
        filled = read_crop(image, box, (8, 8), fill=0)
        assert (filled[0] == 0).all()
        assert (filled[-2, -2] == 200).all()


@pytest.mark.parametrize("x", [-1e12, 1e12])
def test_far_outside_costs_nothing(x: float) -> None:
    image = _ramp(50, 10)
    crop = read_crop(image, RotatedBox(x, 5, 6, 6), (3, 3))
    assert (crop[..., 0] == (0 if x < 0 else 49)).all()


def test_float_and_grey_pictures() -> None:
    box = RotatedBox.from_box((0, 0, 4, 4))
    grey = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    crop = read_crop(grey, box, (4, 4))
    np.testing.assert_array_equal(crop[..., 2], np.floor(grey * 255 + 0.5))
    odd = np.array([[np.nan, -1, 2, np.inf]], np.float32).repeat(4, axis=0)
    assert read_crop(odd, box, (4, 4))[0, :, 0].tolist() == [0, 0, 255, 255]


def test_strided_rows() -> None:
    image = _ramp(40, 40)
    view = image[::2, ::-1]
    box = RotatedBox(20, 10, 12, 12, 0.2)
    np.testing.assert_array_equal(
        read_crop(view, box, (8, 8)), read_crop(np.ascontiguousarray(view), box, (8, 8))
    )


def test_a_models_input_is_the_scaled_crop() -> None:
    image, box = _ramp(200, 200), RotatedBox(100, 100, 60, 60, 0.3)
    crop = read_crop(image, box, (20, 20)).astype(np.float32)
    seen = np.empty((1, 20, 20, 3), np.float32)
    read_input(image, box, seen)
    np.testing.assert_allclose(seen[0], crop / 255, atol=1e-6)
    read_input(image, box, seen, levels=(-1, 1), mirrored=True)
    mirrored = crop[:, ::-1] / 127.5 - 1
    # A mirrored point may lie in the next 1/128 of a pixel.
    assert np.abs(seen[0] - mirrored).max() <= 1.1 / 127.5


def test_luma_is_read_by_its_box() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    image[2, 3] = 255, 0, 0
    luma = read_luma(image, (3, 1, 5, 4))
    assert luma.dtype == np.uint8
    assert luma.tolist() == [[0, 0], [77, 0], [0, 0]]


@pytest.mark.parametrize("shape", [(65535, 65535), (65535, 1), (1, 65535, 3)])
def test_huge_pictures_are_read_in_bounded_memory(shape: tuple[int, ...]) -> None:
    row = np.full((1, *shape[1:]), 77, np.uint8)
    image = np.broadcast_to(row, shape)
    side = max(shape)
    box = RotatedBox((shape[1] - 1) / 2, (shape[0] - 1) / 2, side, side)
    assert (read_crop(image, box, (64, 64)) == 77).all()


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        ([[1, 2]], TypeError, "image: expected a NumPy array, got list"),
        (np.zeros((4, 4)), TypeError, "image: expected dtype uint8 or float32 .* got float64"),
        (np.zeros((4, 4, 4), np.uint8), ValueError, r"image: expected shape .* got \(4, 4, 4\)"),
        (np.zeros(4, np.uint8), ValueError, r"image: expected shape .* got \(4,\)"),
        (np.zeros((0, 4), np.uint8), ValueError, "source: expected at least one pixel"),
    ],
)
def test_what_is_no_picture_is_refused(image, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_crop(image, RotatedBox(0, 0, 2, 2), (2, 2))


@pytest.mark.parametrize("box", [RotatedBox(0, 0, 0, 2), RotatedBox(np.nan, 0, 2, 2)])
def test_boxes_without_area_are_refused(box: RotatedBox) -> None:
    with pytest.raises(ValueError, match="box: expected finite numbers and sides above 0"):
        read_crop(np.zeros((4, 4), np.uint8), box, (2, 2))
