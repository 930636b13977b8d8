"""Smooth skin: blotches, spots and noise evened out; pores, edges and the shape of the face stay.

The mask is the face's outline without eyes, brows, lips and nostrils, with soft edges, times how
much each place looks like this face's own skin (:mod:`cvfast.effects.tone`), so that hair, glasses
and background that reach into the outline stay as they are. Inside it runs the edge-preserving
:func:`cvfast.kernels.smooth.smooth`, on cells of 1 % of the face's width; of what is finer than a
cell, a third stays. Chroma is evened out with it. The option s in [0, 1] is the share of the
smoothed face in the mixture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.canvas import Canvas
from cvfast.effects.options import RetouchOptions
from cvfast.effects.regions import cell_points, face_outline, face_width, features
from cvfast.effects.subject import Subject
from cvfast.effects.tone import Tone, skin_tone
from cvfast.io.frame import Plane
from cvfast.kernels.mask import polygon_mask
from cvfast.kernels.smooth import cell_grid, cell_means, smooth
from cvfast.typing import Image, ImageF32

__all__ = ["paint"]

_CELLS = 100  # across a face
_MOST_CELL, _MOST_RADIUS = 128, 64
_RADIUS = 0.04  # of a window, face widths
_TEXTURE = 0.35
_LUMA_EDGE = 0.085  # of the skin's luma: an edge of so much contrast is half kept
_CHROMA_EDGE = 0.03
_FEATHER_OUTSIDE, _FEATHER_INSIDE = 0.10, 0.03  # face widths

# A face takes a millisecond, and in video the other cores are busy.
_THREADS = 1
Box = tuple[int, int, int, int]


def paint(canvas: Canvas, subject: Subject, options: RetouchOptions) -> bool:
    """Smooth a face's skin in place; return whether anything was there to smooth."""
    strength = options.smooth_skin * subject.weight
    tone = skin_tone(canvas, subject) if strength > 0 else None
    width = face_width(subject.landmarks)
    if tone is None or width < 8:
        return False
    cell = min(max(2 * round(width / _CELLS / 2), 2), _MOST_CELL)
    outline = face_outline(subject.landmarks)
    box = _on_cells(canvas, canvas.box(outline, _FEATHER_OUTSIDE * width / 2), cell)
    if box[0] >= box[2] or box[1] >= box[3]:
        return False
    weights = _weights(canvas, subject, tone, box, cell)
    edge = _LUMA_EDGE * tone.luma * canvas.luma_levels
    radius, limit = min(max(round(_RADIUS * width / cell), 1), _MOST_RADIUS), canvas.limit
    luma, luma_box = canvas.luma_plane, canvas.luma_box(box)
    rows, columns = cell_grid(box[2] - box[0], box[3] - box[1], (cell, cell))
    fine = np.repeat(np.repeat(weights, 2, axis=0), 2, axis=1)[:rows, :columns]
    _smooth(luma, luma_box, (cell, cell), radius, fine, strength, edge, limit)
    if canvas.has_color:
        # Colour has no detail worth more: cells twice as wide take a quarter of the time.
        across, down = canvas.chroma_step
        cells = 2 * cell // across, 2 * cell // down
        weights, chroma_box = _least(weights), canvas.chroma_box(box)
        radius = max(round(radius / 2), 1)
        edge = _CHROMA_EDGE * canvas.chroma_levels
        for plane in canvas.chroma_planes:
            _smooth(plane, chroma_box, cells, radius, weights, strength, edge, limit)
    return True


def _on_cells(canvas: Canvas, box: Box, cell: int) -> Box:
    """Begin a box at a whole cell of the picture, so that cells stay in place in a clip."""
    x0, y0, x1, y1 = box
    left, top = canvas.origin
    return x0 - (x0 - left) % cell, y0 - (y0 - top) % cell, x1, y1


def _weights(canvas: Canvas, subject: Subject, tone: Tone, box: Box, cell: int) -> ImageF32:
    """Return how much each square of two by two cells is this face's skin."""
    cell = 2 * cell
    rows, columns = cell_grid(box[2] - box[0], box[3] - box[1], (cell, cell))
    width = face_width(subject.landmarks) / cell
    inside = cell_points(face_outline(subject.landmarks), box, cell)
    weights = polygon_mask((columns, rows), [inside], feather=_FEATHER_OUTSIDE * width)
    others = [cell_points(part, box, cell) for part in features(subject.landmarks, 0.75 * cell)]
    covered = polygon_mask((columns, rows), others, feather=_FEATHER_INSIDE * width)
    # Their outlines have half of the mask: a feature is left out as a whole, and softly round it.
    weights *= 1 - np.minimum(covered * np.float32(3), np.float32(1))
    weights *= _likeness(canvas, tone, box, cell)
    return weights


def _likeness(canvas: Canvas, tone: Tone, box: Box, cell: int) -> ImageF32:
    """Return how much each cell looks like this face's skin."""
    luma = _cells(canvas.luma_plane, canvas.luma_box(box), (cell, cell))
    luma = (luma - np.float32(canvas.black)) * np.float32(1 / canvas.luma_levels)
    chroma = np.zeros((2, *luma.shape), np.float32)
    if canvas.has_color:
        across, down = canvas.chroma_step
        cells = cell // across, cell // down
        for part, plane in zip(chroma, canvas.chroma_planes, strict=True):
            part[...] = _cells(plane, canvas.chroma_box(box), cells)
        chroma -= np.float32(canvas.middle)
        chroma *= np.float32(1 / canvas.chroma_levels)
    return tone.likeness(luma, chroma)


def _least(weights: ImageF32) -> ImageF32:
    """Return the least weight of each square and those round it.

    A square's map reaches half-way into its neighbours: what is no skin stays so.
    """
    wide = np.pad(weights, 1, mode="edge")
    lines = np.minimum(np.minimum(wide[:-2], wide[1:-1]), wide[2:])
    least: ImageF32 = np.minimum(np.minimum(lines[:, :-2], lines[:, 1:-1]), lines[:, 2:])
    return least


def _cells(plane: Plane, box: Box, cell: tuple[int, int]) -> ImageF32:
    x0, y0, x1, y1 = box
    return cell_means(_packed(plane.array[y0:y1, x0:x1]), cell)


def _smooth(
    plane: Plane,
    box: Box,
    cell: tuple[int, int],
    radius: int,
    weights: ImageF32,
    strength: float,
    edge: float,
    limit: int,
) -> None:
    x0, y0, x1, y1 = box
    samples = plane.array[y0:y1, x0:x1]
    packed = _packed(samples)
    smooth(
        packed,
        weights,
        cell=cell,
        radius=radius,
        epsilon=edge * edge,
        strength=strength,
        texture=_TEXTURE,
        threads=_THREADS,
    )
    if packed is not samples:
        samples[...] = np.clip(np.rint(packed), 0, limit)


def _packed(samples: NDArray[Any]) -> Image:
    """Return samples as the kernels take them: themselves, or a copy of 10 bits or of nv12."""
    if samples.dtype.kind == "u" and samples.itemsize == 2:
        return samples.astype(np.float32)
    return samples if samples.strides[1] == samples.itemsize else samples.copy()
