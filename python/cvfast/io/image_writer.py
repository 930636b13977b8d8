"""Writing pictures: what came in goes out again, plus the mark of what was done."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.io.atomic import write_bytes
from cvfast.io.deep import encode_png16
from cvfast.io.exif import PREFIX
from cvfast.io.formats import BROKEN, quiet
from cvfast.io.picture import Picture, to_uint8, to_uint16
from cvfast.io.provenance import Mark, xmp_packet
from cvfast.typing import Image
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

__all__ = ["SUFFIXES", "write_image"]

SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
_SIDES = {"JPEG": 65_500, "WEBP": 16_383, "PNG": 65_535, "TIFF": 65_535, "BMP": 65_535}
_JPEG_XMP = 65_502  # what a JPEG segment holds beside its name
_ITXT_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"
# The tags of EXIF's first directory that describe the picture; a TIFF has its own for the rest.
_DESCRIBING = {270, 271, 272, 305, 306, 315, 33432}


def write_image(
    path: PathLike,
    picture: Picture | Image,
    *,
    like: Picture | None = None,
    mark: Mark | None = None,
    overwrite: bool = False,
    quality: int = 95,
    settle: Callable[[Path], None] | None = None,
) -> None:
    """Write a picture in the format that the suffix of `path` names, whole or not at all.

    Parameters
    ----------
    path : str or path
        ``.jpg``, ``.jpeg``, ``.png``, ``.webp``, ``.tif``, ``.tiff`` or ``.bmp``.
    picture : Picture or ndarray
        What to write. An array is ``H x W`` (grey), ``H x W x 3`` (RGB) or ``H x W x 4`` (RGBA),
        uint8, or float32 in [0, 1] (values beyond are clipped).
    like : Picture, optional
        Whose profile, EXIF, XMP, alpha, bit depth and greyness to put on `picture`. A grey source
        stays grey as long as the three channels are equal.
    mark : Mark, optional
        What was done, stored as XMP. Every format but BMP can carry it.
    overwrite : bool
        Replace an existing file.
    quality : int
        1 to 100, for JPEG (always with full chroma, 4:4:4) and WebP; WebP is lossless if the source
        was lossless WebP, or at 100.
    settle : callable, optional
        Called with the finished file under its temporary name, before it gets its own.

    Notes
    -----
    PNG and TIFF hold 16 bits: they are written so if the source had them, or for float32 without a
    source. Other formats get the nearest 8-bit values.

    Raises
    ------
    TypeError
        `picture` has another dtype.
    ValueError
        Unknown suffix, wrong shape, NaN, transparency in a JPEG or BMP, a mark for BMP, or a side
        that the format cannot hold.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from cvfast.io.images import read_image, write_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_image(Path(folder) / "a.tif", np.full((2, 3), 0.5, np.float32))
    ...     read_image(Path(folder) / "a.tif")
    Picture(3 x 2, float32, TIFF, grey)
    """
    name = SUFFIXES.get(Path(path).suffix.lower())
    if name is None:
        raise ValueError(f"path: expected a name ending in {', '.join(SUFFIXES)}, got {path}")
    if mark is not None and name == "BMP":
        raise ValueError(
            f"{path}: BMP cannot say that it was edited; expected .jpg, .png, .webp or .tif"
        )
    if not 1 <= quality <= 100:
        raise ValueError(f"quality: expected 1 to 100, got {quality}")
    out = _settled(picture, like)
    out = _fitted(path, out, name)
    if mark is not None:
        out = replace(out, xmp=_marked(out.xmp, mark, name))
    samples = _samples(out, deep=out.depth == 16 and name in {"PNG", "TIFF"})
    if name == "TIFF":
        data = _tiff(samples, out)
    elif samples.dtype == np.uint16:
        data = encode_png16(samples, _png_chunks(out))
    else:
        data = _with_pillow(samples, out, name, quality)
    write_bytes(path, data, overwrite=overwrite, settle=settle)


def _settled(picture: Picture | Image, like: Picture | None) -> Picture:
    """Make one Picture of pixels and the source they came from."""
    if isinstance(picture, Picture):
        pixels, alpha = picture.pixels, picture.alpha
        like = like or picture
    else:
        pixels, alpha = _checked(picture)
        if like is None:
            like = Picture(
                pixels, depth=16 if pixels.dtype == np.float32 else 8, grey=pixels.ndim == 2
            )
    if alpha is None and like.alpha is not None:
        if like.alpha.shape != pixels.shape[:2]:
            raise ValueError(
                f"picture: expected the size of like's alpha, {like.alpha.shape}, "
                f"got {pixels.shape[:2]}"
            )
        alpha = like.alpha
    grey = like.grey or pixels.ndim == 2
    if pixels.ndim == 3 and grey:
        grey = bool((pixels == pixels[..., :1]).all())
    if pixels.ndim == 3 and grey:
        pixels = pixels[..., 0]
    icc = like.icc
    if icc is not None and icc[16:20] == b"GRAY" and not grey:
        icc = None  # colour was added, of which a grey profile knows nothing
    depth = 8 if pixels.dtype == np.uint8 else like.depth
    return replace(like, pixels=pixels, alpha=alpha, grey=grey, icc=icc, depth=depth)


def _checked(array: Image) -> tuple[Image, Image | None]:
    """Check an array and take its alpha off."""
    if not isinstance(array, np.ndarray) or array.dtype not in (np.uint8, np.float32):
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"picture: expected a Picture or an array of uint8 or float32, got {kind}")
    if array.ndim not in {2, 3} or (array.ndim == 3 and array.shape[2] not in {3, 4}):
        raise ValueError(f"picture: expected H x W, H x W x 3 or H x W x 4, got {array.shape}")
    if 0 in array.shape:
        raise ValueError(f"picture: expected at least one pixel, got {array.shape}")
    if array.dtype == np.float32 and not np.isfinite(array).all():
        raise ValueError("picture: expected finite values in [0, 1], got NaN or infinity")
    if array.ndim == 3 and array.shape[2] == 4:
        return array[..., :3], array[..., 3]
    return array, None


def _fitted(path: PathLike, out: Picture, name: str) -> Picture:
    """Refuse what the format cannot hold."""
    height, width = out.pixels.shape[:2]
    if max(height, width) > _SIDES[name]:
        raise ValueError(
            f"{path}: expected sides of at most {_SIDES[name]:,} pixels for {name}, "
            f"got {width:,} x {height:,}"
        )
    if name in {"JPEG", "BMP"} and out.alpha is not None:
        if (out.alpha != (255 if out.alpha.dtype == np.uint8 else 1)).any():
            raise ValueError(
                f"{path}: {name} cannot hold this picture's transparency; "
                "expected .png, .webp or .tif"
            )
        out = replace(out, alpha=None)
    if name == "JPEG" and len(out.exif or b"") > 65_500:
        raise ValueError(f"{path}: JPEG holds 65,500 bytes of EXIF, got {len(out.exif or b''):,}")
    return out


def _marked(existing: bytes | None, mark: Mark, name: str) -> bytes:
    """XMP with the mark; the older XMP is given up where both do not fit into a JPEG's segment."""
    packet = xmp_packet(mark, existing=existing)
    if name == "JPEG" and len(packet) > _JPEG_XMP:
        packet = xmp_packet(mark)
    return packet


