"""How alike two pictures are inside a region, along its border, and outside of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.metrics.similarity import ssim_map
from cvfast.typing import Image

__all__ = ["RegionScore", "endpoint_error", "mask_iou", "region_scores"]

_BORDER = 4  # pixels on either side of a region's edge


@dataclass(frozen=True, slots=True)
class RegionScore:
    """How alike two pictures are in one region.

    Parameters
    ----------
    pixels
        Number of its pixels; the figures of an empty region are NaN.
    error
        Mean absolute difference in grey levels of 255, over channels too.
    psnr
        In decibels; infinite where both are equal.
    ssim
        Mean structural similarity of the 11 x 11 windows about its pixels.
    """

    pixels: int
    error: float
    psnr: float
    ssim: float


def region_scores(
    a: Image, b: Image, mask: NDArray[np.bool_], *, border: int = _BORDER
) -> dict[str, RegionScore]:
    """Compare two pictures inside a region, along its border and outside, apart.

    A white background or an untouched one makes any whole-picture figure look good, so the three
    are never averaged.

    Parameters
    ----------
    a, b
        ``(H, W)`` or ``(H, W, 3)``, both uint8 or both float32 in [0, 1]; sides of 11 at least.
    mask
        ``(H, W)`` bool.
    border
        The border reaches so many pixels to either side of the edge; inside and outside are what
        it leaves.

    Returns
    -------
    dict
        ``"inside"``, ``"border"``, ``"outside"``.

    Raises
    ------
    TypeError, ValueError
        As `cvfast.metrics.similarity.ssim`; a mask of another shape or dtype, a border under 0.

    Examples
    --------
    >>> import numpy as np
    >>> black, mask = np.zeros((40, 40), np.uint8), np.zeros((40, 40), bool)
    >>> mask[10:30, 10:30] = True
    >>> scores = region_scores(black, np.where(mask, 10, black).astype(np.uint8), mask)
    >>> scores["inside"].error, scores["outside"].error
    (10.0, 0.0)
    """
    similar = ssim_map(a, b)
    if mask.shape != a.shape[:2] or mask.dtype != bool:
        raise ValueError(
            f"mask: expected bool of shape {a.shape[:2]}, got {mask.dtype} of shape {mask.shape}"
        )
    if border < 0:
        raise ValueError(f"border: expected at least 0, got {border}")
    peak = 255.0 if a.dtype == np.uint8 else 1.0
    difference = np.abs(a.astype(np.float64) - b.astype(np.float64)) * (255 / peak)
    if difference.ndim == 3:
        squared, difference = (difference**2).mean(axis=2), difference.mean(axis=2)
        similar = similar.mean(axis=2)
    else:
        squared = difference**2
    edge = _near_edge(mask, border)
    regions = {"inside": mask & ~edge, "border": edge, "outside": ~mask & ~edge}
    return {name: _score(difference, squared, similar, where) for name, where in regions.items()}


def mask_iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return the intersection over union of two masks; 1 where both are empty.

    Raises
    ------
    ValueError
        Different shapes, or not bool.

    Examples
    --------
    >>> import numpy as np
    >>> mask_iou(np.array([True, True, False]), np.array([False, True, True]))  # doctest: +ELLIPSIS
    0.333...
    """
    if a.shape != b.shape or a.dtype != bool or b.dtype != bool:
        raise ValueError(
            f"b: expected bool of shape {a.shape}, got {b.dtype} of shape {b.shape} "
            f"(a is {a.dtype})"
        )
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def endpoint_error(
    flow: NDArray[np.floating], truth: NDArray[np.floating], mask: NDArray[np.bool_] | None = None
) -> float:
    """Return the mean distance of two fields of points, in pixels.

    Parameters
    ----------
    flow, truth
        ``(H, W, 2)`` points or displacements; places where either is not finite do not count.
    mask
        ``(H, W)`` bool: where to look.

    Returns
    -------
    float
        NaN where nothing is left to compare.

    Raises
    ------
    ValueError
        Different shapes.

    Examples
    --------
    >>> import numpy as np
    >>> endpoint_error(np.zeros((4, 4, 2)), np.full((4, 4, 2), (3.0, 4.0)))
    5.0
    """
    if flow.shape != truth.shape or flow.ndim != 3 or flow.shape[2] != 2:
        raise ValueError(
            f"truth: expected shape {flow.shape} as flow, (H, W, 2), got {truth.shape}"
        )
    apart = np.linalg.norm(flow.astype(np.float64) - truth.astype(np.float64), axis=2)
    counted = np.isfinite(apart)
    if mask is not None:
        if mask.shape != apart.shape:
            raise ValueError(f"mask: expected shape {apart.shape}, got {mask.shape}")
        counted &= mask
    return float(apart[counted].mean()) if counted.any() else math.nan


def _near_edge(mask: NDArray[np.bool_], border: int) -> NDArray[np.bool_]:
    """Pixels within so many of an edge, in squares about each."""
    edge = np.zeros(mask.shape, bool)
    if not border:
        return edge
    return _grown(mask, border) & _grown(~mask, border)


def _grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    grown = mask.copy()
    for step in range(1, reach + 1):
        grown[step:] |= mask[:-step]
        grown[:-step] |= mask[step:]
    rows = grown.copy()
    for step in range(1, reach + 1):
        grown[:, step:] |= rows[:, :-step]
        grown[:, :-step] |= rows[:, step:]
    return grown


def _score(
    difference: NDArray[np.float64],
    squared: NDArray[np.float64],
    similar: NDArray[np.float64],
    where: NDArray[np.bool_],
) -> RegionScore:
    pixels = int(where.sum())
    if not pixels:
        return RegionScore(0, math.nan, math.nan, math.nan)
    mean = float(squared[where].mean())
    psnr = 10 * math.log10(255**2 / mean) if mean > 0 else math.inf
    # Windows lie inside the picture, so none is about the outermost pixels.
    reach = (where.shape[0] - similar.shape[0]) // 2
    middle = where[reach : where.shape[0] - reach, reach : where.shape[1] - reach]
    windows = similar[middle]
    return RegionScore(
        pixels,
        float(difference[where].mean()),
        psnr,
        float(windows.mean()) if windows.size else math.nan,
    )
