"""Where an iris really is: the landmarks' disc, corrected on the picture's own edges.

The iris model is off by up to a fifth of an iris radius, and draws a disc that looks straight into
the camera. Here the disc is seen from the side when the eye looks away, and then moved and resized
to where, left and right of it, the picture steps from iris to white. The lids' contour says which
part of it can be seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.canvas import Canvas
from cvfast.faces.types import Landmarks

__all__ = ["RINGS", "Eye", "chroma_sites", "eye_of", "fit_limbus", "ring_samples", "visible"]

_F64 = NDArray[np.float64]
_F32 = NDArray[np.float32]
_Points = _F64 | tuple[_F64, _F64]  # x and y, of shapes that go together
_LEVER = 1.76  # from the eyeball's centre of rotation to the iris's plane, in iris radii
_SMALLEST = 1.5  # pixels; a smaller iris has no inside
_ANGLES = 40
RINGS = np.arange(0.1, 1.46, 0.05)  # radii, in the iris's
# Only where lids are least likely: up to this many degrees above or below the middle.
_SECTOR = math.radians(55)
_TURNS = np.concatenate(
    [side + np.linspace(-_SECTOR, _SECTOR, _ANGLES // 2) for side in (0.0, math.pi)]
)
_RAYS = np.stack([np.cos(_TURNS), np.sin(_TURNS)])  # (2, angles)
_UNIT = _RAYS[:, :, None] * RINGS  # (2, angles, rings)
_DESIGN = np.column_stack([_RAYS.T, np.ones(_ANGLES)])  # of the offsets x, y and radius


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye's iris and lids, in pixels of the picture.

    Parameters
    ----------
    center
        (2,), the iris's.
    axes
        (2, 2); a point u of the unit disc is ``center + axes @ u`` in the picture. The columns lie
        along the eye and across it.
    corner
        (2,), the corner on the picture's left when the face is upright.
    along
        (2,) unit vector from there to the other corner.
    lids
        (3, n): places along the eye in pixels from the corner, growing, and how far the upper and
        the lower lid are beside the line between the corners, downwards.
    opening
        Lid opening over eye width.
    """

    center: _F64
    axes: _F64
    corner: _F64
    along: _F64
    lids: _F64
    opening: float

    @property
    def radius(self) -> float:
        """Of the disc as seen from the front, in pixels."""
        return float(np.linalg.norm(self.axes, axis=0).max())

    def box(self, reach: float) -> _F64:
        """Return (2, 2): corners of the box round the iris, grown to ``reach`` times its size."""
        half = np.linalg.norm(self.axes, axis=1) * reach
        return np.stack([self.center - half, self.center + half])

    def distance(self, points: _Points) -> _F64:
        """Return how far points (2, ...) are from the iris's centre, in its own radii."""
        back = np.linalg.inv(self.axes)
        x, y = points[0] - self.center[0], points[1] - self.center[1]
        u, v = back[0, 0] * x + back[0, 1] * y, back[1, 0] * x + back[1, 1] * y
        return np.sqrt(u * u + v * v)

    def moved(self, offsets: _F64) -> Eye:
        """Return the eye with its iris moved by offsets x, y and grown by r, in its own radii."""
        return replace(
            self,
            center=self.center + self.axes @ offsets[:2],
            axes=self.axes * (1 + offsets[2]),
        )


def eye_of(landmarks: Landmarks, side: Literal["right", "left"]) -> Eye | None:
    """Return an eye as the landmarks see it; None where it is too small or has no extent.

    Raises
    ------
    ValueError
        The landmarks have no irises.
    """
    if landmarks.scheme != "mesh478":
        raise ValueError(
            f"landmarks: expected mesh478, whose points show the irises, got {landmarks.scheme}"
        )
    ring = landmarks.group(f"{side}_iris").astype(np.float64)
    contour = landmarks.group(f"{side}_eye").astype(np.float64)
    half = len(contour) // 2
    corner, across = contour[0], contour[half] - contour[0]
    width = float(np.linalg.norm(across))
    chords = np.stack([ring[1] - ring[3], ring[4] - ring[2]]) / 2
    size = float(np.linalg.norm(chords, axis=1).mean())
    if not (math.isfinite(width + size) and size >= _SMALLEST and width > size):
        return None
    along = across / width
    turn = np.stack([along, (-along[1], along[0])], axis=1)  # columns: along the eye, downwards
    local = (contour - corner) @ turn
    upper, lower = local[: half + 1], np.concatenate([local[half:], local[:1]])[::-1]
    places = np.maximum.accumulate(upper[:, 0])
    lids = np.stack([places, upper[:, 1], np.interp(places, lower[:, 0], lower[:, 1])])
    center = ring[0]
    squeeze = _squeeze((center - (contour[0] + contour[half]) / 2) @ turn / (size * _LEVER))
    radius = size / float(np.linalg.norm(squeeze, axis=0).mean())
    opening = float((lids[2] - lids[1])[3:6].mean()) / width
    return Eye(center, turn @ squeeze * radius, corner, along, lids, opening)


