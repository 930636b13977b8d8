"""Pictures as they happen: from a camera, or from a file that is played as if it were one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from cvfast.errors import MediaError
from cvfast.io.frame import Frame
from cvfast.io.opencv import load_cv2
from cvfast.io.video import probe, read_frames
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["Camera", "PlayedFile", "Shot", "Source", "open_source"]

_TICKS = 1_000_000  # pts of what has no times of its own are microseconds
_BEHIND = 0.25  # seconds that a file may lag before its clock is set back
_RETRIES = 5
_PAUSE = 0.3  # seconds before the first retry; the n-th takes n times as long
_DEFAULT_SIZE = (1280, 720)
_BT601, _LIMITED = 6, 1  # as ITU-T H.273 numbers them


@dataclass(frozen=True)
class Shot:
    """A frame, and when it was handed over.

    Attributes
    ----------
    frame
        Its pts are times on the source's clock.
    due
        `time.perf_counter` when the camera gave it, or when the file's time for it came.
    reading
        Seconds that decoding or fetching it took.
    """

    frame: Frame
    due: float
    reading: float


class Source(Protocol):
    """Where live pictures come from.

    Attributes
    ----------
    name
        What messages call it.
    size
        Width and height as shown.
    rate
        Frames per second that it means to give.
    waits
        Whether it gives the next frame only when asked; a camera does not.
    """

    name: str
    size: tuple[int, int]
    rate: float
    waits: bool

    def shots(self, stop: threading.Event) -> Iterator[Shot]:
        """Give frames until the end, or until `stop` is set."""
        ...


class PlayedFile:
    """A clip played as if it were a camera: each frame comes when its time has come.

    A clip that cannot be decoded as fast as it is played is played slower.

    Parameters
    ----------
    path
        The clip.
    rate
        Frames per second, at even distances, in place of the clip's own times; ``inf`` gives each
        as soon as it is asked for, which measures how fast frames could come.

    Attributes
    ----------
    setbacks
        How often the clock had to wait for the decoder.

    Raises
    ------
    MediaError
        It is no clip that can be read.
    """

    def __init__(self, path: PathLike, *, rate: float | None = None) -> None:
        info = probe(path)
        self.name = str(path)
        self.size = (info.width, info.height)
        if info.rotation % 2:
            self.size = self.size[::-1]
        self.waits = rate == float("inf")
        self.rate = float(info.rate or 25) if rate is None or self.waits else rate
        self.setbacks = 0
        self._path, self._own_times = path, rate is None

    def shots(self, stop: threading.Event) -> Iterator[Shot]:
        """Give the frames of the clip, each at its time."""
        began: float | None = None
        before = time.perf_counter()
        for number, frame in enumerate(read_frames(self._path)):
            now = time.perf_counter()
            reading = now - before
            elapsed = self._elapsed(frame, number)
            if began is None:
                began = now - elapsed
            due = now
            if not self.waits:
                due = began + elapsed
                if now - due > _BEHIND:
                    began, due = now - elapsed, now
                    self.setbacks += 1
                if stop.wait(min(max(0.0, due - now), threading.TIMEOUT_MAX)):
                    return
            _set_time(frame, elapsed)
            yield Shot(frame, due, reading)
            if stop.is_set():
                return
            before = time.perf_counter()

    def _elapsed(self, frame: Frame, number: int) -> float:
        if self._own_times and frame.seconds is not None:
            return float(frame.seconds)
        return number / self.rate


class Camera:
    """A camera, through OpenCV.

    Parameters
    ----------
    device
        Its number, or its path such as ``/dev/video2``.
    size
        Width and height to ask for; the camera takes the nearest that it has.
    rate
        Frames per second to ask for.
    notice
        Called with a sentence when something happens that a person should know.

    Raises
    ------
    MissingDependencyError
        OpenCV cannot be loaded.
    MediaError
        There is no such camera, or it gives no picture.
    """

    def __init__(
        self,
        device: int | str,
        *,
        size: tuple[int, int] | None = None,
        rate: float | None = None,
        notice: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._cv2, self._device, self._notice = load_cv2(), device, notice
        self._wanted, self._rate = size or _DEFAULT_SIZE, rate
        self.name = f"camera {device}"
        self.waits = False
        self._capture = self._open()
        first = self._read()
        if first is None:
            absent = self._absent()
            self._close()
            raise MediaError(f"{absent}. {_advice(device)}")
        self._shape = first.shape
        self.size = (first.shape[1] & ~1, first.shape[0] & ~1)  # 4:2:0 has even sides
        told = float(self._capture.get(self._cv2.CAP_PROP_FPS) or 0)
        self.rate = told if 1 <= told <= 1000 else rate or 30.0

    def shots(self, stop: threading.Event) -> Iterator[Shot]:
        """Give pictures as they come; one that goes away is waited for, for a few seconds.

        Raises
        ------
        MediaError
            It did not come back.
        """
        began = time.perf_counter()
        try:
            while not stop.is_set():
                before = time.perf_counter()
                picture = self._read()
                if picture is None:
                    picture = self._again(stop)
                if picture is None or stop.is_set():
                    return
                due = time.perf_counter()
                frame = _frame(self._cv2, picture)
                _set_time(frame, due - began)
                yield Shot(frame, due, time.perf_counter() - before)
        finally:
            self._close()

    def _again(self, stop: threading.Event) -> ImageU8 | None:
        """Try to get the picture back; None if `stop` was set meanwhile."""
        self._notice(f"{self.name}: gives no picture; trying again ({_RETRIES} times)")
        for attempt in range(1, _RETRIES + 1):
            self._close()
            if stop.wait(_PAUSE * attempt):
                return None
            self._capture = self._open()
            picture = self._read()
            if picture is not None and picture.shape == self._shape:
                self._notice(f"{self.name}: back again")
                return picture
        raise MediaError(
            f"{self.name}: gave no picture any more and did not come back after {_RETRIES} tries. "
            "Plug it in again, see that no other program took it, and start anew."
        )

    def _open(self) -> Any:
        cv2 = self._cv2
        with _silent(cv2):
            capture = cv2.VideoCapture(self._device, _backend(cv2))
            if capture.isOpened():
                # Motion JPEG is what lets most cameras give 720p at full rate.
                capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._wanted[0])
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._wanted[1])
                if self._rate:
                    capture.set(cv2.CAP_PROP_FPS, self._rate)
                capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what lies in a queue is late
        return capture

    def _read(self) -> ImageU8 | None:
        with suppress(self._cv2.error):
            good, picture = self._capture.read()
            if good and picture is not None and picture.ndim == 3 and picture.size:
                found: ImageU8 = picture
                return found
        return None

    def _close(self) -> None:
        self._capture.release()

    def _absent(self) -> str:
        if self._capture.isOpened():
            return f"{self.name} is there, but gives no picture"
        return f"no {self.name}"


def open_source(
    name: str,
    *,
    size: tuple[int, int] | None = None,
    rate: float | None = None,
    notice: Callable[[str], None] = lambda _text: None,
) -> PlayedFile | Camera:
    """Open what a person named: a camera's number or device, or a file.

    Parameters
    ----------
    name
        ``"0"``, ``"/dev/video0"`` or the path of a clip.
    size, rate, notice
        As for `Camera` and `PlayedFile`; a file has its own size.

    Raises
    ------
    MediaError
        It cannot be opened.
    ValueError
        A size for a file, or a rate that a camera cannot have.
    """
    if name.isascii() and name.isdigit() and not Path(name).exists():
        device: int | str = int(name)
    elif name.startswith("/dev/video") or Path(name).is_char_device():
        device = name
    else:
        if size is not None:
            raise ValueError(f"size: expected none for a file, which has its own, got {size}")
        return PlayedFile(name, rate=rate)
    if rate == float("inf"):
        raise ValueError("rate: expected a number for a camera, got max")
    return Camera(device, size=size, rate=rate, notice=notice)


def _frame(cv2: Any, picture: ImageU8) -> Frame:
    """Make a frame with planes of its own of a camera's BGR picture."""
    import av

    height, width = (side & ~1 for side in picture.shape[:2])
    planes = cv2.cvtColor(picture[:height, :width], cv2.COLOR_BGR2YUV_I420)
    raw = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    raw.colorspace, raw.color_range = _BT601, _LIMITED  # what cvtColor makes
    return Frame(raw)


def _set_time(frame: Frame, seconds: float) -> None:
    frame.pts, frame.time_base = round(seconds * _TICKS), Fraction(1, _TICKS)


def _advice(device: int | str) -> str:
    """Say what to do about a camera that does not open."""
    way = "Plug one in, or close the program that uses it; or give a file to play as a camera."
    if not sys.platform.startswith("linux"):
        return f"{way} The system may also have to allow this program to see it (privacy settings)."
    there = sorted(str(path) for path in Path("/dev").glob("video*"))
    return f"{way} Devices here: {', '.join(there) or 'none (/dev/video*)'}."


@contextmanager
def _silent(cv2: Any) -> Iterator[None]:
    """Keep OpenCV's log of what it tried in vain to ourselves."""
    log = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(level)


def _backend(cv2: Any) -> int:
    """Return the system's own way to cameras; others would be tried at length and in vain."""
    names = {"linux": "CAP_V4L2", "darwin": "CAP_AVFOUNDATION", "win32": "CAP_DSHOW"}
    return int(getattr(cv2, names.get(sys.platform, "CAP_ANY")))
