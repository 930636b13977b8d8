"""The layers of the network that masks faces, for torch and for NumPy.

A U-Net (Ronneberger et al., 2015) small enough for one core: it works at half the picture's size,
adds rather than joins what it saw on the way down, and narrows before it grows.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WIDTHS", "Layer", "xseg_layers"]

WIDTHS = (16, 40, 72, 112, 160)


@dataclass(frozen=True)
class Layer:
    """A convolution, perhaps rectified.

    Parameters
    ----------
    inside, outside
        Channels.
    size, step
        Side of the filters, and pixels between them.
    rectified
        Whether what is below 0 becomes 0.
    """

    inside: int
    outside: int
    size: int = 3
    step: int = 1
    rectified: bool = True


def xseg_layers(widths: tuple[int, ...]) -> dict[str, Layer]:
    """Return the layers by name, in the order in which they run.

    Parameters
    ----------
    widths
        Channels at each level; each level has half the pixels a side of the one before. The first
        has half of the picture's: 2 x 2 pixels of three colours come in as 12 channels, and four
        numbers go out for 2 x 2 pixels of the mask.

    Examples
    --------
    >>> layers = xseg_layers((8, 16))
    >>> list(layers), layers["down1"].step
    (['down0', 'deep0', 'down1', 'deep1', 'narrow0', 'join0', 'mask'], 2)
    """
    layers = {}
    before = 12
    for level, width in enumerate(widths):
        layers[f"down{level}"] = Layer(before, width, step=2 if level else 1)
        layers[f"deep{level}"] = Layer(width, width)
        before = width
    for level in reversed(range(len(widths) - 1)):
        layers[f"narrow{level}"] = Layer(widths[level + 1], widths[level], size=1, rectified=False)
        layers[f"join{level}"] = Layer(widths[level], widths[level])
    layers["mask"] = Layer(widths[0], 4, rectified=False)
    return layers
