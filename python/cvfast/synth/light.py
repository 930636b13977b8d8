"""Light on a head: a key light that may cast shadows, light from all round, gloss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cvfast.kernels.raster import rasterise
from cvfast.synth.base import Numbers, Reals

__all__ = ["LIGHTS", "Light", "draw_light", "shine"]

LIGHTS = ("soft", "front", "side", "top", "below", "back", "hard", "coloured", "dim")
_SHADOW = 112  # pixels a side


@dataclass(frozen=True)
class Light:
    """Light of a picture.

    Parameters
    ----------
    direction : ndarray
        (3,) from the head towards the key light: x right, y down, z away from the camera.
    key, sky, ground, rim : ndarray
        (3,) linear colours of the key light, of what comes from above, from below and from behind.
    shadows : float
        How much of the key light shadows take away.
    """

    direction: Reals
    key: Reals
    sky: Reals
    ground: Reals
    rim: Reals
    shadows: float


def draw_light(name: str, rng: np.random.Generator) -> Light:
    """Draw one of many lights of a kind."""
    side = 1 if rng.random() < 0.5 else -1
    turn = {"side": (0.9, 1.5), "back": (1.9, 2.6), "front": (0.0, 0.3), "soft": (0.1, 0.8),
            "hard": (0.3, 1.0)}.get(name, (0.0, 0.9))  # fmt: skip
    lift = {"top": (0.8, 1.2), "below": (-0.9, -0.5), "soft": (0.2, 0.8), "hard": (0.2, 0.9)}.get(
        name, (0.0, 0.6)
    )
    key, fill = {"soft": (0.75, 0.5), "front": (0.75, 0.4), "side": (1.05, 0.26), "top": (0.9, 0.3),
                 "below": (0.7, 0.34), "back": (0.9, 0.42), "hard": (1.1, 0.22),
                 "coloured": (0.8, 0.4), "dim": (0.3, 0.2)}.get(name, (None, None))  # fmt: skip
    if key is None or fill is None:
        raise ValueError(f"light: expected one of {', '.join(LIGHTS)}, got {name!r}")
    around, above = side * rng.uniform(*turn), rng.uniform(*lift)
    direction = np.array(
        [np.sin(around) * np.cos(above), -np.sin(above), -np.cos(around) * np.cos(above)]
    )
    warm = rng.normal(0, 0.06)
    tint = np.array([1 + warm, 1.0, 1 - warm])
    if name == "coloured":
        tint = rng.uniform(0.35, 1.3, 3)
    cool = np.array([1 - 0.5 * warm, 1.0, 1 + 0.5 * warm])
    key = key * rng.uniform(0.85, 1.15)
    fill = fill * rng.uniform(0.8, 1.25)
    return Light(
        direction,
        key * tint,
        fill * cool,
        fill * rng.uniform(0.45, 0.8) * tint,
        np.full(3, rng.uniform(0, 0.25)) * (name not in {"front", "dim"}),
        {"soft": 0.5, "front": 0.5}.get(name, 0.85),
    )


def shine(
    vertices: Reals,
    normals: Reals,
    light: Light,
    gloss: Reals,
    solid: Numbers,
    glow: Reals,
    *,
    side: int | None = None,
) -> tuple[Reals, Reals]:
    """Return what each vertex reflects: a factor of its colour, and gloss to add, (n, 3) each.

    Parameters
    ----------
    vertices, normals
        (n, 3) as the camera sees them.
    light
        The light.
    gloss
        (n,) how glossy each vertex is.
    solid
        (m, 3) triangles that cast shadows.
    glow
        (n,) how far light goes round the terminator, as in skin; reddest there.
    side
        Pixels a side of the picture that shadows are read from, if it shall show all vertices;
        None: one that fits a head.
    """
    facing = normals @ light.direction
    lit = 1 - light.shadows * _shadowed(vertices, normals, light.direction, solid, side)
    round_ = glow[:, None] * np.array([0.34, 0.2, 0.15])
    diffuse = np.clip((facing[:, None] + round_) / (1 + round_), 0, None) * lit[:, None]
    up = 0.5 - 0.5 * normals[:, 1:2]
    around = light.ground + up * (light.sky - light.ground)
    # What faces away from the camera at the rim catches light from behind.
    rim = np.clip(1 + normals[:, 2], 0, 1) ** 3
    half = light.direction + np.array([0, 0, -1])
    half = half / np.sqrt((half**2).sum() + 1e-9)
    spark = np.clip(normals @ half, 0, 1) ** 18 * np.clip(facing * 4, 0, 1) * lit
    broad = np.clip(-normals[:, 2], 0, 1) ** 6 * 0.12
    factor = diffuse * light.key + around * (0.5 + 0.5 * np.clip(-normals[:, 2:], 0, 1))
    factor = factor + rim[:, None] * light.rim
    added = gloss[:, None] * (spark[:, None] * light.key + broad[:, None] * light.sky)
    return factor, added


def _shadowed(
    vertices: Reals,
    normals: Reals,
    direction: Reals,
    solid: Numbers,
    side: int | None,
) -> Reals:
    """Share of the key light that other parts keep from each vertex, (n,)."""
    across = np.cross(direction, (0.0, 1.0, 0.0))
    across = across / (np.sqrt((across**2).sum()) + 1e-9)
    down = np.cross(across, direction)
    seen = vertices @ np.stack([across, down, -direction], axis=1)
    low, high, pixels, slack = np.array([-1.7, -2.1]), np.array([1.7, 1.9]), _SHADOW, 1.0
    if side is not None:
        low, high, pixels = seen[:, :2].min(axis=0) - 0.2, seen[:, :2].max(axis=0) + 0.2, side
        slack = float((high - low).max()) / pixels / 0.034
    scale = (pixels - 1) / (high - low)
    drawn = np.column_stack([(seen[:, :2] - low) * scale, seen[:, 2]])
    depth = rasterise(drawn, solid, (pixels, pixels), threads=1).depth
    off = 0.03 * slack * (normals @ np.stack([across, down, -direction], axis=1))
    place = ((seen + off)[:, :2] - low) * scale
    hidden = np.zeros(len(vertices))
    for dx, dy in ((-0.8, -0.4), (0.8, 0.4), (-0.4, 0.8), (0.4, -0.8)):
        x = np.clip(np.rint(place[:, 0] + dx), 0, pixels - 1).astype(np.int64)
        y = np.clip(np.rint(place[:, 1] + dy), 0, pixels - 1).astype(np.int64)
        hidden += np.clip((seen[:, 2] - depth[y, x] - 0.05 * slack) / (0.06 * slack), 0, 1)
    return hidden / 4
