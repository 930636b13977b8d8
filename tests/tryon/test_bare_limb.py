"""Bare limbs under sleeves: their outline and light."""

from __future__ import annotations

import numpy as np
from cvfast.tryon.bare_limb import BareLimb
from cvfast.tryon.limbs import Limb

LIMB = Limb(np.array([[60.0, 10], [60, 60], [60, 110]]))
Y, X = np.mgrid[:140, :120]
SLEEVE = (np.abs(X - 64) < 24) & (Y > 10) & (Y < 108)  # wide, and 4 px aside of the joints
HAND = (np.abs(X - 60) < 8) & (Y >= 108) & (Y < 130)


def test_the_limb_lies_inside_the_cloth_tapers_and_runs_into_the_hand():
    limb = BareLimb.under(SLEEVE, LIMB, (14, 9), HAND)
    bare = limb.cover(SLEEVE)
    rows = bare[14:106]
    width = rows.sum(axis=1)
    middle = (rows * X[14:106]).sum(axis=1) / width
    assert width[4] > width[-4] > 12
    assert np.abs(np.diff(width.astype(int))).max() <= 2  # no step
    assert abs(middle[10] - 64) < 1.5
    assert abs(middle[-1] - 60) < 1.5
    assert not (bare & ~SLEEVE).any()


def test_cloth_beside_the_arm_does_not_move_it():
    pocket = (X > 95) & (X < 115) & (Y > 60) & (Y < 80)
    clean = BareLimb.under(SLEEVE, LIMB, (14, 9))
    assert np.abs(BareLimb.under(SLEEVE | pocket, LIMB, (14, 9)).middle - clean.middle).max() < 0.5


def test_light_falls_across_it_as_across_the_cloth():
    limb = BareLimb.under(SLEEVE, LIMB, (14, 9))
    luma = np.where(X < 64, 0.6, 0.3).astype(np.float32)
    where = limb.cover(SLEEVE)
    lit = np.zeros(where.shape)
    lit[where] = limb.light(luma, SLEEVE, where)
    assert lit[50, 57] > 1.02 > 0.98 > lit[50, 70]
    assert limb.light(luma, SLEEVE, np.zeros_like(where)).shape == (0,)


def test_too_little_cloth_tells_nothing():
    assert BareLimb.under(np.zeros_like(SLEEVE), LIMB, (14, 9)) is None
