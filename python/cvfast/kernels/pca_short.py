"""Scores of one sample from components of 16 bits each, with how far off they may be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast import _core

__all__ = ["ShortProjection"]


class ShortProjection:
    """Components of half the bytes: memory bounds the projection of a single sample.

    Parameters
    ----------
    components
        (k, d) float32.
    mean
        (d,) float64.

    Examples
    --------
    >>> import numpy as np
    >>> short = ShortProjection(np.eye(3, 5, dtype=np.float32), np.zeros(5))
    >>> scores, off = short.scores(np.array([[1, 2, 3, 4, 5]], np.uint8))
    >>> scores.round(3).tolist(), off < 1e-3
    ([1.0, 2.0, 3.0], True)
    """

    def __init__(self, components: NDArray[np.float32], mean: NDArray[np.float64]) -> None:
        self._arrays = np.ascontiguousarray(components), np.ascontiguousarray(mean)
        self._core = _core.ShortProjection(*self._arrays)

    def scores(
        self, sample: NDArray[np.uint8] | NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float]:
        """Return a sample's scores, (k,), and the most that they are off, as a vector's length.

        Parameters
        ----------
        sample
            (1, d), values packed.

        Raises
        ------
        ValueError
            Another shape, NaN or infinity.
        """
        if sample.ndim != 2 or sample.dtype not in (np.uint8, np.float32):
            raise ValueError(
                f"sample: expected uint8 or float32 (1, d), got {sample.dtype} {sample.shape}"
            )
        return self._core.transform(np.ascontiguousarray(sample))

    def __getstate__(self) -> dict[str, Any]:
        """Return the plain arrays; what the core keeps is made anew."""
        return {"_arrays": self._arrays}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(*state["_arrays"])  # type: ignore[misc]
