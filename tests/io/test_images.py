from __future__ import annotations

import builtins
import io
import struct
import sys
import threading
import warnings
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from cvfast.errors import LimitError, MediaError, MissingDependencyError, OutputExistsError
from cvfast.io import Mark
from cvfast.io.image_reader import read_image_xmp
from cvfast.io.images import Picture, read_image, write_image
from cvfast.io.provenance import read_provenance, xmp_packet
from cvfast.typing import ImageU8
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

LOSSLESS = [".png", ".tif", ".tiff", ".bmp"]
ALL = [".jpg", ".jpeg", ".webp", *LOSSLESS]
# Pillow's own transpositions, an independent statement of what each orientation means.
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize("grey", [False, True])
def test_lossless_formats_give_back_every_pixel(
    tmp_path: Path, photo: ImageU8, suffix: str, grey: bool
) -> None:
    pixels = photo[..., 0] if grey else photo
    path = tmp_path / f"a{suffix}"
    write_image(path, pixels)
    picture = read_image(path)
    assert picture.pixels.dtype == np.uint8
    assert picture.grey is grey
    assert picture.alpha is None
    assert np.array_equal(picture.pixels, np.repeat(pixels[..., None], 3, 2) if grey else pixels)
    again = tmp_path / f"b{suffix}"
    write_image(again, picture)
    assert again.read_bytes() == path.read_bytes()
    with Image.open(path) as image:  # others read the same
        assert image.mode == ("L" if grey else "RGB")
        assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_lossy_formats_are_close(tmp_path: Path, photo: ImageU8, suffix: str) -> None:
    write_image(tmp_path / f"a{suffix}", photo)
    difference = read_image(tmp_path / f"a{suffix}").pixels.astype(int) - photo
    assert np.abs(difference).mean() < 3


def test_jpeg_keeps_full_chroma_and_greyness(tmp_path: Path, photo: ImageU8) -> None:
    write_image(tmp_path / "a.jpg", photo)
    with Image.open(tmp_path / "a.jpg") as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
        assert image.quantization[0][0] <= 2  # quality 95
    write_image(tmp_path / "grey.jpg", photo[..., 0])
    picture = read_image(tmp_path / "grey.jpg")
    assert picture.grey
    write_image(tmp_path / "again.jpg", picture)
    with Image.open(tmp_path / "again.jpg") as image:
        assert image.mode == "L"


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_orientation_is_applied_and_reset(
    tmp_path: Path,
    photo: ImageU8,
    rich_exif: Callable[[int], bytes],
    suffix: str,
    turn: int,
) -> None:
    path = tmp_path / f"a{suffix}"
    options = {".jpg": {"quality": 95}, ".webp": {"lossless": True}}.get(suffix, {})
    Image.fromarray(photo).save(path, exif=rich_exif(turn), **options)
    stored = Image.fromarray(photo)
    if suffix == ".jpg":
        with Image.open(path) as image:
            stored = image.convert("RGB")
    upright = stored if TURNS[turn] is None else stored.transpose(TURNS[turn])
    picture = read_image(path)
    assert np.array_equal(picture.pixels, np.asarray(upright))
    write_image(tmp_path / f"b{suffix}", picture)
    with Image.open(tmp_path / f"b{suffix}") as image:
        exif = image.getexif()
        assert exif.get(0x0112, 1) == 1
        assert exif[0x010F] == "Camera maker"
        assert exif.get_ifd(0x8769)[0x927C] == b"maker note, \x00 opaque"
        assert exif.get_ifd(0x8769)[0x829A] == pytest.approx(0.01)
        assert exif.get_ifd(0x8825)[1] == "N"
        assert image.size == upright.size


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_thumbnail_of_the_unedited_face_is_wiped(
    tmp_path: Path, photo: ImageU8, order: str
) -> None:
    thumbnail = b"\xff\xd8 the old face \xff\xd9"
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    first = struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 26)
    second = struct.pack(order + "H", 2)
    second += struct.pack(order + "HHII", 0x0201, 4, 1, 56)
    second += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4)
    exif = head + first + second + thumbnail
    assert exif[56:] == thumbnail
    Image.fromarray(photo).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + exif)
    picture = read_image(tmp_path / "a.jpg")
    assert picture.pixels.shape == (37, 23, 3)
    write_image(tmp_path / "b.jpg", picture)
    assert b"old face" in (tmp_path / "a.jpg").read_bytes()
    assert b"old face" not in (tmp_path / "b.jpg").read_bytes()


