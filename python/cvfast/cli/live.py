"""``cvfast live``: a camera, or a file played as one, retouched as it happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.effects import EffectFlags
from cvfast.cli.report import Report
from cvfast.cli.retouch import parse_face
from cvfast.effects.options import COLORS, Choice, RetouchOptions
from cvfast.io.window import ESCAPE, prepare_windows

if TYPE_CHECKING:
    from cvfast.effects.live import LiveStats, Shown, Timing
    from cvfast.effects.video import FrameRetoucher
    from cvfast.io.camera import Camera, PlayedFile
    from cvfast.io.virtualcamera import VirtualCamera
    from cvfast.io.window import Window

__all__ = ["EXAMPLES", "USAGE", "live"]

EXAMPLES = (
    "cvfast live 0 --big-eyes 0.4 --eye-color green",
    "cvfast live 0 --smooth-skin 0.5 --virtual-camera --no-window",
    "cvfast live talk.mp4 --rate 60 --no-window --stats --big-eyes 0.4",
)
USAGE = "[CAMERA|CLIP] [OPTIONS]"
_FIRST_COLORS = {"eye_color": "green", "lip_color": "rose"}
_SLOWEST = 0.01  # frames a second
_KEYS = "q quits, space before/after, m mirrors, e next eye colour, s saves a picture"


def live(
    source: Annotated[
        str, Parameter(name="SOURCE", help="A camera's number or device, or a clip to play as one.")
    ] = "0",
    /,
    *,
    effects: EffectFlags | None = None,
    face: Annotated[
        str, Parameter(help="all, largest, or a number: 0 is the first found.")
    ] = "all",
    window: Annotated[bool, Parameter(help="Show a window with sliders.")] = True,
    mirror: Annotated[
        bool | None, Parameter(help="Mirror the window; cameras are, clips are not.")
    ] = None,
    virtual_camera: Annotated[
        bool, Parameter(negative="", help="Feed a camera that other programs see (not mirrored).")
    ] = False,
    size: Annotated[
        str | None, Parameter(help="Cameras: width and height to ask for, 1280x720 by default.")
    ] = None,
    rate: Annotated[
        str | None,
        Parameter(help="Frames a second; for a clip, max plays it as fast as can be."),
    ] = None,
    seconds: Annotated[float | None, Parameter(help="End after so long.")] = None,
    stats: Annotated[bool, Parameter(negative="", help="Tell at the end where time went.")] = False,
    common: Common | None = None,
) -> int:
    """Retouch a camera's pictures as they come.

    Keys: q quits, space before/after, m mirrors, e next eye colour, s saves a picture.
    """
    report = (common or Common()).report("live")
    if window:
        prepare_windows()  # before the imports below bring PyAV
    from cvfast.effects.live import run_live
    from cvfast.io.camera import Camera, open_source

    options, choice = _options(effects, window), parse_face(face)
    if seconds is not None and not 0 < seconds <= threading.TIMEOUT_MAX:
        raise ValueError(f"--seconds: expected a number over 0 (none: no end), got {seconds}")
    feed = open_source(source, size=_size(size), rate=_rate(rate), notice=report.note)
    session = _Session(_retoucher(options, choice), report, feed.name)
    session.mirrored = isinstance(feed, Camera) if mirror is None else mirror
    with ExitStack() as stack:
        if virtual_camera:
            session.feed(stack, feed.size, feed.rate)
        if window:
            session.open(stack, feed.size)
        done = run_live(feed, session.retoucher, session.show, seconds=seconds)
    _tell(report, feed, done, stats)
    return 0


def _retoucher(options: RetouchOptions, faces: Choice) -> FrameRetoucher:
    """Return one that is ready to run, and that no frame holds up."""
    from cvfast.effects.video import FrameRetoucher
    from cvfast.faces.tracking import FaceTracker

    tracker = FaceTracker(thorough=False)
    tracker.warm_up()
    return FrameRetoucher(options, faces=faces, tracker=tracker)


def _options(effects: EffectFlags | None, window: bool) -> RetouchOptions:
    """Return the effects; with sliders, none may be on yet."""
    flags = effects or EffectFlags()
    return RetouchOptions() if window and flags == EffectFlags() else flags.options()


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ValueError(f"--size: expected width x height such as 1280x720, got {text}")
    return int(width), int(height)


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        rate = float("inf" if text == "max" else text)
    except ValueError:
        rate = -1.0
    if not rate >= _SLOWEST:
        raise ValueError(
            f"--rate: expected frames a second from {_SLOWEST:g} on, or max, got {text}"
        )
    return rate


class _Session:
    """What a person does to the pictures while they run."""

    def __init__(self, retoucher: FrameRetoucher, report: Report, name: str) -> None:
        self.retoucher, self.mirrored = retoucher, False
        self._options, self._on = retoucher.options, True
        self._report, self._name = report, name
        self._window: Window | None = None
        self._camera: VirtualCamera | None = None

    def feed(self, stack: ExitStack, size: tuple[int, int], rate: float) -> None:
        """Show the pictures to other programs too."""
        from cvfast.io.virtualcamera import VirtualCamera

        self._camera = stack.enter_context(VirtualCamera(size, rate))
        self._report.note(f"other programs see it as the camera {self._camera.device}")

    def open(self, stack: ExitStack, size: tuple[int, int]) -> None:
        """Open the window."""
        from cvfast.io.window import Window

        self._window = stack.enter_context(
            Window(f"cvfast live: {self._name}", size, strengths(self._options), self._moved)
        )
        self._report.note(_KEYS)

    def show(self, shown: Shown) -> bool:
        """Show a finished picture everywhere, and do what a key asks; False ends the session."""
        if self._camera is not None:
            self._camera.send(shown.rgb)
        if self._window is None:
            return True
        lines = [f"{shown.rate:.0f} frames/s  {1000 * shown.latency:.0f} ms"]
        lines += [] if self._on else ["before"]
        key = self._window.show(shown.rgb, lines, mirrored=self.mirrored)
        if key is None or key in (ESCAPE, "q"):
            return False
        actions: dict[str, Callable[[], None]] = {
            " ": self._toggle,
            "m": self._mirror,
            "e": self._next_color,
            "s": lambda: self._save(shown),
        }
        actions.get(key, _nothing)()
        return True

    def _moved(self, slider: str, value: float) -> None:
        self._options = moved(self._options, slider, value)
        self._apply()

    def _apply(self) -> None:
        self.retoucher.options = self._options if self._on else RetouchOptions()

    def _toggle(self) -> None:
        self._on = not self._on
        self._apply()

    def _mirror(self) -> None:
        self.mirrored = not self.mirrored

    def _next_color(self) -> None:
        self._options = replace(self._options, eye_color=next_color(self._options.eye_color))
        self._apply()
        self._report.note(f"eye colour: {self._options.eye_color or 'your own'}")

    def _save(self, shown: Shown) -> None:
        """Save the picture as it is shown, in the folder we run in, marked if it was altered."""
        from cvfast.io.images import write_image
        from cvfast.io.provenance import Mark

        rgb = shown.rgb[:, ::-1] if self.mirrored else shown.rgb
        path = _free_name(time.strftime("cvfast-%Y%m%d-%H%M%S"))
        mark = Mark(actions=self.retoucher.options.actions) if shown.changed else None
        try:
            write_image(path, rgb, mark=mark)
        except OSError as error:  # no reason to end the session
            self._report.error(f"cvfast: {path}: cannot be saved: {error}")
        else:
            self._report.note(f"saved {path}")


def strengths(options: RetouchOptions) -> dict[str, float]:
    """Return the sliders and where they stand: a colour that is not chosen stands at 0."""
    found = {}
    for field in fields(options):
        color = field.name.removesuffix("_strength")
        if field.name in COLORS:
            continue
        chosen = color not in COLORS or getattr(options, color) is not None
        found[field.name] = getattr(options, field.name) if chosen else 0.0
    return found


def moved(options: RetouchOptions, slider: str, value: float) -> RetouchOptions:
    """Return the options after a slider was moved; a colour's slider chooses one if none is."""
    changes: dict[str, Any] = {slider: value}
    color = slider.removesuffix("_strength")
    if color in COLORS and getattr(options, color) is None and value > 0:
        changes[color] = _FIRST_COLORS[color]
    return replace(options, **changes)


