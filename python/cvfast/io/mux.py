"""Output files: which container takes what, the encoder, and streams copied packet for packet."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cvfast.config import available_isas, get_num_threads
from cvfast.errors import MediaError
from cvfast.io.clip import VideoInfo, has_alpha
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

__all__ = [
    "Encoding",
    "add_copies",
    "add_encoder",
    "encoder_threads",
    "encoding_for",
    "open_output",
    "shard_encoding",
    "unkept",
]

_FORMATS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
}
_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
_ALIASES = {"h264": "libx264", "h265": "libx265", "hevc": "libx265", "vp9": "libvpx-vp9"}
# Codec: (suffixes whose container takes it, largest crf).
_CODECS = {
    "libx264": ((".mp4", ".m4v", ".mov", ".mkv"), 51),
    "libx265": ((".mp4", ".m4v", ".mov", ".mkv"), 51),
    "libvpx-vp9": ((".mp4", ".mkv", ".webm"), 63),
    "ffv1": ((".mkv",), None),
}
# Effort of libvpx-vp9 (cpu-used) for each of the presets; over 5 counts in its real-time mode only.
_VP9_SPEEDS = (8, 7, 6, 5, 4, 3, 2, 1, 0)
_ALPHA = ("libvpx-vp9", "ffv1")
_FIELDS = ("libx264", "ffv1")
_MAX_THREADS = 16  # x264 holds a frame per thread; more gain nothing at face-video sizes
_INT32_MAX = 2**31 - 1
# Written anew by the muxer, or true of the old encoding only.
_STALE = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "bps",
          "number_of_frames", "number_of_bytes", "_statistics", "vendor_id", "xmp",
          "alpha_mode")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the video will be written: checked names and numbers."""

    codec: str
    format: str
    suffix: str
    crf: float
    preset: str
    threads: int

    @property
    def is_mp4(self) -> bool:
        """Whether the container is MP4 or MOV (boxes), not Matroska."""
        return self.format in ("mp4", "mov")

    def options(self, info: VideoInfo) -> dict[str, str]:
        """Return the encoder's own options."""
        if self.codec == "ffv1":
            return {"level": "3"}
        if self.codec == "libvpx-vp9":
            return self._vp9_options(info)
        hdr = info.hdr.options(self.codec)
        if self.codec == "libx265":
            lossless = ":lossless=1" if self.crf == 0 else ""
            params = f"log-level=error:pools={self.threads}{lossless}{hdr}"
            return {"crf": f"{self.crf:g}", "preset": self.preset, "x265-params": params}
        # crf 0 loses a little at 10 bits
        quality = {"qp": "0"} if self.crf == 0 else {"crf": f"{self.crf:g}"}
        params = (":bff=1" if info.bottom_first else "") + hdr
        if "x86-64-v4" in available_isas():
            # x264's AVX-512 code reads past its tables in narrow pictures (seen up to 272 pixels):
            # the bytes then differ from run to run. AVX2 is as fast, measured at 720p and 1080p.
            params += ":asm=AVX2"
        more = {"x264-params": params.removeprefix(":")} if params else {}
        return quality | {"preset": self.preset} | more

    def _vp9_options(self, info: VideoInfo) -> dict[str, str]:
        options = {"crf": f"{self.crf:g}", "b": "0", "row-mt": "1"}
        speed = _VP9_SPEEDS[_PRESETS.index(self.preset)]
        options |= {"cpu-used": str(speed), "deadline": "realtime" if speed > 5 else "good"}
        if self.crf == 0:
            options["lossless"] = "1"
        if has_alpha(info.pixel_format):
            options["auto-alt-ref"] = "0"  # frames that are never shown cannot carry alpha
        return options


