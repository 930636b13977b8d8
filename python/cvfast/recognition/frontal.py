"""A turned face seen from the front: DeepFace's alignment by a generic 3D face.

A mean face in space is seen by an affine camera, fitted to the landmarks. Its triangles carry the
picture to where they lie in the frontal view, each by its own affine map. What the camera does not
see is taken from the other side of the face (Taigman, Yang, Ranzato and Wolf, *DeepFace: Closing
the Gap to Human-Level Performance in Face Verification*, CVPR 2014, section 2).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.mean_face import mean_face, mean_face_mirror, mean_face_triangles
from cvfast.faces.schemes import group
from cvfast.faces.types import Landmarks
from cvfast.geometry.boxes import RotatedBox, bounding_box
from cvfast.geometry.sampling import PixelReader, read_crop
from cvfast.kernels.raster import rasterise, sample_texture
from cvfast.typing import Image, ImageF32, ImageU8

__all__ = ["EYES", "Frontal", "frontal_places", "frontalise"]

Reals = NDArray[np.float64]

# The crop, in units of the mean face, which is 2 high and 1.76 wide: hairline to just below the
# chin. The eyes' middles come to lie at these shares of its sides (right and left eye).
_ACROSS, _MIDDLE = 1.92, 0.06
EYES = ((0.305, 0.280), (0.695, 0.280))
_COUNT = 468  # of the mesh without irises, which have no triangles
# What the camera sees under a cosine of less than these, and its mirror image better by these, is
# the mirror image's, more and more from one to the other.
_SEEN, _BETTER = (0.4, 0.65), (0.05, 0.25)
_SMOOTH = 4
_BEHIND = 0.06  # so much farther than what is drawn at its place, in face units: it is covered
_COARSE = 96  # pixels of the drawing that says what covers what
_FINEST = 1.25  # pixels of the read crop a pixel of the result
# Lips, lids and chin move with the expression and say little of where the head is turned.
_MOVING = ("outer_lip", "inner_lip", "right_eye", "left_eye", "right_brow", "left_brow")


@dataclass(frozen=True, eq=False)
class Frontal:
    """A face turned to the front.

    Parameters
    ----------
    image
        (size, size, 3) uint8 RGB, black outside of the face.
    visible
        (size, size) bool: pixels that the camera saw itself; the others of the face are their
        mirror side's.
    face
        (size, size) bool: where there is face.
    points
        (478, 2) float32: where the mesh's points lie in `image`, in pixels.
    camera
        (2, 4) float64: from the mean face (x, y, z, 1) to pixels of the picture it came from.
    """

    image: ImageU8
    visible: NDArray[np.bool_]
    face: NDArray[np.bool_]
    points: ImageF32
    camera: Reals


def frontalise(
    image: Image | PixelReader, landmarks: Landmarks, *, size: int = 152, threads: int | None = None
) -> Frontal:
    """Turn a face to the front.

    The mean face keeps what is the person's own: where a landmark lies beside the place at which
    the camera sees the mean face's point, that point is moved in space by the smallest step that
    explains it, and so the frontal view is this person's. A point counts as hidden where its
    surface turns away from the camera, something of the face lies before it, or it is outside of
    the picture; between seen and hidden the two sides are mixed.

    Parameters
    ----------
    image
        RGB or grey picture, uint8 or float32 in [0, 1].
    landmarks
        Of the face, in scheme ``mesh478`` or ``dlib68``; depth is not looked at.
    size
        Pixels of each side of the result, 16 to 1024.
    threads
        At most so many; None: :func:`cvfast.get_num_threads`.

    Returns
    -------
    Frontal
        Its `image` shows brows to chin, most of the forehead and the cheeks; the eyes of a mean
        face lie at `EYES` of its sides, another's a little beside. Light is left as it is.

    Raises
    ------
    TypeError
        Another kind of picture or landmarks.
    ValueError
        Another scheme; points that are not finite, on one line, or a face's mirror image; nothing
        of the face lies in the picture.

    Examples
    --------
    >>> from cvfast.faces.types import Landmarks
    >>> from cvfast.synth.faces import make_face
    >>> made = make_face(7, seed=0, size=128, pose=(0.6, 0, 0), occlusion="none")
    >>> frontal = frontalise(made.image, Landmarks(made.points478, "mesh478", 1.0, made.box))
    >>> frontal.image.shape, frontal.image.dtype.name
    ((152, 152, 3), 'uint8')
    >>> bool(frontal.visible[:, 100:].sum() < frontal.visible[:, :52].sum())
    True
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise TypeError(f"size: expected an int, got {type(size).__name__}")
    if not 16 <= size <= 1024:
        raise ValueError(f"size: expected 16 to 1024 pixels, got {size}")
    reader = PixelReader.of(image)
    places = _mesh_places(landmarks)
    camera = _fit_camera(places)
    moved = _explained(camera, places)
    borrowed = _borrowed(camera, places, moved, threads)
    frontal = _own_shape(moved, borrowed)
    points = frontal_places(frontal, size)
    crop, at = _read(reader, places, camera, size)
    drawn = rasterise(
        np.column_stack([points, frontal[:, 2]]), mean_face_triangles(closed=True), (size, size),
        threads=threads,
    )  # fmt: skip
    values = drawn.values(np.column_stack([at, borrowed]).astype(np.float32), threads=threads)
    other = drawn.values(at[mean_face_mirror()].astype(np.float32), threads=threads)
    own, share, face = np.ascontiguousarray(values[..., :2]), values[..., 2], drawn.index >= 0
    if not _inside(crop, at).all():
        share, face = _known(_inside(crop, own), _inside(crop, other), share, face)
    pixels = sample_texture(crop, own, threads=threads)
    if share.any():
        far = sample_texture(crop, other, threads=threads)
        far -= pixels
        far *= share[..., None]
        pixels += far
    pixels += np.float32(0.5)
    pixels *= face[..., None]
    return Frontal(
        pixels.astype(np.uint8),
        face & (share < 0.5),
        face,
        points.astype(np.float32),
        camera,
    )


