"""The One-Euro filter (Casiez, Roussel and Vogel, CHI 2012) for landmarks over real time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.geometry.alignment import transform_points

__all__ = ["OneEuro", "carried"]


class OneEuro:
    """Smooths points that arrive at any times: strongly at rest, hardly in fast motion.

    x_hat = x_prev + a (x - x_prev) with a = 1 / (1 + tau / dt), tau = 1 / (2 pi f) and
    f = min_cutoff + beta max(0, |v| - rest), where v is the speed, itself filtered at
    ``speed_cutoff``. Motion that is known from elsewhere is taken out by `carry`: what is left to
    the filter then rests, and may be smoothed strongly without coming late.

    Parameters
    ----------
    min_cutoff
        Hertz; what passes at rest. Lower is steadier and later.
    beta
        Hertz per unit of speed, in sizes a second; higher follows motion sooner.
    rest
        Sizes a second; slower is rest. What noise looks like must not loosen the filter.
    speed_cutoff
        Hertz; lower is steadier at rest, but late where motion starts or turns round. The authors'
        1 Hz left points up to a tenth of a face behind there; 8 Hz leaves two hundredths.

    Examples
    --------
    >>> import numpy as np
    >>> smooth = OneEuro()
    >>> first = smooth(np.zeros((1, 2)), seconds=0.0, size=100.0)
    >>> later = smooth(np.ones((1, 2)), seconds=0.04, size=100.0)
    >>> bool(0 < later[0, 0] < 1)
    True
    """

    def __init__(
        self,
        *,
        min_cutoff: float = 0.8,
        beta: float = 60.0,
        rest: float = 0.03,
        speed_cutoff: float = 8.0,
    ) -> None:
        self._min_cutoff, self._beta, self._rest = min_cutoff, beta, rest
        self._speed_cutoff = speed_cutoff
        self._seconds = 0.0
        self._points: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None

    def __call__(
        self, points: NDArray[np.floating], *, seconds: float, size: float
    ) -> NDArray[np.float64]:
        """Return the smoothed points.

        Parameters
        ----------
        points
            Any shape, the same at each call.
        seconds
            Time of the points; times that do not grow start anew.
        size
            The unit of speed, such as the face's width in pixels.
        """
        now = np.asarray(points, np.float64)
        passed = seconds - self._seconds
        self._seconds = seconds
        if self._points is None or self._speed is None or passed <= 0:
            self._points, self._speed = now, np.zeros_like(now)
            return now
        speed = (now - self._points) / (passed * max(size, 1e-9))
        self._speed = self._speed + _share(self._speed_cutoff, passed) * (speed - self._speed)
        loosened = np.maximum(np.abs(self._speed) - self._rest, 0)
        cutoff = self._min_cutoff + self._beta * loosened
        self._points = self._points + _share(cutoff, passed) * (now - self._points)
        return self._points

    def carry(self, matrix: ArrayLike) -> None:
        """Move all points, ``(N, 2)`` or ``(N, 3)``, by a known motion.

        Parameters
        ----------
        matrix
            ``(2, 3)``, from the points of the call before to the next one's.
        """
        if self._points is not None:
            self._points = carried(matrix, self._points)


def carried(matrix: ArrayLike, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Move points, ``(N, 2)`` or ``(N, 3)``; depth grows as the picture does."""
    m = np.asarray(matrix, np.float64)
    moved = np.array(points, np.float64)
    moved[:, :2] = transform_points(m, moved[:, :2])
    if moved.shape[1] == 3:
        moved[:, 2] *= math.sqrt(abs(m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]))
    return moved


def _share(cutoff: float | NDArray[np.float64], passed: float) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + 1 / (2 * math.pi * cutoff * passed)))
