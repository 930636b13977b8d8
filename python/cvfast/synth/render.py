"""A head before a camera: pose, pixels, labels of parts, landmarks."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from cvfast.kernels.raster import Raster, rasterise, sample_texture
from cvfast.synth.base import Numbers, Reals, step
from cvfast.synth.expression import Expression, express
from cvfast.synth.hair import shell_places, shell_triangles, shell_vertices
from cvfast.synth.head import head_places, head_vertices, moving_places, normals, topology
from cvfast.synth.identity import Identity
from cvfast.synth.light import Light, shine
from cvfast.synth.paint import painted
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Camera", "Pose", "Rendered", "render", "rotation"]

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
    look = identity.look
    points = express(look.points.copy(), expression)
    vertices = head_vertices(points, width=look.width, build=look.build, ears=look.ears)
    places = _places(identity).copy()
    moving_places(points, look.points, vertices, places)
    shell = shell_vertices(look)
    turn, lean = rotation(pose), rotation(Pose(0.25 * pose.yaw, 0.0, 0.2 * pose.roll))
    bend = np.zeros(len(vertices))
    at = topology().starts
    neck = slice(at["neck"], at["eye_right"])
    bend[neck] = step(vertices[neck, 1], 0.8, 1.55)
    shell_bend = step(shell[:, 1], 0.7, 1.6) * 0.8

    def placed(v: Reals, share: Reals) -> Reals:
        off = v - PIVOT
        turned = off @ turn.T
        turned += share[:, None] * (off @ lean.T - turned)
        return turned + PIVOT

    still = np.zeros(1)
    vertices, shell = placed(vertices, bend), placed(shell, shell_bend)
    seen = placed(points, still)
    top = topology()
    hair_triangles = _hair(identity)
    both = np.concatenate([vertices, shell])
    outward = np.concatenate([normals(vertices, top.triangles), normals(shell, shell_triangles())])
    gloss = np.concatenate([_gloss(identity), np.full(len(shell), 0.12)])
    glow = np.repeat([1.0, 0.5], [len(vertices), len(shell)])
    factor, added = shine(both, outward, light, gloss, top.triangles[top.solid], glow)
    factor[at["eye_right"] : at["mouth"]] *= _eye_shade()[:, None]
    factor[at["mouth"] : len(vertices)] *= 0.95
    view = _View(camera, size, fineness)
    texture = painted(identity)
    n = len(vertices)
    head = _layer(view, vertices, top.triangles, places, factor[:n], added[:n], texture.texels)
    hair = _layer(view, shell, hair_triangles, shell_places(), factor[n:], added[n:],
                  texture.texels)  # fmt: skip
    return _compose(view, head, hair, texture.labels, view.pixels(seen))


class _View:
    """From units to pixels, and to the finer grid that is drawn."""

    def __init__(self, camera: Camera, size: tuple[int, int], fineness: int) -> None:
        self.camera, self.size, self.fineness = camera, size, fineness
        self.fine = size[0] * fineness, size[1] * fineness

    def pixels(self, v: Reals) -> Reals:
        c = self.camera
        scale = c.scale / (1 + c.near * (v[:, 2:] + 0.8))
        return np.concatenate([c.center + v[:, :2] * scale, v[:, 2:] * c.scale], axis=1)

    def samples(self, v: Reals) -> Reals:
        at = self.pixels(v)
        at[:, :2] = (at[:, :2] + 0.5) * self.fineness - 0.5
        return np.clip(at, -90_000, 90_000)

    def mean(self, fine: ImageF32) -> ImageF32:
        """Average the samples of each pixel."""
        (w, h), f = self.size, self.fineness
        rows = fine.reshape(h, f, w * f, -1)
        total = rows[:, 0]
        for k in range(1, f):
            total = total + rows[:, k]
        columns = total.reshape(h, w, f, -1)
        out = columns[:, :, 0]
        for k in range(1, f):
            out = out + columns[:, :, k]
        return out * np.float32(1 / (f * f))


@dataclass(frozen=True)
class _Layer:
    raster: Raster
    color: ImageF32  # linear
    alpha: ImageF32
    places: ImageF32


def _layer(view: _View, vertices: Reals, triangles: Reals, places: Reals, factor: Reals,
           added: Reals, texels: ImageU8) -> _Layer:  # fmt: skip
    raster = rasterise(view.samples(vertices), triangles, view.fine, threads=1)
    attributes = np.concatenate([places, factor, added], axis=1).astype(np.float32)
    values = raster.values(attributes, threads=1)
    where = np.ascontiguousarray(values[..., :2])
    sampled = sample_texture(texels, where, threads=1)
    color = sampled[..., :3] * np.float32(1 / 255)
    color *= color
    color *= values[..., 2:5]
    color += values[..., 5:8]
    return _Layer(raster, color, sampled[..., 3], where)


def _compose(view: _View, head: _Layer, hair: _Layer, labels: ImageU8, points: Reals) -> Rendered:
    front = (hair.raster.depth < head.raster.depth) & (hair.alpha > 127)
    color = np.where(front[..., None], hair.color, head.color)
    covered = front | (head.raster.index >= 0)
    color *= covered[..., None]
    middle = view.fineness // 2
    pick = np.s_[middle :: view.fineness, middle :: view.fineness]
    where = np.where(front[pick][..., None], hair.places[pick], head.places[pick])
    texel = np.rint(where).astype(np.int64)
    part = labels[texel[..., 1], texel[..., 0]]
    part = np.where(front[pick], np.uint8(6), part) * covered[pick]
    return Rendered(
        view.mean(color),
        view.mean(covered.astype(np.float32))[..., 0],
        part.astype(np.uint8),
        points,
    )


@functools.lru_cache(maxsize=64)
def _places(identity: Identity) -> Reals:
    look = identity.look
    rest = head_vertices(look.points, width=look.width, build=look.build, ears=look.ears)
    return head_places(look.points, rest)


@functools.lru_cache(maxsize=64)
def _hair(identity: Identity) -> Numbers:
    """Return the shell's triangles that are not clear altogether: those would hide others."""
    alpha = painted(identity).texels[..., 3]
    corners = np.rint(shell_places()).astype(np.int64)[shell_triangles()]
    low, high = corners.min(axis=1), corners.max(axis=1) + 1
    seen = [
        bool(alpha[y0:y1, x0:x1].any())
        for (x0, y0), (x1, y1) in zip(low.tolist(), high.tolist(), strict=True)
    ]
    return shell_triangles()[np.array(seen)]


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
    for share in (0.4, 0.75, 1.0, 1.18):
        for k in range(16):
            above = np.sin(np.pi * k / 8) if k <= 8 else 0.0  # of the upper lid's half
            shade.append(0.95 - 0.5 * above * step(np.array(share), 0.3, 1.0) - 0.12 * share)
    return np.tile(np.array(shade, np.float64), 2)
