"""Random warps of face pictures: where each pixel of an example is taken from.

An example is a face turned, scaled and moved a little; what the networks see of it is warped on top
(DeepFaceLab's random warp), and they learn to give back the face without the warp. So they learn
faces rather than pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.raster import sample_texture
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
    >>> draw_view(np.random.default_rng(0), still, warp=False).matrix.round(6).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
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
    picture: ImageU8, view: View, size: int, *, warped: bool, outside: float | None = None
) -> ImageF32:
    """Sample an example from a face picture: the mean of four bilinear samples a pixel.

    Parameters
    ----------
    picture
        ``(n, n, channels)`` uint8; best twice as large as ``size``.
    view
        What `draw_view` drew.
    size
        Side of the example in pixels.
    warped
        Whether with the view's warp.
    outside
        Value beyond the picture, for masks; None continues its border.

    Returns
    -------
    numpy.ndarray
        ``(size, size, channels)`` float32 in [0, 1].

    Examples
    --------
    >>> still = draw_view(np.random.default_rng(0), Movement(rotation=0, scale=0, shift=0),
    ...                   warp=False)
    >>> grey = np.full((8, 8, 1), 51, np.uint8)
    >>> sample_view(grey, still, 4, warped=False).round(3)[0, 0].tolist()
    [0.20000000298023224]
    """
    fine = size * _FINER
    line = (np.arange(fine) + 0.5) / fine
    matrix = view.matrix
    x = matrix[0, 0] * line + matrix[0, 1] * line[:, None] + matrix[0, 2]
    y = matrix[1, 0] * line + matrix[1, 1] * line[:, None] + matrix[1, 2]
    inside = None
    if outside is not None:
        inside = (x > 0) & (x < 1) & (y > 0) & (y < 1)
    if warped and view.warp is not None:
        x, y = _warped(x, y, view.warp)
    places = np.empty((fine, fine, 2), np.float32)
    side = picture.shape[0]
    np.multiply(x, side, out=places[..., 0], casting="same_kind")
    np.multiply(y, side, out=places[..., 1], casting="same_kind")
    places -= 0.5  # the sampler counts from the middle of the first pixel
    samples = sample_texture(picture, places, threads=1)
    if inside is not None:
        samples = np.where(inside[..., None], samples, np.float32((outside or 0.0) * 255))
    halved = samples[0::2] + samples[1::2]
    halved = halved[:, 0::2] + halved[:, 1::2]
    halved *= np.float32(1 / (255 * _FINER**2))
    return np.asarray(halved, np.float32)


def _warped(
    x: NDArray[np.float64], y: NDArray[np.float64], moves: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places a warp takes its pixels from; the border's are continued outside."""
    cells = len(moves) - 1
    x, y = np.clip(x, 0, 1), np.clip(y, 0, 1)
    across, down = x * cells, y * cells
    column = np.minimum(across.astype(np.intp), cells - 1)
    row = np.minimum(down.astype(np.intp), cells - 1)
    across -= column
    down -= row
    flat = moves.reshape(-1, 2)
    first = row * (cells + 1) + column
    out = []
    for axis, place in ((0, x), (1, y)):
        nodes = flat[:, axis]
        above, below = nodes[first], nodes[first + cells + 1]
        above = above + across * (nodes[first + 1] - above)
        below = below + across * (nodes[first + cells + 2] - below)
        out.append(place + above + down * (below - above))
    return out[0], out[1]
