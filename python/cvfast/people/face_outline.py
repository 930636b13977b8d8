"""The outline of a person's face, by the face mesh near the pose's head."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.blazeface import BlazeFace
from cvfast.faces.mesh import FaceMesh
from cvfast.people.body import Body, polygon_mask
from cvfast.typing import ImageU8

__all__ = ["FaceOutline", "find_face"]

_LEAST_SCORE = 0.3
_REACH = 2.6  # radii of the head, half the crop's side
_OPENINGS = ("right_eye", "left_eye", "outer_lip", "right_brow", "left_brow")


@dataclass(frozen=True, eq=False)
class FaceOutline:
    """A face as polygons.

    Parameters
    ----------
    oval
        (36, 2) float64, round the face from the hair line to the chin.
    openings
        Polygons of what is no skin: eyes, brows, lips.
    """

    oval: NDArray[np.float64]
    openings: tuple[NDArray[np.float64], ...]

    def placed(self, corner: tuple[float, float], scale: tuple[float, float]) -> FaceOutline:
        """Return the outline in a crop at ``corner`` that was resized by ``scale``."""

        def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
            moved: NDArray[np.float64] = (points - corner + 0.5) * scale - 0.5
            return moved

        return FaceOutline(place(self.oval), tuple(place(points) for points in self.openings))

    def mask(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Pixels inside the oval, (height, width) bool."""
        return polygon_mask(self.oval, size)

    def skin(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Pixels inside the oval that are skin by the mesh, (height, width) bool."""
        middle = self.oval.mean(axis=0)
        skin = polygon_mask(middle + 0.88 * (self.oval - middle), size)
        for opening in self.openings:
            centre = opening.mean(axis=0)
            skin &= ~polygon_mask(centre + 1.15 * (opening - centre), size)
        return skin


def find_face(image: ImageU8, body: Body) -> FaceOutline | None:
    """Find the face of a person in a picture.

    Parameters
    ----------
    image
        (H, W, 3) uint8, the picture.
    body
        The person in it.

    Returns
    -------
    FaceOutline or None
        None where no face is seen near the pose's head.
    """
    centre, radius = body.head
    low = np.maximum(np.floor(centre - _REACH * radius), 0).astype(int)
    high = np.ceil(centre + _REACH * radius).astype(int) + 1
    crop = image[low[1] : max(0, high[1]), low[0] : max(0, high[0])]
    if min(crop.shape[:2]) < 16:
        return None
    faces = _finder().find(crop, smallest=None)
    if not len(faces):
        return None
    nose = body["nose"] - low
    fitted = _mesh().fit(crop, faces, careful=False)
    marks = [mark for mark in fitted if mark.score >= _LEAST_SCORE]
    near = [mark for mark in marks if _distance(mark.box, nose) < 1.2 * radius]
    if not near:
        return None
    best = min(near, key=lambda mark: _distance(mark.box, nose))

    def group(name: str) -> NDArray[np.float64]:
        points: NDArray[np.float64] = best.group(name)[:, :2].astype(np.float64) + low
        return points

    return FaceOutline(group("oval"), tuple(group(name) for name in _OPENINGS))


def _distance(box: NDArray[np.float32], point: NDArray[np.float64]) -> float:
    middle = (box[:2] + box[2:]) / 2
    return float(np.hypot(*(middle - point)))


@functools.cache
def _finder() -> BlazeFace:
    return BlazeFace()


@functools.cache
def _mesh() -> FaceMesh:
    return FaceMesh(refine=False)
