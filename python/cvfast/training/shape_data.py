"""Faces made ready for training landmark trees: crops, mirror images, other light, errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, read_crop
from cvfast.typing import Image, ImageU8

__all__ = ["MIRROR68", "FaceCrops", "detector_boxes", "face_crops", "mirrored", "nme", "varied"]

Shapes = NDArray[np.float64]

_MIRRORED = [
    *range(16, -1, -1),  # jaw
    *range(26, 16, -1),  # brows
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),  # outer lip
    *(64, 63, 62, 61, 60, 67, 66, 65),
]
MIRROR68 = np.array(_MIRRORED, np.int64)
MIRROR68.setflags(write=False)

# Where BlazeFace puts its box, in longer sides of the box round the 68 points: measured on made
# faces (`python -m benchmarks.landmarks --boxes`).
_DOWN, _SIDE = -0.045, 1.0


@dataclass(frozen=True, eq=False)
class FaceCrops:
    """Faces in crops of one size.

    Attributes
    ----------
    pixels
        (M, side, side) uint8 grey: the mean of red, green and blue, rounded down.
    points
        (M, P, 2) float64, in pixels of the crops.
    """

    pixels: ImageU8
    points: Shapes

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: slice | NDArray[np.int64] | NDArray[np.bool_]) -> FaceCrops:
        return FaceCrops(self.pixels[index], self.points[index])


def detector_boxes(points: ArrayLike) -> Shapes:
    """Where a detector puts its box, on average: (N, 4) squares for shapes (N, 68, 2)."""
    shapes = np.asarray(points, np.float64)
    low, high = shapes.min(axis=1), shapes.max(axis=1)
    size = (high - low).max(axis=1, keepdims=True)
    middle = (low + high) / 2 + size * (0, _DOWN) + 0.5
    half = size * (_SIDE / 2)
    return np.concatenate([middle - half, middle + half], axis=1)


def face_crops(
    pictures: Iterable[Image], boxes: ArrayLike, points: ArrayLike, *, side: int, margin: float
) -> FaceCrops:
    """Cut faces out as the trees see them.

    Parameters
    ----------
    pictures
        One a face.
    boxes
        (N, 4) the faces' boxes, as a detector finds them.
    points
        (N, P, 2), in pixels of the pictures.
    side
        Pixels of a box in the crop.
    margin
        Side of the crop over the box's.

    Raises
    ------
    ValueError
        Numbers that do not agree or are not finite.
    """
    shapes, places = np.asarray(points, np.float64), np.asarray(boxes, np.float64)
    if shapes.ndim != 3 or shapes.shape[2] != 2 or places.shape != (len(shapes), 4):
        raise ValueError(
            f"points: expected shape (N, P, 2) and N boxes, got {shapes.shape} and {places.shape}"
        )
    if not (np.isfinite(shapes).all() and np.isfinite(places).all()):
        raise ValueError("points: expected finite numbers")
    size = round(side * margin)
    pixels = np.empty((len(shapes), size, size), np.uint8)
    inside = np.empty_like(shapes)
    count = 0
    for number, picture in enumerate(pictures):
        count += 1
        box = RotatedBox.from_box(places[number])
        length = (box.width + box.height) / 2 * margin
        region = RotatedBox(box.x, box.y, length, length)
        crop = read_crop(PixelReader.of(picture), region, (size, size))
        pixels[number] = crop.sum(axis=2, dtype=np.uint16) // 3
        corner = np.array([box.x, box.y]) - length / 2
        inside[number] = (shapes[number] - corner) * (size / length) - 0.5
    if count != len(shapes):
        raise ValueError(f"pictures: expected {len(shapes)}, one a face, got {count}")
    return FaceCrops(pixels, inside)


def mirrored(faces: FaceCrops, order: ArrayLike) -> FaceCrops:
    """Return the faces as a mirror shows them; ``order`` has each point's partner."""
    flipped = faces.points[:, np.asarray(order)].copy()
    flipped[..., 0] = faces.pixels.shape[2] - 1 - flipped[..., 0]
    return FaceCrops(np.ascontiguousarray(faces.pixels[:, :, ::-1]), flipped)


def varied(faces: FaceCrops, rng: np.random.Generator) -> FaceCrops:
    """Return the faces under other light, blurred or noisy, as cameras show them."""
    pixels = np.empty_like(faces.pixels)
    for number, crop in enumerate(faces.pixels):
        levels: NDArray[np.floating] = crop.astype(np.float32)
        if rng.random() < 0.5:
            levels = _blurred(levels)
        gamma, gain = np.exp(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2))
        levels = 255 * gain * (levels / 255) ** gamma + rng.normal(0, 12)
        across, down = rng.normal(0, 0.25, 2)
        ramp = np.linspace(-1, 1, len(crop), dtype=np.float32)
        levels *= 1 + np.clip(across * ramp[None, :] + down * ramp[:, None], -0.7, 0.7)
        levels += rng.normal(0, rng.uniform(0, 5), crop.shape)
        pixels[number] = np.clip(levels + 0.5, 0, 255).astype(np.uint8)
    return FaceCrops(pixels, faces.points)


def _blurred(levels: NDArray[np.floating]) -> NDArray[np.floating]:
    for axis in (0, 1):
        before, after = np.roll(levels, 1, axis), np.roll(levels, -1, axis)
        levels = (before + 2 * levels + after) / 4
    return levels


def nme(found: ArrayLike, true: ArrayLike, eyes: Sequence[int]) -> float:
    """Mean distance of the points from the true ones, over the distance of the outer eye corners.

    Parameters
    ----------
    found, true
        (N, P, 2).
    eyes
        Numbers of the two corners in ``true``.

    Examples
    --------
    >>> round(nme([[(0, 0), (4, 3)]], [[(0, 0), (4, 0)]], (0, 1)), 3)
    0.375
    """
    a, b = np.asarray(found, np.float64), np.asarray(true, np.float64)
    first, second = eyes
    return float(
        (point_errors(a, b) / np.linalg.norm(b[:, first] - b[:, second], axis=1)[:, None]).mean()
    )


def point_errors(found: Shapes, true: Shapes) -> Shapes:
    """Distances (N, P)."""
    return np.asarray(np.linalg.norm(found - true, axis=2))
