"""The frame that faces are warped into: a mean shape, and points round it for hair and surround."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.faces.mean_face import mean_face
from cvfast.faces.schemes import group
from cvfast.geometry.alignment import similarity_transform, transform_points
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, read_crop
from cvfast.imaging.piecewise import warp_triangles
from cvfast.kernels.raster import Raster, rasterise
from cvfast.kernels.tps import ThinPlateSpline
from cvfast.typing import Image, ImageF32, ImageU8

__all__ = ["WARPS", "FaceFrame", "Warp", "triangulate"]

Points = NDArray[np.float64]
Warp: TypeAlias = Literal["affine", "tps", "similarity", "none"]
WARPS: tuple[Warp, ...] = ("affine", "tps", "similarity", "none")

_FACE = 0.54  # height of the face, hairline to chin, as a share of the frame
_MIDDLE = 0.54  # how far down its middle lies
# Rings round the face's outline, as multiples of it, and how much of the outline's displacement
# they take along: hair goes with the face, and nothing moves at the frame's border.
_RINGS = ((1.25, 0.75), (1.6, 0.3))
_INSET = 0.03  # of the frame: rings stay so far inside it
_BORDER = 6  # points a side
_FADE = 0.08  # of the frame: how softly a picture's own edge ends in the average
_FINEST = 1.5  # pixels read for one that is shown: more would alias
_STIFFNESS = 1e-6  # smoothing of the spline, over the frame's size squared
_LEAST_SEEN = 0.03
_FACE_POINTS = 468  # irises look about, and say nothing of a face's shape


@dataclass(frozen=True, eq=False)
class FaceFrame:
    """A square picture with a shape in it, into which faces are warped.

    Parameters
    ----------
    shape
        (478, 2) where the mesh lies, in pixels of the frame.
    size
        Pixels of each side.
    """

    shape: Points
    size: int

    @classmethod
    def around(cls, shape: ArrayLike, size: int) -> FaceFrame:
        """Place a shape of `mean_shape` in the middle, with room for hair and chin."""
        upright = mean_face()[:, :2]
        middle = (upright[10] + upright[152]) / 2
        scale = _FACE * size / float(upright[152, 1] - upright[10, 1])
        place = np.array([0.5, _MIDDLE]) * size - 0.5
        return cls((np.asarray(shape, np.float64) - middle) * scale + place, size)

    @functools.cached_property
    def points(self) -> Points:
        """(n, 2): the mesh, the rings, and the border, always in this order."""
        outline = self.shape[group("mesh478", "oval")]
        middle = outline.mean(axis=0)
        inset = _INSET * self.size
        rings = [
            np.clip(middle + factor * (outline - middle), inset, self.size - 1 - inset)
            for factor, _ in _RINGS
        ]
        return np.concatenate([self.shape, *rings, self._border])

    @functools.cached_property
    def _border(self) -> Points:
        """Points along the frame's edge, half a pixel outside so that all pixels lie within."""
        along = np.linspace(-0.5, self.size - 0.5, _BORDER)[:-1]
        low, high = np.full(len(along), along[0]), np.full(len(along), self.size - 0.5)
        sides = [(along, low), (high, along), (-1 + self.size - along, high)]
        sides.append((low, -1 + self.size - along))
        return np.concatenate([np.stack(side, axis=1) for side in sides])

    @functools.cached_property
    def triangles(self) -> NDArray[np.int32]:
        """(m, 3) numbers of `points`: each pixel of the frame lies in one of them."""
        return triangulate(self.points)

    @functools.cached_property
    def _raster(self) -> Raster:
        flat = np.column_stack([self.points, np.zeros(len(self.points))])
        return rasterise(flat, self.triangles, (self.size, self.size))

    def visibility(self, points: ArrayLike) -> ImageF32:
        """How well each part of the frame can be seen in the picture of a face.

        Triangles that are smaller there than here, such as a turned head's far cheek or a closed
        mouth, or that turn their back, have less to tell.

        Parameters
        ----------
        points
            (478, 2) the face's mesh, in pixels of its picture.

        Returns
        -------
        (size, size) float32 in (0, 1].
        """
        seen = transform_points(self.placed(points), self.sources(points))
        there = _areas(seen, self.triangles)
        here = _areas(self.points, self.triangles)
        # Each corner takes the mean of its triangles, so that no seam shows between them.
        total, own = np.zeros(len(seen)), np.zeros(len(seen))
        for corner in self.triangles.T:
            np.add.at(total, corner, np.maximum(there * np.sign(here), 0))
            np.add.at(own, corner, np.abs(here))
        share = np.clip(total / np.maximum(own, 1e-9), _LEAST_SEEN, 1)
        return self._raster.values(share[:, None].astype(np.float32))[..., 0]

    @functools.cached_property
    def outline(self) -> NDArray[np.bool_]:
        """(size, size): which pixels are face."""
        from PIL import Image as Pillow
        from PIL import ImageDraw

        mask = Pillow.new("1", (self.size, self.size))
        corners = [(float(x), float(y)) for x, y in self.shape[group("mesh478", "oval")]]
        ImageDraw.Draw(mask).polygon(corners, fill=1)
        return np.asarray(mask, bool)

    def placed(self, points: ArrayLike) -> Points:
        """Return the (2, 3) transform from a face's picture to this frame, by its mesh."""
        mesh = np.asarray(points, np.float64)[:_FACE_POINTS, :2]
        return similarity_transform(mesh, self.shape[:_FACE_POINTS])

    def sources(self, points: ArrayLike) -> Points:
        """Return where `points` of the frame lie in the picture of a face.

        Parameters
        ----------
        points
            (478, 2) the face's mesh, in pixels of its picture.
        """
        mesh = np.asarray(points, np.float64)[:, :2]
        placing = self.placed(mesh)
        moved = transform_points(placing, mesh) - self.shape
        rim = moved[group("mesh478", "oval")]
        away = [share * rim for _, share in _RINGS]
        all_moved = np.concatenate([moved, *away, np.zeros_like(self._border)])
        return transform_points(_inverse(placing), self.points + all_moved)

    def warp(
        self,
        image: Image | PixelReader,
        points: ArrayLike,
        *,
        warp: Warp = "affine",
        placing: Points | None = None,
    ) -> tuple[ImageF32, ImageF32]:
        """Bring a face into the frame.

        Parameters
        ----------
        image
            Its picture, read at the size that is needed.
        points
            (478, 2) its mesh.
        warp
            ``"affine"``: each triangle of mesh and surround by its own affine map. ``"tps"``: a
            thin-plate spline through the contours. ``"similarity"`` and ``"none"``: the picture as
            a whole.
        placing
            (2, 3) for ``"none"``: the transform from picture to frame.

        Returns
        -------
        pixels : ndarray
            (size, size, 3) float32 levels.
        cover : ndarray
            (size, size) float32 in [0, 1]: 1 inside the picture; falls softly to 0
            where the picture ends.
        """
        to_frame = self.placed(points) if placing is None else placing
        target = self.points
        if warp in ("affine", "tps"):
            source = self.sources(points)
        else:
            target = self._border
            source = transform_points(_inverse(to_frame), target)
        zoom = float(np.hypot(*to_frame[:, 0]))
        reader = PixelReader.of(image)
        cut, source = _cut(reader, source, zoom, _FADE * self.size)
        sides = (self.size, self.size)
        if warp == "tps":
            chosen = np.concatenate([_contours(), np.arange(478, len(target))])
            spline = ThinPlateSpline(
                source[chosen], target[chosen], smoothing=_STIFFNESS * self.size**2
            )
            warped = spline.warp(cut.astype(np.float32), size=sides)
        else:
            triangles = self.triangles if warp == "affine" else triangulate(target)
            warped, _ = warp_triangles(cut, source, target, triangles, sides)
        return warped[..., :3], warped[..., 3] / np.float32(255)


