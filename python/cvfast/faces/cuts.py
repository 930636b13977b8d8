"""Scene cuts, seen in a few rows of each frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.sampling import PixelReader, read_luma

__all__ = ["CutDetector"]

_ROWS, _COLUMNS = 10, 32  # cells of the thumbnail
_SHADES = 16
_LEAST = 12.0  # levels, mean difference: less is no cut whatever else has changed
_SUDDEN = 3.0  # times the usual difference of late
_ALIKE = 0.6  # correlation: frames that look more alike than this show one scene
_SHIFT = 0.15  # share of the cells that must change their shade
_USUAL = 0.1  # weight of the newest frame in the usual difference


class CutDetector:
    """Says where a clip cuts to another scene: call it with every frame, in order.

    A cut changes the picture much more than the frames before it did, in where things are (the
    cells' differences and correlation, an even change of brightness taken out) and in its shades
    (their histogram). A flash changes the brightness only, motion what it does steadily.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> scenes = [np.repeat(np.repeat(rng.integers(0, 256, (8, 8), np.uint8), 20, 0), 40, 1)
    ...           for _ in range(2)]
    >>> is_cut = CutDetector()
    >>> [is_cut(PixelReader.of(scenes[number])) for number in (0, 0, 1, 1)]
    [False, False, True, False]
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float64] | None = None
        self._usual = 0.0

    def __call__(self, reader: PixelReader) -> bool:
        """Take the next frame; return whether a new scene begins with it."""
        now, last = _thumbnail(reader), self._last
        self._last = now
        if last is None or last.shape != now.shape:
            self._usual = 0.0
            return last is not None
        difference = _unlike(now, last)
        usual, self._usual = self._usual, self._usual + _USUAL * (difference - self._usual)
        if difference < _LEAST or difference < _SUDDEN * usual:
            return False
        cut = _correlation(now, last) < _ALIKE and _shade_shift(now, last) > _SHIFT
        if cut:
            self._usual = usual  # a new scene's motion, not the jump, is what is usual
        return cut


def _thumbnail(reader: PixelReader) -> NDArray[np.float64]:
    """Means of stretches of some rows: cheap to read, and noise averages out."""
    width, height = reader.size
    columns = min(_COLUMNS, width)
    step = width // columns
    rows = ((np.arange(_ROWS) + 0.5) * height / _ROWS).astype(int)
    if height < _ROWS:
        rows = np.arange(height)
    lines = [read_luma(reader, (0, row, step * columns, row + 1)) for row in rows.tolist()]
    cells = np.concatenate(lines).reshape(len(lines), columns, step)
    means: NDArray[np.float64] = cells.mean(axis=2, dtype=np.float64)
    return means


def _unlike(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Mean difference in levels, an even change of brightness taken out."""
    change = a - b
    return float(np.abs(change - change.mean()).mean())


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    x, y = a - a.mean(), b - b.mean()
    return float((x * y).sum() / max(float(np.sqrt((x * x).sum() * (y * y).sum())), 1e-9))


def _shade_shift(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Share of the cells by which the two histograms differ, the mean brightness taken out."""
    edges = np.linspace(-256, 256, 2 * _SHADES + 1)
    first, second = (np.histogram(cells - cells.mean(), edges)[0] for cells in (a, b))
    return float(np.abs(first - second).sum()) / 2 / a.size
