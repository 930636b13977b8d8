"""Masks inside records: small pictures as text, bounded when they are read."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.swap.mask_bytes import mask_text, read_mask_bytes, read_mask_text
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from PIL import Image


@given(arrays(np.uint8, some.tuples(some.integers(1, 20), some.integers(1, 20))))
@settings(max_examples=30, deadline=None)
def test_a_mask_comes_back_from_its_text(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(read_mask_text(mask_text(mask)), mask)


def picture(kind: str, size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size, 255).save(buffer, kind)
    return buffer.getvalue()


def test_jpegs_and_colours_are_read_too() -> None:
    assert (read_mask_bytes(picture("JPEG", (8, 6))) == 255).all()
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), (10, 10, 10)).save(buffer, "PNG")
    assert (read_mask_bytes(buffer.getvalue()) == 10).all()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", picture("PNG", (2049, 1)), picture("PNG", (8, 8))[:40], picture("GIF", (8, 8)),
        picture("BMP", (8, 8)), picture("JPEG", (1, 2049)),
    ],
)  # fmt: skip
def test_other_bytes_are_refused_with_the_files_name(data: bytes) -> None:
    with pytest.raises(MediaError, match=r"face\.jpg"):
        read_mask_text(base64.b64encode(data).decode(), "face.jpg")


@pytest.mark.parametrize("text", ["!", "\u00e9", "A", "AAAA\n="])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(MediaError, match="mask"):
        read_mask_text(text)
