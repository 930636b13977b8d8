"""The packaged portrait made to talk: mouth, blinks and a slow sway, by our own warps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

__all__ = ["FRAMES", "RATE", "SIDE", "TalkingHead", "opening", "portrait_path"]

RATE, FRAMES, SIDE = 25, 100, 512

# Where the head is in the portrait, and how it is brought to a close-up: with room to sway in.
_BOX, _ABOVE, _SCALE = (78, 0, 368, 274), 16, 2
_DROP = 17.0  # pixels of the close-up that the lower lip moves down at most
_BLINKS, _BLINK = (0.84, 2.60, 3.52), 0.26  # seconds: middle and length
_CREASE, _LASHES = 15, 5  # pixels above the lid: where the stretched skin begins and ends
_DARK, _TONGUE = np.array([34, 10, 12], np.float32), np.array([128, 62, 62], np.float32)
# mesh478: how much of the drop the jaw takes, from the chin outwards on both sides.
_JAW = {
    (152,): 0.8,
    (148, 377): 0.75,
    (176, 400): 0.66,
    (149, 378): 0.52,
    (150, 379): 0.36,
    (136, 365): 0.2,
    (172, 397): 0.08,
    (58, 288): 0.0,
    (132, 361): 0.0,
    (234, 454): 0.0,
    (200,): 0.9,
}
_STILL = (
    10,
    109,
    338,
    6,
    4,
    2,
    98,
    327,
    64,
    294,
    50,
    280,
    70,
    105,
    107,
    336,
    334,
    300,
    168,
    33,
    133,
    362,
    263,
)


def portrait_path() -> Path:
    """Return the packaged portrait: NASA's Eileen Collins, in the public domain."""
    return Path(__file__).parents[1] / "data" / "astronaut.jpg"


def opening(seconds: float) -> float:
    """Return how far the mouth is open, in [0, 1]: syllables with a pause between two phrases."""
    phrase = math.sin(math.pi * min(max((seconds % 2.0 - 0.1) / 1.6, 0.0), 1.0)) ** 0.6
    stress = 0.65 + 0.35 * math.sin(2 * math.pi * 0.9 * seconds + 0.5)
    return float(phrase) * stress * (0.5 - 0.5 * math.cos(2 * math.pi * 3.1 * seconds))


