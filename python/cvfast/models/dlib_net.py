"""dlib's face recognition network in NumPy: each convolution is one matrix product.

He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016), with half the channels: 29
convolutions, 0.27 billion multiplications a face.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cvfast.models.dlib_net_file import BLOCKS, SIDE, Convolution, DlibWeights
from cvfast.typing import ImageF32, ImageU8

__all__ = ["run_dlib_net"]


def run_dlib_net(net: DlibWeights, pixels: ImageU8) -> ImageF32:
    """Return the vectors of aligned faces.

    Parameters
    ----------
    net
        From `cvfast.models.dlib_net_file.read_dlib_net`.
    pixels
        uint8 RGB ``(N, 150, 150, 3)``.

    Returns
    -------
    numpy.ndarray
        ``(N, 128)`` float32, not of length 1.

    Raises
    ------
    ValueError
        Another shape or dtype.
    """
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (SIDE, SIDE, 3):
        raise ValueError(
            f"pixels: expected uint8 (N, {SIDE}, {SIDE}, 3), got {pixels.dtype} {pixels.shape}"
        )
    levels = (pixels - net.mean) * np.float32(1 / 256)
    maps = _pooled(_relu(_convolved(levels, net.stem, step=2)))
    for (first, second), (_, halves) in zip(net.blocks, BLOCKS, strict=True):
        inner = _relu(_convolved(maps, first, step=2 if halves else 1))
        inner = _convolved(inner, second)
        maps = _relu(_added(inner, _halved(maps)) if halves else np.add(inner, maps, out=inner))
    vectors: ImageF32 = maps.mean(axis=(1, 2)) @ net.last
    return vectors


def _convolved(maps: ImageF32, filters: Convolution, *, step: int = 1) -> ImageF32:
    """Return maps (N, H, W, C) filtered; at full resolution with zeros around them."""
    out, size, _, inside = filters.weights.shape
    if step == 1:
        maps = _framed(maps, size // 2)
    count, height, width, _ = maps.shape
    rows, columns = (height - size) // step + 1, (width - size) // step + 1
    s0, s1, s2, s3 = maps.strides
    # A row of a filter is contiguous in the maps: its columns and channels are one run.
    windows = as_strided(
        maps,
        (count, rows, columns, size, size * inside),
        (s0, s1 * step, s2 * step, s1, s3),
        writeable=False,
    )
    samples = windows.reshape(count * rows * columns, size * size * inside)
    made = samples @ filters.weights.reshape(out, -1).T
    made += filters.bias
    return made.reshape(count, rows, columns, out)


def _framed(maps: ImageF32, margin: int) -> ImageF32:
    count, height, width, channels = maps.shape
    framed = np.zeros((count, height + 2 * margin, width + 2 * margin, channels), np.float32)
    framed[:, margin:-margin, margin:-margin] = maps
    return framed


def _relu(maps: ImageF32) -> ImageF32:
    return np.maximum(maps, 0, out=maps)


def _pooled(maps: ImageF32) -> ImageF32:
    """Return the largest of 3 x 3, at every second pixel."""
    rows, columns = (maps.shape[1] - 1) // 2, (maps.shape[2] - 1) // 2
    parts = [
        maps[:, i : i + 2 * rows - 1 : 2, j : j + 2 * columns - 1 : 2]
        for i in range(3)
        for j in range(3)
    ]
    most = parts[0].copy()
    for part in parts[1:]:
        np.maximum(most, part, out=most)
    return most


def _halved(maps: ImageF32) -> ImageF32:
    """Return the means of 2 x 2; an odd last row or column is left out."""
    rows, columns = maps.shape[1] // 2, maps.shape[2] // 2
    even = maps[:, : 2 * rows, : 2 * columns]
    down = even[:, ::2] + even[:, 1::2]
    return (down[:, :, ::2] + down[:, :, 1::2]) * np.float32(0.25)


def _added(a: ImageF32, b: ImageF32) -> ImageF32:
    """Return the sum; the smaller ends, in rows, columns and channels, in zeros."""
    total = np.zeros(np.maximum(a.shape, b.shape), np.float32)
    for part in (a, b):
        total[tuple(slice(side) for side in part.shape)] += part
    return total
