"""A person's surfaces in one picture: their paint, their light, and where each is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.raster import Cutout, Raster, rasterise
from cvfast.people.labels import LABEL_SETS
from cvfast.synth.base import Reals
from cvfast.synth.garments import MadeGarment
from cvfast.synth.hair import shell_triangles
from cvfast.synth.head import topology
from cvfast.synth.identity import Identity
from cvfast.synth.light import Light, shine
from cvfast.synth.noise import noise
from cvfast.synth.paint import LABELS, painted
from cvfast.synth.patches import Patch, grid_triangles
from cvfast.synth.render import PosedHead
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Atlas", "Scene", "build_scene", "make_atlas"]

_IDS = LABEL_SETS["cvfast"]
_SIDE = 64  # texels of a swatch
Places = Callable[[Reals], Reals]


@dataclass(frozen=True)
class Atlas:
    """All textures of a person, below one another.

    Parameters
    ----------
    texels : ndarray
        (h, w, 4) uint8.
    parts : ndarray
        (h, w) uint8, of the head.
    tops : dict
        Row at which each swatch begins.
    garments : dict
        "upper" and "lower": the flat garments as they lie there, and texels a pixel of each.
    """

    texels: ImageU8
    parts: ImageU8
    tops: dict[str, int]
    garments: dict[str, tuple[MadeGarment, float]]

    def places(self, patch: Patch) -> Reals:
        """Return where a patch's vertices lie, (r, c, 2)."""
        top = self.tops[patch.swatch]
        if patch.swatch in self.garments:
            garment, texels = self.garments[patch.swatch]
            pixels = garment.pixels(patch.places)
            # Pixel centres to texel centres.
            return np.asarray((pixels + 0.5) * texels - 0.5 + (0, top))
        return np.asarray(patch.places * (_SIDE - 1) + (0, top))


def make_atlas(
    identity: Identity, garments: dict[str, MadeGarment], shoe: Reals, scale: float,
    rng: np.random.Generator,
) -> Atlas:  # fmt: skip
    """Collect a person's textures; `scale` is how many samples a unit they are seen at."""
    head, look = painted(identity), identity.look
    mottle = 1 + 0.05 * look.mottle * noise(rng, (_SIDE, _SIDE), (9, 9))
    streaks = 1 + 0.28 * noise(rng, (_SIDE, _SIDE), (2.2, 40)) + 0.1 * noise(
        rng, (_SIDE, _SIDE), (1.2, 9)
    )  # fmt: skip
    tiles: list[tuple[str, ImageF32 | Reals, ImageF32]] = [
        ("skin", mottle[..., None] * look.skin, np.ones((_SIDE, _SIDE), np.float32)),
        ("hair", streaks[..., None] * look.hair, _ragged(rng)),
        ("shoe", mottle[..., None] * shoe, np.ones((_SIDE, _SIDE), np.float32)),
    ]
    laid: dict[str, tuple[MadeGarment, float]] = {}
    for name, garment in garments.items():
        texels, alpha, share = _shrunk(garment, scale)
        tiles.append((name, texels, alpha))
        laid[name] = garment, share
    width = max([head.texels.shape[1], *(tile.shape[1] for _, tile, _ in tiles)])
    height = head.texels.shape[0] + sum(len(tile) for _, tile, _ in tiles)
    out: ImageU8 = np.zeros((height, width, 4), np.uint8)
    parts: ImageU8 = np.zeros((height, width), np.uint8)
    row = head.texels.shape[0]
    out[:row, : head.texels.shape[1]] = head.texels
    parts[:row, : head.labels.shape[1]] = head.labels
    tops = {}
    for name, tile, alpha in tiles:
        here = out[row : row + len(tile), : tile.shape[1]]
        here[..., :3] = np.clip(tile + 0.5, 0, 255)
        here[..., 3] = alpha * 255
        tops[name] = row
        row += len(tile)
    return Atlas(out, parts, tops, laid)


def _ragged(rng: np.random.Generator) -> ImageF32:
    """Opacity of hair that ends raggedly."""
    end = 0.86 + 0.1 * noise(rng, (_SIDE, _SIDE), (3, 60))
    down = np.linspace(0, 1, _SIDE, dtype=np.float32)[:, None]
    return (down < end).astype(np.float32)


def _shrunk(garment: MadeGarment, scale: float) -> tuple[ImageF32, ImageF32, float]:
    """Texture and opacity of a garment, no finer than it is seen; and texels a pixel."""
    import cv2

    texture, alpha, share = garment.texture, garment.front, 1.0
    if garment.scale > 1.5 * scale:
        height, width = alpha.shape
        share = 1.2 * scale / garment.scale
        size = max(8, round(width * share)), max(8, round(height * share))
        share = size[0] / width
        texture = np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)
        alpha = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)
    return texture.astype(np.float32), alpha, share


