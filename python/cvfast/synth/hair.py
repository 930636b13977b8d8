"""Hair: where it begins on the head, and a shell round the head that gives it volume."""

from __future__ import annotations

import functools

import numpy as np

from cvfast.synth.atlas import HAIR, patch_place
from cvfast.synth.base import Numbers, Reals, step
from cvfast.synth.head import CENTER, skull_radius
from cvfast.synth.identity import Look
from cvfast.synth.noise import noise
from cvfast.typing import ImageF32, ImageU8

__all__ = ["hair_edge", "shell_alpha", "shell_places", "shell_triangles", "shell_vertices"]

ROWS, AROUND = 17, 40
_DOME = 9  # rows from the top down to the skull's middle; the rest hang
_LONG = {"long": 1.75, "fringe": 0.95, "tied": 0.3, "afro": 0.55, "parted": 0.55}


def hair_edge(look: Look, around: Reals) -> Reals:
    """Height at which hair begins, by the angle round the head; hair lies above (smaller y)."""
    a = np.abs(around)
    front = -0.93 - look.hairline + 0.08 * np.cos(around * 3)
    if look.hair_style == "fringe":
        front = np.full_like(a, -0.9)
    temple = -0.55 - 0.5 * look.hairline
    edge = front + (temple - front) * step(a, 0.75, 1.15)
    edge = edge + (0.05 - temple) * step(a, 1.22, 1.45)  # down before the ears
    return np.asarray(edge + 0.45 * step(a, 1.75, 2.3), np.float64)


@functools.cache
def shell_triangles() -> Numbers:
    """Triangles of the shell, clockwise as seen from outside."""
    r, c = np.mgrid[: ROWS - 1, :AROUND]
    columns = AROUND + 1  # the seam at the back is there twice
    a = r * columns + c
    quads = np.stack([a, a + 1, a + 1 + columns, a + columns], axis=-1).reshape(-1, 4)
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)


def _length(look: Look) -> float:
    return _LONG.get(look.hair_style, 0.3)


def shell_vertices(look: Look) -> Reals:
    """Vertices of the shell in the head's coordinates, ((AROUND + 1) * ROWS, 3)."""
    row, column = np.mgrid[:ROWS, : AROUND + 1]
    around = (column / AROUND * 2 - 1) * np.pi
    polar = np.minimum(row / _DOME, 1) * (np.pi / 2)
    d = np.stack(
        [np.sin(polar) * np.sin(around), -np.cos(polar), -np.sin(polar) * np.cos(around)], axis=-1
    )
    thick = {"bald": 0.0, "cropped": 0.03, "short": 0.07, "afro": 0.3}.get(look.hair_style, 0.11)
    thick *= 0.6 + 0.6 * look.volume
    # It lies close at the brow and stands off behind it.
    brow = np.exp(-(((polar - 1.3) / 0.5) ** 2)) * step(np.abs(around), 1.2, 0.4)
    near = 1 - 0.5 * brow if look.hair_style != "afro" else 1 - 0.35 * brow
    radius = skull_radius(d, look.width) + thick * near
    radius += _forehead(look) * step(np.abs(around), 1.5, 0.9) * step(polar, 0.3, 0.8)
    v = CENTER + d * radius[..., None]
    hang = np.clip(row - _DOME, 0, None) / (ROWS - 1 - _DOME)
    v[..., 1] += hang * _length(look)
    if look.hair_style in {"long", "fringe"}:  # falls forward over the shoulders
        v[..., 0] *= 1 + 0.12 * np.sin(np.pi * hang)
        v[..., 2] -= 0.2 * hang * look.volume
    return np.asarray(v.reshape(-1, 3), np.float64)


def _forehead(look: Look) -> float:
    """Return how far the face's upper rim stands out of the skull."""
    rim = look.points[[10, 109, 67, 103, 338, 297, 332, 151, 108, 69, 104]] - CENTER
    length = np.sqrt((rim**2).sum(axis=1))
    return float(max((length - skull_radius(rim / length[:, None], look.width)).max(), 0)) + 0.02


def shell_places() -> Reals:
    """Where the shell's vertices lie in the texture."""
    row, column = np.mgrid[:ROWS, : AROUND + 1]
    shares = np.stack([column / AROUND, row / (ROWS - 1)], axis=-1).reshape(-1, 2)
    return patch_place(HAIR, shares)


def shell_alpha(look: Look, rng: np.random.Generator, width: int, height: int) -> ImageU8:
    """Opacity of the shell's texture, (height, width), 0 or 255 with a few soft texels."""
    if look.hair_style in {"bald", "cropped"}:
        return np.zeros((height, width), np.uint8)
    around = (np.arange(width)[None] / (width - 1) * 2 - 1) * np.pi
    row = np.arange(height)[:, None] / (height - 1) * (ROWS - 1)
    polar = np.minimum(row / _DOME, 1) * (np.pi / 2)
    hang = np.clip(row - _DOME, 0, None) / (ROWS - 1 - _DOME)
    y = CENTER[1] - 1.12 * np.cos(polar) + hang * _length(look)
    edge = np.broadcast_to(_shell_edge(look, around), y.shape[:1] + around.shape[1:]).copy()
    ragged: ImageF32 = noise(rng, (width, height), (5, 40)) * np.float32(0.07)
    ragged += noise(rng, (width, height), (2, 14)) * np.float32(0.04)
    inside = edge - y + ragged
    return np.asarray(np.clip(inside / 0.02 + 0.5, 0, 1) * 255, np.uint8)


def _step(x: Reals, low: Reals | float, width: float) -> Reals:
    t = np.clip((x - low) / width, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float64)


def _shell_edge(look: Look, around: Reals) -> Reals:
    """Height down to which the shell reaches, by the angle round the head."""
    a, style = np.abs(around), look.hair_style
    edge = hair_edge(look, around)
    if style == "fringe":
        edge = np.where(a < 0.8, -0.68 + 0.04 * np.cos(around * 9), edge)
    elif style == "parted":
        edge = edge - 0.06 + 0.3 * step(around, -0.2, 0.7) * step(a, 1.2, 0.7)
    if style in {"long", "fringe", "parted", "afro"}:
        down = CENTER[1] + _length(look) - 0.08
        start = 0.86 + 0.1 * np.sin(around) if style in {"long", "fringe"} else 1.3
        edge = edge + (down - edge) * _step(a, start, 0.3)
    return np.asarray(edge, np.float64)
