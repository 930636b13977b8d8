"""The live loop, fed by sources that keep, miss or have no pace."""

from __future__ import annotations

import threading
import time

import av
import numpy as np
import pytest
from cvfast.effects.live import Timing, run_live
from cvfast.errors import MediaError
from cvfast.io.camera import Shot
from cvfast.io.frame import Frame


class FakeSource:
    """Gives `count` frames, `pause` seconds apart; then fails if told to."""

    def __init__(self, count, *, pause=0.0, waits=False, rotation=0, error=None):
        self.name, self.size, self.rate = "fake", (64, 48), 30.0
        self.waits, self._count, self._pause = waits, count, pause
        self._rotation, self._error = rotation, error
        self.given, self.ended = 0, threading.Event()

    def shots(self, stop):
        try:
            for number in range(self._count):
                if stop.wait(self._pause):
                    return
                raw = av.VideoFrame(64, 48, "yuv420p")
                frame = Frame(raw, rotation=self._rotation)
                frame.planes[0][:] = 16 + number
                frame.planes[1][:] = frame.planes[2][:] = 128
                self.given += 1
                yield Shot(frame, time.perf_counter(), 0.001)
            if self._error is not None:
                raise self._error
        finally:
            self.ended.set()


class FakeRetoucher:
    """Takes its time, and makes the first pixel white."""

    def __init__(self, seconds=0.0):
        self.seconds, self.frames_with_faces, self.seen = seconds, 0, []

    def find(self, frame):
        self.seen.append(int(frame.planes[0][-1, -1]) - 16)
        self.frames_with_faces += 1
        time.sleep(self.seconds)
        return ["face"]

    def draw(self, frame, subjects):
        assert subjects == ["face"]
        frame.planes[0][:2, :2] = 235
        return True


def test_every_frame_of_a_source_that_waits():
    source, retoucher, shown = FakeSource(20, waits=True), FakeRetoucher(0.002), []
    done = run_live(source, retoucher, lambda picture: shown.append(picture) or True)
    assert retoucher.seen == list(range(20))
    assert (done.frames, done.dropped, done.frames_with_faces) == (20, 0, 20)
    assert not done.interrupted
    assert [picture.rgb.shape for picture in shown] == [(48, 64, 3)] * 20
    assert all(picture.changed for picture in shown)
    assert all((picture.rgb[0, 0] == 255).all() for picture in shown)
    assert done.latency.count == 20
    assert 0.002 <= done.latency.median <= done.latency.p95 <= done.latency.max
    assert list(done.stages) == ["read", "find", "draw", "convert", "show"]
    assert done.stages["read"].mean == pytest.approx(0.001)
    assert 0 < done.rate < 500


def test_late_frames_are_dropped_and_the_newest_is_shown():
    source, retoucher = FakeSource(60, pause=0.002), FakeRetoucher(0.02)
    done = run_live(source, retoucher, lambda _picture: True)
    assert done.frames + done.dropped == 60
    assert done.dropped > 20
    assert retoucher.seen == sorted(retoucher.seen)
    assert retoucher.seen[-1] == 59
    # No frame waited for more than the one before it: nothing queued up.
    assert done.latency.median < 0.1


def test_upright():
    shown = []
    run_live(
        FakeSource(1, waits=True, rotation=1),
        FakeRetoucher(),
        lambda picture: shown.append(picture) or True,
    )
    rgb = shown[0].rgb
    assert rgb.shape == (64, 48, 3)
    assert (rgb[0, -1] == 255).all()  # turned clockwise: the first pixel is at the right
    assert (rgb[0, 0] == 0).all()


def test_ended_by_the_viewer():
    source = FakeSource(1000, pause=0.001)
    done = run_live(source, FakeRetoucher(), lambda _picture: False)
    assert done.frames == 1
    assert source.ended.wait(2)
    assert source.given < 1000


def test_ended_by_the_clock():
    source = FakeSource(100_000, pause=0.001)
    done = run_live(source, FakeRetoucher(), lambda _picture: True, seconds=0.1)
    assert 0.05 < done.seconds < 2
    assert source.ended.wait(2)
    # A source that has stalled is no reason to wait.
    slow = FakeSource(2, pause=0.05)
    slow_done = run_live(slow, FakeRetoucher(), lambda _picture: True, seconds=0.01)
    assert slow_done.frames == 1


def test_interrupted():
    def show(_picture):
        raise KeyboardInterrupt

    source = FakeSource(1000, pause=0.001)
    done = run_live(source, FakeRetoucher(), show)
    assert done.interrupted
    assert done.frames == 1
    assert source.ended.wait(2)


def test_a_source_that_fails():
    source = FakeSource(3, waits=True, error=MediaError("camera 0: gone"))
    shown = []
    with pytest.raises(MediaError, match="camera 0: gone"):
        run_live(source, FakeRetoucher(), lambda picture: shown.append(picture) or True)
    assert len(shown) == 3  # what came before was shown


def test_a_retoucher_that_fails():
    class Broken(FakeRetoucher):
        def draw(self, frame, subjects):
            raise ZeroDivisionError("a fault")

    source = FakeSource(1000, pause=0.001)
    with pytest.raises(ZeroDivisionError):
        run_live(source, Broken(), lambda _picture: True)
    assert source.ended.wait(2)


def test_nothing_at_all():
    done = run_live(FakeSource(0), FakeRetoucher(), lambda _picture: True)
    assert (done.frames, done.rate, done.latency.p95, done.latency.mean) == (0, 0.0, 0.0, 0.0)


def test_timing():
    times = np.random.default_rng(1).gamma(2.0, 0.004, 5000)
    timing = Timing()
    for seconds in times:
        timing.add(seconds)
    for share in (0.5, 0.9, 0.95, 0.99):
        assert timing.quantile(share) == pytest.approx(np.quantile(times, share), abs=2e-4)
    assert timing.mean == pytest.approx(times.mean())
    assert timing.max == times.max()
    timing.add(1e6)
    assert timing.quantile(1.0) == 1e6
