"""Where made people stand: walls, floors, rooms."""

from __future__ import annotations

import numpy as np

from cvfast.synth.background import scenery
from cvfast.synth.base import Reals
from cvfast.synth.noise import layers
from cvfast.typing import ImageF32

__all__ = ["BACKGROUNDS", "studio"]

BACKGROUNDS = ("wall", "white", "room", "outdoors")


def studio(name: str, rng: np.random.Generator, size: tuple[int, int],
           floor: float) -> ImageF32:  # fmt: skip
    """Return a background as levels, (h, w, 3).

    Parameters
    ----------
    name
        One of `BACKGROUNDS`.
    rng
        Its colours.
    size
        Width and height in pixels.
    floor
        Row at which the floor begins, perhaps below the picture.

    Raises
    ------
    ValueError
        No such background.
    """
    import cv2

    width, height = size
    if name not in BACKGROUNDS:
        raise ValueError(f"background: expected one of {', '.join(BACKGROUNDS)}, got {name!r}")
    if name == "outdoors":
        coarse = max(width // 3, 16), max(height // 3, 16)
        levels = np.clip(scenery(rng, coarse), 0, 255)
        blurred = cv2.GaussianBlur(levels, (0, 0), rng.uniform(1.0, 4.0))
        return np.asarray(cv2.resize(blurred, size, interpolation=cv2.INTER_LINEAR), np.float32)
    grey = rng.uniform(236, 250) if name == "white" else rng.uniform(90, 235)
    color = np.clip(grey + rng.normal(0, 3 if name == "white" else 14, 3), 20, 252)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    bright = 1 + np.float32(rng.uniform(-0.12, 0.12)) * (y - 0.5)
    bright = bright - np.float32(rng.uniform(0, 0.16)) * (x - np.float32(rng.normal(0, 0.4))) ** 2
    if name != "white":
        bright = bright + np.float32(0.02) * layers(rng, size, width * 0.3, 2)
    wall: ImageF32 = np.asarray(bright[..., None] * color.astype(np.float32), np.float32)
    if name == "room":
        _boards(rng, wall, color)
    row = int(np.clip(floor, 0, height))
    if row < height and name != "white":
        tone = np.clip(color * rng.uniform(0.5, 0.95) + rng.normal(0, 12, 3), 15, 240)
        share = np.clip((np.arange(row, height, dtype=np.float32) - row) / (0.15 * height), 0, 1)
        wall[row:] += (0.75 + 0.25 * share)[:, None, None] * (
            tone.astype(np.float32) * bright[row:, :, None] - wall[row:]
        )
    return wall


def _boards(rng: np.random.Generator, wall: ImageF32, color: Reals) -> None:
    """Hang pictures and set doors, blurred as what is behind."""
    import cv2

    height, width = wall.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        w, h = (rng.uniform(0.12, 0.4, 2) * (width, height)).astype(int)
        x, y = int(rng.uniform(-0.2, 1) * width), int(rng.uniform(-0.1, 0.7) * height)
        tone = np.clip(color * rng.uniform(0.5, 1.2) + rng.normal(0, 20, 3), 10, 250)
        x0, y0 = max(x, 0), max(y, 0)
        wall[y0 : max(y + max(h, 2), 0), x0 : max(x + max(w, 2), 0)] = tone
    sigma = max(0.3, float(rng.uniform(0.002, 0.008)) * width)
    wall[:] = cv2.GaussianBlur(wall, (0, 0), sigma)
