"""Rising smoothly from nothing to all: how every effect fades."""

from __future__ import annotations

import numpy as np

from cvfast.typing import ImageF32

__all__ = ["ease", "smooth_step"]


def smooth_step(values: ImageF32, low: float, high: float) -> ImageF32:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t: ImageF32 = values * np.float32(1 / (high - low))
    t -= np.float32(low / (high - low))
    np.maximum(t, np.float32(0), out=t)
    np.minimum(t, np.float32(1), out=t)
    rest = np.float32(3) - np.float32(2) * t
    t *= t
    t *= rest
    return t


def ease(value: float, low: float, high: float) -> float:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)
