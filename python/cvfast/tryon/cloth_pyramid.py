"""A garment's picture at several sizes, so that drawing it small does not flicker."""

from __future__ import annotations

import numpy as np

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32

__all__ = ["ClothPyramid"]

_MOST = 6  # times it is halved


class ClothPyramid:
    """A garment's picture, halved as often as a drawing needs.

    Parameters
    ----------
    cloth
        (H', W', 3) float32.
    """

    def __init__(self, cloth: ImageF32) -> None:
        self._levels = [cloth]

    def sample(self, grid: ImageF32) -> ImageF32:
        """Sample the picture at each pixel's place in it.

        Parameters
        ----------
        grid
            (h, w, 2) float32 places x, y; beyond the picture its edge goes on.

        Returns
        -------
        (h, w, 3) float32. Where the picture is shrunk, it is averaged first.
        """
        cv2 = load_cv2()
        step, level = _typical_step(grid), 0
        while step > 1.5 and level < _MOST and min(self._level(level).shape[:2]) > 8:
            step /= 2
            level += 1
        cloth, full = self._level(level), self._levels[0]
        if level:
            ratio = np.array(
                [cloth.shape[1] / full.shape[1], cloth.shape[0] / full.shape[0]], np.float32
            )
            grid = (grid + np.float32(0.5)) * ratio - np.float32(0.5)
        sampled: ImageF32 = cv2.remap(
            cloth,
            np.ascontiguousarray(grid[..., 0]),
            np.ascontiguousarray(grid[..., 1]),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.clip(sampled, 0, None)

    def _level(self, number: int) -> ImageF32:
        while len(self._levels) <= number:
            last = self._levels[-1]
            size = ((last.shape[1] + 1) // 2, (last.shape[0] + 1) // 2)
            cv2 = load_cv2()
            self._levels.append(cv2.resize(last, size, interpolation=cv2.INTER_AREA))
        return self._levels[number]


def _typical_step(grid: ImageF32) -> float:
    """Return how many pixels of the garment's picture a pixel of the drawing covers."""
    across = np.diff(grid[:-1], axis=1)
    down = np.diff(grid[:, :-1], axis=0)
    area = np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0])
    return float(np.sqrt(np.median(area))) if area.size else 1.0
