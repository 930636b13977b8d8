"""What a face is judged by: numbers, each with a threshold and a reason to reject it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cvfast.swap.pixel_measures import FacePixels
from cvfast.swap.sharpness import laplacian_variance
from cvfast.typing import Image, ImageF32

__all__ = ["CHECKS", "REASONS", "Check", "Masks", "checks_with", "look_at", "side_light"]

Masks = Callable[[Image], ImageF32]
"""Tells what of a face picture ``(h, w, 3)`` is face: ``(h, w)`` float32 in [0, 1]."""

REASONS = ("misaligned", "occluded", "blurred", "other person", "incomplete", "badly lit")
_FLAT = 2  # levels that an empty row may change by, after JPEG
_BRIGHT, _DARK = 250, 5


@dataclass(frozen=True, slots=True)
class Check:
    """A number that every face has, and how much of it is too much.

    Parameters
    ----------
    reason
        One of `REASONS`.
    name
        Of the number.
    text
        What it is.
    threshold
        Where it begins to be a reason.
    below
        Whether smaller numbers are worse.
    """

    reason: str
    name: str
    text: str
    threshold: float
    below: bool = False

    def excess(self, value: float) -> float:
        """Return how bad a value is: over 1 it is a reason to reject the face.

        Examples
        --------
        >>> CHECKS[0].excess(0.06), CHECKS[0].excess(0.24)
        (0.5, 2.0)
        """
        bad, good = (self.threshold, value) if self.below else (value, self.threshold)
        return bad / good if good > 0 else (np.inf if bad > 0 else 0.0)


CHECKS = (
    Check("misaligned", "misfit", "how far the landmarks are from any turned head, in half face "
          "heights", 0.12),
    Check("misaligned", "stretch", "area of the aligned square over that of the face's box", 2.0),
    Check("occluded", "covered", "share of the face that its mask leaves out", 0.25),
    Check("blurred", "sharpness", "fine detail against the middle one of the set", 0.5, below=True),
    Check("other person", "distance", "distance from the person most faces show", 0.48),
    Check("incomplete", "outside", "share of the landmarks outside of the frame, or (eyes, nose, "
          "mouth, brows) of the picture", 0.05),
    Check("incomplete", "empty", "share of the face that is empty up to the picture's edge", 0.03),
    Check("badly lit", "brightness", "mean brightness of the face", 0.2, below=True),
    Check("badly lit", "glare", "the same, where it is too much", 0.93),
    Check("badly lit", "clipped", "share of the face that is black or white", 0.25),
    Check("badly lit", "one-sided", "light of one half of the face over the other's", 4.0),
)  # fmt: skip
"""All checks, with the thresholds to use where none are given."""


def checks_with(thresholds: Mapping[str, float]) -> tuple[Check, ...]:
    """Return the checks with other thresholds, by name.

    Raises
    ------
    ValueError
        An unknown name, or a threshold that is not above 0.
    """
    names = [check.name for check in CHECKS]
    for name, value in thresholds.items():
        if name not in names:
            raise ValueError(f"threshold: expected one of {', '.join(names)}, got {name!r}")
        if not 0 < value < np.inf:
            raise ValueError(f"threshold: expected {name} above 0, got {value}")
    return tuple(
        replace(check, threshold=float(thresholds.get(check.name, check.threshold)))
        for check in CHECKS
    )


def look_at(face: FacePixels, masks: Masks | None) -> dict[str, float | None]:
    """Return the numbers that a face's pixels give, by name.

    Parameters
    ----------
    face
        The picture.
    masks
        Tells what is face where the record has no mask; None leaves such faces without the number.
    """
    hull = face.hull
    if not hull.any():  # all landmarks outside
        return {"covered": None, "sharpness": 0.0, "empty": 1.0, "brightness": 1.0, "glare": 0.0,
                "clipped": 0.0, "one-sided": 1.0}  # fmt: skip
    value = face.pixels.max(axis=2)[hull]
    grey = face.grey[hull]
    contrast = float(grey.std()) + 4.0  # so that noise in an even face is no detail
    return {
        "covered": _covered(face, masks),
        "sharpness": laplacian_variance(face.grey, hull) ** 0.5 / contrast,
        "empty": float(_empty(face.pixels)[hull].mean()),
        "brightness": float(value.mean()) / 255,
        "glare": float(value.mean()) / 255,
        "clipped": float(((grey >= _BRIGHT) | (grey <= _DARK)).mean()),
        "one-sided": math.exp(abs(side_light(face))),
    }


def _covered(face: FacePixels, masks: Masks | None) -> float | None:
    mask = face.mask
    if mask is None:
        if masks is None:
            return None
        mask = masks(face.pixels)
    return float(1 - mask[face.hull].mean())


def side_light(face: FacePixels) -> float:
    """Compare the light left and right of the line down the nose.

    Returns
    -------
    float
        Natural logarithm of the mean level of the picture's left half of the face over that of
        the right half; 0 where a half is out of sight.
    """
    top, tip = face.landmarks[27], face.landmarks[30]
    down = tip - top
    y, x = np.nonzero(face.hull)
    left = (x - top[0]) * down[1] - (y - top[1]) * down[0] < 0
    levels = face.grey[face.hull].astype(np.float64)
    if left.all() or not left.any():
        return 0.0
    return math.log((levels[left].mean() + 1) / (levels[~left].mean() + 1))


def _empty(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return what is the same from the picture's edge inwards: black or stretched, not seen."""
    levels = pixels.astype(np.int16)
    empty = np.zeros(pixels.shape[:2], bool)
    for turns in range(4):
        turned = np.rot90(levels, turns)
        same = (np.abs(turned - turned[:, :1]) <= _FLAT).all(axis=2)
        run = np.logical_and.accumulate(same, axis=1)
        run &= run[:, turned.shape[1] // 16, None]  # a flat spot at the edge is none
        empty |= np.rot90(run, -turns)
    return empty
