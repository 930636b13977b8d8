"""Where sleeves and hem end: the one place along a limb where colours change best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.people.body import BodyMaps
from cvfast.typing import ImageF32

__all__ = ["change_point", "find_hem", "find_sleeves"]

_STEPS = 32
_F64 = NDArray[np.float64]
_CLEAREST = 3.0  # log likelihood ratio that one pixel may count for


def change_point(
    along: ImageF32, evidence: ImageF32, weights: ImageF32, limits: tuple[float, float]
) -> tuple[_F64, _F64]:
    """Score every place along a limb as the border between two materials.

    Parameters
    ----------
    along
        (h, w) float32, where along the limb each pixel lies.
    evidence
        (h, w) float32, log likelihood ratio: positive for the material after the border.
    weights
        (h, w) float32, how much each pixel counts; 0 off the limb.
    limits
        First and last place.

    Returns
    -------
    places
        (33,) float64.
    scores
        (33,) float64: sum over the limb of the mean evidence for what the border says.
    """
    low, high = limits
    cells = np.clip(((along - low) / (high - low) * _STEPS).astype(np.int64), 0, _STEPS - 1)
    chosen = (weights > 0) & (along > low) & (along < high)
    share = weights[chosen].astype(np.float64)
    clear = np.clip(evidence[chosen], -_CLEAREST, _CLEAREST)
    total = np.bincount(cells[chosen], weights=share, minlength=_STEPS)
    told = np.bincount(cells[chosen], weights=share * clear, minlength=_STEPS)
    mean = told / np.maximum(total, 1e-9)
    # A slice that hardly shows (outside the picture, behind something) says little.
    mean *= np.minimum(1, total / max(1e-9, 0.25 * float(np.median(total))))
    before = np.concatenate([[0], np.cumsum(-mean)])
    after = np.concatenate([np.cumsum(mean[::-1])[::-1], [0]])
    return np.linspace(low, high, _STEPS + 1), before + after


def find_sleeves(maps: BodyMaps, person: ImageF32, skin_over_cloth: ImageF32) -> dict[str, float]:
    """Find how far the sleeves reach.

    Parameters
    ----------
    maps
        Where pixels lie on the body.
    person
        (h, w) float32, probability of the person.
    skin_over_cloth
        (h, w) float32, log likelihood of the skin's colour over that of the garment's.

    Returns
    -------
    dict
        ``"left"`` and ``"right"``: 0 at the shoulder, 1 at the elbow, 2 at the wrist.
    """
    scores = {}
    places = np.zeros(0)
    for side in ("left", "right"):
        distance, along = maps.arm(side)
        weights = person * (distance < 0.13)
        places, scores[side] = change_point(along, skin_over_cloth, weights, (0.05, 2.0))
    # Both sleeves of a garment are about as long, so each arm hears the other.
    ends = {}
    for side, other in (("left", "right"), ("right", "left")):
        both = scores[side] + 0.6 * scores[other]
        ends[side] = float(places[int(both.argmax())])
    return ends


def find_hem(maps: BodyMaps, clothes: ImageF32, lower_over_upper: ImageF32) -> tuple[float, float]:
    """Find where the upper garment ends along the trunk.

    Returns
    -------
    hem
        0 at the neck, 1 at the hips.
    gain
        Mean log likelihood ratio by which colours bear it out; small where what is worn above and
        below looks the same.
    """
    across, along = maps.trunk()
    weights = clothes * (across < 0.4)
    places, scores = change_point(along, lower_over_upper, weights, (0.6, 1.9))
    # Hems lie a little below the hips, seldom at the waist.
    scores = scores - 8 * np.abs(places - 1.25) - 30 * np.maximum(0, 0.85 - places)
    best = int(scores.argmax())
    return float(places[best]), float(scores[best]) / _STEPS
