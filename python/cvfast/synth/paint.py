"""A person's texture: skin, brows, lips, beard, eyes, teeth, hair, cloth."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cvfast.kernels.mask import polygon_mask
from cvfast.synth.atlas import (
    BOTTOM,
    CLOTH,
    EAR,
    EYES,
    FACE,
    HAIR,
    HEIGHT,
    MOUTH,
    NECK,
    TOP,
    WIDTH,
    face_place,
)
from cvfast.synth.base import Reals, contour, step
from cvfast.synth.hair import hair_edge, shell_alpha
from cvfast.synth.identity import Identity, Look
from cvfast.synth.noise import layers, noise
from cvfast.typing import ImageF32, ImageU8

__all__ = ["LABELS", "Painted", "painted"]

LABELS = {"background": 0, "skin": 1, "brows": 2, "eyes": 3, "lips": 4, "mouth": 5, "hair": 6,
          "body": 7, "occluder": 8}  # fmt: skip
_SALT = 0x5C1


@dataclass(frozen=True)
class Painted:
    """A person's texture.

    Parameters
    ----------
    texels : ndarray
        (480, 640, 4) uint8: RGB and opacity (of hair; else 255).
    labels : ndarray
        (480, 640) uint8: which part each texel belongs to.
    """

    texels: ImageU8
    labels: ImageU8


class _Canvas:
    """The part of the texture that is rolled off the head, to paint on."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.color: ImageF32 = np.empty((FACE.height, FACE.width, 3), np.float32)
        self.color[:] = look.skin
        self.labels: ImageU8 = np.full(self.color.shape[:2], LABELS["skin"], np.uint8)
        self.at = face_place(look.points)

    def soft(self, polygon: ArrayLike, feather: float) -> tuple[tuple[slice, slice], ImageF32]:
        """Return where a polygon lies and its soft mask there."""
        corners = np.asarray(polygon, np.float64)
        reach = feather / 2 + 2
        x0, y0 = np.maximum(np.floor(corners.min(axis=0) - reach), 0).astype(int)
        x1 = min(int(corners[:, 0].max() + reach) + 1, FACE.width)
        y1 = min(int(corners[:, 1].max() + reach) + 1, FACE.height)
        if x1 <= x0 or y1 <= y0:
            return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), np.float32)
        mask = polygon_mask((x1 - x0, y1 - y0), [corners - (x0, y0)], feather=feather)
        return (slice(y0, y1), slice(x0, x1)), mask

    def fill(self, polygon: ArrayLike, color: Any, strength: float, feather: float = 2.0,
             grain: ImageF32 | None = None) -> None:  # fmt: skip
        """Mix a colour in within a polygon."""
        where, mask = self.soft(polygon, feather)
        share = mask * np.float32(strength)
        if grain is not None:
            share = share * grain[where]
        here = self.color[where]
        here += share[..., None] * (np.asarray(color, np.float32) - here)

    def shade(self, polygon: ArrayLike, factor: Any, feather: float) -> None:
        """Multiply colours within a polygon."""
        where, mask = self.soft(polygon, feather)
        self.color[where] *= 1 + mask[..., None] * (np.asarray(factor, np.float32) - 1)

    def stroke(self, line: Reals, widths: ArrayLike, factor: Any, feather: float) -> None:
        """Multiply colours along a line as wide as said at each of its points."""
        self.shade(ribbon(line, widths), factor, feather)

    def mark(self, polygon: ArrayLike, label: str) -> None:
        """Give a polygon a label."""
        where, mask = self.soft(polygon, 0.0)
        self.labels[where][mask > 0.5] = LABELS[label]


def ribbon(line: Reals, widths: ArrayLike) -> Reals:
    """Return the polygon of a line with a width at each point."""
    along = np.gradient(line, axis=0)
    along /= np.sqrt((along**2).sum(axis=1, keepdims=True)) + 1e-9
    off = np.stack([-along[:, 1], along[:, 0]], axis=1) * (np.asarray(widths)[:, None] / 2)
    return np.concatenate([line + off, (line - off)[::-1]])


