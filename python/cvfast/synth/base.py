"""The base face: 478 points at rest, which are each other's mirror image, and their triangles."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.mean_face import mean_face_mirror, mean_face_triangles
from cvfast.faces.schemes import group

__all__ = ["Base", "Numbers", "Reals", "base_face", "bump", "contour", "step"]

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Base:
    """A symmetric face: x to the right, y down, z away; from hairline to chin it is 2 high.

    Parameters
    ----------
    points : ndarray
        (478, 3) at rest, mouth closed; the origin lies between the ears.
    smiling : ndarray
        (478, 3) the same face with a broad smile.
    mirror : ndarray
        (478,) the number of each point's mirror image.
    triangles : ndarray
        (m, 3) of the first 468 points, clockwise as seen; eyes and mouth are holes.
    """

    points: Reals
    smiling: Reals
    mirror: Numbers
    triangles: Numbers


@functools.cache
def base_face() -> Base:
    """Read the packaged base face; benchmarks/make_base_face.py makes it."""
    text = resources.files("cvfast.synth").joinpath("data/base.json").read_text("utf-8")
    record = json.loads(text)
    return Base(
        np.array(record["points"], np.float64),
        np.array(record["smile"], np.float64),
        mean_face_mirror(),
        mean_face_triangles(),
    )


def contour(name: str) -> Numbers:
    """Numbers of the points of one of mesh478's groups."""
    return group("mesh478", name)


def step(x: Reals, low: float, high: float) -> Reals:
    """Smooth step from 0 at `low` to 1 at `high`; `low` may be the larger one."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bump(points: Reals, center: tuple[float, float], sx: float, sy: float) -> Reals:
    """Round hill of height 1 in the frontal view, (n,)."""
    dx, dy = (points[:, 0] - center[0]) / sx, (points[:, 1] - center[1]) / sy
    return np.exp(-dx * dx - dy * dy)
