"""Drawing boxes and points on a picture with Pillow, sized to be readable."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cvfast.faces import schemes
from cvfast.geometry.sampling import PixelReader, as_rgb
from cvfast.typing import Image, ImageF32, ImageU8

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageDraw import ImageDraw

__all__ = ["draw_faces", "draw_landmarks", "draw_names", "png"]

_GREEN, _ORANGE, _WHITE, _BLACK = (40, 220, 90), (255, 140, 0), (255, 255, 255), (0, 0, 0)


def draw_faces(image: Image, boxes: ImageF32, scores: ImageF32, keypoints: ImageF32) -> ImageU8:
    """Draw boxes with scores, and dots for keypoints, on a copy of ``image``."""
    texts = [f"{score:.2f}" for score in scores]
    return _draw_boxes(image, boxes, texts, keypoints, [_GREEN] * len(boxes))


def draw_names(
    image: Image, boxes: ImageF32, names: Sequence[str], known: Sequence[bool]
) -> ImageU8:
    """Draw boxes with names on a copy of ``image``, those of unknown faces in another colour."""
    colors = [_GREEN if one else _ORANGE for one in known]
    return _draw_boxes(image, boxes, names, np.zeros((len(boxes), 0, 2), np.float32), colors)


def _draw_boxes(
    image: Image,
    boxes: ImageF32,
    texts: Sequence[str],
    keypoints: ImageF32,
    colors: Sequence[tuple[int, int, int]],
) -> ImageU8:
    from PIL import ImageFont

    picture, canvas = _canvas(image)
    side = max(picture.size)
    width = max(1, round(side / 400))
    font = ImageFont.load_default(size=max(10, side / 55))
    for box, text, dots, color in zip(boxes, texts, keypoints, colors, strict=True):
        x0, y0, x1, y1 = (float(value) for value in box)
        _line(canvas, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color, width, closed=True)
        left, top, right, bottom = canvas.textbbox((x0, y0), text, font=font, anchor="lb")
        if top < 0:
            left, top, right, bottom = canvas.textbbox((x0, y0), text, font=font, anchor="lt")
        inside = max(2.0, min(left, picture.width - 2 - (right - left)))  # a box may begin outside
        left, right = inside, inside + right - left
        canvas.rectangle((left - 2, top - 2, right + 2, bottom + 2), fill=_BLACK)
        canvas.text((left, top), text, fill=_WHITE, font=font, anchor="lt")
        _dots(canvas, dots, max(1.0, min(side / 350, (x1 - x0) / 40)))
    return np.array(picture)


def draw_landmarks(image: Image, points: ImageF32, scheme: str) -> ImageU8:
    """Draw points as dots and groups as lines on a copy of ``image``."""
    picture, canvas = _canvas(image)
    span = float(np.ptp(points[:, :2], axis=0).max())
    width = max(1, round(span / 250))
    for indices, closed in schemes.outlines(scheme):
        _line(canvas, [(float(x), float(y)) for x, y in points[indices, :2]], _GREEN, width, closed)
    for indices in schemes.circles(scheme):
        x, y = (float(value) for value in points[indices[0], :2])
        radius = float(
            np.linalg.norm(points[indices[1:], :2] - points[indices[0], :2], axis=1).mean()
        )
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), None, _GREEN, width)
    _dots(canvas, points[:, :2], max(0.5, span / 300))
    return np.array(picture)


def png(image: ImageU8) -> bytes:
    """Encode a picture as PNG."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def _canvas(image: Image) -> tuple[PillowImage, ImageDraw]:
    from PIL import Image as Pillow
    from PIL import ImageDraw

    width, height = PixelReader.of(image).size
    picture = Pillow.fromarray(as_rgb(image)) if width and height else Pillow.new("RGB", (1, 1))
    return picture, ImageDraw.Draw(picture)


def _line(
    canvas: ImageDraw,
    corners: list[tuple[float, float]],
    color: tuple[int, int, int],
    width: int,
    closed: bool,
) -> None:
    """Draw a line that stays visible on light and on dark ground."""
    path = corners + corners[:1] if closed else corners
    canvas.line(path, fill=_BLACK, width=width + 2, joint="curve")
    canvas.line(path, fill=color, width=width, joint="curve")


def _dots(canvas: ImageDraw, points: ImageF32, radius: float) -> None:
    for x, y in points.tolist():
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_ORANGE)
