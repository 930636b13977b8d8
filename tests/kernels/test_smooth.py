"""smooth and cell_means against their definition in float64; what stays and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast import _core
from cvfast.kernels.smooth import cell_means, smooth


def reference(plane, weights, cell, radius, epsilon, strength, texture):
    """The definition, window by window."""
    height, width = plane.shape
    across, down = cell
    rows, columns = weights.shape
    x = np.array(
        [
            [
                plane[j * down : (j + 1) * down, i * across : (i + 1) * across].mean(dtype=float)
                for i in range(columns)
            ]
            for j in range(rows)
        ]
    )
    w = weights.astype(float)

    def mean(values):
        out = np.zeros_like(values)
        for j in range(rows):
            for i in range(columns):
                window = (
                    slice(max(j - radius, 0), j + radius + 1),
                    slice(max(i - radius, 0), i + radius + 1),
                )
                total = w[window].sum()
                out[j, i] = (w[window] * values[window]).sum() / total if total > 0 else 0
        return out

    m = mean(x)
    v = np.maximum(mean(x * x) - m * m, 0)
    a = v / (v + epsilon)
    a, b = mean(a), mean((1 - a) * m)
    flat = np.where(w > 0, 1 - a, 0)
    gain = -strength * w * flat * (1 - texture)
    offset = strength * w * (b - texture * flat * x)

    def at(grid):
        def along(count, step, cells):
            place = np.clip((np.arange(count) + 0.5) / step - 0.5, 0, cells - 1)
            left = np.minimum(place.astype(int), max(cells - 2, 0))
            return left, np.minimum(left + 1, cells - 1), place - left

        j0, j1, v = along(height, down, rows)
        i0, i1, u = along(width, across, columns)
        wide = grid[:, i0] * (1 - u) + grid[:, i1] * u
        return wide[j0] * (1 - v)[:, None] + wide[j1] * v[:, None]

    return plane + at(gain) * plane + at(offset)


def case(seed, *, dtype=np.uint8):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 60, 2)
    cell = tuple(int(side) for side in rng.choice([1, 2, 3, 4, 8], 2))
    plane = rng.integers(0, 256, (height, width), np.uint8)
    plane[: height // 2] //= 4
    weights = rng.random((-(-height // cell[1]), -(-width // cell[0])), np.float32)
    weights[rng.random(weights.shape) < 0.3] = 0
    if dtype == np.float32:
        plane = plane.astype(np.float32) / np.float32(255)
    options = {
        "cell": cell,
        "radius": int(rng.integers(1, 6)),
        "epsilon": float(rng.uniform(50, 900)) / (1 if dtype == np.uint8 else 255**2),
        "strength": float(rng.random()),
        "texture": float(rng.random()),
    }
    return plane, weights, options


@pytest.mark.parametrize("seed", range(25))
def test_uint8_is_within_a_level_of_the_definition(seed):
    plane, weights, options = case(seed)
    expected = np.clip(reference(plane, weights, *options.values()), 0, 255)

    smooth(plane, weights, **options)

    assert np.abs(plane - expected).max() <= 0.51


@pytest.mark.parametrize("seed", range(25))
def test_float32_is_the_definition(seed):
    plane, weights, options = case(seed, dtype=np.float32)
    expected = reference(plane, weights, *options.values())

    smooth(plane, weights, **options)

    assert np.abs(plane - expected).max() <= 1e-5


def test_what_has_no_weight_keeps_its_bytes_and_enters_no_mean():
    rng = np.random.default_rng(0)
    plane = rng.integers(90, 110, (64, 64), np.uint8)
    plane[:, 32:] = rng.integers(200, 256, (64, 32), np.uint8)
    weights = np.ones((32, 32), np.float32)
    weights[:, 16:] = 0
    before = plane.copy()

    smooth(plane, weights, cell=(2, 2), radius=5, epsilon=1e6)

    assert (plane[:, 33:] == before[:, 33:]).all()
    assert np.abs(plane[:, :31].astype(int) - 100).max() <= 3


def test_an_edge_stays_and_noise_goes():
    rng = np.random.default_rng(1)
    clean = np.where(np.arange(80) < 40, 80, 160) + np.zeros((60, 1))
    plane = np.clip(np.rint(clean + rng.normal(0, 4, clean.shape)), 0, 255).astype(np.uint8)

    smooth(plane, np.ones((30, 40), np.float32), cell=(2, 2), radius=4, epsilon=150.0)

    assert plane[:, :25].std() < 1.2
    assert plane[:, 44:48].mean() - plane[:, 32:36].mean() > 75


def test_rows_may_be_strided_and_their_ends_stay():
    plane, weights, options = case(3)
    wide = np.full((plane.shape[0], plane.shape[1] + 7), 77, np.uint8)
    wide[:, : plane.shape[1]] = plane
    smooth(wide[:, : plane.shape[1]], weights, **options)
    smooth(plane, weights, **options)

    assert (wide[:, : plane.shape[1]] == plane).all()
    assert (wide[:, plane.shape[1] :] == 77).all()


def test_the_number_of_threads_does_not_matter():
    _core.set_serial_threshold(0)
    try:
        for seed in range(40):
            plane, weights, options = case(seed)
            results = []
            for threads in (1, 2, 3, 7):
                results.append(plane.copy())
                smooth(results[-1], weights, threads=threads, **options)
            assert all((result == results[0]).all() for result in results)
    finally:
        _core.set_serial_threshold(500e3)


def test_cell_means_are_means():
    plane, _, _ = case(5)
    means = cell_means(plane, (3, 2))

    assert means.dtype == np.float32
    for j, row in enumerate(means):
        for i, value in enumerate(row):
            block = plane[2 * j : 2 * j + 2, 3 * i : 3 * i + 3]
            assert value == pytest.approx(block.mean(), abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell": (0, 2)}, "cell: expected sides of 1 to 256 samples"),
        ({"cell": (300, 2)}, "cell: expected sides of 1 to 256 samples, got 300"),
        ({"radius": 0}, "radius: expected 1 to 64 cells, got 0"),
        ({"epsilon": 0.0}, "epsilon: expected a number over 0, got 0"),
        ({"strength": 1.5}, r"strength: expected a number in \[0, 1\], got 1.5"),
        ({"texture": -1.0}, r"texture: expected a number in \[0, 1\], got -1"),
    ],
)
def test_values_out_of_range_are_named(changes, message):
    options = {"cell": (1, 1), "radius": 2, "epsilon": 1.0} | changes
    columns = -(-8 // options["cell"][0]) if options["cell"][0] else 8
    weights = np.ones((-(-8 // options["cell"][1]), columns), np.float32)
    with pytest.raises(ValueError, match=message):
        smooth(np.zeros((8, 8), np.uint8), weights, **options)


def test_weights_are_checked():
    plane = np.zeros((8, 8), np.uint8)
    weights = np.ones((8, 8), np.float32)
    weights[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"weights\[25\]: expected numbers in \[0, 1\], got nan"):
        smooth(plane, weights, cell=(1, 1), radius=1, epsilon=1.0)
    with pytest.raises(ValueError, match=r"weights: expected shape \(8, 8\), one a cell"):
        smooth(plane, weights[:5], cell=(1, 1), radius=1, epsilon=1.0)
    with pytest.raises(TypeError, match="weights: expected a float32 array, got float64"):
        smooth(plane, weights.astype(float), cell=(1, 1), radius=1, epsilon=1.0)
    plane.setflags(write=False)
    with pytest.raises(ValueError, match="plane: expected a writable array"):
        smooth(plane, weights, cell=(1, 1), radius=1, epsilon=1.0)
    with pytest.raises(ValueError, match=r"plane: expected shape \(height, width\)"):
        smooth(np.zeros((8, 8, 3), np.uint8), weights, cell=(1, 1), radius=1, epsilon=1.0)
