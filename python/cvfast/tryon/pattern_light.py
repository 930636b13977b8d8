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
_GAIN = 0.95  # share to which finer light has to lower the error
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
    left, top, width, height = cv2.boundingRect(seen.astype(np.uint8))
    box = slice(top, top + height), slice(left, left + width)
    size = max(1, width // _SHRINK), max(1, height // _SHRINK)
    drawing = draw_cloth(look, box, size)
    small = cv2.resize(photo[box], size, interpolation=cv2.INTER_AREA)
    shown = cv2.resize(seen[box].astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 250
    usual = cv2.resize(look.light[box], size, interpolation=cv2.INTER_AREA).reshape(
        *shown.shape, -1
    )
    broad = usual * light_ratio(small, drawing * usual, shown, _BROAD / _SHRINK)
    lit = luma(drawing * broad)[..., None]
    folds = light_ratio(luma(small)[..., None], lit, shown, _FINE / _SHRINK)
    fine = broad * np.clip(folds, *_FOLDS)
    # A cloth that shows its folds by itself has them in the usual light already.
    wrong = [np.abs(drawing * light - small)[shown].mean() for light in (broad, fine)]
    light = fine if wrong[1] < _GAIN * wrong[0] else broad
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    right, below = seen.shape[1] - left - width, seen.shape[0] - top - height
    wide = cv2.copyMakeBorder(light, top, below, left, right, cv2.BORDER_REPLICATE)
    return np.asarray(wide, np.float32)
