"""The two EXIF facts that matter when pixels change: orientation and the thumbnail."""

from __future__ import annotations

import re
import struct

import numpy as np
from numpy.typing import NDArray

__all__ = ["orientation", "oriented", "reset_exif", "reset_xmp"]

_ORIENTATION = 0x0112
_SHORT = 3
PREFIX = b"Exif\0\0"
_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|>)\s*)[2-8]""")


def orientation(exif: bytes | None) -> int:
    """Tell how the stored pixels have to be turned, 1 to 8; 1 (not at all) if nothing says so.

    Examples
    --------
    >>> from cvfast.io.exif import orientation
    >>> orientation(None)
    1
    """
    order, entry, _ = _directory(exif or b"")
    if entry is None or exif is None:
        return 1
    (value,) = struct.unpack_from(order + "H", exif, entry + 8)
    return int(value) if 1 <= value <= 8 else 1


def oriented(array: NDArray[np.generic], turn: int) -> NDArray[np.generic]:
    """Turn or mirror an H x W or H x W x C array as the orientation `turn` (1 to 8) asks."""
    if turn in {5, 6, 7, 8}:
        array = array.swapaxes(0, 1)
    if turn in {3, 4, 7, 8}:
        array = array[::-1]
    if turn in {2, 3, 6, 7}:
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def reset_exif(exif: bytes) -> bytes:
    """Say "not turned" and forget the thumbnail, which shows the unedited face; keep all else.

    The bytes are changed in place, not parsed and written anew: so maker notes, whose inner offsets
    nobody knows, stay valid.

    Parameters
    ----------
    exif : bytes
        A TIFF structure (without the ``Exif`` prefix). One that makes no sense comes back as it is.
    """
    order, entry, end = _directory(exif)
    if not order:
        return exif
    changed = bytearray(exif)
    if entry is not None:
        struct.pack_into(order + "H", changed, entry + 8, 1)
    (second,) = struct.unpack_from(order + "I", changed, end)
    struct.pack_into(order + "I", changed, end, 0)
    start, length = _thumbnail(bytes(changed), order, second)
    changed[start : start + length] = bytes(len(changed[start : start + length]))
    return bytes(changed)


def reset_xmp(xmp: bytes) -> bytes:
    """Say "not turned" in XMP, where some programs repeat the EXIF orientation."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)


def _entries(exif: bytes, order: str, start: int) -> tuple[dict[int, int], int] | None:
    """Find a directory's entries (tag to position) and its end, or None if it is cut off."""
    if start < 8 or start + 2 > len(exif):
        return None
    (count,) = struct.unpack_from(order + "H", exif, start)
    end = start + 2 + 12 * count
    if end + 4 > len(exif):
        return None
    tags = range(start + 2, end, 12)
    return {struct.unpack_from(order + "H", exif, at)[0]: at for at in tags}, end


def _directory(exif: bytes) -> tuple[str, int | None, int]:
    """Byte order ('' if this is no EXIF), position of the orientation, end of the directory."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4], "")
    if not order or len(exif) < 8:
        return "", None, 0
    found = _entries(exif, order, struct.unpack_from(order + "I", exif, 4)[0])
    if found is None:
        return "", None, 0
    entries, end = found
    entry = entries.get(_ORIENTATION)
    if entry is not None and struct.unpack_from(order + "H", exif, entry + 2)[0] != _SHORT:
        entry = None
    return order, entry, end


def _thumbnail(exif: bytes, order: str, start: int) -> tuple[int, int]:
    """Position and length of the thumbnail's JPEG; (0, 0) without one."""
    found = _entries(exif, order, start)
    if found is None or not {0x0201, 0x0202} <= found[0].keys():
        return 0, 0
    place = struct.unpack_from(order + "I", exif, found[0][0x0201] + 8)[0]
    length = struct.unpack_from(order + "I", exif, found[0][0x0202] + 8)[0]
    # A thumbnail starts with JPEG's own marker; wiping anything else could hit other tags.
    return (place, length) if exif[place : place + 2] == b"\xff\xd8" else (0, 0)
