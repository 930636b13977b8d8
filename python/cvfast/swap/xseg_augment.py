"""Face pictures for mask training, each time a little different from what they are.

Moved, put before others' backgrounds, covered, lit and spoiled, as pictures in the wild are; what
is done to the mask is what was done to the face.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageF32, ImageU8

__all__ = ["augmented"]

_REFLECT = cv2.BORDER_REPLICATE


def augmented(
    picture: ImageU8,
    mask: ImageU8,
    other: ImageU8,
    size: int,
    rng: np.random.Generator,
    *,
    room: float = 0.0,
) -> tuple[ImageF32, ImageF32]:
    """Return a disturbed picture and its mask.

    Parameters
    ----------
    picture, mask
        ``(n, n, 3)`` and ``(n, n)`` uint8.
    other
        Another picture, for backgrounds and covers; uint8 of three colours.
    size
        Pixels of the sides that come out.
    rng
        Where all chance comes from.
    room
        Share of the picture's side that is margin all round, and is left out but for what turns in.

    Returns
    -------
    picture, mask
        ``(size, size, 3)`` and ``(size, size)`` float32 in [0, 1].
    """
    image, face = _moved(picture, mask, size, rng, room)
    beside = _elsewhere(other, size, rng)
    if rng.random() < 0.5:
        _before(image, face, beside, rng)
    if rng.random() < 0.35:
        _cover(image, face, beside, rng)
    for part in (face, 1 - face):
        if rng.random() < 0.3:
            _flare(image, part, rng)
    if rng.random() < 0.7:
        image = _relit(image, rng)
    image = _spoiled(image, rng)
    return image, face


def _moved(
    picture: ImageU8, mask: ImageU8, size: int, rng: np.random.Generator, room: float
) -> tuple[ImageF32, ImageF32]:
    """Turn, scale, shift, bend and mirror a picture and its mask alike."""
    side = picture.shape[0]
    inside = side * (1 - 2 * room)
    across, down = _grid(size, rng, turn=0.18, grow=0.06, shift=0.05, mirror=rng.random() < 0.5)
    bend = rng.normal(0, 0.012, (2, 5, 5)).astype(np.float32)
    bend[:, [0, -1]] = bend[:, :, [0, -1]] = 0
    across += cv2.resize(bend[0], (size, size), interpolation=cv2.INTER_CUBIC)
    down += cv2.resize(bend[1], (size, size), interpolation=cv2.INTER_CUBIC)
    x, y = (across * inside + side / 2 - 0.5, down * inside + side / 2 - 0.5)
    if inside > 1.6 * size:  # before it is made smaller, what would flicker is taken out
        soft = 0.4 * inside / size
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), soft), np.uint8)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.uint8)
    image = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=_REFLECT)
    face = cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return _shares(image), _shares(face)


def _grid(
    size: int,
    rng: np.random.Generator,
    *,
    turn: float,
    grow: float,
    shift: float,
    mirror: bool = False,
) -> tuple[ImageF32, ImageF32]:
    """Return where each pixel comes from, in sides from the middle."""
    steps = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    angle, scale = rng.uniform(-turn, turn), np.exp(rng.uniform(-grow, grow))
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    columns = -steps if mirror else steps
    x, y = rng.uniform(-shift, shift, 2)
    across = columns[None] * cos - steps[:, None] * sin + x
    down = columns[None] * sin + steps[:, None] * cos + y
    return across.astype(np.float32), down.astype(np.float32)


def _elsewhere(other: ImageU8, size: int, rng: np.random.Generator) -> ImageF32:
    """Return another picture, turned any way, in other colours."""
    across, down = _grid(size, rng, turn=np.pi, grow=0.7, shift=0.15)
    side = min(other.shape[:2])
    turned = cv2.remap(
        other, (across + 0.5) * side, (down + 0.5) * side, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    image = _shares(turned)
    return _recolored(image, rng) if rng.random() < 0.5 else image


def _shares(levels: NDArray[Any]) -> ImageF32:
    """Return bytes as float32 in [0, 1]."""
    return np.asarray(levels, np.float32) / np.float32(255)


def _f32(image: NDArray[Any]) -> ImageF32:
    return np.asarray(image, np.float32)


def _before(image: ImageF32, face: ImageF32, beside: ImageF32, rng: np.random.Generator) -> None:
    """Mix another picture into the background."""
    share = (1 - face) * np.float32(rng.uniform(0.15, 1))
    image += share[..., None] * (beside - image)


def _cover(image: ImageF32, face: ImageF32, beside: ImageF32, rng: np.random.Generator) -> None:
    """Hold something before the face, with a shadow round it."""
    size = len(face)
    shape = _thing(face, rng)
    kind = rng.random()
    stuff: NDArray[np.floating] = beside
    if kind < 0.35 and face.sum() > 1:  # skin of about the face's own colour: hands, arms
        skin = (image * face[..., None]).sum(axis=(0, 1)) / face.sum()
        uneven = cv2.resize(rng.normal(1, 0.1, (4, 4)).astype(np.float32), (size, size),
                            interpolation=cv2.INTER_CUBIC)  # fmt: skip
        stuff = skin * rng.uniform(0.75, 1.2) * rng.normal(1, 0.04, 3) * uneven[..., None]
        stuff = stuff + rng.normal(0, 0.01, image.shape)
    elif kind < 0.6:
        slope = rng.normal(0, 0.15, (2, 2, 3)).astype(np.float32)
        stuff = rng.uniform(0, 1, 3) + cv2.resize(slope, (size, size))
    if rng.random() < 0.6:
        wide = rng.uniform(0.01, 0.05) * size
        shade = cv2.GaussianBlur(shape, (0, 0), wide) * rng.uniform(0, 0.6)
        image *= 1 - shade.astype(np.float32)[..., None]
    share = shape * np.float32(1 if rng.random() < 0.85 else rng.uniform(0.7, 1))
    image += share[..., None] * (np.clip(stuff, 0, 1).astype(np.float32) - image)
    face *= 1 - shape


def _thing(face: ImageF32, rng: np.random.Generator) -> ImageF32:
    """Draw the outline of something: fingers, a disc, a bar, corners."""
    size, fine = len(face), 4
    mask: ImageU8 = np.zeros((size, size), np.uint8)
    rows, columns = np.nonzero(face > 0.5)
    at = int(rng.integers(len(rows))) if len(rows) else 0
    middle = np.array([columns[at], rows[at]] if len(rows) else [size / 2, size / 2], np.float64)
    unit = np.sqrt(max(len(rows), size))

    def line(start: NDArray[np.float64], end: NDArray[np.float64], wide: float) -> None:
        ends = [tuple(int(v * (1 << fine)) for v in point) for point in (start, end)]
        cv2.line(mask, ends[0], ends[1], 255, max(1, round(wide)), cv2.LINE_AA, fine)

    kind = rng.random()
    if kind < 0.45:
        angle = rng.uniform(0, 2 * np.pi)
        out = np.array([np.cos(angle), np.sin(angle)])
        side = np.array([-out[1], out[0]]) * unit
        wide = rng.uniform(0.05, 0.18)
        for finger in range(int(rng.integers(1, 6))):
            tip = (
                middle + side * (finger * wide * rng.uniform(0.9, 1.3)) + side * rng.normal(0, 0.02)
            )
            joint = tip + out * unit * rng.uniform(0.2, 0.5)
            line(tip, joint, wide * unit)
            line(joint, joint + out * unit + side * rng.normal(0, 0.2), wide * unit * 1.1)
    elif kind < 0.65:
        axes = rng.uniform(0.1, 0.5, 2) * unit
        cv2.ellipse(
            mask, (tuple(middle), tuple(2 * axes), rng.uniform(0, 180)), 255, -1, cv2.LINE_AA
        )
    elif kind < 0.8:
        along = rng.normal(0, 1, 2)
        along *= 2 * size / np.sqrt((along**2).sum())
        line(middle - along, middle + along, rng.uniform(0.02, 0.25) * unit)
    else:
        count = int(rng.integers(3, 9))
        turns = np.sort(rng.uniform(0, 2 * np.pi, count))
        reach = rng.uniform(0.1, 0.7, count) * unit
        corners = middle + np.stack([np.cos(turns) * reach, np.sin(turns) * reach], axis=1)
        cv2.fillPoly(mask, [(corners * (1 << fine)).astype(np.int32)], 255, cv2.LINE_AA, fine)
    return _shares(mask)


def _flare(image: ImageF32, part: ImageF32, rng: np.random.Generator) -> None:
    """Let a part of the picture shine over the rest."""
    size = len(part)
    wide = rng.uniform(0.04, 0.25) * size
    small = cv2.resize(
        image * part[..., None], (size // 4, size // 4), interpolation=cv2.INTER_AREA
    )
    glow = cv2.resize(cv2.GaussianBlur(small, (0, 0), wide / 4), (size, size))
    image += glow * np.float32(rng.uniform(0.1, 0.6))
    np.clip(image, 0, 1, out=image)


def _relit(image: ImageF32, rng: np.random.Generator) -> ImageF32:
    """Change colours, everywhere or through a soft circle."""
    changed = _recolored(image, rng)
    if rng.random() < 0.4:
        return changed
    size = len(image)
    steps = np.arange(size, dtype=np.float32) / size
    x, y = rng.uniform(0, 1, 2)
    away = np.sqrt((steps[None] - x) ** 2 + (steps[:, None] - y) ** 2)
    share = np.clip((rng.uniform(0.2, 0.9) - away) / rng.uniform(0.1, 0.8), 0, 1)
    mixed: ImageF32 = image + share.astype(np.float32)[..., None] * (changed - image)
    return mixed


def _recolored(image: ImageF32, rng: np.random.Generator) -> ImageF32:
    kind = rng.random()
    if kind < 0.12:
        grey = image @ np.array([0.299, 0.587, 0.114], np.float32)
        return np.repeat(grey[..., None], 3, axis=2)
    if kind < 0.5:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0] + rng.normal(0, 14)) % 360
        hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.4, 1.5), 0, 1)
        hsv[..., 2] = np.clip(hsv[..., 2] * rng.uniform(0.5, 1.4), 0, 1)
        return _f32(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))
    low = rng.uniform(0, 0.15, 3) * (rng.random() < 0.5)
    high = rng.uniform(0.6, 1, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.6, 1))
    stretched = np.clip((image - low.astype(np.float32)) / (high - low).astype(np.float32), 0, 1)
    power = _f32(np.power(stretched, np.exp(rng.normal(0, 0.35)), dtype=np.float32))
    if rng.random() < 0.4:
        power = _f32(power * np.float32(rng.uniform(0.3, 1)))
    return power


def _spoiled(image: ImageF32, rng: np.random.Generator) -> ImageF32:
    """Blur, sharpen, shrink, add noise and compress, each now and then."""
    size = len(image)
    kind = rng.random()
    if kind < 0.12:
        soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5))
        image = _f32(image + np.float32(rng.uniform(0.3, 1.5)) * (image - soft))
    elif kind < 0.37:
        image = _f32(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 2)))
        if rng.random() < 0.4:
            image = _f32(cv2.filter2D(image, -1, _streak(int(rng.integers(3, 8)), rng)))
    if rng.random() < 0.25:
        small = max(8, int(size * rng.uniform(0.25, 0.9)))
        way = cv2.INTER_NEAREST if rng.random() < 0.3 else cv2.INTER_LINEAR
        tiny = cv2.resize(image, (small, small), interpolation=way)
        image = _f32(cv2.resize(tiny, (size, size)))
    if rng.random() < 0.4:
        image = image + rng.normal(0, rng.uniform(0.005, 0.06), image.shape).astype(np.float32)
    image = _f32(np.clip(image, 0, 1))
    if rng.random() < 0.3:
        levels = np.rint(image * 255).astype(np.uint8)
        quality = int(rng.integers(25, 90))
        coded = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = _shares(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)))
    return image


def _streak(length: int, rng: np.random.Generator) -> ImageF32:
    """Return a filter that blurs along a line."""
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    half = (length - 1) / 2
    ends = [
        (round(half + way * half * np.cos(angle)), round(half + way * half * np.sin(angle)))
        for way in (-1, 1)
    ]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    streak: ImageF32 = kernel / kernel.sum()
    return streak