def encoding_for(
    target: PathLike, codec: str | None, *, crf: float, preset: str, threads: int | None
) -> Encoding:
    """Check the encoder's settings against the output's suffix.

    Without a codec it is libx264, or libvpx-vp9 for what cannot hold that (.webm); without threads
    they are as many as suit this machine.

    Raises
    ------
    ValueError
        If the suffix, codec, crf, preset or number of threads is not one that works.
    """
    suffix = Path(target).suffix.lower()
    if suffix not in _FORMATS:
        raise ValueError(
            f"target: expected a name ending in {', '.join(_FORMATS)}, got {str(target)!r}"
        )
    codec = next(name for name in _CODECS if suffix in _CODECS[name][0]) if codec is None else codec
    codec = _ALIASES.get(codec, codec)
    if codec not in _CODECS:
        raise ValueError(f"codec: expected one of {', '.join([*_CODECS, *_ALIASES])}, got {codec}")
    suffixes, largest = _CODECS[codec]
    if suffix not in suffixes:
        takes = [name for name, (fits, _) in _CODECS.items() if suffix in fits]
        raise ValueError(
            f"codec: {suffix} takes {', '.join(takes)}, got {codec} (which {', '.join(suffixes)} "
            "can hold)"
        )
    if largest is not None and not 0 <= crf <= largest:
        raise ValueError(f"crf: expected 0 to {largest} for {codec}, got {crf}")
    if preset not in _PRESETS:
        raise ValueError(f"preset: expected one of {', '.join(_PRESETS)}, got {preset}")
    if threads is None:
        threads = encoder_threads()
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    return Encoding(codec, _FORMATS[suffix], suffix, crf, preset, threads)


def encoder_threads() -> int:
    """Return how many threads of an encoder suit this machine."""
    # One more than there are cores: frame threads wait for each other's rows now and then.
    cores = get_num_threads()
    return min(cores + (cores > 1), _MAX_THREADS)


def shard_encoding(encoding: Encoding) -> Encoding:
    """Return how a shard is written: packets as the encoder gives them, at exact times."""
    return replace(encoding, format="nut")


@contextmanager
def open_output(temporary: Path, encoding: Encoding, info: VideoInfo) -> Iterator[OutputContainer]:
    """Open the output; closed with its trailer if all went well, abandoned otherwise."""
    import av

    out = av.open(
        f"file:{temporary}",
        "w",
        format=encoding.format,
        container_options=_options(encoding, info),
        metadata_errors="surrogateescape",
    )
    try:
        yield out
        out.close()
    except BaseException:
        # Without a file to come back to, closing does not copy gigabytes for nothing.
        with suppress(OSError):
            temporary.unlink()
        with suppress(av.FFmpegError):
            out.close()
        raise


def add_encoder(
    out: OutputContainer, source: PathLike, video: VideoStream, info: VideoInfo, encoding: Encoding
) -> VideoStream:
    """Add the encoded stream with the input's time base, colours, rotation and pixel shape.

    Raises
    ------
    MediaError
        If the encoder cannot keep the clip's pixel format or size.
    """
    import av
    from av.codec.context import Flags, ThreadType

    _check_pixels(source, info, encoding)
    stream = cast("VideoStream", out.add_stream(encoding.codec, rate=info.rate or Fraction(25)))
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = info.width, info.height, info.pixel_format
    context.time_base = info.time_base
    stream.time_base = info.time_base
    context.options = encoding.options(info)
    # Frame threads: slices would cost quality. The number decides x264's bytes.
    context.thread_type, context.thread_count = ThreadType.FRAME, encoding.threads
    context.flags |= Flags.frame_duration
    if info.interlaced:
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    context.color_range, context.colorspace = info.color.range, info.color.matrix
    context.color_primaries, context.color_trc = info.color.primaries, info.color.transfer
    if info.sample_aspect:
        context.sample_aspect_ratio = info.sample_aspect
    if encoding.codec == "libx265" and encoding.is_mp4:
        context.codec_tag = "hvc1"  # the spelling that Apple's players ask for
    if info.display_matrix is not None:
        stream.set_display_matrix(info.display_matrix)
    stream.metadata.update(fresh(video.metadata))
    if not _counts_frames(stream.metadata.get("timecode", ""), info.rate):
        del stream.metadata["timecode"]
    stream.disposition = video.disposition
    try:
        context.open()
    except av.FFmpegError as error:
        raise MediaError(
            f"{source}: {encoding.codec} refuses {info.width}x{info.height} {info.pixel_format} "
            f"({error.strerror}); choose another codec or convert the clip first"
        ) from error
    return stream


