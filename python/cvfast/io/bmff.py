"""The top-level boxes of MP4 and MOV files (ISO base media format), and the XMP packet in one."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cvfast.errors import LimitError, MediaError
from cvfast.typing import Path as PathLike

__all__ = ["Box", "append_mp4_mark", "boxes", "read_mp4_xmp"]

XMP_UUID = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
MAX_BOXES = 1_000_000  # more than any clip has; bounds the walk over a hostile file
MAX_PACKET = 1 << 20


@dataclass(frozen=True)
class Box:
    """One box: its type, where it starts and ends, and how long its header is, all in bytes."""

    kind: bytes
    start: int
    header: int
    end: int
    open_ended: bool = False  # the size field is 0: the box runs to the end of the file


def boxes(file: BinaryIO, name: PathLike) -> Iterator[Box]:
    r"""Walk the top-level boxes of an open file, trusting no size.

    Parameters
    ----------
    file : binary file
        Opened for reading, seekable.
    name : str or path
        What messages call it.

    Yields
    ------
    Box
        In file order.

    Raises
    ------
    MediaError
        A box is cut off or claims a size that cannot be.
    LimitError
        There are over a million boxes.

    Examples
    --------
    >>> import io
    >>> from cvfast.io.bmff import boxes
    >>> data = b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x00\x08free"
    >>> [(box.kind, box.start, box.end) for box in boxes(io.BytesIO(data), "clip.mp4")]
    [(b'ftyp', 0, 16), (b'free', 16, 24)]
    """
    length = file.seek(0, os.SEEK_END)
    position = 0
    for _ in range(MAX_BOXES):
        if position == length:
            return
        file.seek(position)
        box = _box(file.read(16), position, length, name)
        yield box
        position = box.end
    raise LimitError(f"{name}: expected at most {MAX_BOXES:,} boxes at the top level, got more")


def read_mp4_xmp(path: PathLike) -> bytes | None:
    """Read the XMP packet of an MP4 or MOV file.

    Parameters
    ----------
    path : str or path
        The clip.

    Returns
    -------
    bytes or None
        The packet, or None if the clip has none (or one over 1 MiB).

    Raises
    ------
    MediaError
        The file cannot be read or its boxes make no sense.
    """
    try:
        with Path(path).open("rb") as file:
            for box in boxes(file, path):
                if _is_xmp(file, box):
                    size = box.end - box.header - box.start - len(XMP_UUID)
                    return file.read(size) if size <= MAX_PACKET else None
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
    return None


def append_mp4_mark(path: PathLike, packet: bytes) -> None:
    """Put an XMP packet at the end of an MP4 or MOV file, in place.

    Nothing that is there moves, so the clip's chunk offsets stay true: an older XMP box at the end
    is cut off, one further up becomes a ``free`` box. This is not atomic: use it on the temporary
    file that `cvfast.io.atomic_path` hands out.

    Parameters
    ----------
    path : str or path
        The clip; it is changed.
    packet : bytes
        What `cvfast.io.provenance.xmp_packet` made, at most 1 MiB.

    Raises
    ------
    MediaError
        The file cannot be read, its boxes make no sense, or it ends in a box without a size.
    ValueError
        The packet is over 1 MiB.
    """
    if len(packet) > MAX_PACKET:
        raise ValueError(f"packet: expected at most {MAX_PACKET:,} bytes, got {len(packet):,}")
    with Path(path).open("r+b") as file:
        found = list(boxes(file, path))
        if not found:
            raise MediaError(f"{path}: expected an MP4 or MOV clip, got an empty file")
        old = [box for box in found if _is_xmp(file, box)]
        last = found[-1]
        end = last.start if last in old else last.end
        if last.open_ended and last not in old:
            _close(file, last, path)
        file.seek(end)
        file.write(struct.pack(">I4s", 24 + len(packet), b"uuid") + XMP_UUID + packet)
        file.truncate()
        for box in old:
            if box is not last:
                file.seek(box.start + 4)
                file.write(b"free")


def _box(head: bytes, position: int, length: int, name: PathLike) -> Box:
    """Make a Box of the 16 bytes at `position`, or say what is wrong with them."""
    if len(head) < 8:
        raise MediaError(f"{name}: cut off in the header of a box at byte {position:,}")
    size, kind = struct.unpack(">I4s", head[:8])
    header, open_ended = 8, size == 0
    if size == 1:
        if len(head) < 16:
            raise MediaError(f"{name}: cut off in the header of a box at byte {position:,}")
        (size,) = struct.unpack(">Q", head[8:])
        header = 16
    end = length if open_ended else position + size
    if size < header and not open_ended:
        raise MediaError(
            f"{name}: expected a box of at least {header} bytes at {position:,}, got {size}"
        )
    if end > length:
        raise MediaError(
            f"{name}: expected {size:,} bytes in the box {kind!r} at byte {position:,}, "
            f"got {length - position:,}: the file is truncated or no MP4 or MOV clip"
        )
    return Box(kind, position, header, end, open_ended)


def _is_xmp(file: BinaryIO, box: Box) -> bool:
    """Whether `box` holds XMP; leaves the file at the packet if so."""
    if box.kind != b"uuid" or box.end - box.start - box.header < len(XMP_UUID):
        return False
    file.seek(box.start + box.header)
    return file.read(len(XMP_UUID)) == XMP_UUID


def _close(file: BinaryIO, box: Box, name: PathLike) -> None:
    """Give a box that runs to the end of the file its size, so that another can follow."""
    size = box.end - box.start
    if size >= 1 << 32:
        raise MediaError(
            f"{name}: its last box has no size and is over 4 GiB: nothing can follow it"
        )
    file.seek(box.start)
    file.write(struct.pack(">I", size))
