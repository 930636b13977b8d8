"""The rasteriser: coverage, depth, mixtures and textures against references in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.kernels.raster import Cutout, rasterise, sample_texture
from hypothesis import given, settings
from hypothesis import strategies as st

SIZE = (37, 29)


def fan(seed: int, spokes: int = 11) -> tuple[np.ndarray, np.ndarray]:
    """Triangles round a centre out to a square far round the picture: no gap, no overlap."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, spokes - 4))
    angle = np.sort(np.concatenate([angle, [0.1, 1.7, 3.2, 4.8]]))
    rim = 200 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([[rng.uniform((0, 0), SIZE)], rim + np.array([18, 14])])
    i = np.arange(spokes)
    triangles = np.stack([np.zeros(spokes, int), 1 + i, 1 + (i + 1) % spokes], axis=1)
    flip = rng.random(spokes) < 0.5
    triangles[flip] = triangles[flip][:, ::-1]
    return np.column_stack([points, np.ones(spokes + 1)]), triangles


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_each_pixel_of_a_closed_sheet_belongs_to_one_triangle(seed: int) -> None:
    vertices, triangles = fan(seed)
    total = np.zeros(SIZE[::-1], int)
    for triangle in triangles:
        total += rasterise(vertices, triangle[None], SIZE).index == 0
    assert (total == 1).all()
    assert (rasterise(vertices, triangles, SIZE).index >= 0).all()


def test_corners_on_pixel_centres_belong_to_top_left() -> None:
    square = np.array([[2, 2, 0], [6, 2, 0], [6, 6, 0], [2, 6, 0]], float)
    seen = rasterise(square, np.array([[0, 1, 2], [0, 2, 3]]), (9, 9)).index >= 0
    expected = np.zeros((9, 9), bool)
    expected[2:6, 2:6] = True
    assert np.array_equal(seen, expected)


def test_mixtures_equal_barycentric_coordinates() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        corners = np.rint(rng.uniform(-5, 40, (3, 2)) * 256) / 256
        vertices = np.column_stack([corners, rng.normal(0, 5, 3)])
        values = rng.normal(0, 3, (3, 4)).astype(np.float32)
        raster = rasterise(vertices, np.array([[0, 1, 2]]), SIZE)
        y, x = np.nonzero(raster.index == 0)
        system = np.column_stack([corners, np.ones(3)]).T
        if abs(np.linalg.det(system)) < 1:
            continue
        shares = np.linalg.solve(system, np.stack([x, y, np.ones(len(x))]))
        assert (shares > -1e-9).all()
        assert np.allclose(raster.values(values)[y, x], shares.T @ values, atol=1e-4)
        assert np.allclose(raster.depth[y, x], shares.T @ vertices[:, 2], atol=1e-4)


def test_the_nearest_triangle_is_in_front_and_the_first_of_equals() -> None:
    square = [(-1, -1), (99, -1), (-1, 99)]
    vertices = [(*p, depth) for depth in (5, 2, 9, 2) for p in square]
    raster = rasterise(vertices, np.arange(12).reshape(4, 3), (8, 8))
    assert (raster.index == 1).all()
    assert (raster.depth == 2).all()


def test_where_nothing_is() -> None:
    flat = [[1, 1, 0], [5, 5, 0], [3, 3, 0], [70, 70, 0], [80, 70, 0], [70, 80, 0]]
    raster = rasterise(flat, np.array([[0, 1, 2], [3, 4, 5], [0, 0, 1]]), (20, 20))
    assert (raster.index == -1).all()
    assert np.isinf(raster.depth).all()
    assert not raster.values(np.ones((6, 2), np.float32)).any()


