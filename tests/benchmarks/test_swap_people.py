"""Judging a swap: proportions are not expression, and a frame without a face counts as missed."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.swap.face_types import MEAN_FACE

from benchmarks.swap_people import _expression_off


def faces(opening, turn=0.0, wider=1.0):
    """68 points: an arc for the jaw, the mean face, a mouth moved down, all turned."""
    arc = np.stack([np.linspace(0, 1, 17), 1 - np.abs(np.linspace(-1, 1, 17))], axis=1)
    points = np.concatenate([arc, MEAN_FACE * (1, wider)])
    points[48:, 1] += opening
    cos, sin = np.cos(turn), np.sin(turn)
    return 200 * points @ [[cos, sin], [-sin, cos]]


def test_other_proportions_are_taken_off_however_the_head_is_turned():
    frames = [{"points": (faces(0.1, turn, 1.1), faces(0.1, turn))} for turn in (-0.4, 0.0, 0.3)]
    assert _expression_off(frames)["inner 51"] < 0.005


def test_a_mouth_that_does_not_follow_is_told():
    frames = [{"points": (faces(0.0), faces(opening))} for opening in (0.0, 0.2)]
    assert _expression_off(frames)["mouth"] == pytest.approx(0.1, rel=0.15)
