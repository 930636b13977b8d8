"""Masks inside JSON: a small grey PNG as base64 text, bounded when read."""

from __future__ import annotations

import base64
import io

import numpy as np

from cvfast.errors import MediaError
from cvfast.io.formats import BROKEN
from cvfast.typing import ImageU8

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


def read_mask_text(text: str) -> ImageU8:
    """Read `mask_text`'s text; sides of at most 2048 pixels.

    Raises
    ------
    MediaError
        It is no such mask.
    """
    try:
        return read_mask_bytes(base64.b64decode(text, validate=True))
    except MediaError:
        raise
    except (ValueError, TypeError) as error:
        raise MediaError(f"mask: expected a PNG in base64, got a damaged one: {error}") from error


def read_mask_bytes(data: bytes) -> ImageU8:
    """Decode a mask from PNG or JPEG bytes; sides of at most 2048 pixels.

    Raises
    ------
    MediaError
        It is no such picture, or too large.
    """
    from PIL import Image as Pillow

    try:
        with Pillow.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as picture:
            if max(picture.size) > _MOST_SIDE:
                raise MediaError(
                    f"mask: expected sides of at most {_MOST_SIDE}, got {picture.size}"
                )
            return np.array(picture.convert("L"))
    except MediaError:
        raise
    except (*BROKEN, Pillow.DecompressionBombError) as error:
        raise MediaError(f"mask: expected a PNG or JPEG, got a damaged one: {error}") from error
