"""Whether the new garment is the worn one: then nothing need be bent, and its light is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gain", "fits_already", "light_gain"]

_Mask: TypeAlias = NDArray[np.bool_]
_CHROMA = (0.05, 0.1)  # distance of chromaticities: surely the same cloth, surely another
_OVEREXPOSED = (0.075, 0.1)  # the same where the worn one is so bright that it pales
_PALES = 0.85
_BRIGHT = (0.35, 0.55)  # logarithms of ratios of luma: likewise
_BRIGHT_GREY = (0.2, 0.35)  # of greys, which many cloths are
_GREY = 0.06  # chroma under which a colour counts as grey


@dataclass(frozen=True)
class Gain:
    """Factors from a garment's picture to the light of the photo.

    Parameters
    ----------
    factors
        Of red, green and blue.
    sureness
        0 (another cloth: the factors are 1) to 1.
    """

    factors: tuple[float, float, float]
    sureness: float


def light_gain(ours: NDArray[np.float64] | None, theirs: NDArray[np.float64] | None) -> Gain:
    """Compare the worn garment's usual colour with the new one's.

    A cloth of the same chromaticity and about the same brightness is taken as the same cloth, so
    that the ratio of the two colours is the light of the photo. Of any other cloth nothing can be
    told about the light, and its colours are left as they are.

    Parameters
    ----------
    ours
        (3,), the usual colour of the worn garment in the photo; None of a patterned one.
    theirs
        The same of the new garment's picture.

    Examples
    --------
    >>> red = np.array([0.6, 0.2, 0.2])
    >>> gain = light_gain(0.8 * red, red)
    >>> round(gain.factors[0], 2), gain.sureness
    (0.8, 1.0)
    """
    if ours is None or theirs is None:
        return Gain((1.0, 1.0, 1.0), 0.0)
    ratios = np.maximum(ours, 0.01) / np.maximum(theirs, 0.01)
    apart = float(np.abs(ours / ours.sum() - theirs / theirs.sum()).max())
    brighter = abs(float(np.log(ours.sum() / theirs.sum())))
    grey = float(np.ptp(theirs / theirs.sum())) < _GREY
    chroma = _OVEREXPOSED if float(ours.max()) > _PALES else _CHROMA
    sure = _falls(apart, *chroma) * _falls(brighter, *(_BRIGHT_GREY if grey else _BRIGHT))
    red, green, blue = (float(value) for value in np.power(ratios, sure))
    return Gain((red, green, blue), sure)


def fits_already(
    mask: _Mask,
    target: _Mask,
    marks: Mapping[str, NDArray[np.float64]],
    target_marks: Mapping[str, NDArray[np.float64]],
) -> bool:
    """Return whether a garment has its target's shape and place already, within a pixel.

    That is so of a garment put back onto its own photo; bending it would only blur it. A sleeve
    that is not seen there may be guessed in the target.
    """
    if mask.shape != target.shape or not set(marks) <= set(target_marks) or not mask.any():
        return False
    inside = float((mask & target).sum() / mask.sum())
    overlap = float((mask & target).sum() / (mask | target).sum())
    away = max((float(np.hypot(*(marks[name] - target_marks[name]))) for name in marks), default=9)
    return (
        inside > 0.97
        and overlap > (0.97 if set(marks) == set(target_marks) else 0.75)
        and (away < 1.5)
    )


def _falls(value: float, low: float, high: float) -> float:
    """Return 1 up to `low`, 0 from `high` on."""
    return float(np.clip((high - value) / (high - low), 0, 1))