def _squeeze(sine: _F64) -> _F64:
    """Return how a disc looks that is turned away by an angle, given its sine along x and y."""
    away = float(np.linalg.norm(sine))
    if away < 1e-6:
        return np.eye(2)
    axis = sine / away
    narrow = math.sqrt(1 - min(away, 0.8) ** 2)
    return np.eye(2) + (narrow - 1) * np.outer(axis, axis)


def visible(eye: Eye, points: _Points) -> _F64:
    """Return how far inside the lids points (2, ...) are, in pixels; negative outside."""
    x, y = points[0] - eye.corner[0], points[1] - eye.corner[1]
    place = x * eye.along[0] + y * eye.along[1]
    beside = y * eye.along[0] - x * eye.along[1]
    upper = np.interp(place, eye.lids[0], eye.lids[1])
    lower = np.interp(place, eye.lids[0], eye.lids[2])
    return np.minimum(beside - upper, lower - beside)


def chroma_sites(canvas: Canvas, box: tuple[int, int, int, int]) -> tuple[_F64, _F64]:
    """Return where a box of chroma samples lies in the picture: x (1, w) and y (h, 1)."""
    plane = canvas.chroma_planes[0]
    x0, y0, x1, y1 = box
    return (
        (np.arange(x0, x1)[None, :] - plane.ox) / plane.sx,
        (np.arange(y0, y1)[:, None] - plane.oy) / plane.sy,
    )


def ring_samples(luma: _F32, origin: tuple[int, int], eye: Eye) -> tuple[_F32, NDArray[np.bool_]]:
    """Read luma along rays from an iris's centre to the left and to the right.

    Parameters
    ----------
    luma
        (h, w), the picture round the eye.
    origin
        Its first pixel in the picture.

    Returns
    -------
    samples, seen
        (angles, rings) float32, and which of them are in the picture and between the lids.
    """
    points = np.tensordot(eye.axes, _UNIT, 1) + eye.center[:, None, None]
    seen = visible(eye, points) > 0.04 * eye.radius
    height, width = luma.shape
    x, y = points[0] - origin[0], points[1] - origin[1]
    seen &= (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
    at = top * width + left
    flat = luma.ravel()
    above = flat[at] + right * (flat[at + 1] - flat[at])
    at += width
    below = flat[at] + right * (flat[at + 1] - flat[at])
    return above + down * (below - above), seen


def fit_limbus(samples: _F32, seen: NDArray[np.bool_]) -> _F64:
    """Return how the iris has to be moved (x, y) and grown so that its rim meets the edge seen.

    In iris radii; all zero where no rim can be seen.
    """
    inner, outer = 12, len(RINGS) - 1  # of steps between rings, from 0.7 on
    step = np.diff(samples, axis=1)[:, inner:outer]
    both = seen[:, inner:outer] & seen[:, inner + 1 : outer + 1]
    rise = np.where(both, np.maximum(step, 0), 0)
    middle = ((RINGS[:-1] + RINGS[1:]) / 2)[inner:outer]
    offsets = np.zeros(3)
    for reach in (0.4, 0.25, 0.18):
        expected = 1 + _DESIGN @ offsets
        near = np.clip(1 - ((middle - expected[:, None]) / reach) ** 2, 0, None)
        weight = (rise * near) ** 2
        total = weight.sum(axis=1)
        place = (weight * middle).sum(axis=1) / np.maximum(total, 1e-12)
        # A rim is a rise of a tenth or more; the landmarks count as much as a few faint rays.
        trust = np.minimum(np.sqrt(total) / 0.1, 1)
        equation = _DESIGN * trust[:, None]
        prior = np.diag([0.5, 1.0, 1.0])
        offsets = np.linalg.solve(
            equation.T @ equation + prior, equation.T @ (trust * (place - 1))
        )
    return np.clip(offsets, -0.35, 0.35)
