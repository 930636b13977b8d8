"""Opening clips: what is in them, whether they are whole, and their packets in a time window."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from cvfast.errors import MediaError
from cvfast.io.bmff import boxes, read_mp4_xmp
from cvfast.io.color import ColorTags
from cvfast.io.hdr import Hdr
from cvfast.io.opening import open_regular
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from av.buffer import Buffer
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = [
    "StreamInfo",
    "VideoInfo",
    "Window",
    "describe",
    "has_alpha",
    "open_clip",
    "rate_of",
    "start_of",
    "stored_xmp",
]

Seconds: TypeAlias = float | Fraction

# Only real containers, only from disk: a playlist called .mp4 must not make us open other files.
_INPUT_OPTIONS = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,gif,mxf,nut,"
    "yuv4mpegpipe",
    "protocol_whitelist": "file",
}
_MP4 = "mp4"
_BOTTOM_FIRST = (3, 4)  # AV_FIELD_BB, AV_FIELD_TB
_FASTEST = 1000  # frames a second


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream of a file: its index, kind ("video", "audio", ...), codec and language."""

    index: int
    kind: str
    codec: str
    language: str | None
    time_base: Fraction | None

    def __str__(self) -> str:
        language = f", {self.language}" if self.language else ""
        return f"stream {self.index} ({self.kind}, {self.codec}{language})"


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What `cvfast.io.video.probe` found in a clip.

    Attributes
    ----------
    width, height
        Of the first decoded frame, in pixels, before any rotation.
    rotation
        Quarter turns clockwise to show it upright.
    time_base
        Unit of all pts, in seconds.
    rate
        Average frames per second, None if unknown.
    duration
        Seconds from the file's header, None if unknown.
    frames
        Number of frames from the header, None if unknown.
    start
        First pts.
    codec, pixel_format, color, container
        As FFmpeg names them.
    hdr
        What an HDR clip says beside its colours; false if nothing.
    sample_aspect
        Width over height of a pixel, None if not given.
    interlaced, bottom_first
        Whether the first frame is, and whether its lower field is shown first.
    display_matrix
        The nine numbers behind `rotation`, None if there are none.
    streams
        All streams in file order; `index` says which one is the video.
    """

    width: int
    height: int
    rotation: int
    time_base: Fraction
    rate: Fraction | None
    duration: Fraction | None
    frames: int | None
    start: int
    codec: str
    pixel_format: str
    color: ColorTags
    hdr: Hdr
    container: str
    sample_aspect: Fraction | None
    interlaced: bool
    bottom_first: bool
    display_matrix: tuple[int, ...] | None
    index: int
    streams: tuple[StreamInfo, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a clip to use, in seconds from its first video frame: start <= t < end."""

    start: Fraction | None = None
    end: Fraction | None = None
    lead_in: Fraction = Fraction(0)  # before start: looked at, not used

    @classmethod
    def of(cls, start: Seconds | None, end: Seconds | None) -> Window:
        """Check and convert; a float means its shortest decimal fraction."""
        for name, value in (("start", start), ("end", end)):
            if value is not None and not isinstance(value, Real):
                raise TypeError(f"{name}: expected seconds, got {type(value).__name__}")
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name}: expected a finite number of seconds, got {value}")
        values = [
            None if value is None else _fraction(value).limit_denominator(10**9)
            for value in (start, end)
        ]
        if values[0] is not None and values[0] < 0:
            raise ValueError(f"start: expected at least 0 seconds, got {start}")
        if values[1] is not None and values[1] <= (values[0] or 0):
            raise ValueError(f"end: expected more than start ({start or 0} seconds), got {end}")
        return cls(values[0], values[1])

    @property
    def whole(self) -> bool:
        """Whether nothing is cut."""
        return self.start is None and self.end is None


def _fraction(value: Seconds) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(float(value))