def frontal_places(points: Reals, size: int) -> Reals:
    """Pixels of the frontal crop of points in units of the mean face, (n, 2 or 3) to (n, 2).

    Examples
    --------
    >>> frontal_places(np.array([[0.0, 0.06]]), 153).round(6).tolist()
    [[76.0, 76.0]]
    """
    return (points[:, :2] - (0, _MIDDLE)) * (size / _ACROSS) + (size - 1) / 2


def _mesh_places(landmarks: Landmarks) -> Reals:
    """Places of the 478 points, (478, 2)."""
    if not isinstance(landmarks, Landmarks):
        raise TypeError(f"landmarks: expected Landmarks, got {type(landmarks).__name__}")
    if landmarks.scheme not in ("mesh478", "dlib68"):
        raise ValueError(
            f"landmarks: expected scheme mesh478 or dlib68, got {landmarks.scheme}: too few points "
            "to know how the head is turned"
        )
    points = landmarks.points[:, :2]
    if not np.isfinite(points).all() or np.abs(points).max() > 90_000:
        raise ValueError("landmarks: expected finite points within 90,000 pixels of the picture")
    if _flat(points.astype(np.float64)):
        raise ValueError("landmarks: expected points of a face, got all on one line")
    return landmarks.to("mesh478").points[:, :2].astype(np.float64)


def _flat(points: Reals) -> bool:
    """Whether points lie on one line, or in one place."""
    long, short = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(short <= 1e-3 * long or short < 1e-3)


def _fit_camera(places: Reals) -> Reals:
    """Camera (2, 4) that sees the mean face at these places, by weighted least squares."""
    camera = (_solver() @ places).T
    if np.linalg.det(camera[:, :2]) <= 0:
        raise ValueError(
            "landmarks: expected a face seen from the front, got its mirror image or one from "
            "behind: right and left are the person's own"
        )
    return camera


@functools.cache
def _solver() -> Reals:
    """From places (478, 2) to a camera's transpose (4, 2): the weighted pseudo-inverse."""
    weight = np.ones(478)
    for name in _MOVING:
        weight[group("mesh478", name)] = 0.3
    weight[_COUNT:] = 0
    space = np.column_stack([mean_face(), np.ones(478)])
    return np.asarray(np.linalg.pinv(space * weight[:, None]) * weight)


def _explained(camera: Reals, places: Reals) -> Reals:
    """Mean face whose points are moved by the least that brings them to their places."""
    seen = mean_face() @ camera[:, :3].T + camera[:, 3]
    return mean_face() + (places - seen) @ np.linalg.pinv(camera[:, :3]).T


