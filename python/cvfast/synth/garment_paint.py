"""What is printed or woven on a garment: patterns, logos, text, seams, folds."""

from __future__ import annotations

import functools

import numpy as np

from cvfast.synth.noise import layers, noise
from cvfast.typing import ImageF32

__all__ = ["LOGOS", "PATTERNS", "WORDS", "folds", "logo_stamp", "pattern"]

PATTERNS = ("plain", "stripes", "bands", "checks", "dots", "halves", "plaid", "marl")
LOGOS = ("none", "disc", "ring", "star", "badge", "text")
WORDS = ("CVFAST", "OCEAN", "No 27", "hello", "TEAM", "PARIS", "ZERO", "Blue Sky", "1984", "GO!",
         "LAKE", "music")  # fmt: skip


def _edge(signed: ImageF32, pixel: float) -> ImageF32:
    """1 where `signed` (in units) is positive, soft over a pixel."""
    share: ImageF32 = np.clip(signed / np.float32(max(pixel, 1e-6)) + np.float32(0.5), 0, 1)
    return share


def _wave(x: ImageF32, period: float, share: float, pixel: float) -> ImageF32:
    """1 in a `share` of each period."""
    place = np.abs((x / np.float32(period)) % 1 - np.float32(0.5)) * np.float32(period)
    return _edge(np.float32(share * period / 2) - place, pixel)


def pattern(name: str, x: ImageF32, y: ImageF32, colors: ImageF32, scale: float, pixel: float,
            rng: np.random.Generator) -> ImageF32:  # fmt: skip
    """Paint a pattern.

    Parameters
    ----------
    name
        One of `PATTERNS`.
    x, y
        (h, w) where each pixel lies in the cloth, in units.
    colors
        (3, 3) levels.
    scale
        Period in units.
    pixel
        Units a pixel.
    rng
        Of the weave.

    Returns
    -------
    (h, w, 3) float32 levels.
    """
    first, second, third = colors
    out = np.empty((*x.shape, 3), np.float32)
    out[:] = first
    if name in {"stripes", "bands", "plaid", "checks"}:
        along, across = (x, y) if name == "bands" else (y, x)
        _mix(out, _wave(along, scale, 0.5 if name != "plaid" else 0.35, pixel), second,
             0.55 if name in {"checks", "plaid"} else 1.0)  # fmt: skip
        if name in {"checks", "plaid"}:
            _mix(out, _wave(across, scale, 0.5 if name != "plaid" else 0.35, pixel), second, 0.55)
        if name == "plaid":
            for axis in (x, y):
                _mix(out, _wave(axis + np.float32(0.4 * scale), scale, 0.08, pixel), third, 0.8)
    elif name == "dots":
        row = np.floor(y / np.float32(scale))
        dx = (x / np.float32(scale) + np.float32(0.5) * (row % 2)) % 1 - np.float32(0.5)
        dy = (y / np.float32(scale)) % 1 - np.float32(0.5)
        radius = np.sqrt(dx * dx + dy * dy) * np.float32(scale)
        _mix(out, _edge(np.float32(0.26 * scale) - radius, pixel), second, 1.0)
    elif name == "halves":
        _mix(out, _edge(y - np.float32(2.6 + scale), pixel), second, 1.0)
    elif name == "marl":
        grain = layers(rng, (x.shape[1], x.shape[0]), max(0.1 / pixel, 1.0), 2)
        _mix(out, np.clip(0.5 + 0.6 * grain, 0, 1), second, 0.35)
    return out


def _mix(picture: ImageF32, mask: ImageF32, color: ImageF32, share: float) -> None:
    picture += (mask * np.float32(share))[..., None] * (color - picture)


@functools.lru_cache(maxsize=64)
def logo_stamp(name: str, word: str, side: int) -> ImageF32:
    """Draw a logo or a word, (h, w) opacity in [0, 1]; the wider side is `side` pixels.

    Raises
    ------
    ValueError
        No such logo.
    """
    from PIL import Image, ImageDraw, ImageFont

    big = 4 * 64
    picture = Image.new("L", (big, big), 0)
    draw = ImageDraw.Draw(picture)
    middle, r = big / 2, 0.46 * big
    box = (middle - r, middle - r, middle + r, middle + r)
    if name == "text":
        font = ImageFont.load_default(160)
        left, top, right, bottom = font.getbbox(word, stroke_width=6)
        picture = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8), 0)
        ImageDraw.Draw(picture).text((4 - left, 4 - top), word, 255, font, stroke_width=6)
    elif name == "disc":
        draw.ellipse(box, fill=255)
        draw.rectangle((middle - 0.3 * r, middle - 0.9 * r, middle + 0.1 * r, middle), fill=0)
    elif name == "ring":
        draw.ellipse(box, outline=255, width=30)
        low = middle + 50
        draw.polygon([(middle - 60, low), (middle, middle - 70), (middle + 60, low)], fill=255)
    elif name == "star":
        turn = np.arange(10) * np.pi / 5 - np.pi / 2
        reach = np.where(np.arange(10) % 2, 0.42, 1.0) * r
        draw.polygon([(float(middle + d * np.cos(a)), float(middle + d * np.sin(a)))
                      for d, a in zip(reach, turn, strict=True)], fill=255)  # fmt: skip
    elif name == "badge":
        draw.rounded_rectangle(box, 40, fill=255)
        font = ImageFont.load_default(130)
        draw.text((middle, middle), word[:2], 0, font, anchor="mm", stroke_width=4)
    else:
        raise ValueError(f"logo: expected one of {', '.join(LOGOS)}, got {name!r}")
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    stamp = np.asarray(small, np.float32) / np.float32(255)
    stamp.flags.writeable = False
    return stamp


def folds(rng: np.random.Generator, size: tuple[int, int], unit: float, strength: float,
          lean: float = 0.0) -> ImageF32:  # fmt: skip
    """Shading of folds about 1, (h, w): long across the way they lean, short along it.

    Parameters
    ----------
    rng
        Where they lie.
    size
        Width and height in pixels.
    unit
        Pixels a unit.
    strength
        Share of the light that they take; 0.1 is smooth cloth, 0.4 linen.
    lean
        x a y: 0 hangs straight down.
    """
    import cv2

    width, height = size
    coarse = 4 if min(size) >= 256 else 2 if min(size) >= 96 else 1
    w, h, unit = -(-width // coarse), -(-height // coarse), unit / coarse
    tall = np.zeros((h, w), np.float32)
    for cell, share in ((0.9, 1.0), (0.45, 0.5)):
        reach = int(abs(lean) * h) + 2
        wide = noise(rng, (w + 2 * reach, h), (max(cell * unit, 1.5), max(3.2 * cell * unit, 2)))
        matrix = np.array([[1, -lean, reach], [0, 1, 0]], np.float32)
        tall += np.float32(share) * cv2.warpAffine(
            wide, matrix, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT)  # fmt: skip
    # Ridges catch light on one side: the slope across shades.
    slope = np.asarray(np.gradient(tall, axis=1), np.float32) * np.float32(unit)
    shade = np.tanh(0.55 * slope) + 0.35 * np.tanh(tall)
    out = np.float32(1) + np.float32(strength) * shade.astype(np.float32)
    return np.asarray(cv2.resize(out, size, interpolation=cv2.INTER_LINEAR), np.float32)