def test_xmp_orientation_is_reset_too(tmp_path: Path, photo: ImageU8) -> None:
    xmp = b'<x tiff:Orientation="6"/><tiff:Orientation>8</tiff:Orientation>'
    Image.fromarray(photo).save(tmp_path / "a.jpg", xmp=xmp)
    assert read_image(tmp_path / "a.jpg").xmp == xmp.replace(b"6", b"1").replace(b"8", b"1")


@pytest.mark.parametrize(
    "exif", [b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"junk" * 9]
)
def test_broken_exif_does_not_hide_the_picture(tmp_path: Path, photo: ImageU8, exif: bytes) -> None:
    Image.fromarray(photo).save(tmp_path / "a.png", exif=b"Exif\0\0" + exif)
    picture = read_image(tmp_path / "a.png")
    assert np.array_equal(picture.pixels, photo)
    for suffix in (".png", ".jpg", ".webp", ".tif"):
        write_image(tmp_path / f"b{suffix}", picture)
        assert read_image(tmp_path / f"b{suffix}").pixels.shape == photo.shape


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("deep", [False, True])
def test_colour_profile_and_resolution_are_kept(
    tmp_path: Path, photo: ImageU8, srgb: bytes, suffix: str, deep: bool
) -> None:
    source = replace(Picture(photo), icc=srgb, dpi=(300.0, 150.0), depth=16 if deep else 8)
    if deep:
        source = replace(source, pixels=photo.astype(np.float32) / np.float32(255))
    write_image(tmp_path / f"a{suffix}", source)
    picture = read_image(tmp_path / f"a{suffix}")
    assert picture.icc == srgb
    assert suffix == ".webp" or picture.dpi == pytest.approx((300, 150), rel=1e-3)
    assert picture.depth == (16 if deep and suffix in {".png", ".tif"} else 8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_alpha_is_untouched(tmp_path: Path, photo: ImageU8, suffix: str) -> None:
    alpha = (np.arange(23 * 37) % 256).astype(np.uint8).reshape(23, 37)
    path = tmp_path / f"a{suffix}"
    write_image(path, np.dstack([photo, alpha]), quality=100)
    picture = read_image(path)
    assert np.array_equal(picture.alpha, alpha)
    assert np.array_equal(picture.pixels, photo)  # under alpha 0 too
    write_image(tmp_path / f"b{suffix}", photo[::-1], like=picture)
    again = read_image(tmp_path / f"b{suffix}")
    assert np.array_equal(again.alpha, alpha)
    assert np.array_equal(again.pixels, photo[::-1])


@pytest.mark.parametrize("name", ["JPEG", "BMP"])
def test_transparency_is_never_dropped_silently(tmp_path: Path, photo: ImageU8, name: str) -> None:
    path = tmp_path / ("a.jpg" if name == "JPEG" else "a.bmp")
    alpha = np.full((23, 37), 255, np.uint8)
    write_image(path, np.dstack([photo, alpha]))
    assert read_image(path).alpha is None
    alpha[0, 0] = 254
    with pytest.raises(ValueError, match=f"{name} cannot hold this picture's transparency"):
        write_image(path, np.dstack([photo, alpha]), overwrite=True)


def png16(samples: np.ndarray, *, extra: bytes = b"") -> bytes:
    """A 16-bit PNG by the letter of its specification, unfiltered."""
    height, width, channels = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    raw = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    body = header + chunk(b"IDAT", zlib.compress(raw)) + extra + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def as_uint16(values: np.ndarray) -> np.ndarray:
    return np.rint(values.astype(np.float64) * 65535).astype(np.uint16)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_pass_without_loss(
    tmp_path: Path, noise: np.ndarray, channels: int, suffix: str
) -> None:
    samples = noise[..., :channels]
    (tmp_path / "a.png").write_bytes(png16(samples))
    source = read_image(tmp_path / "a.png")
    write_image(tmp_path / f"b{suffix}", source)
    for picture in (source, read_image(tmp_path / f"b{suffix}")):
        assert picture.pixels.dtype == np.float32
        assert picture.depth == 16
        colour = samples[..., :1] if channels < 3 else samples[..., :3]
        assert np.array_equal(as_uint16(picture.pixels), np.broadcast_to(colour, (19, 31, 3)))
        if channels in {2, 4}:
            assert np.array_equal(as_uint16(picture.alpha), samples[..., -1])
    if suffix == ".png":
        with Image.open(tmp_path / "b.png") as image:
            image.verify()


def test_every_16_bit_value_survives(tmp_path: Path) -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(ramp).save(tmp_path / "a.tif")
    write_image(tmp_path / "b.png", read_image(tmp_path / "a.tif"))
    with Image.open(tmp_path / "b.png") as image:
        assert np.array_equal(np.asarray(image), ramp)


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"compression": "zlib", "predictor": True},
        {"byteorder": ">"},
        {"byteorder": ">", "compression": "zlib"},
        {"tile": (16, 16), "compression": "zlib"},
        {"tile": (16, 16)},
        {"bigtiff": True},
    ],
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_tiff_layouts(
    tmp_path: Path, noise: np.ndarray, layout: dict[str, object], channels: int
) -> None:
    import tifffile

    samples = noise[..., :channels].squeeze()
    options = {"photometric": "rgb" if channels > 1 else "minisblack"}
    options |= {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    tifffile.imwrite(tmp_path / "a.tif", samples, **options, **layout)
    picture = read_image(tmp_path / "a.tif")
    values = picture.pixels if channels > 1 else picture.pixels[..., 0]
    assert np.array_equal(as_uint16(values), samples[..., :3] if channels > 1 else samples)
    assert channels < 4 or np.array_equal(as_uint16(picture.alpha), samples[..., 3])


def test_16_bit_tiff_in_planes_is_refused_not_mangled(tmp_path: Path, noise: np.ndarray) -> None:
    import tifffile

    for number, compression in enumerate((None, "zlib")):
        path = tmp_path / f"{number}.tif"
        planes = np.moveaxis(noise[..., :3], 2, 0).copy()
        tifffile.imwrite(
            path, planes, photometric="rgb", planarconfig="separate", compression=compression
        )
        with pytest.raises(MediaError, match="got separate planes"):
            read_image(path)


def test_16_bit_tiff_with_premultiplied_alpha(tmp_path: Path) -> None:
    import tifffile

    samples = np.array([[[100, 200, 300, 1000], [0, 0, 0, 0]]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb", extrasamples=["assocalpha"])
    picture = read_image(tmp_path / "a.tif")
    assert picture.pixels[0] == pytest.approx(np.array([[0.1, 0.2, 0.3], [0, 0, 0]]))


def test_a_16_bit_picture_becomes_8_bits_where_the_format_has_no_more(
    tmp_path: Path, noise: np.ndarray
) -> None:
    (tmp_path / "a.png").write_bytes(png16(noise[..., :3]))
    write_image(tmp_path / "a.bmp", read_image(tmp_path / "a.png"))
    expected = np.rint(noise[..., :3] / 257).astype(np.uint8)
    assert np.array_equal(read_image(tmp_path / "a.bmp").pixels, expected)


def test_float_results_of_an_8_bit_source_are_written_as_8_bits(
    tmp_path: Path, photo: ImageU8
) -> None:
    write_image(tmp_path / "a.png", photo)
    source = read_image(tmp_path / "a.png")
    write_image(tmp_path / "b.png", photo.astype(np.float32) / 255, like=source)
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_metadata_behind_the_pixels_is_found(tmp_path: Path, noise: np.ndarray) -> None:
    name = b"iTXt" + b"XML:com.adobe.xmp\0\0\0\0\0<late/>"
    late = struct.pack(">I", len(name) - 4) + name + struct.pack(">I", zlib.crc32(name))
    (tmp_path / "a.png").write_bytes(png16(noise, extra=late))
    assert read_image(tmp_path / "a.png").xmp == b"<late/>"
    assert read_image_xmp(tmp_path / "a.png") == b"<late/>"


def test_a_grey_picture_that_got_colour_is_written_in_colour(
    tmp_path: Path, photo: ImageU8
) -> None:
    write_image(tmp_path / "a.png", photo[..., 0])
    grey = read_image(tmp_path / "a.png")
    grey = replace(grey, icc=bytes(16) + b"GRAY" + bytes(108))
    write_image(tmp_path / "b.png", photo, like=grey)
    picture = read_image(tmp_path / "b.png")
    assert np.array_equal(picture.pixels, photo)
    assert picture.icc is None


@pytest.mark.parametrize("clear", [False, True])
def test_palettes_are_looked_up(tmp_path: Path, photo: ImageU8, clear: bool) -> None:
    image = Image.fromarray(photo).quantize(16)
    options = {"transparency": 3} if clear else {}
    image.save(tmp_path / "a.png", **options)
    picture = read_image(tmp_path / "a.png")
    assert picture.mode == "P"
    assert np.array_equal(picture.pixels, np.asarray(image.convert("RGB")))
    assert (picture.alpha is None) is not clear
    if clear:
        assert np.array_equal(picture.alpha == 0, np.asarray(image) == 3)
    write_image(tmp_path / "b.png", picture)
    assert np.array_equal(read_image(tmp_path / "b.png").pixels, picture.pixels)


def test_transparent_colour_and_one_bit(tmp_path: Path, photo: ImageU8) -> None:
    first = tuple(int(value) for value in photo[0, 0])
    Image.fromarray(photo).save(tmp_path / "a.png", transparency=first)
    alpha = read_image(tmp_path / "a.png").alpha
    assert alpha is not None
    assert np.array_equal(alpha == 0, (photo == photo[0, 0]).all(axis=2))
    Image.fromarray(photo).convert("1").save(tmp_path / "b.png")
    picture = read_image(tmp_path / "b.png")
    assert picture.grey
    assert set(np.unique(picture.pixels)) == {0, 255}


def test_cmyk_becomes_srgb(tmp_path: Path, photo: ImageU8, srgb: bytes) -> None:
    image = Image.fromarray(photo).convert("CMYK")
    for path in (tmp_path / "a.jpg", tmp_path / "a.tif"):
        # A profile for RGB cannot describe CMYK: the plain conversion is used and it is dropped.
        image.save(path, quality=100, icc_profile=srgb)
        picture = read_image(path)
        assert picture.mode == "CMYK"
        assert picture.icc is None
        assert np.abs(picture.pixels.astype(int) - photo).mean() < 4


def test_a_broken_cmyk_profile_is_passed_over(tmp_path: Path, photo: ImageU8) -> None:
    Image.fromarray(photo).convert("CMYK").save(tmp_path / "a.tif", icc_profile=b"no profile")
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, photo)


def test_lab_becomes_srgb(tmp_path: Path) -> None:
    flat = np.full((9, 9, 3), (200, 90, 40), np.uint8)
    convert = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    ImageCms.applyTransform(Image.fromarray(flat), convert).save(tmp_path / "a.tif")
    assert np.abs(read_image(tmp_path / "a.tif").pixels.astype(int) - flat).max() <= 3


def test_lossless_webp_stays_lossless(tmp_path: Path, photo: ImageU8, srgb: bytes) -> None:
    Image.fromarray(photo).save(tmp_path / "a.webp", lossless=True, icc_profile=srgb)
    picture = read_image(tmp_path / "a.webp")
    write_image(tmp_path / "b.webp", picture)
    assert picture.lossless
    assert np.array_equal(read_image(tmp_path / "b.webp").pixels, photo)
    write_image(tmp_path / "c.webp", photo)
    assert not read_image(tmp_path / "c.webp").lossless


def test_animations_are_refused_unless_one_frame_is_asked_for(
    tmp_path: Path, photo: ImageU8
) -> None:
    frames = [Image.fromarray(photo), Image.fromarray(photo[::-1].copy())]
    for suffix in (".png", ".webp", ".tif"):
        path = tmp_path / f"a{suffix}"
        options = {"lossless": True} if suffix == ".webp" else {}
        frames[0].save(path, save_all=True, append_images=frames[1:], **options)
        with pytest.raises(MediaError, match="expected a still picture, got 2 frames"):
            read_image(path)
        assert np.array_equal(read_image(path, first_frame=True).pixels, photo)


def test_phones_double_jpegs_are_one_picture(tmp_path: Path, photo: ImageU8) -> None:
    image = Image.fromarray(photo)
    image.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[image])
    assert read_image(tmp_path / "a.jpg").format == "JPEG"


def png_header(width: int, height: int) -> bytes:
    name = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + name + struct.pack(">I", zlib.crc32(name))


def test_limits_are_checked_in_the_header(tmp_path: Path, photo: ImageU8) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_header(60_000, 60_000) + b"\0\0\0\0IDAT" + bytes(4))
    message = (
        r"bomb.png: expected at most 89,478,485 pixels, got 3,600,000,000 \(60,000 x 60,000\)\. "
        "Raise the limit with max_pixels=3600000000"
    )
    with pytest.raises(LimitError, match=message):
        read_image(bomb)
    with pytest.raises(MediaError):  # let through, it is only broken
        read_image(bomb, max_pixels=3_600_000_000)
    bomb.write_bytes(png_header(65_536, 1) + b"\0\0\0\0IDAT" + bytes(4))
    with pytest.raises(LimitError, match="sides of at most 65,535 pixels, got 65,536 x 1"):
        read_image(bomb)
    write_image(tmp_path / "a.png", photo)
    assert read_image(tmp_path / "a.png", max_pixels=37 * 23).pixels.shape == (23, 37, 3)
    with pytest.raises(LimitError):
        read_image(tmp_path / "a.png", max_pixels=37 * 23 - 1)
    assert Image.MAX_IMAGE_PIXELS == 89_478_485


