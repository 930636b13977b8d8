"""The 468-point face mesh, refined by the iris model to 478 points with real eye contours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.types import Faces, Landmarks
from cvfast.geometry.boxes import RotatedBox, bounding_box
from cvfast.geometry.sampling import PixelReader, read_input
from cvfast.models.session import Session
from cvfast.typing import ArrayLike, Image

__all__ = ["FaceMesh", "face_region", "logistic"]

# The crop's side over the face box's longer side, and the eye crop's over the eye's width. The iris
# model leans towards an eye of the usual size in its crop. With 2.8 it follows an eye that is
# larger than the mesh expects, such as a retouched one, about twice as far as with the 2.3 of its
# makers, and finds the same contour on an ordinary one.
_FACE_MARGIN, _EYE_MARGIN = 1.5, 2.8
# In a still picture an eye is looked at from four sides (shifts in crop sides) and the mean taken,
# since one look is off by some tenths of a pixel of its crop; then once more, where it was found.
_STRAIGHT = ((0.0, 0.0),)
_AROUND = ((-0.04, -0.04), (-0.04, 0.04), (0.04, -0.04), (0.04, 0.04))
_ROUNDS = 2
_HOPELESS = 0.05
# The mesh is exact only where the face fills its crop: one that has moved further than this, in
# crop sides, since the frame before is fitted again where it went.
_MOVED, _TRIES = 0.06, 3
_MESH_POINTS, _IRIS_POINTS = 468, 5
# fmt: off
# Mesh numbers of the iris model's 71 points, right eye and left eye: lower and upper lid, then
# rings further out, and the brow.
_RIGHT_EYE = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173,
    130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190,
    226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189,
    35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245,
    156, 70, 63, 105, 66, 107, 55, 193,
)
_LEFT_EYE = (
    263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398,
    359, 255, 339, 254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414,
    446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442, 441, 413,
    265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465,
    383, 300, 293, 334, 296, 336, 285, 417,
)
# fmt: on
_F64: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class _Eye:
    corners: tuple[int, int]  # from the left to the right as seen
    contour: NDArray[np.intp]  # mesh numbers of the iris model's contour points
    iris: int  # the first of its iris points
    mirrored: bool


_RIGHT = _Eye((33, 133), np.array(_RIGHT_EYE), _MESH_POINTS, mirrored=False)
_LEFT = _Eye((362, 263), np.array(_LEFT_EYE), _MESH_POINTS + _IRIS_POINTS, mirrored=True)
_EYES = _RIGHT, _LEFT


class FaceMesh:
    """Fits the mesh; holds the models and may be used from several threads.

    Parameters
    ----------
    num_threads
        Threads of one model call.
    refine
        Refine eyes and irises with the iris model. Without it the iris points are the mesh's eye
        centres, and a face costs about a third.

    Raises
    ------
    ModelError, MissingDependencyError
        As `cvfast.models.session.Session`.
    """

    def __init__(self, *, num_threads: int = 1, refine: bool = True) -> None:
        self._mesh = Session("face_mesh", num_threads=num_threads)
        self._iris = Session("iris", num_threads=num_threads) if refine else None

    def fit(
        self, source: Image | PixelReader, faces: Faces, *, careful: bool = True
    ) -> list[Landmarks]:
        """Fit the mesh to each detected face.

        The mesh is fitted at least twice: on a crop from the detection, then on the crop that a fit
        asks for, which makes the result nearly independent of the detector's box.

        Parameters
        ----------
        source
            A picture, or a reader of one.
        faces
            Detections in the same picture.
        careful
            Look at each eye eight times, a little shifted, and take the mean; else once.

        Returns
        -------
        list of Landmarks
            One per face, in the same order. A box that holds no face gets points too, with a score
            near 0: filter by ``score`` if the boxes are not trusted.
        """
        reader = PixelReader.of(source)
        results = []
        for boxes, keypoints in zip(faces.boxes, faces.keypoints, strict=True):
            points, _ = self._run(reader, face_region(boxes, keypoints))
            results.append(self._finish(reader, points, still=careful))
        return results

    def track(self, source: Image | PixelReader, previous: Landmarks) -> Landmarks:
        """Fit the mesh where the face was in the frame before, without a detection.

        Parameters
        ----------
        source
            The frame, or a reader of it.
        previous
            The face's mesh in the frame before.

        Returns
        -------
        Landmarks
            A score under about 0.5 says that the face was lost: detect again.

        Raises
        ------
        ValueError
            ``previous`` is not a ``mesh478``.
        """
        if previous.scheme != "mesh478":
            raise ValueError(f"previous: expected mesh478 points, got {previous.scheme}")
        return self._finish(PixelReader.of(source), previous.points.astype(np.float64))

    def presence(self, source: Image | PixelReader, region: RotatedBox, *, looks: int = 1) -> float:
        """How sure the mesh is that a region holds a face, in [0, 1].

        Parameters
        ----------
        source
            A picture, or a reader of one.
        region
            Square round the face.
        looks
            Model calls. Each one after the first looks where the one before saw the face, and the
            least sure of them counts: what only resembles a face seldom keeps to one.
        """
        reader = PixelReader.of(source)
        points, score = self._run(reader, region)
        if looks > 1 and score > _HOPELESS:
            # The first look may be badly centred, so it cannot lower the result.
            score = 1.0
            for _ in range(looks - 1):
                points, next_score = self._run(reader, _mesh_region(points))
                score = min(score, next_score)
        return score

    def _finish(self, reader: PixelReader, points: _F64, *, still: bool = False) -> Landmarks:
        """Fit on the crop that ``points`` ask for, until it fits, then refine the eyes."""
        region = _mesh_region(points)
        for _ in range(_TRIES):
            points, score = self._run(reader, region)
            found = _mesh_region(points)
            moved = math.hypot(found.x - region.x, found.y - region.y)
            if score < _HOPELESS or moved < _MOVED * region.width:
                break
            region = found
        points = np.concatenate([points, np.empty((2 * _IRIS_POINTS, 3))])
        for _ in range(_ROUNDS if still else 1):
            for eye in _EYES:
                self._refine(reader, points, eye, _AROUND if still else _STRAIGHT)
        box = bounding_box(points).astype(np.float32)
        return Landmarks(points.astype(np.float32), "mesh478", score, box)

    def _run(self, reader: PixelReader, region: RotatedBox) -> tuple[_F64, float]:
        """Mesh of a region: ``(468, 3)`` in the picture's pixels, and the score."""
        raw, flag = self._mesh.run_on(lambda tensor: read_input(reader, region, tensor))
        points = _to_picture(raw.reshape(-1, 3), region, self._mesh.input_shape[1])
        return points, _probability(flag.item())

    def _refine(
        self,
        reader: PixelReader,
        points: _F64,
        eye: _Eye,
        looks: Sequence[tuple[float, float]],
    ) -> None:
        """Refine one eye's mesh points and set its five iris points, in place."""
        x0, y0, z0 = points[eye.corners[0]].tolist()
        x1, y1, z1 = points[eye.corners[1]].tolist()
        centre = (x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2
        iris = points[eye.iris : eye.iris + _IRIS_POINTS]
        iris[:] = centre
        if self._iris is None:
            return
        side = max(math.hypot(x1 - x0, y1 - y0), 1e-3) * _EYE_MARGIN
        angle = math.atan2(y1 - y0, x1 - x0)
        seen = [
            self._look(
                self._iris,
                reader,
                RotatedBox(centre[0] + right * side, centre[1] + down * side, side, side, angle),
                mirrored=eye.mirrored,
            )
            for right, down in looks
        ]
        mean = seen[0] if len(seen) == 1 else np.mean(seen, axis=0)
        points[eye.contour, :2] = mean[:-_IRIS_POINTS]
        iris[:, :2] = mean[-_IRIS_POINTS:]

    @staticmethod
    def _look(model: Session, reader: PixelReader, region: RotatedBox, *, mirrored: bool) -> _F64:
        """Run the iris model on a region: 71 contour and 5 iris points in the picture's pixels.

        The model knows one eye only; the other one is shown to it in a mirror.
        """
        outputs = model.run_on(lambda tensor: read_input(reader, region, tensor, mirrored=mirrored))
        points = np.concatenate([output.reshape(-1, 3) for output in outputs])
        return _to_picture(points, region, model.input_shape[1], mirrored=mirrored)[:, :2]


def face_region(box: ArrayLike, keypoints: ArrayLike) -> RotatedBox:
    """Square region of a detected face for the mesh, upright along the eyes if they are known.

    Parameters
    ----------
    box
        ``(4,)``.
    keypoints
        ``(K, 2)``; the first two, if any, are the right and the left eye.
    """
    upright = RotatedBox.from_box(box)
    side = max(upright.width, upright.height) * _FACE_MARGIN
    dots = np.asarray(keypoints, np.float64).reshape(-1, 2)
    angle = math.atan2(*(dots[1] - dots[0])[::-1]) if len(dots) >= 2 else 0.0
    return RotatedBox(upright.x, upright.y, side, side, angle)


def logistic(logits: ArrayLike) -> _F64:
    """Logits to probabilities, without overflow."""
    values = np.clip(np.asarray(logits, np.float64), -80, 80)
    probabilities: _F64 = 1 / (1 + np.exp(-values))
    return probabilities


def _probability(logit: float) -> float:
    return 1 / (1 + math.exp(-min(max(logit, -80.0), 80.0)))


def _mesh_region(points: _F64) -> RotatedBox:
    """Square region round a mesh, turned with its eyes."""
    x0, y0 = points[_RIGHT.corners[0], :2].tolist()
    x1, y1 = points[_LEFT.corners[1], :2].tolist()
    angle = math.atan2(y1 - y0, x1 - x0)
    cos, sin = math.cos(angle), math.sin(angle)
    # Rows, not columns: their smallest and largest values are found in a third of the time.
    aligned = np.array([[cos, sin], [-sin, cos]]) @ points[:_MESH_POINTS, :2].T
    (left, top), (right, bottom) = aligned.min(axis=1).tolist(), aligned.max(axis=1).tolist()
    x, y = (left + right) / 2, (top + bottom) / 2
    side = max(right - left, bottom - top, 1e-3) * _FACE_MARGIN
    return RotatedBox(cos * x - sin * y, sin * x + cos * y, side, side, angle)


def _to_picture(
    seen: NDArray[np.float32], region: RotatedBox, side: int, *, mirrored: bool = False
) -> _F64:
    """Points ``(N, 3)`` in a model's pixels to the picture's; depth in its pixels too."""
    a, b, x, c, d, y = region.matrix().ravel().tolist()
    if mirrored:
        a, c, x, y = -a, -c, x + a, y + c
    turn = np.array([[a, c, 0.0], [b, d, 0.0], [0.0, 0.0, region.width]]) / side
    points: _F64 = seen.astype(np.float64) @ turn
    points += (x, y, 0.0)
    return points
