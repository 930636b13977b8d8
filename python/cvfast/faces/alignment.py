"""Faces turned upright into the square picture that an embedding was trained on.

Where the five points of a face lie in that square is part of the model, as its weights are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.types import Landmarks
from cvfast.geometry.alignment import similarity_transform, transform_points
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, read_crop
from cvfast.typing import Image, ImageU8

__all__ = ["TEMPLATES", "Template", "aligned_box", "read_aligned"]


@dataclass(frozen=True, slots=True)
class Template:
    """Where the points of a face lie in a square picture.

    Parameters
    ----------
    name
        What it is called.
    scheme
        Which points: ``"five"`` or ``"dlib5"``, see `cvfast.faces.schemes`.
    points
        x and y of each, in sides of the square.
    origin
        The place of the square's upper left corner in pixels: 0 where the authors count from the
        centre of the first pixel, -0.5 where they count from its corner.
    """

    name: str
    scheme: str
    points: tuple[tuple[float, float], ...]
    origin: float = 0.0

    def pixels(self, side: int) -> NDArray[np.float64]:
        """Return the points (P, 2) in a square of so many pixels."""
        return np.array(self.points) * side + self.origin


# fmt: off
_ALL = (
    # The mean face of dlib's five points, with a quarter of it added on each side: what its
    # recognition network was trained on (dlib's get_face_chip with padding 0.25).
    Template("dlib", "dlib5", tuple(
        ((x + 0.25) / 1.5, (y + 0.25) / 1.5) for x, y in (
            (0.8595674595992, 0.2134981538014), (0.6460604764104, 0.2289674387677),
            (0.1205750620789, 0.2137274526848), (0.3340850613712, 0.2290642403242),
            (0.4901123135679, 0.6277975316475))), -0.5),
    # ArcFace's, in 112 pixels, which nearly all ONNX embeddings take; the others have more room.
    Template("arcface", "five", (
        (0.34192, 0.46157), (0.65653, 0.45983), (0.50023, 0.64051), (0.37098, 0.82469),
        (0.63152, 0.82325))),
    Template("arcface_v1", "five", (
        (0.35473, 0.45659), (0.64527, 0.45659), (0.50000, 0.61154), (0.37913, 0.77688),
        (0.62087, 0.77688))),
    Template("arcface_128", "five", (
        (0.36168, 0.40388), (0.63697, 0.40235), (0.50020, 0.56044), (0.38710, 0.72161),
        (0.61508, 0.72034))),
    Template("ffhq", "five", (
        (0.37692, 0.46865), (0.62286, 0.46913), (0.50124, 0.61332), (0.39309, 0.72541),
        (0.61150, 0.72490))),
    Template("mtcnn", "five", (
        (0.36563, 0.46734), (0.63305, 0.46586), (0.50019, 0.61943), (0.39033, 0.77599),
        (0.61179, 0.77476))),
)
# fmt: on
TEMPLATES = {template.name: template for template in _ALL}


def aligned_box(face: Landmarks, template: Template, side: int) -> RotatedBox:
    """Return the square of the picture that brings a face's points closest to a template's.

    Parameters
    ----------
    face
        Landmarks that convert to the template's scheme.
    template
        Where the points shall lie.
    side
        Pixels of the square once it is read.

    Raises
    ------
    ValueError
        All points coincide.

    Examples
    --------
    >>> template = TEMPLATES["arcface"]
    >>> face = Landmarks(template.pixels(112) * 2 + 30, "five", 1.0, [0, 0, 1, 1])
    >>> box = aligned_box(face, template, 112)
    >>> round(box.x, 3), round(box.width, 3), abs(round(box.angle, 3))
    (141.0, 224.0, 0.0)
    """
    points = face.to(template.scheme).points[:, :2]
    if not np.isfinite(points).all() or not np.ptp(points, axis=0).any():
        raise ValueError("face: expected finite points that differ, got one point or none")
    matrix = similarity_transform(template.pixels(side), points)
    x, y = transform_points(matrix, [(side - 1) / 2, (side - 1) / 2]).tolist()
    cos, sin = float(matrix[0, 0]), float(matrix[1, 0])
    width = math.hypot(cos, sin) * side
    return RotatedBox(x, y, width, width, math.atan2(sin, cos))


def read_aligned(
    image: Image | PixelReader, faces: Sequence[Landmarks], template: Template, side: int
) -> ImageU8:
    """Read faces as a template has them; what lies outside the picture is black.

    Parameters
    ----------
    image
        RGB or grey picture, uint8 or float32 in [0, 1].
    faces
        Landmarks of N faces in it.
    template
        Where their points shall lie.
    side
        Width and height of each square.

    Returns
    -------
    numpy.ndarray
        uint8 RGB, ``(N, side, side, 3)``.

    Raises
    ------
    ValueError
        All points of a face coincide, or the picture has no pixels.

    Examples
    --------
    >>> face = Landmarks(TEMPLATES["ffhq"].pixels(64), "five", 1.0, [0, 0, 1, 1])
    >>> read_aligned(np.full((64, 64, 3), 9, np.uint8), [face], TEMPLATES["ffhq"], 32).shape
    (1, 32, 32, 3)
    """
    reader = PixelReader.of(image)
    pixels = np.empty((len(faces), side, side, 3), np.uint8)
    for number, face in enumerate(faces):
        box = aligned_box(face, template, side)
        pixels[number] = read_crop(reader, box, (side, side), fill=0)
    return pixels