def test_a_texture_is_sampled_bilinearly_and_clamped() -> None:
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (6, 7, 3), np.uint8)
    places = rng.uniform(-2, 9, (500, 2)).astype(np.float32)
    x, y = np.clip(places[:, 0], 0, 6), np.clip(places[:, 1], 0, 5)
    x0, y0 = np.minimum(x.astype(int), 5), np.minimum(y.astype(int), 4)
    tx, ty = (x - x0)[:, None], (y - y0)[:, None]
    t = texture.astype(float)
    expected = (t[y0, x0] * (1 - tx) + t[y0, x0 + 1] * tx) * (1 - ty) + (
        t[y0 + 1, x0] * (1 - tx) + t[y0 + 1, x0 + 1] * tx
    ) * ty
    assert np.allclose(sample_texture(texture, places), expected, atol=1e-3)


def test_shading_multiplies_squared_levels_and_names_parts() -> None:
    texture = np.full((4, 4, 4), 128, np.uint8)
    parts = np.array([[1, 1, 2, 2]] * 4, np.uint8)
    vertices = [[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0]]
    values = np.array(
        [[x, y, 2, 1, 0.5, 0.25, 0, 0] for x, y in ((0, 0), (4, 0), (4, 4), (0, 4))], np.float32
    )
    raster = rasterise(vertices, np.array([[0, 1, 2], [0, 2, 3]]), (5, 5))
    color, part = raster.shade(values, texture, parts)
    level = (128 / 255) ** 2
    assert np.allclose(color[1, 1], [2 * level + 0.25, level, 0.5 * level], atol=1e-6)
    assert part[1].tolist() == [1, 1, 2, 2, 0]
    assert not color[:, 4].any()


def test_a_cutout_shows_what_lies_behind() -> None:
    texture = np.zeros((1, 2, 1), np.uint8)
    texture[0, 1] = 255
    near = [[0, 0, 1], [4, 0, 1], [4, 4, 1], [0, 4, 1]]
    far = [[x, y, 2] for x, y, _ in near]
    triangles = np.array([[4, 5, 6], [4, 6, 7], [0, 1, 2], [0, 2, 3]])
    places = np.array([[x / 4, 0] for x, _, _ in near + far], np.float32)
    index = rasterise(near + far, triangles, (4, 4), cutout=Cutout(places, texture, 2)).index
    assert (index[:, :2] < 2).all()
    assert (index[:, 2:] >= 2).all()


@pytest.mark.parametrize(
    ("vertices", "triangles", "size", "error", "text"),
    [
        ([[0, 0, np.nan]] * 3, [[0, 1, 2]], SIZE, ValueError, "finite"),
        ([[2e5, 0, 0]] * 3, [[0, 1, 2]], SIZE, ValueError, "100000"),
        ([[0, 0, 0]] * 3, [[0, 1, 3]], SIZE, ValueError, "under 3"),
        ([[0, 0, 0]] * 3, [[0, 1]], SIZE, ValueError, "shape"),
        ([[0, 0, 0]] * 3, [[0.5, 1, 2]], SIZE, TypeError, "integers"),
        ([[0, 0]] * 3, [[0, 1, 2]], SIZE, ValueError, "x, y, depth"),
        ([[0, 0, 0]] * 3, [[0, 1, 2]], (0, 5), ValueError, "size"),
    ],
)
def test_bad_input_is_named(vertices, triangles, size, error, text) -> None:
    with pytest.raises(error, match=text):
        rasterise(vertices, np.array(triangles), size)


def test_bad_values_are_named() -> None:
    raster = rasterise([[0, 0, 0]] * 3, np.array([[0, 1, 2]]), SIZE)
    with pytest.raises(TypeError, match="attributes"):
        raster.values(np.ones((3, 2)))
    with pytest.raises(ValueError, match="attributes"):
        raster.values(np.ones((4, 2), np.float32))
    with pytest.raises(ValueError, match="texture"):
        sample_texture(np.zeros((0, 2, 3), np.uint8), np.zeros((1, 2), np.float32))
    # Beyond 2^24 a float32 place could round past the last texel.
    wide = np.broadcast_to(np.uint8(0), (1, (1 << 24) + 4, 1))
    with pytest.raises(ValueError, match="texture: expected sides of up to 65535 texels"):
        sample_texture(wide, np.full((1, 2), 1e9, np.float32))
