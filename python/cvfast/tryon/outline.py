"""The outline of a mask as evenly spaced points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Outline", "largest_contour", "outline_of", "smoothed"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Outline:
    """Points along a closed contour, evenly spaced.

    Parameters
    ----------
    points : ndarray
        (N, 2) float64, x, y in pixels, in the contour's order; the cloth lies on one side.
    tangents : ndarray
        (N, 2) float64, unit directions of the contour.
    known : ndarray
        (N,) bool: False where something lies before the edge, so that it may not be the mask's own.
    """

    points: Reals
    tangents: Reals
    known: NDArray[np.bool_]


def largest_contour(mask: NDArray[Any]) -> Reals:
    """Return the longest outer contour of a mask, (M, 2) x, y pixels.

    Raises
    ------
    ValueError
        No pixel of the mask is set.
    """
    import cv2

    binary = np.ascontiguousarray(np.asarray(mask) > 0.5, np.uint8)
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        raise ValueError("mask: expected at least one pixel, got none")
    longest = max(contours, key=lambda contour: float(cv2.contourArea(contour)))
    return np.asarray(longest[:, 0], np.float64)


def outline_of(
    mask: NDArray[Any], count: int = 100, *, hidden: NDArray[np.bool_] | None = None
) -> Outline:
    """Sample a mask's outline evenly.

    Parameters
    ----------
    mask
        (H, W) bool or float in [0, 1].
    count
        Number of points, at least 8.
    hidden
        (H, W) bool: where something lies before the cloth; outline points there are not known.

    Raises
    ------
    ValueError
        An empty mask, or one whose outline is a few pixels long.

    Examples
    --------
    >>> square = np.zeros((40, 40), bool)
    >>> square[10:31, 10:31] = True
    >>> outline = outline_of(square, 8)
    >>> outline.points.shape, outline.known.all()
    ((8, 2), np.True_)
    """
    contour = largest_contour(mask)
    if len(contour) < 8:
        raise ValueError(f"mask: expected an outline of 8 pixels or more, got {len(contour)}")
    smooth = smoothed(contour, max(1.0, len(contour) / 900))
    steps = np.hypot(*np.diff(smooth, axis=0, append=smooth[:1]).T)
    along = np.concatenate([[0], np.cumsum(steps)])
    at = np.arange(count) * (along[-1] / count)
    closed = np.vstack([smooth, smooth[:1]])
    points = np.column_stack([np.interp(at, along, side) for side in closed.T])
    known = np.ones(count, bool)
    if hidden is not None:
        x, y = np.rint(points).astype(int).T
        inside = np.clip(y, 0, hidden.shape[0] - 1), np.clip(x, 0, hidden.shape[1] - 1)
        known = ~np.asarray(hidden, bool)[inside]
    return Outline(points, tangents_of(points), known)


def tangents_of(points: Reals) -> Reals:
    """Return unit directions of a closed contour at its points."""
    along = np.empty_like(points)
    along[1:-1] = points[2:] - points[:-2]
    along[0] = points[1] - points[-1]
    along[-1] = points[0] - points[-2]
    lengths = np.sqrt((along * along).sum(axis=1, keepdims=True))
    return np.asarray(along / np.maximum(lengths, 1e-12))


def smoothed(contour: Reals, sigma: float) -> Reals:
    """Return a closed contour without the staircase of its pixels."""
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    padded = np.take(contour, np.arange(-reach, len(contour) + reach), axis=0, mode="wrap")
    return np.column_stack([np.convolve(side, weights, "valid") for side in padded.T])
