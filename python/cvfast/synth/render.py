"""A head before a camera: pose, pixels, labels of parts, landmarks."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from cvfast.kernels.raster import Cutout, rasterise
from cvfast.synth.base import Reals, contour, step
from cvfast.synth.expression import Expression, express
from cvfast.synth.hair import shell_places, shell_sheet, shell_triangles, shell_vertices
from cvfast.synth.head import (
    EYE_SHARES,
    head_places,
    head_sheet,
    head_vertices,
    moving_places,
    topology,
)
from cvfast.synth.identity import Identity
from cvfast.synth.light import Light, shine
from cvfast.synth.paint import painted
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Camera", "Pose", "PosedHead", "Rendered", "View", "posed_head", "render", "rotation"]

PIVOT = np.array([0.0, 0.75, 0.25])  # where the head turns on the neck


@dataclass(frozen=True)
class Pose:
    """How a head is turned, in radians: to the picture's right, upwards, clockwise as seen."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True)
class Camera:
    """Where a face stands in its picture.

    Parameters
    ----------
    center : tuple of float
        Pixel at which the middle of the face is seen.
    scale : float
        Pixels a unit; a face is two units high from hairline to chin.
    near : float
        Strength of perspective: 0 from far away, 0.15 an arm's length.
    """

    center: tuple[float, float]
    scale: float
    near: float = 0.0


@dataclass(frozen=True)
class Rendered:
    """A head in front of nothing.

    Parameters
    ----------
    color : ndarray
        (h, w, 3) float32, linear light, 0 where there is no head.
    cover : ndarray
        (h, w) float32: share of each pixel that the head covers.
    labels : ndarray
        (h, w) uint8: parts, as `cvfast.synth.paint.LABELS` numbers them.
    points : ndarray
        (478, 3) landmarks: pixels, and depth in pixels.
    """

    color: ImageF32
    cover: ImageF32
    labels: ImageU8
    points: Reals


def rotation(pose: Pose) -> Reals:
    """Return the matrix that turns a head, (3, 3), for columns."""
    cy, sy = np.cos(pose.yaw), np.sin(pose.yaw)
    cp, sp = np.cos(pose.pitch), np.sin(pose.pitch)
    cr, sr = np.cos(pose.roll), np.sin(pose.roll)
    # The face looks along -z: a positive yaw brings its nose to +x, a positive pitch to -y.
    around = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(tilt @ nod @ around, np.float64)


def render(
    identity: Identity,
    expression: Expression,
    pose: Pose,
    light: Light,
    camera: Camera,
    size: tuple[int, int],
    *,
    fineness: int = 2,
) -> Rendered:
    """Render a head.

    Parameters
    ----------
    identity, expression, pose, light, camera
        Who, how and where.
    size
        Width and height in pixels.
    fineness
        Samples across and down a pixel.
    """
    head = posed_head(identity, expression, pose, light)
    both, top = np.concatenate([head.vertices, head.shell]), topology()
    view = View(camera, size, fineness)
    triangles = np.concatenate([top.triangles, shell_triangles() + len(head.vertices)])
    values = np.concatenate([head.places, head.factor, head.added], axis=1).astype(np.float32)
    texture = painted(identity)
    cutout = Cutout(values[:, :2], texture.texels, len(top.triangles))
    raster = rasterise(view.samples(both), triangles, view.fine, cutout=cutout, threads=1)
    color, parts = raster.shade(values, texture.texels, texture.labels, threads=1)
    covered = (raster.index >= 0).astype(np.float32)
    middle = fineness // 2
    return Rendered(
        view.mean(color),
        view.mean(covered)[..., 0],
        np.ascontiguousarray(parts[middle::fineness, middle::fineness]),
        view.pixels(head.points),
    )


@dataclass(frozen=True)
class PosedHead:
    """A head turned and lit, in units.

    Parameters
    ----------
    vertices, shell, points : ndarray
        (n, 3) of head, (m, 3) of the hair's shell, (478, 3) landmarks.
    places : ndarray
        (n + m, 2) where they lie in the person's texture.
    factor, added : ndarray
        (n + m, 3) light, as `cvfast.synth.light.shine` gives it.
    """

    vertices: Reals
    shell: Reals
    points: Reals
    places: Reals
    factor: Reals
    added: Reals


def posed_head(identity: Identity, expression: Expression, pose: Pose, light: Light) -> PosedHead:
    """Turn and light a head."""
    look = identity.look
    points = express(look.points.copy(), expression)
    vertices = head_vertices(points, width=look.width, build=look.build, ears=look.ears)
    places = _places(identity).copy()
    moving_places(points, look.points, vertices, places)
    shell = shell_vertices(look)
    turned = _turned(pose, np.concatenate([vertices, shell, points]), len(shell))
    vertices, shell, seen = np.split(turned, [len(vertices), len(vertices) + len(shell)])
    factor, added = _lit(identity, vertices, shell, light)
    return PosedHead(vertices, shell, seen, np.concatenate([places, shell_places()]), factor, added)


