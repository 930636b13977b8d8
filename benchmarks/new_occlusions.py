"""Things before faces that `cvfast.synth` does not draw, to judge masks by what they never saw.

Each is drawn on a picture in place, four times as fine as its pixels; what it covers is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from cvfast.typing import ImageF32, ImageU8
from numpy.typing import NDArray

__all__ = ["NEW_OCCLUSIONS", "put_before"]

_FINE = 3  # bits of the fraction of OpenCV's points
Points = NDArray[np.float64]
Color = Sequence[float]


class _Canvas:
    """A picture, and how far its pixels are covered."""

    def __init__(self, picture: ImageU8, rng: np.random.Generator) -> None:
        self.picture: ImageF32 = picture.astype(np.float32)
        self.cover: ImageF32 = np.zeros(picture.shape[:2], np.float32)
        self.rng = rng

    def fill(self, points: Points, color: Color | ImageF32, *, covers: bool = True) -> None:
        """Fill a polygon with a colour or a picture; only where it is covered, unless it covers."""
        part = np.zeros(self.cover.shape, np.uint8)
        whole = np.rint(points * (1 << _FINE)).astype(np.int32)
        cv2.fillPoly(part, [whole], 255, cv2.LINE_AA, _FINE)
        share = part.astype(np.float32) / 255
        if not covers:
            share *= self.cover
        self.picture += share[..., None] * (np.asarray(color, np.float32) - self.picture)
        if covers:
            np.maximum(self.cover, share, out=self.cover)

    def line(self, start: Points, end: Points, wide: float, color: Color, covers: bool) -> None:
        """Draw a thick line."""
        along = (end - start) / max(1e-6, float(np.hypot(*(end - start))))
        off = np.array([-along[1], along[0]]) * wide / 2
        self.fill(np.stack([start + off, end + off, end - off, start - off]), color, covers=covers)

    def noise(self, rough: float) -> ImageF32:
        """Return noise of a few pixels, one number a pixel."""
        raw = self.rng.normal(0, 1, self.cover.shape).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(raw, (0, 0), rough), np.float32)


def _surgical_mask(canvas: _Canvas, face: Points, unit: float) -> None:
    """A folded mask over mouth and nose, with bands to the ears."""
    rng = canvas.rng
    color = np.array([(168, 200, 216), (235, 238, 240), (40, 42, 48)][int(rng.integers(3))])
    for jaw, ear in ((3, 1), (13, 15)):
        canvas.line(face[jaw], face[ear], 0.03 * unit, [225, 225, 225], covers=True)
    top = face[28] + (face[29] - face[28]) * rng.uniform(0, 1)
    edge = [face[2], face[3], *face[4:13], face[13], face[14]]
    below = (face[8] - face[27]) * 0.04
    shape = np.array([*(point + below for point in edge), (face[14] + top) / 2, top,
                      (face[2] + top) / 2])  # fmt: skip
    canvas.fill(shape, color * rng.uniform(0.7, 1))
    for share in (0.35, 0.55, 0.75):
        left, right = (face[k] + (face[8] - face[k]) * (share - 0.4) * 0.5 for k in (3, 13))
        canvas.line(left, right, 0.03 * unit, color * 0.6, covers=False)


def _paper(canvas: _Canvas, face: Points, unit: float) -> None:
    """A printed page, held before a part of the face."""
    rng = canvas.rng
    turn = rng.uniform(-0.5, 0.5)
    right = np.array([np.cos(turn), np.sin(turn)])
    down = np.array([-right[1], right[0]])
    at = [30, 33, 28, 66][int(rng.integers(4))]
    corner = face[at] + rng.normal(0, 0.1, 2) * unit
    sides = (
        right * unit * 2 * rng.choice([-1, 1]),
        down * unit * 2 * rng.choice([-1, 1], p=[0.2, 0.8]),
    )
    canvas.fill(np.stack([corner, corner + sides[0], corner + sum(sides), corner + sides[1]]),
                np.array([238, 236, 228]) * rng.uniform(0.6, 1))  # fmt: skip
    for row in np.arange(0.08, 1, 0.07):
        start = corner + sides[1] * row
        at = 0.06
        while at < 0.95:
            end = min(0.95, at + rng.uniform(0.03, 0.12))
            canvas.line(start + sides[0] * at, start + sides[0] * end, 0.05 * unit, [45, 45, 50],
                        covers=False)  # fmt: skip
            at = end + 0.03


def _round(center: Points, wide: float, high: float, turn: float = 0.0) -> Points:
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x, y = np.cos(angles) * wide, np.sin(angles) * high
    cos, sin = np.cos(turn), np.sin(turn)
    return np.asarray(center + np.stack([x * cos - y * sin, x * sin + y * cos], axis=1))


def _microphone(canvas: _Canvas, face: Points, unit: float) -> None:
    """A ball of wire on a stick, before the mouth."""
    rng = canvas.rng
    head = face[57] + np.array([rng.normal(0, 0.25), rng.uniform(0, 0.3)]) * unit
    foot = head + np.array([rng.uniform(-1.2, 1.2), 2.5]) * unit
    canvas.line(head, foot, 0.2 * unit, [28, 28, 30], covers=True)
    mesh = 75 + 60 * canvas.noise(0.7)[..., None] + np.zeros(3, np.float32)
    canvas.fill(_round(head, 0.3 * unit, 0.34 * unit), mesh)
    side, low = np.array([0.28, 0]) * unit, np.array([0, 0.1]) * unit
    canvas.line(head + low - side, head + low + side, 0.06 * unit, [170, 170, 175], covers=False)


def _phone(canvas: _Canvas, face: Points, unit: float) -> None:
    """A telephone before an eye or a cheek, its lenses to the camera."""
    rng = canvas.rng
    turn, center = rng.normal(0, 0.35), face[[36, 45, 2, 14, 48, 54][int(rng.integers(6))]]
    wide, high = 0.38 * unit, 0.78 * unit
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    box = np.array([[-1, -0.93], [-0.9, -1], [0.9, -1], [1, -0.93], [1, 0.93], [0.9, 1],
                    [-0.9, 1], [-1, 0.93]])  # fmt: skip
    color = np.array([(25, 26, 30), (200, 60, 50), (225, 215, 200)][int(rng.integers(3))])
    canvas.fill(center + box * [wide, high] @ axes, color * 0.5)
    canvas.fill(center + box * [wide * 0.93, high * 0.96] @ axes, color, covers=False)
    for at in (-0.75, -0.5):
        lens = center + np.array([-0.6 * wide, at * high]) @ axes
        canvas.fill(_round(lens, 0.1 * unit, 0.1 * unit), [12, 12, 16], covers=False)
        canvas.fill(_round(lens, 0.03 * unit, 0.03 * unit), [150, 170, 200], covers=False)


def _cup(canvas: _Canvas, face: Points, unit: float) -> None:
    """A mug at the mouth, with a band of another colour."""
    rng = canvas.rng
    low = face[57] + np.array([rng.normal(0, 0.3), 0.5]) * unit
    wide, high = rng.uniform(0.45, 0.65) * unit, 0.6 * unit
    side, up = np.array([wide, 0.0]), np.array([0.0, -high])
    color = rng.uniform(40, 240, 3)
    rim = _round(low + up, wide, 0.16 * unit)
    base = _round(low - up * 0.4, wide * 0.9, 0.14 * unit)
    canvas.fill(cv2.convexHull(np.concatenate([rim, base]).astype(np.float32))[:, 0].astype(float),
                color)  # fmt: skip
    canvas.fill(rim, color * 0.55, covers=False)
    canvas.line(low - side - up * 0.05, low + side - up * 0.05, 0.16 * unit, 255 - color,
                covers=False)  # fmt: skip


def _cap(canvas: _Canvas, face: Points, unit: float) -> None:
    """The peak of a cap over the forehead, down to the brows or over an eye."""
    rng = canvas.rng
    across = face[26] - face[17]
    turn = float(np.arctan2(across[1], across[0])) + rng.normal(0, 0.12)
    up = np.array([np.sin(turn), -np.cos(turn)])
    center = (face[19] + face[24]) / 2 + up * rng.uniform(0.1, 0.5) * unit
    color = rng.uniform(20, 220, 3)
    canvas.fill(_round(center + up * 0.7 * unit, 1.1 * unit, 0.75 * unit, turn), color)
    canvas.fill(_round(center, 1.1 * unit, 0.28 * unit, turn), color * 0.7)


NEW_OCCLUSIONS: dict[str, Callable[[_Canvas, Points, float], None]] = {
    "surgical mask": _surgical_mask,
    "paper": _paper,
    "microphone": _microphone,
    "phone": _phone,
    "cup": _cup,
    "cap": _cap,
}


def put_before(
    name: str, picture: ImageU8, points: NDArray[np.float32], rng: np.random.Generator
) -> tuple[ImageU8, ImageF32]:
    """Return a face's picture with something before it, and how far each pixel is covered.

    Parameters
    ----------
    name
        One of `NEW_OCCLUSIONS`.
    picture
        ``(h, w, 3)`` RGB.
    points
        ``(68, 2)`` landmarks of the face, in dlib's order.
    rng
        For colours, places and sizes.
    """
    canvas = _Canvas(picture, rng)
    face = points.astype(np.float64)
    unit = float(np.hypot(*(face[27] - face[8]))) / 1.5
    NEW_OCCLUSIONS[name](canvas, face, unit)
    share = canvas.cover[..., None]
    level = min(1.2, max(0.4, float(picture.mean()) / 128))  # as light as the picture is
    uneven = level * (1 + 0.6 * canvas.noise(12)[..., None])
    thing = canvas.picture * uneven + 3 * canvas.noise(0.5)[..., None]
    blended = picture * (1 - share) + thing * share
    return np.rint(blended.clip(0, 255)).astype(np.uint8), canvas.cover
