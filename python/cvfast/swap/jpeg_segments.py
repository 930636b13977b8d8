"""The segments before a JPEG's pixels: where they are, adding one, leaving some out."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

__all__ = ["add_segment", "segments", "without"]

_MOST = 65_533  # bytes that a segment holds


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    r"""Yield start, end and marker of each; ends quietly where the file is damaged.

    Examples
    --------
    >>> jpeg = b"\xff\xd8\xff\xe0\x00\x04JF\xff\xda"
    >>> list(segments(jpeg))
    [(2, 8, 224)]
    """
    at = 2 if data.startswith(b"\xff\xd8") else len(data)
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if end > len(data) or end < at + 4:
            return
        yield at, end, data[at + 1]
        at = end


def add_segment(data: bytes, marker: int, content: bytes) -> bytes:
    """Return a JPEG with one more application segment, behind those that it has.

    Raises
    ------
    ValueError
        The content has more than 65,533 bytes.
    """
    if len(content) > _MOST:
        raise ValueError(f"content: expected at most {_MOST:,} bytes, got {len(content):,}")
    at = max((end for _, end, kind in segments(data) if 0xE0 <= kind <= 0xEF), default=2)
    piece = bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content
    return data[:at] + piece + data[at:]


def without(data: bytes, places: Iterable[tuple[int, int]]) -> bytes:
    """Return the bytes without those from start to end of each place."""
    for start, end in sorted(places, reverse=True):
        data = data[:start] + data[end:]
    return data