class TalkingHead:
    """A portrait whose mouth and eyes can be moved.

    Parameters
    ----------
    portrait
        The packaged picture, (512, 512, 3) uint8.
    """

    def __init__(self, portrait: ImageU8) -> None:
        from PIL import Image

        from cvfast.effects.retouch import find_landmarks

        x0, y0, x1, y1 = _BOX
        close = np.pad(portrait[y0:y1, x0:x1], ((_ABOVE, 0), (0, 0), (0, 0)), mode="reflect")
        size = close.shape[1] * _SCALE, close.shape[0] * _SCALE
        self._still: ImageU8 = np.array(
            Image.fromarray(close).resize(size, Image.Resampling.LANCZOS)
        )
        face = find_landmarks(self._still)[0]
        self._points = face.points[:, :2].astype(np.float64)
        self._upper_lip = face.group("inner_lip")[:11].astype(np.float64)
        self._lower_lip = face.group("inner_lip")[11:].astype(np.float64)
        self._outer_lip = face.group("outer_lip").astype(np.float64)
        self._eyes = [face.group(name).astype(np.float64) for name in ("right_eye", "left_eye")]
        self._teeth = self._mask(np.concatenate([self._upper_lip, self._lower_lip]), 1.5)

    def frames(self) -> Iterator[ImageU8]:
        """Make the clip's frames, (512, 512, 3) uint8, one after the other."""
        for number in range(FRAMES):
            yield self.frame(number / RATE)

    def frame(self, seconds: float) -> ImageU8:
        """Make the frame of one moment."""
        drop = _DROP * opening(seconds)
        closed = max(_lid(seconds - middle) for middle in _BLINKS)
        image = self._blinked(self._mouth_filled(self._jaw_dropped(drop), drop), closed)
        return self._swayed(image, seconds)

    def _jaw_dropped(self, drop: float) -> ImageU8:
        """Drop jaw and lower lip; all else is pinned."""
        from cvfast.kernels.tps import ThinPlateSpline

        height, width = self._still.shape[:2]
        ends, middle = (0, width - 1), ((width - 1) / 2, (height - 1) / 2)
        border = [(x, y) for x in ends for y in (0, middle[1], height - 1)]
        chin = self._points[152]
        collar = chin + np.array([(-90, 60), (0, 62), (90, 60)])
        jaw = [(index, share) for group, share in _JAW.items() for index in group]
        lower = np.concatenate([self._lower_lip, self._outer_lip[11:]])
        still = [border, collar, self._points[list(_STILL)], self._upper_lip, self._outer_lip[:11]]
        source = [*still, self._points[[index for index, _ in jaw]], lower]
        target = [
            *still,
            source[-2] + np.array([(0.0, share * drop) for _, share in jaw]),
            self._dropped(lower, drop),
        ]
        return ThinPlateSpline(np.concatenate(source), np.concatenate(target)).warp(self._still)

    def _blinked(self, image: ImageU8, closed: float) -> ImageU8:
        """Slide the upper lids down over the eyes, stretching the skin above them."""
        for eye in self._eyes if closed > 0 else ():
            upper, lower = eye[:9], np.concatenate([eye[8:], eye[:1]])[::-1]
            for x in range(math.ceil(eye[0, 0]), math.floor(eye[8, 0]) + 1):
                edge = np.interp(x, upper[:, 0], upper[:, 1]) + 1.0
                slid = edge + closed * max(0.0, np.interp(x, lower[:, 0], lower[:, 1]) - edge + 1.0)
                top, bottom = math.floor(edge) - _CREASE, math.ceil(slid) + 3
                rows = np.arange(top, bottom)
                # The lashes move as they are; only the skin above them is stretched.
                from_rows = np.interp(
                    rows, (top, slid - _LASHES, slid + 4), (top, edge - _LASHES, edge + 4)
                )
                lid = np.clip(slid + 1 - rows, 0, 1)
                column = image[:, x].astype(np.float32)
                for channel in range(3):
                    moved = np.interp(from_rows, np.arange(len(column)), column[:, channel])
                    part = column[top:bottom, channel]
                    image[top:bottom, x, channel] = np.rint(part + (moved - part) * lid)
        return image

    def _dropped(self, points: NDArray[np.float64], drop: float) -> NDArray[np.float64]:
        """Move points of the lower lip down: fully in the middle, not at all at the corners."""
        left, right = self._upper_lip[0, 0], self._upper_lip[-1, 0]
        place = np.clip((points[:, 0] - left) / (right - left), 0, 1)
        moved = points.copy()
        moved[:, 1] += drop * np.sin(np.pi * place) ** 0.7
        return moved

    def _mouth_filled(self, image: ImageU8, drop: float) -> ImageU8:
        """Keep the upper teeth where they are and show a dark mouth below them."""
        if drop < 0.25:
            return image
        lower = self._dropped(self._lower_lip, drop)
        inside = self._mask(np.concatenate([self._upper_lip, lower]), 1.2)
        x0, y0 = np.floor(self._outer_lip.min(axis=0)).astype(int) - 8
        x1, y1 = np.ceil(self._outer_lip.max(axis=0)).astype(int) + 8 + math.ceil(drop)
        box = (slice(y0, y1), slice(x0, x1))
        depth = np.clip((np.arange(y0, y1) - lower[:, 1].max() + 8) / 10, 0, 1)[:, None, None]
        cave = _DARK + (_TONGUE - _DARK) * (depth * min(1.0, drop / _DROP)).astype(np.float32)
        shown = 1 - min(1.0, drop / 5) * (1 - self._teeth[box])
        content = cave + (self._still[box] - cave) * shown
        part = image[box]
        part[...] = np.rint(part + (content - part) * inside[box])
        return image

    def _mask(self, polygon: NDArray[np.float64], blur: float) -> NDArray[np.float32]:
        """Draw a soft polygon, (h, w, 1) float32 in [0, 1]."""
        from PIL import Image, ImageDraw, ImageFilter

        height, width = self._still.shape[:2]
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in polygon], fill=255)
        soft = mask.filter(ImageFilter.GaussianBlur(blur))
        return (np.asarray(soft)[..., None] / np.float32(255)).astype(np.float32)

    def _swayed(self, image: ImageU8, seconds: float) -> ImageU8:
        """Look at the close-up with a camera that moves a little, as a hand-held one does."""
        from PIL import Image

        height, width = image.shape[:2]
        turn = math.radians(1.6) * math.sin(2 * math.pi * seconds / 3.7)
        zoom = 1.0 + 0.05 * (0.5 - 0.5 * math.cos(2 * math.pi * seconds / 4.0))
        x = width / 2 + 9 * math.sin(2 * math.pi * seconds / 3.1)
        y = height / 2 - 4 + 5 * math.sin(2 * math.pi * seconds / 2.3)
        a, b = math.cos(turn) / zoom, math.sin(turn) / zoom
        half = SIDE / 2
        matrix = (a, b, x - a * half - b * half, -b, a, y + b * half - a * half)
        picture: PillowImage = Image.fromarray(image).transform(
            (SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
        )
        return np.array(picture)


def _lid(seconds: float) -> float:
    """Return how far the lids are closed, this long after a blink's middle."""
    place = abs(seconds) / (_BLINK / 2)
    return 0.0 if place >= 1 else 0.93 * math.cos(math.pi / 2 * place) ** 0.8
