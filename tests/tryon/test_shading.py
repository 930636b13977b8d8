"""Light read off cloth: exact on plain cloth, blind to logos, broad on patterns."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.tryon.shading import apply_shading, read_shading, remove_shading

SIZE = 128


def _light() -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    return (1 + 0.15 * np.sin(x / 7) * np.cos(y / 23)).astype(np.float32)


def _mask() -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[16:112, 24:104] = True
    return mask


def _worn(colour: tuple[float, float, float]) -> np.ndarray:
    cloth = np.float32(colour) * _light()[..., None]
    return np.where(_mask()[..., None], cloth, np.float32(0.9))


def test_folds_of_a_plain_cloth_are_read_and_carried_over():
    shading = read_shading(_worn((0.5, 0.2, 0.25)), _mask())
    truth = _light() / np.median(_light()[_mask()])
    inner = _mask()
    assert shading.plain
    assert np.abs(shading.factor - truth)[inner].mean() < 0.01
    shaded = apply_shading(np.full((SIZE, SIZE, 3), 0.4, np.float32), shading)
    assert np.abs(shaded[..., 0] - 0.4 * truth)[inner].mean() < 0.005


def test_a_logo_leaves_no_trace():
    worn = _worn((0.5, 0.2, 0.25))
    worn[48:72, 48:80] = (0.95, 0.95, 0.9)
    shading = read_shading(worn, _mask())
    logo = shading.factor[50:70, 50:78]
    assert shading.plain
    assert logo.min() > 0.8
    assert logo.max() < 1.25


def test_stripes_do_not_come_through():
    worn = _worn((0.5, 0.5, 0.5))
    stripes = (np.arange(SIZE) // 6 % 2).astype(bool)
    worn[stripes] *= np.float32(0.3)
    shading = read_shading(worn, _mask())
    rows = shading.factor[24:104, 32:96].mean(axis=1)
    assert not shading.plain
    assert rows.std() < 0.06


def test_removing_and_applying_the_same_light_changes_nothing():
    worn = _worn((0.5, 0.2, 0.25))
    shading = read_shading(worn, _mask())
    again = apply_shading(remove_shading(worn, shading, 0.6), shading, 0.6)
    assert np.abs(again - worn).max() < 1e-5


def test_no_cloth_gives_no_light():
    shading = read_shading(_worn((0.5, 0.5, 0.5)), np.zeros((SIZE, SIZE), bool))
    assert (shading.factor == 1).all()
    assert shading.share == 0


def test_strength_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"shading: expected 0 to 1, got 1\.5"):
        apply_shading(np.zeros((2, 2, 3), np.float32), np.ones((2, 2), np.float32), 1.5)
