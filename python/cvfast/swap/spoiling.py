"""What happens to sharp faces before the upscaling network sees them: made small, blurred, noisy."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cvfast.imaging.blur import gaussian_blur
from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Example", "draw_example", "shrink"]

_BLUR, _NOISE = 2.0, 10.0  # strongest: sigma in small pixels, and in levels
_QUALITY = (40, 96)
_GRAIN = 6.0  # levels


@dataclass(frozen=True, eq=False)
class Example:
    """A piece of a face as it is, and as it is shown to the network.

    Parameters
    ----------
    sharp
        ``(scale * side, scale * side, 3)`` float32 in [0, 1].
    small
        ``(side, side, 3)`` float32 in [0, 1].
    mend
        ``(2,)`` float32: 1 where blur, and where noise, was added and is to go.
    """

    sharp: ImageF32
    small: ImageF32
    mend: ImageF32


def shrink(image: ImageF32, factor: int, rng: np.random.Generator | None = None) -> ImageF32:
    """Make a picture smaller by a whole factor, its detail filtered before.

    Parameters
    ----------
    image
        ``(h, w, 3)`` float32, sides divisible by the factor.
    factor
        1 or more.
    rng
        Chooses between means of blocks, bicubic and Lanczos filters; None: bicubic.

    Examples
    --------
    >>> shrink(np.full((8, 8, 3), 0.5, np.float32), 4).tolist()[0][0]
    [0.5, 0.5, 0.5]
    """
    from PIL import Image as Pillow

    if factor == 1:
        return image
    size = image.shape[1] // factor, image.shape[0] // factor
    way = Pillow.Resampling.BICUBIC
    if rng is not None:
        way = (Pillow.Resampling.BOX, way, Pillow.Resampling.LANCZOS)[rng.integers(3)]
    planes = [
        np.asarray(Pillow.fromarray(image[..., k]).resize(size, way), np.float32) for k in range(3)
    ]
    return np.stack(planes, axis=2)


def draw_example(
    pictures: Sequence[ImageU8], side: int, scale: int, rng: np.random.Generator
) -> Example:
    """Draw a piece of a sharp picture and spoil it.

    Parameters
    ----------
    pictures
        Each ``(h, w, 3)`` uint8, sides of at least ``scale * side``.
    side
        Pixels of the small piece.
    scale
        2 or 4.
    rng
        All that is random. Half of the pieces are mirrored, some turned by a quarter; some get
        grain, so that the network keeps a skin's texture instead of smoothing it.
    """
    picture = pictures[int(rng.integers(len(pictures)))]
    wide = side * scale
    coarse = 2 if min(picture.shape[:2]) >= 2 * wide and rng.random() < 0.5 else 1
    reach = wide * coarse
    top, left = (int(rng.integers(length - reach + 1)) for length in picture.shape[:2])
    piece = picture[top : top + reach, left : left + reach]
    if rng.random() < 0.5:
        piece = piece[:, ::-1]
    if rng.random() < 0.25:
        piece = piece.transpose(1, 0, 2)
    sharp = shrink(np.ascontiguousarray(piece).astype(np.float32) / np.float32(255), coarse)
    if rng.random() < 0.5:
        sharp = sharp + _grain(wide, rng)
    sharp = np.clip(sharp, 0, 1)
    mend = (rng.random(2) < 0.5).astype(np.float32)
    blurred = gaussian_blur(sharp, _BLUR * rng.random() * scale) if mend[0] else sharp
    small = shrink(blurred, scale, rng)
    if mend[1]:
        small = _noisy(small, rng)
    rounded = np.rint(np.clip(small, 0, 1) * 255) / 255
    return Example(sharp.astype(np.float32), rounded.astype(np.float32), mend)


def _grain(side: int, rng: np.random.Generator) -> ImageF32:
    """Return fine texture of random strength and size, nearly grey."""
    strength = _GRAIN / 255 * rng.random() ** 2
    cells = side // int(rng.integers(1, 4)) + 2
    field = rng.normal(0, strength, (cells, cells)).astype(np.float32)
    grain = load_cv2().resize(field, (side, side), interpolation=2)  # bicubic
    return (grain[..., None] * (1 + rng.normal(0, 0.1, 3))).astype(np.float32)


def _noisy(small: ImageF32, rng: np.random.Generator) -> ImageF32:
    """Add noise of a sensor, and half of the time JPEG's blocks."""
    noisy = small + rng.normal(0, _NOISE / 255 * rng.random(), small.shape).astype(np.float32)
    if rng.random() < 0.5:
        return noisy
    from PIL import Image as Pillow

    levels = np.rint(np.clip(noisy, 0, 1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Pillow.fromarray(levels).save(buffer, "JPEG", quality=int(rng.integers(*_QUALITY)))
    with Pillow.open(buffer, formats=["JPEG"]) as jpeg:
        return np.asarray(jpeg, np.float32) / np.float32(255)
