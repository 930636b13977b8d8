from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cvfast.typing import ImageU8
from PIL import Image, ImageCms


@pytest.fixture
def photo() -> ImageU8:
    """A smooth coloured picture, 37 wide and 23 high, different in every corner."""
    y, x = np.mgrid[0:23, 0:37]
    return np.stack([x * 6, y * 11, 255 - x * 3 - y * 5], axis=2).astype(np.uint8)


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 65536, (19, 31, 4), dtype=np.uint16)


@pytest.fixture
def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def rich_exif() -> Callable[[int], bytes]:
    """EXIF with an orientation, a camera, an exposure and a GPS place."""

    def make(orientation: int) -> bytes:
        exif = Image.Exif()
        exif[0x010F] = "Camera maker"
        exif[0x0112] = orientation
        exif.get_ifd(0x8769)[0x829A] = 0.01
        exif.get_ifd(0x8769)[0x927C] = b"maker note, \x00 opaque"
        exif.get_ifd(0x8825)[1] = "N"
        return exif.tobytes()

    return make


@pytest.fixture
def box() -> Callable[..., bytes]:
    def make(kind: bytes, content: bytes = b"") -> bytes:
        return (8 + len(content)).to_bytes(4, "big") + kind + content

    return make


@pytest.fixture
def names() -> Callable[[Path], list[str]]:
    return lambda folder: sorted(path.name for path in folder.iterdir())
