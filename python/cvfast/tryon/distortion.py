"""How far a map bends cloth: folds and stretch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cvfast.typing import ImageF32

__all__ = ["MOST_STRETCH", "Distortion", "distortion"]

MOST_STRETCH = 2.5  # times the median, at the most stretched hundredth of the cloth
_FLAT = 0.02  # of the median area: what has less counts as folded


class Distortion(NamedTuple):
    """What a map does to the cloth.

    Attributes
    ----------
    folded
        Share of the pixels where the map turns over, or nearly.
    stretch
        How many times longer than in the median the cloth is along its most stretched direction,
        at the most stretched hundredth.
    """

    folded: float
    stretch: float

    @property
    def bearable(self) -> bool:
        """Whether cloth could lie like that."""
        return self.folded == 0 and self.stretch <= MOST_STRETCH


def distortion(backward: ImageF32, mask: ImageF32) -> Distortion:
    """Measure a map by its Jacobians within a mask.

    Parameters
    ----------
    backward
        (H, W, 2) float32: each pixel's source point.
    mask
        (H, W) float in [0, 1]: the pixels that count.

    Examples
    --------
    >>> y, x = np.mgrid[:20, :30].astype(np.float32)
    >>> plain = distortion(np.dstack([x, y]), np.ones((20, 30), np.float32))
    >>> plain.folded, round(plain.stretch, 3)
    (0.0, 1.0)
    >>> distortion(np.dstack([-x, y]), np.ones((20, 30), np.float32)).folded
    1.0
    """
    step = max(1, min(backward.shape[:2]) // 256)
    coarse = backward[::step, ::step].astype(np.float64) / step
    inside = mask[::step, ::step][:-1, :-1] > 0.5
    if not inside.any():
        return Distortion(0.0, 1.0)
    right = np.diff(coarse, axis=1)[:-1][inside]
    down = np.diff(coarse, axis=0)[:, :-1][inside]
    areas = right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0]
    middle = float(np.median(np.abs(areas)))
    folded = float(np.mean(areas <= _FLAT * middle))
    # Singular values of [right down]: half the sum and difference of two lengths.
    first = np.hypot(right[:, 0] + down[:, 1], right[:, 1] - down[:, 0])
    second = np.hypot(right[:, 0] - down[:, 1], right[:, 1] + down[:, 0])
    shortest = np.abs(first - second) / 2
    stretch = np.sqrt(middle) / max(float(np.percentile(shortest, 1)), 1e-9)
    return Distortion(folded, float(stretch))
