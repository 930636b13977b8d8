"""Windows without faces: pictures cut at many scales, in an order that a seed fixes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.cascade import CascadeKernel
from cvfast.training.samples import resized
from cvfast.typing import ImageU8

__all__ = ["Backgrounds", "contrasty"]

_SCALE_STEP = 1.2  # from one size of a picture to the next
_STRIDE = 2  # pixels from one window to the next, in the picture as shrunk
_CHUNK = 8192  # windows looked at together
_LEAST_DEVIATION = 10.0  # OpenCV's runtime passes over flatter windows

_Test = Callable[[ImageU8], NDArray[np.bool_]]


class Backgrounds:
    """The windows of pictures that show no face.

    Parameters
    ----------
    pictures
        Grey, uint8, none smaller than the window.
    size
        Width and height of the window.

    Raises
    ------
    ValueError
        A picture that is smaller than the window.
    """

    def __init__(self, pictures: Sequence[ImageU8], size: tuple[int, int]) -> None:
        self._size = size
        self._levels: list[ImageU8] = []
        for number, picture in enumerate(pictures):
            height, width = picture.shape
            if width < size[0] or height < size[1]:
                raise ValueError(
                    f"negatives[{number}]: expected room for a window of {size[0]} x {size[1]} "
                    f"pixels, got {width} x {height}"
                )
            self._levels += _pyramid(picture, size)
        counts = [_grid(level, size)[0] * _grid(level, size)[1] for level in self._levels]
        self._starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def accepted(self, kernel: CascadeKernel, *, threads: int | None = None) -> NDArray[np.int64]:
        """Return the numbers of the windows that a cascade accepts, of all there are.

        Far quicker than :meth:`collect` where few are accepted: the cascade runs over whole
        pictures and nothing is cut out.

        Parameters
        ----------
        kernel
            Of this window's size.
        threads
            At most so many; None: :func:`cvfast.get_num_threads`.
        """
        numbers = [np.empty(0, np.int64)]
        for start, level in zip(self._starts, self._levels, strict=False):
            boxes = kernel.windows(
                level, min_size=self._size, max_size=self._size, clip=False, threads=threads
            ).boxes.astype(np.int64)
            across = _grid(level, self._size)[1]
            numbers.append(start + boxes[:, 1] // _STRIDE * across + boxes[:, 0] // _STRIDE)
        return np.concatenate(numbers)

    def collect(
        self,
        count: int,
        rng: np.random.Generator,
        test: _Test,
        among: NDArray[np.int64] | None = None,
    ) -> tuple[ImageU8, int]:
        """Return up to `count` windows that pass `test`, and how many were looked at.

        Parameters
        ----------
        count
            How many are wanted; fewer come back where no more pass.
        rng
            Decides the order of the windows.
        test
            (N, height, width) windows to (N,) bool.
        among
            Numbers of the windows to look at; None: all.
        """
        found: list[ImageU8] = []
        held = seen = 0
        for windows in self._windows(rng, among):
            if held >= count:
                break
            passed = windows[test(windows)][: count - held]
            seen += len(windows)
            held += len(passed)
            found.append(passed)
        empty = np.empty((0, self._size[1], self._size[0]), np.uint8)
        return np.concatenate([empty, *found]), seen

    def _windows(
        self, rng: np.random.Generator, among: NDArray[np.int64] | None
    ) -> Iterator[ImageU8]:
        numbers = len(self) if among is None else among
        order = rng.permutation(numbers) if len(self) else np.empty(0, np.int64)
        for start in range(0, len(order), _CHUNK):
            yield self._cut(order[start : start + _CHUNK])

    def _cut(self, numbers: NDArray[np.int64]) -> ImageU8:
        width, height = self._size
        out = np.empty((len(numbers), height, width), np.uint8)
        levels = np.searchsorted(self._starts, numbers, side="right") - 1
        by_level = np.argsort(levels, kind="stable")
        bounds = np.flatnonzero(np.diff(levels[by_level], prepend=-1, append=len(self._levels)))
        for first, last in pairwise(bounds):
            chosen = by_level[first:last]
            level = int(levels[chosen[0]])
            picture = self._levels[level]
            views = np.lib.stride_tricks.sliding_window_view(picture, (height, width))
            down, across = np.divmod(
                numbers[chosen] - self._starts[level], _grid(picture, self._size)[1]
            )
            out[chosen] = views[down * _STRIDE, across * _STRIDE]
        return out


def contrasty(windows: ImageU8) -> NDArray[np.bool_]:
    """Return which windows deviate by more than 10 levels: OpenCV's runtime rejects the others.

    Parameters
    ----------
    windows
        (N, height, width) uint8.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.training.negatives import contrasty
    >>> contrasty(np.zeros((2, 24, 24), np.uint8))
    array([False, False])
    """
    height, width = windows.shape[1:]
    inner = windows[:, 1:-1, 1:-1].reshape(len(windows), (height - 2) * (width - 2))
    return np.asarray(inner.astype(np.float32).std(axis=1) > _LEAST_DEVIATION)


def _pyramid(picture: ImageU8, size: tuple[int, int]) -> Iterator[ImageU8]:
    height, width = picture.shape
    scale = 1.0
    while round(width / scale) >= size[0] and round(height / scale) >= size[1]:
        to = (round(width / scale), round(height / scale))
        yield picture if scale == 1.0 else resized(picture, to)
        scale *= _SCALE_STEP


def _grid(level: ImageU8, size: tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns of windows."""
    return (level.shape[0] - size[1]) // _STRIDE + 1, (level.shape[1] - size[0]) // _STRIDE + 1
