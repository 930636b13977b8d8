from __future__ import annotations

import numpy as np
import pytest
from cvfast.kernels.product import FixedProduct

RNG = np.random.default_rng(6)


@pytest.mark.parametrize(("count", "inside", "out"), [(1, 1, 1), (37, 27, 32), (5, 1153, 130)])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_it_is_numpys(count, inside, out, dtype):
    matrix, offset = RNG.normal(size=(out, inside)), RNG.normal(size=inside)
    rows = RNG.integers(0, 256, (count, inside)).astype(dtype)
    product = FixedProduct(matrix, offset)
    expected = (rows - offset) @ matrix.astype(np.float32).astype(np.float64).T
    found = product(rows)
    assert (found.dtype, found.shape, product.shape) == (np.float32, (count, out), (out, inside))
    assert np.abs(found - expected).max() < 2e-6 * 256 * inside
    assert np.array_equal(product(rows, threads=2), found)
    assert np.array_equal(product(rows[-1:]), found[-1:])


def test_rows_apart_and_none():
    product = FixedProduct(RNG.normal(size=(4, 6)))
    rows = RNG.normal(size=(10, 6)).astype(np.float32)
    assert np.array_equal(product(rows[::3]), product(rows[::3].copy()))
    assert product(rows[:0]).shape == (0, 4)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: FixedProduct([1, 2]), ValueError, r"matrix: expected shape \(M, K\)"),
        (lambda: FixedProduct(np.zeros((0, 3))), ValueError, r"matrix: expected shape \(M, K\)"),
        (lambda: FixedProduct([[1, 2]], [1]), ValueError, r"offset: expected shape \(2,\)"),
        (lambda: FixedProduct([[np.nan]]), ValueError, "expected finite numbers"),
        (lambda: FixedProduct([[1]])(np.zeros((1, 1))), TypeError, "rows: expected float32 or"),
        (
            lambda: FixedProduct([[1]])(np.zeros((1, 2), np.float32)),
            ValueError,
            r"rows: expected shape \(N, 1\), got \(1, 2\)",
        ),
        (lambda: FixedProduct([[1]])(np.full((1, 1), np.inf, "f")), ValueError, "finite"),
        (lambda: FixedProduct([[1]])(np.zeros((1, 1), "f"), threads=0), ValueError, "threads"),
    ],
)
def test_bad_input(make, error, message):
    with pytest.raises(error, match=message):
        make()
