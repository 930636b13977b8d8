"""How much of a head a face picture shows, and where its landmarks lie in it.

The geometry is DeepFaceLab's: the 33 points that move least (brows, nose, eyes, two mouth corners)
are laid on a mean face in the unit square, and the picture is a turned square round that square.

Points of a face picture count from its corner: n pixels span 0 to n, the middle of the first one
is (1/2, 1/2), and a picture resized by s has its points times s. Points of a frame count from the
middle of its first pixel, as everywhere in cvfast. The numbers in matrices and landmarks are those
that DeepFaceLab writes for the same points; its pixels, sampled by OpenCV's rules, lie half a pixel
of the face picture further.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.alignment import similarity_transform, transform_points
from cvfast.typing import ArrayLike

__all__ = ["FACE_TYPES", "MEAN_FACE", "STEADY", "FaceType", "crop_matrix"]

# fmt: off
# x and y of dlib's points 17 to 67 in the unit square, x before the shift that centres the face.
_POINTS = np.array([
    .010086, .106454, .085135, .038915, .191003, .018748, .300643, .034489, .403270, .077391,
    .596729, .077391, .699356, .034489, .808997, .018748, .914864, .038915, .989913, .106454,
    .5, .203352, .5, .307009, .5, .409805, .5, .515625, .376753, .587326, .435909, .609345,
    .5, .628106, .564090, .609345, .623246, .587326, .131610, .216423, .196995, .178758,
    .275698, .179852, .344479, .231733, .270791, .245099, .192616, .244077, .655520, .231733,
    .724301, .179852, .803005, .178758, .868389, .216423, .807383, .244077, .729208, .245099,
    .264022, .780233, .350858, .745405, .438731, .727388, .5, .742578, .561268, .727388,
    .649141, .745405, .735977, .780233, .652032, .864805, .566594, .902192, .5, .909281,
    .433405, .902192, .347967, .864805, .300252, .784792, .437969, .778746, .5, .785343,
    .562030, .778746, .699747, .784792, .563237, .824182, .5, .831803, .436763, .824182,
]).reshape(51, 2)
# fmt: on
MEAN_FACE: NDArray[np.float64] = _POINTS - (0.009873, 0.0)
STEADY = (*range(17, 49), 54)


@dataclass(frozen=True, slots=True)
class FaceType:
    """A kind of face picture.

    Parameters
    ----------
    name
        As in options and files.
    code
        DeepFaceLab's number.
    padding
        Room round the unit square, in its diagonals.
    middle
        Height of the picture's middle in the unit square.
    """

    name: str
    code: int
    padding: float
    middle: float = 0.5

    @property
    def side(self) -> float:
        """The picture's side in sides of the unit square."""
        return 1 + 2 * math.sqrt(2) * self.padding


FACE_TYPES = {
    kind.name: kind
    for kind in (
        FaceType("half", 0, 0.0),
        FaceType("midfull", 1, 0.0675),
        FaceType("full", 2, 0.2109375),
        FaceType("whole", 4, 0.40, 0.43),
        FaceType("head", 10, 0.70, 0.0),
    )
}


def crop_matrix(landmarks: ArrayLike, face_type: str, size: int) -> NDArray[np.float64]:
    """Return the transform from an image's points to those of its face picture.

    Parameters
    ----------
    landmarks
        ``(68, 2)`` in dlib's order, pixels of the image.
    face_type
        A name in `FACE_TYPES`.
    size
        Pixels of the picture's sides.

    Returns
    -------
    numpy.ndarray
        ``(2, 3)`` float64 for `cvfast.geometry.alignment.transform_points`.

    Raises
    ------
    ValueError
        An unknown face type, a size under 1, points of another shape, or all in one place.

    Examples
    --------
    >>> points = np.zeros((68, 2))
    >>> points[17:] = MEAN_FACE * 100 + 50
    >>> points[:17] = points[17]
    >>> crop_matrix(points, "half", 100).round(3).tolist()
    [[1.0, -0.0, -50.0], [0.0, 1.0, -50.0]]
    """
    if face_type not in FACE_TYPES:
        raise ValueError(f"face_type: expected one of {', '.join(FACE_TYPES)}, got {face_type!r}")
    if size < 1:
        raise ValueError(f"size: expected at least 1, got {size}")
    points = np.asarray(landmarks, np.float64)
    if points.shape != (68, 2):
        raise ValueError(f"landmarks: expected shape (68, 2), got {points.shape}")
    steady = list(STEADY)
    to_unit = similarity_transform(points[steady], MEAN_FACE[[i - 17 for i in steady]])
    kind = FACE_TYPES[face_type]
    middle = np.array([0.5, kind.middle])
    if face_type == "head":
        middle[0] += _sideways(transform_points(to_unit, points))
    scale = size / kind.side
    matrix = to_unit * scale
    matrix[:, 2] += size / 2 - middle * scale
    return matrix


def _sideways(points: NDArray[np.float64]) -> float:
    """Shift of a head picture that keeps the back of a turned head in it.

    Where the face is turned to the left, its right half is the wider one, and the picture's middle
    moves to the right; near zero it hardly moves.
    """
    x = points[:, 0]
    left = float(np.mean(x[[27, 28, 29]] - x[[0, 1, 2]]))
    right = float(np.mean(x[[16, 15, 14]] - x[[27, 28, 29]]))
    yaw = right - left
    return yaw * abs(math.tanh(2 * yaw)) / 2