def add_copies(
    out: OutputContainer, source: PathLike, clip: InputContainer, info: VideoInfo, suffix: str
) -> tuple[dict[int, Stream], list[str]]:
    """Add every other stream as it is.

    Returns
    -------
    streams : dict
        Output stream by input stream index.
    notes : list of str
        What the container cannot hold and is left out (data and attachments only).

    Raises
    ------
    MediaError
        If the container cannot hold an audio or subtitle stream; names one that can.
    """
    copies: dict[int, Stream] = {}
    notes = []
    for stream in clip.streams:
        if stream.index == info.index or _is_timecode(stream):
            continue
        if _fits(stream, _FORMATS[suffix]):
            copy = out.add_stream_from_template(stream, opaque=True)
            copy.metadata.update(fresh(stream.metadata))
            copy.disposition = stream.disposition
            copies[stream.index] = copy
            continue
        name = info.streams[stream.index]
        others = [s for s, fmt in _FORMATS.items() if s != ".m4v" and _fits(stream, fmt)]
        if stream.type in ("audio", "subtitle"):
            way = f"write {' or '.join(others)} instead" if others else "convert that stream first"
            raise MediaError(f"{source}: {suffix} cannot hold {name}; {way}")
        notes.append(f"{name} left out: {suffix} cannot hold it")
    return copies, notes


def fresh(metadata: dict[str, str]) -> dict[str, str]:
    """Return metadata without what only described the old file."""
    kept = {k: v for k, v in metadata.items() if not k.lower().startswith(_STALE)}
    if "name" in kept:  # MP4 reads a track's title as its name, but writes its title
        kept.setdefault("title", kept["name"])
    return kept


def _options(encoding: Encoding, info: VideoInfo) -> dict[str, str]:
    if not encoding.is_mp4:
        # Audio may start a little before zero (its encoder's run-in); times stay as they are.
        # Without a random identifier: the same input gives the same bytes.
        return {"avoid_negative_ts": "disabled", "fflags": "+bitexact"}
    ticks = info.time_base.denominator
    # Start offsets are stored in the movie's own unit: one that divides all streams' units.
    units = [s.time_base.denominator for s in info.streams if s.time_base]
    common = math.lcm(ticks, *units)
    return {
        "movflags": "+faststart",
        "video_track_timescale": str(ticks),
        "movie_timescale": str(common if common <= _INT32_MAX else ticks),
    }


def _check_pixels(source: PathLike, info: VideoInfo, encoding: Encoding) -> None:
    import av

    alpha = has_alpha(info.pixel_format)

    def suffixes(codec: str) -> list[str]:
        """Return the suffixes under which a codec keeps the pixels as they are."""
        formats = av.Codec(codec, "w").video_formats or []
        odd = (info.width | info.height) % 2 == 1 and codec in ("libx264", "libx265")
        subsampled = "420" in info.pixel_format or "422" in info.pixel_format
        if info.pixel_format not in [f.name for f in formats] or (odd and subsampled):
            return []
        if alpha and codec not in _ALPHA:
            return []
        return [s for s in _CODECS[codec][0] if not alpha or _FORMATS[s] in ("matroska", "webm")]

    if encoding.suffix in suffixes(encoding.codec):
        return
    others = [f"{c} ({'/'.join(found)})" for c in _CODECS if (found := suffixes(c))]
    way = f"use codec {' or '.join(others)}" if others else "convert it to yuv420p first"
    if alpha:
        way += ", or alpha='drop' (--drop-alpha) to leave out what makes it transparent"
    raise MediaError(
        f"{source}: {encoding.codec} cannot keep {info.width}x{info.height} {info.pixel_format} "
        f"in {encoding.suffix}; {way}"
    )


def unkept(info: VideoInfo, encoding: Encoding) -> list[str]:
    """Say what of the picture's description the encoder cannot write down."""
    notes = [f"{what} left out: {encoding.codec} cannot carry it"
             for what in info.hdr.lost(encoding.codec)]  # fmt: skip
    if info.interlaced:
        marked = "" if encoding.codec in _FIELDS else " but no longer marked (libx264 marks them)"
        notes.append(f"interlaced: fields are kept as they are{marked}; effects see both at once")
    return notes


def _is_timecode(stream: Stream) -> bool:
    """Whether it is MP4's timecode track, which the muxer makes anew from the video's metadata."""
    return stream.type == "data" and "timecode" in stream.metadata


def _counts_frames(timecode: str, rate: Fraction | None) -> bool:
    """Whether the muxer takes it: drop-frame timecode (with ;) needs an exact NTSC rate."""
    return ";" not in timecode or (rate is not None and rate % Fraction(30000, 1001) == 0)


def _fits(stream: Stream, container_format: str) -> bool:
    """Try the stream alone in an empty file in memory: the muxer itself knows best."""
    import io

    import av

    try:
        with av.open(io.BytesIO(), "w", format=container_format) as trial:
            copy = trial.add_stream_from_template(stream, opaque=True)
            copy.disposition = stream.disposition
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True
