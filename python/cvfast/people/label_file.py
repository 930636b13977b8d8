"""Label maps as picture files: ids as palette or grey values, or a known palette's colours."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.atomic import write_bytes
from cvfast.io.formats import contained, open_picture
from cvfast.io.image_reader import MAX_PIXELS, check_size
from cvfast.people.labels import LABEL_SETS, check_labels, label_set
from cvfast.typing import ImageU8, Path

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["palette", "read_labels", "write_labels"]

# The colours in which LIP's parsers, and so VITON-style folders, store their 20 labels.
_LIP_COLOURS = (
    "000000 800000 ff0000 005500 aa0033 ff5500 000055 0077dd 555500 005555 553300 345680 008000 "
    "0000ff 33aadd 00ffff 55ffaa aaff55 ffff00 ffaa00"
)
_LOSSY = {"JPEG", "WEBP", "AVIF"}


def palette(name: str = "voc") -> ImageU8:
    """Return ``(256, 3)`` uint8 colours of the ids 0 to 255.

    Parameters
    ----------
    name
        ``"lip"``, the colours of LIP's 20 labels (then VOC's), or ``"voc"``, PASCAL VOC's: the bits
        of an id are dealt out to red, green and blue, the lowest to the highest bits of the three.

    Raises
    ------
    ValueError
        Another name.

    Examples
    --------
    >>> palette("voc")[1].tolist(), palette("lip")[5].tolist()
    ([128, 0, 0], [255, 85, 0])
    """
    if name not in ("lip", "voc"):
        raise ValueError(f"name: expected lip or voc, got {name!r}")
    ids = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            colours[:, channel] |= ((ids >> channel & 1) << (7 - bit)).astype(np.uint8)
        ids >>= 3
    if name == "lip":
        for number, text in enumerate(_LIP_COLOURS.split()):
            colours[number] = list(bytes.fromhex(text))
    return colours


def read_labels(path: Path, labels: str) -> ImageU8:
    """Read a label map.

    Parameters
    ----------
    path
        A PNG, BMP or TIFF of 8 bits: the palette's numbers or the grey values are the ids. 24-bit
        colour is taken if all its colours are LIP's or PASCAL VOC's, or grey.
    labels
        The set that the ids belong to, from `cvfast.people.labels.LABEL_SETS`.

    Returns
    -------
    numpy.ndarray
        ``(H, W)`` uint8.

    Raises
    ------
    ValueError
        Unknown set.
    MediaError
        Not such a file, or ids that the set lacks; the message names sets that have them.
    LimitError
        Too many pixels.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_labels(Path(folder) / "a.png", np.full((4, 3), 13, np.uint8), "lip20")
    ...     read_labels(Path(folder) / "a.png", "lip20").max()
    np.uint8(13)
    """
    label_set(labels)
    with open_picture(path) as image:
        check_size(path, image.size, MAX_PIXELS)
        if image.format in _LOSSY:
            raise MediaError(
                f"{path}: expected a label map without loss (PNG), got {image.format}, "
                "which alters ids"
            )
        with contained(path):
            ids = _ids(path, image)
    try:
        check_labels(ids, labels)
    except ValueError as error:
        raise MediaError(f"{path}: {error}") from error
    return ids


def write_labels(path: Path, ids: ImageU8, labels: str, *, overwrite: bool = False) -> None:
    """Write a label map as a PNG with a palette (LIP's colours, or VOC's for other sets).

    Parameters
    ----------
    path
        A name that ends in ``.png``.
    ids
        ``(H, W)`` uint8.
    labels
        The set that the ids belong to.
    overwrite
        Replace an existing file.

    Raises
    ------
    TypeError, ValueError
        Another ending, or not a map of this set.
    OutputError
        The file cannot be written.
    """
    from PIL import Image as Pillow

    if not str(path).lower().endswith(".png"):
        raise ValueError(f"path: expected a name ending in .png, got {path}")
    check_labels(ids, labels)
    if not ids.size:
        raise ValueError(f"ids: expected at least one pixel, got {ids.shape}")
    image = Pillow.fromarray(np.ascontiguousarray(ids))
    image.putpalette(palette("lip" if LABEL_SETS[labels].get("upper") == 5 else "voc").tobytes())
    target = io.BytesIO()
    image.save(target, "PNG")
    write_bytes(path, target.getvalue(), overwrite=overwrite)


def _ids(path: Path, image: ImageFile) -> ImageU8:
    if image.mode in ("P", "L", "1"):
        return np.array(image).astype(np.uint8)
    if image.mode not in ("RGB", "RGBA"):
        raise MediaError(
            f"{path}: expected a label map of 8 bits a pixel (palette or grey), "
            f"got a picture of mode {image.mode}"
        )
    pixels = np.array(image)[..., :3]
    ids = _from_colours(pixels)
    if ids is None:
        raise MediaError(
            f"{path}: expected a label map of 8 bits a pixel (palette or grey), got 24-bit colour "
            "whose colours are neither LIP's nor PASCAL VOC's; save the ids themselves"
        )
    return ids


def _from_colours(pixels: NDArray[np.uint8]) -> ImageU8 | None:
    """Ids of a picture that has the colours of one known palette alone; else None."""
    if (pixels == pixels[..., :1]).all():
        return np.ascontiguousarray(pixels[..., 0])
    weights = np.array([1 << 16, 1 << 8, 1], np.int64)
    codes, where = np.unique(pixels.astype(np.int64) @ weights, return_inverse=True)
    for name in ("lip", "voc"):
        known = {int(code): number for number, code in enumerate(palette(name) @ weights)}
        if all(int(code) in known for code in codes):
            table = np.array([known[int(code)] for code in codes], np.uint8)
            ids: ImageU8 = table[where.reshape(pixels.shape[:2])]
            return ids
    return None
