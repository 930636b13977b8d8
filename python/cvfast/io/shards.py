"""Clips written in shards by several workers, and put together as one pass would write them."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cvfast.errors import MediaError
from cvfast.io.atomic import atomic_path
from cvfast.io.clip import Seconds, VideoInfo, Window, open_clip, stored_xmp
from cvfast.io.frame import Frame
from cvfast.io.mux import encoding_for, open_output, shard_encoding
from cvfast.io.provenance import Mark, append_mp4_mark, xmp_packet
from cvfast.io.reader import Reader
from cvfast.io.transfer import Transfer
from cvfast.io.video import VideoSummary, check_pixels, counter, first_look, writing
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

__all__ = ["Cut", "ShardSummary", "join_shards", "write_shard"]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The part of a clip that becomes one output file, and how: the same for all its shards.

    As the arguments of `cvfast.io.video.transcode`; `target` is the final output.
    """

    source: PathLike
    target: PathLike
    codec: str | None = None
    crf: float = 18
    preset: str = "medium"
    threads: int | None = None
    start: Seconds | None = None
    end: Seconds | None = None
    alpha: Literal["keep", "drop"] = "keep"


@dataclass(frozen=True)
class ShardSummary:
    """What `write_shard` did; `last` is for how many seconds its last frame is shown."""

    video: VideoSummary
    last: Fraction | None


def write_shard(
    cut: Cut,
    shard: Path,
    edit: Callable[..., bool | None],
    *,
    start: Fraction | None,
    end: Fraction | None,
    lead_in: Fraction = Fraction(0),
    prepare: Callable[[Frame], Any] | None = None,
    progress: Progress | None = None,
) -> ShardSummary:
    """Write the video of a part of a clip alone, to be joined later; replaces what is there.

    Parameters
    ----------
    cut
        The whole to which the shard belongs.
    shard
        The file to write, ``.nut``.
    edit, prepare, progress
        As for `cvfast.io.video.transcode`.
    start, end
        The shard's own part, in seconds from the clip's first frame.
    lead_in
        Seconds before `start` whose frames `prepare` and `edit` get too, so that they have settled
        at `start`.

    Raises
    ------
    MediaError, OutputError, ValueError
        As for ``transcode``.

    Examples
    --------
    >>> cut = Cut(source="clip.mp4", target="new.mp4")
    >>> half = {"start": None, "end": Fraction(30)}
    >>> write_shard(cut, Path("0.nut"), lambda frame: False, **half)  # doctest: +SKIP
    """
    window = Window(start, end, lead_in)
    began = time.perf_counter()
    whole = encoding_for(cut.target, cut.codec, crf=cut.crf, preset=cut.preset, threads=cut.threads)
    encoding = shard_encoding(whole)
    keeps = cut.alpha == "keep"
    info = first_look(cut.source, Window.of(cut.start, cut.end), alpha=keeps)
    check_pixels(cut.source, info)
    with atomic_path(shard, overwrite=True) as temporary, open_clip(cut.source) as (clip, video):
        reader = Reader(cut.source, clip, video, window, alpha=keeps)
        with writing(shard), open_output(temporary, encoding, info) as out:
            job = Transfer(reader, info, out)
            job.open_shard(video, encoding)
            job.run(edit, prepare, counter(progress, info, window))
    summary = VideoSummary(
        path=shard,
        frames=job.frames,
        changed=job.changed,
        seconds=time.perf_counter() - began,
        damaged=reader.damage.count,
        dropped=job.dropped,
        codec=encoding.codec,
        crf=cut.crf,
        preset=cut.preset,
        threads=encoding.threads,
        notes=tuple(job.notes),
    )
    return ShardSummary(summary, job.last)


