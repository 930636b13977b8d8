"""The photo's light on a pattern that lies where the photo shows it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.finishing import Look, draw_cloth
from cvfast.tryon.pattern_layer import light_ratio
from cvfast.tryon.shading import luma
from cvfast.typing import ImageF32

__all__ = ["pattern_light"]

_Mask: TypeAlias = NDArray[np.bool_]
_SHRINK = 2  # times smaller at which light is read
_BROAD = 30.0  # pixels: sigma of the light's colours
_FINE = 6.0  # pixels: sigma of folds
_FOLDS = (0.5, 1.8)  # least and most that a fold darkens or brightens


def pattern_light(look: Look, photo: ImageF32, seen: _Mask) -> ImageF32:
    """Return the light that turns a garment's picture into the photo's, (h, w, 3) float32.

    The ratio of the two, each averaged over more than the pattern's edges: broadly in colours,
    finely in luma alone, so that a stain or another print is not taken for light.

    Parameters
    ----------
    look
        The garment, laid onto its pattern.
    photo
        (h, w, 3) float32.
    seen
        (h, w) bool: where the photo shows that pattern.
    """
    cv2 = load_cv2()
    height, width = seen.shape
    size = max(1, width // _SHRINK), max(1, height // _SHRINK)
    drawing = draw_cloth(look, (slice(0, height), slice(0, width)), size)
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    shown = cv2.resize(seen.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 250
    light = light_ratio(small, drawing, shown, _BROAD / _SHRINK)
    lit = luma(drawing * light)[..., None]
    folds = light_ratio(luma(small)[..., None], lit, shown, _FINE / _SHRINK)
    light *= np.clip(folds, *_FOLDS).reshape(*folds.shape[:2], 1)
    return np.asarray(cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR))
