"""polygon_mask against many samples a pixel; soft edges, exact zeros, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.kernels.mask import polygon_mask

SAMPLES = 16


def inside(points, polygon):
    """Whether points (N, 2) lie in a polygon, by crossings."""
    crossings = np.zeros(len(points), bool)
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        between = (a[1] > points[:, 1]) != (b[1] > points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            x = a[0] + (points[:, 1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        crossings ^= between & (points[:, 0] < x)
    return crossings


def sampled(size, polygon):
    width, height = size
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    x = (np.arange(width)[:, None] + steps).ravel()
    y = (np.arange(height)[:, None] + steps).ravel()
    points = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
    covered = inside(points, polygon).reshape(height, SAMPLES, width, SAMPLES)
    return covered.mean(axis=(1, 3))


def star(seed, size):
    """A polygon round a point, of any size, often partly outside."""
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 12)))
    radii = rng.uniform(0.1, 0.8, len(angles)) * max(size)
    middle = rng.uniform(-0.1, 1.1, 2) * size
    corners = middle + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return corners[::-1] if seed % 2 else corners


@pytest.mark.parametrize("seed", range(20))
def test_pixels_have_the_share_that_is_covered(seed):
    size = (31, 23)
    polygon = star(seed, size)

    mask = polygon_mask(size, [polygon])

    assert mask.shape == (23, 31)
    assert mask.dtype == np.float32
    assert np.abs(mask - sampled(size, polygon)).max() < 0.06
    assert abs(float(mask.sum()) - sampled(size, polygon).sum()) < 0.8


def test_pixels_off_the_polygon_are_exactly_zero_and_those_within_are_one():
    square = [(20, 15), (60, 15), (60, 45), (20, 45)]
    for feather in (0, 1.5, 8, 21.3):
        mask = polygon_mask((90, 70), [square], feather=feather)
        y, x = np.mgrid[:70, :90]
        out = np.maximum(np.maximum(20 - x, x - 60), np.maximum(15 - y, y - 45))
        assert (mask[out > max(feather / 2, 0.5) + 0.5] == 0).all()
        assert (mask[out < -max(feather / 2, 0.5) - 0.5] > 0.99999).all()
        assert mask.max() <= 1


def test_the_feather_is_the_width_of_the_edge():
    half = [(-50, -50), (30.5, -50), (30.5, 150), (-50, 150)]
    edge = polygon_mask((61, 9), [half], feather=12)[4]

    assert edge[30] == pytest.approx(0.54, abs=0.05)
    assert (np.diff(edge) <= 1e-6).all()
    assert edge[24] > 0.99
    assert edge[36] < 0.01
    assert edge[32] == pytest.approx(0.28, abs=0.01)


def test_it_is_the_union_and_neither_order_nor_direction_matter():
    a, b = np.array([(2, 2), (20, 3), (12, 18.0)]), np.array([(8, 4), (28, 9), (9, 19.0)])
    union = polygon_mask((32, 24), [a, b])

    both = np.maximum(polygon_mask((32, 24), [a]), polygon_mask((32, 24), [b]))
    assert (union == both).all()
    assert np.allclose(union, polygon_mask((32, 24), [b[::-1], a]), atol=1e-4)


def test_nothing_to_cover_is_nothing():
    assert not polygon_mask((5, 4), []).any()
    assert not polygon_mask((5, 4), [[(0, 0), (3, 3)]], feather=9).any()
    assert not polygon_mask((5, 4), [[(50, 0), (60, 3), (55, 9)]], feather=3).any()
    assert polygon_mask((0, 4), [[(0, 0), (3, 3), (0, 3)]], feather=9).shape == (4, 0)


def test_bad_values_are_named():
    triangle = [(0, 0), (3, 3), (0, 3)]
    with pytest.raises(ValueError, match=r"points\[1\]: expected numbers in \[-1e6, 1e6\]"):
        polygon_mask((5, 4), [[(0, 0), (np.nan, 3), (0, 3)]])
    with pytest.raises(ValueError, match=r"feather: expected a number in \[0, 1024\], got -1"):
        polygon_mask((5, 4), [triangle], feather=-1)
    with pytest.raises(ValueError, match=r"polygons\[1\]: expected shape \(N, 2\)"):
        polygon_mask((5, 4), [triangle, [(1, 2, 3)]])
    with pytest.raises(ValueError, match="size: expected sides of 0 to 65535 pixels"):
        polygon_mask((-1, 4), [triangle])