@contextmanager
def open_clip(path: PathLike) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a clip for reading and find its main video stream.

    Raises
    ------
    MediaError
        If the file is missing, a folder, empty, truncated, no clip, or has no video.
    """
    import av

    _check_file(Path(path))
    try:
        # Old files have metadata in other encodings: their bytes pass through unread.
        container = av.open(
            f"file:{path}", options=_INPUT_OPTIONS, metadata_errors="surrogateescape"
        )
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(
            f"{path}: cannot be opened as a video ({reason}): it is damaged, cut off, or not a "
            "video file. Copy it again from its source, or check that it plays."
        ) from error
    with container:
        video = _main_video(container, path)
        if _MP4 in container.format.name:
            _check_whole(container, path)
        yield container, video


def stored_xmp(path: PathLike) -> bytes | None:
    """Return the XMP packet that an MP4, MOV, MKV or WebM clip carries, if any."""
    with open_clip(path) as (container, _):
        if _MP4 in container.format.name:
            try:
                return read_mp4_xmp(path)
            except MediaError:  # junk behind the last box, which open_clip found harmless
                return None
        text = container.metadata.get("XMP")
        return text.encode(errors="surrogateescape") if text else None


def describe(container: InputContainer, video: VideoStream, first: VideoFrame) -> VideoInfo:
    """Put together what is known of an open clip and its first frame."""
    matrix = _display_matrix(first)
    color = ColorTags(
        matrix=int(first.colorspace),
        range=2 if first.format.name.startswith("yuvj") else int(first.color_range),
        primaries=int(first.color_primaries),
        transfer=int(first.color_trc),
    )
    duration = None
    if video.duration is not None and video.time_base is not None:
        duration = video.duration * video.time_base
    elif container.duration is not None:
        duration = Fraction(container.duration, 1_000_000)
    return VideoInfo(
        width=first.width,
        height=first.height,
        rotation=_quarter_turns(first),
        time_base=video.time_base or Fraction(1, 1000),
        rate=rate_of(video),
        duration=duration,
        frames=video.frames or None,
        start=start_of(video),
        codec=video.codec_context.name,
        pixel_format=first.format.name,
        color=color,
        hdr=Hdr.of(first),
        container=container.format.name,
        sample_aspect=video.sample_aspect_ratio or None,
        interlaced=first.interlaced_frame,
        bottom_first=first.interlaced_frame and video.codec_context.field_order in _BOTTOM_FIRST,
        display_matrix=matrix,
        index=video.index,
        streams=tuple(_stream_info(stream) for stream in container.streams),
    )


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise MediaError(f"{path}: expected a video file, got a folder. Name the files in it.")
    try:
        size = path.stat().st_size
        with open_regular(path) as file:
            file.read(1)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}. Check the name.") from error
    if size == 0:
        raise MediaError(f"{path}: the file is empty (0 bytes). Copy it again from its source.")


def _main_video(container: InputContainer, path: PathLike) -> VideoStream:
    from av.stream import Disposition

    found = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not found:
        kinds = ", ".join(str(_stream_info(s)) for s in container.streams) or "no stream"
        raise MediaError(f"{path}: expected a video stream, got {kinds}. Choose a video file.")
    video = found[0]
    if video.codec_context is None or not video.codec_context.width:
        raise MediaError(
            f"{path}: the video's codec or size is unknown: the file is cut off, or needs a "
            "decoder that this FFmpeg lacks. Convert it to H.264 first."
        )
    return video


def _check_whole(container: InputContainer, path: PathLike) -> None:
    """Refuse an MP4 whose index points behind its end; junk after the last box is harmless."""
    seen = set()
    with Path(path).open("rb") as file:
        try:
            for box in boxes(file, path):
                seen.add(box.kind)
        except MediaError as error:
            if not {b"moov", b"mdat"} <= seen or b"moof" in seen:
                raise MediaError(f"{error}. Copy it again from its source.") from error
    size = Path(path).stat().st_size
    for stream in container.streams:
        end = max((entry.pos + entry.size for entry in stream.index_entries), default=0)
        if end > size:
            raise MediaError(
                f"{path}: the file has {size:,} bytes, but its header promises data up to byte "
                f"{end:,}: it is cut off or its header is wrong. Copy it again from its source."
            )


def _stream_info(stream: Stream) -> StreamInfo:
    codec = stream.codec_context.name if stream.codec_context else getattr(stream, "name", None)
    return StreamInfo(
        stream.index, stream.type, codec or "unknown", stream.language, stream.time_base
    )


def rate_of(video: VideoStream) -> Fraction | None:
    """Return frames a second; a header without times makes one a tick of it, which is no rate."""
    rates = (video.average_rate, video.guessed_rate, video.codec_context.framerate)
    return next((rate for rate in rates if rate and 0 < rate < _FASTEST), None)


def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format that `Frame` takes has a plane for transparency."""
    return pixel_format.startswith("yuva")


def start_of(video: VideoStream) -> int:
    """Return the first pts as the header says it, 0 if it does not."""
    return 0 if video.start_time is None else video.start_time


def _display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    data = frame.side_data.get("DISPLAYMATRIX")
    return None if data is None else struct.unpack("=9i", memoryview(cast("Buffer", data)))


def _quarter_turns(frame: VideoFrame) -> int:
    # FFmpeg counts degrees anticlockwise.
    return round(-frame.rotation / 90) % 4
