"""dlib's face recognition network: each convolution is one matrix product.

He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016), with half the channels: 29
convolutions, 0.27 billion multiplications a face.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cvfast.kernels.product import FixedProduct
from cvfast.models.dlib_net_file import BLOCKS, SIDE, Convolution, DlibWeights
from cvfast.typing import Image, ImageF32, ImageU8

__all__ = ["DlibNet"]


class DlibNet:
    """The network, ready to run; may be used from several threads.

    Parameters
    ----------
    weights
        From `cvfast.models.dlib_net_file.read_dlib_net`.

    Attributes
    ----------
    sha256
        Of the file, in hex.
    """

    def __init__(self, weights: DlibWeights) -> None:
        self.sha256 = weights.sha256
        stem = weights.stem
        # Levels come in as they are: the mean of each channel is taken off by the product.
        scaled = Convolution(stem.weights / np.float32(256), stem.bias)
        self._stem = _Layer(scaled, weights.mean)
        self._blocks = [(_Layer(first), _Layer(second)) for first, second in weights.blocks]
        self._last = FixedProduct(weights.last.T)

    def __call__(self, pixels: ImageU8, *, threads: int | None = None) -> ImageF32:
        """Return the vectors of aligned faces.

        Parameters
        ----------
        pixels
            uint8 RGB ``(N, 150, 150, 3)``.
        threads
            None: the default.

        Returns
        -------
        numpy.ndarray
            ``(N, 128)`` float32, not of length 1.

        Raises
        ------
        ValueError
            Another shape or dtype.
        OverflowError
            The weights are finite, what becomes of them is not.
        """
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (SIDE, SIDE, 3):
            raise ValueError(
                f"pixels: expected uint8 (N, {SIDE}, {SIDE}, 3), got {pixels.dtype} {pixels.shape}"
            )
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                vectors = self._run(pixels, threads)
        except ValueError as error:  # a product's own answer to infinities
            raise OverflowError(str(error)) from error
        if not np.isfinite(vectors).all():
            raise OverflowError("vectors: expected finite numbers")
        return vectors

    def _run(self, pixels: ImageU8, threads: int | None) -> ImageF32:
        maps = _relu(_pooled(self._stem(pixels, 2, threads)))
        for (first, second), (_, halves) in zip(self._blocks, BLOCKS, strict=True):
            inner = _relu(first(maps, 2 if halves else 1, threads))
            inner = second(inner, 1, threads)
            maps = _relu(_added(inner, _halved(maps)) if halves else np.add(inner, maps, out=inner))
        return self._last(maps.mean(axis=(1, 2)), threads=threads)


class _Layer:
    """A convolution; ``offset`` (channels,) is taken from what comes in."""

    def __init__(self, filters: Convolution, offset: ImageF32 | None = None) -> None:
        out, self._size, _, self._inside = filters.weights.shape
        taken = None if offset is None else np.tile(offset, self._size * self._size)
        self._product = FixedProduct(filters.weights.reshape(out, -1), taken)
        self._bias = filters.bias

    def __call__(self, maps: Image, step: int, threads: int | None) -> ImageF32:
        """Return maps (N, H, W, C) filtered; at full resolution with zeros around them."""
        size = self._size
        if step == 1:
            maps = _framed(maps, size // 2)
        count, height, width, _ = maps.shape
        rows, columns = (height - size) // step + 1, (width - size) // step + 1
        packed = np.ascontiguousarray(maps)
        s0, s1, s2, s3 = packed.strides
        # A row of a filter is contiguous in the maps: its columns and channels are one run.
        windows = as_strided(
            packed,
            (count, rows, columns, size, size * self._inside),
            (s0, s1 * step, s2 * step, s1, s3),
            writeable=False,
        )
        samples = windows.reshape(count * rows * columns, size * size * self._inside)
        made = self._product(samples, threads=threads)
        made += self._bias
        return made.reshape(count, rows, columns, len(self._bias))


def _framed(maps: Image, margin: int) -> Image:
    count, height, width, channels = maps.shape
    sides = (count, height + 2 * margin, width + 2 * margin, channels)
    framed: Image = np.zeros(sides, maps.dtype)
    framed[:, margin:-margin, margin:-margin] = maps
    return framed


def _relu(maps: ImageF32) -> ImageF32:
    np.maximum(maps, 0, out=maps)
    return maps


def _pooled(maps: ImageF32) -> ImageF32:
    """Return the largest of 3 x 3, at every second pixel."""
    rows, columns = (maps.shape[1] - 1) // 2, (maps.shape[2] - 1) // 2
    high, low = 2 * rows - 1, 2 * columns - 1
    across = np.maximum(maps[:, :, :low:2], maps[:, :, 1 : low + 1 : 2])
    np.maximum(across, maps[:, :, 2 : low + 2 : 2], out=across)
    most: ImageF32 = np.maximum(across[:, :high:2], across[:, 1 : high + 1 : 2])
    np.maximum(most, across[:, 2 : high + 2 : 2], out=most)
    return most


def _halved(maps: ImageF32) -> ImageF32:
    """Return the means of 2 x 2; an odd last row or column is left out."""
    rows, columns = maps.shape[1] // 2, maps.shape[2] // 2
    even = maps[:, : 2 * rows, : 2 * columns]
    down = even[:, ::2] + even[:, 1::2]
    means: ImageF32 = (down[:, :, ::2] + down[:, :, 1::2]) * np.float32(0.25)
    return means


def _added(a: ImageF32, b: ImageF32) -> ImageF32:
    """Return the sum; the smaller ends, in rows, columns and channels, in zeros."""
    total = np.zeros(np.maximum(a.shape, b.shape), np.float32)
    for part in (a, b):
        total[tuple(slice(side) for side in part.shape)] += part
    return total