def _borrowed(camera: Reals, places: Reals, moved: Reals, threads: int | None) -> Reals:
    """Share of each point that its mirror image is to give, (478,) in [0, 1]."""
    toward = np.cross(camera[0, :3], camera[1, :3])
    toward /= -np.linalg.norm(toward)  # from the face to the camera, which looks along z
    facing = _normals() @ toward
    facing[_covered(-(moved @ toward), places, threads)] = 0
    mirror = mean_face_mirror()
    better = facing[mirror] - facing
    share = (1 - _step(facing, *_SEEN)) * _step(better, *_BETTER)
    # Softer between neighbours, which lie close where the camera sees the face edge on.
    return np.asarray(_averaging() @ share)


def _covered(depth: Reals, places: Reals, threads: int | None) -> NDArray[np.bool_]:
    """Points before which something of the face lies, by a coarse drawing of depths, (478,)."""
    low, high = places.min(axis=0), places.max(axis=0)
    at = (places - low) * (_COARSE / max(float((high - low).max()), 1e-6))
    drawn = rasterise(
        np.column_stack([at, depth]), mean_face_triangles(closed=True), (_COARSE + 1,) * 2,
        threads=threads,
    )  # fmt: skip
    column, row = np.rint(at).astype(np.int64).T
    return np.asarray(drawn.depth[row, column] < depth - _BEHIND)


def _step(x: Reals, low: float, high: float) -> Reals:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


@functools.cache
def _normals() -> Reals:
    """Outward normals of the mean face's points, (478, 3)."""
    corners, points = mean_face_triangles(closed=True), mean_face()
    a, b, c = (points[corners[:, k]] for k in range(3))
    across = np.cross(c - a, b - a)  # out of the face, since corners run clockwise as seen
    summed = np.zeros((478, 3))
    for k in range(3):
        np.add.at(summed, corners[:, k], across)
    summed[_COUNT:] = (0, 0, -1)
    for _ in range(_SMOOTH):  # the face's large shape, without lids and wrinkles
        summed = _averaging() @ (summed / np.linalg.norm(summed, axis=1)[:, None])
    return np.asarray(summed / np.linalg.norm(summed, axis=1)[:, None])


@functools.cache
def _averaging() -> Reals:
    """Matrix (478, 478): the mean of each point's triangles' means; irises have none and stay."""
    corners = mean_face_triangles(closed=True)
    matrix = np.diag((np.arange(478) >= _COUNT).astype(np.float64))
    for k in range(3):
        for other in range(3):
            np.add.at(matrix, (corners[:, k], corners[:, other]), 1.0)
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def _own_shape(moved: Reals, borrowed: Reals) -> Reals:
    """Face in units of the mean face: what is hidden is moved as its mirror image is."""
    step = moved - mean_face()
    other = step[mean_face_mirror()] * (-1, 1, 1)
    return np.asarray(mean_face() + step + borrowed[:, None] * (other - step))


def _read(reader: PixelReader, places: Reals, camera: Reals, size: int) -> tuple[ImageU8, Reals]:
    """Face's part of the picture, made no finer than is needed, and the places in it."""
    width, height = reader.size
    x0, y0, x1, y1 = bounding_box(places)
    box = np.array([max(np.floor(x0) - 2, 0), max(np.floor(y0) - 2, 0),
                    min(np.ceil(x1) + 2, width), min(np.ceil(y1) + 2, height)])  # fmt: skip
    if (box[2:] - box[:2]).min() < 1:
        raise ValueError(
            f"landmarks: expected a face in the picture of {width}x{height} pixels, got one outside"
        )
    wanted = _FINEST * size / _ACROSS
    shrink = max(1.0, float(np.linalg.norm(camera[:, :3], axis=1).max()) / wanted)
    sides = np.maximum(np.rint((box[2:] - box[:2]) / shrink), 1).astype(int)
    crop = read_crop(reader, RotatedBox.from_box(box), (int(sides[0]), int(sides[1])))
    return crop, (places - box[:2] + 0.5) * sides / (box[2:] - box[:2]) - 0.5


def _known(
    own: NDArray[np.bool_], other: NDArray[np.bool_], share: ImageF32, face: NDArray[np.bool_]
) -> tuple[ImageF32, NDArray[np.bool_]]:
    """Other side's shares where the picture ends within the face; where it has either side."""
    share = np.where(own, np.where(other, share, 0), np.float32(1))
    return share, face & (own | other)


def _inside(crop: ImageU8, at: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether places (..., 2) lie in the crop, which ends where the picture does."""
    height, width = crop.shape[:2]
    x, y = at[..., 0], at[..., 1]
    return np.asarray((x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5))
