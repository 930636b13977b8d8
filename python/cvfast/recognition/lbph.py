"""Local binary patterns: faces as histograms of small patterns, compared by chi-square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.pca_fit import check_finite
from cvfast.recognition.classifier import FaceClassifier, Faces, checked_labels, face_rows

__all__ = ["LBPH", "chi_square", "local_binary_patterns"]

_TIE = 1e-4  # levels: what rounding leaves of equal ones
_MOST_NEIGHBORS, _MOST_RADIUS, _MOST_CELLS = 12, 16, 64
_BLOCK = 128  # pictures at a time


class LBPH(FaceClassifier):
    """Histograms of local binary patterns with a nearest neighbour, in scikit-learn's manner.

    T. Ahonen, A. Hadid and M. Pietikainen, *Face Description with Local Binary Patterns*, IEEE PAMI
    28 (2006). Nothing is learnt but the training faces' own histograms, so one face a person will
    do; light that changes over the whole face does not matter, since only its order counts.

    Parameters
    ----------
    radius
        Of the circle round each pixel, in pixels, 1 to 16.
    neighbors
        Points on it, 1 to 12; a pattern has a bit for each.
    grid
        Cells across and down; each has a histogram of its own. What is left at the right and the
        bottom after cells of equal size is not counted.

    Attributes
    ----------
    features_ : (n, grid[1] * grid[0] * 2 ** neighbors) float32: cell after cell, row by row, the
        share of each pattern among the pixels of the cell.
    classes_, image_shape_, n_features_in_ : as for `cvfast.Eigenfaces`.

    Notes
    -----
    The distance is chi-square, 2 sum (a - b)^2 / (a + b) over all bins that are not empty in both:
    what OpenCV's LBPHFaceRecognizer returns.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> rng = np.random.default_rng(0)
    >>> people = rng.integers(0, 200, (5, 32, 32))  # 5 people, of whom each has 4 faces
    >>> faces = np.repeat(people, 4, axis=0) + rng.integers(0, 40, (20, 32, 32))
    >>> X, y = faces.astype(np.uint8), np.repeat(np.arange(5), 4)
    >>> model = cvfast.LBPH(grid=(4, 4)).fit(X[::2], y[::2])
    >>> model.score(X[1::2], y[1::2]), model.transform(X).shape
    (1.0, (20, 4096))
    """

    def __init__(self, radius: int = 1, neighbors: int = 8, grid: tuple[int, int] = (8, 8)) -> None:
        self.radius = radius
        self.neighbors = neighbors
        self.grid = grid

    def fit(self, X: Faces, y: Any = None, *, threads: int | None = None) -> LBPH:
        """Keep the histograms of the training faces.

        Parameters
        ----------
        X
            Faces (n, h, w): uint8, float32 or float64.
        y
            A label for each, of any kind that sorts; None: no prediction, features alone.
        threads
            Taken for the sake of the other methods; NumPy uses one.

        Returns
        -------
        The object itself.

        Raises
        ------
        TypeError, ValueError
            As for `cvfast.Eigenfaces.fit`; faces as rows; faces too small for the grid.
        """
        self._check_parameters()
        rows, shape = face_rows(X)
        labels = None if y is None else checked_labels(y, len(rows))
        features = self._histograms(rows, shape)
        self._remember(features, rows.shape[1], shape, labels)
        return self

    def transform(self, X: Faces, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the histograms of faces.

        Parameters
        ----------
        X
            Faces as in ``fit``.
        threads
            Taken for the sake of the other methods; NumPy uses one.

        Returns
        -------
        (n, k) float32.

        Raises
        ------
        TypeError, ValueError
            As for ``fit``; faces of another size; not fitted.
        """
        return self._histograms(self._rows(X), self.image_shape_)

    def distances(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
        """Return the chi-square distance of histograms: (n, k) and (m, k) give (n, m)."""
        return chi_square(a, b).astype(np.float32)

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return nothing: the parameters are all there is."""
        return {}

    def restore(self, weights: Mapping[str, NDArray[Any]], image_shape: tuple[int, int]) -> LBPH:
        """Make it ready for faces (h, w) without a training face.

        Raises
        ------
        ValueError
            There are arrays, or the faces are too small for the grid.
        """
        self._check_parameters()
        if weights:
            raise ValueError(f"arrays: expected none, got {', '.join(weights)}")
        bins = self._histograms(np.zeros((1, math.prod(image_shape)), np.uint8), image_shape)
        self._remember(bins[:0], math.prod(image_shape), image_shape)
        return self

    def _nearest(
        self, features: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        apart = chi_square(features, self.features_)
        order = np.argsort(apart, axis=1, kind="stable")[:, :count]
        return np.take_along_axis(apart, order, axis=1), order.astype(np.int64)

    def _check_parameters(self) -> None:
        for name, value, most in (
            ("radius", self.radius, _MOST_RADIUS),
            ("neighbors", self.neighbors, _MOST_NEIGHBORS),
        ):
            if not isinstance(value, int | np.integer) or not 1 <= value <= most:
                raise ValueError(f"{name}: expected a whole number of 1 to {most}, got {value!r}")
        grid = self.grid
        if not isinstance(grid, tuple | list) or len(grid) != 2:
            raise ValueError(f"grid: expected (cells across, cells down), got {grid!r}")
        if not all(isinstance(n, int | np.integer) and 1 <= n <= _MOST_CELLS for n in grid):
            raise ValueError(f"grid: expected 1 to {_MOST_CELLS} cells a side, got {grid!r}")

    def _histograms(self, rows: NDArray[Any], shape: tuple[int, int] | None) -> NDArray[np.float32]:
        if shape is None:
            raise ValueError("X: expected faces (n, height, width), got rows: LBPH looks at places")
        across, down = self.grid
        cell = (shape[0] - 2 * self.radius) // down, (shape[1] - 2 * self.radius) // across
        if min(cell) < 1:
            raise ValueError(
                f"X: expected faces of at least {across + 2 * self.radius} x "
                f"{down + 2 * self.radius} pixels for this grid and radius, "
                f"got {shape[1]} x {shape[0]}"
            )
        check_finite(rows)
        faces = rows.reshape(-1, *shape)
        bins = 1 << self.neighbors
        out = np.empty((len(faces), across * down * bins), np.float32)
        for first in range(0, len(faces), _BLOCK):
            codes = local_binary_patterns(
                faces[first : first + _BLOCK], self.radius, self.neighbors
            )
            used = codes[:, : cell[0] * down, : cell[1] * across]
            cells = used.reshape(len(used), down, cell[0], across, cell[1]).transpose(0, 1, 3, 2, 4)
            flat = cells.reshape(-1, cell[0] * cell[1]).astype(np.int64)
            flat += np.arange(len(flat))[:, None] * bins
            counts = np.bincount(flat.ravel(), minlength=len(flat) * bins) / (cell[0] * cell[1])
            out[first : first + _BLOCK] = counts.reshape(len(used), -1)
        return out


def local_binary_patterns(faces: NDArray[Any], radius: int, neighbors: int) -> NDArray[np.uint16]:
    """Return the pattern round each pixel: bit i is set where point i is at least as light as it.

    Point i lies at the angle 2 pi i / neighbors, counter-clockwise as seen, from the right; between
    pixels its level is bilinear.

    Parameters
    ----------
    faces
        (n, h, w) levels.
    radius, neighbors
        As for `LBPH`.

    Returns
    -------
    (n, h - 2 radius, w - 2 radius) uint16.

    Examples
    --------
    >>> import numpy as np
    >>> local_binary_patterns(np.array([[[0, 0, 0], [0, 5, 9], [0, 0, 0]]]), 1, 8).tolist()
    [[[1]]]
    """
    levels = faces.astype(np.float32)
    height, width = levels.shape[1] - 2 * radius, levels.shape[2] - 2 * radius
    centre = levels[:, radius : radius + height, radius : radius + width] - np.float32(_TIE)
    codes = np.zeros(centre.shape, np.uint16)
    for i in range(neighbors):
        angle = 2 * math.pi * i / neighbors
        x, y = round(radius * math.cos(angle), 6), round(-radius * math.sin(angle), 6)
        left, top = math.floor(x), math.floor(y)
        point: Any = 0
        for row, share_y in ((top, 1 - (y - top)), (top + 1, y - top)):
            for column, share_x in ((left, 1 - (x - left)), (left + 1, x - left)):
                if share_x * share_y > 0:
                    part = levels[
                        :,
                        radius + row : radius + row + height,
                        radius + column : radius + column + width,
                    ]
                    point = point + part * np.float32(share_x * share_y)
        codes |= (point >= centre).astype(np.uint16) << np.uint16(i)
    return codes


def chi_square(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Return 2 sum (a - b)^2 / (a + b) for each pair of rows: (n, k) and (m, k) give (n, m).

    Which is 2 sum a + 2 sum b - 8 sum a b / (a + b): the last sum has only the bins that a has, a
    few in a hundred of them.

    Examples
    --------
    >>> import numpy as np
    >>> chi_square(np.array([[0.5, 0.5, 0.0]]), np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]))
    array([[0., 2.]])
    """
    columns = np.ascontiguousarray(b.T)
    sums_a, sums_b = a.sum(axis=1, dtype=np.float64), b.sum(axis=1, dtype=np.float64)
    out = np.empty((len(a), len(b)))
    for i, row in enumerate(a):
        bins = np.flatnonzero(row)
        own, theirs = row[bins, None], columns[bins]
        shared = (own * (theirs / (own + theirs))).sum(axis=0, dtype=np.float64)
        out[i] = 2 * sums_a[i] + 2 * sums_b - 8 * shared
    return np.maximum(out, 0)