def _areas(points: Points, triangles: NDArray[np.int32]) -> Points:
    """Areas (m,), negative for triangles the other way round."""
    a, b, c = (points[corner] for corner in triangles.T)
    first, second = b - a, c - a
    areas: Points = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
    return areas


def triangulate(points: ArrayLike) -> NDArray[np.int32]:
    """Delaunay triangles (m, 3) of points (n, 2)."""
    from scipy.spatial import Delaunay

    triangles: NDArray[np.int32] = Delaunay(np.asarray(points, np.float64)).simplices
    return triangles


@functools.cache
def _contours() -> NDArray[np.int64]:
    """Mesh points that say what a face looks like, and lie well apart."""
    steps = {"oval": 2, "right_brow": 2, "left_brow": 2, "right_eye": 2, "left_eye": 2}
    steps |= {"bridge": 2, "nostrils": 1, "outer_lip": 2, "inner_lip": 5}
    return np.concatenate([group("mesh478", name)[::step] for name, step in steps.items()])


def _inverse(matrix: Points) -> Points:
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def _cut(reader: PixelReader, source: Points, zoom: float, fade: float) -> tuple[ImageU8, Points]:
    """Read the part of a picture that is needed, averaged where it is much too large.

    Returns
    -------
    (h, w, 4) uint8, RGB and how much a pixel counts, and `source` in its pixels.
    """
    whole = np.array(reader.size)
    low = np.clip(np.floor(source.min(axis=0)) - 1, 0, whole - 1)
    high = np.clip(np.ceil(source.max(axis=0)) + 2, low + 1, whole)
    shrink = max(1.0, 1 / (zoom * _FINEST))
    size = np.maximum(1, np.rint((high - low) / shrink)).astype(int)
    scale = size / (high - low)
    width, height = size.tolist()
    cut = np.empty((height, width, 4), np.uint8)
    cut[..., :3] = read_crop(reader, RotatedBox.from_box((*low, *high)), (width, height))
    across, down = (
        np.minimum(
            np.arange(count) / factor + start, (count - 1 - np.arange(count)) / factor + rest
        )
        for count, factor, start, rest in zip(size, scale, low, whole - high, strict=True)
    )  # pixels of the picture from its own edges, where it counts nothing
    near = np.clip(np.minimum(down[:, None], across[None]) * (zoom / fade), 0, 1)
    cut[..., 3] = np.rint(255 * near * near * (3 - 2 * near))
    return cut, (source - low + 0.5) * scale - 0.5
