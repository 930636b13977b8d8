from __future__ import annotations

import numpy as np
import pytest
from cvfast.geometry.alignment import similarity_transform, transform_points


def test_recovers_a_similarity() -> None:
    rng = np.random.default_rng(0)
    source = rng.normal(size=(20, 2))
    turn, scale, shift = 2.1, 3.5, (4, -7)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    target = scale * source @ rotation.T + shift
    matrix = similarity_transform(source, target)
    np.testing.assert_allclose(matrix[:, :2], scale * rotation, atol=1e-12)
    np.testing.assert_allclose(transform_points(matrix, source), target, atol=1e-12)


def test_is_the_least_squares_fit() -> None:
    rng = np.random.default_rng(1)
    source, target = rng.normal(size=(2, 30, 2))
    matrix = similarity_transform(source, target)
    # x' = a x - b y + c, y' = b x + a y + d, solved directly.
    x, y = source.T
    one, zero = np.ones(30), np.zeros(30)
    rows = np.vstack([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    a, b, c, d = np.linalg.lstsq(rows, target.T.ravel(), rcond=None)[0]
    np.testing.assert_allclose(matrix, [[a, -b, c], [b, a, d]], atol=1e-9)


def test_never_mirrors() -> None:
    source = np.array([[0, 0], [1, 0], [0, 1.0]])
    assert np.linalg.det(similarity_transform(source, source * [-1, 1])[:, :2]) >= 0


@pytest.mark.parametrize(
    ("source", "message"),
    [([[0, 0]], "N >= 2"), ([[1, 1], [1, 1]], "at least two different points")],
)
def test_too_few_points(source: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        similarity_transform(source, source)
