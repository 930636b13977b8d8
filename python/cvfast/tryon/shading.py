"""Light on worn clothes: folds and shadows as factors, read off one garment and put on another.

A cloth of one colour shows its light directly: luma over the cloth's usual luma (the Retinex view,
Land and McCann, 1971). What is not of that colour (a logo, stripes) says nothing about the light
there, so it is left out and the factor is filled in smoothly. Where most of the cloth is pattern,
each of its colours is compared with itself and only the broad light is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.fill import smooth_fill
from cvfast.typing import ImageF32

__all__ = ["Shading", "apply_shading", "fine_grain", "luma", "read_shading", "remove_shading"]

_Mask: TypeAlias = NDArray[np.bool_]
_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_LEAST_LUMA = 0.02  # darker cloth shows no light
_CHROMA = 0.045  # of the cloth's colour, as shares of luma: further off is pattern
_LOG_LUMA = 0.55  # folds change luma by less than this factor's logarithm
_PLAIN = 0.6  # share of pixels of one colour from which on a cloth is plain
_DEEP = 1.4  # the same of deep shade, which is joined to the rest without a sharp edge
_SHARP = 0.13  # change of log luma from pixel to pixel that no shade makes
_SHARP_CHROMA = 0.06  # the same of red or blue over luma
_VISIBLE = 0.02  # change of luma under which no edge counts
_PALER = 4.0  # times the room that a cloth's colour has, where light pales it softly
_ROUGH = 0.045  # mean change of log luma within a few pixels: more than folds make
_GRAIN = 0.009  # the same of luma: in dark cloth less than that is the camera's noise
_FINE = 0.04  # most that grain and seams of a cloth change another one's colours
_RANGE = (0.35, 2.2)  # of factors
_WORK_PIXELS = 60000  # of the cloth's box: folds are wider than a pixel of that


@dataclass(frozen=True, eq=False)
class Shading:
    """How much brighter or darker than usual a cloth looks at each pixel.

    Parameters
    ----------
    factor
        (H, W) float32, or (H, W, 3) of coloured light: 1 where the light is as usual; smooth
        beyond the cloth.
    plain
        Whether the cloth is of one colour, so that its fine folds are in ``factor`` too.
    share
        Part of the cloth's pixels that the light was read from.
    colour
        The colour that most of a plain cloth has, (3,); None of a patterned one.
    known
        (H, W) bool: where the light of a plain cloth was read; None of a patterned one.
    level
        Luma, (1,), or red, green and blue, (3,), of a plain cloth where the factor is 1.
    """

    factor: ImageF32
    plain: bool
    share: float
    colour: NDArray[np.float64] | None = None
    known: _Mask | None = None
    level: NDArray[np.float64] | None = None


def luma(image: ImageF32) -> ImageF32:
    """Return BT.601 luma, (H, W) float32, of (H, W, 3)."""
    values: ImageF32 = np.einsum("hwc,c->hw", image, _WEIGHTS)
    return values


def read_shading(image: ImageF32, mask: _Mask, *, coloured: bool = False) -> Shading:
    """Read the light off a worn cloth.

    Parameters
    ----------
    image
        (H, W, 3) float32 in [0, 1].
    mask
        (H, W) bool: the cloth. Its rim is not used, for it is mixed with what is round.
    coloured
        Read red, green and blue of a plain cloth apart; right where the new cloth is the same. As
        that one is known to be plain, all changes of luma are light, however deep the folds.

    Examples
    --------
    >>> cloth = np.full((32, 32, 3), 0.5, np.float32)
    >>> cloth[:, 16:] *= np.float32(0.8)
    >>> shading = read_shading(cloth, np.ones((32, 32), bool))
    >>> ratio = shading.factor[16, 28] / shading.factor[16, 3]
    >>> shading.plain, round(float(ratio), 2)
    (True, 0.8)
    """
    cv2 = load_cv2()
    height, width = mask.shape
    box = _box_of(mask)
    if box is None:
        return Shading(np.ones(mask.shape, np.float32), plain=False, share=0.0)
    shrink = max(1.0, np.sqrt(mask[box].size / _WORK_PIXELS))
    size = max(1, round(width / shrink)), max(1, round(height / shrink))
    if shrink > 1:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 254
    small = _factors(image, mask, coloured)
    if shrink == 1:
        return small
    factor = cv2.resize(small.factor, (width, height), interpolation=cv2.INTER_LINEAR)
    known = small.known
    if known is not None:
        known = cv2.resize(known.view(np.uint8), (width, height), interpolation=0) > 0
    return replace(small, factor=factor, known=known)


def fine_grain(image: ImageF32, shading: Shading) -> ImageF32 | None:
    """Return what a plain cloth shows beside its smooth light: the photo's grain, threads, seams.

    Parameters
    ----------
    image
        (H, W, 3) float32 in [0, 1].
    shading
        The cloth's light, as read from ``image``.

    Returns
    -------
    (H, W, 1 or 3) float32 to be added to a new cloth, 0 where nothing is known; three channels, and
    all of it, where the light was read in colours, for then the new cloth is the same one. None of
    a patterned cloth.

    Examples
    --------
    >>> cloth = np.full((32, 32, 3), 0.5, np.float32)
    >>> cloth[::2] += np.float32(0.01)
    >>> shading = read_shading(cloth, np.ones((32, 32), bool))
    >>> fine = fine_grain(cloth, replace(shading, factor=np.ones((32, 32), np.float32)))
    >>> round(float(np.ptp(fine[8:24, 8:24])), 3)
    0.01
    """
    if shading.known is None or shading.level is None:
        return None
    cv2 = load_cv2()
    sure = cv2.morphologyEx(shading.known.view(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5))) > 0
    coloured = shading.factor.ndim == 3
    seen = image if coloured else luma(image)[..., None]
    factor = shading.factor if coloured else shading.factor[..., None]
    fine: ImageF32 = seen - factor * shading.level.astype(np.float32)
    if not coloured:
        np.clip(fine, -_FINE, _FINE, out=fine)
    fine *= sure[..., None]
    return fine


def _box_of(mask: _Mask) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _factors(image: ImageF32, mask: _Mask, coloured: bool) -> Shading:
    """Read the light off a cloth, at the picture's size."""
    cv2 = load_cv2()
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    if inner.sum() < 16:
        return Shading(np.ones(mask.shape, np.float32), plain=False, share=0.0)
    bright = luma(image)
    logs = np.log(np.maximum(bright, _LEAST_LUMA))
    usual = _of_usual_colour(image, bright, logs, inner, coloured)
    share = float(usual.sum() / inner.sum())
    colour = level = None
    if share >= _PLAIN:
        colour = np.median(image[usual], axis=0).astype(np.float64)
        seen = np.log(np.maximum(image, _LEAST_LUMA)) if coloured else logs
        middle = np.median(seen[usual], axis=0)
        level = np.atleast_1d(np.exp(middle).astype(np.float64))
        known, values, sigma = usual, seen - middle, 0.0
    else:
        known, values, sigma = inner, _against_own_colour(image, logs, inner), 0.08
    if sigma:
        sigma *= float(np.sqrt(inner.sum()))
        weights = known.astype(np.float32)
        total = cv2.GaussianBlur(weights, (0, 0), sigma)
        values = cv2.GaussianBlur(values * weights, (0, 0), sigma) / np.maximum(total, 1e-3)
    spread = smooth_fill(values.astype(np.float32), known)
    factor = np.exp(spread).clip(*_RANGE).astype(np.float32)
    plain = share >= _PLAIN
    return Shading(factor, plain, share, colour, known if plain else None, level)