def _samples(out: Picture, *, deep: bool) -> NDArray[Any]:
    """Interleave pixels and alpha as H x W x C of uint8 or uint16."""
    convert = to_uint16 if deep else to_uint8
    planes = [convert(out.pixels if out.pixels.ndim == 3 else out.pixels[..., None])]
    if out.alpha is not None:
        planes.append(convert(out.alpha[..., None]))
    return np.ascontiguousarray(np.concatenate(planes, axis=2))


def _with_pillow(samples: NDArray[np.uint8], out: Picture, name: str, quality: int) -> bytes:
    """Encode 8 bits a channel as JPEG, PNG, WebP or BMP."""
    from PIL.PngImagePlugin import PngInfo

    options: dict[str, Any] = {} if out.dpi is None or name == "WEBP" else {"dpi": out.dpi}
    if name != "BMP":
        options |= {"icc_profile": out.icc or b"", "exif": PREFIX + out.exif if out.exif else b""}
    if name == "JPEG":
        options |= {"quality": quality, "subsampling": 0, "xmp": out.xmp or b""}
    elif name == "WEBP":
        exact = quality == 100 or (out.format == "WEBP" and out.lossless)
        options |= {"quality": quality, "lossless": exact, "exact": True, "xmp": out.xmp or b""}
    elif name == "PNG" and out.xmp:
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add(b"iTXt", _ITXT_XMP + out.xmp)
    target = io.BytesIO()
    _image(samples).save(target, name, **options)
    return target.getvalue()


