"""Video in and out, one frame at a time: exact times, everything else copied packet for packet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from cvfast.errors import MediaError, OutputError
from cvfast.io.atomic import atomic_path
from cvfast.io.clip import (
    Seconds,
    StreamInfo,
    VideoInfo,
    Window,
    describe,
    open_clip,
    stored_xmp,
)
from cvfast.io.frame import Frame, check_format
from cvfast.io.mux import encoding_for, open_output
from cvfast.io.provenance import Mark, append_mp4_mark, xmp_packet
from cvfast.io.reader import Reader
from cvfast.io.transfer import Transfer
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["Alpha", "StreamInfo", "VideoInfo", "VideoSummary", "probe", "read_frames", "transcode"]

Alpha: TypeAlias = Literal["keep", "drop"]


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
    return first_look(path, Window())


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
    check_pixels(path, info)
    with open_clip(path) as (container, video):
        reader = Reader(path, container, video, window)
        for raw in reader.frames():
            yield Frame(raw, time_base=reader.time_base, rotation=info.rotation)


def transcode(
    source: PathLike,
    target: PathLike,
    edit: Callable[..., bool | None],
    *,
    prepare: Callable[[Frame], Any] | None = None,
    codec: str | None = None,
    crf: float = 18,
    preset: str = "medium",
    start: Seconds | None = None,
    end: Seconds | None = None,
    overwrite: bool = False,
    mark: Mark | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    alpha: Alpha = "keep",
    settle: Callable[[Path, VideoSummary], VideoSummary] | None = None,
) -> VideoSummary:
    """Pass every frame of a clip through `edit` and write the result; copy all other streams.

    One streaming pass, in order, with bounded memory: decoding, `prepare`, `edit` and encoding run
    at the same time, each on a thread of its own, a few frames apart. Times, rotation, colour tags,
    pixel shape, metadata and chapters are kept; audio and subtitle packets are copied byte for
    byte. MP4 and MOV keep every time exactly; MKV and WebM know whole milliseconds only (a note
    says if that rounds).
    With `start` the result begins at zero.

    Parameters
    ----------
    source, target
        Input clip and output file (.mp4, .m4v, .mov, .mkv, .webm). The output appears only when it
        is complete.
    edit
        Called with each `Frame` (and what `prepare` returned), changes it in place; returns False
        for "left as it was".
    prepare
        Called with each `Frame` before `edit` is, to analyse it, while `edit` has an earlier one;
        must not change it.
    codec
        libx264 (or h264), libx265 (h265), libvpx-vp9 (vp9), ffv1. By default libx264, for .webm
        libvpx-vp9.
    crf, preset
        Quality (smaller is better; 0 is lossless) and effort, as the encoder knows them.
    start, end
        Seconds from the first frame.
    overwrite
        Replace an existing target.
    mark
        Provenance to write into the file; one that the source has is carried over.
    progress
        Called in the caller's thread with (frames done, expected total or None).
    threads
        Encoder threads; by default one more than ``cvfast.get_num_threads()`` if that is over 1,
        at most 16.
    alpha
        What becomes of a transparent clip: ``"keep"`` (an error if codec or container cannot) or
        ``"drop"``, which leaves every pixel in its colour, opaque.
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
    encoding = encoding_for(target, codec, crf=crf, preset=preset, threads=threads)
    began = time.perf_counter()
    keeps = _keeps(alpha)
    info = first_look(source, window, alpha=keeps)
    check_pixels(source, info)
    packet = stored_xmp(source)
    if mark is not None:
        packet = xmp_packet(mark, existing=packet)
    with atomic_path(target, overwrite=overwrite) as temporary:
        with open_clip(source) as (container, video):
            reader = Reader(source, container, video, window, alpha=keeps)
            with writing(target), open_output(temporary, encoding, info) as out:
                job = Transfer(reader, info, out)
                job.open(container, video, encoding, packet)
                job.run(edit, prepare, counter(progress, info, window))
        if packet is not None and encoding.is_mp4:
            append_mp4_mark(temporary, packet)
        summary = VideoSummary(
            path=Path(target),
            frames=job.frames,
            changed=job.changed,
            seconds=time.perf_counter() - began,
            damaged=reader.damage.count + job.unplaced,
            dropped=job.dropped,
            codec=encoding.codec,
            crf=crf,
            preset=preset,
            threads=encoding.threads,
            notes=tuple(job.notes),
        )
        return summary if settle is None else settle(temporary, summary)


def _keeps(alpha: Alpha) -> bool:
    if alpha not in ("keep", "drop"):
        raise ValueError(f"alpha: expected keep or drop, got {alpha!r}")
    return alpha == "keep"


@contextmanager
def writing(target: PathLike) -> Iterator[None]:
    """Turn FFmpeg's errors while writing into an OutputError."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        raise OutputError(
            f"{target}: cannot be written: {error.strerror}; nothing was left behind."
        ) from error


def first_look(path: PathLike, window: Window, *, alpha: bool = True) -> VideoInfo:
    """Decode until the window's first frame."""
    with open_clip(path) as (container, video):
        reader = Reader(path, container, video, window, alpha=alpha)
        for frame in reader.frames():
            info = describe(container, video, frame)
            if not reader.own_decoder:  # another one is not told of the container's rotation
                plain = first_look(path, window, alpha=False)
                return replace(info, rotation=plain.rotation, display_matrix=plain.display_matrix)
            return info
        length = container.duration
    if window.start and not reader.damage.count and length and window.start * 10**6 >= length:
        raise MediaError(
            f"{path}: it lasts {length / 1e6:.2f} s, so nothing is left of it from "
            f"start={float(window.start):g} on. Choose an earlier one."
        )
    which = "no frame" if window.whole else "no frame between start and end"
    raise MediaError(
        f"{path}: {which} could be decoded ({reader.damage.count} damaged packets). "
        "If the video is corrupt, copy it again from its source."
    )


def check_pixels(path: PathLike, info: VideoInfo) -> None:
    """Refuse a clip whose pixels cannot be edited."""
    try:
        check_format(info.pixel_format)
    except MediaError as error:
        raise MediaError(f"{path}: {error}") from None


def counter(progress: Progress | None, info: VideoInfo, window: Window) -> Callable[[int], None]:
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
