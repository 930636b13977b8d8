"""Pasting onto a frame's own planes: luma at its samples, chroma at its own, no conversion back.

Samples without mask stay bit for bit what was decoded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.io.color import ycc_from_rgb
from cvfast.io.frame import Frame, Plane
from cvfast.swap.compose import Patch, affine, read
from cvfast.typing import ImageF32, ImageU8

__all__ = ["paste_patch"]

_F64 = NDArray[np.float64]


def paste_patch(frame: Frame, patch: Patch, covered: ImageU8) -> None:
    """Paste a swapped face into a frame, in place.

    Parameters
    ----------
    frame
        The frame as it is stored.
    patch
        The face, with its place in the same.
    covered
        ``(h, w)`` uint8: grows to 255 where the frame is the swapped face's.
    """
    x0, y0, x1, y1 = box = patch.box((frame.width, frame.height))
    if x0 >= x1 or y0 >= y1:
        return
    planes = frame.plane_geometry()
    if planes[0].array.ndim == 3:  # RGB
        mask = patch.paste(planes[0].array[y0:y1, x0:x1], (x0, y0))
    else:
        mask = _paste_luma_and_chroma(frame, planes[:3], patch, box)
    part = covered[y0:y1, x0:x1]
    np.maximum(part, (mask * 255 + 0.5).astype(np.uint8), out=part)


def _paste_luma_and_chroma(
    frame: Frame, planes: tuple[Plane, ...], patch: Patch, box: tuple[int, int, int, int]
) -> ImageF32:
    """Paste; return the mask of the box's pixels."""
    top = np.float32((1 << frame.bits) - 1)
    luma, chroma = _layers(frame, patch)
    seen = _seen(luma, patch.matrix, planes[0], box)
    x0, y0, x1, y1 = box
    mask = seen[..., 1]
    _blend(planes[0].array[y0:y1, x0:x1], seen[..., 0], mask, top)
    if len(planes) > 1:
        i0, j0, i1, j1 = part = _boxed(planes[1], box)
        seen = _seen(chroma, patch.matrix, planes[1], part)
        for index in range(2):
            array = planes[1].array[..., index] if len(planes) == 2 else planes[1 + index].array
            _blend(array[j0:j1, i0:i1], seen[..., index], seen[..., 2], top)
    return mask


def _layers(frame: Frame, patch: Patch) -> tuple[ImageF32, ImageF32]:
    """Return what is read in one go: luma, mask and nothing; both chromas and mask."""
    from cvfast.io.opencv import load_cv2

    cv2 = load_cv2()
    top = (1 << frame.bits) - 1
    matrix, offset = ycc_from_rgb(frame.color, frame.height, frame.bits)
    change = np.column_stack([matrix * (255 / top), np.reshape(offset, 3) / top])
    # Not by @: BLAS would take all cores for it, and they are at work on other frames.
    y, cb, cr = cv2.split(cv2.transform(patch.face, change))
    luma: ImageF32 = cv2.merge([y, patch.mask, np.zeros_like(y)])
    chroma: ImageF32 = cv2.merge([cb, cr, patch.mask])
    return luma, chroma


def _seen(layers: ImageF32, matrix: _F64, plane: Plane, box: tuple[int, int, int, int]) -> ImageF32:
    """Read a square's layers at the samples of a box of a plane."""
    scale = np.array([1 / plane.sx, 1 / plane.sy])
    first = (np.array(box[:2]) - (plane.ox, plane.oy)) * scale
    place = np.column_stack([matrix[:, :2] * scale, matrix[:, :2] @ first + matrix[:, 2]])
    return read(layers, affine(place), (box[2] - box[0], box[3] - box[1]), fill=0)


def _boxed(plane: Plane, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return the samples of a plane whose sites lie in a box of pixels."""
    height, width = plane.array.shape[:2]
    x0, x1 = (int(np.ceil(x * plane.sx + plane.ox)) for x in (box[0], box[2]))
    y0, y1 = (int(np.ceil(y * plane.sy + plane.oy)) for y in (box[1], box[3]))
    return max(0, x0), max(0, y0), min(width, x1), min(height, y1)


def _blend(samples: NDArray[Any], values: ImageF32, mask: ImageF32, top: np.float32) -> None:
    """Blend values in [0, 1] into samples, in place."""
    values = values * top
    values -= samples
    values *= mask
    values += samples
    values += np.float32(0.5)  # the conversion cuts
    np.clip(values, 0, top + np.float32(0.5), out=values)
    samples[...] = values
