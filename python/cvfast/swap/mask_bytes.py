"""Masks inside JSON: a small grey PNG as base64 text, bounded when read."""

from __future__ import annotations

import base64
import io

import numpy as np

from cvfast.errors import MediaError
from cvfast.io.formats import contained
from cvfast.typing import ImageU8

__all__ = ["mask_text", "read_mask_text"]

_MOST_SIDE = 2048


def mask_text(mask: ImageU8) -> str:
    """Return a mask ``(h, w)`` uint8 as text."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(mask).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def read_mask_text(text: str) -> ImageU8:
    """Read `mask_text`'s text; sides of at most 2048 pixels.

    Raises
    ------
    MediaError
        It is no such mask.
    """
    from PIL import Image as Pillow

    with contained("mask", "a PNG in base64"):
        data = io.BytesIO(base64.b64decode(text, validate=True))
        with Pillow.open(data, formats=["PNG"]) as png:
            if max(png.size) > _MOST_SIDE:
                raise MediaError(f"mask: expected sides of at most {_MOST_SIDE}, got {png.size}")
            return np.array(png.convert("L"))
