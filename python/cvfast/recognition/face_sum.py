"""A sum of pictures that do not cover all of the frame, and the mean that comes of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageF32, ImageU8

__all__ = ["FaceSum"]

Points = NDArray[np.float64]
_KNOWN = 0.3  # of all weight: where less comes together, a few pictures' edges would show


class FaceSum:
    """A weighted sum of pictures, of which the mean can be taken at any time.

    Parameters
    ----------
    size
        Pixels of each side.

    Examples
    --------
    >>> import numpy as np
    >>> total = FaceSum(2)
    >>> for level in (10, 20):
    ...     total.add(np.full((2, 2, 3), level, np.float32), np.ones((2, 2), np.float32))
    >>> total.mean()[0, 0].tolist()
    [15, 15, 15]
    """

    def __init__(self, size: int) -> None:
        self._color = np.zeros((size, size, 3))
        self._weight, self._cover = np.zeros((size, size)), np.zeros((size, size))
        self._most = 0.0

    def add(
        self, pixels: ImageF32, cover: ImageF32, factor: float = 1.0, seen: ImageF32 | None = None
    ) -> None:
        """Add a picture.

        Parameters
        ----------
        pixels
            (size, size, 3) levels.
        cover
            (size, size) in [0, 1]: where the picture is. Where none is, `mean` continues what lies
            round.
        factor
            How much the picture counts.
        seen
            (size, size) in (0, 1]: how much each of its pixels counts; None: all alike.
        """
        weight = cover * np.float32(factor)
        if seen is not None:
            weight = weight * seen
        self._color += pixels * weight[..., None]
        self._weight += weight
        self._cover += cover * np.float32(factor)
        self._most += factor

    def include(self, other: FaceSum) -> None:
        """Add what another sum of that size has."""
        self._color += other._color
        self._weight += other._weight
        self._cover += other._cover
        self._most += other._most

    def mean(self) -> ImageU8:
        """Return the mean so far, (size, size, 3)."""
        sums = np.dstack([self._color, self._weight, self._cover])
        levels = _filled(sums, self._most)
        return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _filled(sums: Points, most: float) -> Points:
    """Divide sums by their weights; where little is covered, go on with half as large a picture.

    Pull-push (Gortler and others, *The Lumigraph*, 1996).
    """
    levels: Points = sums[..., :3] / np.maximum(sums[..., 3:4], np.finfo(np.float64).tiny)
    known = np.clip(sums[..., 4:] / (_KNOWN * max(most, 1e-300)), 0, 1)
    known = known * known * (3 - 2 * known)
    if known.min() == 1 or min(sums.shape[:2]) < 2:
        return levels
    coarse = _filled(_halved(sums), most)
    filled: Points = levels * known + _doubled(coarse, sums.shape[:2]) * (1 - known)
    return filled


def _halved(values: Points) -> Points:
    """Mean of each 2 x 2 block; an odd edge is repeated."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows = even[::2] + even[1::2]
    quarters: Points = (rows[:, ::2] + rows[:, 1::2]) / 4
    return quarters


def _doubled(values: Points, size: tuple[int, ...]) -> Points:
    """Enlarge by 2, linearly between the centres."""
    for axis in (0, 1):
        count = size[axis]
        at = np.clip((np.arange(count) - 0.5) / 2, 0, values.shape[axis] - 1)
        low = at.astype(np.intp)
        high = np.minimum(low + 1, values.shape[axis] - 1)
        share = (at - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        values = values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return values
