"""Pictures in and out; the one module to import for still images."""

from __future__ import annotations

from cvfast.io.image_reader import MAX_PIXELS, MAX_SIDE, read_image
from cvfast.io.image_writer import SUFFIXES, write_image
from cvfast.io.picture import Picture

__all__ = ["MAX_PIXELS", "MAX_SIDE", "SUFFIXES", "Picture", "read_image", "write_image"]
