"""Where the new garment is the worn one, its pattern is laid exactly onto the photo's.

Landmarks and outlines say nothing of how far a body is turned inside its clothes; the pattern that
is seen does. Of any other garment nothing can be learnt this way, and it stays as it was laid.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.finishing import Look, draw_cloth
from cvfast.typing import ImageF32

__all__ = ["registered"]

_Mask: TypeAlias = NDArray[np.bool_]
_COLOUR = 0.1  # most that the mean colours of one cloth differ
_SPREAD = (0.5, 2.0)  # ratio of the two patterns' contrasts
_ALIKE = 0.6  # correlation from which on the patterns are one
_GAIN = 0.85  # the error has to fall to this share
_SHIFT = 0.08  # of the garment's width: how far the whole is looked for
_SMOOTH = 3.0  # pixels
_ROUNDS = 3
_COARSE = 128  # pixels of the longer side at which the whole is shifted


def registered(look: Look, photo: ImageF32, seen: _Mask) -> Look | None:
    """Lay a garment onto the same one in the photo.

    Parameters
    ----------
    look
        The garment as outlines and landmarks have it.
    photo
        (h, w, 3) float32, the photo's part that the look covers.
    seen
        (h, w) bool: where the worn garment is seen and the new one shows.

    Returns
    -------
    Look or None
        None where it is another garment, a plain one, or nothing is gained.
    """
    cv2 = load_cv2()
    seen = cv2.erode(seen.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if seen.sum() < 400 or not _one_cloth(_sampled(look, seen), photo[::4, ::4][seen[::4, ::4]]):
        return None
    drawn = _lit(look)
    if not _one_cloth(drawn[seen], photo[seen]):
        return None
    error = float(np.abs(drawn - photo)[seen].mean())
    best = None
    for _ in range(_ROUNDS):
        look = _carried(look, _flow(drawn, photo, seen))
        drawn = _lit(look)
        after = float(np.abs(drawn - photo)[seen].mean())
        if after > _GAIN * error:
            break
        best, error = look, after
    if best is None or _correlation(_lit(best)[seen], photo[seen]) < _ALIKE:
        return None
    return best


def _sampled(look: Look, seen: _Mask) -> ImageF32:
    """Return the garment's colours at every fourth pixel that is seen, (n, 3): soon done."""
    here = seen[::4, ::4]
    x, y = np.round(look.grid[::4, ::4][here]).astype(int).T
    height, width = look.cloth.shape[:2]
    light = look.light[::4, ::4][here]
    colours = look.cloth[y.clip(0, height - 1), x.clip(0, width - 1)]
    sampled: ImageF32 = colours * (light if light.ndim == 2 else light[:, None])
    return sampled


def _carried(look: Look, flow: ImageF32) -> Look:
    """Return a look whose garment is read where the flow points."""
    sleeves = tuple(
        replace(sleeve, grid=_moved(sleeve.grid, flow, sleeve.corner)) for sleeve in look.sleeves
    )
    return replace(look, grid=_moved(look.grid, flow, (0, 0)), sleeves=sleeves)


def _lit(look: Look) -> ImageF32:
    """Draw the garment in the photo's light, at the look's size."""
    height, width = look.alpha.shape
    cloth = draw_cloth(look, (slice(0, height), slice(0, width)), (width, height))
    light = look.light if look.light.ndim == 3 else look.light[..., None]
    lit: ImageF32 = np.clip(cloth * light, 0, 1).astype(np.float32)
    return lit


def _one_cloth(drawn: ImageF32, photo: ImageF32) -> bool:
    """Return whether two sets of colours (n, 3) are alike in mean and contrast, and patterned."""
    apart = float(np.abs(drawn.mean(axis=0) - photo.mean(axis=0)).max())
    spreads = float(drawn.std(axis=0).max()), float(photo.std(axis=0).max())
    ratio = spreads[0] / max(spreads[1], 1e-6)
    return apart < _COLOUR and spreads[0] > 0.01 and _SPREAD[0] < ratio < _SPREAD[1]


def _correlation(one: ImageF32, other: ImageF32) -> float:
    """Return the correlation of two sets of colours, each channel less its mean."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    both = float((one**2).sum()) * float((other**2).sum())
    return float((one * other).sum()) / max(float(np.sqrt(both)), 1e-9)


def _flow(drawn: ImageF32, photo: ImageF32, seen: _Mask) -> ImageF32:
    """Return for each pixel of the photo how far away its cloth is in the drawn garment."""
    cv2 = load_cv2()
    shift = _whole_shift(drawn, photo, seen)
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = drawn.shape[1], drawn.shape[0]
    placed = cv2.warpAffine(drawn, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    placed = np.where(seen[..., None], placed, photo)
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = search.calc(_grey(photo), _grey(placed), None)
    weight = seen.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), _SMOOTH)
    smooth = cv2.GaussianBlur(found * weight[..., None], (0, 0), _SMOOTH)
    flow: ImageF32 = smooth / np.maximum(total, np.float32(0.05))[..., None]
    return flow + np.array(shift, np.float32)


def _whole_shift(drawn: ImageF32, photo: ImageF32, seen: _Mask) -> tuple[float, float]:
    """Return the shift in x and y of the whole garment that explains the photo best."""
    cv2 = load_cv2()
    left, top, width, height = cv2.boundingRect(seen.astype(np.uint8))
    step = max(1.0, max(width, height) / _COARSE)
    most = max(1, round(_SHIFT * width / step))
    box = slice(top, top + height), slice(left, left + width)
    size = max(4, round(width / step)), max(4, round(height / step))
    small, wanted = (
        cv2.resize(image[box], size, interpolation=cv2.INTER_AREA) for image in (drawn, photo)
    )
    valid = cv2.resize(seen[box].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    wide = cv2.copyMakeBorder(small, most, most, most, most, cv2.BORDER_REPLICATE)
    mask = np.repeat((valid > 0.99).astype(np.float32)[..., None], 3, axis=2)
    errors = cv2.matchTemplate(wide, wanted, cv2.TM_SQDIFF, mask=mask)
    y, x = np.mgrid[-most : most + 1, -most : most + 1] / most
    errors = errors * (1 + 0.1 * np.hypot(x, y))  # of equal ones the nearest
    row, column = np.unravel_index(int(np.argmin(errors)), errors.shape)
    return float((column - most) * step), float((row - most) * step)


def _moved(grid: ImageF32, flow: ImageF32, corner: tuple[int, int]) -> ImageF32:
    """Return a map read where the flow points, for a patch whose first pixel is at ``corner``."""
    cv2 = load_cv2()
    height, width = grid.shape[:2]
    part = flow[corner[1] : corner[1] + height, corner[0] : corner[0] + width]
    height, width = part.shape[:2]
    x = part[..., 0] + np.arange(width, dtype=np.float32)
    y = part[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    moved: ImageF32 = grid.copy()
    moved[:height, :width] = cv2.remap(
        grid, x, y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return moved


def _grey(image: ImageF32) -> NDArray[np.uint8]:
    return np.asarray(load_cv2().cvtColor(np.round(image * 255).astype(np.uint8), 7), np.uint8)
