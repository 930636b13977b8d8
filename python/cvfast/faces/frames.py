"""Video frames as face models see them: upright, whatever the clip's rotation tag says."""

from __future__ import annotations

import dataclasses

import numpy as np

from cvfast.faces.types import Landmarks
from cvfast.geometry.coordinates import rotate_points
from cvfast.geometry.sampling import BlockEdges, PixelBox, PixelReader
from cvfast.io.frame import Frame
from cvfast.typing import Image, ImageU8

__all__ = ["as_stored", "frame_reader", "small_frame"]

_DETECTOR_SIDE = 960  # the detector sees frames no larger than this


def frame_reader(frame: Frame) -> PixelReader:
    """Return a reader of the frame as it is shown."""
    return PixelReader(
        _upright_size(frame),
        lambda box: _read_upright(frame, box),
        lambda columns, rows: _means_upright(frame, columns, rows),
        (lambda box: _luma_upright(frame, box)) if frame.planes[0].ndim == 2 else None,
    )


def small_frame(frame: Frame) -> ImageU8:
    """Return the frame as it is shown, shrunk for a detector."""
    picture, _ = frame.rgb_small(_DETECTOR_SIDE)
    return np.ascontiguousarray(np.rot90(picture, -frame.rotation))


def as_stored(landmarks: Landmarks, frame: Frame) -> Landmarks:
    """Turn landmarks of the picture as shown to where they lie in the frame as stored."""
    if not frame.rotation % 4:
        return landmarks
    size, turns = _upright_size(frame), -frame.rotation
    points = rotate_points(landmarks.points, size, turns).astype(np.float32)
    # A box counts pixels: its edges lie half a pixel outside their centres.
    corners = rotate_points(landmarks.box.reshape(2, 2) - np.float32(0.5), size, turns) + 0.5
    box = np.concatenate([corners.min(axis=0), corners.max(axis=0)]).astype(np.float32)
    return dataclasses.replace(landmarks, points=points, box=box)


def _upright_size(frame: Frame) -> tuple[int, int]:
    size = frame.width, frame.height
    return size[::-1] if frame.rotation % 2 else size


def _stored_box(frame: Frame, box: PixelBox) -> PixelBox:
    """Turn a box of the picture as it is shown to the frame as stored."""
    turns = frame.rotation % 4
    if not turns:
        return box
    x0, y0, x1, y1 = box
    corners = np.array([(x0, y0), (x1 - 1, y1 - 1)])
    stored = rotate_points(corners, _upright_size(frame), -turns).round().astype(int)
    (left, top), (right, bottom) = stored.min(axis=0).tolist(), stored.max(axis=0).tolist()
    return left, top, right + 1, bottom + 1


def _read_upright(frame: Frame, box: PixelBox) -> Image:
    """Read a box of the picture as it is shown."""
    pixels = frame.rgb(_stored_box(frame, box))
    return np.ascontiguousarray(np.rot90(pixels, -frame.rotation)) if frame.rotation else pixels


def _luma_upright(frame: Frame, box: PixelBox) -> ImageU8:
    """Read a box of the luma as it is shown, deep samples by their upper eight bits."""
    x0, y0, x1, y1 = _stored_box(frame, box)
    luma = frame.planes[0][y0:y1, x0:x1]
    if luma.dtype != np.uint8:
        luma = (luma >> (frame.bits - 8)).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(luma, -frame.rotation)) if frame.rotation else luma


def _means_upright(frame: Frame, columns: BlockEdges, rows: BlockEdges) -> ImageU8:
    """Read blocks of the picture as it is shown, averaged."""
    turns = frame.rotation % 4
    width, height = _upright_size(frame)
    # Turned by one: what was a row is a column, and the last one is the first.
    if turns in (1, 2):
        columns = (width - columns)[::-1]
    if turns in (2, 3):
        rows = (height - rows)[::-1]
    across, down = (rows, columns) if turns % 2 else (columns, rows)
    return np.ascontiguousarray(np.rot90(frame.rgb_means(across, down), -turns))
