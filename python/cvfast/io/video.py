"""Video in and out, one frame at a time: exact times, everything else copied packet for packet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cvfast.config import get_num_threads
from cvfast.errors import MediaError, OutputError
from cvfast.io.atomic import atomic_path
from cvfast.io.clip import Reader, Seconds, StreamInfo, VideoInfo, Window, describe, open_clip
from cvfast.io.clip import stored_xmp as _stored_xmp
from cvfast.io.frame import Frame, check_format
from cvfast.io.mux import Encoding, add_copies, add_encoder, encoding_for, fresh, open_output
from cvfast.io.provenance import Mark, append_mp4_mark, xmp_packet
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["StreamInfo", "VideoInfo", "VideoSummary", "probe", "read_frames", "transcode"]

# The MP4 muxer fills the gaps between subtitles with empty ones itself; two would be one too many.
_EMPTY_TEXT = b"\0\0"
_MAX_THREADS = 16  # x264 holds a frame per thread; more gain nothing at face-video sizes


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """What `transcode` did.

    Attributes
    ----------
    path
        The file written.
    frames
        Frames written.
    changed
        Frames for which `edit` returned True or None.
    seconds
        Wall-clock time of the pass.
    damaged
        Packets or frames of the input that were corrupt; what could not be decoded is missing.
    dropped
        Frames left out because their time was not after the frame before.
    codec, crf, preset, threads
        Of the encoder; x264's bytes depend on the number of threads.
    notes
        What the output could not keep, in words.
    """

    path: Path
    frames: int
    changed: int
    seconds: float
    damaged: int
    dropped: int
    codec: str
    crf: float
    preset: str
    threads: int
    notes: tuple[str, ...] = ()


def probe(path: PathLike) -> VideoInfo:
    """Read what a clip is, from its header and first frame.

    Raises
    ------
    MediaError
        If it is missing, damaged, truncated, not a clip, or has no video.

    Examples
    --------
    >>> info = probe("clip.mp4")  # doctest: +SKIP
    >>> info.width, info.height, info.time_base  # doctest: +SKIP
    (1280, 720, Fraction(1, 15360))
    """
    with open_clip(path) as (container, video):
        reader = Reader(path, container, video, Window())
        for packet in reader.packets():
            if packet.stream.index == video.index:
                for frame in reader.decode(packet):
                    return describe(container, video, frame)
    raise MediaError(
        f"{path}: no frame could be decoded ({reader.damaged} damaged packets). "
        "The video is corrupt: copy it again from its source."
    )


def read_frames(
    path: PathLike, *, start: Seconds | None = None, end: Seconds | None = None
) -> Iterator[Frame]:
    """Decode a clip frame by frame, in the order of showing.

    Parameters
    ----------
    path
        The clip.
    start, end
        Seconds from the first frame; frames with start <= t < end are given.

    Yields
    ------
    Frame
        With pts and time base exactly as in the file. Corrupt frames are left out.

    Raises
    ------
    MediaError
        If the clip cannot be read, or a pixel format is not supported.
    ValueError
        If start or end make no sense.

    Examples
    --------
    >>> for frame in read_frames("clip.mp4", end=2.0):  # doctest: +SKIP
    ...     face = frame.rgb((100, 80, 300, 280))
    """
    window = Window.of(start, end)
    info = probe(path)
    _check_pixels(path, info)
    with open_clip(path) as (container, video):
        reader = Reader(path, container, video, window)
        for raw in _decoded(reader, video):
            if raw.pts is None or reader.holds(raw.pts * reader.time_base):
                yield Frame(raw, time_base=reader.time_base, rotation=info.rotation)


def transcode(
    source: PathLike,
    target: PathLike,
    edit: Callable[[Frame], bool | None],
    *,
    codec: str = "libx264",
    crf: float = 18,
    preset: str = "medium",
    start: Seconds | None = None,
    end: Seconds | None = None,
    overwrite: bool = False,
    mark: Mark | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    settle: Callable[[Path, VideoSummary], VideoSummary] | None = None,
) -> VideoSummary:
    """Pass every frame of a clip through `edit` and write the result; copy all other streams.

    One streaming pass, in order, with bounded memory. Times, rotation, colour tags, pixel shape,
    metadata and chapters are kept; audio and subtitle packets are copied byte for byte. MP4 and MOV
    keep every time exactly; MKV and WebM know whole milliseconds only (a note says if that rounds).
    With `start` the result begins at zero.

    Parameters
    ----------
    source, target
        Input clip and output file (.mp4, .m4v, .mov, .mkv, .webm). The output appears only when it
        is complete.
    edit
        Called with each `Frame`, changes it in place; returns False for "left as it was".
    codec
        libx264 (or h264), libx265 (h265), libvpx-vp9 (vp9), ffv1.
    crf, preset
        Quality (smaller is better; 0 is lossless) and effort, as the encoder knows them.
    start, end
        Seconds from the first frame.
    overwrite
        Replace an existing target.
    mark
        Provenance to write into the file; one that the source has is carried over.
    progress
        Called with (frames done, expected total or None).
    threads
        Encoder threads; ``cvfast.get_num_threads()`` by default, at most 16.
    settle
        Called with the finished file under its temporary name, and the summary, before the file
        gets its own name; may change the file and returns the summary to hand back.

    Raises
    ------
    MediaError
        If the source is damaged or truncated, changes its size half-way, or the output cannot hold
        its pixels, audio or subtitles; the message says what can.
    OutputError
        If the target cannot be written.
    ValueError
        If an option makes no sense.

    Examples
    --------
    >>> def darken(frame):
    ...     frame.planes[0][:] //= 2
    >>> transcode("clip.mp4", "dark.mp4", darken)  # doctest: +SKIP
    """
    window = Window.of(start, end)
    threads = min(get_num_threads(), _MAX_THREADS) if threads is None else threads
    encoding = encoding_for(target, codec, crf=crf, preset=preset, threads=threads)
    began = time.perf_counter()
    info = probe(source)
    _check_pixels(source, info)
    packet = _stored_xmp(source)
    if mark is not None:
        packet = xmp_packet(mark, existing=packet)
    with atomic_path(target, overwrite=overwrite) as temporary:
        with open_clip(source) as (container, video):
            reader = Reader(source, container, video, window)
            with _writing(target), open_output(temporary, encoding, info) as out:
                job = _Pass(reader, info, out, edit, _counter(progress, info, window))
                job.prepare(container, video, encoding, packet)
                job.run()
        if packet is not None and encoding.is_mp4:
            append_mp4_mark(temporary, packet)
        summary = VideoSummary(
            path=Path(target),
            frames=job.frames,
            changed=job.changed,
            seconds=time.perf_counter() - began,
            damaged=reader.damaged,
            dropped=job.dropped,
            codec=encoding.codec,
            crf=crf,
            preset=preset,
            threads=threads,
            notes=tuple(job.notes),
        )
        return summary if settle is None else settle(temporary, summary)


class _Pass:
    """One pass over a clip: packets in, packets out."""

    def __init__(
        self,
        reader: Reader,
        info: VideoInfo,
        out: OutputContainer,
        edit: Callable[[Frame], bool | None],
        progress: Callable[[int], None],
    ) -> None:
        self.frames = self.changed = self.dropped = 0
        self.notes: list[str] = []
        self._reader, self._info, self._out = reader, info, out
        self._edit, self._progress = edit, progress
        self._last: int | None = None

    def prepare(
        self,
        container: InputContainer,
        video: VideoStream,
        encoding: Encoding,
        packet: bytes | None,
    ) -> None:
        """Add all streams and write the header."""
        source, out = self._reader.path, self._out
        self._refills = encoding.is_mp4
        self._encoder = add_encoder(out, source, video, self._info, encoding)
        self._copies, self.notes = add_copies(out, source, container, self._info, encoding.suffix)
        out.metadata.update(fresh(container.metadata))
        if self._reader.shift == 0 and (chapters := container.chapters()):
            out.set_chapters(chapters)
        if not encoding.is_mp4:
            if packet is not None:
                out.metadata["XMP"] = packet.decode(errors="surrogateescape")
            if (self._info.time_base * 1000).denominator != 1:
                self.notes.append(
                    f"times rounded to milliseconds, which is all that {encoding.suffix} keeps; "
                    ".mp4 and .mov keep them exactly"
                )
        out.start_encoding()

    def run(self) -> None:
        """Read, edit and write until the end."""
        flushed = False
        for packet in self._reader.packets():
            if packet.stream.index == self._info.index:
                flushed = packet.size == 0
                for raw in self._reader.decode(packet):
                    self._write(raw)
            elif packet.stream.index in self._copies:
                self._copy(packet, self._copies[packet.stream.index])
        if not flushed:
            for raw in self._reader.decode(None):
                self._write(raw)
        if self.frames == 0:
            raise MediaError(
                f"{self._reader.path}: no frame between start and end could be decoded "
                f"({self._reader.damaged} damaged packets)"
            )
        self._out.mux(self._encoder.encode(None))

    def _write(self, raw: VideoFrame) -> None:
        number = self.frames + self.dropped
        info, path = self._info, self._reader.path
        if raw.pts is None:
            raise MediaError(
                f"{path}: frame {number} has no time. Copy the clip into a new file that has times "
                "(a remux to .mkv or .mp4) first."
            )
        if not self._reader.holds(raw.pts * info.time_base):
            return
        found = (raw.width, raw.height, raw.format.name)
        if found != (info.width, info.height, info.pixel_format):
            raise MediaError(
                f"{path}: frame {number} at {float(raw.pts * info.time_base):.3f} s: expected "
                f"{info.width}x{info.height} {info.pixel_format} as at the start, got "
                f"{found[0]}x{found[1]} {found[2]}. Split the clip there (start=, end=)."
            )
        if self._last is not None and raw.pts <= self._last:
            self.dropped += 1
            return
        self._last = raw.pts
        frame = Frame(raw, time_base=info.time_base, rotation=info.rotation)
        self.changed += self._edit(frame) is not False
        raw.pts -= self._reader.shift
        raw.pict_type = 0  # the encoder chooses its own key frames
        self._out.mux(self._encoder.encode(raw))
        self.frames += 1
        self._progress(self.frames)

    def _copy(self, packet: Packet[Stream], stream: Stream) -> None:
        import av
        from av.stream import Disposition

        time = packet.pts if packet.pts is not None else packet.dts
        if packet.size == 0 and time is None:
            return
        if self._refills and bytes(packet) == _EMPTY_TEXT and packet.stream.name == "mov_text":
            return
        base = packet.time_base
        picture = bool(packet.stream.disposition & Disposition.attached_pic)  # it has no time
        if time is not None and not picture and not self._reader.holds(time * base):
            return
        shift = round(self._reader.shift * self._info.time_base / base)
        if shift and not picture:
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
        packet.stream = stream
        try:
            self._out.mux_one(packet)
        except av.error.ArgumentError:  # times that run backwards: a damaged input
            self._reader.damaged += 1


@contextmanager
def _writing(target: PathLike) -> Iterator[None]:
    """Turn FFmpeg's errors while writing into an OutputError."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        raise OutputError(
            f"{target}: cannot be written: {error.strerror}; nothing was left behind."
        ) from error


def _check_pixels(path: PathLike, info: VideoInfo) -> None:
    try:
        check_format(info.pixel_format)
    except MediaError as error:
        raise MediaError(f"{path}: {error}") from None


def _decoded(reader: Reader, video: VideoStream) -> Iterator[VideoFrame]:
    flushed = False
    for packet in reader.packets():
        if packet.stream.index == video.index:
            flushed = packet.size == 0
            yield from reader.decode(packet)
    if not flushed:
        yield from reader.decode(None)


def _counter(progress: Progress | None, info: VideoInfo, window: Window) -> Callable[[int], None]:
    """Return what is called per frame: `progress` with an expected total."""
    if progress is None:
        return lambda _done: None
    total = info.frames
    if not window.whole or total is None:
        length = info.duration
        if window.end is not None:
            length = min(window.end, length or window.end)
        if length is not None and info.rate:
            total = max(1, round((length - (window.start or 0)) * info.rate))
    return lambda done: progress(done, None if total is None else max(done, total))
