"""Samples of a plane between its own, and their means over blocks: one axis at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BlockWeights",
    "Taps",
    "blend_columns",
    "blend_rows",
    "block_means",
    "check_edges",
    "gather",
    "taps",
]

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


@dataclass(frozen=True, eq=False, slots=True)
class BlockWeights:
    """Means over blocks of interpolated positions, as weights of the samples themselves.

    Attributes
    ----------
    first
        (n,) a block's first sample.
    weights
        (k, n): of the sample first + j, for j < k; where that is past the last sample, 0.
    stop
        One past the last sample that counts.
    """

    first: NDArray[np.intp]
    weights: _F32
    stop: int

    @classmethod
    def of(cls, edges: NDArray[np.intp], sited: Taps | None = None) -> BlockWeights:
        """Weigh the samples for blocks between luma edges (n + 1,).

        Parameters
        ----------
        edges
            Growing luma positions.
        sited
            `taps` of the positions edges[0] to edges[-1]; None: a sample at each position.
        """
        lengths = np.diff(edges)
        if sited is None:
            positions = np.arange(edges[0], edges[-1])
            sited = positions, positions, np.zeros(len(positions), np.float32)
        low, high, weight = sited
        block = np.repeat(np.arange(len(lengths)), lengths)
        first = low[edges[:-1] - edges[0]]
        counts = np.zeros((int((high - first[block]).max()) + 1, len(lengths)), np.float32)
        np.add.at(counts, (low - first[block], block), 1 - weight)
        np.add.at(counts, (high - first[block], block), weight)
        counts /= lengths.astype(np.float32)
        return cls(first, counts, int(high[-1]) + 1)

    @property
    def start(self) -> int:
        """The first sample that counts."""
        return int(self.first[0])

    def moved(self, by: int) -> BlockWeights:
        """Return the weights of samples that are counted from elsewhere."""
        return BlockWeights(self.first + by, self.weights, self.stop + by)

    def means(self, plane: NDArray[Any]) -> _F32:
        """Average rows: (h, w) to (n, w)."""
        total: _F32 = plane[self.first] * self.weights[0][:, None]
        for after, weight in enumerate(self.weights[1:], 1):
            total += plane[np.minimum(self.first + after, self.stop - 1)] * weight[:, None]
        return total


def block_means(plane: NDArray[Any], columns: BlockWeights, rows: BlockWeights) -> _F32:
    """Average a plane (h, w) over blocks."""
    part = plane[:, columns.start : columns.stop]
    across = rows.means(part)
    # Whole rows are quicker to add than columns.
    return columns.moved(-columns.start).means(np.ascontiguousarray(across.T)).T


def check_edges(name: str, edges: ArrayLike, size: int) -> NDArray[np.intp]:
    """Return edges of blocks as an array; raise ValueError if they do not grow inside a size."""
    array = np.asarray(edges, np.intp)
    if array.ndim != 1 or len(array) < 2 or array[0] < 0 or array[-1] > size:
        raise ValueError(f"{name}: expected two or more edges in [0, {size}], got {array.tolist()}")
    if (np.diff(array) < 1).any():
        raise ValueError(f"{name}: expected growing edges, got {array.tolist()}")
    return array


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