@dataclass(frozen=True)
class Scene:
    """A person's triangles, textured, lit and labelled.

    Parameters
    ----------
    vertices : ndarray
        (n, 3) in units.
    nearer : ndarray
        (n,) units by which they count as nearer than they are.
    triangles : ndarray
        (m, 3); those from number `cut` on show only where the texture is opaque.
    values : ndarray
        (n, 8) float32 as `Raster.shade` takes them.
    labels : ndarray
        (m,) uint8 parts; 255 for the head's, which its texture tells.
    worn : ndarray
        (m,) uint8: 1 on the upper, 2 on the lower garment.
    """

    vertices: Reals
    nearer: Reals
    triangles: NDArray[np.int64]
    cut: int
    values: ImageF32
    labels: ImageU8
    worn: ImageU8

    def draw(self, view: Callable[[Reals], Reals], size: tuple[int, int], atlas: Atlas) -> Raster:
        """Draw the triangles; `view` takes vertices to samples."""
        seen = view(self.vertices)
        seen[:, 2] = self.vertices[:, 2] - self.nearer
        cutout = Cutout(np.ascontiguousarray(self.values[:, :2]), atlas.texels, self.cut)
        return rasterise(seen, self.triangles, size, cutout=cutout, threads=1)

    def parts(self, raster: Raster, head: ImageU8) -> tuple[ImageU8, ImageU8]:
        """Return labels in cvfast's set and which garment is seen, (h, w) each."""
        index = raster.index
        labels = np.append(self.labels, np.uint8(0))[index]
        table = np.zeros(256, np.uint8)
        for name, part in LABELS.items():
            table[part] = {"hair": _IDS["hair"], "background": 0}.get(name, _IDS["face"])
        own = labels == 255
        labels[own] = table[head[own]]
        return labels, np.append(self.worn, np.uint8(0))[index]


def build_scene(head: PosedHead, patches: list[Patch], atlas: Atlas, light: Light,
                shadow: int = 224) -> Scene:  # fmt: skip
    """Put head and patches together and light them; garments and hair come last."""
    top = topology()
    start, end = top.starts["neck"], top.starts["eye_right"]
    of_head = top.triangles[~((top.triangles >= start) & (top.triangles < end)).any(axis=1)]
    opaque = [p for p in patches if p.swatch in {"skin", "shoe"}]
    soft = [p for p in patches if p.swatch not in {"skin", "shoe"}]
    first = len(head.vertices) + len(head.shell)
    numbers, counts, at = [], [], first
    for patch in opaque + soft:
        rows, columns = patch.points.shape[:2]
        numbers.append(grid_triangles(rows, columns) + at)
        counts.append(len(numbers[-1]))
        at += rows * columns
    shell = shell_triangles() + len(head.vertices)
    cut = len(of_head) + sum(counts[: len(opaque)])
    triangles = np.concatenate([of_head, *numbers[: len(opaque)], shell, *numbers[len(opaque) :]])
    labels = np.concatenate([np.full(len(of_head), 255), *_each(opaque, counts, "label"),
                             np.full(len(shell), 255),
                             *_each(soft, counts[len(opaque) :], "label")])  # fmt: skip
    worn = np.concatenate([np.zeros(cut + len(shell)), *(
        np.full(count, {"upper": 1, "lower": 2}.get(patch.swatch, 0))
        for patch, count in zip(soft, counts[len(opaque) :], strict=True)
    )])  # fmt: skip
    vertices, nearer, values = _lit(head, opaque + soft, atlas, light, triangles, cut, shadow)
    return Scene(vertices, nearer, triangles, cut, values, labels.astype(np.uint8),
                 worn.astype(np.uint8))  # fmt: skip


def _each(patches: list[Patch], counts: list[int], name: str) -> list[Reals]:
    return [np.full(n, getattr(p, name)) for p, n in zip(patches, counts, strict=False)]


def _lit(
    head: PosedHead, patches: list[Patch], atlas: Atlas, light: Light,
    triangles: NDArray[np.int64], cut: int, shadow: int,
) -> tuple[Reals, Reals, ImageF32]:  # fmt: skip
    own = np.concatenate([head.vertices, head.shell])
    points = np.concatenate([own, *(p.points.reshape(-1, 3) for p in patches)])
    normals = np.concatenate([
        np.tile([0.0, 0.0, -1.0], (len(own), 1)), *(p.normals.reshape(-1, 3) for p in patches)
    ])  # fmt: skip
    sizes = [p.points.shape[0] * p.points.shape[1] for p in patches]
    gloss = np.concatenate([np.zeros(len(own)), np.repeat([p.gloss for p in patches], sizes)])
    glow = np.concatenate([np.zeros(len(own)), np.repeat([p.glow for p in patches], sizes)])
    factor, added = shine(points, normals, light, gloss, triangles, glow, side=shadow)
    factor[: len(own)], added[: len(own)] = head.factor, head.added
    places = np.concatenate([head.places, *(atlas.places(p).reshape(-1, 2) for p in patches)])
    nearer = np.concatenate([np.zeros(len(own)), *(
        np.broadcast_to(p.nearer, p.points.shape[:2]).reshape(-1) for p in patches
    )])  # fmt: skip
    values = np.concatenate([places, factor, added], axis=1).astype(np.float32)
    return points, nearer, values
