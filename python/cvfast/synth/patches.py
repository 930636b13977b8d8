"""Surfaces as grids of vertices: rings round limbs, sheets of cloth; limbs that bend."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

from cvfast.synth.base import Numbers, Reals

__all__ = ["Limb", "Patch", "grid_normals", "grid_triangles", "ring_points"]


@dataclass(frozen=True)
class Patch:
    """A grid of vertices.

    Parameters
    ----------
    points : ndarray
        (r, c, 3) in units.
    places : ndarray
        (r, c, 2) where they lie in the swatch: shares of it, or pixels of a garment's picture.
    swatch : str
        What it is painted with.
    label : int
        Part of a person, in cvfast's set.
    gloss, glow : float
        As `cvfast.synth.light.shine` takes them.
    nearer : float or ndarray
        Units by which it counts as nearer to the camera than it is; of all, or (r, c).
    centers : ndarray
        (r, 3) middles of the rings; empty for sheets, which face the camera.
    """

    points: Reals
    places: Reals
    swatch: str
    label: int
    gloss: float = 0.05
    glow: float = 1.0
    nearer: Reals | float = 0.0
    centers: Reals = field(default_factory=lambda: np.zeros((0, 3)))

    @property
    def normals(self) -> Reals:
        """Unit normals, outwards, (r, c, 3)."""
        found = grid_normals(self.points)
        if len(self.centers):
            outward = ((self.points - self.centers[:, None]) * found).sum()
            return found if outward > 0 else -found
        return found if found[..., 2].sum() < 0 else -found


def grid_normals(points: Reals) -> Reals:
    """Return unit normals of a grid of points, (r, c, 3), of either sense."""
    planes = np.ascontiguousarray(points.transpose(2, 0, 1))
    down, across = np.empty_like(planes), np.empty_like(planes)
    down[:, 1:-1] = planes[:, 2:] - planes[:, :-2]
    down[:, 0], down[:, -1] = planes[:, 1] - planes[:, 0], planes[:, -1] - planes[:, -2]
    across[..., 1:-1] = planes[..., 2:] - planes[..., :-2]
    across[..., 0] = planes[..., 1] - planes[..., 0]
    across[..., -1] = planes[..., -1] - planes[..., -2]
    (ax, ay, az), (dx, dy, dz) = across, down
    x, y, z = ay * dz - az * dy, az * dx - ax * dz, ax * dy - ay * dx
    scale = 1 / np.sqrt(x * x + y * y + z * z + 1e-18)
    unit: Reals = np.empty_like(points)
    unit[..., 0], unit[..., 1], unit[..., 2] = x * scale, y * scale, z * scale
    return unit


@functools.lru_cache(maxsize=128)
def grid_triangles(rows: int, columns: int) -> Numbers:
    """Return the triangles of a grid, (m, 3)."""
    r, c = np.mgrid[: rows - 1, : columns - 1]
    a = (r * columns + c).reshape(-1)
    quads = np.stack([a, a + 1, a + 1 + columns, a + columns], axis=-1)
    out = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    out.setflags(write=False)
    return np.asarray(out, np.int64)


def ring_points(centers: Reals, side: Reals, front: Reals, wide: Reals, deep: Reals,
                angles: Reals) -> Reals:  # fmt: skip
    """Return elliptic rings, (r, c, 3): angle 0 lies at `side`, pi / 2 at `front`."""
    across = wide[:, None] * np.cos(angles)
    out = deep[:, None] * np.sin(angles)
    return np.asarray(
        centers[:, None] + across[..., None] * side[:, None] + out[..., None] * front[:, None]
    )


class Limb:
    """A limb of two bones that bends smoothly.

    Parameters
    ----------
    start, middle, end : ndarray
        (3,) its joints.
    sign : int
        1 for the left, -1 for the right: its outer side lies there when it hangs down.
    soft : float
        How far from the middle joint it begins to bend.
    """

    def __init__(self, start: Reals, middle: Reals, end: Reals, sign: int,
                 soft: float = 0.55) -> None:  # fmt: skip
        self.start, self.middle, self.end, self.sign, self.soft = start, middle, end, sign, soft
        self.first = float(np.sqrt(((middle - start) ** 2).sum()))
        self.second = float(np.sqrt(((end - middle) ** 2).sum()))
        self.u = (middle - start) / self.first
        self.v = (end - middle) / self.second

    @property
    def length(self) -> float:
        """Of both bones."""
        return self.first + self.second

    def frames(self, s: Reals) -> tuple[Reals, Reals, Reals]:
        """Return centre, outer side and front (towards the camera) at distances, (n, 3) each."""
        t = np.clip((s - self.first) / (2 * self.soft) + 0.5, 0, 1)[:, None]
        off = (s - self.first)[:, None]
        straight = self.middle + np.where(off < 0, off * self.u, off * self.v)
        curve = self.middle + self.soft * (t**2 * self.v - (1 - t) ** 2 * self.u)
        centers = np.where((t > 0) & (t < 1), curve, straight)
        along = (1 - t) * self.u + t * self.v
        along = along / np.sqrt((along**2).sum(axis=1, keepdims=True))
        side = np.stack([along[:, 1], -along[:, 0], np.zeros(len(along))], axis=1)
        side = side / (np.sqrt((side**2).sum(axis=1, keepdims=True)) + 1e-9)
        (ax, ay, az), (sx, sy, _) = along.T, side.T  # side has no depth
        front = np.stack([-az * sy, az * sx, ax * sy - ay * sx], axis=1)
        return centers, self.sign * side, front
