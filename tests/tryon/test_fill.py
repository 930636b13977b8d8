"""Filling: smooth between what is known, textured like it, nothing else touched."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.tryon.fill import mirror_points, smooth_fill, textured_fill


def _ramp(height: int = 64, width: int = 96) -> np.ndarray:
    x = np.linspace(0.2, 0.8, width, dtype=np.float32)
    return np.repeat(np.broadcast_to(x, (height, width))[..., None], 3, axis=2).copy()


def _hole(height: int = 64, width: int = 96) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[20:40, 30:60] = True
    return hole


def test_a_ramp_is_continued_through_a_hole():
    hole = _hole()
    spoilt = np.where(hole[..., None], np.float32(1), _ramp())
    filled = smooth_fill(spoilt, ~hole)
    assert np.abs(filled - _ramp()).max() < 0.06
    assert np.array_equal(filled[~hole], spoilt[~hole])


def test_nothing_known_gives_zeros_and_grey_pictures_work():
    assert not smooth_fill(np.ones((5, 7), np.float32), np.zeros((5, 7), bool)).any()


def test_texture_is_carried_into_the_hole():
    rng = np.random.default_rng(0)
    noisy = np.clip(_ramp() + rng.normal(0, 0.05, (64, 96, 1)), 0, 1).astype(np.float32)
    hole = _hole()
    spoilt = np.where(hole[..., None], np.float32(0), noisy)
    filled = textured_fill(spoilt, ~hole, hole)
    smooth = textured_fill(spoilt, ~hole, hole, texture=0)
    rough = np.diff(filled[..., 0], axis=1)[20:40, 31:59].std()
    assert 0.7 < rough / np.diff(noisy[..., 0], axis=1).std() < 1.4
    assert np.diff(smooth[..., 0], axis=1)[20:40, 31:59].std() < 0.3 * rough
    assert np.array_equal(filled[~hole], spoilt[~hole])


@pytest.mark.parametrize("known", [np.zeros((64, 96), bool), np.ones((64, 96), bool)])
def test_nothing_to_take_from_or_nothing_to_fill_changes_nothing(known):
    hole = ~known
    assert np.array_equal(textured_fill(_ramp(), known, hole), _ramp())


def test_mirrored_points_are_known_ones():
    known = ~_hole()
    rows, columns, y, x = mirror_points(known, _hole())
    assert known[y, x].all()
    assert np.array_equal(np.stack([rows, columns]), np.nonzero(_hole()))
    # The pixel in the hole's first column mirrors the one left of it.
    first = columns == 30
    middle = first & (rows > 22) & (rows < 37)
    assert (x[middle] == 28).all()
    assert (y[middle] == rows[middle]).all()
