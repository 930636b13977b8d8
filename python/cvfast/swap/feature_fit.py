"""A swapped face's features bent, in each frame, to where the target's are.

A network that has seen few expressions of the source gives the nearest that it knows. Landmarks of
what it gave and of the target tell how far brows, eyes, nose and mouth are off, and a smooth
thin-plate spline moves them there: what the face does is then the target's, at the cost of the
source's own proportions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.tps import ThinPlateSpline
from cvfast.typing import ImageF32

__all__ = ["INNER", "Bend", "inner_points"]

_F64 = NDArray[np.float64]
INNER = slice(17, 68)  # without the jaw, which the mask leaves to the target
_SEEN, _ROOM = 192, 96  # pixels of the face's sides as it is looked at, and round it
_FARTHEST = 0.05  # shares of the square that a point moves at most: more smears teeth and nostrils
_SMOOTHING = 0.002  # shares of the square's area: single landmarks tremble, features do not
_RIM = np.array([(x, y) for x in (0, 0.5, 1) for y in (0, 0.5, 1) if (x, y) != (0.5, 0.5)])


@dataclass(frozen=True, eq=False)
class Bend:
    """Moves what lies at some points of the network's square to others; its rim stays.

    Parameters
    ----------
    found, wanted
        ``(51, 2)``: the swapped face's landmarks, and the target's, counted from the square's
        corner.
    size
        Pixels of the square's sides.

    Examples
    --------
    >>> points = np.random.default_rng(0).uniform(20, 44, (51, 2))
    >>> bend = Bend(points, points + (3, 0), 64)
    >>> face = np.zeros((64, 64, 3), np.float32)
    >>> face[30:34, 30:34] = 1
    >>> bend.warp(face)[32, 32:38, 0].round(1).tolist()
    [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    """

    found: _F64
    wanted: _F64
    size: int

    def warp(self, image: ImageF32) -> ImageF32:
        """Bend a square, or an enlarged one, ``(W, W)`` or ``(W, W, C)`` float32."""
        factor = image.shape[0] / self.size
        far = _FARTHEST * self.size
        rim = _RIM * self.size
        moved = self.found + np.clip(self.wanted - self.found, -far, far)
        source, target = (
            np.concatenate([points, rim]) * factor - 0.5 for points in (self.found, moved)
        )
        spline = ThinPlateSpline(source, target, smoothing=_SMOOTHING * image.shape[0] ** 2)
        return spline.warp(np.ascontiguousarray(image), threads=1)


def inner_points(face: ImageF32) -> _F64 | None:
    """Find the landmarks of a network's square, without the jaw's.

    Returns
    -------
    ``(51, 2)``, counted from the square's corner; None without a face.
    """
    from cvfast.geometry.sampling import PixelReader
    from cvfast.io.opencv import load_cv2
    from cvfast.swap.frame_faces import find_faces

    cv2 = load_cv2()
    size = face.shape[0]
    large = cv2.resize(face, (_SEEN, _SEEN), interpolation=cv2.INTER_CUBIC)
    room = cv2.copyMakeBorder(large, *[_ROOM] * 4, cv2.BORDER_REPLICATE)
    picture = np.rint(np.clip(room, 0, 1) * 255).astype(np.uint8)
    faces = find_faces(PixelReader.of(picture))
    if not faces:
        return None
    points: _F64 = (faces[0].points[INNER] + 0.5 - _ROOM) * (size / _SEEN)
    return points
