"""Landmarks of a whole clip steadied over time, without coming late.

The One-Euro filter runs over each track from both ends, and the mean of both is taken: what one
holds back the other runs ahead. It begins anew where a track has a gap, and where it jumps (a cut).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.smoothing import OneEuro

__all__ = ["face_size", "pieces", "steadied"]

_GAP = 0.35  # seconds without the face: it may be somewhere else afterwards
_JUMP = 0.5  # face sizes from one frame to the next: a cut
_F64 = NDArray[np.float64]


def steadied(landmarks: _F64, seconds: _F64) -> _F64:
    """Return the landmarks of one track without their tremble.

    Parameters
    ----------
    landmarks
        ``(F, 68, 2)`` in pixels.
    seconds
        ``(F,)``, growing.

    Returns
    -------
    ``(F, 68, 2)`` float64.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> still = np.zeros((50, 68, 2)) + rng.uniform(0, 100, (68, 2))
    >>> noisy = still + rng.normal(0, 0.1, still.shape)
    >>> bool((steadied(noisy, np.arange(50) / 25) - still).std() < 0.04)
    True
    """
    done = np.array(landmarks, np.float64)
    for piece in pieces(done, seconds):
        size = face_size(done[piece])
        ahead = _filtered(done[piece], seconds[piece], size)
        behind = _filtered(done[piece][::-1], -seconds[piece][::-1], size)[::-1]
        done[piece] = (ahead + behind) / 2
    return done


def pieces(landmarks: _F64, seconds: _F64) -> list[slice]:
    """Divide a track at its gaps and jumps."""
    if not len(seconds):
        return []
    size = face_size(landmarks)
    moved = np.linalg.norm(np.diff(landmarks.mean(axis=1), axis=0), axis=1)
    breaks = np.flatnonzero((np.diff(seconds) > _GAP) | (moved > _JUMP * size)) + 1
    borders = [0, *breaks.tolist(), len(seconds)]
    return [slice(a, b) for a, b in pairwise(borders)]


def face_size(landmarks: _F64) -> float:
    """Return how large faces ``(F, 68, 2)`` are: the middle one's longer side in pixels."""
    return max(float(np.median(np.ptp(landmarks, axis=1).max(axis=1))), 1e-6)


def _filtered(landmarks: _F64, seconds: _F64, size: float) -> _F64:
    smooth = OneEuro()
    return np.stack(
        [
            smooth(points, seconds=float(now), size=size)
            for points, now in zip(landmarks, seconds, strict=True)
        ]
    )
