"""Video frames as face models see them: upright, whatever the clip's rotation tag says."""

from __future__ import annotations

import dataclasses

import numpy as np

from cvfast.faces.types import Landmarks
from cvfast.geometry.coordinates import rotate_points
from cvfast.geometry.sampling import PixelBox, PixelReader, luma_of
from cvfast.io.frame import Frame
from cvfast.typing import ImageU8

__all__ = ["as_stored", "frame_reader"]


def frame_reader(frame: Frame) -> PixelReader:
    """Return a reader of the frame as it is shown.

    Nothing is copied: it reads the planes as they are at that time.
    """
    source = frame.crop_source().turned(frame.rotation)
    return PixelReader(source.size, source, lambda box: _luma_upright(frame, box))


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


def _luma_upright(frame: Frame, box: PixelBox) -> ImageU8:
    """Read a box of the luma as it is shown, deep samples by their upper eight bits."""
    x0, y0, x1, y1 = _stored_box(frame, box)
    luma = frame.planes[0][y0:y1, x0:x1]
    if luma.ndim == 3:
        luma = luma_of(luma)
    elif luma.dtype != np.uint8:
        luma = (luma >> (frame.bits - 8)).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(luma, -frame.rotation)) if frame.rotation else luma
