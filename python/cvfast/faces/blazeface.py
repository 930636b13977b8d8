"""BlazeFace: a close-range and a full-range detector, run over the whole picture and over tiles."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.mesh import FaceMesh, face_region, logistic
from cvfast.faces.types import Faces
from cvfast.geometry.boxes import RotatedBox, overlap_of_smaller
from cvfast.geometry.sampling import PixelReader, read_input
from cvfast.kernels.nms import nms
from cvfast.models.session import Session
from cvfast.typing import ArrayLike, Image

__all__ = ["BlazeFace", "candidates_blazeface", "find_blazeface", "tiles", "whole_picture"]

# (cells per side, anchors per cell) of each output layer.
_LAYERS = {
    "face_detection_short": ((16, 2), (8, 6)),
    "face_detection_full": ((48, 1),),
}

# The full-range model sees faces from about 3/40 to 2/3 of its picture's side. Tiles therefore
# grow by a factor of 4 from level to level, and overlap by a quarter so that a face cut by one tile
# lies whole in its neighbour, or is large enough for the next level.
_SMALLEST_FACE, _LEVEL_STEP, _TILE_OVERLAP = 3 / 40, 4.0, 1 / 4
# Tiles of the lowest level per square root of the area: bounds the work on very large pictures.
_TILES_ACROSS = 4.5

# Even a good small face now and then scores low in every tile, so weak candidates are looked at
# again by both models, close up: at sizes (in the model's pixels) where real faces score above 0.7
# and most other things far below 0.5.
_WEAK_SCORE, _MOST_CANDIDATES = 0.3, 256
_CLOSE_UP_PIXELS = {"face_detection_full": 64, "face_detection_short": 32}
# A detection this sure that the mesh confirms this clearly needs no second look.
_SURE_DETECTION, _SURE_PRESENCE, _HOPELESS_PRESENCE = 0.75, 0.9, 0.05
_SAME = 0.5  # of the smaller box, shared: one face


class BlazeFace:
    """Finds faces; holds the models and may be used from several threads.

    The whole picture goes through both models, and overlapping tiles for small faces through the
    full-range one. Candidates are merged, and each one must also convince the face mesh.

    Parameters
    ----------
    num_threads
        Threads of one model call.
    mesh
        The mesh that confirms candidates, if there is one to share.

    Raises
    ------
    ModelError, MissingDependencyError
        As `cvfast.models.session.Session`.
    """

    def __init__(self, *, num_threads: int = 1, mesh: FaceMesh | None = None) -> None:
        self._short = Session("face_detection_short", num_threads=num_threads)
        self._full = Session("face_detection_full", num_threads=num_threads)
        self._mesh = mesh or FaceMesh(num_threads=num_threads, refine=False)

    def find(
        self,
        source: Image | PixelReader,
        *,
        min_score: float = 0.5,
        smallest: float | None = 24.0,
    ) -> Faces:
        """Find faces.

        Parameters
        ----------
        source
            A picture, or a reader of one.
        min_score
            Lowest score to report.
        smallest
            Width of the smallest faces to look for, in pixels; at least about 1/60 of the square
            root of the area is taken. None: the whole picture only, which finds faces from about
            1/14 of its longer side in 3 model calls (a megapixel's tiles for 24 pixels: about 20).

        Returns
        -------
        Faces
            Best first, with six keypoints each.
        """
        reader = PixelReader.of(source)
        if 0 in reader.size:
            return Faces.none(reader.size)
        values, scores = self._gathered(reader, smallest)
        return self._settled(reader, values, scores, min_score)

    def candidates(self, reader: PixelReader, *, smallest: float | None = 24.0) -> Faces:
        """Return what the models take for faces: before NMS, and before the mesh was asked.

        Parameters
        ----------
        reader, smallest
            As for `find`.
        """
        return _as_faces(*self._gathered(reader, smallest), reader.size)

    def _gathered(
        self, reader: PixelReader, smallest: float | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Run the models over the whole picture and its tiles."""
        whole = whole_picture(reader.size)
        # A face that fills the picture is seen better with some room round it.
        regions = [(self._short, whole), (self._short, whole.scaled(1.5)), (self._full, whole)]
        if smallest is not None:
            regions += [(self._full, tile) for tile in _tiles(reader.size, smallest)]
        found = [_run(session, reader, region) for session, region in regions]
        values, scores = (np.concatenate(part) for part in zip(*found, strict=True))
        return values, scores

    def look(
        self,
        reader: PixelReader,
        region: RotatedBox,
        *,
        known: ArrayLike = (),
        close: bool = False,
        min_score: float = 0.5,
    ) -> Faces:
        """Find new faces in one region of a picture: one model call where there is none.

        Parameters
        ----------
        reader
            The picture.
        region
            Square to look at, inside the picture or about it.
        known
            ``(N, 4)`` boxes of faces that need not be found again: what shares more than half of
            the smaller box with one of them is passed over at once.
        close
            Use the close-range model, which is for faces that fill the region.
        min_score
            Lowest score to report.
        """
        values, scores = _run(self._short if close else self._full, reader, region)
        boxes = np.asarray(known, np.float64).reshape(-1, 4)
        if len(boxes) and len(scores):
            new = (overlap_of_smaller(_boxes(values), boxes) <= _SAME).all(axis=1)
            values, scores = values[new], scores[new]
        return self._settled(reader, values, scores, min_score)

    def _settled(
        self,
        reader: PixelReader,
        values: NDArray[np.float64],
        scores: NDArray[np.float64],
        min_score: float,
    ) -> Faces:
        """Merge candidates and keep those that a second look confirms."""
        if not len(scores):
            return Faces.none(reader.size)
        keep = nms(_boxes(values), scores.astype(np.float32), 0.3)[:_MOST_CANDIDATES]
        values, scores = values[keep], scores[keep]
        for index in range(len(scores)):
            values[index], scores[index] = self._confirmed(reader, values[index], scores[index])
        values, scores = values[scores >= min_score], scores[scores >= min_score]
        distinct = _merge(_boxes(values), scores)
        values, scores = values[distinct], scores[distinct]
        return _as_faces(values, scores, reader.size)

    def _confirmed(
        self, reader: PixelReader, face: NDArray[np.float64], score: float
    ) -> tuple[NDArray[np.float64], float]:
        """Look again at one candidate: its face ``(8, 2)``, made better, and its final score."""
        presence = self._mesh.presence(reader, _mesh_region(face))
        if presence < _HOPELESS_PRESENCE:
            return face, 0.0
        if score < _SURE_DETECTION or presence < _SURE_PRESENCE:
            face, score = self._close_up(reader, face)
            presence = self._mesh.presence(reader, _mesh_region(face), looks=3)
        return face, min(score, presence)

    def _close_up(
        self, reader: PixelReader, face: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], float]:
        """Detect a candidate again on crops round it; the less convinced model decides."""
        (x, y), side = face[0], float(face[1].max())
        best, scores = face, []
        for session in (self._full, self._short):
            width = side * session.input_shape[1] / _CLOSE_UP_PIXELS[session.name]
            found, found_scores = _run(session, reader, RotatedBox(x, y, width, width))
            near = np.linalg.norm(found[:, 0] - face[0], axis=1) < side / 2
            if not near.any():
                return face, 0.0
            index = int(np.where(near, found_scores, 0).argmax())
            best = found[index]
            scores.append(float(found_scores[index]))
        return best, min(scores)


