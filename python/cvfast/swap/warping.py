"""Random warps of face pictures: where each pixel of an example is taken from.

An example is a face turned, scaled and moved a little; what the networks see of it is warped on top
(DeepFaceLab's random warp), and they learn to give back the face without the warp. So they learn
faces rather than pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.grid import sample_grid
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Movement", "View", "draw_view", "draw_warp", "sample_view"]

_CELLS = (2, 4, 8)  # of a warp, a side
_REACH = 0.24  # of a cell, farthest move of a node
_TRUNCATED = 2.5  # standard deviations at which the moves end
_FINER = 2  # samples a pixel's side


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """How far examples are moved at random; each by a uniform draw.

    Parameters
    ----------
    rotation
        Degrees either way.
    scale
        Largest magnification over 1; the smallest is its inverse.
    shift
        Share of the side, either way, in x and y.
    flip
        Probability of a mirrored example.
    """

    rotation: float = 10.0
    scale: float = 0.15
    shift: float = 0.05
    flip: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """One drawn example.

    Parameters
    ----------
    matrix
        ``(2, 3)`` float64 from points of the example to points of the face picture, both in sides.
    warp
        ``(g, g, 2)`` float64: moves of the nodes of a grid over the face picture, in sides; None
        for none.
    """

    matrix: NDArray[np.float64]
    warp: NDArray[np.float64] | None


def draw_warp(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the moves of a warp's nodes.

    The picture is cut into 2, 4 or 8 cells a side; inner nodes move by a normal deviate, truncated
    to 2.5 and divided by it, times 0.24 cells; the border stays. Between nodes it is bilinear.

    Returns
    -------
    numpy.ndarray
        ``(cells + 1, cells + 1, 2)`` float64, x and y in sides of the picture.

    Examples
    --------
    >>> moves = draw_warp(np.random.default_rng(0))
    >>> len(moves) in (3, 5, 9), bool((moves[0] == 0).all())
    (True, True)
    """
    cells = int(_CELLS[rng.integers(len(_CELLS))])
    inner = rng.normal(size=(cells - 1, cells - 1, 2))
    while (far := np.abs(inner) > _TRUNCATED).any():
        inner[far] = rng.normal(size=int(far.sum()))
    moves = np.zeros((cells + 1, cells + 1, 2))
    moves[1:-1, 1:-1] = inner * (_REACH / (_TRUNCATED * cells))
    return moves


def draw_view(rng: np.random.Generator, movement: Movement, *, warp: bool) -> View:
    """Draw one example: turned, scaled and moved about the picture's middle, perhaps mirrored.

    The warp is drawn whether it is wanted or not, so that the rest is the same either way.

    Examples
    --------
    >>> still = Movement(rotation=0, scale=0, shift=0)
    >>> draw_view(np.random.default_rng(0), still, warp=False).matrix.round(6) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    moves = draw_warp(rng)
    angle = np.radians(rng.uniform(-movement.rotation, movement.rotation))
    scale = rng.uniform(1 / (1 + movement.scale), 1 + movement.scale)
    shift = rng.uniform(-movement.shift, movement.shift, 2)
    mirror = -1.0 if rng.random() < movement.flip else 1.0
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    turned = np.array([[cos * mirror, sin], [-sin * mirror, cos]])
    matrix = np.column_stack([turned, 0.5 - turned @ (0.5 + shift)])
    return View(matrix, moves if warp else None)


def sample_view(
    picture: ImageU8, view: View, size: int, *, colours: int | None = None
) -> tuple[ImageF32, ImageF32]:
    """Sample an example from a face picture: the mean of four bilinear samples a pixel.

    Parameters
    ----------
    picture
        ``(n, n, channels)`` uint8; best twice as large as ``size``.
    view
        What `draw_view` drew.
    size
        Side of the example in pixels.
    colours
        So many channels are colours, which are continued beyond the picture's border; the others
        are masks, 0 there. None: all are colours.

    Returns
    -------
    plain : numpy.ndarray
        ``(size, size, channels)`` float32 in [0, 1], without the warp.
    warped : numpy.ndarray
        ``(size, size, colours)``, with it; the first again, where the view has none.

    Examples
    --------
    >>> still = draw_view(np.random.default_rng(0), Movement(rotation=0, scale=0, shift=0),
    ...                   warp=False)
    >>> grey = np.full((8, 8, 1), 51, np.uint8)
    >>> sample_view(grey, still, 4)[0].round(3)[0, 0].tolist()
    [0.20000000298023224]
    """
    colours = picture.shape[2] if colours is None else colours
    side = picture.shape[0]
    line = np.linspace(0, 1, 2 if view.warp is None else len(view.warp))
    nodes = np.stack(np.meshgrid(line, line), axis=-1)
    flat = nodes if view.warp is None else nodes[:: len(line) - 1, :: len(line) - 1]
    plain = _seen(picture, flat * side, view, size, colours)
    if view.warp is None:
        return plain, plain[..., :colours]
    shown = np.ascontiguousarray(picture[..., :colours])
    return plain, _seen(shown, (nodes + view.warp) * side, view, size, colours)


def _seen(
    picture: ImageU8, nodes: NDArray[np.float64], view: View, size: int, colours: int
) -> ImageF32:
    """Sample through a grid whose nodes lie at these points, counted from the corner."""
    cells = len(nodes) - 1
    matrix = view.matrix * cells
    matrix[:, :2] /= size
    levels = sample_grid(
        picture, nodes - 0.5, matrix, (size, size), colors=colours, finer=_FINER, threads=1
    )
    levels *= np.float32(1 / 255)
    return levels
