"""The picture formats cvfast reads, told by content, opened with Pillow and without its globals."""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cvfast.errors import CvfastError, MediaError
from cvfast.io.opening import open_regular
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["contained", "open_picture", "quiet", "sniff"]

EXPECTED = "a JPEG, PNG, WebP, TIFF, BMP, HEIC or AVIF picture"
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# What decoders answer to broken files, besides OSError.
BROKEN = (
    OSError,
    SyntaxError,  # Pillow's readers, as is AssertionError
    AssertionError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    MemoryError,
    Warning,  # where the caller made warnings errors
    RuntimeError,
    struct.error,
    zlib.error,
)


def sniff(head: bytes) -> str | None:
    """Tell the format by a file's first 16 bytes.

    Parameters
    ----------
    head : bytes
        The first bytes.

    Returns
    -------
    str or None
        ``JPEG``, ``PNG``, ``WEBP``, ``TIFF``, ``BMP``, ``HEIF``, ``AVIF``, or None.

    Examples
    --------
    >>> from cvfast.io.formats import sniff
    >>> sniff(b"BM" + bytes(14))
    'BMP'
    """
    if head[4:8] == b"ftyp":
        if head[8:12] in {b"avif", b"avis"}:
            return "AVIF"
        return "HEIF" if head[8:12] in _HEIF_BRANDS else None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    starts = {
        b"\xff\xd8\xff": "JPEG",
        b"\x89PNG\r\n\x1a\n": "PNG",
        b"II*\0": "TIFF",
        b"MM\0*": "TIFF",
        b"II+\0": "TIFF",
        b"MM\0+": "TIFF",
        b"BM": "BMP",
    }
    return next((name for start, name in starts.items() if head.startswith(start)), None)


# Python has one list of warning filters for all threads; two that swap it would undo each other.
_FILTERS = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's warnings about odd metadata to ourselves (headers only: threads wait here)."""
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def contained(path: PathLike, expected: str = EXPECTED) -> Iterator[None]:
    """Turn whatever a decoder raises about a broken file into a MediaError that names the file.

    Parameters
    ----------
    path : str or path
        The file at work.
    expected : str
        What it should have been.

    Raises
    ------
    MediaError
        The block raised one of the errors that broken files cause.
    """
    try:
        yield
    except CvfastError:
        raise
    except FileNotFoundError as error:
        raise MediaError(f"{path}: no such file") from error
    except IsADirectoryError as error:
        raise MediaError(f"{path}: expected {expected}, got a folder") from error
    except PermissionError as error:
        raise MediaError(f"{path}: no permission to read it") from error
    except BROKEN as error:
        text = str(error) or type(error).__name__
        raise MediaError(f"{path}: expected {expected}, got a broken one: {text}") from error


@contextmanager
def open_picture(path: PathLike) -> Iterator[ImageFile]:
    """Open a picture for its header and metadata; nothing is decoded yet.

    Pillow's readers are called one by one: ``Image.open`` would try all of them, and check sizes
    against a limit that is global to the process.

    Parameters
    ----------
    path : str or path
        The file.

    Yields
    ------
    PIL.ImageFile.ImageFile
        Closed at the end of the block, whose errors are handled by `contained`.

    Raises
    ------
    MediaError
        The file is missing, empty, broken, or in another format.
    """
    from PIL import Image

    with contained(path), open_regular(path) as file:
        head = file.read(16)
        name = sniff(head)
        if name is None:
            found = "an empty file" if not head else "something else"
            raise MediaError(f"{path}: expected {EXPECTED}, got {found}")
        if name not in Image.OPEN:
            Image.init()
        file.seek(0)
        with quiet():
            picture = Image.OPEN[name][0](file, str(path))
        with picture:
            yield picture
