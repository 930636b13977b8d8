"""What hides part of a face: glasses, a hand, a scarf, hair, bars, things."""

from __future__ import annotations

import numpy as np

from cvfast.kernels.mask import polygon_mask
from cvfast.synth.base import Reals, contour
from cvfast.synth.identity import Look
from cvfast.synth.noise import layers
from cvfast.synth.paint import ellipse, ribbon
from cvfast.typing import ImageF32

__all__ = ["OCCLUSIONS", "cover_glasses", "draw_occlusion"]

OCCLUSIONS = ("none", "hand", "scarf", "sunglasses", "strands", "bars", "thing")


class _Cover:
    """Polygons of one colour over a picture of linear light."""

    def __init__(self, picture: ImageF32, rng: np.random.Generator) -> None:
        self.picture, self.rng = picture, rng
        self.height, self.width = picture.shape[:2]
        self.cover: ImageF32 = np.zeros((self.height, self.width), np.float32)

    def put(self, polygons: list[Reals], color: Reals, feather: float, share: float = 1.0) -> None:
        """Cover with a colour of levels, a little uneven."""
        mask = polygon_mask((self.width, self.height), polygons, feather=feather)
        mask *= np.float32(share)
        extent = max(self.width, self.height)
        uneven = 1 + 0.12 * layers(self.rng, (self.width, self.height), extent / 5, 3)
        tint = (np.asarray(color) / 255).astype(np.float32) ** 2
        self.picture += mask[..., None] * (tint * uneven[..., None] - self.picture)
        np.maximum(self.cover, mask, out=self.cover)


def draw_occlusion(
    name: str, picture: ImageF32, points: Reals, look: Look, bright: float, rng: np.random.Generator
) -> ImageF32:
    """Cover part of a face in a picture of linear light, in place.

    Returns
    -------
    (h, w) float32: how far each pixel is covered.
    """
    cover = _Cover(picture, rng)
    face = points[:, :2]
    unit = float(np.sqrt(((face[10] - face[152]) ** 2).sum())) / 2
    feather = max(1.0, 0.02 * unit)
    if name == "hand":
        _hand(cover, face, unit, look.skin * bright * rng.uniform(0.85, 1.05), feather)
    elif name == "scarf":
        low, high = face[[93, 323]], face[[132, 361]]
        nose = face[[195, 4, 164][int(rng.integers(0, 3))]]
        below = face[152] + (face[152] - face[10]) * 0.25
        side = (face[454] - face[234]) * 0.12
        top = np.stack([low[0] - side, high[0] * 0.3 + nose * 0.7, nose,
                        high[1] * 0.3 + nose * 0.7, low[1] + side])  # fmt: skip
        cloth = rng.uniform(15, 230, 3) * bright
        cover.put([np.concatenate([top, [below + 3 * side, below - 3 * side]])], cloth, feather)
    elif name == "sunglasses":
        lenses = [_lens(face, side, 1.9, 2.9) for side in ("right", "left")]
        cover.put([*lenses, _bridge(face, 0.05 * unit)], rng.uniform(4, 60, 3), feather,
                  rng.uniform(0.85, 1.0))  # fmt: skip
    elif name == "strands":
        _strands(cover, face, unit, look.hair * bright, feather)
    elif name == "bars":
        _bars(cover, face, unit, feather)
    elif name == "thing":
        center = face[int(rng.integers(0, 468))] + rng.normal(0, 0.5, 2) * unit
        shape = ellipse(center, *(rng.uniform(0.25, 0.7, 2) * unit), rng.uniform(0, 3))
        cover.put([shape], rng.uniform(5, 240, 3) * bright, feather)
    elif name != "none":
        raise ValueError(f"occlusion: expected one of {', '.join(OCCLUSIONS)}, got {name!r}")
    return cover.cover


def cover_glasses(picture: ImageF32, points: Reals, rng: np.random.Generator) -> ImageF32:
    """Put glasses with clear lenses on a face, in place; return how far each pixel is covered."""
    cover = _Cover(picture, rng)
    face = points[:, :2]
    unit = float(np.sqrt(((face[10] - face[152]) ** 2).sum())) / 2
    thick = rng.uniform(0.018, 0.05) * unit
    wide, high = rng.uniform(1.6, 1.9), rng.uniform(2.2, 3.2)
    frames = []
    for side in ("right", "left"):
        lens = _lens(face, side, wide, high)
        closed = np.concatenate([lens, lens[:2]])
        frames.append(ribbon(closed, np.full(len(closed), thick)))
    # The frame's far side goes to the ear; it shows on the side that faces the camera.
    for outer, ear, flip in ((33, 127, 1), (263, 356, -1)):
        if (
            points[ear, 2] - points[outer, 2] < 0.9 * unit
            and flip * (face[outer, 0] - face[ear, 0]) > 0.08 * unit
        ):
            rim = face[outer] + (face[outer] - face[133 if flip > 0 else 362]) * 0.35
            frames.append(ribbon(np.stack([rim, face[ear]]), [thick, thick]))
    frames.append(_bridge(face, thick))
    cover.put(frames, rng.uniform(5, 110, 3) * rng.uniform(0.2, 1), max(1.0, 0.01 * unit))
    return cover.cover


