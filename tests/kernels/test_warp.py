"""The local warps against a float64 reference, in every layout, size and way of writing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cvfast import local_rotate, local_scale, local_translate
from skimage import data

WARPS: dict[str, Callable[..., Any]] = {
    "scale": local_scale,
    "translate": local_translate,
    "rotate": local_rotate,
}
Discs = tuple[np.ndarray, np.ndarray, np.ndarray]


def reference(kind: str, image: np.ndarray, discs: Discs) -> np.ndarray:
    """The inverse maps composed from the last disc to the first, sampled once, all in float64."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float64)
    for (cx, cy), radius, parameter in reversed(list(zip(*discs, strict=True))):
        dx, dy = x - cx, y - cy
        r = np.hypot(dx, dy)
        inside = r < radius
        t = np.where(inside, 1 - r / radius, 0)
        if kind == "scale":
            x, y = x - dx * parameter * t**2, y - dy * parameter * t**2
        elif kind == "translate":
            weight = np.where(inside, (1 - (r / radius) ** 2) ** 2, 0)
            x, y = x - weight * (parameter[0] - cx), y - weight * (parameter[1] - cy)
        else:
            sine, cosine = np.sin(parameter * t**2), np.cos(parameter * t**2)
            x = np.where(inside, cx + dx * cosine + dy * sine, x)
            y = np.where(inside, cy + dy * cosine - dx * sine, y)
    return bilinear(image, x, y)