def apply_shading(cloth: ImageF32, shading: Shading | ImageF32, strength: float = 1.0) -> ImageF32:
    """Return a cloth under the light of another: ``cloth * factor ** strength``, clipped.

    Parameters
    ----------
    cloth
        (H, W, 3) float32 in [0, 1].
    shading
        What `read_shading` returned, or its factor.
    strength
        0 (none) to 1.

    Raises
    ------
    ValueError
        Strength out of range.
    """
    factor = _powered(shading, strength)
    shaded: ImageF32 = np.clip(cloth * factor[..., None], 0, 1)
    return shaded


def remove_shading(cloth: ImageF32, shading: Shading | ImageF32, strength: float = 1.0) -> ImageF32:
    """Undo `apply_shading`; not clipped, so that applying the same light again is exact.

    Examples
    --------
    >>> cloth = np.full((2, 2, 3), 0.5, np.float32)
    >>> factor = np.full((2, 2), 0.8, np.float32)
    >>> flat = remove_shading(cloth, factor, 0.6)
    >>> bool(np.abs(apply_shading(flat, factor, 0.6) - cloth).max() < 1e-6)
    True
    """
    return (cloth / _powered(shading, strength)[..., None]).astype(np.float32)


def _powered(shading: Shading | ImageF32, strength: float) -> ImageF32:
    if not 0 <= strength <= 1:
        raise ValueError(f"shading: expected 0 to 1, got {strength}")
    factor = shading.factor if isinstance(shading, Shading) else shading
    return factor if strength == 1 else np.power(factor, np.float32(strength))


