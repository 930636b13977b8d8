"""Rectangle features on training patches, and the best weak learner among many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.typing import ImageU8

__all__ = ["MOST_PATCHES", "FeatureBank", "Features", "Split", "haar_features", "lbp_features"]

MOST_PATCHES = 32_767
_MEMORY = 2 << 30
_UNIT = float(1 << 30)  # what all weights together are in the core's whole numbers

# Name: width and height in units, then rectangles x, y, width, height (units) with their weights.
# The whole has weight -1, so that even patches give 0.
_Shape = tuple[int, int, tuple[tuple[int, int, int, int, float], ...]]
_BASIC: tuple[_Shape, ...] = (
    (2, 1, ((0, 0, 2, 1, -1), (1, 0, 1, 1, 2))),
    (1, 2, ((0, 0, 1, 2, -1), (0, 1, 1, 1, 2))),
    (3, 1, ((0, 0, 3, 1, -1), (1, 0, 1, 1, 3))),
    (1, 3, ((0, 0, 1, 3, -1), (0, 1, 1, 1, 3))),
    (2, 2, ((0, 0, 2, 2, -1), (0, 0, 1, 1, 2), (1, 1, 1, 1, 2))),
)
_CORE: tuple[_Shape, ...] = (
    (4, 1, ((0, 0, 4, 1, -1), (1, 0, 2, 1, 2))),
    (1, 4, ((0, 0, 1, 4, -1), (0, 1, 1, 2, 2))),
    (3, 3, ((0, 0, 3, 3, -1), (1, 1, 1, 1, 9))),
)
# A step along a tilted rectangle's width goes right and down, one along its height left and down.
_TILTED: tuple[_Shape, ...] = (*_BASIC[:4], *_CORE[:2])


@dataclass(frozen=True)
class Features:
    """Features of one window, as OpenCV's cascade files name them.

    Attributes
    ----------
    kind
        ``"haar"`` or ``"lbp"``.
    size
        Width and height of the window in pixels.
    rects
        int32; haar: (F, 3, 4), rectangles x, y, width, height, unused ones zeros; lbp: (F, 1, 4),
        the upper left of 3 x 3 equal blocks.
    weights
        (F, 3) float32 of the rectangles' sums; lbp: empty.
    tilted
        (F,) bool; lbp: empty.
    """

    kind: str
    size: tuple[int, int]
    rects: NDArray[np.int32]
    weights: NDArray[np.float32]
    tilted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rects)

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Features:
        """Return some of the features."""
        chosen = np.asarray(indices, np.int64)
        if self.kind == "lbp":
            return replace(self, rects=self.rects[chosen])
        return replace(
            self,
            rects=self.rects[chosen],
            weights=self.weights[chosen],
            tilted=self.tilted[chosen],
        )


class Split(NamedTuple):
    """The best cut of the best feature.

    Attributes
    ----------
    feature
        Its index; -1 where no feature parts the patches.
    threshold
        Haar: values under it go left.
    subset
        LBP: (256,) bool, the codes that go left.
    left
        (N,) bool, the patches that go left.
    gain
        What the search maximised: weighted errors saved, or weighted square explained.
    """

    feature: int
    threshold: float
    subset: NDArray[np.bool_]
    left: NDArray[np.bool_]
    gain: float


def haar_features(size: tuple[int, int], mode: str = "basic") -> Features:
    """List all Haar-like features of a window.

    Parameters
    ----------
    size
        Width and height of the window in pixels.
    mode
        ``"basic"``: edges, lines and four rectangles (162,336 of them at 24 x 24), as Viola and
        Jones (2001) have them; ``"core"``: wide lines and centre-surround too; ``"all"``: those,
        and tilted edges and lines (Lienhart and Maydt, 2002).

    Returns
    -------
    Features
        Shape by shape, then by x, y, width, height.

    Raises
    ------
    ValueError
        An unknown mode.

    Examples
    --------
    >>> from cvfast.kernels.boost import haar_features
    >>> len(haar_features((24, 24)))
    162336
    """
    if mode not in ("basic", "core", "all"):
        raise ValueError(f"mode: expected basic, core or all, got {mode!r}")
    upright = _BASIC if mode == "basic" else _BASIC + _CORE
    parts = [_placed(size, shape, tilted=False) for shape in upright]
    counts = [len(rects) for rects, _ in parts]
    if mode == "all":
        parts += [_placed(size, shape, tilted=True) for shape in _TILTED]
    total = sum(len(rects) for rects, _ in parts)
    tilted = np.arange(total) >= sum(counts)
    rects = np.concatenate([rects for rects, _ in parts])
    weights = np.concatenate([np.broadcast_to(w, (len(r), 3)) for r, w in parts])
    return Features("haar", size, rects, np.ascontiguousarray(weights, np.float32), tilted)


def lbp_features(size: tuple[int, int]) -> Features:
    """List all multi-block local binary patterns of a window (Liao and others, 2007).

    Parameters
    ----------
    size
        Width and height of the window in pixels.

    Returns
    -------
    Features
        By x, y, width, height of a block; 3 x 3 blocks lie in the window.

    Examples
    --------
    >>> from cvfast.kernels.boost import lbp_features
    >>> len(lbp_features((24, 24)))
    8464
    """
    corners = _places(size, 3, 3)
    none = np.empty((0, 3), np.float32), np.empty(0, np.bool_)
    return Features("lbp", size, np.ascontiguousarray(corners[:, None]), *none)


def _places(size: tuple[int, int], across: int, down: int) -> NDArray[np.int32]:
    """Return x, y, unit width, unit height of all shapes of so many units that fit."""
    width, height = size
    x, y, dx, dy = np.ogrid[:width, :height, 1 : width // across + 1, 1 : height // down + 1]
    fits = (x + across * dx <= width) & (y + down * dy <= height)
    places = np.argwhere(fits).astype(np.int32)
    places[:, 2:] += 1
    return places


def _tilted_places(size: tuple[int, int], across: int, down: int) -> NDArray[np.int32]:
    width, height = size
    x, y, dx, dy = np.ogrid[:width, :height, 1 : width + 1, 1 : width + 1]
    fits = (x + across * dx <= width) & (x - down * dy >= 0)
    places = np.argwhere(fits & (y + across * dx + down * dy <= height)).astype(np.int32)
    places[:, 2:] += 1
    return places


def _placed(
    size: tuple[int, int], shape: _Shape, *, tilted: bool
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the rectangles (F, 3, 4) of one shape at all places, and its three weights."""
    across, down, parts = shape
    places = (_tilted_places if tilted else _places)(size, across, down)
    rects = np.zeros((len(places), 3, 4), np.int32)
    weights = np.zeros(3, np.float32)
    x, y, dx, dy = places.T
    for k, (left, top, width, height, weight) in enumerate(parts):
        rects[:, k, 0] = x + left * dx - (top * dy if tilted else 0)
        rects[:, k, 1] = y + top * dy + (left * dx if tilted else 0)
        rects[:, k, 2], rects[:, k, 3] = width * dx, height * dy
        weights[k] = weight
    return rects, weights


