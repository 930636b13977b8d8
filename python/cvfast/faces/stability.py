"""How steady landmarks are over a clip, and how late: jitter and lag."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["JitterMeter", "lag", "zero_lag"]

_EARLIEST, _LATEST, _LAG_STEP = -2.0, 8.0, 0.02  # frames that are tried as a lag
_MOVING = 0.3  # pixels a frame: a slower head says nothing about lag
_KERNEL = np.array([1.0, 2, 3, 2, 1]) / 9


@dataclass
class JitterMeter:
    """Jitter of points over a clip: how far each lies from the mean of its neighbours in time.

    The deviation of a frame is the root of the mean over points of |x(t) - m(t)|^2, where m is the
    straight line between the frames before and after, at the time t; jitter is the root of the mean
    of its square over the frames. Even motion counts for nothing; a jolt, a wobble from frame to
    frame and noise do: white noise of standard deviation s per axis measures s sqrt(3).

    Attributes
    ----------
    deviations
        (seconds, pixels) of each frame that has both neighbours.

    Examples
    --------
    >>> meter = JitterMeter()
    >>> for number, x in enumerate([0, 1, 2, 4, 4]):
    ...     meter.add(number / 25, [[x, 0]])
    >>> [round(pixels, 2) for _, pixels in meter.deviations]
    [0.0, 0.5, 1.0]
    """

    deviations: list[tuple[float, float]] = field(default_factory=list)
    _times: list[float] = field(default_factory=list)
    _points: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, seconds: float, points: ArrayLike | None) -> None:
        """Take the points ``(N, 2)`` of the next frame; None: it has none, start anew."""
        if points is None or (self._times and seconds <= self._times[-1]):
            self._times, self._points = [], []
        if points is None:
            return
        self._times = [*self._times[-2:], seconds]
        self._points = [*self._points[-2:], np.array(points, np.float64)]
        if len(self._times) < 3:
            return
        share = (self._times[1] - self._times[0]) / (self._times[2] - self._times[0])
        before, here, after = self._points
        off = here - (before + share * (after - before))
        self.deviations.append((self._times[1], math.sqrt(np.square(off).sum(axis=1).mean())))

    @property
    def jitter(self) -> float:
        """RMS over the frames so far, in pixels; NaN if there are none."""
        if not self.deviations:
            return math.nan
        return math.sqrt(sum(pixels**2 for _, pixels in self.deviations) / len(self.deviations))


def lag(path: ArrayLike, truth: ArrayLike) -> float | None:
    """Frames by which a path comes late, by least squares.

    The lag is the t that minimises the sum over frames k of |path(k) - truth(k - t) - c|^2, where
    the truth is interpolated linearly between its frames and c is the mean difference: a path that
    is off by a constant is not late.

    Parameters
    ----------
    path, truth
        (T, 2) positions in pixels, one a frame.

    Returns
    -------
    float or None
        Negative: early. None where the truth moves by less than 0.3 px a frame on average (RMS), or
        where there are under 12 frames.

    Examples
    --------
    >>> import numpy as np
    >>> at = np.arange(60)[:, None]
    >>> wave = lambda k: np.hstack([40 * np.sin(k / 9), 9 * np.cos(k / 7)])
    >>> round(lag(wave(at - 1.5), wave(at)), 1)
    1.5
    """
    late, true = np.asarray(path, np.float64), np.asarray(truth, np.float64)
    edge = math.ceil(_LATEST)
    if len(true) < edge + 4:
        return None
    if math.sqrt(np.square(np.diff(true, axis=0)).sum(axis=1).mean()) < _MOVING:
        return None
    frames = np.arange(len(true))
    inner = slice(min(edge, len(true) // 4), len(true) + math.floor(_EARLIEST))
    best, best_miss = 0.0, math.inf
    for shift in np.arange(_EARLIEST, _LATEST + _LAG_STEP / 2, _LAG_STEP):
        moved = [np.interp(frames[inner] - shift, frames, axis) for axis in true.T]
        off = late[inner] - np.stack(moved, axis=1)
        miss = float(np.square(off - off.mean(axis=0)).sum())
        if miss < best_miss:
            best, best_miss = float(shift), miss
    return best


def zero_lag(path: ArrayLike) -> NDArray[np.float64]:
    """Smooth a path without delay: weighted means of five frames, 1 2 3 2 1.

    Looking as far ahead as back, it can stand for the truth where that is not known: the raw fits
    of the model, which look at one frame each, then have no lag but for chance.

    Examples
    --------
    >>> zero_lag([[0, 0], [0, 0], [9, 0], [0, 0], [0, 0]])[2].tolist()
    [3.0, 0.0]
    """
    points = np.asarray(path, np.float64)
    padded = np.pad(points, ((2, 2), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(axis, _KERNEL, "valid") for axis in padded.T], axis=1)