def bilinear(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = x - x0, y - y0
    if image.ndim == 3:
        fx, fy = fx[..., None], fy[..., None]
    pixels = image.astype(np.float64)
    top = pixels[y0, x0] * (1 - fx) + pixels[y0, x1] * fx
    return top * (1 - fy) + (pixels[y1, x0] * (1 - fx) + pixels[y1, x1] * fx) * fy


def random_discs(
    kind: str, rng: np.random.Generator, width: int, height: int, count: int = 7
) -> Discs:
    """Overlapping discs, some partly outside; parameters up to their limits."""
    centers = rng.uniform(-0.1, 1.1, (count, 2)) * (width, height)
    radii = rng.uniform(0.05, 0.45, count) * max(width, height)
    if kind == "scale":
        return centers, radii, rng.uniform(-2.5, 0.9, count)
    if kind == "rotate":
        return centers, radii, rng.uniform(-3, 3, count)
    angle, length = rng.uniform(0, 2 * math.pi, count), rng.uniform(0, 0.64, count) * radii
    return centers, radii, centers + np.stack([np.cos(angle), np.sin(angle)], 1) * length[:, None]


def inside_any(shape: tuple[int, ...], discs: Discs) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    hit = np.zeros(shape[:2], bool)
    for (cx, cy), radius in zip(discs[0], discs[1], strict=True):
        hit |= np.hypot(x - cx, y - cy) < radius
    return hit


def picture(name: str, dtype: str, channels: int) -> np.ndarray:
    """A natural picture; channels 0 gives a plane."""
    rgb = getattr(data, name)()[:300, :400]
    four = np.dstack([rgb, rgb[..., 1] // 2 + rgb[..., 0] // 2])
    image = np.ascontiguousarray(four[..., :channels] if channels else four[..., 1])
    return image if dtype == "uint8" else image.astype(np.float32) / np.float32(255)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
@pytest.mark.parametrize("kind", WARPS)
def test_uint8_is_within_one_level_of_float64(kind: str, name: str) -> None:
    image = picture(name, "uint8", 3)
    rng = np.random.default_rng(len(name))
    for count in (1, 2, 7):
        discs = random_discs(kind, rng, image.shape[1], image.shape[0], count)
        out = WARPS[kind](image, *discs)
        expected = reference(kind, image, discs)
        assert np.abs(out - np.rint(expected)).max() <= 1
        outside = ~inside_any(image.shape, discs)
        assert outside.any()
        np.testing.assert_array_equal(out[outside], image[outside])


@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("kind", WARPS)
def test_every_dtype_and_channel_count(kind: str, dtype: str, channels: int) -> None:
    image = picture("chelsea", dtype, channels)
    discs = random_discs(kind, np.random.default_rng(channels), image.shape[1], image.shape[0], 5)
    out = WARPS[kind](image, *discs)
    assert out.dtype == image.dtype
    assert out.shape == image.shape
    level = 1 if dtype == "uint8" else 1 / 255
    expected = reference(kind, image, discs)
    deviation = np.abs(out - (np.rint(expected) if dtype == "uint8" else expected)).max()
    assert deviation <= level
    outside = ~inside_any(image.shape, discs)
    np.testing.assert_array_equal(out[outside], image[outside])


def layouts(image: np.ndarray) -> dict[str, np.ndarray]:
    """The same pixels in other memory layouts whose pixels are packed within a row."""
    height, width = image.shape[:2]
    frame = np.full((2 * height + 3, width + 7, *image.shape[2:]), 77, image.dtype)
    frame[2 : 2 + height, 5 : 5 + width] = image
    spread = np.zeros((2 * height, *image.shape[1:]), image.dtype)
    spread[::2] = image
    flipped = image[::-1].copy()[::-1]
    odd = np.zeros(image.nbytes + 16, np.uint8)
    start = image.itemsize
    shifted = odd[start : start + image.nbytes].view(image.dtype).reshape(image.shape)
    shifted[...] = image
    return {
        "window": frame[2 : 2 + height, 5 : 5 + width],
        "every second row": spread[::2],
        "flipped": flipped,
        "flipped window": frame[2 : 2 + height, 5 : 5 + width][::-1].copy()[::-1],
        "odd start": shifted,
    }


@pytest.mark.parametrize("channels", [0, 1, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("kind", WARPS)
def test_layouts_and_ways_of_writing_agree(kind: str, dtype: str, channels: int) -> None:
    image = picture("coffee", dtype, channels)[100:164, 50:131]
    image = np.ascontiguousarray(image)
    discs = random_discs(kind, np.random.default_rng(3), 81, 64, 6)
    expected = WARPS[kind](image, *discs)
    for name, view in layouts(image).items():
        np.testing.assert_array_equal(WARPS[kind](view, *discs), expected, name)
        target = layouts(np.zeros_like(image))[name]
        assert WARPS[kind](image, *discs, out=target) is target
        np.testing.assert_array_equal(target, expected, name)
        again = view[...]  # another object over the same memory
        assert WARPS[kind](view, *discs, out=again) is again
        np.testing.assert_array_equal(view, expected, name)
    in_place = image.copy()
    assert WARPS[kind](in_place, *discs, out=in_place) is in_place
    np.testing.assert_array_equal(in_place, expected)


def test_a_window_written_in_place_leaves_its_surroundings() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (60, 70, 3), np.uint8)
    before = frame.copy()
    window = frame[10:40, 20:50]
    local_scale(window, [(15, 15)], [40], [0.5], out=window)
    changed = (frame != before).any(axis=2)
    assert changed[10:40, 20:50].any()
    changed[10:40, 20:50] = False
    assert not changed.any()


@pytest.mark.parametrize("gap", [-0.4, 0.0, 0.4, 0.9, 1.3, 1.9])
@pytest.mark.parametrize("kind", WARPS)
def test_neighbouring_discs_in_place_read_what_was_there(kind: str, gap: float) -> None:
    """A disc's bilinear taps reach into a neighbour that was written before it."""
    image = np.random.default_rng(4).random((60, 90), np.float32)
    centers = np.array([(25.2, 30), (25.2 + 36.3 + gap, 30.4)])
    parameters = {
        "scale": [-2.9, -2.9],
        "translate": centers + np.array([(-11, 1), (11, 1)]),
        "rotate": [2.0, -2.0],
    }[kind]
    for order in ([0, 1], [1, 0]):
        discs = (centers[order], [18.15, 18.15], np.asarray(parameters)[order])
        in_place = image.copy()
        WARPS[kind](in_place, *discs, out=in_place)
        np.testing.assert_array_equal(in_place, WARPS[kind](image, *discs))


@pytest.mark.parametrize("kind", WARPS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_discs_outside_or_without_a_pixel_change_nothing(kind: str, dtype: str) -> None:
    image = picture("chelsea", dtype, 3)
    centers = np.array(
        [(-50, 20), (5000, 5000), (100, -30.5), (1e300, 0), (-1e300, 4), (10.5, 10.5), (40, 40)]
    )
    radii = np.array([50, 70, 30, 5, 9, 0.4, 1e-300])
    amount = {"scale": 0.9, "rotate": 3}.get(kind, 0)
    parameters = centers if kind == "translate" else np.full(7, amount)
    np.testing.assert_array_equal(WARPS[kind](image, centers, radii, parameters), image)


@pytest.mark.parametrize("kind", WARPS)
def test_huge_discs(kind: str) -> None:
    image = picture("astronaut", "uint8", 3)
    for center, radius in [((200, 150), 131072), ((-60000, 300), 90000.0), ((150, 150), 700)]:
        parameter = {
            "scale": 0.4,
            "rotate": 0.3,
            "translate": (center[0] + 0.3 * radius, center[1] - 0.2 * radius),
        }[kind]
        discs = (np.array([center]), np.array([radius]), np.array([parameter]))
        expected = reference(kind, image, discs)
        assert np.abs(WARPS[kind](image, *discs) - np.rint(expected)).max() <= 2
        if radius < 1000:
            assert np.abs(WARPS[kind](image, *discs) - np.rint(expected)).max() <= 1


def test_large_angles_turn_many_times() -> None:
    image = picture("coffee", "uint8", 3)
    for angle in (-1000.0, -100.0, 12.5, 1000.0):
        discs = (np.array([(200.0, 150.0)]), np.array([140.0]), np.array([angle]))
        expected = np.rint(reference("rotate", image, discs))
        assert np.abs(local_rotate(image, *discs) - expected).max() <= (1 if angle == 12.5 else 3)


@pytest.mark.parametrize("kind", WARPS)
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (0, 4, 3), (4, 0, 3), (1, 1), (1, 1, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_pictures_of_no_or_one_pixel(kind: str, shape: tuple[int, ...], dtype: str) -> None:
    image = np.full(shape, 1, dtype)
    parameter = (1.5, 0) if kind == "translate" else 0.5
    out = WARPS[kind](image, [(0, 0)], [3], [parameter])
    assert out is not image
    np.testing.assert_array_equal(out, image)
    assert WARPS[kind](image, [(0, 0)], [3], [parameter], out=image) is image


@pytest.mark.parametrize("kind", WARPS)
@pytest.mark.parametrize("shape", [(1, 65535), (65535, 2), (65535, 1), (2, 65535, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_longest_sides(kind: str, shape: tuple[int, ...], dtype: str) -> None:
    long_y, long_x = np.mgrid[: shape[0], : shape[1]]
    wave = 120 + 100 * np.sin(long_x / 9 + long_y / 7)
    image = wave.astype(dtype) if dtype == "uint8" else (wave / 255).astype(dtype)
    if len(shape) == 3:
        image = np.dstack([image, image // 2 if dtype == "uint8" else image / 2, image])
    across = shape[1] > shape[0]
    centers = np.array([(65000.0, 0.5), (300.0, 0.0)] if across else [(0.5, 65000.0), (0.0, 300.0)])
    radii = np.array([700.0, 250.0])
    parameters = {
        "scale": np.array([0.6, -2.0]),
        "rotate": np.array([0.7, -0.2]),
        "translate": centers + np.array([(90.0, 0), (70, 0)] if across else [(0, 90.0), (0, 70)]),
    }[kind]
    discs = (centers, radii, parameters)
    out, expected = WARPS[kind](image, *discs), reference(kind, image, discs)
    assert (out != image).any()
    if dtype == "uint8":
        assert np.abs(out - np.rint(expected)).max() <= 1
    else:
        assert np.abs(out - expected).max() <= 1 / 255


@pytest.mark.parametrize("width", range(1, 12))
@pytest.mark.parametrize("channels", [0, 2, 3, 4])
def test_narrow_pictures(width: int, channels: int) -> None:
    """Rows shorter than the sampler's 8-byte loads, up to the last byte of the memory."""
    shape = (40, width, channels) if channels else (40, width)
    y, x = np.mgrid[:40, :width]
    image = np.resize((100 + 9 * x + 3 * y).astype(np.uint8).T, shape[::-1]).T
    image = np.ascontiguousarray(image)
    discs = (np.array([(width / 2, 21.0)]), np.array([30.0]), np.array([0.5]))
    for view in (image, image[::-1].copy()[::-1]):
        assert (
            np.abs(local_scale(view, *discs) - np.rint(reference("scale", image, discs))).max() <= 1
        )


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_pictures_whose_rows_repeat_or_overlap(channels: int) -> None:
    row = np.arange(30, dtype=np.uint8) * 8
    row = np.dstack([row] * channels)[0] if channels else row
    repeated = np.broadcast_to(row, (20, *row.shape))
    plain = np.ascontiguousarray(repeated)
    discs = ([(15, 10)], [12], [0.6])
    np.testing.assert_array_equal(local_scale(repeated, *discs), local_scale(plain, *discs))
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(40, dtype=np.uint8) * 6, 9)
    discs = ([(4, 20)], [22], [0.6])
    expected = local_scale(np.ascontiguousarray(windows), *discs)
    np.testing.assert_array_equal(local_scale(windows, *discs), expected)


@pytest.mark.parametrize("kind", WARPS)
def test_no_discs_gives_a_copy(kind: str) -> None:
    image = picture("chelsea", "uint8", 3)
    for empty in ([], np.empty((0,)), np.empty((0, 2)) if kind == "translate" else ()):
        out = WARPS[kind](image, [], [], empty)
        assert out is not image
        assert not np.shares_memory(out, image)
        np.testing.assert_array_equal(out, image)
    out = np.zeros_like(image)
    WARPS[kind](image, np.empty((0, 2)), [], [], out=out)
    np.testing.assert_array_equal(out, image)


@pytest.mark.parametrize("kind", WARPS)
def test_three_hundred_discs(kind: str) -> None:
    image = picture("astronaut", "uint8", 3)
    rng = np.random.default_rng(300)
    centers = rng.uniform(0, 1, (300, 2)) * (400, 300)
    radii = rng.uniform(2, 25, 300)
    parameters = {
        "scale": rng.uniform(-0.3, 0.3, 300),
        "rotate": rng.uniform(-0.3, 0.3, 300),
        "translate": centers + rng.uniform(-0.1, 0.1, (300, 2)) * radii[:, None],
    }[kind]
    discs = (centers, radii, parameters)
    expected = np.rint(reference(kind, image, discs))
    assert np.abs(WARPS[kind](image, *discs) - expected).max() <= 1


def test_any_real_dtype_is_taken_for_points_and_numbers() -> None:
    image = picture("chelsea", "uint8", 3)
    expected = local_scale(image, [(100, 90)], [40], [0.5])
    for dtype in ("float16", "float32", "float64", "longdouble"):
        out = local_scale(
            image, np.array([(100, 90)], dtype), np.array([40], dtype), np.array([0.5], dtype)
        )
        np.testing.assert_array_equal(out, expected)
    for dtype in ("uint8", "int8", "uint64", ">i4"):
        out = local_scale(image, np.array([(100, 90)], dtype), np.array([40], dtype), [0.5])
        np.testing.assert_array_equal(out, expected)
    strided = np.array([(100, 5, 90, 5)])[:, ::2]
    np.testing.assert_array_equal(local_scale(image, strided, [40], [0.5]), expected)


def test_lists_tuples_and_arrays_give_the_same_picture() -> None:
    image = picture("chelsea", "uint8", 3)
    expected = local_scale(image, np.array([(100.5, 90)]), np.array([40.0]), np.array([0.5]))
    for center, radius, strength in [
        ([(100.5, 90)], [40], [0.5]),
        (((100.5, 90.0),), (40.0,), (np.float64(0.5),)),
        ([np.array((100.5, 90))], [np.float32(40)], [np.float16(0.5)]),
        ([[100.5, 90]], np.array([40]), [0.5]),
    ]:
        np.testing.assert_array_equal(local_scale(image, center, radius, strength), expected)
        out = image.copy()
        assert local_scale(out, center, radius, strength, threads=1, out=out) is out
        np.testing.assert_array_equal(out, expected)
    many = [(20.0 * i, 30.0) for i in range(70)]
    radii, strengths = [15.0] * 70, [0.3] * 70
    np.testing.assert_array_equal(
        local_scale(image, many, radii, strengths),
        local_scale(image, np.array(many), np.array(radii), np.array(strengths)),
    )


@pytest.mark.parametrize(
    ("radii", "error", "message"),
    [
        (
            [True],
            TypeError,
            "radii: expected 1 numbers, one a disc of real numbers, got",
        ),
        ([1 << 70], TypeError, "radii: expected 1 numbers, one a disc of real numbers, got dtype"),
        ([5, 6], ValueError, r"radii: expected 1 numbers, one a disc, got shape \(2,\)"),
        ([1 << 60], ValueError, r"radii\[0\]: expected a number in \(0, 131072\], got"),
        ((float("nan"),), ValueError, r"radii\[0\]: expected a number in \(0, 131072\], got nan"),
        ("9", TypeError, "radii: expected 1 numbers"),
    ],
)
def test_radii_in_lists_are_checked_like_arrays(
    radii: Any, error: type[Exception], message: str
) -> None:
    image = picture("chelsea", "uint8", 3)
    before = image.copy()
    with pytest.raises(error, match=message):
        local_scale(image, [(100, 90)], radii, [0.5], out=image)
    np.testing.assert_array_equal(image, before)
