"""The live loop: frames come when they come, the newest is retouched and shown, late ones fall."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cvfast.effects.video import FrameRetoucher
from cvfast.io.camera import Shot, Source
from cvfast.typing import ImageU8

__all__ = ["LiveStats", "Shown", "Timing", "run_live"]

_BIN = 1e-4  # seconds
_BINS = 20_000  # up to 2 s
_RECENT = 30  # frames over which the rate on the screen is taken
_PATIENCE = 2.0  # seconds for the source's thread to end


class Timing:
    """Durations counted in bins of 0.1 ms: percentiles of any number of them in fixed memory.

    Examples
    --------
    >>> timing = Timing()
    >>> for milliseconds in (1, 2, 3, 50):
    ...     timing.add(milliseconds / 1000)
    >>> f"{timing.median * 1000:.1f} {timing.p95 * 1000:.1f} {timing.max * 1000:.1f}"
    '2.0 50.0 50.0'
    """

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(_BINS + 1, np.int64)
        self._total = 0.0
        self.count = 0
        self.max = 0.0

    def add(self, seconds: float) -> None:
        """Count a duration."""
        self._counts[min(_BINS, max(0, math.ceil(seconds / _BIN - 1e-6)))] += 1
        self._total += seconds
        self.count += 1
        self.max = max(self.max, seconds)

    def quantile(self, share: float) -> float:
        """Return the duration within which `share` of all stay; rounded up to 0.1 ms."""
        if not self.count:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self._counts), math.ceil(share * self.count)))
        return self.max if place >= _BINS else min(self.max, place * _BIN)

    @property
    def median(self) -> float:
        """Half of all are no longer."""
        return self.quantile(0.5)

    @property
    def p95(self) -> float:
        """95 of 100 are no longer."""
        return self.quantile(0.95)

    @property
    def mean(self) -> float:
        """The average."""
        return self._total / self.count if self.count else 0.0


@dataclass
class LiveStats:
    """What a live session did.

    Attributes
    ----------
    frames, dropped
        Shown, and left out because a newer one was there.
    frames_with_faces
        Shown frames in which a face was found.
    seconds
        From the first frame to the last.
    latency
        From a frame's hand-over by its source to its being ready for showing.
    stages
        Where the time went: ``read`` (on a thread of its own), ``find``, ``draw``, ``convert``,
        ``show``.
    interrupted
        Ended by Ctrl-C.
    """

    frames: int = 0
    dropped: int = 0
    frames_with_faces: int = 0
    seconds: float = 0.0
    latency: Timing = field(default_factory=Timing)
    stages: dict[str, Timing] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def rate(self) -> float:
        """Frames shown per second."""
        return (self.frames - 1) / self.seconds if self.seconds > 0 else 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the block's time."""
        began = time.perf_counter()
        yield
        self.stages.setdefault(name, Timing()).add(time.perf_counter() - began)


@dataclass(frozen=True)
class Shown:
    """A finished picture.

    Attributes
    ----------
    rgb
        (height, width, 3) uint8, upright, not mirrored.
    changed
        Whether an effect changed it.
    latency
        Seconds since its source handed it over.
    rate
        Frames per second of late.
    """

    rgb: ImageU8
    changed: bool
    latency: float
    rate: float


