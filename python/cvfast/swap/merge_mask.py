"""Which part of a swapped face is taken: DeepFaceLab's mask modes, and what is done to the edge."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cvfast.swap.enlarge import enlarge
from cvfast.swap.merge_settings import MergeSettings
from cvfast.typing import ImageF32

__all__ = ["combine_masks", "shape_mask"]

_LEAST = 1 / 255
_REFERENCE = 4  # times the network's size: where erode and blur count pixels
_PARTS: Mapping[str, tuple[str, ...]] = {
    "full": (),
    "dst": ("hull",),
    "learned-prd": ("learned-prd",),
    "learned-dst": ("learned-dst",),
    "learned-prd*dst": ("learned-prd", "learned-dst"),
    "learned-prd+dst": ("learned-prd", "learned-dst"),
    "XSeg-prd": ("XSeg-prd",),
    "XSeg-dst": ("XSeg-dst",),
    "XSeg-prd*dst": ("XSeg-prd", "XSeg-dst"),
    "all": ("learned-prd", "learned-dst", "XSeg-prd", "XSeg-dst"),
}


def combine_masks(mode: str, part: Callable[[str], ImageF32], size: int) -> ImageF32:
    """Return the mask of a mode.

    Parameters
    ----------
    mode
        As in `MergeSettings.mask_mode`.
    part
        Returns a mask ``(size, size)`` float32 in [0, 1] by name: ``hull``, ``learned-prd``,
        ``learned-dst``, ``XSeg-prd``, ``XSeg-dst``. Called for those that the mode needs.
    size
        Pixels of the mask's sides.

    Returns
    -------
    ``(size, size)`` float32 in [0, 1], a new array.

    Examples
    --------
    >>> halves = {"learned-prd": np.float32([[0.5]]), "learned-dst": np.float32([[0.75]])}
    >>> combine_masks("learned-prd*dst", halves.__getitem__, 1).tolist()
    [[0.375]]
    >>> combine_masks("learned-prd+dst", halves.__getitem__, 1).tolist()
    [[1.0]]
    """
    names = _PARTS[mode]
    if "+" in mode:
        total: ImageF32 = np.clip(sum(part(name) for name in names), 0, 1).astype(np.float32)
        return total
    mask: ImageF32 = np.ones((size, size), np.float32)
    for name in names:
        mask *= part(name)
    return mask


def shape_mask(mask: ImageF32, factor: int, settings: MergeSettings) -> ImageF32:
    """Enlarge a mask, then erode and blur it, and let it end before the picture does.

    Parameters
    ----------
    mask
        ``(n, n)`` float32 in [0, 1], of the network's size.
    factor
        By how much to enlarge it.
    settings
        Its ``erode`` and ``blur`` count pixels of a mask of ``4 n``.

    Returns
    -------
    ``(factor n, factor n)`` float32 in [0, 1]: 0 at the border and below 1/255.
    """
    large = np.clip(enlarge(mask, factor), 0, 1)
    scale = factor / _REFERENCE
    if settings.erode:
        large = _eroded(large, settings.erode * scale)
    blur = settings.blur * scale
    border = max(1, math.ceil(blur / 2))
    large[:border] = large[-border:] = 0
    large[:, :border] = large[:, -border:] = 0
    if blur:
        large = _blurred(large, blur)
        large[:1] = large[-1:] = 0
        large[:, :1] = large[:, -1:] = 0
    large[large < _LEAST] = 0
    return large


def _eroded(mask: ImageF32, pixels: float) -> ImageF32:
    """Shrink a mask, or grow it by a negative number: an ellipse as wide as that."""
    from cvfast.io.opencv import load_cv2

    cv2 = load_cv2()
    width = max(1, round(abs(pixels)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    change = cv2.erode if pixels > 0 else cv2.dilate
    changed: ImageF32 = change(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return changed


def _blurred(mask: ImageF32, pixels: float) -> ImageF32:
    from cvfast.io.opencv import load_cv2

    cv2 = load_cv2()
    width = round(pixels) | 1
    blurred: NDArray[np.float32] = cv2.GaussianBlur(
        mask, (width, width), 0, borderType=cv2.BORDER_CONSTANT
    )
    return blurred
