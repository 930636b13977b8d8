"""The shape of the patch network: what its file must have, and what it costs to run.

Four convolutions without padding and one score: a 24 x 24 patch gives one number, and a larger
picture gives one for the patch at every fourth pixel, each the same as the patch alone would give.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LAYERS", "MARGIN", "STRIDE", "WINDOW", "Layer", "multiply_adds", "scores_across"]


class Layer(NamedTuple):
    """A convolution: channels that come out, side of its kernel, stride."""

    channels: int
    side: int
    stride: int


LAYERS = (Layer(12, 4, 2), Layer(16, 3, 1), Layer(24, 3, 2), Layer(32, 4, 1), Layer(1, 1, 1))
WINDOW, STRIDE = 24, 4
# A window is a square of so many times the longer side of a face's box (brows to chin).
MARGIN = 1.2


def scores_across(pixels: int) -> int:
    """Return how many windows lie side by side in so many pixels.

    Examples
    --------
    >>> [scores_across(n) for n in (23, 24, 27, 28)]
    [0, 1, 1, 2]
    """
    return max(0, (pixels - WINDOW) // STRIDE + 1)


def multiply_adds(width: int, height: int) -> int:
    """Return the products that the network sums for one grey picture.

    Examples
    --------
    >>> multiply_adds(24, 24)
    230816
    """
    total, channels = 0, 1
    for layer in LAYERS:
        width, height = ((side - layer.side) // layer.stride + 1 for side in (width, height))
        total += width * height * layer.channels * channels * layer.side**2
        channels = layer.channels
    return total
