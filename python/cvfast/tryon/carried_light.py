"""What of one cloth's light another cloth would show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cvfast.io.opencv import load_cv2
from cvfast.tryon.shading import Shading

__all__ = ["carried_light"]

_BRIGHT = 0.25  # luma from which on the camera sees a cloth's light well
_SEAM = 0.06  # of the body's unit: no fold is that narrow


def carried_light(light: Shading, unit: float, *, same_cut: bool) -> Shading:
    """Return the light that is carried over from a plain cloth to one of another colour.

    A dark cloth shows its light in few levels, mixed with noise and gloss: it is smoothed, and less
    of it believed. Seams, plackets and collars are narrow dark lines of the old cut: where the new
    garment is cut otherwise they are closed.

    Parameters
    ----------
    light
        As read; returned as it is of a patterned cloth, or where it was read in colours.
    unit
        Pixels of the body's unit (see `cvfast.people.body.Body`).
    same_cut
        Whether the new garment has the old one's outline.

    Examples
    --------
    >>> factor = np.ones((64, 64), np.float32)
    >>> factor[:, 32] = 0.6  # a seam
    >>> light = Shading(factor, plain=True, share=1.0, level=np.array([0.5]))
    >>> bool(carried_light(light, 50, same_cut=False).factor.min() > 0.99)
    True
    >>> bool(carried_light(light, 50, same_cut=True).factor.min() == factor.min())
    True
    """
    if light.level is None or light.factor.ndim == 3:
        return light
    seen = float(np.clip(light.level[0] / _BRIGHT, 0.2, 1))
    if same_cut and seen == 1:
        return light
    cv2 = load_cv2()
    height, width = light.factor.shape
    half = max(1, width // 2), max(1, height // 2)  # what is left is smooth
    factor = cv2.resize(light.factor, half, interpolation=cv2.INTER_AREA)
    if not same_cut:
        side = max(3, round(_SEAM * unit / 2)) | 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        factor = cv2.GaussianBlur(cv2.morphologyEx(factor, cv2.MORPH_CLOSE, disc), (0, 0), side / 4)
    if seen < 1:
        sigma = max(0.5, 0.025 * unit * (1 - seen))
        factor = np.exp(seen * cv2.GaussianBlur(np.log(factor), (0, 0), sigma))
    factor = cv2.resize(factor, (width, height), interpolation=cv2.INTER_LINEAR)
    return replace(light, factor=factor.astype(np.float32))
