"""Clips made from nothing but pictures: H.264 in MP4, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from cvfast.io.atomic import atomic_path
from cvfast.io.hum import add_hum
from cvfast.io.provenance import Mark, append_mp4_mark, xmp_packet
from cvfast.io.video import writing
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

__all__ = ["add_video", "check_movie", "encode_pictures", "write_movie"]


def write_movie(
    path: PathLike,
    frames: Iterable[ImageU8],
    *,
    size: tuple[int, int],
    rate: int,
    mark: Mark | None = None,
    overwrite: bool = False,
    crf: float = 16,
    times: Sequence[Fraction] | None = None,
    loudness: Callable[[float], float] | None = None,
) -> int:
    """Write pictures as a clip, one after the other.

    Parameters
    ----------
    path
        An .mp4 file, which appears when it is complete.
    frames
        (height, width, 3) uint8 RGB each, of one size.
    size
        Width and height, even numbers.
    rate
        Frames per second.
    mark
        Provenance to write into the file.
    overwrite
        Replace an existing file.
    crf
        Quality; smaller is better.
    times
        When each picture is shown, in seconds, rising; else `rate` a second.
    loudness
        Of a hum in [0, 1], by seconds; else there is no sound.

    Returns
    -------
    int
        How many frames there were.

    Raises
    ------
    ValueError
        Another suffix than .mp4, or odd sides (4:2:0 halves them).
    OutputExistsError, OutputError
        As for `cvfast.io.atomic.atomic_path`.

    Examples
    --------
    >>> import numpy as np
    >>> grey = (np.full((64, 64, 3), level, np.uint8) for level in range(0, 250, 10))
    >>> write_movie("dawn.mp4", grey, size=(64, 64), rate=25)  # doctest: +SKIP
    25
    """
    import av

    check_movie(path, size)
    with atomic_path(path, overwrite=overwrite) as temporary:
        options = {"movflags": "+faststart"}
        with (
            writing(path),
            av.open(str(temporary), "w", format="mp4", options=options) as out,
        ):
            video = add_video(out, size, rate, crf=crf)
            sound = out.add_stream("aac", rate=48_000, layout="mono") if loudness else None
            count = encode_pictures(out, video, frames, rate, times)
            if sound is not None and loudness is not None:
                seconds = count / rate if times is None else float(times[-1]) + 1 / rate
                add_hum(out, sound, seconds, loudness)
        if mark is not None:
            append_mp4_mark(temporary, xmp_packet(mark))
    return count


def check_movie(path: PathLike, size: tuple[int, int]) -> None:
    """Refuse a name or sides that `write_movie` cannot write."""
    if not str(path).lower().endswith(".mp4"):
        raise ValueError(f"{path}: expected a name that ends with .mp4")
    if size[0] % 2 or size[1] % 2 or min(size) < 2:
        raise ValueError(f"size: expected even sides, got {size[0]} x {size[1]}")


def add_video(
    out: OutputContainer, size: tuple[int, int], rate: int, *, crf: float = 16
) -> VideoStream:
    """Add an H.264 stream, 4:2:0 in BT.709, to an open output."""
    from av.video.reformatter import ColorRange, Colorspace

    video = out.add_stream("libx264", rate=rate, options={"crf": f"{crf:g}", "preset": "fast"})
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries = context.color_trc = 1  # BT.709
    return video


def encode_pictures(
    out: OutputContainer,
    video: VideoStream,
    frames: Iterable[ImageU8],
    rate: int,
    times: Sequence[Fraction] | None = None,
) -> int:
    """Encode pictures into a stream of `add_video`, and return how many there were."""
    import av
    from av.video.reformatter import ColorRange, Colorspace

    count, tick = 0, Fraction(1, rate)
    if times is not None:
        tick = video.codec_context.time_base = Fraction(1, 90_000)
    for pixels in frames:
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts = count if times is None else round(times[count] / tick)
        frame.time_base = tick
        frame.pict_type = 0
        out.mux(video.encode(frame))
        count += 1
    out.mux(video.encode(None))
    return count
