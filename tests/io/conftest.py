"""Small pictures, and small clips made on the fly: odd times, rotation, sound, every tag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import Flags
from cvfast.typing import ImageU8
from PIL import Image, ImageCms


@pytest.fixture
def photo() -> ImageU8:
    """A smooth coloured picture, 37 wide and 23 high, different in every corner."""
    y, x = np.mgrid[0:23, 0:37]
    return np.stack([x * 6, y * 11, 255 - x * 3 - y * 5], axis=2).astype(np.uint8)


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 65536, (19, 31, 4), dtype=np.uint16)


@pytest.fixture
def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def rich_exif() -> Callable[[int], bytes]:
    """EXIF with an orientation, a camera, an exposure and a GPS place."""

    def make(orientation: int) -> bytes:
        exif = Image.Exif()
        exif[0x010F] = "Camera maker"
        exif[0x0112] = orientation
        exif.get_ifd(0x8769)[0x829A] = 0.01
        exif.get_ifd(0x8769)[0x927C] = b"maker note, \x00 opaque"
        exif.get_ifd(0x8825)[1] = "N"
        return exif.tobytes()

    return make


@pytest.fixture
def box() -> Callable[..., bytes]:
    def make(kind: bytes, content: bytes = b"") -> bytes:
        return (8 + len(content)).to_bytes(4, "big") + kind + content

    return make


@pytest.fixture
def names() -> Callable[[Path], list[str]]:
    return lambda folder: sorted(path.name for path in folder.iterdir())


VFR = (0, 100, 999, 1000, 1024, 7000, 7001, 9000, 15360, 20000)
SUBTITLES = ((0, 500, "one"), (600, 300, "two"))


@dataclass
class ClipMaker:
    """Writes clips of moving, textured frames; every keyword has a plain default."""

    folder: Path

    def __call__(self, name="clip.mp4", **options) -> Path:
        path = self.folder / name
        write_clip(path, **options)
        return path


@pytest.fixture
def clip(tmp_path):
    return ClipMaker(tmp_path)


def picture(index, width, height, fmt, seed=0):
    """A smooth, coloured, moving frame with some texture; all values legal in limited range."""
    frame = av.VideoFrame(width, height, fmt)
    rng = np.random.default_rng(seed * 1000 + index)
    for number, plane in enumerate(frame.planes):
        wide = fmt.endswith(("10le", "12le"))
        array = np.frombuffer(plane, np.uint16 if wide else np.uint8)
        stride = plane.line_size // (2 if wide else 1)
        array = array.reshape(plane.height, stride)
        y, x = np.mgrid[: plane.height, :stride]
        wave = np.sin(x / 5.0 + index * 0.7 + number) + np.cos(y / 4.0 - index * 0.3)
        values = 126 + wave * (40 if number == 0 else 25) + rng.integers(-3, 4, array.shape)
        array[:] = np.rint(values * (4 if wide else 1)).astype(array.dtype)
    return frame


def write_clip(
    path,
    *,
    times=VFR,
    time_base=Fraction(1, 15360),
    size=(64, 48),
    fmt="yuv420p",
    codec="libx264",
    options=None,
    rotation=None,
    color=(0, 2, 2, 2),
    aspect=None,
    audio=False,
    subtitles=False,
    language="eng",
    last=512,
    resize_at=None,
    rate=30,
    metadata=None,
    muxer=None,
):
    """Write a clip; `color` is range, matrix, primaries, transfer."""
    suffix = path.suffix
    form = {".mkv": "matroska", ".webm": "webm", ".mov": "mov", ".avi": "avi", ".ts": "mpegts"}.get(
        suffix, "mp4"
    )
    container = {}
    if form in ("mp4", "mov"):
        ticks = time_base.denominator
        container = {"video_track_timescale": str(ticks), "movie_timescale": str(ticks * 50)}
    container |= muxer or {}
    if options is None:
        options = {"libx264": {"crf": "0", "preset": "ultrafast", "bf": "2"}}.get(codec, {})
    with av.open(str(path), "w", format=form, container_options=container) as out:
        video = out.add_stream(codec, rate=rate)
        context = video.codec_context
        context.width, context.height, context.pix_fmt = *size, fmt
        context.time_base = video.time_base = time_base
        context.options = options
        context.thread_count = 1
        context.flags |= Flags.frame_duration
        context.color_range, context.colorspace = color[:2]
        context.color_primaries, context.color_trc = color[2:]
        if aspect:
            context.sample_aspect_ratio = aspect
        if rotation is not None:
            video.set_display_rotation(rotation)
        video.metadata.update(metadata or {})
        out.metadata["title"] = "A clip"
        sound = add_audio(out, form, language) if audio else None
        text = add_subtitles(out) if subtitles else None
        packets = []
        for index, pts in enumerate(times):
            frame = picture(index, *size, fmt)
            frame.pts, frame.time_base = pts, time_base
            frame.duration = times[index + 1] - pts if index + 1 < len(times) else last
            packets += video.encode(frame)
        packets += video.encode(None)
        end = float(times[-1] * time_base) + 0.3
        if sound is not None:
            packets += tone(sound, float(times[0] * time_base), end)
        if text is not None:
            packets += written(text)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            out.mux_one(packet)
    return path


def add_audio(out, form, language):
    sound = out.add_stream("libopus" if form == "webm" else "aac", rate=48000)
    sound.codec_context.layout = "mono"
    sound.metadata["language"] = language
    sound.metadata["title"] = "Sound"
    return sound


def tone(sound, start, end):
    packets = []
    sound.codec_context.open()
    step = sound.codec_context.frame_size
    first = round(start * 48000)
    for at in range(first, round(end * 48000), step):
        wave = 0.2 * np.sin(np.arange(at, at + step) * 0.05)
        planar = sound.codec_context.format.name
        data = wave.astype(np.float32) if "flt" in planar else (wave * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(data[None], format=planar, layout="mono")
        frame.pts, frame.sample_rate, frame.time_base = at, 48000, Fraction(1, 48000)
        packets += sound.encode(frame)
    return packets + sound.encode(None)


def add_subtitles(out):
    text = out.add_mux_stream("mov_text")
    text.time_base = Fraction(1, 1000)
    text.metadata["language"] = "deu"
    return text


def written(text):
    packets = []
    for pts, duration, line in SUBTITLES:
        packet = av.Packet(len(line).to_bytes(2, "big") + line.encode())
        packet.pts = packet.dts = pts
        packet.duration = duration
        packet.time_base = Fraction(1, 1000)
        packet.stream = text
        packets.append(packet)
    return packets


@pytest.fixture
def demuxed():
    """Packets of one kind of stream: (bytes, pts, dts, duration), and the stream's time base."""

    def read(path, kind, number=0):
        with av.open(str(path)) as container:
            stream = [s for s in container.streams if s.type == kind][number]
            return [
                (bytes(p), p.pts, p.dts, p.duration) for p in container.demux(stream) if p.size
            ], stream.time_base

    return read


@pytest.fixture
def decoded():
    """All frames of the video: (pts, [planes])."""

    def read(path):
        from cvfast.io.frame import Frame

        with av.open(str(path)) as container:
            return [
                (frame.pts, [plane.copy() for plane in Frame(frame).planes])
                for frame in container.decode(container.streams.video[0])
            ]

    return read
