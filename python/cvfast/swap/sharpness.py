"""How sharp a face is: widths of its edges, and the strength of its fine detail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageU8

__all__ = ["cpbd", "laplacian_variance"]

_BLOCK = 64
_EDGE_SHARE = 0.002  # of a block's pixels: with fewer edges nobody looks there
_LOW_CONTRAST = 50  # levels up to which a blurred edge goes unnoticed for longer
_WIDTHS = (5.0, 3.0)  # just noticeable blur at low and at high contrast, pixels
_BETA = 3.6
_NOTICED = 0.63  # probability of noticing at the just noticeable width
_FINE = 11  # pixels of the Laplacian's kernel


def cpbd(grey: ImageU8, mask: NDArray[np.bool_] | None = None) -> float:
    """Share of edges whose blur nobody notices: 1 for a sharp picture, 0 for a blurred one.

    Narvekar and Karam, "A no-reference image blur metric based on the cumulative probability of
    blur detection", IEEE TIP 20 (2011). Edges are Canny's that run up and down; the width of one
    is the length of the slope across it, and what width is noticed depends on the contrast of its
    block of 64 pixels.

    Parameters
    ----------
    grey
        ``(h, w)`` uint8.
    mask
        ``(h, w)`` where to look; None looks everywhere.

    Returns
    -------
    float
        0 also where there is no edge at all.

    Examples
    --------
    >>> stripes = np.tile(np.repeat([40, 200], 8).astype(np.uint8), (64, 4))
    >>> cpbd(stripes)
    1.0
    """
    import cv2

    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    along = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    edges = (cv2.Canny(grey, 40, 100) > 0) & (np.abs(across) > np.abs(along) * np.tan(np.pi / 8))
    if mask is not None:
        edges &= mask
    rows, columns = np.nonzero(edges)
    if not len(rows):
        return 0.0
    count, contrast = _blocks(grey, edges)
    block = rows // _BLOCK, columns // _BLOCK
    looked = count[block] > _EDGE_SHARE * _BLOCK * _BLOCK
    if not looked.any():
        return 0.0
    noticed_at = np.where(contrast[block] <= _LOW_CONTRAST, *_WIDTHS)[looked]
    widths = _slopes(grey)[rows, columns][looked]
    noticed = 1 - np.exp(-((widths / noticed_at) ** _BETA))
    return float((noticed <= _NOTICED).mean())


def laplacian_variance(grey: ImageU8, mask: NDArray[np.bool_] | None = None) -> float:
    """Variance of a Laplacian of 11 x 11 pixels: small where motion took the detail away.

    Parameters
    ----------
    grey
        ``(h, w)`` uint8.
    mask
        ``(h, w)`` where to look; None looks everywhere.

    Examples
    --------
    >>> laplacian_variance(np.full((32, 32), 90, np.uint8))
    0.0
    """
    import cv2

    # The kernel's weights grow with its size; this brings a step of one level to about one.
    detail = cv2.Laplacian(grey, cv2.CV_64F, ksize=_FINE, scale=2.0 ** (4 - 2 * _FINE))
    seen = detail if mask is None else detail[mask]
    return float(seen.var()) if seen.size else 0.0


def _blocks(grey: ImageU8, edges: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return how many edge pixels each block has, and its contrast in levels."""
    height, width = grey.shape
    starts = np.arange(0, height, _BLOCK), np.arange(0, width, _BLOCK)

    def over(ufunc: np.ufunc, values: NDArray[np.intp]) -> NDArray[np.intp]:
        down = ufunc.reduceat(values, starts[0], axis=0)
        return np.asarray(ufunc.reduceat(down, starts[1], axis=1), np.intp)

    levels = grey.astype(np.intp)
    contrast = over(np.maximum, levels) - over(np.minimum, levels)
    return over(np.add, edges.astype(np.intp)), contrast


def _slopes(grey: ImageU8) -> NDArray[np.float64]:
    """Return for each pixel how wide the rise or fall is that it lies in, along its row."""
    height, width = grey.shape
    way = np.sign(np.diff(grey.astype(np.int16), axis=1))  # (h, w - 1)
    ends = np.ones((height, width), bool)  # where a run of steps of one way begins
    ends[:, 1:-1] = way[:, 1:] != way[:, :-1]
    starts = np.flatnonzero(ends[:, :-1])
    lengths = np.diff(np.append(starts, way.size))
    run = np.repeat(np.where(way.ravel()[starts] == 0, 0, lengths), lengths).reshape(way.shape)
    wide = np.zeros((height, width))
    wide[:, :-1] = run
    wide[:, 1:] = np.maximum(wide[:, 1:], run)  # a pixel may end one slope and begin another
    return wide
