"""The visible label: a few small words in a corner of every frame that say what it is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cvfast.io.frame import Frame
from cvfast.typing import ImageF32, ImageU8

__all__ = ["LABEL", "draw_label", "label_picture"]

LABEL = "AI face swap"
_SHARE = 30  # frames are as many times as high as the words
_SMALLEST = 11  # pixels
_BACK = 0.55  # how far the picture behind the words is darkened


def draw_label(frame: Frame, text: str = LABEL) -> None:
    """Draw the label into the lower left corner of a frame, in place, upright as it is shown."""
    width, height = frame.width, frame.height
    if frame.rotation % 2:
        width, height = height, width
    ink, cover = (np.rot90(part, frame.rotation) for part in label_picture(text, width, height))
    x0, y0 = _corner(frame, ink.shape[1], ink.shape[0])
    ink, cover = ink[: frame.height - y0], cover[: frame.height - y0]
    ink, cover = ink[:, : frame.width - x0], cover[:, : frame.width - x0]
    box = x0, y0, x0 + ink.shape[1], y0 + ink.shape[0]
    pixels = frame.rgb(box)
    frame.write_rgb(box, _drawn(pixels, ink, cover))


def label_on(pixels: ImageU8, text: str = LABEL) -> ImageU8:
    """Return a picture ``(h, w, 3)`` with the label in its lower left corner."""
    height, width = pixels.shape[:2]
    ink, cover = label_picture(text, width, height)
    done = pixels.copy()
    rows, columns = min(ink.shape[0], height), min(ink.shape[1], width)
    part = done[height - rows :, :columns]
    part[...] = _drawn(part, ink[:rows, :columns], cover[:rows, :columns])
    return done


@lru_cache(maxsize=4)
def label_picture(text: str, width: int, height: int) -> tuple[ImageF32, ImageF32]:
    """Return the words and the ground behind them, ``(h, w, 1)`` float32 in [0, 1] each.

    Parameters
    ----------
    text
        The words.
    width, height
        Of the frame, for which they are made large enough to be read.
    """
    from PIL import Image, ImageDraw, ImageFont

    size = max(_SMALLEST, round(min(height, width * 3 / 4) / _SHARE))
    font = ImageFont.load_default(size=size)
    left, top, right, bottom = font.getbbox(text)
    margin = round(size * 0.35)
    shape = round(right - left) + 2 * margin, round(bottom - top) + 2 * margin
    words = Image.new("L", shape)
    ImageDraw.Draw(words).text((margin - left, margin - top), text, 255, font)
    ink = np.asarray(words, np.float32)[..., None] / 255
    return ink.astype(np.float32), np.full_like(ink, _BACK)


def _drawn(pixels: ImageU8, ink: ImageF32, cover: ImageF32) -> ImageU8:
    shown = pixels * (1 - cover)
    shown += (255 - shown) * ink
    drawn: ImageU8 = np.rint(shown).astype(np.uint8)
    return drawn


def _corner(frame: Frame, width: int, height: int) -> tuple[int, int]:
    """Return where in the stored frame the shown one's lower left corner begins."""
    right, low = max(0, frame.width - width), max(0, frame.height - height)
    return {0: (0, low), 1: (right, low), 2: (right, 0), 3: (0, 0)}[frame.rotation % 4]
