"""Pairs of pictures on which scikit-image's similarities were written down."""

from __future__ import annotations

import numpy as np

__all__ = ["pairs"]


def pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return pairs by name: colour, grey, small, flat."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:48, :64]
    waves = np.stack([np.sin(rows / (3 + k) + columns / (5 - k)) for k in range(3)], axis=2)
    smooth = ((waves + 1) * 110 + 10).astype(np.uint8)
    noisy = np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)
    floats = (smooth / 255).astype(np.float32), (noisy / 255).astype(np.float32)
    flat = np.full((16, 16), 90, np.uint8)
    return {
        "colour": (smooth, noisy),
        "float": floats,
        "grey": (smooth[..., 0], noisy[..., 0]),
        "small": (smooth[:11, :11], noisy[:11, :11]),
        "negative": (smooth, 255 - smooth),
        "flat": (flat, flat + np.uint8(9)),
    }
