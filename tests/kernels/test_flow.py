"""Lucas-Kanade against a float64 computation, known motions, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.kernels.flow import FlowPyramid, track_points
from scipy.ndimage import gaussian_filter, map_coordinates

SIDE = 200


@pytest.fixture(scope="module")
def texture() -> np.ndarray:
    rng = np.random.default_rng(4)
    fine, coarse = (gaussian_filter(rng.normal(size=(SIDE, SIDE)), s) for s in (2.5, 9))
    return np.asarray(128 + 25 * fine / fine.std() + 25 * coarse / coarse.std())


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return np.random.default_rng(5).uniform(60, 140, (40, 2))


def seen(texture: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The texture's point p lands on matrix (p - middle) + middle + shift."""
    y, x = np.mgrid[:SIDE, :SIDE]
    middle = (SIDE - 1) / 2
    at = np.stack([x, y], axis=-1) - middle - shift
    source = at @ np.linalg.inv(matrix).T + middle
    values = map_coordinates(texture, [source[..., 1], source[..., 0]], order=3, mode="nearest")
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def landed(points: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    middle = (SIDE - 1) / 2
    return (points - middle) @ matrix.T + middle + shift


def turn(angle: float, scale: float = 1.0) -> np.ndarray:
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    return np.array([[cos, -sin], [sin, cos]])


@pytest.mark.parametrize("shift", [(0.25, -0.4), (3.7, 2.2), (-12.6, 9.1)])
@pytest.mark.parametrize(("finest", "close"), [(0, 0.03), (1, 0.12)])
def test_translations(
    texture: np.ndarray,
    points: np.ndarray,
    shift: tuple[float, float],
    finest: int,
    close: float,
) -> None:
    before, after = (seen(texture, np.eye(2), np.array(s)) for s in ((0, 0), shift))
    flow = track_points(
        FlowPyramid(before, finest=finest, levels=4),
        FlowPyramid(after, finest=finest, levels=4),
        points,
    )
    good = flow.round_trips < 0.2
    assert good.mean() > 0.8
    off = np.abs(flow.points - points - shift)[good]
    assert np.median(off) < close
    assert np.quantile(off, 0.9) < 4 * close


@pytest.mark.parametrize(("angle", "scale"), [(0.05, 1.0), (0.0, 1.04), (-0.03, 0.97)])
def test_turning_and_growing(
    texture: np.ndarray, points: np.ndarray, angle: float, scale: float
) -> None:
    still, matrix = np.zeros(2), turn(angle, scale)
    flow = track_points(seen(texture, np.eye(2), still), seen(texture, matrix, still), points)
    off = np.linalg.norm(flow.points - landed(points, matrix, still), axis=1)
    assert np.median(off) < 0.2
    assert (off < 0.4).mean() > 0.9


def reference(before: np.ndarray, after: np.ndarray, point: np.ndarray, steps: int) -> np.ndarray:
    """One level in float64, by the formula: windows of 16 x 16, brightness difference taken out."""
    offset = np.arange(16) - 7.5

    def window(image: np.ndarray, x: float, y: float) -> np.ndarray:
        rows, columns = np.meshgrid(offset + y, offset + x, indexing="ij")
        return np.asarray(map_coordinates(image.astype(np.float64), [rows, columns], order=1))

    x, y = point
    template = window(before, x, y)
    dx = (window(before, x + 1, y) - window(before, x - 1, y)) / 2
    dy = (window(before, x, y + 1) - window(before, x, y - 1)) / 2
    design = np.stack([dx.ravel(), dy.ravel(), np.ones(256)], axis=1)
    at = point.copy()
    for _ in range(steps):
        miss = window(after, *at) - template
        at = at - np.linalg.lstsq(design, miss.ravel(), rcond=None)[0][:2]
    return np.asarray(at)


def test_one_level_is_the_formula(texture: np.ndarray, points: np.ndarray) -> None:
    shift = np.array([0.8, -0.6])
    before, after = (seen(texture, np.eye(2), s) for s in (np.zeros(2), shift))
    after = np.clip(after.astype(int) + 20, 0, 255).astype(np.uint8)
    flow = track_points(
        FlowPyramid(before, levels=1), FlowPyramid(after, levels=1), points, iterations=30
    )
    expected = np.array([reference(before, after, point, 30) for point in points])
    assert np.abs(flow.points - expected).max() < 0.01


def test_without_steps_only_the_error_is_measured(texture: np.ndarray) -> None:
    picture = seen(texture, np.eye(2), np.zeros(2))
    changed = picture.copy()
    changed[60:80, 60:80] = 255 - changed[60:80, 60:80]
    places = [(70.0, 70.0), (130.0, 130.0)]
    flow = track_points(picture, changed, places, iterations=0)
    assert (flow.points == places).all()
    assert flow.errors[0] > 10
    assert flow.errors[1] == 0
    assert (flow.round_trips == 0).all()


def test_what_cannot_be_found_is_lost(texture: np.ndarray) -> None:
    picture = seen(texture, np.eye(2), np.zeros(2))
    flat = np.full_like(picture, 90)
    assert np.isinf(track_points(flat, picture, [(100, 100)]).errors).all()
    outside = track_points(picture, picture, [(-5, 50), (50, SIDE + 3)])
    assert np.isinf(outside.errors).all()
    assert (outside.points == [(-5, 50), (50, SIDE + 3)]).all()


def test_a_match_that_does_not_lead_back_shows_it(texture: np.ndarray) -> None:
    other = np.random.default_rng(9).integers(0, 256, (SIDE, SIDE), np.uint8)
    flow = track_points(seen(texture, np.eye(2), np.zeros(2)), other, [(100, 100)])
    assert flow.round_trips[0] > 0.5


def test_guesses_help_over_long_ways(texture: np.ndarray, points: np.ndarray) -> None:
    shift = np.array([45.5, 30.25])
    before, after = (seen(texture, np.eye(2), s) for s in (np.zeros(2), shift))
    flow = track_points(before, after, points[:10], guesses=points[:10] + np.array([44, 31]))
    assert np.abs(flow.points - points[:10] - shift).max() < 0.1


def test_strided_pictures_and_no_points(texture: np.ndarray, points: np.ndarray) -> None:
    picture = seen(texture, np.eye(2), np.zeros(2))
    moved = np.roll(picture, (2, 3), (0, 1))
    padded = np.zeros((SIDE, SIDE + 5), np.uint8)
    padded[:, :SIDE] = picture
    packed, strided = (track_points(p, moved, points) for p in (picture, padded[:, :SIDE]))
    assert (packed.points == strided.points).all()
    assert track_points(picture, moved, []).points.shape == (0, 2)


def test_a_pyramid_is_a_copy(texture: np.ndarray, points: np.ndarray) -> None:
    picture = seen(texture, np.eye(2), np.zeros(2))
    pyramid = FlowPyramid(picture)
    picture[:] = 0
    assert np.isfinite(track_points(pyramid, pyramid, points).errors).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (7, 9), (17, 33)])