def _turned(pose: Pose, v: Reals, shell: int) -> Reals:
    """Turn head, shell of hair and landmarks; what is lower goes less far along."""
    at = topology().starts
    bend = np.zeros(len(v))
    neck = slice(at["neck"], at["eye_right"])
    bend[neck] = step(v[neck, 1], 0.8, 1.55)
    hair = slice(topology().count, topology().count + shell)
    bend[hair] = 0.8 * step(v[hair, 1], 0.7, 1.6)
    off = v - PIVOT
    turned = off @ rotation(pose).T
    turned += bend[:, None] * (
        off @ rotation(Pose(0.25 * pose.yaw, 0.0, 0.2 * pose.roll)).T - turned
    )
    return np.asarray(turned + PIVOT)


def _lit(identity: Identity, vertices: Reals, shell: Reals, light: Light) -> tuple[Reals, Reals]:
    """Return what head and hair reflect, as `shine` does."""
    top = topology()
    outward = np.concatenate([head_sheet().normals(vertices), shell_sheet().normals(shell)])
    gloss = np.concatenate([_gloss(identity), np.full(len(shell), 0.12)])
    glow = np.repeat([1.0, 0.5], [len(vertices), len(shell)])
    both = np.concatenate([vertices, shell])
    factor, added = shine(both, outward, light, gloss, top.triangles[top.solid], glow)
    # What lies under lids and lips gets light past them that the coarse shadows do not know.
    at = top.starts
    for part, end, rim, share in (
        ("eye_right", at["eye_left"], "right_eye", 0.9),
        ("eye_left", at["mouth"], "left_eye", 0.9),
        ("mouth", len(vertices), "outer_lip", 0.75),
    ):
        inside = factor[at[part] : end]
        np.maximum(inside, share * factor[contour(rim)].mean(axis=0), out=inside)
    factor[at["eye_right"] : at["mouth"]] *= _eye_shade()[:, None]
    return factor, added


class View:
    """From units to pixels, and to the finer grid that is drawn."""

    def __init__(self, camera: Camera, size: tuple[int, int], fineness: int) -> None:
        self.camera, self.size, self.fineness = camera, size, fineness
        self.fine = size[0] * fineness, size[1] * fineness

    def pixels(self, v: Reals) -> Reals:
        """Return pixels (and depths in pixels) of points in units."""
        c = self.camera
        scale = c.scale / (1 + c.near * (v[:, 2:] + 0.8))
        return np.concatenate([c.center + v[:, :2] * scale, v[:, 2:] * c.scale], axis=1)

    def samples(self, v: Reals) -> Reals:
        """Return the same on the finer grid, within the reach of the rasteriser."""
        at = self.pixels(v)
        at[:, :2] = (at[:, :2] + 0.5) * self.fineness - 0.5
        return np.clip(at, -90_000, 90_000)

    def mean(self, fine: ImageF32) -> ImageF32:
        """Average the samples of each pixel."""
        (w, h), f = self.size, self.fineness
        rows = fine.reshape(h, f, w * f, -1)
        total = rows[:, 0] + rows[:, 1] if f > 1 else rows[:, 0]
        for k in range(2, f):
            total += rows[:, k]
        columns = total.reshape(h, w, f, -1)
        out = columns[:, :, 0] + columns[:, :, 1] if f > 1 else columns[:, :, 0].copy()
        for k in range(2, f):
            out += columns[:, :, k]
        out *= np.float32(1 / (f * f))
        return out


@functools.lru_cache(maxsize=64)
def _places(identity: Identity) -> Reals:
    look = identity.look
    rest = head_vertices(look.points, width=look.width, build=look.build, ears=look.ears)
    return head_places(look.points, rest)


@functools.lru_cache(maxsize=64)
def _gloss(identity: Identity) -> Reals:
    """How glossy each vertex is: forehead, nose and cheekbones most, eyes wet."""
    look, at = identity.look, topology().starts
    rest = head_vertices(look.points, width=look.width, build=look.build, ears=look.ears)
    x, y = rest[:, 0], rest[:, 1]
    gloss = 0.06 + 0.1 * np.exp(-((x / 0.3) ** 2)) * step(y, 0.3, -0.2)
    gloss[at["skull"] : at["ear_right"]] = 0.03
    gloss[at["neck"] : at["eye_right"]] = 0.02
    gloss[at["eye_right"] :] = 0.1
    lips = np.exp(-((x / 0.3) ** 2) - ((y - 0.5) / 0.1) ** 2)
    return np.asarray(gloss * (0.4 + look.gloss) + 0.08 * lips * (rest[:, 2] < 0), np.float64)


@functools.cache
def _eye_shade() -> Reals:
    """Light that the lids leave to each vertex of both eyes, (n,)."""
    shade = [0.95]
    fall = {s: float(step(np.array(s), 0.3, 1.0)) for s in EYE_SHARES}
    for share in EYE_SHARES[1:]:
        for k in range(16):
            above = np.sin(np.pi * k / 8) if k <= 8 else 0.0  # of the upper lid's half
            shade.append(0.95 - 0.5 * above * fall[share] - 0.12 * share)
    return np.tile(np.array(shade, np.float64), 2)
