"""A clip's way from file to file: decode | prepare | edit | encode, all at the same time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from cvfast.errors import MediaError
from cvfast.io.clip import VideoInfo
from cvfast.io.frame import Frame
from cvfast.io.mux import Encoding, add_copies, add_encoder, fresh, unkept
from cvfast.io.pipeline import run_overlapped
from cvfast.io.reader import Reader

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["Transfer"]

# The MP4 muxer fills the gaps between subtitles with empty ones itself; two would be one too many.
_EMPTY_TEXT = b"\0\0"
_PARCELS = 8  # under way: one in each step, and some to wait between them
_PACKETS, _BYTES = 64, 1 << 20  # that travel with one frame


@dataclass(slots=True)
class _Parcel:
    """What moves down the line: packets to copy and, if there is one, the frame behind them."""

    copies: list[tuple[Packet[Stream], Stream]]
    frame: Frame | None = None
    leads: bool = False  # the frame is for looking at, not for writing
    prepared: Any = None
    is_last: bool = False


class Transfer:
    """One pass over a clip. The input belongs to the first thread, the output to the last.

    Attributes
    ----------
    frames, changed
        Written, and of these changed by `edit`.
    dropped
        Frames left out because their time was not after the frame before.
    unplaced
        Packets of other streams that the output refused because their times run backwards.
    notes
        What the output could not keep, and what was wrong with the input, in words.
    last
        Seconds for which the last frame is shown, as the input says; None if it does not.
    encoder
        The output's video stream.
    """

    def __init__(self, reader: Reader, info: VideoInfo, out: OutputContainer) -> None:
        self.frames = self.changed = self.dropped = self.unplaced = 0
        self.notes: list[str] = []
        self.last: Fraction | None = None
        self._reader, self._info, self._out = reader, info, out
        self._shift, self._may_be_empty = reader.shift, False
        self._copies: dict[int, Stream] = {}

    def open(
        self,
        container: InputContainer,
        video: VideoStream,
        encoding: Encoding,
        packet: bytes | None,
    ) -> None:
        """Add all streams and write the header."""
        source, out = self._reader.path, self._out
        self._refills = encoding.is_mp4
        self.encoder = add_encoder(out, source, video, self._info, encoding)
        self._copies, notes = add_copies(out, source, container, self._info, encoding.suffix)
        self.notes = unkept(self._info, encoding) + notes
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

    def open_shard(self, video: VideoStream, encoding: Encoding) -> None:
        """Add the video alone, with the clip's first frame at zero; it may get no frame at all."""
        self.encoder = add_encoder(self._out, self._reader.path, video, self._info, encoding)
        self._shift, self._may_be_empty = self._info.start, True
        self._out.start_encoding()

    def run(
        self,
        edit: Callable[..., bool | None],
        prepare: Callable[[Frame], Any] | None,
        progress: Callable[[int], None],
    ) -> None:
        """Read, edit and write until the end; `progress` gets the number of frames written."""

        def prepared(parcel: _Parcel) -> _Parcel:
            if prepare is not None and parcel.frame is not None:
                parcel.prepared = prepare(parcel.frame)
            return parcel

        def edited(parcel: _Parcel) -> _Parcel:
            if parcel.frame is not None:
                more = () if prepare is None else (parcel.prepared,)
                changed = edit(parcel.frame, *more) is not False
                self.changed += changed and not parcel.leads
            return parcel

        def report(frames: int) -> None:
            if frames:
                progress(frames)

        steps = [edited, self._write] if prepare is None else [prepared, edited, self._write]
        run_overlapped(self._parcels(), steps, report, room=_PARCELS)
        self.notes += self._reader.notes()

    def _parcels(self) -> Iterator[_Parcel]:
        import av

        copies: list[tuple[Packet[Stream], Stream]] = []
        last: int | None = None
        for item in self._reader.everything():
            frame, leads = None, False
            if not isinstance(item, av.VideoFrame):
                if (stream := self.copied(item)) is not None:
                    copies.append((item, stream))
                if len(copies) < _PACKETS and sum(packet.size for packet, _ in copies) < _BYTES:
                    continue
            elif last is not None and _pts(item) <= last:
                self.dropped += 1
                self._reader.damage.disordered(_pts(item))
                continue
            else:
                self._check(item)
                last = _pts(item)
                leads = self._reader.leads(last * self._info.time_base)
                frame = Frame(item, time_base=self._info.time_base, rotation=self._info.rotation)
            yield _Parcel(copies, frame, leads)
            copies = []
        if last is None and not self._may_be_empty:
            raise MediaError(
                f"{self._reader.path}: no frame between start and end could be decoded "
                f"({self._reader.damage.count} damaged packets)"
            )
        yield _Parcel(copies, is_last=True)

    def _check(self, raw: VideoFrame) -> None:
        info, reader = self._info, self._reader
        found = (raw.width, raw.height, raw.format.name)
        if found == (info.width, info.height, info.pixel_format):
            return
        time = math.floor(reader.seconds(_pts(raw)) * 1000) / 1000  # no frame lies between
        raise MediaError(
            f"{reader.path}: the picture changes at {time:.3f} s: expected {info.width}x"
            f"{info.height} {info.pixel_format} as before, got {found[0]}x{found[1]} {found[2]}. "
            f"Write two files: one with end={time:.3f}, one with start={time:.3f}."
        )

    def copied(self, packet: Packet[Stream]) -> Stream | None:
        """Return the output stream that a packet goes to as it is, and set its times for that."""
        from av.stream import Disposition

        stream = self._copies.get(packet.stream.index)
        time = packet.pts if packet.pts is not None else packet.dts
        if stream is None or (packet.size == 0 and time is None):
            return None
        if self._refills and bytes(packet) == _EMPTY_TEXT and packet.stream.name == "mov_text":
            return None
        base = packet.time_base
        if packet.stream.disposition & Disposition.attached_pic:  # it has no time
            return stream
        if time is not None and not self._reader.holds(time * base):
            return None
        shift = round(self._reader.shift * self._info.time_base / base)
        if shift:
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
        return stream

    def copy(self, packet: Packet[Stream], stream: Stream) -> None:
        """Write a packet of another stream as it is."""
        import av

        packet.stream = stream
        try:
            self._out.mux_one(packet)
        except av.error.ArgumentError:  # times that run backwards: a damaged input
            self.unplaced += 1

    def _write(self, parcel: _Parcel) -> int:
        """Return the number of frames written if this parcel had one."""
        for packet, stream in parcel.copies:
            self.copy(packet, stream)
        if parcel.is_last:
            self._out.mux(self.encoder.encode(None))
        if parcel.frame is None or parcel.leads:
            return 0
        raw = parcel.frame.video_frame
        raw.pts = _pts(raw) - self._shift
        self.last = raw.duration * self._info.time_base if raw.duration else None
        raw.pict_type = 0  # the encoder chooses its own key frames
        self._out.mux(self.encoder.encode(raw))
        self.frames += 1
        return self.frames


def _pts(frame: VideoFrame) -> int:
    return cast("int", frame.pts)  # the reader gives every frame one
