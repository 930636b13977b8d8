"""Drawing poses on a picture with Pillow."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from cvfast.geometry.sampling import as_rgb
from cvfast.people.pose import Pose
from cvfast.people.schemes import BONES
from cvfast.typing import Image, ImageU8

__all__ = ["draw_poses", "sheet_png"]

_LEFT, _RIGHT, _MIDDLE = (255, 140, 0), (0, 190, 255), (40, 220, 90)
_BLACK = (0, 0, 0)
_SEEN = 0.3  # points less sure than this are drawn hollow


def draw_poses(image: Image, poses: Sequence[Pose]) -> ImageU8:
    """Draw bones and points on a copy of ``image``: the person's left orange, the right blue.

    Points with a confidence under 0.3 are hollow, and bones to them thin.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    picture = Pillow.fromarray(as_rgb(image))
    canvas = ImageDraw.Draw(picture)
    for pose in poses:
        there = pose.points[pose.confidence > 0]
        span = float(np.ptp(there, axis=0).max()) if len(there) else 1.0
        thick = max(1, round(span / 150))
        for a, b in BONES:
            if pose.has(a, b):
                ends = [(float(x), float(y)) for x, y in (pose.point(a), pose.point(b))]
                width = thick if pose.has(a, b, least=_SEEN) else 1
                canvas.line(ends, _BLACK, width + 2)
                canvas.line(ends, _colour(a if _colour(a) == _colour(b) else "middle"), width)
        for name in pose.names:
            if pose.has(name):
                (x, y), radius = pose.point(name).tolist(), 1.5 * thick
                fill = _colour(name) if pose.has(name, least=_SEEN) else None
                edges = (x - radius, y - radius, x + radius, y + radius)
                canvas.ellipse(edges, fill, _BLACK if fill else _colour(name))
    return np.array(picture)


def sheet_png(pose: Pose) -> bytes:
    """Draw a pose alone on a blank sheet, as PNG."""
    from PIL import Image as Pillow

    there = pose.points[pose.confidence > 0]
    low = there.min(axis=0) if len(there) else np.zeros(2)
    span = max(float((there.max(axis=0) - low).max()) if len(there) else 1.0, 1e-6)
    blank = np.full((340, 340, 3), 235, np.uint8)
    points = (pose.points - low) * (300 / span) + 20
    drawn = draw_poses(blank, [Pose(points, pose.confidence, pose.scheme)])
    buffer = io.BytesIO()
    Pillow.fromarray(drawn).save(buffer, "PNG")
    return buffer.getvalue()


def _colour(name: str) -> tuple[int, int, int]:
    return _LEFT if "left" in name else _RIGHT if "right" in name else _MIDDLE
