"""Reading pictures: limits first, then pixels upright and RGB, with everything said about them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, MediaError, MissingDependencyError
from cvfast.io.deep import decode_png16, decode_tiff16
from cvfast.io.exif import PREFIX, orientation, oriented, reset_exif, reset_xmp
from cvfast.io.formats import BROKEN, contained, open_picture, quiet, sniff
from cvfast.io.opening import open_regular
from cvfast.io.picture import Picture, to_float
from cvfast.typing import Image
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

__all__ = ["MAX_PIXELS", "MAX_SIDE", "read_image", "read_image_xmp"]

MAX_PIXELS = 89_478_485  # Pillow's budget: a quarter of a GiB of RGB
MAX_SIDE = 65_535
# The TIFF tags that describe the picture rather than how it is stored.
TIFF_TAGS = (270, 271, 272, 305, 306, 315, 33432, 34665, 34853)


def read_image(
    path: PathLike, *, max_pixels: int = MAX_PIXELS, first_frame: bool = False
) -> Picture:
    """Read a JPEG, PNG, WebP, TIFF, BMP, AVIF or (with the extra ``heif``) HEIC picture.

    Parameters
    ----------
    path : str or path
        The file; its format is told by its content, not by its name.
    max_pixels : int
        Refuse larger pictures; checked in the header, before anything is decoded.
    first_frame : bool
        Take the first frame of an animation or the first page of a TIFF, instead of refusing it.

    Returns
    -------
    Picture
        Upright: the EXIF orientation is applied. RGB: palettes are looked up, and CMYK or Lab is
        converted to sRGB (through the file's own profile if it has one), because effects work on
        RGB; RGB and grey pixels are handed on as stored, with their profile. 16-bit PNG and TIFF
        come as float32; HEIC and AVIF with more than 8 bits are brought to 8.

    Raises
    ------
    MediaError
        The file is missing, empty, cut off, corrupt, animated, or no such picture.
    LimitError
        It has more than `max_pixels` pixels or a side over 65,535.
    MissingDependencyError
        It is HEIC and pillow-heif is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from cvfast.io.images import read_image, write_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_image(Path(folder) / "a.png", np.zeros((2, 3, 3), np.uint8))
    ...     read_image(Path(folder) / "a.png")
    Picture(3 x 2, uint8, PNG)
    """
    with contained(path), open_regular(path) as file:
        head = file.read(32)
    if sniff(head) == "HEIF":
        return _read_heif(path, max_pixels)
    with open_picture(path) as image:
        check_size(path, image.size, max_pixels)
        name = sniff(head) or ""
        with quiet():
            frames = getattr(image, "n_frames", 1)
            exif = _tiff_exif(image) if name == "TIFF" else None
        # Further frames of a JPEG are depth or gain maps, which nobody would miss.
        if frames > 1 and name != "JPEG" and not first_frame:
            raise MediaError(
                f"{path}: expected a still picture, got {frames} frames or pages. "
                "Pass first_frame=True to take the first, or make a video of them."
            )
        pixels, alpha, mode, depth = _pixels(image, name, head, path)
        with quiet():
            # Read after the pixels: PNG may have its metadata behind them.
            info = dict(image.info)
        exif = exif or _plain_exif(info.get("exif"))
        # Pillow turns TIFF pictures itself while it decodes them.
        turn = 1 if name == "TIFF" else orientation(exif)
    return _picture(
        pixels,
        alpha,
        turn=turn,
        mode=mode,
        exif=exif,
        info=info,
        format=name,
        depth=depth,
        lossless=_lossless(path, name),
    )


def read_image_xmp(path: PathLike) -> bytes | None:
    """Read the XMP packet of a picture.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    bytes or None
        None if it has none. Only a PNG without one before its pixels is decoded, to look behind.

    Raises
    ------
    MediaError, LimitError, MissingDependencyError
        As for `read_image`.
    """
    with contained(path), open_regular(path) as file:
        name = sniff(file.read(32))
    if name == "HEIF":
        return _read_heif(path, MAX_PIXELS).xmp
    with open_picture(path) as image:
        if name == "PNG" and not image.info.get("xmp"):
            check_size(path, image.size, MAX_PIXELS)
            image.load()
        packet = image.info.get("xmp")
    return packet if isinstance(packet, bytes) and packet else None


def check_size(path: PathLike, size: tuple[int, int], max_pixels: int) -> None:
    """Raise LimitError if a picture of `size` (width, height) is over a limit."""
    width, height = size
    if max(size) > MAX_SIDE:
        raise LimitError(
            f"{path}: expected sides of at most {MAX_SIDE:,} pixels, got {width:,} x {height:,}. "
            "Scale it down first."
        )
    if width * height > max_pixels:
        raise LimitError(
            f"{path}: expected at most {max_pixels:,} pixels, got {width * height:,} "
            f"({width:,} x {height:,}). Raise the limit with max_pixels={width * height}."
        )


def _pixels(
    image: ImageFile, name: str, head: bytes, path: PathLike
) -> tuple[Image, Image | None, str, int]:
    """Decode: RGB or grey pixels, alpha, the mode they were stored in, the bits a channel."""
    mode = image.mode
    tags: Any = getattr(image, "tag_v2", {})
    bits = head[24] if name == "PNG" else max(tags.get(258, (8,)))
    if bits == 16 and name == "PNG":
        deep = decode_png16(Path(path).read_bytes(), path)
        image.load()  # Pillow reads the metadata behind the pixels
    elif bits == 16 and (mode.startswith("I;16") or mode[:3] == "RGB"):
        deep = decode_tiff16(Path(path).read_bytes(), path)
        if tags.get(262) == 0:  # white is zero
            deep = 65535 - deep
    elif mode[0] in "IF":
        raise MediaError(f"{path}: expected 8 or 16 bits a channel, got Pillow's mode {mode}")
    else:
        image.load()
        return *_split(np.asarray(_plain(image))), mode, 8
    pixels, alpha = _split(to_float(deep))
    if tags.get(338) == (1,) and alpha is not None:  # premultiplied
        pixels = np.minimum(pixels / np.where(alpha > 0, alpha, 1)[..., None], np.float32(1))
    return pixels, alpha, mode, 16


def _split(samples: NDArray[Any]) -> tuple[Image, Image | None]:
    """Take H x W or H x W x (1 to 4) apart into grey or RGB pixels, and alpha."""
    if samples.ndim == 2:
        return samples, None
    if samples.shape[2] in {2, 4}:
        colour, alpha = samples[..., :-1], samples[..., -1]
    else:
        colour, alpha = samples, None
    return (colour[..., 0] if colour.shape[2] == 1 else colour), alpha


def _plain(image: PillowImage) -> PillowImage:
    """Bring a decoded picture to L, LA, RGB or RGBA."""
    mode = image.mode
    clear = image.has_transparency_data
    if mode in {"P", "PA"}:
        return image.convert("RGBA" if clear else "RGB")
    if mode in {"1", "L", "La", "LA"}:
        wanted = "LA" if clear else "L"
    elif mode in {"RGB", "RGBa", "RGBA", "RGBX"}:
        wanted = "RGBA" if clear else "RGB"
    else:
        return _to_srgb(image)
    return image if mode == wanted else image.convert(wanted)


def _to_srgb(image: PillowImage) -> PillowImage:
    """Convert CMYK, Lab and the like to sRGB, by the embedded profile where it can be used."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if image.mode in {"CMYK", "LAB"}:
        target = ImageCms.createProfile("sRGB")
        try:
            source: Any = (
                ImageCms.createProfile("LAB") if image.mode == "LAB" else _profile(profile)
            )
            if source is not None:
                converted = ImageCms.profileToProfile(
                    image,
                    source,
                    target,
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    outputMode="RGB",
                    flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
                return cast("PillowImage", converted)
        except (
            ImageCms.PyCMSError,
            OSError,
        ):  # a broken profile: the plain conversion is all there is
            pass
    return image.convert("RGB")


def _profile(profile: bytes | None) -> object | None:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else None


def _picture(
    pixels: Image,
    alpha: Image | None,
    *,
    turn: int,
    mode: str,
    info: dict[Any, Any],
    exif: bytes | None,
    depth: int,
    format: str,
    lossless: bool,
) -> Picture:
    """Turn the pixels upright and put them together with what the file said."""
    grey = pixels.ndim == 2
    pixels = cast("Image", oriented(pixels, turn))
    if alpha is not None:
        alpha = cast("Image", oriented(alpha, turn))
    if grey:
        pixels = cast("Image", np.repeat(pixels[..., None], 3, axis=2))
    icc = info.get("icc_profile")
    # A profile of another kind (CMYK's after conversion) would garble the colours.
    stored = mode not in {"CMYK", "LAB", "YCbCr", "HSV"}
    fits = (
        stored
        and isinstance(icc, bytes)
        and icc[16:20] in ({b"GRAY", b"RGB "} if grey else {b"RGB "})
    )
    xmp = info.get("xmp")
    dpi = _dpi(info.get("dpi"))
    return Picture(
        pixels,
        alpha,
        grey=grey,
        depth=depth,
        format=format,
        mode=mode,
        lossless=lossless,
        icc=icc if fits else None,
        exif=reset_exif(exif) if exif else None,
        xmp=reset_xmp(xmp) if isinstance(xmp, bytes) and xmp else None,
        dpi=dpi if dpi is None or turn < 5 else dpi[::-1],
    )


def _dpi(value: object) -> tuple[float, float] | None:
    """Take a resolution if it is one."""
    try:
        horizontal, vertical = (float(number) for number in cast("Any", value))
    except (TypeError, ValueError, ArithmeticError):
        return None
    return (horizontal, vertical) if 1 <= horizontal < 1e5 and 1 <= vertical < 1e5 else None


def _plain_exif(exif: object) -> bytes | None:
    """EXIF as a TIFF structure, without the prefix that some formats add."""
    return exif.removeprefix(PREFIX) or None if isinstance(exif, bytes) else None


def _tiff_exif(image: ImageFile) -> bytes | None:
    """Make EXIF of those TIFF tags that describe the picture."""
    from PIL import Image as Pillow

    found = image.getexif()
    kept = Pillow.Exif()
    try:
        for tag in TIFF_TAGS:
            value = found.get_ifd(tag) if tag in {34665, 34853} else found.get(tag)
            if value:
                kept[tag] = value
        return _plain_exif(kept.tobytes()) if len(kept) else None
    except BROKEN:
        return None  # metadata that cannot be read cannot be kept; the pixels still can


def _lossless(path: PathLike, name: str) -> bool:
    """Whether the file keeps pixels exactly; WebP does if it has a VP8L chunk."""
    if name != "WEBP":
        return name in {"PNG", "BMP", "TIFF"}
    with Path(path).open("rb") as file:
        file.seek(12)
        while len(chunk := file.read(8)) == 8:
            if chunk[:4] in {b"VP8L", b"VP8 ", b"ANMF"}:
                return chunk[:4] == b"VP8L"
            size = int.from_bytes(chunk[4:], "little")
            file.seek(size + size % 2, io.SEEK_CUR)
    return False


def _read_heif(path: PathLike, max_pixels: int) -> Picture:
    """Read HEIC; libheif turns the pixels upright itself, whatever EXIF says."""
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingDependencyError(
            f"{path}: HEIC pictures need pillow-heif. Run: pip install 'cvfast[heif]'"
        ) from error
    with contained(path), quiet():
        heif = pillow_heif.open_heif(path)
        check_size(path, heif.size, max_pixels)
        mode = heif.mode
        pixels, alpha = _split(np.asarray(heif))
        info = dict(heif.info)
    exif = _plain_exif(info.get("exif"))
    return _picture(
        pixels,
        alpha,
        turn=1,
        mode=mode,
        info=info,
        exif=exif,
        depth=8,
        format="HEIF",
        lossless=False,
    )
