"""Cameras that come and go, played by a fake of OpenCV; and clips played as cameras."""

from __future__ import annotations

import sys
import threading
import time
from fractions import Fraction
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.io import camera
from cvfast.io.camera import Camera, PlayedFile, open_source


class FakeCapture:
    """Plays a script: numbers are grey pictures, None is a failure to read."""

    def __init__(self, owner, device):
        self.owner, self.device, self.open = owner, device, owner.plugged
        owner.opened.append(device)
        self.properties = {}

    def isOpened(self):
        return self.open

    def set(self, key, value):
        self.properties[key] = value
        self.owner.asked[key] = value

    def get(self, key):
        return self.owner.answers.get(key, 0)

    def read(self):
        if not self.open or not self.owner.script:
            return False, None
        level = self.owner.script.pop(0)
        if level is None:
            return False, None
        return True, np.full((*self.owner.shape, 3), level, np.uint8)

    def release(self):
        self.open = False
        self.owner.released += 1


class FakeCv2:
    """As much of OpenCV as a camera needs."""

    def __init__(self, script, *, plugged=True, shape=(48, 64)):
        self.script, self.plugged, self.shape = list(script), plugged, shape
        self.opened, self.asked, self.answers, self.released = [], {}, {}, 0

    def VideoCapture(self, device, backend):
        assert backend == camera._backend(cv2)
        return FakeCapture(self, device)

    def __getattr__(self, name):
        return getattr(cv2, name)


@pytest.fixture
def fake(monkeypatch):
    """Put a camera in OpenCV's place."""
    monkeypatch.setattr(camera, "_PAUSE", 0.001)

    def plug(script, **options):
        found = FakeCv2(script, **options)
        monkeypatch.setattr(camera, "load_cv2", lambda: found)
        return found

    return plug


def levels(shots):
    return [round(float(shot.frame.rgb().mean())) for shot in shots]


def test_a_camera(fake):
    plugged = fake([10, 100, 200])  # the first tells the size
    plugged.answers[cv2.CAP_PROP_FPS] = 60.0
    found = Camera(2, size=(640, 480), rate=60)
    assert (found.size, found.rate, found.waits, found.name) == ((64, 48), 60.0, False, "camera 2")
    assert plugged.opened == [2]
    assert plugged.asked[cv2.CAP_PROP_FRAME_WIDTH] == 640
    assert plugged.asked[cv2.CAP_PROP_FRAME_HEIGHT] == 480
    assert plugged.asked[cv2.CAP_PROP_FPS] == 60
    assert plugged.asked[cv2.CAP_PROP_BUFFERSIZE] == 1
    before = time.perf_counter()
    shots = found.shots(threading.Event())
    first, second = next(shots), next(shots)
    assert levels([first, second]) == [100, 200]
    assert before <= first.due <= second.due <= time.perf_counter()
    assert 0 <= first.frame.seconds <= second.frame.seconds < 10
    shots.close()
    assert plugged.released == 1


def test_colors_of_a_camera(fake):
    fake([])
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[...] = (40, 120, 220)  # BGR
    frame = camera._frame(cv2, picture)
    assert np.abs(frame.rgb().astype(int) - (220, 120, 40)).max() <= 2
    assert frame.format == "yuv420p"


def test_an_odd_size_is_cut_to_an_even_one(fake):
    fake([10, 20], shape=(47, 65))
    found = Camera(0)
    assert found.size == (64, 46)
    shot = next(found.shots(threading.Event()))
    assert (shot.frame.width, shot.frame.height) == found.size


def test_a_camera_that_does_not_say_its_rate(fake):
    fake([10])
    assert Camera(0).rate == 30.0
    fake([10])
    assert Camera(0, rate=15).rate == 15


def test_no_camera(fake):
    fake([], plugged=False)
    with pytest.raises(MediaError, match=r"^no camera 7\. Plug one in, or close the program"):
        Camera(7)


def test_a_camera_without_pictures(fake):
    fake([None])
    with pytest.raises(MediaError, match="camera 0 is there, but gives no picture"):
        Camera(0)


def test_a_camera_that_comes_back(fake):
    plugged, notices = fake([10, 20, None, None, 30, 40]), []
    found = Camera(0, notice=notices.append)
    shots = found.shots(threading.Event())
    assert levels([next(shots), next(shots), next(shots)]) == [20, 30, 40]
    assert notices == [
        "camera 0: gives no picture; trying again (5 times)",
        "camera 0: back again",
    ]
    assert plugged.opened == [0, 0, 0]