def next_color(color: object) -> str | None:
    """Return the eye colour after this one; after the last comes the person's own."""
    from cvfast.effects.colors import EYE_COLORS

    names = [None, *dict.fromkeys(EYE_COLORS)]
    place = names.index(color) if color in names else 0
    return names[(place + 1) % len(names)]


def _nothing() -> None:
    """Answer a key that means nothing."""


def _free_name(stem: str) -> Path:
    path = Path(f"{stem}.png")
    number = 1
    while path.exists():
        number += 1
        path = Path(f"{stem}-{number}.png")
    return path


def _tell(report: Report, feed: Camera | PlayedFile, done: LiveStats, full: bool) -> None:
    """Print what was done, and in full where the time went."""
    name, size = feed.name, feed.size
    if setbacks := getattr(feed, "setbacks", 0):
        report.note(f"{name}: decoded slower than it plays; its clock stopped {setbacks} times")
    latency = done.latency
    text = (
        f"{name}: {done.frames} frames of {size[0]} x {size[1]} in {done.seconds:.1f} s, "
        f"{done.rate:.1f} frames/s, a face in {done.frames_with_faces}, {done.dropped} dropped; "
        f"latency {_ms(latency.median)} ms (95 % within {_ms(latency.p95)}, "
        f"longest {_ms(latency.max)})"
    )
    if full:
        rows = [f"  {'stage':<8} {'mean':>7} {'median':>7} {'95 %':>7} {'longest':>8}  ms"]
        rows += [
            f"  {stage:<8} {_ms(times.mean):>7} {_ms(times.median):>7} {_ms(times.p95):>7} "
            f"{_ms(times.max):>8}"
            for stage, times in done.stages.items()
        ]
        text = "\n".join([text, *rows])
    report.result(
        text,
        input=name,
        width=size[0],
        height=size[1],
        frames=done.frames,
        frames_with_faces=done.frames_with_faces,
        dropped=done.dropped,
        seconds=round(done.seconds, 3),
        fps=round(done.rate, 2),
        latency_ms=_record(latency),
        stages_ms={stage: _record(times) for stage, times in done.stages.items()},
        interrupted=done.interrupted,
    )


def _record(times: Timing) -> dict[str, float]:
    found = {"mean": times.mean, "median": times.median, "p95": times.p95, "max": times.max}
    return {name: round(1000 * value, 2) for name, value in found.items()}


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"
