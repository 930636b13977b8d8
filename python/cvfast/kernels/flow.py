"""Sparse optical flow: points followed from one picture to the next."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import check_image, real_array
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Flow", "FlowPyramid", "track_points"]

_EXPECTED = "shape (N, 2), one point x, y a row"


class Flow(NamedTuple):
    """Where points have gone.

    Attributes
    ----------
    points
        (N, 2) float64, in pixels of the current picture; a lost point is where it was guessed.
    errors
        (N,) float32: RMS difference of the two windows in levels, an even change of brightness
        taken out; infinite where the point was lost.
    round_trips
        (N,) float32: pixels between the point and where the way back from its match ends; infinite
        where the point was lost. Over about half a pixel a match is not to be trusted.
    """

    points: NDArray[np.float64]
    errors: ImageF32
    round_trips: ImageF32


class FlowPyramid:
    """A grey picture made ready for :func:`track_points`: a copy of it, halved again and again.

    Parameters
    ----------
    luma
        (height, width) uint8; rows may be strided. It may change afterwards.
    finest
        How often the picture is halved before points are looked for in it: 1 costs a quarter and
        is less exact where it has fine detail, but takes out noise.
    levels
        Sizes to work through, each half the one before: with 3 and ``finest`` 0 points are found
        some 30 pixels away.

    Raises
    ------
    TypeError, ValueError
        Wrong dtype, shape or layout; an empty picture; ``finest`` or ``levels`` out of range.

    Examples
    --------
    >>> import numpy as np
    >>> FlowPyramid(np.zeros((48, 64), np.uint8))
    FlowPyramid(64x48, halved 0 times, 3 levels)
    """

    __slots__ = ("core",)

    def __init__(self, luma: ImageU8, *, finest: int = 0, levels: int = 3) -> None:
        check_image("luma", luma)
        if luma.dtype != np.uint8:
            raise TypeError(f"luma: expected dtype uint8, got {luma.dtype}")
        if luma.ndim != 2:
            raise ValueError(f"luma: expected shape (height, width), got {luma.shape}")
        self.core = _core.FlowPyramid(luma, finest, levels)

    def __repr__(self) -> str:
        core = self.core
        return (
            f"FlowPyramid({core.width}x{core.height}, halved {core.finest} times, "
            f"{core.levels} levels)"
        )


def track_points(
    previous: ImageU8 | FlowPyramid,
    current: ImageU8 | FlowPyramid,
    points: ArrayLike,
    *,
    guesses: ArrayLike | None = None,
    iterations: int = 12,
    threads: int | None = None,
) -> Flow:
    """Find in the current picture what lay round each point in the previous one.

    Pyramidal Lucas-Kanade (Lucas and Kanade, IJCAI 1981; Bouguet, 1999) with windows of 16 x 16
    pixels, sampled bilinearly. A window may grow evenly brighter or darker. Each point is also
    followed back. The same bytes on every instruction set and for every number of threads.

    Parameters
    ----------
    previous, current
        Pictures, (height, width) uint8, or pyramids of them made alike.
    points
        (N, 2) points x, y in pixels; (0, 0) is the centre of the first pixel.
    guesses
        (N, 2) where they may have gone to; None: nowhere.
    iterations
        Most steps a level, up to 100. With 0 the points stay where they are guessed to be, and
        only the errors are measured, at the finest level.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Returns
    -------
    Flow
        Points, errors and round trips. Lost is what lies outside a picture, and what has no
        texture.

    Raises
    ------
    TypeError, ValueError
        Wrong dtypes or shapes, values that are not finite, pyramids made differently.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> picture = np.repeat(np.repeat(rng.integers(0, 256, (20, 20), np.uint8), 5, 0), 5, 1)
    >>> flow = track_points(picture, np.roll(picture, 3, axis=1), [(50, 50)])
    >>> flow.points.round(1).tolist()
    [[53.0, 50.0]]
    """
    before, after = _core_pyramid(previous), _core_pyramid(current)
    start = real_array("points", points, (None, 2), _EXPECTED)
    count = len(start)
    near = start if guesses is None else real_array("guesses", guesses, (count, 2), _EXPECTED)
    moved = np.empty((count, 2))
    errors, trips = np.empty(count, np.float32), np.empty(count, np.float32)
    _core.track_points(
        before, after, start, near, iterations, moved, errors, trips, thread_count(threads)
    )
    return Flow(moved, errors, trips)


def _core_pyramid(picture: Any) -> _core.FlowPyramid:
    return picture.core if isinstance(picture, FlowPyramid) else FlowPyramid(picture).core
