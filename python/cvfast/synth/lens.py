"""What a camera does to a picture: exposure, blur, noise, JPEG."""

from __future__ import annotations

import io

import numpy as np

from cvfast.typing import ImageF32, ImageU8

__all__ = ["blurred", "photograph"]


def blurred(picture: ImageF32, sigma: float) -> ImageF32:
    """Blur with a Gaussian of `sigma` pixels; the border repeats."""
    reach = max(1, int(3 * sigma + 0.5))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    for axis in (0, 1):
        pad = [(0, 0)] * picture.ndim
        pad[axis] = (reach, reach)
        wide = np.pad(picture, pad, mode="edge")
        count = picture.shape[axis]
        total = np.zeros_like(picture)
        for k, tap in enumerate(taps):
            total += tap * (wide[k : k + count] if axis == 0 else wide[:, k : k + count])
        picture = total
    return picture


def photograph(
    linear: ImageF32, rng: np.random.Generator, *, spoil: bool, unit: float, meter: float = 0.25
) -> ImageU8:
    """Turn linear light into a picture.

    Parameters
    ----------
    linear
        (h, w, 3).
    rng
        Gives exposure, contrast, blur, noise, compression.
    spoil
        False: exact colours, no blur, noise or compression.
    unit
        Pixels of half a face: blur goes with it.
    meter
        Mean linear light of what is photographed: exposure goes some way to make it usual.
    """
    if not spoil:
        return _levels(np.sqrt(np.clip(linear, 0, 1)) * np.float32(255))
    u = rng.random(8)
    linear = linear * np.float32((0.72 + 0.6 * u[0]) * (0.25 / max(meter, 0.02)) ** 0.55)
    picture = np.sqrt(np.clip(linear, 0, None))
    picture = picture / (1 + np.clip(picture - 0.85, 0, None))  # soft highlights
    gamma = 0.85 + 0.35 * u[1]
    picture = np.clip(picture, 0, 1) ** np.float32(gamma)
    contrast = 0.9 + 0.45 * u[2]
    picture = ((picture - 0.5) * np.float32(contrast) + 0.5) * np.float32(255)
    if u[3] < 0.6:
        sigma = min(0.35 + (u[4] ** 2) * 0.035 * unit, 4.0)
        picture = blurred(picture.astype(np.float32), sigma)
    if u[5] < 0.08:
        grey = 0.299 * picture[..., 0] + 0.587 * picture[..., 1] + 0.114 * picture[..., 2]
        picture = np.repeat(grey[..., None], 3, axis=2)
    strength = 9 * u[6] ** 3
    grain = rng.standard_normal((*picture.shape[:2], 3), np.float32)
    grain = 0.7 * grain.mean(axis=2, keepdims=True) * 1.7 + 0.5 * grain
    picture = _levels(picture + np.float32(strength) * grain)
    return compressed(picture, int(35 + 60 * u[7])) if rng.random() < 0.6 else picture


def _levels(picture: ImageF32) -> ImageU8:
    levels: ImageU8 = np.clip(picture + np.float32(0.5), 0, 255).astype(np.uint8)
    return levels


def compressed(picture: ImageU8, quality: int) -> ImageU8:
    """Return what JPEG leaves of a picture."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data).convert("RGB")).copy()