class _Slot:
    """Holds the newest frame until it is taken; one that was not is lost, and counted."""

    def __init__(self, *, waits: bool) -> None:
        self._waits = waits  # the giver, for the taker, instead of replacing
        self._changed = threading.Condition()
        self._shot: Shot | None = None
        self._error: BaseException | None = None
        self._ended = False
        self.dropped = 0

    def put(self, shot: Shot) -> None:
        with self._changed:
            while self._waits and self._shot is not None and not self._ended:
                self._changed.wait()
            if self._ended:
                return
            self.dropped += self._shot is not None
            self._shot = shot
            self._changed.notify_all()

    def take(self, timeout: float | None) -> Shot | None:
        """Return the newest frame; None at the end, or when `timeout` seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._shot is not None or self._ended, timeout)
            shot, self._shot = self._shot, None
            self._changed.notify_all()
            if shot is None and self._error is not None:
                raise self._error
            return shot

    def end(self, error: BaseException | None = None) -> None:
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()


def run_live(
    source: Source,
    retoucher: FrameRetoucher,
    show: Callable[[Shown], bool],
    *,
    seconds: float | None = None,
) -> LiveStats:
    """Retouch what a source gives, as it comes, until it ends.

    The source runs on a thread of its own, so that the next frame is decoded while this one is
    retouched. If frames come faster than they can be retouched, older ones are dropped; they never
    queue up. Ctrl-C ends the session like any other way.

    Parameters
    ----------
    source
        A camera, or a file that is played as one.
    retoucher
        What to do to the frames; its options may be changed meanwhile.
    show
        Called with each finished picture on the caller's thread; False ends the session.
    seconds
        Time after which to end.

    Returns
    -------
    LiveStats

    Raises
    ------
    MediaError
        The camera went away and did not come back, or the file cannot be read any further.

    Examples
    --------
    >>> run_live(PlayedFile("me.mp4"), retoucher, lambda shown: True)  # doctest: +SKIP
    """
    stats, stop, slot = LiveStats(), threading.Event(), _Slot(waits=source.waits)
    thread = threading.Thread(
        target=_feed, args=(source, slot, stop), name="cvfast-live-source", daemon=True
    )
    thread.start()
    try:
        _loop(slot, source.waits, retoucher, show, seconds, stats)
    except KeyboardInterrupt:
        stats.interrupted = True
    finally:
        stop.set()
        slot.end()
        thread.join(_PATIENCE)
        stats.dropped = slot.dropped
    return stats


def _feed(source: Source, slot: _Slot, stop: threading.Event) -> None:
    """Bring the source's frames to the slot; runs on a thread of its own."""
    try:
        for shot in source.shots(stop):
            slot.put(shot)
            if stop.is_set():
                break
        slot.end()
    except BaseException as error:  # raised again where the frames are taken
        slot.end(error)


def _loop(
    slot: _Slot,
    waits: bool,
    retoucher: FrameRetoucher,
    show: Callable[[Shown], bool],
    seconds: float | None,
    stats: LiveStats,
) -> None:
    recent: deque[float] = deque(maxlen=_RECENT)
    began: float | None = None
    while True:
        left = None if seconds is None or began is None else began + seconds - time.perf_counter()
        if left is not None and left <= 0:
            return
        shot = slot.take(left)
        if shot is None:
            return
        # A frame that waited to be asked for was not late.
        due = time.perf_counter() if waits else shot.due
        began = due if began is None else began
        stats.stages.setdefault("read", Timing()).add(shot.reading)
        rgb, changed = _retouched(shot, retoucher, stats)
        ready = time.perf_counter()
        stats.latency.add(ready - due)
        recent.append(ready)
        stats.frames += 1
        stats.seconds = ready - began
        rate = (len(recent) - 1) / (ready - recent[0]) if len(recent) > 1 else 0.0
        with stats.stage("show"):
            going_on = show(Shown(rgb, changed, ready - due, rate))
        if not going_on:
            return


def _retouched(shot: Shot, retoucher: FrameRetoucher, stats: LiveStats) -> tuple[ImageU8, bool]:
    """Retouch a frame; return it as a picture ready to be shown, and whether it was changed."""
    frame = shot.frame
    with stats.stage("find"):
        before = retoucher.frames_with_faces
        subjects = retoucher.find(frame)
        stats.frames_with_faces += retoucher.frames_with_faces - before
    with stats.stage("draw"):
        changed = retoucher.draw(frame, subjects)
    with stats.stage("convert"):
        rgb, _ = frame.rgb_small(max(frame.width, frame.height))
        if frame.rotation % 4:
            rgb = np.ascontiguousarray(np.rot90(rgb, -frame.rotation))
    return rgb, changed
