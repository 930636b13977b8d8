"""Thin-plate splines against SciPy's in float64: points, maps, smoothing, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cvfast import ThinPlateSpline
from scipy.interpolate import RBFInterpolator

SIZES = [(512, 384), (1920, 1080)]


def scipy_map(source: Any, target: Any, points: np.ndarray, smoothing: float = 0) -> np.ndarray:
    spline = RBFInterpolator(
        np.asarray(source, float),
        np.asarray(target, float),
        kernel="thin_plate_spline",
        smoothing=smoothing,
    )
    return np.asarray(spline(points))


def ramp(width: int, height: int) -> np.ndarray:
    """A picture whose channels are x and y: warped, it shows where its pixels came from."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x, y]).astype(np.float32)


def spread_points(rng: np.random.Generator, count: int, width: int, height: int) -> np.ndarray:
    """Random points at least a little apart, on whole pixels, corners included."""
    corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    points = [np.array(corner, float) for corner in corners]
    while len(points) < count:
        point = np.array([rng.integers(0, width), rng.integers(0, height)], float)
        if min(np.hypot(*(point - other)) for other in points) > width / 40:
            points.append(point)
    return np.array(points)


def face_like(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """68 points bunched in the middle, as a face's."""
    points: list[np.ndarray] = []
    middle = np.array([width / 2, height / 2])
    while len(points) < 68:
        point = np.rint(middle + rng.normal(0, height / 7, 2))
        if all(np.hypot(*(point - other)) > height / 50 for other in points):
            points.append(point)
    return np.array(points)


def clamped(positions: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.clip(positions, 0, (width - 1, height - 1))


def deviation(
    spline: ThinPlateSpline,
    source: np.ndarray,
    target: np.ndarray,
    size: tuple[int, int],
    *,
    exact: bool,
) -> float:
    """The largest distance in px of the warp's map from SciPy's, at every 3rd pixel."""
    width, height = size
    at = ramp(width, height)[::3, ::3].reshape(-1, 2).astype(np.float64)
    expected = clamped(scipy_map(target, source, at), width, height)
    seen = spline.warp(ramp(width, height), exact=exact)[::3, ::3].reshape(-1, 2)
    return float(np.hypot(*(seen - expected).T).max())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [4, 12, 68])
def test_exact_map_is_within_a_hundredth_of_a_pixel(size: tuple[int, int], count: int) -> None:
    rng = np.random.default_rng(count)
    source = spread_points(rng, count, *size)
    target = source + rng.uniform(-0.02, 0.02, source.shape) * size[0]
    assert deviation(ThinPlateSpline(source, target), source, target, size, exact=True) <= 0.01


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("apart", [5, 0.5, 0.01])
def test_map_of_points_that_nearly_meet(apart: float, exact: bool) -> None:
    """Two points come so near each other that the spline is wild round them."""
    size = (160, 120)
    rng = np.random.default_rng(6)
    source = spread_points(rng, 20, *size)
    target = source + rng.normal(0, 0.5, source.shape)
    source = np.vstack([source, source[7] + (3, -4)])
    target = np.vstack([target, target[7] + (apart, 0)])
    spline = ThinPlateSpline(source, target)
    assert deviation(spline, source, target, size, exact=exact) <= (0.01 if exact else 0.05)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("smoothness", [1e-5, 1e-4, 1e-3, 0.05])
def test_map_from_nearly_affine_to_rough(smoothness: float, exact: bool) -> None:
    """Wide cells to narrow ones, on a picture whose sides fill none."""
    size = (611, 347)
    rng = np.random.default_rng(9)
    source = rng.uniform(-0.1, 1.1, (50, 2)) * size
    target = source @ np.array([(1.1, 0.1), (-0.1, 0.9)]) + rng.normal(0, smoothness, (50, 2)) * 347
    spline = ThinPlateSpline(source, target)
    assert deviation(spline, source, target, size, exact=exact) <= (0.01 if exact else 0.05)


@pytest.mark.parametrize(
    ("size", "spread"),
    [
        ((512, 384), "wide"),
        ((1920, 1080), "wide"),
        ((1920, 1080), "face"),
        # Points as near as 8 px, a cell of the grid, that move 5 px against each other.
        ((512, 384), "face"),
    ],
)
@pytest.mark.parametrize("seed", range(6))
def test_default_map_with_one_percent_jitter(size: tuple[int, int], spread: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = spread_points(rng, 68, *size) if spread == "wide" else face_like(rng, *size)
    target = source + rng.normal(0, 0.01, source.shape) * size[1]
    assert deviation(ThinPlateSpline(source, target), source, target, size, exact=False) <= 0.05


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("spread", ["wide", "face"])
def test_default_map_of_smooth_motion(size: tuple[int, int], spread: str) -> None:
    rng = np.random.default_rng(68)
    source = spread_points(rng, 68, *size) if spread == "wide" else face_like(rng, *size)
    unit = source / size
    bend = np.stack([np.sin(2.5 * unit[:, 1]), np.cos(2 * unit[:, 0])], axis=1)
    target = source + 0.03 * size[1] * bend
    assert deviation(ThinPlateSpline(source, target), source, target, size, exact=False) <= 0.01


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("exact", [True, False])
def test_control_points_are_hit(size: tuple[int, int], exact: bool) -> None:
    rng = np.random.default_rng(5)
    source = spread_points(rng, 68, *size)
    target = np.rint(source + rng.uniform(-0.01, 0.01, source.shape) * size[0])
    target = np.clip(target, 0, (size[0] - 1, size[1] - 1))
    spline = ThinPlateSpline(source, target)
    assert np.abs(spline.transform(source) - target).max() <= 1e-6
    backward = ThinPlateSpline(target, source)
    assert np.abs(backward.transform(target) - source).max() <= 1e-6
    # The map of warp and displacement is that backward spline, in float.
    at = target.astype(int)
    displaced = at + spline.displacement(size)[at[:, 1], at[:, 0]]
    assert np.abs(displaced - source).max() <= 1e-4
    seen = spline.warp(ramp(*size), exact=exact)[at[:, 1], at[:, 0]]
    assert np.abs(seen - source).max() <= (0.01 if exact else 0.02)


def test_transform_is_scipys_far_and_near() -> None:
    rng = np.random.default_rng(1)
    for scale, offset in [(1, 0), (1e-3, 5), (1e4, -1e5), (300, 1e6)]:
        source = rng.random((40, 2)) * scale + offset
        target = source + rng.normal(0, 0.03, (40, 2)) * scale
        points = rng.uniform(-1, 2, (1000, 2)) * scale + offset
        mine = ThinPlateSpline(source, target).transform(points)
        centre = source.mean(axis=0)  # SciPy's own system suffers from large offsets
        theirs = scipy_map(source - centre, target - centre, points - centre) + centre
        assert np.abs(mine - theirs).max() <= 1e-8 * scale + 1e-9 * abs(offset)


@pytest.mark.parametrize("smoothing", [0.0, 1e-3, 1.0, 500.0, 1e6])
def test_smoothing_is_scipys(smoothing: float) -> None:
    rng = np.random.default_rng(2)
    source = rng.random((30, 2)) * 400
    target = source + rng.normal(0, 8, (30, 2))
    points = rng.random((500, 2)) * 400
    mine = ThinPlateSpline(source, target, smoothing=smoothing).transform(points)
    np.testing.assert_allclose(mine, scipy_map(source, target, points, smoothing), atol=1e-7)


def test_much_smoothing_leaves_the_affine_part() -> None:
    rng = np.random.default_rng(3)
    source = rng.random((30, 2)) * 400
    target = source + rng.normal(0, 8, (30, 2))
    design = np.column_stack([np.ones(30), source])
    affine = design @ np.linalg.lstsq(design, target, rcond=None)[0]
    mine = ThinPlateSpline(source, target, smoothing=1e13).transform(source)
    np.testing.assert_allclose(mine, affine, atol=1e-4)


@pytest.mark.parametrize("step", [1, 2, 7, 64, 1000, 2**80])
def test_displacement_is_the_formula(step: int) -> None:
    rng = np.random.default_rng(4)
    width, height = 101, 67
    source = spread_points(rng, 20, width, height)
    target = source + rng.normal(0, 2, source.shape)
    spline = ThinPlateSpline(source, target)
    at = np.ascontiguousarray(ramp(width, height)[::step, ::step]).astype(np.float64)
    expected = scipy_map(target, source, at.reshape(-1, 2)).reshape(at.shape) - at
    out = spline.displacement((width, height), step=step)
    assert out.dtype == np.float32
    assert out.shape == at.shape
    assert np.abs(out - expected).max() <= 1e-5


def test_identity_affine_and_three_points() -> None:
    corners = np.array([(0, 0), (60, 0), (0, 40)])
    image = np.random.default_rng(0).integers(0, 256, (41, 61, 3), np.uint8)
    for exact in (True, False):
        still = ThinPlateSpline(corners, corners)
        np.testing.assert_array_equal(still.warp(image, exact=exact), image)
        moved = ThinPlateSpline(corners, corners + np.array((5, -3))).warp(image, exact=exact)
        np.testing.assert_array_equal(moved[:-3, 5:], image[3:, :-5])
        np.testing.assert_array_equal(moved[:-3, :5], np.repeat(image[3:, :1], 5, axis=1))
    np.testing.assert_allclose(still.displacement((61, 41)), 0, atol=1e-6)


def test_points_of_any_scale_keep_the_picture() -> None:
    """Points so near each other that a float would not hold the picture's normalised corners."""
    image = np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8)
    for scale in (1e-9, 1e-20, 1e9):
        points = np.array([(0, 0), (scale, 0), (0, scale), (scale, scale)])
        out = ThinPlateSpline(points, points).warp(image, exact=True)
        np.testing.assert_array_equal(out, image)


@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("exact", [True, False])
def test_every_dtype_channel_count_size_and_layout(dtype: str, channels: int, exact: bool) -> None:
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:60, :83]
    smooth = 128 + 60 * np.sin(x / 9) + 50 * np.cos(y / 11)
    image = np.dstack([smooth, smooth[::-1], smooth[:, ::-1], 255 - smooth])[..., : channels or 1]
    image = image[..., 0] if channels == 0 else image
    image = image.astype(dtype) if dtype == "uint8" else (image / 255).astype(dtype)
    source = spread_points(rng, 12, 83, 60)
    target = source + rng.normal(0, 1.5, source.shape)
    spline = ThinPlateSpline(source, target)
    for width, height in [(83, 60), (90, 33), (1, 200), (257, 1), (0, 5)]:
        out = spline.warp(image, size=(width, height), exact=exact)
        assert out.shape == (height, width, *image.shape[2:])
        assert out.dtype == image.dtype
        at = ramp(width, height).astype(np.float64).reshape(-1, 2)
        if not len(at):
            continue
        from_ = clamped(scipy_map(target, source, at), 83, 60)
        ix = np.minimum(from_.astype(int), (81, 58))
        f = from_ - ix
        pixels = image.reshape(60, 83, -1).astype(float)
        fx, fy = f[:, :1], f[:, 1:]
        top = pixels[ix[:, 1], ix[:, 0]] * (1 - fx) + pixels[ix[:, 1], ix[:, 0] + 1] * fx
        low = pixels[ix[:, 1] + 1, ix[:, 0]] * (1 - fx) + pixels[ix[:, 1] + 1, ix[:, 0] + 1] * fx
        expected = (top * (1 - fy) + low * fy).reshape(out.shape)
        level = 1 if dtype == "uint8" else 1 / 255
        assert np.abs(out - (np.rint(expected) if dtype == "uint8" else expected)).max() <= level
        target_rows = np.zeros((2 * height, *out.shape[1:]), dtype)
        assert (
            spline.warp(
                np.flip(np.flip(image, 0).copy(), 0),
                size=(width, height),
                exact=exact,
                out=target_rows[::2],
            )
            is not None
        )
        np.testing.assert_array_equal(target_rows[::2], out)
        assert not target_rows[1::2].any()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("shape", [(1, 65535), (65535, 2), (1, 1), (1, 1, 3), (40, 2), (3, 5)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_extreme_pictures(shape: tuple[int, ...], dtype: str, exact: bool) -> None:
    image = (np.arange(np.prod(shape)) // 64 % 200).reshape(shape).astype(dtype)
    corners = np.array([(0, 0), (shape[1], 0), (0, shape[0]), (shape[1] + 3, shape[0] + 2)])
    out = ThinPlateSpline(corners, corners).warp(image, exact=exact)
    assert np.abs(out.astype(float) - image).max() <= (1 if dtype == "uint8" else 0.05)


def test_pictures_without_pixels() -> None:
    spline = ThinPlateSpline([(0, 0), (9, 0), (0, 9)], [(0, 0), (9, 0), (0, 9)])
    for shape in [(0, 0), (0, 5), (5, 0, 3)]:
        assert spline.warp(np.zeros(shape, np.uint8)).shape == shape
        with pytest.raises(ValueError, match=r"^image: expected at least one pixel to sample, got"):
            spline.warp(np.zeros(shape, np.uint8), size=(4, 4))
        assert spline.warp(np.zeros(shape, np.uint8), size=(0, 7)).shape[:2] == (7, 0)
    assert spline.transform([]).shape == (0, 2)
    assert spline.displacement((0, 4)).shape == (4, 0, 2)


GOOD = [(0, 0), (50, 0), (0, 50), (50, 50), (20, 30)]


@pytest.mark.parametrize(
    ("source", "target", "error", "message"),
    [
        (GOOD[:2], GOOD[:2], ValueError, "source: expected 3 to 5000 points, got 2"),
        ([], [], ValueError, "source: expected 3 to 5000 points, got 0"),
        (GOOD, GOOD[:4], ValueError, "target: expected 5 points as in source, got 4"),
        (
            [*GOOD, (50, 0)],
            [*GOOD, (1, 1)],
            ValueError,
            r"source: expected distinct points, got \(50.0, 0.0\) twice \(rows 1 and 5\)",
        ),
        (
            [*GOOD, (1, 1)],
            [*GOOD, (20, 30)],
            ValueError,
            r"target: expected distinct points, got \(20.0, 30.0\) twice \(rows 4 and 5\)",
        ),
        (
            [(0, 0), (1, 2), (2, 4), (4, 8)],
            GOOD[:4],
            ValueError,
            "source: expected points that are not all on one line",
        ),
        (
            GOOD[:3],
            [(0.1, 0.1), (0.2, 0.2), (0.7, 0.7)],
            ValueError,
            "target: expected points that are not all on one line",
        ),
        ([*GOOD, (np.nan, 1)], [*GOOD, (1, 1)], ValueError, r"source\[5\]: expected finite"),
        ([*GOOD, (2, 1)], [*GOOD, (1, np.inf)], ValueError, r"target\[5\]: expected finite"),
        (
            np.zeros((5, 3)),
            GOOD,
            ValueError,
            r"source: expected shape \(N, 2\), points x, y, got shape \(5, 3\)",
        ),
        ([(0, 0), (1,)], GOOD, ValueError, "source: expected .* got rows of unequal length"),
        ([("a", "b")] * 5, GOOD, TypeError, "source: expected .* real numbers, got dtype <U1"),
        (np.array(GOOD) * 1j, GOOD, TypeError, "source: expected .* got dtype complex128"),
        (np.array(GOOD, bool), GOOD, TypeError, "source: expected .* got dtype bool"),
        (None, GOOD, TypeError, "source: expected .* got dtype object"),
    ],
)
def test_bad_control_points(source: Any, target: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{message}"):
        ThinPlateSpline(source, target)


@pytest.mark.parametrize("smoothing", [-1, np.nan, np.inf, -1e-30])
def test_bad_smoothing(smoothing: float) -> None:
    with pytest.raises(ValueError, match=r"^smoothing: expected 0 or more, got"):
        ThinPlateSpline(GOOD, GOOD, smoothing=smoothing)


@pytest.mark.parametrize("smoothing", ["1", None, 1j, True])
def test_smoothing_is_a_number(smoothing: Any) -> None:
    with pytest.raises(TypeError, match=r"^smoothing: expected one number"):
        ThinPlateSpline(GOOD, GOOD, smoothing=smoothing)


def test_points_too_close_for_a_spline() -> None:
    """Not equal, but nearer to each other than doubles can keep apart."""
    points = np.array([(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5), (0.5, 0.5 + 2e-16)])
    target = points + 0.0
    target[5] += 0.3
    with pytest.raises(ValueError, match=r"^source: expected points that are further apart"):
        ThinPlateSpline(points, target).transform([(0, 0)])


def test_bad_arguments_of_the_methods() -> None:
    spline = ThinPlateSpline(GOOD, GOOD)
    image = np.zeros((20, 20), np.uint8)
    with pytest.raises(ValueError, match=r"^points\[1\]: expected finite numbers, got nan$"):
        spline.transform([(0, 0), (np.nan, 3)])
    with pytest.raises(ValueError, match=r"^points: expected shape \(M, 2\)"):
        spline.transform([1, 2])
    for size in ("ab", 5, (1.0, 2.0), (1, 2, 3), None):
        with pytest.raises(TypeError, match=r"^size: expected \(width, height\), two integers"):
            spline.displacement(size)  # type: ignore[arg-type]
    for size in ((-1, 5), (65536, 5)):
        with pytest.raises(ValueError, match=r"^size: expected sides from 0 to 65535, got"):
            spline.warp(image, size=size)
    for step in (0, -3):
        with pytest.raises(ValueError, match=r"^step: expected at least 1, got"):
            spline.displacement((5, 5), step=step)
    with pytest.raises(TypeError, match=r"^step: expected an integer, got float"):
        spline.displacement((5, 5), step=1.5)  # type: ignore[arg-type]


def test_out_of_warp_is_separate_and_untouched_by_errors() -> None:
    spline = ThinPlateSpline(GOOD, GOOD)
    image = np.full((20, 20), 9, np.uint8)
    with pytest.raises(ValueError, match=r"^out: expected memory separate from the image's"):
        spline.warp(image, out=image)
    frame = np.full((40, 20), 7, np.uint8)
    with pytest.raises(ValueError, match=r"^out: expected memory separate from the image's"):
        spline.warp(frame[:20], out=frame[10:30])
    with pytest.raises(ValueError, match=r"^out: expected shape \(5, 6\), got \(20, 20\)"):
        spline.warp(image, size=(6, 5), out=np.zeros((20, 20), np.uint8))
    close = np.array([*GOOD, (20, 30 + 1e-14)])
    moved = close + np.array([[0, 0]] * 5 + [[9, 9]])
    out = np.full((20, 20), 7, np.uint8)
    with pytest.raises(ValueError, match=r"^target: expected points that are further apart"):
        ThinPlateSpline(moved, close).warp(image, out=out)
    assert (out == 7).all()
    assert (frame == 7).all()
    below = frame[20:]
    assert spline.warp(frame[:20], out=below) is below