def join_shards(
    cut: Cut,
    shards: Sequence[PathLike],
    *,
    last: Fraction | None = None,
    overwrite: bool = False,
    mark: Mark | None = None,
    progress: Progress | None = None,
    settle: Callable[[Path, VideoSummary], VideoSummary] | None = None,
) -> VideoSummary:
    """Write the clip whose video is in `shards` and whose other streams are in its source.

    What `cvfast.io.video.transcode` would write in one pass, but that each shard begins with a key
    frame: the same times, streams, metadata and marks. No picture is decoded or encoded.

    Parameters
    ----------
    cut
        As for `write_shard`.
    shards
        All that hold a frame, in the order of showing.
    last
        Seconds for which the last frame is shown; one frame at the average rate by default.
    overwrite, mark, progress, settle
        As for ``transcode``; `progress` counts frames joined.

    Raises
    ------
    MediaError
        If a shard cannot be read, or its encoder was set up in another way.
    OutputError
        If the target cannot be written.

    Examples
    --------
    >>> cut = Cut(source="clip.mp4", target="new.mp4")
    >>> join_shards(cut, ["0.nut", "1.nut"])  # doctest: +SKIP
    """
    window = Window.of(cut.start, cut.end)
    encoding = encoding_for(
        cut.target, cut.codec, crf=cut.crf, preset=cut.preset, threads=cut.threads
    )
    began = time.perf_counter()
    info = first_look(cut.source, window, alpha=cut.alpha == "keep")
    packet = stored_xmp(cut.source)
    if mark is not None:
        packet = xmp_packet(mark, existing=packet)
    with atomic_path(cut.target, overwrite=overwrite) as temporary:
        with open_clip(cut.source) as (clip, video):
            reader = Reader(cut.source, clip, video, window)
            with writing(cut.target), open_output(temporary, encoding, info) as out:
                job = Transfer(reader, info, out)
                job.open(clip, video, encoding, packet)
                joined = _Joined(shards, job.encoder, info, info.start - reader.shift, last)
                _interleave(reader, job, out, joined, progress)
        if packet is not None and encoding.is_mp4:
            append_mp4_mark(temporary, packet)
        summary = VideoSummary(
            path=Path(cut.target),
            frames=joined.frames,
            changed=joined.frames,
            seconds=time.perf_counter() - began,
            damaged=job.unplaced,
            dropped=0,
            codec=encoding.codec,
            crf=cut.crf,
            preset=cut.preset,
            threads=encoding.threads,
            notes=tuple(job.notes),
        )
        return summary if settle is None else settle(temporary, summary)


class _Joined:
    """The packets of all shards, with the decoding times that one encoder would have given."""

    def __init__(
        self,
        shards: Sequence[PathLike],
        stream: VideoStream,
        info: VideoInfo,
        shift: int,
        last: Fraction | None,
    ) -> None:
        self._shards, self._stream, self._base = shards, stream, info.time_base
        self._shift = shift
        self._extradata = stream.codec_context.extradata
        coded = array("q", (pts for shard in shards for pts, _ in self._read(shard)))
        self._shown = array("q", sorted(coded))
        self.frames = len(coded)
        # By how many frames decoding has to run ahead of showing, for every frame to be in time.
        self._ahead = max((i - bisect_right(self._shown, p) + 1 for i, p in enumerate(coded)),
                          default=0)  # fmt: skip
        self._last = round((last or 1 / (info.rate or Fraction(25))) / self._base)

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Give the packets in order of decoding, ready for the muxer."""
        shown, ahead = self._shown, self._ahead
        run_in = shown[min(ahead, self.frames - 1)] - shown[0] if self.frames else 0
        number = 0
        for shard in self._shards:
            for pts, packet in self._read(shard):
                packet.pts = pts
                early = number < ahead
                packet.dts = shown[number] - run_in if early else shown[number - ahead]
                after = bisect_right(shown, pts)
                packet.duration = shown[after] - pts if after < self.frames else self._last
                packet.time_base = self._base
                packet.stream = self._stream
                yield packet
                number += 1

    def _read(self, shard: PathLike) -> Iterator[tuple[int, Packet[VideoStream]]]:
        """Read a shard's packets with their times in the output, in ticks of the clip."""
        import av

        try:
            with av.open(f"file:{shard}", format="nut") as container:
                video = container.streams.video[0]
                if video.codec_context.extradata != self._extradata:
                    raise MediaError(
                        f"{shard}: its encoder was set up in another way than the output's "
                        "(another version of FFmpeg, or other settings). Make the shards anew."
                    )
                for packet in container.demux(video):
                    if packet.size and packet.pts is not None:
                        ticks = packet.pts * packet.time_base / self._base
                        yield int(ticks) + self._shift, packet
        except (av.FFmpegError, IndexError) as error:
            raise MediaError(f"{shard}: the shard cannot be read: {error}") from error


def _interleave(
    reader: Reader,
    job: Transfer,
    out: OutputContainer,
    joined: _Joined,
    progress: Progress | None,
) -> None:
    """Write the packets of all streams in order of time."""
    frames = enumerate(joined.packets(), 1)
    held = next(frames, None)

    def until(moment: Fraction | None) -> None:
        nonlocal held
        while held is not None:
            number, packet = held
            if moment is not None and (packet.dts or 0) * packet.time_base > moment:
                return
            out.mux_one(packet)
            if progress is not None:
                progress(number, joined.frames)
            held = next(frames, None)

    for packet in reader.packets():
        stream = job.copied(packet)
        if stream is None:
            continue
        if packet.dts is not None:  # in the output's time by now
            until(packet.dts * packet.time_base)
        job.copy(packet, stream)
    until(None)
