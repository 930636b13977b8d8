"""Masks inside JSON: a small grey PNG as base64 text, bounded when read."""

from __future__ import annotations

import base64
import io

import numpy as np

from cvfast.errors import MediaError
from cvfast.io.formats import contained
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["mask_text", "png_of", "read_mask_bytes", "read_mask_text"]

_MOST_SIDE = 2048


def mask_text(mask: ImageU8) -> str:
    """Return a mask ``(h, w)`` uint8 as text."""
    return base64.b64encode(png_of(mask)).decode()


def png_of(mask: ImageU8) -> bytes:
    """Return a mask ``(h, w)`` uint8 as a PNG file's bytes."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(mask).save(buffer, "PNG")
    return buffer.getvalue()


def read_mask_text(text: str, name: PathLike = "mask") -> ImageU8:
    """Read `mask_text`'s text, found in the file ``name``; sides of at most 2048 pixels.

    Raises
    ------
    MediaError
        It is no such mask.
    """
    with contained(name, "a mask that is a PNG in base64"):
        data = base64.b64decode(text, validate=True)
    return read_mask_bytes(data, name)


def read_mask_bytes(data: bytes, name: PathLike = "mask") -> ImageU8:
    """Decode a mask from PNG or JPEG bytes; sides of at most 2048 pixels.

    Raises
    ------
    MediaError
        It is no such picture, or too large.
    """
    from PIL import Image as Pillow

    with (
        contained(name, "a mask that is a PNG or JPEG"),
        Pillow.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as picture,
    ):
        if max(picture.size) > _MOST_SIDE:
            raise MediaError(
                f"{name}: expected a mask's sides of at most {_MOST_SIDE}, got {picture.size}"
            )
        return np.array(picture.convert("L"))