def test_a_camera_that_is_unplugged(fake):
    plugged, notices = fake([10, 20]), []
    shots = Camera(0, notice=notices.append).shots(threading.Event())
    next(shots)
    with pytest.raises(MediaError, match=r"did not come back after 5 tries. Plug it in again"):
        next(shots)
    assert len(plugged.opened) == 1 + 5
    assert len(notices) == 1


def test_a_camera_that_comes_back_as_another(fake):
    plugged = fake([10, 20, None, 30, 30, 30, 30, 30])
    shots = Camera(0).shots(threading.Event())
    next(shots)
    plugged.shape = (24, 32)
    with pytest.raises(MediaError, match="did not come back"):
        next(shots)


def test_stopped_while_it_is_away(fake, monkeypatch):
    monkeypatch.setattr(camera, "_PAUSE", 60.0)
    fake([10, 20])
    stop = threading.Event()
    shots = Camera(0).shots(stop)
    next(shots)
    threading.Timer(0.05, stop.set).start()
    assert list(shots) == []


def test_which_source_is_meant(fake, clip25, tmp_path, monkeypatch):
    plugged = fake([10, 10])
    assert isinstance(open_source("0"), Camera)
    assert isinstance(open_source("/dev/video3"), Camera)
    assert plugged.opened == [0, "/dev/video3"]
    assert isinstance(open_source(str(clip25)), PlayedFile)
    with pytest.raises(ValueError, match="size: expected none for a file"):
        open_source(str(clip25), size=(640, 480))
    with pytest.raises(ValueError, match="rate: expected a number for a camera"):
        open_source("0", rate=float("inf"))
    with pytest.raises(MediaError, match=r"gone.mp4: cannot be read"):
        open_source(str(tmp_path / "gone.mp4"))
    (tmp_path / "text.mp4").write_text("no clip\n" * 50)
    with pytest.raises(MediaError, match="cannot be opened as a video"):
        open_source(str(tmp_path / "text.mp4"))


@pytest.fixture
def clip25(clip):
    """Make a clip of 5 frames, 25 a second."""
    return clip(times=range(5), time_base=Fraction(1, 25), last=1, rate=25)


def test_a_clip_at_its_own_pace(clip25):
    played = PlayedFile(clip25)
    assert (played.size, played.rate, played.waits) == ((64, 48), 25.0, False)
    shots = list(played.shots(threading.Event()))
    assert [shot.frame.seconds * 25 for shot in shots] == list(range(5))
    steps = np.diff([shot.due for shot in shots])
    np.testing.assert_allclose(steps, 0.04, atol=1e-6)  # due, not the moment we woke


def test_a_clip_at_another_rate(clip25):
    played = PlayedFile(clip25, rate=100)
    assert played.rate == 100
    shots = list(played.shots(threading.Event()))
    np.testing.assert_allclose(np.diff([shot.due for shot in shots]), 0.01, atol=1e-6)
    np.testing.assert_allclose([float(s.frame.seconds) for s in shots], np.arange(5) / 100)


def test_a_clip_as_fast_as_can_be(clip25):
    played = PlayedFile(clip25, rate=float("inf"))
    assert played.waits
    assert played.rate == 25
    assert [float(s.frame.seconds) for s in played.shots(threading.Event())] == [
        0.0, 0.04, 0.08, 0.12, 0.16,
    ]  # fmt: skip


def test_a_slow_decoder_stops_the_clock(clip25, monkeypatch):
    read = camera.read_frames

    def slowly(path):
        for frame in read(path):
            time.sleep(0.03)
            yield frame

    monkeypatch.setattr(camera, "read_frames", slowly)
    monkeypatch.setattr(camera, "_BEHIND", 0.01)
    played = PlayedFile(clip25, rate=1000)
    shots = list(played.shots(threading.Event()))
    assert len(shots) == 5
    assert played.setbacks == 4
    assert all(step > 0.025 for step in np.diff([shot.due for shot in shots]))


def test_a_clip_that_is_stopped(clip25):
    stop = threading.Event()
    shots = PlayedFile(clip25, rate=0.001).shots(stop)
    next(shots)
    threading.Timer(0.05, stop.set).start()
    assert list(shots) == []


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "other"])
def test_what_to_do_without_a_camera(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    said = camera._advice(0)
    assert ("privacy" in said) == (platform != "linux")
    names = SimpleNamespace(CAP_V4L2=1, CAP_AVFOUNDATION=2, CAP_DSHOW=3, CAP_ANY=0)
    assert camera._backend(names) == {"linux": 1, "darwin": 2, "win32": 3}.get(platform, 0)
