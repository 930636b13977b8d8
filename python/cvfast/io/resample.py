"""Samples of a plane between its own, one axis at a time."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Taps", "blend_columns", "blend_rows", "gather", "taps"]

_F32: TypeAlias = NDArray[np.float32]
Box: TypeAlias = tuple[int, int, int, int]
Taps: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp], _F32]


def taps(start: int, stop: int, step: int, offset: float, size: int) -> Taps:
    """Return the two neighbours and the second's weight for luma positions start to stop.

    Parameters
    ----------
    start, stop
        Luma positions start <= x < stop.
    step, offset
        A luma position x lies at x / step + offset among the samples.
    size
        Number of samples; beyond them their border is continued.
    """
    position = np.arange(start, stop) / step + offset
    low = np.floor(position).astype(np.intp)
    weight = (position - low).astype(np.float32)
    return np.clip(low, 0, size - 1), np.clip(low + 1, 0, size - 1), weight


def blend_rows(plane: NDArray[Any], rows: Taps) -> _F32:
    """Interpolate between the rows of a plane."""
    low, high, weight = rows
    first: _F32 = plane[low].astype(np.float32)
    if not weight.any():
        return first
    first += (plane[high] - first) * weight[:, None]
    return first


def blend_columns(plane: _F32, columns: Taps) -> _F32:
    """Interpolate between the columns of a plane: at whole and half positions."""
    low, high, weight = columns
    first: _F32 = np.take(plane, low, axis=1)
    if not weight.any():
        return first
    # Only every other column lies between two samples.
    between = np.flatnonzero(weight)
    part = slice(int(between[0]), None, 2)
    first[:, part] = (first[:, part] + np.take(plane, high[part], axis=1)) * np.float32(0.5)
    return first


def gather(
    values: _F32, changed: NDArray[np.bool_], box: Box, samples: Box, steps: tuple[int, int]
) -> tuple[_F32, _F32]:
    """Average the changed pixels round each chroma site: weight (h, w) and sum (h, w, 2)."""
    x0, y0, x1, y1 = box
    i0, j0, i1, j1 = samples
    mask = changed.astype(np.float32)[..., None]
    stacked = np.concatenate([mask, values * mask], axis=2)
    if steps[0] == 2:  # 1 2 1 round the site, which lies on an even column
        centre = np.arange(i0, i1) * 2 - x0
        left, right = np.maximum(centre - 1, 0), np.minimum(centre + 1, x1 - x0 - 1)
        stacked = (stacked[:, left] + 2.0 * stacked[:, centre] + stacked[:, right]) * np.float32(
            0.25
        )
    if steps[1] == 2:  # the site lies half-way between two rows
        top = np.arange(j0, j1) * 2 - y0
        bottom = np.minimum(top + 1, y1 - y0 - 1)
        stacked = (stacked[top] + stacked[bottom]) * np.float32(0.5)
    return stacked[..., 0], stacked[..., 1:]