def test_over_pillows_own_limit_with_leave(
    tmp_path: Path, photo: ImageU8, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(tmp_path / "a.png", photo)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, photo)


@pytest.mark.parametrize("shape", [(1, 65_535), (65_535, 1), (1, 1)])
@pytest.mark.parametrize("suffix", LOSSLESS)
def test_extreme_sizes(tmp_path: Path, shape: tuple[int, int], suffix: str) -> None:
    pixels = (np.arange(shape[0] * shape[1] * 3) % 251).astype(np.uint8).reshape(*shape, 3)
    write_image(tmp_path / f"a{suffix}", pixels)
    assert np.array_equal(read_image(tmp_path / f"a{suffix}").pixels, pixels)


@pytest.mark.parametrize("kind", [*ALL, "deep.png", "deep.tif", "grey.tif", ".avif"])
def test_every_truncation_is_named(tmp_path: Path, noise: np.ndarray, kind: str) -> None:
    whole = tmp_path / f"whole{kind}"
    if kind == ".avif":
        Image.fromarray((noise[..., :3] >> 8).astype(np.uint8)).save(whole)
    elif kind.startswith("deep"):
        write_image(whole, noise[..., :3].astype(np.float32) / 65535)
    elif kind.startswith("grey"):
        write_image(whole, noise[..., 0].astype(np.float32) / 65535)
    else:
        write_image(whole, (noise[..., :3] >> 8).astype(np.uint8))
    data = whole.read_bytes()
    assert read_image(whole).pixels.shape == (19, 31, 3)
    part = tmp_path / f"part{kind}"
    for eighth in range(8):
        part.write_bytes(data[: len(data) * eighth // 8])
        with pytest.raises(MediaError, match=rf"part{kind}: expected a.*got") as caught:
            read_image(part)
        assert caught.value.exit_code == 4


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("I am a text file called .png")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "folder.jpg").mkdir()
    for name, message in {
        "text.png": "expected a JPEG, PNG, WebP, TIFF, BMP, HEIC or AVIF picture, got something",
        "empty.jpg": "got an empty file",
        "folder.jpg": "got a folder",
        "missing.jpg": "missing.jpg: no such file",
    }.items():
        with pytest.raises(MediaError, match=message):
            read_image(tmp_path / name)


def test_random_damage_is_a_picture_or_a_named_error(tmp_path: Path, noise: np.ndarray) -> None:
    random = np.random.default_rng(3)
    path = tmp_path / "a"
    for suffix in (".jpg", ".png", ".webp", ".tif", ".bmp"):
        for depth in (8, 16):
            pixels = noise[..., :3].astype(np.float32) / 65535
            good = tmp_path / f"good{depth}{suffix}"
            write_image(good, pixels if depth == 16 else (noise[..., :3] >> 8).astype(np.uint8))
            data = good.read_bytes()
            for _ in range(60):
                bad = bytearray(data)
                for place in random.integers(0, min(len(bad), 400), 4):
                    bad[place] = random.integers(256)
                path.write_bytes(bad)
                try:
                    read_image(path, max_pixels=1 << 20)
                except (MediaError, LimitError):
                    continue


def test_pillows_warnings_stay_inside(tmp_path: Path, photo: ImageU8) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[37510] = b"x"
    Image.fromarray(photo).save(tmp_path / "a.tif", tiffinfo=tags)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    place = data.index(struct.pack("<H", 37510))
    data[place + 4 : place + 8] = struct.pack("<I", 1 << 20)  # a tag that claims too much
    (tmp_path / "a.tif").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = read_image(tmp_path / "a.tif")
    assert np.array_equal(picture.pixels, photo)


def test_threads_leave_the_warning_filters_as_they_were(tmp_path: Path, photo: ImageU8) -> None:
    write_image(tmp_path / "a.png", photo)
    before = list(warnings.filters)
    threads = [
        threading.Thread(target=lambda: [read_image(tmp_path / "a.png") for _ in range(20)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


def test_heic_and_avif_are_read(tmp_path: Path, photo: ImageU8, srgb: bytes) -> None:
    flat = np.full((64, 48, 3), (200, 90, 40), np.uint8)
    heif = pillow_heif.from_pillow(Image.fromarray(flat))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 1, "Camera maker"
    heif.save(tmp_path / "a.heic", quality=95, exif=exif.tobytes(), icc_profile=srgb)
    Image.fromarray(flat).save(tmp_path / "a.avif", quality=95, icc_profile=srgb)
    for name in ("a.heic", "a.avif"):
        picture = read_image(tmp_path / name)
        assert np.abs(picture.pixels.astype(int) - flat).max() <= 6
        assert picture.icc == srgb
        write_image(tmp_path / f"{name}.jpg", picture, mark=Mark())
        with pytest.raises(LimitError):
            read_image(tmp_path / name, max_pixels=100)
        (tmp_path / "part").write_bytes((tmp_path / name).read_bytes()[:-40])
        with pytest.raises(MediaError):
            read_image(tmp_path / "part")
    with Image.open(tmp_path / "a.heic.jpg") as image:
        assert image.getexif()[0x010F] == "Camera maker"
    mark = Mark("trainedAlgorithmicMedia", "elsewhere 1")
    heif.save(tmp_path / "b.heic", xmp=xmp_packet(mark))
    Image.fromarray(flat).save(tmp_path / "b.avif", xmp=xmp_packet(mark))
    for suffix in ("heic", "avif"):
        assert read_provenance(tmp_path / f"a.{suffix}") is None
        assert read_provenance(tmp_path / f"b.{suffix}") == mark


def test_heic_without_the_extra_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(12))
    real = builtins.__import__

    def without(name: str, *args: object) -> object:
        if name == "pillow_heif":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "pillow_heif", raising=False)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[heif\]'"):
        read_image(tmp_path / "a.heic")


def test_bad_arguments_are_named(tmp_path: Path, photo: ImageU8) -> None:
    path = tmp_path / "a.png"
    with pytest.raises(ValueError, match=r"expected a name ending in \.jpg, .*\.bmp, got .*a\.gif"):
        write_image(tmp_path / "a.gif", photo)
    with pytest.raises(ValueError, match=r"BMP cannot say that it was edited; expected \.jpg"):
        write_image(tmp_path / "a.bmp", photo, mark=Mark())
    with pytest.raises(TypeError, match="uint8 or float32, got float64"):
        write_image(path, photo / 255)
    with pytest.raises(TypeError, match="uint8 or float32, got list"):
        write_image(path, [[1]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"H x W x 4, got \(23, 37, 2\)"):
        write_image(path, photo[..., :2])
    with pytest.raises(ValueError, match="at least one pixel"):
        write_image(path, photo[:0])
    with pytest.raises(ValueError, match="got NaN or infinity"):
        write_image(path, np.full((2, 2), np.nan, np.float32))
    with pytest.raises(ValueError, match="quality: expected 1 to 100, got 0"):
        write_image(path, photo, quality=0)
    with pytest.raises(ValueError, match="at most 16,383 pixels for WEBP"):
        write_image(tmp_path / "a.webp", np.zeros((1, 16_384), np.uint8))
    with pytest.raises(ValueError, match="size of like's alpha"):
        write_image(path, photo[1:], like=Picture(photo, alpha=photo[..., 0]))
    assert list(tmp_path.iterdir()) == []
    write_image(path, photo)
    with pytest.raises(OutputExistsError):
        write_image(path, photo)
    write_image(path, photo[::-1], overwrite=True)
    assert np.array_equal(read_image(path).pixels, photo[::-1])


def test_strided_arrays_are_fine(tmp_path: Path, photo: ImageU8) -> None:
    for suffix in LOSSLESS:
        write_image(tmp_path / f"a{suffix}", photo[::-2, ::3])
        assert np.array_equal(read_image(tmp_path / f"a{suffix}").pixels, photo[::-2, ::3])


def test_png_text_bombs_are_named(tmp_path: Path, photo: ImageU8) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * (PngImagePlugin.MAX_TEXT_CHUNK + 1), zip=True)
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "PNG", pnginfo=info)
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    with pytest.raises(MediaError, match=r"a\.png"):
        read_image(tmp_path / "a.png")
