"""A frame with what was found drawn in: landmarks, boxes, squares of the face pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.drawing import draw_landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.io.images import write_image
from cvfast.swap.frame_faces import FrameFace
from cvfast.typing import ImageU8

__all__ = ["debug_file", "draw_found", "whole_frame", "write_debug"]

_GREEN, _BLUE, _BLACK, _WHITE = (40, 220, 90), (90, 160, 255), (0, 0, 0), (255, 255, 255)


def debug_file(folder: Path, frame: int) -> Path:
    """Return the debug picture of a frame.

    Examples
    --------
    >>> debug_file(Path("aligned_debug"), 7).name
    '00007.jpg'
    """
    return folder / f"{frame:05d}.jpg"


def whole_frame(reader: PixelReader) -> ImageU8:
    """Return all pixels of a frame, ``(h, w, 3)`` uint8, upright."""
    if reader.source is None:
        raise ValueError(f"reader: expected at least one pixel, got {reader.size}")
    width, height = reader.size
    return reader.source.read((1, 0, 0, 0, 1, 0), np.empty((height, width, 3), np.uint8))


def draw_found(
    image: ImageU8,
    faces: Sequence[FrameFace],
    numbers: Sequence[int],
    squares: Sequence[NDArray[np.float64]],
) -> ImageU8:
    """Draw faces with their numbers on a copy of a frame.

    Parameters
    ----------
    image
        ``(h, w, 3)`` uint8.
    faces, numbers
        What was found: 68 points and the box (green) of each.
    squares
        Corners ``(4, 2)`` of their face pictures (blue), the first two are the upper ones.

    Examples
    --------
    >>> draw_found(np.zeros((8, 8, 3), np.uint8), [], [], []).shape
    (8, 8, 3)
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    for face in faces:
        image = draw_landmarks(image, face.points.astype(np.float32), "dlib68")
    picture = Pillow.fromarray(image)
    canvas = ImageDraw.Draw(picture)
    side = max(picture.size)
    width, font = max(1, round(side / 400)), ImageFont.load_default(size=max(10, side / 40))
    for face, number, square in zip(faces, numbers, squares, strict=True):
        x0, y0, x1, y1 = (float(value) for value in face.box)
        canvas.rectangle((x0, y0, x1, y1), outline=_GREEN, width=width)
        corners = [(float(x), float(y)) for x, y in square]
        canvas.line([*corners, corners[0]], fill=_BLUE, width=width)
        canvas.line(corners[:2], fill=_WHITE, width=width)
        canvas.text(
            (x0, y0), str(number), fill=_WHITE, font=font, stroke_width=1, stroke_fill=_BLACK
        )
    return np.array(picture)


def write_debug(path: Path, image: ImageU8) -> None:
    """Write a debug picture; a drawing is no altered photo, so it carries no mark."""
    write_image(path, image, overwrite=True, quality=90)