def _of_usual_colour(
    image: ImageF32, bright: ImageF32, logs: ImageF32, inner: _Mask, coloured: bool
) -> _Mask:
    """Return where a cloth has the colour that most of it has, whatever the light.

    Light that is strong pales a cloth, weak light makes it deeper: ``coloured`` follows it softly
    into such places.
    """
    ratios = image[..., (0, 2)] / np.maximum(bright, _LEAST_LUMA)[..., None]
    inside = ratios[inner]
    centre = np.array([_mode(inside[:, channel]) for channel in range(2)], np.float32)
    # In dark cloth the camera's noise alone moves the ratios.
    room = np.maximum(_CHROMA * 2, 0.012 / np.maximum(bright, _LEAST_LUMA))
    away = np.abs(ratios - centre) / np.maximum(centre, 1)
    same = inner & (np.maximum(away[..., 0], away[..., 1]) < room)
    if not same.any() or (not coloured and _busy(logs, same)):
        return np.zeros_like(same)
    middle = _mode(logs[same])
    usual: _Mask = same & (np.abs(logs - middle) < _LOG_LUMA)
    if coloured:
        same = inner & (np.maximum(away[..., 0], away[..., 1]) < _PALER * room)
        same &= ~_changes(ratios, bright) | usual
    return _with_deep_shade(usual, same & (np.abs(logs - middle) < _DEEP), logs)


def _changes(ratios: NDArray[Any], bright: ImageF32) -> _Mask:
    """Return where a colour changes from pixel to pixel, as at the edge of another cloth."""
    cv2 = load_cv2()
    wide = np.ones((3, 3), np.uint8)
    step = cv2.morphologyEx(cv2.blur(ratios, (3, 3)), cv2.MORPH_GRADIENT, wide).max(axis=2)
    changes: _Mask = (step > _SHARP_CHROMA) & (step * bright > _VISIBLE)
    return changes


def _with_deep_shade(usual: _Mask, wider: _Mask, logs: ImageF32) -> _Mask:
    """Add pixels in deep shade: shade comes softly, a darker print has an edge."""
    cv2 = load_cv2()
    if (wider == usual).all():
        return usual
    wide = np.ones((3, 3), np.uint8)
    steps = cv2.morphologyEx(cv2.blur(logs, (3, 3)), cv2.MORPH_GRADIENT, wide)
    sharp = (steps > 2 * _SHARP) & (steps * np.exp(logs) > _VISIBLE)
    soft = usual | (wider & ~sharp)
    core = cv2.erode(soft.astype(np.uint8), wide)  # not through a gap in an edge
    _, numbers = cv2.connectedComponents(core, connectivity=4)
    joined = np.bincount(numbers[usual], minlength=int(numbers.max()) + 1) > 0
    joined[0] = False
    reached: _Mask = cv2.dilate(joined[numbers].astype(np.uint8), wide) > 0
    shaded: _Mask = usual | (reached & soft)
    return shaded


def _busy(logs: ImageF32, same: _Mask) -> bool:
    """Return whether luma changes faster than folds do: stripes or checks in shades of a colour."""
    cv2 = load_cv2()
    weights = same.astype(np.float32)
    total = np.maximum(cv2.GaussianBlur(weights, (0, 0), 5.0), 1e-3)
    rough = (logs - cv2.GaussianBlur(logs * weights, (0, 0), 5.0) / total)[same]
    rough = np.abs(rough)
    return bool(rough.mean() > _ROUGH and (rough * np.exp(logs[same])).mean() > _GRAIN)


def _mode(values: NDArray[Any]) -> float:
    """Return the middle of the densest half of the values (the half-sample mode's first step)."""
    ordered = np.sort(values[:: max(1, len(values) // 20000)])
    half = max(1, len(ordered) // 2)
    widths = ordered[half:] - ordered[: len(ordered) - half]
    start = int(np.argmin(widths)) if widths.size else 0
    return float(np.median(ordered[start : start + half]))


def _against_own_colour(image: ImageF32, logs: ImageF32, inner: _Mask) -> ImageF32:
    """Return log luma less the mean of the colour cluster that a pixel belongs to."""
    cv2 = load_cv2()
    pixels = image[inner]
    sample = np.ascontiguousarray(pixels[:: max(1, len(pixels) // 4000)])
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1e-3)
    count = min(5, len(sample))
    _, _, centres = cv2.kmeans(sample, count, None, criteria, 1, cv2.KMEANS_PP_CENTERS)
    distances = np.stack([((pixels - centre) ** 2).sum(axis=1) for centre in centres])
    nearest = distances.argmin(axis=0)
    values = logs[inner]
    sums = np.bincount(nearest, values, count) / np.maximum(np.bincount(nearest, None, count), 1)
    out = np.zeros_like(logs)
    out[inner] = (values - sums[nearest]).clip(-_LOG_LUMA, _LOG_LUMA)
    return out
