"""From few landmarks to many: a mean face laid over the points that there are."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.schemes import group
from cvfast.kernels.tps import ThinPlateSpline
from cvfast.typing import ImageF32, Indices

__all__ = ["mean_face", "mean_face_mirror", "mean_face_triangles", "over_five", "over_many"]

Points = NDArray[np.float64]
_SLACK = 3e-4  # smoothing of the spline, over the face's size squared


@functools.cache
def mean_face() -> Points:
    """Return the mean face's mesh, (478, 3): x to the right, y down, z away; chin to hair is 2."""
    points = np.array(_record()["points"], np.float64)
    points.setflags(write=False)
    return points


@functools.cache
def mean_face_mirror() -> Indices:
    """Return the number of each mesh point's mirror image, (478,)."""
    numbers = np.array(_record()["mirror"], np.int64)
    numbers.setflags(write=False)
    return numbers


@functools.cache
def mean_face_triangles(*, closed: bool = False) -> Indices:
    """Return the mesh's triangles, clockwise as seen from the front.

    Parameters
    ----------
    closed
        With triangles over eyes and mouth, which are holes otherwise; they come last.

    Returns
    -------
    (m, 3) int64, numbers of the first 468 mesh points.

    Examples
    --------
    >>> mean_face_triangles().shape, mean_face_triangles(closed=True).shape
    ((862, 3), (908, 3))
    """
    triangles = np.array(_record()["triangles"], np.int64)
    if closed:
        rings = (group("mesh478", name) for name in ("right_eye", "left_eye", "inner_lip"))
        triangles = np.concatenate([triangles, *map(_strip, rings)])
    triangles.setflags(write=False)
    return triangles


def _strip(ring: Indices) -> Indices:
    """Close a ring of points that runs clockwise, by a strip from its first to its middle."""
    count = len(ring)
    below = [(-k, k, -k - 1) for k in range(1, count // 2)]
    above = [(k, k + 1, -k - 1) for k in range(1, count // 2 - 1)]
    strip: Indices = ring[np.array([(0, 1, -1), *below, *above])]
    return strip


@functools.cache
def _record() -> dict[str, Any]:
    text = resources.files("cvfast.faces").joinpath("data/mean_face.json").read_text("utf-8")
    record: dict[str, Any] = json.loads(text)
    return record


def over_five(points: ImageF32, known: ImageF32, wanted: ImageF32) -> ImageF32:
    """Move, turn and scale a mean face so that it fits few points.

    Parameters
    ----------
    points
        (N, 2) where the known points are.
    known, wanted
        (N, 2) and (M, 2) points of the mean face.

    Returns
    -------
    (M, 2) float32.
    """
    there, here = points[:, :2].astype(np.float64), known[:, :2].astype(np.float64)
    middle, center = there.mean(axis=0), here.mean(axis=0)
    # As complex numbers a turn and a scale are one factor.
    a, b = ((rows - mean) @ (1, 1j) for rows, mean in ((here, center), (there, middle)))
    factor = np.vdot(a, b) / np.vdot(a, a)
    moved = ((wanted[:, :2].astype(np.float64) - center) @ (1, 1j)) * factor
    result: ImageF32 = (np.stack([moved.real, moved.imag], axis=1) + middle).astype(np.float32)
    return result


def over_many(points: ImageF32, numbers: list[int]) -> ImageF32:
    """Bend the mean mesh through many points (thin-plate spline; Bookstein, 1989).

    The mesh is first seen from where the points show it best: turned heads keep their depth.

    Parameters
    ----------
    points
        (N, 2) where mesh points ``numbers`` are.
    numbers
        (N,).

    Returns
    -------
    (478, 2) float32, which has ``points`` at ``numbers``.
    """
    there = points[:, :2].astype(np.float64)
    mesh = np.column_stack([mean_face(), np.ones(478)])
    camera, *_ = np.linalg.lstsq(mesh[numbers], there, rcond=None)
    seen = mesh @ camera
    # Not quite through the points: lips that touch in the mean face may be open here.
    slack = _SLACK * float(np.ptp(there, axis=0).max()) ** 2
    try:
        bent = ThinPlateSpline(seen[numbers], there, smoothing=slack).transform(seen)
    except ValueError:  # all on one line or in one place: there is nothing to bend
        bent = seen
    bent[numbers] = there
    return bent.astype(np.float32)
