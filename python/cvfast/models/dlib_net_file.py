"""Reading dlib_face_recognition_resnet_model_v1.dat, the file of dlib's recognition network.

dlib writes a network as nested templates, innermost (the input) first, each number as a byte with
its length and sign, then its bytes. Which numbers stand where follows from the network, so the
reader says what it expects at each place, takes the weights, and refuses everything else.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.models.model_bytes import model_bytes
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["BLOCKS", "SIDE", "Convolution", "DlibWeights", "parse_dlib_net", "read_dlib_net"]

SIDE = 150  # px of the face it takes
# Residual blocks in the order in which they run: channels, and whether they halve the picture.
# fmt: off
BLOCKS = (
    (32, False), (32, False), (32, False),
    (64, True), (64, False), (64, False), (64, False),
    (128, True), (128, False), (128, False),
    (256, True), (256, False), (256, False),
    (256, True),
)
# fmt: on
_STEM, _DIMENSION = 32, 128
_MOST_BYTES = 32 << 20
_LARGEST = 1_000_000  # of what is no weight: levels, learning rates
_LAYER, _TAG, _INNERMOST = 2, 1, 3  # versions of dlib's add_layer and add_tag_layer


@dataclass(frozen=True, eq=False, slots=True)
class Convolution:
    """Filters with what dlib does to their sums: an affine step, multiplied in.

    Attributes
    ----------
    weights
        (channels out, rows, columns, channels in) float32.
    bias
        (channels out,) float32.
    """

    weights: ImageF32
    bias: ImageF32


@dataclass(frozen=True, eq=False, slots=True)
class DlibWeights:
    """The network's numbers.

    Attributes
    ----------
    mean
        Level of red, green and blue that becomes 0, (3,) float32.
    stem
        7 x 7 filters, every second pixel.
    blocks
        Two convolutions of 3 x 3 for each of `BLOCKS`.
    last
        (256, 128) float32, from the mean over the picture to the vector.
    sha256
        Of the file, in hex.
    """

    mean: ImageF32
    stem: Convolution
    blocks: tuple[tuple[Convolution, Convolution], ...]
    last: ImageF32
    sha256: str


def read_dlib_net(path: PathLike) -> DlibWeights:
    """Read the network from a file.

    Raises
    ------
    ModelError
        Missing, too large (over 32 MiB), damaged, or another network.

    Examples
    --------
    >>> read_dlib_net("gone.dat")
    Traceback (most recent call last):
    ...
    cvfast.errors.ModelError: gone.dat: cannot be read: No such file or directory
    """
    shown = Path(path)
    data = model_bytes(shown, _MOST_BYTES)
    try:
        return parse_dlib_net(data)
    except ValueError as error:
        raise ModelError(
            f"{shown}: expected dlib's face recognition network (dlib_face_recognition_resnet_"
            f"model_v1.dat), which this is not, or it is damaged: {error}"
        ) from error


def parse_dlib_net(data: bytes) -> DlibWeights:
    """Read the network from a file's bytes.

    Raises
    ------
    ValueError
        They are not that network; the message says where.

    Examples
    --------
    >>> parse_dlib_net(b"")
    Traceback (most recent call last):
    ...
    ValueError: byte 0: cut off
    """
    source = _Source(data)
    source.numbers(1)
    source.name("loss_metric_2")
    source.reals(2)  # its margin and threshold, of use in training only
    source.numbers(*_nesting())
    source.name("input_rgb_image_sized")
    mean = source.reals(3)
    source.numbers(SIDE, SIDE)
    stem = _convolution(source, 3, _STEM, 7, 2)
    _plain(source, "relu_")
    _plain(source, "max_pool_2", 3, 3, 2, 2, 0, 0)
    blocks, channels = [], _STEM
    for count, halves in BLOCKS:
        first = _convolution(source, channels, count, 3, 2 if halves else 1)
        _plain(source, "relu_")
        second = _convolution(source, count, count, 3, 1)
        if halves:
            _plain(source, "avg_pool_2", 2, 2, 2, 2, 0, 0)
        _plain(source, "add_prev_")
        _plain(source, "relu_")
        blocks.append((first, second))
        channels = count
    _plain(source, "avg_pool_2", 0, 0, 1, 1, 0, 0)  # 0 x 0: the whole picture
    last = _last(source, channels)
    source.end()
    return DlibWeights(mean, stem, tuple(blocks), last, hashlib.sha256(data).hexdigest())


def _nesting() -> list[int]:
    """Return the versions of the nested templates, from the outermost to the input."""
    found = [_LAYER] * 2  # the last product, the mean
    for _, halves in reversed(BLOCKS):
        found += [_LAYER] * 2  # relu, add_prev
        found += [_LAYER, _TAG, _TAG] if halves else []  # avg_pool, skip, tag
        found += [_LAYER] * 5 + [_TAG]  # affine, con, relu, affine, con
    return [*found, *[_LAYER] * 3, _INNERMOST]  # max_pool, relu, affine; con with the input


def _convolution(source: _Source, inside: int, out: int, size: int, step: int) -> Convolution:
    """Read con_4 and the affine step behind it."""
    source.name("con_4")
    count = inside * out * size * size
    values = source.tensor(count + out, 1, 1, 1)
    pad = 0 if step > 1 else size // 2
    source.numbers(out, size, size, step, step, pad, pad)
    source.numbers(1, out, inside, size, size)  # which of the numbers are filters
    source.numbers(1, 1, out, 1, 1)  # and which are added
    source.reals(4)  # learning rates and decays
    source.layer_end()
    if step > 1 and inside == 3:
        source.numbers(1)  # the layer next to the input: one sample a picture
    source.name("affine_")
    scale, shift = source.tensor(2 * out, 1, 1, 1).reshape(2, out)
    source.numbers(1, 1, out, 1, 1, 1, 1, out, 1, 1, 0)
    source.layer_end()
    filters = values[:count].reshape(out, inside, size, size).transpose(0, 2, 3, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        weights = np.ascontiguousarray(filters * scale[:, None, None, None])
        bias = values[count:] * scale + shift
    return Convolution(source.finite(weights), source.finite(bias))


def _last(source: _Source, inside: int) -> ImageF32:
    source.name("fc_2")
    source.numbers(_DIMENSION, inside)
    values = source.tensor(inside, _DIMENSION, 1, 1)
    source.numbers(1, inside, _DIMENSION, 1, 1, 1, 0, 0, 0, 0, 1)  # nothing is added
    source.reals(4)
    source.layer_end()
    return source.finite(values.reshape(inside, _DIMENSION))


def _plain(source: _Source, name: str, *numbers: int) -> None:
    """Read a layer without weights."""
    source.name(name)
    source.numbers(*numbers)
    source.layer_end()


class _Source:
    """The file's bytes, read from the front; ValueError where they are not as expected."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError(f"byte {self._at}: cut off")
        self._at += count
        return taken

    def _number(self) -> int:
        head = self._take(1)[0]
        length, negative = head & 0x7F, head & 0x80
        if not 1 <= length <= 8:
            raise ValueError(f"byte {self._at - 1}: expected a number")
        value = int.from_bytes(self._take(length), "little")
        return -value if negative else value

    def numbers(self, *expected: int) -> None:
        """Read these numbers and no others."""
        for one in expected:
            at, found = self._at, self._number()
            if found != one:
                raise ValueError(f"byte {at}: expected {one}, got {found}")

    def name(self, expected: str) -> None:
        """Read this name."""
        self.numbers(len(expected))
        at, found = self._at, self._take(len(expected))
        if found != expected.encode():
            raise ValueError(f"byte {at}: expected {expected}")

    def reals(self, count: int) -> ImageF32:
        """Read numbers that dlib writes as a whole number times a power of two."""
        found = []
        for _ in range(count):
            at, whole, power = self._at, self._number(), self._number()
            if abs(whole) >= 1 << 53 or abs(power) > 100 or abs(whole * 2.0**power) > _LARGEST:
                raise ValueError(f"byte {at}: expected a number of at most {_LARGEST:,}")
            found.append(whole * 2.0**power)
        return np.array(found, np.float32)

    def tensor(self, *shape: int) -> ImageF32:
        """Read a tensor of this shape, flat."""
        self.numbers(2, *shape)
        count = int(np.prod(shape))
        values = np.frombuffer(self._take(4 * count), "<f4")
        return values if sys.byteorder == "little" else values.astype(np.float32)

    def layer_end(self) -> None:
        """Read what ends each layer: three flags, and three tensors that are empty."""
        if set(self._take(3)) - set(b"01"):
            raise ValueError(f"byte {self._at - 3}: expected flags")
        self.numbers(*[2, 0, 0, 0, 0] * 3)

    def finite(self, values: NDArray[np.float32]) -> ImageF32:
        """Return the numbers, all of them finite."""
        if not np.isfinite(values).all():
            raise ValueError(f"before byte {self._at}: expected finite weights")
        return values

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._data):
            raise ValueError(f"byte {self._at}: expected the end")
