"""Backgrounds without faces: gradients, blotches, grids, boxes, strokes, clutter."""

from __future__ import annotations

import numpy as np

from cvfast.kernels.mask import polygon_mask
from cvfast.synth.base import Reals
from cvfast.synth.noise import layers, noise
from cvfast.typing import ImageF32, ImageU8

__all__ = ["background"]

_SALT = 0xBAC


def background(seed: int, size: tuple[int, int]) -> ImageU8:
    """Make a picture without a face.

    Parameters
    ----------
    seed
        From 0 on; the same number gives the same picture.
    size
        Width and height in pixels.

    Returns
    -------
    (h, w, 3) uint8.

    Examples
    --------
    >>> background(3, (64, 48)).shape
    (48, 64, 3)
    """
    rng = np.random.default_rng([_SALT, seed])
    return np.asarray(np.clip(scenery(rng, size), 0, 255).astype(np.uint8))


def scenery(rng: np.random.Generator, size: tuple[int, int]) -> ImageF32:
    """Return a background as levels, not clipped, (h, w, 3)."""
    width, height = size
    extent = max(width, height)
    base = rng.uniform(20, 230)
    first, second = (_color(rng, base + rng.normal(0, 40)) for _ in range(2))
    y, x = np.mgrid[:height, :width].astype(np.float32) / np.float32(extent)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    blotch = layers(rng, size, extent * rng.uniform(0.15, 0.6), 4, rng.uniform(0.4, 0.8))
    share = np.clip(0.5 + (along - along.mean()) + blotch * np.float32(rng.uniform(0, 0.8)), 0, 1)
    picture: ImageF32 = np.asarray(first + share[..., None] * (second - first), np.float32)
    for _ in range(int(rng.integers(0, 4))):
        (_boxes, _lines, _stripes, _blobs, _writing)[int(rng.integers(0, 5))](rng, picture)
    grain = noise(rng, size, (1.5, 1.5)) * np.float32(rng.uniform(0, 10))
    picture += grain[..., None]
    return picture


def _color(rng: np.random.Generator, bright: float | None = None) -> Reals:
    """Draw a colour; most are greyish, as the world's."""
    grey = rng.uniform(0, 255) if bright is None else bright
    vivid = rng.exponential(16)
    return np.clip(grey + rng.normal(0, vivid, 3), 0, 255)


def _mix(picture: ImageF32, polygon: object, color: object, share: float, feather: float) -> None:
    corners = np.asarray(polygon, np.float64)
    height, width = picture.shape[:2]
    reach = feather / 2 + 2
    x0, y0 = (max(int(v - reach), 0) for v in corners.min(axis=0))
    x1, y1 = corners.max(axis=0) + reach
    x1, y1 = min(int(x1) + 1, width), min(int(y1) + 1, height)
    if x1 <= x0 or y1 <= y0:
        return
    mask = polygon_mask((x1 - x0, y1 - y0), [corners - (x0, y0)], feather=feather)
    here = picture[y0:y1, x0:x1]
    here += (mask * np.float32(share))[..., None] * (np.asarray(color, np.float32) - here)


def _extent(picture: ImageF32) -> tuple[int, int, float]:
    height, width = picture.shape[:2]
    return width, height, float(max(width, height))


def _boxes(rng: np.random.Generator, picture: ImageF32) -> None:
    width, height, extent = _extent(picture)
    for _ in range(int(rng.integers(2, 12))):
        center = rng.uniform((0, 0), (width, height))
        half = rng.uniform(0.02, 0.3, 2) * extent
        turn = rng.normal(0, 0.15)
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        turned = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        feather = min(float(rng.exponential(0.02) * extent), 200)
        _mix(picture, center + turned, _color(rng), rng.uniform(0.3, 1), feather)


def _lines(rng: np.random.Generator, picture: ImageF32) -> None:
    width, height, extent = _extent(picture)
    for _ in range(int(rng.integers(3, 20))):
        a, b = rng.uniform((-20, -20), (width + 20, height + 20), (2, 2))
        along = (b - a) / (np.sqrt(((b - a) ** 2).sum()) + 1e-6)
        off = np.array([-along[1], along[0]]) * rng.uniform(0.3, 0.012 * extent + 0.5)
        color = rng.uniform(0, 255) + rng.normal(0, 20, 3)
        _mix(picture, [a + off, b + off, b - off, a - off], color, rng.uniform(0.3, 1), 1.5)


def _stripes(rng: np.random.Generator, picture: ImageF32) -> None:
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    period, angle = rng.uniform(4, 60), rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period))
    if rng.random() < 0.5:
        wave = np.sign(wave)
    if rng.random() < 0.4:
        wave = wave * np.sin((y * np.cos(angle) - x * np.sin(angle)) * (2 * np.pi / period))
    picture += (wave * rng.uniform(5, 45)).astype(np.float32)[..., None]


def _blobs(rng: np.random.Generator, picture: ImageF32) -> None:
    width, height, extent = _extent(picture)
    for _ in range(int(rng.integers(2, 14))):
        center = rng.uniform((0, 0), (width, height))
        t = np.arange(16) * (np.pi / 8)
        radius = rng.uniform(0.02, 0.2) * extent * (1 + rng.normal(0, 0.15, 16))
        polygon = center + np.stack([radius * np.cos(t), radius * rng.uniform(0.5, 1) * np.sin(t)],
                                    axis=1)  # fmt: skip
        feather = min(float(rng.uniform(1, 0.1 * extent + 1)), 200)
        _mix(picture, polygon, _color(rng), rng.uniform(0.3, 1), feather)


def _writing(rng: np.random.Generator, picture: ImageF32) -> None:
    """Rows of strokes as of letters."""
    width, height, extent = _extent(picture)
    tall = rng.uniform(0.02, 0.1) * extent
    at = rng.uniform((0, 0), (width, height))
    color = rng.uniform(0, 255) + rng.normal(0, 10, 3)
    for row in range(int(rng.integers(1, 4))):
        for letter in range(int(rng.integers(2, 10))):
            corner = at + (letter * 0.7 * tall, row * 1.4 * tall)
            for _ in range(int(rng.integers(1, 4))):
                a, b = corner + rng.integers(0, 3, (2, 2)) * (0.25 * tall, 0.5 * tall)
                off = np.array([0.05, 0.03]) * tall + 0.3
                _mix(picture, [a - off, (a[0] + off[0], a[1] - off[1]), b + off,
                               (b[0] - off[0], b[1] + off[1])], color, 1.0, 1.0)  # fmt: skip
