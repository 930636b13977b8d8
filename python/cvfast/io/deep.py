"""PNG and TIFF with 16 bits a channel, which Pillow alone would cut to 8."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.formats import quiet
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

__all__ = ["decode_png16", "decode_tiff16", "encode_png16"]

_CHANNELS = {"gray16be": 1, "ya16be": 2, "rgb48be": 3, "rgba64be": 4}
_NATIVE = "L" if sys.byteorder == "little" else "B"
_COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}


def decode_png16(data: bytes, path: PathLike) -> NDArray[np.uint16]:
    """Decode a 16-bit PNG with FFmpeg; the samples are copied out as they are.

    Parameters
    ----------
    data : bytes
        The file. Its size must have been checked already.
    path : str or path
        What messages call it.

    Returns
    -------
    ndarray
        ``H x W x C`` uint16: grey, grey and alpha, RGB, or RGBA.

    Raises
    ------
    MediaError
        The file is cut off or corrupt.
    """
    import av

    try:
        codec = av.CodecContext.create("png", "r")
        # Without "explode" a file that is cut off comes back half grey, without an error.
        codec.options = {"err_detect": "crccheck+bitstream+buffer+explode"}
        frames = [*codec.decode(av.Packet(data)), *codec.decode(None)]
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(f"{path}: expected a 16-bit PNG, got a broken one") from error
    if not frames or frames[0].format.name not in _CHANNELS:
        raise MediaError(f"{path}: expected a 16-bit PNG, got a broken one")
    frame = frames[0]
    channels = _CHANNELS[frame.format.name]
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    samples: NDArray[np.uint16] = rows[: frame.height, : frame.width * 2 * channels].view(">u2")
    return samples.reshape(frame.height, frame.width, channels).astype(np.uint16)


def decode_tiff16(data: bytes, path: PathLike) -> NDArray[np.uint16]:
    """Decode a TIFF with 16 bits a channel, upright.

    Pillow has no RGB picture of 16 bits, but it can be told to take either byte of each sample for
    the 8-bit value; so colour is decoded twice, once for the high and once for the low bytes.

    Parameters
    ----------
    data : bytes
        The file. Its size must have been checked already.
    path : str or path
        What messages call it.

    Returns
    -------
    ndarray
        ``H x W x C`` uint16, 1, 3 or 4 channels; premultiplied alpha is left as it is.

    Raises
    ------
    MediaError
        The channels are stored in separate planes.
    """
    picture = _opened(data)
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)[..., None]
    rawmodes = [str((tile.args or ("",))[0]) for tile in picture.tile]
    planar = picture.tag_v2.get(284, 1) != 1
    if planar or not all(rawmode[-4:-1] == ";16" for rawmode in rawmodes):
        raise MediaError(
            f"{path}: expected 16-bit channels stored together, got separate planes. "
            "Save it interleaved (chunky)."
        )
    samples: NDArray[np.uint16] = _bytes(data, high=True) << np.uint16(8) | _bytes(data, high=False)
    return samples


def _opened(data: bytes) -> TiffImageFile:
    from PIL.TiffImagePlugin import TiffImageFile

    with quiet():
        return TiffImageFile(io.BytesIO(data))


def _bytes(data: bytes, *, high: bool) -> NDArray[np.uint16]:
    """Decode the high or the low bytes of a TIFF's 16-bit RGB or RGBA samples."""
    picture = _opened(data)
    tiles = []
    for tile in picture.tile:
        rawmode, *rest = tuple(tile.args or ())
        # N is the machine's own order; RGBa would divide by alpha, which 8 bits cannot bear.
        rawmode = str(rawmode).replace("RGBa", "RGBA").replace("N", _NATIVE)
        order = rawmode[-1] if high else {"L": "B", "B": "L"}[rawmode[-1]]
        tiles.append(tile._replace(args=(rawmode[:-1] + order, *rest)))
    picture.tile = tiles
    return np.array(picture).astype(np.uint16)


def encode_png16(samples: NDArray[np.uint16], chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Encode a 16-bit PNG.

    Parameters
    ----------
    samples : ndarray
        ``H x W x C`` uint16: grey, grey and alpha, RGB, or RGBA.
    chunks : list of (bytes, bytes)
        Names and contents of the chunks that go before the pixels (iCCP, eXIf, ...).

    Returns
    -------
    bytes
        The file.
    """
    height, width, channels = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    # Filter "up": each row less the one above, which is the cheapest that helps on photos.
    filtered = np.full((height, 1 + rows.shape[1]), 2, np.uint8)
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPE[channels], 0, 0, 0)
    data = zlib.compress(filtered.data, 6)
    limit = 1 << 30  # a chunk's length has 31 bits
    parts = [(b"IDAT", data[at : at + limit]) for at in range(0, len(data), limit)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", _crc(name, content))
        for name, content in [(b"IHDR", header), *chunks, *parts, (b"IEND", b"")]
    )


def _crc(name: bytes, content: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(name))