class FeatureBank:
    """The values of features on patches, kept so that the best one is found again and again.

    Values are those of OpenCV's runtime: a Haar feature's weighted sum over the patch's deviation
    times its area (both without the outermost pixels); an LBP feature's code, bit by bit from the
    upper left clockwise whether a block is at least as bright as the middle one. Each Haar feature
    keeps the order of the patches by its value, so that a search is one walk along it; sums of
    weights are whole numbers, so that results do not depend on threads or instruction sets.

    Parameters
    ----------
    patches
        (N, height, width) uint8, of the window's size (4 to 256 pixels a side).
    features
        What to compute.
    memory
        Bytes for orders; those that do not fit are sorted anew at every search, which is slow. 0:
        for :meth:`values` only. N is at most 32,767 otherwise.
    threads
        At most so many threads, here and in every call; None: :func:`cvfast.get_num_threads`.

    Raises
    ------
    TypeError, ValueError
        Wrong dtype or shape, features outside the window, too many patches.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.kernels.boost import FeatureBank, haar_features
    >>> ramp = np.arange(36, dtype=np.uint8).reshape(1, 6, 6) * 7
    >>> bank = FeatureBank(np.concatenate([ramp, ramp[:, :, ::-1]]), haar_features((6, 6)))
    >>> bank.best(np.array([1.0, 1.0]), np.array([1, -1])).left
    array([False,  True])
    """

    def __init__(
        self,
        patches: ImageU8,
        features: Features,
        *,
        memory: int = _MEMORY,
        threads: int | None = None,
    ) -> None:
        self.features = features
        self._threads = thread_count(threads)
        self._count = len(patches) if isinstance(patches, np.ndarray) else 0
        _check_patches(patches, features.size)
        haar = features.kind == "haar"
        self._core = _core.FeatureBank(
            np.ascontiguousarray(patches),
            np.ascontiguousarray(features.rects, np.int32),
            np.ascontiguousarray(features.weights, np.float32) if haar else None,
            np.ascontiguousarray(features.tilted, np.bool_) if haar else None,
            memory,
            self._threads,
        )

    def __len__(self) -> int:
        return self._count

    def values(self, features: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the values of some features on all patches.

        Parameters
        ----------
        features
            (K,) their indices.

        Returns
        -------
        numpy.ndarray
            (K, N) float32; LBP: codes 0 to 255.

        Raises
        ------
        ValueError
            An index out of range.
        """
        chosen = np.ascontiguousarray(features, np.int64)
        out = np.empty((len(chosen), self._count), np.float32)
        self._core.values(chosen, out, self._threads)
        return out

    def best(
        self, weights: NDArray[np.float64], labels: NDArray[Any], *, rule: str = "errors"
    ) -> Split:
        """Return the cut that parts weighted patches best; of equal ones the first feature's.

        Parameters
        ----------
        weights
            (N,) at least 0; taken in units of 2^-30 of their sum.
        labels
            (N,) -1 or 1.
        rule
            ``"errors"``: fewest weighted errors; ``"squares"``: the least weighted squared
            distance from the labels to the means of both sides (gentle AdaBoost's regression).

        Raises
        ------
        ValueError
            Wrong shapes, weights that are negative or not finite, an unknown rule, or over 32,767
            patches.
        """
        if rule not in ("errors", "squares"):
            raise ValueError(f"rule: expected errors or squares, got {rule!r}")
        whole = _whole(weights, self._count)
        signs = np.ascontiguousarray(np.where(np.asarray(labels) > 0, whole, -whole))
        feature, gain = self._core.best(signs, whole if rule == "squares" else None, self._threads)
        if feature < 0:
            nothing = np.zeros(self._count, np.bool_)
            return Split(-1, 0.0, np.zeros(256, np.bool_), nothing, 0.0)
        values = self.values([feature])[0]
        cut = _subset if self.features.kind == "lbp" else _threshold
        threshold, subset, left = cut(values, signs, whole, rule)
        return Split(feature, threshold, subset, left, gain)


def _check_patches(patches: Any, size: tuple[int, int]) -> None:
    if not isinstance(patches, np.ndarray) or patches.dtype != np.uint8:
        kind = getattr(patches, "dtype", type(patches).__name__)
        raise TypeError(f"patches: expected a uint8 array, got {kind}")
    if patches.ndim != 3 or patches.shape[1:] != (size[1], size[0]):
        raise ValueError(f"patches: expected shape (N, {size[1]}, {size[0]}), got {patches.shape}")


def _whole(weights: NDArray[np.float64], count: int) -> NDArray[np.int32]:
    shares = np.asarray(weights, np.float64)
    if shares.shape != (count,):
        raise ValueError(f"weights: expected shape ({count},), got {shares.shape}")
    total = shares.sum()
    if not np.isfinite(total) or total <= 0 or shares.min() < 0:
        raise ValueError("weights: expected numbers of at least 0, one of them over 0")
    whole: NDArray[np.int32] = np.rint(shares * (_UNIT / total)).astype(np.int32)
    return whole


def _gains(signs: NDArray[np.int32], weights: NDArray[np.int32], rule: str) -> NDArray[np.float64]:
    """Return how good the cut behind each of the ordered groups is."""
    left, held = np.cumsum(signs, dtype=np.int64), np.cumsum(weights, dtype=np.int64)
    if rule == "errors":
        low, high = -signs[signs < 0].sum(dtype=np.int64), signs[signs > 0].sum(dtype=np.int64)
        # Left negative, or left positive.
        errors: NDArray[np.float64] = np.minimum(low + left, high - left).astype(np.float64)
        return -errors
    rest = held[-1] - held
    distance = left - held * (float(left[-1]) / max(float(held[-1]), 1.0))
    product = held.astype(np.float64) * rest
    return np.where(product > 0, distance**2 / np.maximum(product, 1.0), -1.0)


_Cut = tuple[float, NDArray[np.bool_], NDArray[np.bool_]]


def _threshold(
    values: NDArray[np.float32], signs: NDArray[np.int32], weights: NDArray[np.int32], rule: str
) -> _Cut:
    order = np.argsort(values, kind="stable")
    gains = _gains(signs[order], weights[order], rule)
    ascending = values[order]
    gains[:-1][ascending[:-1] == ascending[1:]] = -np.inf
    cut = int(np.argmax(gains[:-1]))
    # What has no weight does not count for where between its neighbours the threshold lies.
    heavy = np.flatnonzero(weights[order] > 0)
    before, after = heavy[heavy <= cut], heavy[heavy > cut]
    low = ascending[before[-1] if len(before) else cut]
    high = ascending[after[0] if len(after) else cut + 1]
    middle = np.float32((float(low) + float(high)) / 2)
    threshold = middle if low < middle <= high else high
    return float(threshold), np.zeros(256, np.bool_), values < threshold


def _subset(
    values: NDArray[np.float32], signs: NDArray[np.int32], weights: NDArray[np.int32], rule: str
) -> _Cut:
    codes = values.astype(np.int64)
    sums = np.zeros((2, 256), np.int64)
    np.add.at(sums[0], codes, signs)
    np.add.at(sums[1], codes, weights)
    if rule == "errors":
        subset = sums[0] < 0
    else:
        held = np.flatnonzero(sums[1])
        order = held[np.argsort(sums[0, held] / sums[1, held], kind="stable")]
        gains = _gains(sums[0, order], sums[1, order], rule)
        subset = np.zeros(256, np.bool_)
        subset[order[: int(np.argmax(gains[:-1])) + 1]] = True
    return 0.0, subset, subset[codes]