@functools.cache
def _shared() -> BlazeFace:
    return BlazeFace()


def find_blazeface(reader: PixelReader, *, min_score: float = 0.5) -> Faces:
    """Find faces with models that all callers share; see `BlazeFace.find`."""
    return _shared().find(reader, min_score=min_score)


def candidates_blazeface(reader: PixelReader) -> Faces:
    """Return all candidates of the shared models; see `BlazeFace.candidates`."""
    return _shared().candidates(reader)


def _as_faces(
    values: NDArray[np.float64], scores: NDArray[np.float64], size: tuple[int, int]
) -> Faces:
    order = np.argsort(-scores, kind="stable")
    values, scores = values[order], scores[order]
    keypoints = values[:, 2:].astype(np.float32)
    return Faces(_boxes(values), scores.astype(np.float32), keypoints, size)


def _mesh_region(face: NDArray[np.float64]) -> RotatedBox:
    return face_region(_boxes(face[None])[0], face[2:])


def _run(
    session: Session, reader: PixelReader, region: RotatedBox
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run one model on one square region: decoded outputs and their scores."""
    side = session.input_shape[1]
    raw, logits = session.run_on(
        lambda tensor: read_input(reader, region, tensor, levels=(-1.0, 1.0), fill=0)
    )
    scores = logistic(logits[0, :, 0])
    likely = (scores >= _WEAK_SCORE) & (raw[0, :, 2:4] > 0).all(axis=1)
    anchors = _anchors(_LAYERS[session.name])
    values = raw[0, likely].reshape(-1, 8, 2).astype(np.float64) / side
    sizes = values[:, 1] * region.width
    values = region.to_picture(values + anchors[likely, None])
    values[:, 1] = sizes
    return values, scores[likely]


@functools.cache
def _anchors(layers: tuple[tuple[int, int], ...]) -> NDArray[np.float64]:
    """Cell centres ``(N, 2)`` as fractions of the model's picture, in the output's order."""
    grids = []
    for cells, per_cell in layers:
        centres = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(grids)


def _boxes(values: NDArray[np.float64]) -> NDArray[np.float32]:
    centres, sizes = values[:, 0], values[:, 1]
    corners = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1) + 0.5
    return corners.astype(np.float32)


def _merge(boxes: NDArray[np.float32], scores: NDArray[np.float64]) -> list[int]:
    """Keep the best of boxes that show one face: much overlap, or one inside the other."""
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        overlaps = overlap_of_smaller(boxes[index], boxes[kept])
        if not (overlaps > 0.4).any():
            kept.append(index)
    return kept


def whole_picture(size: tuple[int, int]) -> RotatedBox:
    """Smallest square round the picture, about its centre."""
    side = max(size)
    return RotatedBox((size[0] - 1) / 2, (size[1] - 1) / 2, side, side)


def tiles(
    size: tuple[int, int], side: float, *, overlap: float = _TILE_OVERLAP
) -> list[RotatedBox]:
    """Squares of one size that cover the picture, overlapping by a share of their side or more."""
    columns, rows = (_starts(length, side, overlap) for length in size)
    middle = (side - 1) / 2
    return [RotatedBox(x + middle, y + middle, side, side) for y in rows for x in columns]


def _tiles(size: tuple[int, int], smallest: float) -> Iterator[RotatedBox]:
    """Overlapping squares that cover the picture, from small ones to nearly the whole."""
    side = max(smallest / _SMALLEST_FACE, math.sqrt(size[0] * size[1]) / _TILES_ACROSS)
    while side * 1.25 < max(size):
        yield from tiles(size, side)
        side *= _LEVEL_STEP


def _starts(length: int, side: float, overlap: float) -> list[float]:
    """Evenly spread starts of tiles of ``side`` over ``length``, overlapping enough."""
    if length <= side:
        return [(length - side) / 2]
    count = math.ceil((length - side) / (side * (1 - overlap))) + 1
    return [float(start) for start in np.linspace(0, length - side, count)]
