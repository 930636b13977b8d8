"""Many head shapes from one: smooth symmetric changes of the base face, and a little asymmetry."""

from __future__ import annotations

import functools

import numpy as np

from cvfast.synth.base import Reals, base_face, bump, contour, step

__all__ = ["MODES", "face_shape"]

MODES = (
    "width", "jaw_width", "forehead_width", "lower_length", "chin_length", "chin_forward",
    "nose_length", "nose_width", "nose_forward", "nose_bridge", "eye_distance", "eye_size",
    "eye_height", "eye_tilt", "brow_height", "brow_tilt", "mouth_width", "lip_thickness",
    "mouth_height", "cheekbones", "cheek_fullness", "forehead_forward", "eye_depth", "upper_lip",
)  # fmt: skip


@functools.cache
def _modes() -> Reals:
    """What one standard deviation of each mode adds to the base face, (modes, 478, 3)."""
    p = base_face().points
    x, y = p[:, 0], p[:, 1]
    right, left = (p[contour(f"{side}_eye")].mean(axis=0) for side in ("right", "left"))
    side = np.sign(x)
    eyes = bump(p, (right[0], right[1]), 0.24, 0.2) + bump(p, (left[0], left[1]), 0.24, 0.2)
    brows = bump(p, (right[0], -0.64), 0.36, 0.13) + bump(p, (left[0], -0.64), 0.36, 0.13)
    cheeks = bump(p, (-0.62, -0.08), 0.28, 0.22) + bump(p, (0.62, -0.08), 0.28, 0.22)
    full = bump(p, (-0.62, 0.45), 0.35, 0.35) + bump(p, (0.62, 0.45), 0.35, 0.35)
    mouth = bump(p, (0, 0.46), 0.5, 0.16)
    chin, nose = bump(p, (0, 1.0), 0.4, 0.22), bump(p, (0, 0.05), 0.24, 0.22)
    off_x, off_y = np.abs(x) - left[0], y - left[1]
    line, zero = y - 0.466, np.zeros_like(x)
    moves = {
        "width": (0.05 * x, zero, zero),
        "jaw_width": (0.09 * x * step(y, -0.1, 0.8), zero, zero),
        "forehead_width": (0.05 * x * step(y, -0.2, -0.9), zero, zero),
        "lower_length": (zero, 0.06 * step(y, 0.1, 1.0), zero),
        "chin_length": (zero, 0.045 * chin, zero),
        "chin_forward": (zero, zero, -0.05 * chin),
        "nose_length": (zero, 0.04 * nose, zero),
        "nose_width": (0.14 * x * bump(p, (0, 0.1), 0.26, 0.16), zero, zero),
        "nose_forward": (zero, zero, -0.05 * nose),
        "nose_bridge": (zero, zero, -0.04 * bump(p, (0, -0.35), 0.13, 0.25)),
        "eye_distance": (0.016 * side * (eyes + 0.6 * brows), zero, zero),
        "eye_size": (0.09 * side * off_x * eyes, 0.11 * off_y * eyes, zero),
        "eye_height": (zero, 0.018 * (eyes + 0.5 * brows), zero),
        "eye_tilt": (zero, -0.1 * off_x * eyes, zero),
        "brow_height": (zero, -0.028 * brows, zero),
        "brow_tilt": (zero, -0.09 * off_x * brows, zero),
        "mouth_width": (0.08 * x * mouth, zero, zero),
        "lip_thickness": (zero, 0.22 * line * mouth, zero),
        "mouth_height": (zero, 0.022 * mouth, zero),
        "cheekbones": (0.02 * side * cheeks, zero, -0.03 * cheeks),
        "cheek_fullness": (0.045 * side * full, zero, -0.03 * full),
        "forehead_forward": (zero, zero, -0.04 * bump(p, (0, -0.85), 0.7, 0.25)),
        "eye_depth": (zero, zero, 0.02 * eyes),
        "upper_lip": (zero, zero, -0.025 * mouth),
    }
    return np.stack([np.stack(moves[name], axis=1) for name in MODES])


def face_shape(amounts: Reals, rng: np.random.Generator) -> Reals:
    """Return a face's 478 points at rest.

    Parameters
    ----------
    amounts
        (24,) how much of each of `MODES`, in standard deviations.
    rng
        Gives the asymmetry, 0.5 % of a face's height or so.
    """
    base = base_face().points
    moved = base + np.tensordot(amounts, _modes(), axes=1)
    for _ in range(6):
        center = rng.uniform((-0.7, -0.9), (0.7, 0.9))
        push = rng.normal(0, 0.008, 3)
        moved = moved + bump(base, (center[0], center[1]), 0.45, 0.45)[:, None] * push
    return moved