def ellipse(center: Reals, rx: float, ry: float, turn: float = 0.0) -> Reals:
    """Return a polygon of 20 corners."""
    t = np.arange(20) * (np.pi / 10)
    x, y = rx * np.cos(t), ry * np.sin(t)
    return center + np.stack(
        [x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1
    )


@functools.lru_cache(maxsize=48)
def painted(identity: Identity) -> Painted:
    """Return a person's texture; the last few are kept."""
    rng = np.random.default_rng([_SALT, identity.number])
    look = identity.look
    texels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    labels = np.full((HEIGHT, WIDTH), LABELS["skin"], np.uint8)

    def put(patch: Any, color: Any, label: int | ImageU8) -> None:
        texels[patch.slices][..., :3] = np.clip(color, 0, 255).astype(np.uint8)
        labels[patch.slices] = label

    canvas = _face(look, rng)
    put(FACE, canvas.color, canvas.labels)
    for patch in EYES.values():
        put(patch, _eye(look, rng), LABELS["eyes"])
    put(MOUTH, _teeth(look, rng), LABELS["mouth"])
    put(EAR, _ear(look, rng), LABELS["skin"])
    put(NECK, _skin_patch(look, rng, 64), LABELS["body"])
    put(CLOTH, _cloth(look, rng), LABELS["body"])
    put(HAIR, _strands(look, rng), LABELS["hair"])
    texels[HAIR.slices][..., 3] = shell_alpha(look, rng, HAIR.width, HAIR.height)
    return Painted(texels, labels)


def _face(look: Look, rng: np.random.Generator) -> _Canvas:
    canvas = _Canvas(look)
    _complexion(canvas, rng)
    _sockets(canvas)
    _nose_and_folds(canvas)
    _beard(canvas, rng)
    _lips(canvas, rng)
    _brows(canvas, rng)
    _lids(canvas)
    _scalp(canvas, rng)
    return canvas


def _complexion(canvas: _Canvas, rng: np.random.Generator) -> None:
    look, size = canvas.look, (FACE.width, FACE.height)
    blotch = layers(rng, size, 60, 4, 0.7) * np.float32(0.035 * look.mottle)
    fine = noise(rng, size, (2.0, 2.0)) * np.float32(0.02 * look.mottle)
    canvas.color *= (1 + blotch + fine)[..., None]
    canvas.color[..., 1:] *= (1 + noise(rng, size, (24, 24)) * np.float32(0.03))[..., None]
    ruddy = np.array([1.02, 0.92, 0.92]) ** (0.3 + 0.7 * look.makeup + 0.6 * rng.random())
    for spot, rx, ry in ((50, 34, 26), (280, 34, 26), (4, 16, 14)):
        canvas.shade(ellipse(canvas.at[spot], rx, ry), ruddy, 26)
    canvas.shade(ellipse(canvas.at[152] - (0, 8), 26, 16), ruddy**0.5, 22)
    if look.freckles:
        for _ in range(int(160 * look.freckles)):
            place = canvas.at[4] + rng.normal(0, (48, 20)) + (0, -12)
            canvas.shade(ellipse(place, *rng.uniform(0.5, 1.4, 2)), (0.86, 0.78, 0.7), 1)
    for _ in range(int(rng.integers(0, 4))):  # moles
        place = canvas.at[4] + rng.normal(0, (60, 50))
        canvas.shade(ellipse(place, *rng.uniform(0.8, 1.8, 2)), (0.6, 0.5, 0.45), 1)


def _sockets(canvas: _Canvas) -> None:
    """Darken what lies deep: eyes, under the brows, beside the nose, under the lip."""
    look, at = canvas.look, canvas.at
    for side, inner in (("right", 133), ("left", 362)):
        middle = at[contour(f"{side}_eye")].mean(axis=0)
        canvas.shade(ellipse(middle + (0, -2), 26, 17), (0.84, 0.8, 0.78), 18)
        canvas.shade(ellipse(middle + (0, 11), 18, 6), (0.9, 0.86, 0.86 - 0.05 * look.age), 10)
        canvas.shade(ellipse(at[inner] + (0, -3), 8, 12), (0.84, 0.78, 0.76), 12)
        if look.makeup > 0.3:
            canvas.shade(ellipse(middle + (0, -8), 22, 9), 1 - 0.35 * look.makeup, 10)
    canvas.shade(ellipse(at[17] + (0, 7), 16, 5), (0.82, 0.76, 0.74), 9)


def _nose_and_folds(canvas: _Canvas) -> None:
    look, at = canvas.look, canvas.at
    for inner, outer, wing in ((97, 98, 129), (326, 327, 358)):
        hole = at[[inner, outer]].mean(axis=0) + (0, -1.5)
        canvas.shade(ellipse(hole, 5.0, 2.4), (0.28, 0.2, 0.2), 3.5)
        canvas.stroke(at[[wing, outer]] + (0, 0.5), [2.0, 3.0], (0.7, 0.62, 0.6), 5)
    canvas.shade(ellipse(at[2] + (0, 2), 14, 4), (0.8, 0.74, 0.72), 7)
    for wing, cheek, corner in ((129, 206, 61), (358, 426, 291)):
        fold = at[[wing, cheek, corner]].copy()
        fold[1] = fold[[0, 2]].mean(axis=0) + (fold[1] - fold[[0, 2]].mean(axis=0)) * 0.45
        deep = 0.97 - 0.16 * look.age
        canvas.stroke(fold, [3, 5, 3], (deep, deep * 0.97, deep * 0.96), 9)
    if look.age > 0.45:
        for height in (-0.72, -0.8, -0.88):
            y = FACE.height * (height - TOP) / (BOTTOM - TOP)
            x = np.linspace(-44, 44, 9)
            line = np.stack([at[9, 0] + x, y + 0.0016 * x * x + np.sin(x * 0.13)], axis=1)
            faint = 1 - 0.22 * (look.age - 0.3)
            canvas.stroke(line, np.interp(np.abs(x), [0, 44], [2, 0.2]), faint, 3)


def _beard(canvas: _Canvas, rng: np.random.Generator) -> None:
    look, at = canvas.look, canvas.at
    if not (look.beard or look.stubble > 0.25):
        return
    jaw = at[[234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397,
              288, 361, 323, 454]].copy()  # fmt: skip
    jaw[:, 1] += 20
    inside = at[[366, 411, 426, 327, 2, 98, 206, 187, 137]]
    grain = np.clip(0.75 + 0.6 * noise(rng, (FACE.width, FACE.height), (1.5, 4)), 0, 1)
    area = np.concatenate([jaw, inside])
    if look.stubble > 0.25:
        blue = look.skin * 0.45 + look.hair * 0.35 + (4, 8, 14)
        canvas.fill(area, blue, 0.4 * look.stubble, 26, grain)
    if look.beard:
        canvas.fill(area, look.hair * 0.8, 0.92 * look.beard, 14, grain)
        soul = at[[84, 17, 314, 406, 200, 182]]
        canvas.fill(soul, look.hair * 0.75, 0.5 * look.beard, 5, grain)


def _lips(canvas: _Canvas, rng: np.random.Generator) -> None:
    look, at = canvas.look, canvas.at
    ring = at[contour("outer_lip")]
    grain = np.clip(0.9 + 0.25 * noise(rng, (FACE.width, FACE.height), (1.6, 5)), 0, 1)
    canvas.fill(ring, look.lips, 0.85, 4.0 - 2 * look.makeup, grain)
    canvas.mark(ring, "lips")
    upper = at[[61, 40, 37, 0, 267, 270, 291, 415, 312, 13, 82, 191]]
    canvas.shade(upper, 0.84, 3)
    inner = contour("inner_lip")
    line = at[np.r_[61, inner[: len(inner) // 2 + 1], 291]]
    canvas.stroke(line, np.interp(np.arange(len(line)), [0, 1, len(line) - 2, len(line) - 1],
                                  [1.0, 2.4, 2.4, 1.0]), (0.55, 0.42, 0.42), 3)  # fmt: skip
    canvas.shade(ellipse(at[17] + (0, -4), 10, 2.5), 1.08, 4)


def _brows(canvas: _Canvas, rng: np.random.Generator) -> None:
    look, at = canvas.look, canvas.at
    grain = np.clip(0.75 + 0.7 * noise(rng, (FACE.width, FACE.height), (3.5, 1.5)), 0.1, 1)
    color = look.hair * 0.62 + look.skin * 0.08
    for upper, lower in (((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)),
                         ((336, 296, 334, 293, 300), (285, 295, 282, 283, 276))):  # fmt: skip
        top, bottom = at[list(upper)], at[list(lower)]
        middle = (top + bottom) / 2
        thick = 0.32 + 0.5 * look.brows
        half = (bottom - top) / 2 * thick
        if upper[0] == 336:
            half[:, :] = half
        brow = np.concatenate([middle - half, (middle + half)[::-1]])
        canvas.fill(brow, color, 0.55 + 0.45 * look.brows, 4.5, grain)
        canvas.fill(brow, color, 0.5 * look.brows, 3, grain)
        canvas.mark(np.concatenate([top, bottom[::-1]]), "brows")


def _lids(canvas: _Canvas) -> None:
    look, at = canvas.look, canvas.at
    dark = np.array([0.3, 0.25, 0.24]) if look.makeup < 0.3 else np.array([0.12, 0.1, 0.1])
    for side in ("right", "left"):
        ring = contour(f"{side}_eye")
        half = len(ring) // 2
        upper, lower = at[ring[: half + 1]], at[np.r_[ring[half:], ring[0]]]
        canvas.stroke(upper + (0, -0.6), [1, 1.6, 2, 2.4, 2.4, 2.2, 1.8, 1.4, 1], dark, 2.2)
        canvas.stroke(lower + (0, 0.5), [0.8] + [1.2] * 7 + [0.8], dark**0.35, 2.4)
        crease = upper + (0, -4.2)
        crease[[0, -1]] += (0, 2.5)
        canvas.stroke(crease, [0.5, 1.2, 1.5, 1.6, 1.6, 1.6, 1.5, 1.2, 0.5], (0.72, 0.64, 0.62), 3)


def _scalp(canvas: _Canvas, rng: np.random.Generator) -> None:
    """Paint the hair that lies on the head."""
    look = canvas.look
    y = TOP + np.arange(FACE.height)[:, None] / (FACE.height - 1) * (BOTTOM - TOP)
    around = (np.arange(FACE.width)[None] / (FACE.width - 1) * 2 - 1) * np.pi
    edge = hair_edge(look, around)
    jagged = noise(rng, (FACE.width, FACE.height), (3, 9)) * np.float32(0.035)
    depth = edge - y + jagged
    share = step(np.asarray(depth, np.float64), -0.02, 0.07)
    if look.hair_style == "bald":
        share = 0.35 * share * (look.age < 0.5)
    strands = 1 + 0.22 * noise(rng, (FACE.width, FACE.height), (2, 30))
    color = look.hair[None, None] * strands[..., None]
    canvas.color += (share[..., None] * (color - canvas.color)).astype(np.float32)
    canvas.labels[share > 0.5] = LABELS["hair"]


def _skin_patch(look: Look, rng: np.random.Generator, side: int) -> ImageF32:
    size = (side, side)
    tone = 1 + 0.04 * layers(rng, size, 20, 3) - 0.05
    patch: ImageF32 = (look.skin[None, None] * tone[..., None]).astype(np.float32)
    return patch


def _ear(look: Look, rng: np.random.Generator) -> ImageF32:
    patch = _skin_patch(look, rng, 64) * np.array([1.0, 0.9, 0.88], np.float32)
    y, x = np.mgrid[:64, :64] / 63.0
    hollow = np.exp(-(((x - 0.45) / 0.25) ** 2 + ((y - 0.45) / 0.28) ** 2))
    fold = np.exp(-(((x - 0.78) / 0.07) ** 2)) * step(y, 0.9, 0.5)
    dark: ImageF32 = (1 - 0.5 * hollow - 0.25 * fold)[..., None].astype(np.float32)
    return patch * dark


def _eye(look: Look, rng: np.random.Generator) -> ImageF32:
    """Eight radii of the iris across."""
    y, x = (np.mgrid[:64, :64] - 31.5) / 7.75  # the iris has radius 1
    r, angle = np.sqrt(x * x + y * y), np.arctan2(y, x)
    white = np.array([222, 214, 208]) * (1 - 0.16 * step(np.abs(x), 1.0, 3.0))[..., None]
    white[..., 1:] *= (1 - 0.1 * step(np.abs(x), 1.4, 2.8))[..., None]
    streaks = 1 + 0.25 * np.sin(angle * 13 + rng.uniform(0, 6)) * step(r, 0.3, 0.7)
    iris = look.iris * (streaks * (1.15 - 0.3 * r))[..., None]
    iris = iris * (1 - 0.55 * step(r, 0.75, 1.0))[..., None]
    color = white + step(r, 1.12, 0.92)[..., None] * (iris - white)
    color = color * (1 - 0.93 * step(r, 0.5, 0.34))[..., None]
    shine = step(np.sqrt((x + 0.35) ** 2 + (y + 0.4) ** 2), 0.34, 0.16)[..., None]
    return np.asarray(color + shine * (250 - color), np.float32)


def _teeth(look: Look, rng: np.random.Generator) -> ImageF32:
    """Upper teeth above, tongue below, dark between."""
    y, x = np.mgrid[: MOUTH.height, : MOUTH.width]
    y, x = y / (MOUTH.height - 1) * 0.5 - 0.05, (x / (MOUTH.width - 1) - 0.5) * 0.9
    bright = 0.75 + 0.25 * (1 - look.age)
    gaps = np.abs(np.sin(np.pi * x / 0.06)) ** 0.25
    teeth = np.array([244, 238, 226]) * (bright * (0.86 + 0.14 * gaps))[..., None]
    teeth = teeth * (1 - 0.55 * step(np.abs(x), 0.1, 0.34))[..., None]
    edge = 0.105 + 0.004 * np.cos(2 * np.pi * x / 0.06) - 0.1 * x * x
    tongue = np.array([150, 70, 66]) * step(y, 0.14, 0.3)[..., None]
    dark = np.array([44, 16, 16]) + 0.75 * tongue
    return np.asarray(dark + step(y, edge + 0.008, edge - 0.008)[..., None] * (teeth - dark),
                      np.float32)  # fmt: skip


def _cloth(look: Look, rng: np.random.Generator) -> ImageF32:
    y, x = np.mgrid[:128, :128]
    weave = 1 + 0.08 * layers(rng, (128, 128), 40, 4, 0.7)
    kind = int(rng.integers(0, 4))
    if kind == 1:
        weave = weave * np.where(np.sin(y * rng.uniform(0.3, 0.9)) > 0.2, 1.0, 0.6)
    elif kind == 2:
        weave = weave * np.where(np.sin(x * rng.uniform(0.2, 0.6)) > 0.3, 1.0, 0.7)
    return np.asarray(look.cloth * weave[..., None], np.float32)


def _strands(look: Look, rng: np.random.Generator) -> ImageF32:
    size = (HAIR.width, HAIR.height)
    curly = look.hair_style == "afro"
    lock = noise(rng, size, (14, 14) if curly else (16, 90))
    fine = noise(rng, size, (3, 3) if curly else (2.2, 45))
    value = 1 + 0.2 * lock + 0.25 * fine
    return np.asarray(look.hair * value[..., None], np.float32)