@pytest.mark.parametrize("finest", [0, 2])
def test_tiny_pictures(size: tuple[int, int], finest: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    pyramid = FlowPyramid(picture, finest=finest, levels=8)
    corners = [(0, 0), (size[1] // 2, size[0] // 2)]
    assert (track_points(pyramid, pyramid, corners, iterations=0).errors == 0).all()
    track_points(pyramid, pyramid, corners)


def test_bad_input_is_named(texture: np.ndarray) -> None:
    picture = seen(texture, np.eye(2), np.zeros(2))
    with pytest.raises(TypeError, match="luma: expected dtype uint8, got float32"):
        FlowPyramid(picture.astype(np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"luma: expected shape \(height, width\)"):
        FlowPyramid(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="image: expected at least one pixel"):
        FlowPyramid(np.zeros((0, 4), np.uint8))
    with pytest.raises(ValueError, match="finest: expected 0 to 8, got 9"):
        FlowPyramid(picture, finest=9)
    with pytest.raises(ValueError, match="levels: expected 1 to 8, got 0"):
        FlowPyramid(picture, levels=0)
    with pytest.raises(ValueError, match="same finest level"):
        track_points(FlowPyramid(picture), FlowPyramid(picture, finest=1), [(5, 5)])
    with pytest.raises(ValueError, match=r"points\[1\]: expected finite numbers"):
        track_points(picture, picture, [(5, 5), (np.nan, 5)])
    with pytest.raises(ValueError, match=r"guesses: expected shape \(N, 2\)"):
        track_points(picture, picture, [(5, 5)], guesses=[(5, 5), (6, 6)])
    with pytest.raises(ValueError, match="iterations: expected 0 to 100, got 101"):
        track_points(picture, picture, [(5, 5)], iterations=101)
