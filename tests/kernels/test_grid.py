"""Pictures seen through a bent grid, against the same in float64 NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cvfast.kernels.grid import sample_grid
from numpy.typing import NDArray

NODES = np.array([[[0, 0], [9, 1]], [[1, 7], [8, 8]]], np.float32)
IMAGE = np.random.default_rng(3).integers(0, 256, (9, 10, 5), np.uint8)
MATRIX = ((0.1103, 0.0107, -0.1009), (-0.0203, 0.1301, -0.0509))


def bilinear(values: NDArray[Any], x: float, y: float) -> NDArray[np.float64]:
    """Read between the rows and columns of an array; beyond it, its border."""
    height, width = values.shape[:2]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    i, j = min(int(x), max(width - 2, 0)), min(int(y), max(height - 2, 0))
    near = values[j : j + 2, i : i + 2].astype(float)
    near = np.pad(near, ((0, 2 - near.shape[0]), (0, 2 - near.shape[1]), (0, 0)), mode="edge")
    rows = near[:, 0] + (x - i) * (near[:, 1] - near[:, 0])
    read: NDArray[np.float64] = rows[0] + (y - j) * (rows[1] - rows[0])
    return read


def reference(image, nodes, matrix, size, colors, finer):
    width, height = size
    cells, out = len(nodes) - 1, np.zeros((height, width, image.shape[2]))
    steps = (np.arange(finer) + 0.5) / finer
    for row in range(height):
        for column in range(width):
            for v in steps:
                for u in steps:
                    x, y = np.array(matrix) @ (column + u, row + v, 1)
                    seen = bilinear(image, *bilinear(nodes, x, y))
                    if not (0 < x < cells and 0 < y < cells):
                        seen[colors:] = 0
                    out[row, column] += seen / finer**2
    return out


@pytest.mark.parametrize(("colors", "finer"), [(5, 1), (3, 1), (0, 2), (3, 3)])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_means_of_bilinear_samples(colors: int, finer: int, channels: int) -> None:
    colors, image = min(colors, channels), IMAGE[..., :channels]
    out = sample_grid(image, NODES, MATRIX, (12, 11), colors=colors, finer=finer)
    expected = reference(image, NODES, MATRIX, (12, 11), colors, finer)
    # A sample may lie on the grid's border, where float32 and float64 differ in what is inside.
    assert np.abs(out - expected).max() < 0.01
    assert out.dtype == np.float32


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"image": IMAGE.astype(float)}, TypeError, "uint8"),
        ({"image": IMAGE[..., 0]}, ValueError, "shape"),
        ({"image": np.zeros((2, 2, 9), np.uint8)}, ValueError, "1 to 8"),
        ({"image": IMAGE[:0]}, ValueError, "not empty"),
        ({"nodes": NODES[:1]}, ValueError, "nodes"),
        ({"nodes": NODES * np.nan}, ValueError, "finite"),
        ({"matrix": np.full((2, 3), np.inf)}, ValueError, "matrix"),
        ({"size": (0, 4)}, ValueError, "size"),
        ({"size": (4, 1 << 20)}, ValueError, "size"),
        ({"colors": 6}, ValueError, "colors"),
        ({"finer": 0}, ValueError, "finer"),
        ({"finer": 17}, ValueError, "finer"),
    ],
)
def test_bad_input(changes: dict[str, Any], error: type[Exception], words: str) -> None:
    given = {"image": IMAGE, "nodes": NODES, "matrix": MATRIX, "size": (4, 4)} | changes
    with pytest.raises(error, match=words):
        sample_grid(**given)


def test_far_places_are_the_border() -> None:
    far = NODES * np.float32(1e30)
    out = sample_grid(IMAGE, far, ((1e30, 0, 0), (0, 1e30, 0)), (3, 3), colors=5)
    assert np.isfinite(out).all()
    assert np.array_equal(out[2, 2], IMAGE[-1, -1])
