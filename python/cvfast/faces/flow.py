"""A face's points carried from frame to frame by optical flow, between two fits of the mesh.

Flow compares a frame with the one before it, so that it is far steadier than a fit, which judges
each frame anew; but it drifts, so fits must correct it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.types import Landmarks
from cvfast.geometry.alignment import transform_points
from cvfast.geometry.sampling import PixelReader, read_luma
from cvfast.kernels.flow import FlowPyramid, track_points

__all__ = ["FaceFlow", "FaceMotion"]

# fmt: off
# Mesh points that move with the head: forehead, brows, nose, eye corners, cheeks.
_STEADY = np.array([
    151, 9, 108, 337, 69, 299, 105, 334, 66, 296, 70, 300, 168, 6, 197, 4, 129, 358, 98, 327, 2,
    33, 133, 362, 263, 50, 280, 205, 425, 118, 347, 187, 411,
])
# What moves on its own: both eyes (corner, middle, corner), then the mouth.
_LIVELY = np.array([33, 468, 133, 362, 473, 263, 61, 13, 291, 17])
# fmt: on
_MARGIN = 0.25  # face sizes round the face that are looked at: as far as it may move in a frame
_WORKING_SIZE = 160.0  # pixels: faces are halved while twice as large, so that cost stays level
_LEVELS = 3
_ROUND_TRIP = 0.4  # pixels, of the size that is worked at, that a trusted point may be off
_FEWEST = 8  # points that a motion is fitted to
_FIT_ROUNDS = 3
# Of the linear part, as if so many points said that it stays: for points that lie on one line.
_STIFFNESS = np.diag([0.02, 0.02, 0.0])
_SLACK = 0.15  # pixels, as above: points this far off the common motion still count half


@dataclass(frozen=True)
class FaceMotion:
    """How a face moved since the frame before.

    Attributes
    ----------
    matrix
        ``(2, 3)``: from points of the frame before to this one.
    trusted
        Share of the points that were followed surely and agree with it.
    change
        How much the eyes and the mouth differ from what the motion explains, in units of what the
        rest of the face does: about 1 where they keep still.
    """

    matrix: NDArray[np.float64]
    trusted: float
    change: float


class FaceFlow:
    """Follows one face; keeps a small copy of where it was in the frame before."""

    def __init__(self) -> None:
        self._pyramid: FlowPyramid | None = None
        self._origin: NDArray[np.float64] = np.zeros(2)
        self._box: NDArray[np.float64] = np.zeros(4)
        self._halvings = 0

    def follow(
        self,
        reader: PixelReader,
        face: Landmarks,
        move: NDArray[np.float64],
        *,
        watch: bool = True,
    ) -> FaceMotion | None:
        """Find a face of the frame before in this one.

        Parameters
        ----------
        reader
            This frame.
        face
            The face in the frame before, ``mesh478``.
        move
            Pixels ``(2,)`` that it probably moved by.
        watch
            Look for change too.

        Returns
        -------
        FaceMotion or None
            None where too few points could be followed.
        """
        before, old_origin = self._pyramid, self._origin
        if before is None:
            return None
        self._cut(reader, face, move)
        now, origin = self._pyramid, self._origin
        # At the picture's edge little may be left of a face, too little for as many levels.
        if now is None or now.core.levels != before.core.levels:
            return None
        points = face.points[:, :2].astype(np.float64)
        start = points[_STEADY]
        flow = track_points(
            before, now, start - old_origin, guesses=start + move - origin, threads=1
        )
        sure = flow.round_trips < _ROUND_TRIP * 2**self._halvings
        if sure.sum() < _FEWEST:
            return None
        matrix, weights = _common_motion(
            start[sure], flow.points[sure] + origin, _SLACK * 2**self._halvings
        )
        change = 0.0
        if watch:
            lively = points[_LIVELY]
            guesses = transform_points(matrix, lively) - origin
            seen = track_points(
                before, now, lively - old_origin, guesses=guesses, iterations=0, threads=1
            )
            half = int(sure.sum()) // 2
            usual = max(float(np.partition(flow.errors[sure], half)[half]), 1.0)
            change = float(seen.errors.max()) / usual
        return FaceMotion(matrix, float((weights > 0.5).sum()) / len(_STEADY), change)

    def keep(self, reader: PixelReader, face: Landmarks) -> None:
        """Remember how the face looks in this frame, unless `follow` saw it where it is."""
        size = float((face.box[2:] - face.box[:2]).max())
        halvings = max(0, min(8, math.floor(math.log2(max(size / _WORKING_SIZE, 1.0)))))
        if self._pyramid is not None and halvings == self._halvings:
            off = float(np.abs(face.box[:2] - self._box[:2]).max())
            if off < _MARGIN / 2 * size:
                return
        self._halvings = halvings
        self._cut(reader, face, np.zeros(2))

    def _cut(self, reader: PixelReader, face: Landmarks, move: NDArray[np.float64]) -> None:
        """Copy the face's surroundings."""
        self._box = face.box.astype(np.float64) + np.tile(move, 2)
        low, high = self._box[:2], self._box[2:]
        margin = _MARGIN * float((high - low).max())
        limit = np.array(reader.size)
        first = np.clip(np.floor(low - margin), 0, limit).astype(int)
        last = np.clip(np.ceil(high + margin), 0, limit).astype(int)
        self._origin, self._pyramid = first.astype(np.float64), None
        if (last - first).min() < 1:
            return
        (x0, y0), (x1, y1) = first.tolist(), last.tolist()
        luma = np.ascontiguousarray(read_luma(reader, (x0, y0, x1, y1)))
        self._pyramid = FlowPyramid(luma, finest=self._halvings, levels=_LEVELS)


def _common_motion(
    start: NDArray[np.float64], end: NDArray[np.float64], slack: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit an affine motion that points which go their own way do not disturb.

    Returns the ``(2, 3)`` matrix and each point's weight in (0, 1].
    """
    middle = start.mean(axis=0)
    design = np.ones((len(start), 3))
    design[:, :2] = start - middle
    spread = float(np.abs(design[:, :2]).max()) + 1e-9
    design[:, :2] /= spread
    moved = end - start
    half = len(start) // 2
    solution = np.zeros((3, 2))
    solution[2] = np.partition(moved, half, axis=0)[half]
    for _ in range(_FIT_ROUNDS):
        off = np.square(moved - design @ solution).sum(axis=1)
        scale = max(slack**2, float(np.partition(off, half)[half]))
        weights = scale / (scale + off)
        weighted = design.T * np.square(weights)
        solution = np.linalg.solve(weighted @ design + _STIFFNESS, weighted @ moved)
    matrix = np.empty((2, 3))
    matrix[:, :2] = np.eye(2) + solution[:2].T / spread
    matrix[:, 2] = solution[2] + middle - matrix[:, :2] @ middle
    return matrix, weights
