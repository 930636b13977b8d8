"""Reading an open clip: its packets and decoded frames, in file order, within a time window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from cvfast.errors import MediaError
from cvfast.io.clip import Window, rate_of, start_of
from cvfast.io.damage import Damage
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["Reader"]

_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_MATROSKA = "matroska"
# Two threads decode faster than most encoders take frames; more would only hold more of them.
_DECODE_THREADS = 2
_DEFAULT_RATE = Fraction(25)  # frames a second where neither times nor header say


class Reader:
    """Packets and decoded frames of an open clip; used by one thread at a time.

    Parameters
    ----------
    alpha
        Decode the alpha plane of a transparent clip, or leave it out.

    Attributes
    ----------
    own_decoder
        Whether the decoder is the stream's own, and not one chosen for its alpha.
    damage
        What could not be decoded or was patched up so far.
    shift
        Ticks of the video's time base from zero to the window's start (0 without a start).
    """

    def __init__(
        self,
        path: PathLike,
        container: InputContainer,
        video: VideoStream,
        window: Window,
        *,
        alpha: bool = True,
    ) -> None:
        self.path = path
        self.damage = Damage()
        self._container = container
        self._video = video
        self._window = window
        self.time_base = video.time_base or Fraction(1, 1000)
        self._origin = start_of(video)
        self._alpha = alpha
        self._decoder = _decoder(video, alpha)
        self.own_decoder = self._decoder is video.codec_context
        self._decoder.thread_type, self._decoder.thread_count = "AUTO", _DECODE_THREADS
        self.first = self._origin
        if window.start is not None:
            self.first += math.ceil(window.start / self.time_base)
        self.shift = 0 if window.start is None else self.first
        self._next = self._origin

    def packets(self) -> Iterator[Packet[Stream]]:
        """Demux until the window's end; flushing packets (no size, no time) come last."""
        import av

        self._seek()
        reached = Fraction(0)
        waiting = {self._video.index, *(s.index for s in self._container.streams.audio)}
        over: set[int] = set()
        try:
            for packet in self._container.demux():
                time = packet.dts if packet.dts is not None else packet.pts
                if time is not None and packet.time_base:
                    reached = max(reached, (time + (packet.duration or 0)) * packet.time_base)
                    if self._after(time * packet.time_base):
                        over.add(packet.stream.index)
                if waiting <= over:
                    return
                if packet.stream.index not in over or time is None:
                    yield packet
        except av.FFmpegError as error:
            raise MediaError(
                f"{self.path}: reading failed after {float(reached):.2f} s ({error.strerror}); "
                "the file is damaged or cut off there. Copy it again, or use end= to stop before."
            ) from error
        self._check_end(reached)

    def everything(self) -> Iterator[Packet[Stream] | VideoFrame]:
        """Decode the video on the way: its frames (lead-in included), the others' packets."""
        flushed = False
        for packet in self.packets():
            if packet.stream.index != self._video.index:
                yield packet
                continue
            flushed = _is_flush(packet)
            if packet.size or flushed:  # an empty one in the middle says: as before
                yield from self._decode(packet)
        if not flushed:
            yield from self._decode(None)

    def frames(self) -> Iterator[VideoFrame]:
        """Decode the video alone: its frames within the window."""
        import av

        for item in self.everything():
            if isinstance(item, av.VideoFrame):
                yield item

    def holds(self, time: Fraction) -> bool:
        """Whether a time in seconds, on the file's own clock, lies in the window."""
        start = self._window.start
        if start is not None and time < self.first * self.time_base:
            return False
        return not self._after(time)

    def leads(self, time: Fraction) -> bool:
        """Whether a time lies in the lead-in before the window."""
        start = self.first * self.time_base
        return start - self._window.lead_in <= time < start

    def seconds(self, pts: int) -> Fraction:
        """Return seconds from the clip's first frame, which is what start= and end= count."""
        return (pts - self._origin) * self.time_base

    def notes(self) -> list[str]:
        """Tell what was wrong with the frames in the window."""
        return self.damage.notes(
            lambda pts: self.seconds(pts) if self.holds(pts * self.time_base) else None
        )

    def _decode(self, packet: Packet[Stream] | None) -> Iterator[VideoFrame]:
        import av

        if packet is not None:
            self.damage.sent(packet.pts)
        try:
            frames = self._decoder.decode(packet)
        except av.error.EOFError:
            return
        except av.FFmpegError:
            self.damage.failed()
            return
        for raw in frames:
            frame = raw if self._alpha else _opaque(raw)
            pts = frame.pts = self._pts(frame)
            frame.time_base = self.time_base
            self.damage.came(pts, corrupt=frame.is_corrupt)
            if self.holds(pts * self.time_base) or self.leads(pts * self.time_base):
                yield frame

    def _pts(self, frame: VideoFrame) -> int:
        """Return a frame's time, made up if there is none."""
        # Presentation time, or decoding time in the files that give nothing else.
        pts = frame.pts if frame.pts is not None else frame.dts
        if pts is None:
            if self._window.start:
                raise self._timeless()
            pts = self._next
            self.damage.made_up(pts)
        rate = rate_of(self._video) or _DEFAULT_RATE
        self._next = pts + (frame.duration or max(1, round(1 / (rate * self.time_base))))
        return pts

    def _timeless(self) -> MediaError:
        return MediaError(
            f"{self.path}: its frames have no times, so that start= cannot be found. Write the "
            "whole clip first (it gets times by its frame rate), then cut that."
        )

    def _after(self, time: Fraction) -> bool:
        end = self._window.end
        return end is not None and time - self._origin * self.time_base >= end

    def _seek(self) -> None:
        import av

        if not self._window.start:
            return
        # A second earlier: key frames are found by decoding time, which runs ahead.
        target = int(self.first - (1 + self._window.lead_in) / self.time_base)
        try:
            self._container.seek(target, stream=self._video)
        except av.FFmpegError:  # a file without an index is read from its beginning
            try:
                self._container.seek(0)
            except av.FFmpegError as error:
                raise self._timeless() from error

    def _check_end(self, reached: Fraction) -> None:
        """Matroska says its duration in front: much less means that the rest is missing."""
        promised = self._container.duration
        if self._window.end is not None or promised is None:
            return
        if _MATROSKA in self._container.format.name and reached + 1 < Fraction(promised, 10**6):
            raise MediaError(
                f"{self.path}: ends after {float(reached):.2f} s, but its header promises "
                f"{promised / 1e6:.2f} s: the file is cut off or its header is wrong. "
                f"Copy it again, or use end={float(reached):.2f} to take what is there."
            )


def _decoder(video: VideoStream, alpha: bool) -> VideoCodecContext:
    """Return the stream's own decoder, but libvpx for WebM's alpha, which FFmpeg's pass over."""
    import av

    own = video.codec_context
    codec = _ALPHA_DECODERS.get(own.name)
    if not alpha or codec is None or video.metadata.get("alpha_mode") != "1":
        return own
    decoder = cast("VideoCodecContext", av.CodecContext.create(codec, "r"))
    decoder.width, decoder.height = own.width, own.height
    return decoder


def _opaque(frame: VideoFrame) -> VideoFrame:
    """Return a frame without its alpha plane; the other planes stay as they are."""
    return frame.reformat(format=frame.format.name.replace("yuva", "yuv"))


def _is_flush(packet: Packet[Stream]) -> bool:
    return packet.size == 0 and packet.pts is None and packet.dts is None
