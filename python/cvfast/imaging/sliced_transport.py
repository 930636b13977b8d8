"""Moving one cloud of colours onto another, one direction after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["random_directions", "random_rotations", "rank_steps", "transport"]

_F32 = NDArray[np.float32]
_BINS = 256


def random_rotations(count: int, sides: int, seed: int) -> _F32:
    """Return the axes of random rotations, ``(count, sides, sides)``, a row an axis."""
    drawn = np.random.default_rng(seed).normal(size=(count, sides, sides))
    orthogonal, upper = np.linalg.qr(drawn)
    # With signs made positive the rotations are evenly distributed (Mezzadri 2007).
    orthogonal *= np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None, :]
    return np.ascontiguousarray(orthogonal.astype(np.float32))


def random_directions(count: int, sides: int, batch: int, seed: int) -> _F32:
    """Return random unit vectors, ``(count, batch, sides)``."""
    drawn = np.random.default_rng(seed).normal(size=(count, batch, sides))
    unit: _F32 = (drawn / np.linalg.norm(drawn, axis=2, keepdims=True)).astype(np.float32)
    return unit


def transport(
    points: _F32,
    like: _F32,
    directions: _F32,
    gain: float,
    weights: _F32 | None = None,
    like_weights: _F32 | None = None,
) -> _F32:
    """Move points so that they are distributed like others.

    At each step the points are looked at along a few directions; along each one they are matched
    with the others by rank (the best transport in one dimension), and move a share of the way.

    Parameters
    ----------
    points, like
        ``(N, d)`` and ``(M, d)`` float32 coordinates.
    directions
        ``(steps, k, d)`` float32 unit vectors.
    gain
        Share of each direction's way: 1 for orthogonal axes moves all the way.
    weights, like_weights
        ``(N,)`` and ``(M,)`` float32 how much each point counts; None: all the same. Points that do
        not count are moved like those near them.

    Returns
    -------
    ``(N, d)`` float32.

    Notes
    -----
    Pitie, Kokaram and Dahyot, "N-Dimensional Probability Density Function Transfer", 2005 (axes of
    rotations); Rabin, Peyre, Delon and Bernot, "Wasserstein Barycenter and its Application to
    Texture Mixing", 2011 (single directions).

    Examples
    --------
    >>> points = np.float32([[0, 0], [1, 0], [2, 0], [3, 0]])
    >>> moved = transport(points, points * 2 + 5, np.eye(2, dtype=np.float32)[None], 1.0)
    >>> bool(np.abs(moved - [[5, 5], [7, 5], [9, 5], [11, 5]]).max() < 0.1)
    True
    """
    moved = np.ascontiguousarray(points.T)
    fixed = np.ascontiguousarray(like.T)
    for axes in directions:
        seen, wanted = axes @ moved, axes @ fixed
        steps = [rank_steps(a, b, weights, like_weights) for a, b in zip(seen, wanted, strict=True)]
        moved += np.float32(gain) * (axes.T @ np.stack(steps))
    return np.ascontiguousarray(moved.T)


def rank_steps(
    values: _F32,
    like: _F32,
    weights: _F32 | None = None,
    like_weights: _F32 | None = None,
    *,
    top: float = 1.0,
) -> _F32:
    """Return how far each value is from that value of others which has the same rank.

    Parameters
    ----------
    values, like
        ``(N,)`` and ``(M,)`` float32.
    weights, like_weights
        As many, how much each counts; None: all the same.
    top
        The largest value goes to this share of the others' ranks.

    Returns
    -------
    ``(N,)`` float32. Ranks are counted in 256 even steps, with straight lines between.

    Examples
    --------
    >>> values = np.float32([0, 1, 2, 4])
    >>> rank_steps(values, values + 3).round(2).tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    own, shares = _distribution(values, weights)
    theirs, their_shares = _distribution(like, like_weights)
    steps = (np.interp(shares * top, their_shares, theirs) - own).astype(np.float32)
    place = (values - np.float32(own[0])) * np.float32(_BINS / (own[-1] - own[0]))
    np.clip(place, 0, np.float32(_BINS) * (1 - 1e-6), out=place)
    cell = place.astype(np.int32)
    place -= cell
    moved: _F32 = steps[:-1][cell] + place * np.diff(steps)[cell]
    return moved


def _distribution(
    values: _F32, weights: _F32 | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return levels, evenly spaced, and the share of values below each."""
    counted = values if weights is None else values[weights > 0]
    low, high = float(counted.min()), float(counted.max())
    high = max(high, low + 1e-5)
    cell = np.clip((values - np.float32(low)) * np.float32(_BINS / (high - low)), 0, _BINS - 1)
    counts = np.bincount(cell.astype(np.int32), weights, minlength=_BINS).astype(np.float64)
    shares = np.concatenate([[0.0], np.cumsum(counts / counts.sum())])
    # Where nothing lies, ranks would be ambiguous; a whit each makes the curve rise everywhere.
    shares = (shares + 1e-6 * np.arange(_BINS + 1)) / (1 + 1e-6 * _BINS)
    return np.linspace(low, high, _BINS + 1), shares