def _lens(face: Reals, side: str, wide: float, high: float) -> Reals:
    """Round an eye, along the face's own axes."""
    inner, outer = (133, 33) if side == "right" else (362, 263)
    middle = (face[inner] + face[outer]) / 2
    across = (face[outer] - face[inner]) / 2 * wide * 0.98
    half = np.sqrt(((face[263] - face[33]) ** 2).sum()) / 2
    down = (
        (face[152] - face[10]) / np.sqrt(((face[152] - face[10]) ** 2).sum()) * half * 0.13 * high
    )
    t = np.arange(24) * (np.pi / 12)
    c, s = np.cos(t), np.sin(t)
    x, y = np.sign(c) * np.abs(c) ** 0.7, np.sign(s) * np.abs(s) ** 0.7
    polygon: Reals = middle + x[:, None] * across + (y[:, None] + 0.12) * down
    return polygon


def _bridge(face: Reals, thick: float) -> Reals:
    ends = [face[133] + 0.25 * (face[133] - face[33]), face[362] + 0.25 * (face[362] - face[263])]
    return ribbon(np.stack([ends[0], face[168] * 0.4 + 0.3 * (ends[0] + ends[1]), ends[1]]),
                  np.full(3, thick))  # fmt: skip


def _hand(cover: _Cover, face: Reals, unit: float, color: Reals, feather: float) -> None:
    """A palm, and fingers from it."""
    rng = cover.rng
    palm = face[[234, 454, 152, 50, 280][int(rng.integers(0, 5))]] + rng.normal(0, 0.2, 2) * unit
    toward = face[4] - palm
    angle = np.arctan2(toward[1], toward[0]) + rng.normal(0, 0.4)
    out = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-out[1], out[0]])
    shapes = [ellipse(palm, 0.45 * unit, 0.38 * unit, angle)]
    cover.put(shapes, color, feather)
    for k, long in enumerate((0.75, 0.9, 0.85, 0.65)):
        root = palm + across * (k - 1.5) * 0.2 * unit + out * 0.2 * unit
        tip = root + out * long * unit * 0.9 + across * (k - 1.5) * 0.06 * unit
        wide = np.array([0.2, 0.19, 0.18, 0.1]) * unit
        line = root + np.linspace(0, 1, 4)[:, None] * (tip - root)
        cover.put([ribbon(line, wide)], color * (0.9 + 0.06 * (k % 3)), feather)


def _strands(cover: _Cover, face: Reals, unit: float, color: Reals, feather: float) -> None:
    rng = cover.rng
    down = (face[152] - face[10]) / 2
    ribbons = []
    for _ in range(int(rng.integers(3, 12))):
        start = face[10] + (face[454] - face[234]) * rng.uniform(-0.45, 0.45) - 0.3 * down
        end = start + down * rng.uniform(0.7, 1.5) + rng.normal(0, 0.2, 2) * unit
        bow = (start + end) / 2 + rng.normal(0, 0.12, 2) * unit
        wide = rng.uniform(0.03, 0.14) * unit
        ribbons.append(ribbon(np.stack([start, bow, end]), [wide, wide * 0.8, wide * 0.15]))
    cover.put(ribbons, color, feather)


def _bars(cover: _Cover, face: Reals, unit: float, feather: float) -> None:
    rng = cover.rng
    angle = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.1)
    along = np.array([np.cos(angle), np.sin(angle)])
    off = np.array([-along[1], along[0]])
    wide = rng.uniform(0.06, 0.25) * unit
    bars = []
    for k in range(int(rng.integers(1, 4))):
        at = face[4] + off * (rng.normal(0, 0.5) + 0.7 * k - 0.7) * unit
        bars.append(ribbon(np.stack([at - along * 9 * unit, at + along * 9 * unit]), [wide, wide]))
    cover.put(bars, rng.uniform(5, 220, 3), feather)


def hidden_share(cover: ImageF32, points: Reals) -> float:
    """Share of the face's outline that is covered, 0 to 1."""
    height, width = cover.shape
    oval = polygon_mask((width, height), [points[contour("oval"), :2]], feather=0)
    total = float(oval.sum())
    return float((oval * cover).sum()) / total if total > 0 else 0.0
