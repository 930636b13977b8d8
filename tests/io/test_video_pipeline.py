"""Transcoding in overlapping steps: the same bytes, in order, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import cvfast
import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.io.video import probe, read_frames, transcode

VFR = (0, 100, 999, 1000, 1024, 7000, 7001, 9000, 15360, 20000)
CFR = tuple(range(0, 40 * 512, 512))


def keep(_frame):
    return False


def run(source, target, edit=keep, **options):
    return transcode(source, target, edit, **({"crf": 23, "preset": "ultrafast"} | options))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def no_thread_survives():
    before = set(threading.enumerate())  # another test's: the thread that try-on keeps
    yield
    left = set(threading.enumerate()) - before
    assert [t.name for t in left if t.name.startswith("cvfast-")] == []


def test_what_prepare_found_reaches_edit_with_its_frame_in_order(clip, tmp_path):
    order, threads = [], {}

    def prepare(frame):
        threads["prepare"] = threading.current_thread()
        time.sleep(np.random.default_rng(frame.pts).random() / 500)
        return frame.pts, frame.planes[0].mean()

    def edit(frame, found):
        threads["edit"] = threading.current_thread()
        assert found == (frame.pts, frame.planes[0].mean())
        order.append(frame.pts)
        frame.planes[0][:8] = 0
        return frame.pts > 1000

    summary = run(clip(), tmp_path / "out.mp4", edit, prepare=prepare)
    assert order == list(VFR)
    assert (summary.frames, summary.changed) == (10, 6)
    assert len({*threads.values(), threading.main_thread()}) == 3
    assert all(frame.planes[0][:8].max() < 20 for frame in read_frames(tmp_path / "out.mp4"))


@pytest.mark.parametrize("times", [VFR, CFR])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_neither_bytes_nor_times_depend_on_who_is_slow(clip, tmp_path, demuxed, times, suffix):
    source = clip("in.mov", times=times, audio=True)

    def slow(seed):
        numbers = np.random.default_rng(seed)
        return lambda _: time.sleep(numbers.random() / 300) or False

    def both(seed):
        return lambda _frame, _found: slow(seed)(None)

    targets = [tmp_path / f"{n}{suffix}" for n in range(4)]
    options = {"threads": 2, "preset": "veryfast"}
    run(source, targets[0], **options)
    run(source, targets[1], slow(1), **options)
    run(source, targets[2], both(2), prepare=slow(3), **options)
    run(source, targets[3], prepare=slow(4), edit=lambda _frame, _found: False, **options)
    assert len({target.read_bytes() for target in targets}) == 1
    old, new = (demuxed(path, "audio")[0] for path in (source, targets[0]))
    assert [packet[0] for packet in new] == [packet[0] for packet in old]
    if suffix == ".mp4":
        assert demuxed(targets[0], "audio") == demuxed(source, "audio")
        assert [frame.pts for frame in read_frames(targets[0])] == list(times)


def test_few_frames_are_held_at_a_time(clip, tmp_path):
    lock = threading.Lock()
    ahead, most = 0, 0

    def prepare(_frame):
        nonlocal ahead, most
        with lock:
            ahead += 1
            most = max(most, ahead)

    def edit(_frame, _found):
        nonlocal ahead
        time.sleep(0.003)
        with lock:
            ahead -= 1
        return False

    run(clip(times=CFR), tmp_path / "out.mp4", edit, prepare=prepare)
    assert 2 <= most <= 8  # ahead of the slow step, but not far


@pytest.mark.parametrize("place", ["prepare", "edit", "progress"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError, MediaError])
def test_an_error_in_any_step_surfaces_as_it_is(clip, tmp_path, place, error):
    def fail(where):
        calls = 0

        def step(*_):
            nonlocal calls
            calls += 1
            if where == place and calls == 4:
                raise error("stop")
            return False

        return step

    source = clip(audio=True)
    with pytest.raises(error, match="stop"):
        run(source, tmp_path / "out.mp4", fail("edit"), prepare=fail("prepare"),
            progress=fail("progress"))  # fmt: skip
    assert names(tmp_path) == ["clip.mp4"]


def test_an_error_while_reading_surfaces_in_order(clip, tmp_path):
    times = tuple(range(0, 4000, 40))
    source = clip("in.mkv", times=times, time_base=Fraction(1, 1000))
    bad = tmp_path / "cut.mkv"
    bad.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    seen = []
    with pytest.raises(MediaError, match=r"cut.mkv: ends after"):
        run(bad, tmp_path / "out.mkv", lambda frame: seen.append(frame.pts))
    assert len(seen) > 30  # what could be read was passed on first
    assert names(tmp_path) == ["cut.mkv", "in.mkv"]


def test_progress_comes_in_the_callers_thread(clip, tmp_path):
    threads = set()
    run(clip(), tmp_path / "out.mp4", progress=lambda *_: threads.add(threading.current_thread()))
    assert threads == {threading.main_thread()}


CHILD = """
import signal, sys, time
sys.path.insert(0, {package!r})
from cvfast.io.video import transcode
def stop(*_):
    raise SystemExit(9)
signal.signal(signal.SIGTERM, stop)
def slow(frame):
    print("working", flush=True)
    time.sleep(0.05)
transcode({source!r}, {target!r}, slow, preset="medium", threads=2)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_soon_and_leaves_nothing(clip, tmp_path, number):
    source = clip("in.mp4", times=tuple(range(0, 400 * 512, 512)), audio=True)
    script = CHILD.format(
        package=str(Path(cvfast.__file__).parents[1]),
        source=str(source),
        target=str(tmp_path / "out.mp4"),
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for _ in range(5):
        child.stdout.readline()
    began = time.monotonic()
    os.kill(child.pid, number)
    _, text = child.communicate(timeout=20)
    assert time.monotonic() - began < 10  # of the 20 seconds that the clip takes
    if number == signal.SIGTERM:
        assert child.returncode == 9
    else:
        assert b"KeyboardInterrupt" in text
    assert names(tmp_path) == ["in.mp4"]


def test_packets_of_a_long_silence_between_frames_are_bounded(clip, tmp_path, demuxed):
    # Two pictures ten seconds apart: all the sound between them comes at once.
    source = clip("in.mp4", times=(0, 153600), audio=True)
    assert len(demuxed(source, "audio")[0]) > 400
    run(source, tmp_path / "out.mp4")
    assert demuxed(tmp_path / "out.mp4", "audio") == demuxed(source, "audio")
    assert probe(tmp_path / "out.mp4").frames == 2


def test_a_frame_that_is_not_edited_is_what_was_decoded(clip, tmp_path, decoded):
    source = clip(times=CFR, options={"crf": "30", "bf": "3", "preset": "medium"})
    run(source, tmp_path / "out.mp4", crf=0)
    for (_, old), (_, new) in zip(decoded(source), decoded(tmp_path / "out.mp4"), strict=True):
        for a, b in zip(old, new, strict=True):
            np.testing.assert_array_equal(a, b)
