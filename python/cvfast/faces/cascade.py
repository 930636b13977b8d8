"""Faces by a boosted cascade: the bundled frontal one, or a file of OpenCV's XML."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.types import Faces
from cvfast.geometry.sampling import PixelReader, read_whole
from cvfast.kernels.cascade import CascadeKernel, group_rectangles, luma_of
from cvfast.kernels.nms import nms
from cvfast.models.cascade_file import read_cascade
from cvfast.models.registry import model_path
from cvfast.typing import ImageU8

__all__ = ["candidates_cascade", "find_cascade"]

_SCALE_FACTOR = 1.1
# A group of n windows scores n / (n + 4): 0.5 from four windows on, which is what OpenCV's
# minNeighbors=3 keeps.
_HALF = 4
_NMS_IOU = 0.3
_MOST_PIXELS = 1 << 24  # larger pictures are averaged down


def find_cascade(reader: PixelReader, *, min_score: float = 0.5, file: str | None = None) -> Faces:
    """Find upright faces with a boosted cascade (Viola, Jones, 2001).

    The windows that the cascade accepts are grouped as OpenCV's detectMultiScale does; a group of
    n windows scores n / (n + 4), so that 0.5 keeps what OpenCV's ``minNeighbors=3`` keeps. A window
    alone is never a face.

    Parameters
    ----------
    reader
        The picture.
    min_score
        Lowest score to report, in [0, 1].
    file
        A cascade as `cvfast.models.cascade_file.read_cascade` takes; None: the bundled one for
        frontal faces from 24 pixels.

    Returns
    -------
    Faces
        Best first, without keypoints.

    Raises
    ------
    ModelError
        `file` is not such a cascade, or the bundled one is altered.
    """
    boxes, scale = _windows(reader, file)
    limited = min(max(min_score, 0.0), 1 - 1e-6)
    neighbors = max(1, math.ceil(_HALF * limited / (1 - limited) - 1e-9) - 1)
    groups = group_rectangles(boxes, neighbors)
    scores = (groups.counts / (groups.counts + _HALF)).astype(np.float32)
    found = _faces(reader, groups.boxes, scores, scale)
    return found[nms(found.boxes, found.scores, _NMS_IOU)]


def candidates_cascade(reader: PixelReader, *, file: str | None = None) -> Faces:
    """Return all windows that the cascade accepts, before any grouping; each scores 1 / 5.

    Parameters and errors are those of `find_cascade`.
    """
    boxes, scale = _windows(reader, file)
    scores = np.full(len(boxes), 1 / (1 + _HALF), np.float32)
    return _faces(reader, boxes, scores, scale)


def _windows(
    reader: PixelReader, file: str | None
) -> tuple[NDArray[np.int32], tuple[float, float]]:
    path = model_path("cascade_frontal") if file is None else Path(file)
    kernel = _kernel(path, _stamp(path))
    if 0 in reader.size:
        return np.empty((0, 4), np.int32), (1.0, 1.0)
    grey, scale = _grey(reader)
    return kernel.windows(grey, scale_factor=_SCALE_FACTOR, clip=False).boxes, scale


def _grey(reader: PixelReader) -> tuple[ImageU8, tuple[float, float]]:
    """Return the picture's grey values and how many of its pixels make one of theirs."""
    grey = luma_of(read_whole(reader, _MOST_PIXELS))
    height, width = grey.shape
    return grey, (reader.size[0] / width, reader.size[1] / height)


def _faces(
    reader: PixelReader,
    boxes: NDArray[np.int32],
    scores: NDArray[np.float32],
    scale: tuple[float, float],
) -> Faces:
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1).astype(np.float64)
    corners = np.minimum(corners * (scale * 2), np.array(reader.size * 2, np.float64))
    order = np.argsort(-scores, kind="stable")
    return Faces(
        corners[order].astype(np.float32),
        scores[order],
        np.zeros((len(order), 0, 2), np.float32),
        reader.size,
    )


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written again; nothing where there is none."""
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size


@functools.lru_cache(maxsize=4)
def _kernel(path: Path, _: tuple[int, int]) -> CascadeKernel:
    return CascadeKernel(read_cascade(path))
