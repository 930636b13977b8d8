"""The layers of DeepFace and what comes out of each (Taigman et al., CVPR 2014, figure 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

__all__ = ["LAYERS", "SPREAD", "Layer", "feature_count", "layer_shapes", "smallest_size"]

SPREAD = 0.25  # of pixels in [0, 1], less the mean face: what the net takes for 1
_FEATURES = 4096  # of F7 at width 1
_MOST_SIZE, _MOST_WIDTH = 1024, 4.0

Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer with a square window.

    Parameters
    ----------
    name
        As in the paper: C1, M2, C3, L4, L5, L6.
    kind
        ``"conv"``: the same filters everywhere; ``"pool"``: the largest of each window;
        ``"local"``: filters of its own for each place.
    channels
        Filters at width 1; those of the layer before for a pool.
    side, stride
        Of the window, in pixels of the layer before.
    """

    name: str
    kind: Literal["conv", "pool", "local"]
    channels: int
    side: int
    stride: int = 1

    def out_side(self, side: int) -> int:
        """Return how many windows fit next to each other; a pool's last may reach outside."""
        space = side - self.side
        if space < 0:
            return 0
        steps = -(-space // self.stride) if self.kind == "pool" else space // self.stride
        return steps + 1


LAYERS = (
    Layer("C1", "conv", 32, 11),
    Layer("M2", "pool", 32, 3, 2),
    Layer("C3", "conv", 16, 9),
    Layer("L4", "local", 16, 9),
    Layer("L5", "local", 16, 7, 2),
    Layer("L6", "local", 16, 5),
)


def smallest_size() -> int:
    """Return the smallest side of a picture from which L6 still gets a value.

    Examples
    --------
    >>> smallest_size()
    72
    """
    return next(size for size in count(1) if all(side > 0 for side in _sides(size)))


def layer_shapes(size: int = 152, width: float = 1.0) -> dict[str, Shape]:
    """Return channels, height and width of what each layer gives.

    Parameters
    ----------
    size
        Side of the square picture.
    width
        Scales the channels.

    Raises
    ------
    ValueError
        The size is under `smallest_size` or over 1024, or the width not in (0, 4].

    Examples
    --------
    >>> layer_shapes()["M2"], layer_shapes()["L6"]
    ((32, 71, 71), (16, 21, 21))
    >>> layer_shapes(64)
    Traceback (most recent call last):
    ...
    ValueError: size: expected 72 to 1024 (under 72 nothing is left for L6), got 64
    """
    least = smallest_size()
    if not least <= size <= _MOST_SIZE:
        raise ValueError(
            f"size: expected {least} to {_MOST_SIZE} (under {least} nothing is left for L6), "
            f"got {size}"
        )
    _check_width(width)
    sides = _sides(size)
    return {
        layer.name: (max(1, round(layer.channels * width)), side, side)
        for layer, side in zip(LAYERS, sides, strict=True)
    }


def feature_count(width: float = 1.0) -> int:
    """Return how many numbers F7 gives: 4096 at width 1."""
    _check_width(width)
    return max(1, round(_FEATURES * width))


def _check_width(width: float) -> None:
    if not 0 < width <= _MOST_WIDTH:
        raise ValueError(f"width: expected a number in (0, {_MOST_WIDTH:g}], got {width}")


def _sides(size: int) -> Iterator[int]:
    for layer in LAYERS:
        size = layer.out_side(size)
        yield size