def _image(samples: NDArray[np.uint8]) -> PillowImage:
    from PIL import Image as Pillow

    # WebP has no grey; Pillow's other writers know LA only as far as PNG goes.
    return Pillow.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)


def _png_chunks(out: Picture) -> list[tuple[bytes, bytes]]:
    """Make the metadata chunks of a PNG."""
    chunks = []
    if out.icc:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(out.icc)))
    if out.dpi:
        metre = [round(number / 0.0254) for number in out.dpi]
        chunks.append((b"pHYs", struct.pack(">IIB", *metre, 1)))
    if out.exif:
        chunks.append((b"eXIf", out.exif))
    if out.xmp:
        chunks.append((b"iTXt", _ITXT_XMP + out.xmp))
    return chunks


def _tiff(samples: NDArray[Any], out: Picture) -> bytes:
    """Encode a TIFF: one strip, Deflate with horizontal differences; Pillow lays out the tags."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    if samples.shape[2] == 2:  # few programs know 16-bit grey with alpha
        samples = samples[..., [0, 0, 0, 1]]
    height, width, channels = samples.shape
    samples = samples.astype(samples.dtype.newbyteorder("<"))
    difference = samples.copy()
    difference[:, 1:] -= samples[:, :-1]
    strip = zlib.compress(difference.data, 6)
    tags = ImageFileDirectory_v2()
    dpi = out.dpi or (72.0, 72.0)
    fixed = {
        256: width,
        257: height,
        258: (8 * samples.dtype.itemsize,) * channels,
        259: 8,
        262: 1 if channels == 1 else 2,
        273: 0,  # Pillow puts the strip's place here: right behind the tags
        274: 1,
        277: channels,
        278: height,
        279: len(strip),
        282: dpi[0],
        283: dpi[1],
        284: 1,
        296: 2,
        317: 2,
    }
    for tag, value in fixed.items():
        tags[tag] = value
    if channels == 4:
        tags[338] = 2  # alpha, not premultiplied
    for tag, blob, kind in ((700, out.xmp, 1), (34675, out.icc, 7)):
        if blob:
            tags.tagtype[tag] = kind
            tags[tag] = blob
    _describe(tags, out.exif)
    target = io.BytesIO()
    tags.save(target)
    target.write(strip)
    return target.getvalue()


def _describe(tags: Any, exif: bytes | None) -> None:
    """Put what EXIF tells into a TIFF's own tags."""
    from PIL import Image as Pillow

    if not exif:
        return
    source = Pillow.Exif()
    try:
        with quiet():
            source.load(PREFIX + exif)
            for tag in _DESCRIBING & set(source):
                tags[tag] = source[tag]
            for tag in (34665, 34853):
                if directory := source.get_ifd(tag):
                    tags[tag] = dict(directory)
    except BROKEN:
        return  # EXIF that cannot be read cannot be moved
