"""``cvfast live`` on clips and a fake camera, its window drawn by a fake of OpenCV."""

from __future__ import annotations

import signal
import sys
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from cvfast.cli import live as verb
from cvfast.effects.colors import EYE_COLORS
from cvfast.effects.options import RetouchOptions
from cvfast.io import camera, window
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance

EYES = ("--big-eyes", "0.5")


class FakeScreen:
    """Shows pictures to a test, which presses keys: one a picture, by a script."""

    def __init__(self, keys=(), **answers):
        self.keys, self.answers = list(keys), answers
        self.pictures, self.sliders, self.windows, self.closed = [], {}, [], False
        self.texts = []

    def namedWindow(self, name, _flags):
        self.windows.append(name)

    def resizeWindow(self, *_arguments): ...

    def moveWindow(self, *_arguments): ...

    def createTrackbar(self, name, _window, value, top, moved):
        assert top == 100
        self.sliders[name] = value, moved

    def putText(self, _picture, text, *_arguments):
        self.texts.append(text)

    def imshow(self, _name, picture):
        self.pictures.append(picture.copy())

    def waitKey(self, _milliseconds):
        key = self.keys.pop(0) if self.keys else ""
        if callable(key):
            key()
            key = ""
        return ord(key) if key else -1

    def getWindowProperty(self, *_arguments):
        return self.answers.get("visible", 1.0)

    def destroyAllWindows(self):
        self.closed = True

    def __getattr__(self, name):
        return getattr(cv2, name)


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")

    def make(keys=(), **answers):
        found = FakeScreen(keys, **answers)
        monkeypatch.setattr(window, "load_cv2", lambda: found)
        return found

    return make


def test_a_clip_without_a_window(run, samples):
    result = run("live", samples / "face.mp4", "--no-window", "--rate", "max", "--stats", *EYES)
    assert result.code == 0
    first, head, *rows = result.out.splitlines()
    assert first.startswith(f"{samples / 'face.mp4'}: 8 frames of 192 x 192 in ")
    assert "a face in 8, 0 dropped; latency " in first
    assert head.split() == ["stage", "mean", "median", "95", "%", "longest", "ms"]
    assert [row.split()[0] for row in rows] == ["read", "find", "draw", "convert", "show"]
    assert result.err == ""
    plain = run("live", samples / "face.mp4", "--no-window", "--rate", "max", *EYES)
    assert len(plain.out.splitlines()) == 1


def test_records(run, samples):
    result = run("live", samples / "face.mp4", "--no-window", "--rate", "max", "--json", *EYES)
    (record,) = result.records
    assert (record["verb"], record["frames"], record["dropped"]) == ("live", 8, 0)
    assert (record["width"], record["height"], record["frames_with_faces"]) == (192, 192, 8)
    assert set(record["latency_ms"]) == {"mean", "median", "p95", "max"}
    assert record["latency_ms"]["median"] <= record["latency_ms"]["p95"]
    assert set(record["stages_ms"]) == {"read", "find", "draw", "convert", "show"}
    assert record["interrupted"] is False
    assert record["fps"] > 0


def test_its_own_pace_and_another(run, samples):
    """Take 8 frames of a clip with 25 a second: the last is due 0.28 s after the first."""
    for rate, least in ((None, 0.28), ("50", 0.14)):
        words = ["live", samples / "face.mp4", "--no-window", "--json", *EYES]
        (record,) = run(*words, *(["--rate", rate] if rate else [])).records
        assert record["seconds"] >= least
        assert record["frames"] + record["dropped"] == 8


def test_seconds(run, samples):
    words = ("live", samples / "long.mp4", "--no-window", "--json", "--seconds", "0.2", *EYES)
    (record,) = run(*words).records
    assert 1 <= record["frames"] < 100


def test_the_window(run, samples, screen):
    shown = screen([])
    result = run("live", samples / "face.mp4", "--rate", "max", *EYES)
    assert result.code == 0
    assert shown.windows[0] == f"cvfast live: {samples / 'face.mp4'}"
    assert len(shown.pictures) == 8
    assert shown.closed
    assert {name: value for name, (value, _) in shown.sliders.items() if value} == {"Big eyes": 50}
    assert {"Lip color", "Eye color", "Smooth skin", "Slim face"} <= set(shown.sliders)
    assert any("frames/s" in text and text.endswith(" ms") for text in shown.texts)
    assert "q quits" in result.err


def test_a_window_needs_no_effect_to_begin_with(run, samples, screen):
    shown = screen(["q"])
    assert run("live", samples / "face.mp4", "--rate", "max").code == 0
    assert not any(value for value, _ in shown.sliders.values())
    result = run("live", samples / "face.mp4", "--no-window")
    assert (result.code, "no effect is switched on" in result.err) == (2, True)


@pytest.mark.parametrize("key", ["q", "\x1b"])
def test_keys_that_quit(run, samples, screen, key):
    shown = screen(["", "", key])
    assert run("live", samples / "long.mp4", "--rate", "max", *EYES).code == 0
    assert len(shown.pictures) == 3


def test_a_window_that_is_closed(run, samples, screen):
    shown = screen([], visible=0.0)
    assert run("live", samples / "long.mp4", "--rate", "max", *EYES).code == 0
    assert len(shown.pictures) == 1


def test_mirrored(run, samples, screen):
    shown = screen(["m"])
    run("live", samples / "plain.mp4", "--rate", "max", *EYES)
    plain = screen([])
    run("live", samples / "plain.mp4", "--rate", "max", *EYES)
    mirrored = screen([])
    run("live", samples / "plain.mp4", "--rate", "max", "--mirror", *EYES)
    for one, two in zip(plain.pictures, mirrored.pictures, strict=True):
        np.testing.assert_array_equal(one[:, ::-1], two)
    np.testing.assert_array_equal(shown.pictures[0], plain.pictures[0])
    np.testing.assert_array_equal(shown.pictures[1], mirrored.pictures[1])


def test_before_and_after(run, samples, screen):
    shown = screen([" ", " "])
    run("live", samples / "face.mp4", "--rate", "max", *EYES)
    bare = screen([lambda: bare.sliders["Big eyes"][1](0)])
    run("live", samples / "face.mp4", "--rate", "max", *EYES)
    after = screen([])
    run("live", samples / "face.mp4", "--rate", "max", *EYES)
    np.testing.assert_array_equal(shown.pictures[1], bare.pictures[1])
    np.testing.assert_array_equal(shown.pictures[2], after.pictures[2])
    assert (after.pictures[1] != bare.pictures[1]).any()
    assert "before" in shown.texts


def test_pictures_are_saved_and_marked(run, samples, screen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "strftime", lambda _form: "cvfast-1")
    shown = screen(["s", "m", " ", "s"])
    result = run("live", samples / "face.mp4", "--rate", "max", *EYES)
    assert "saved cvfast-1.png" in result.err
    for number, path in enumerate(("cvfast-1.png", "cvfast-1-2.png")):
        picture = read_image(tmp_path / path).pixels
        np.testing.assert_array_equal(picture[..., ::-1], shown.pictures[3 * number])
    assert read_provenance(tmp_path / "cvfast-1.png").actions == ("big_eyes=0.5",)
    assert read_provenance(tmp_path / "cvfast-1-2.png") is None  # "before" is not altered


def test_a_folder_that_cannot_be_written(run, samples, screen, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    screen(["s"])
    result = run("live", samples / "face.mp4", "--rate", "max", *EYES)
    assert result.code == 0
    assert "cvfast: cvfast-" in result.err


def test_sliders_and_colors():
    options = RetouchOptions(big_eyes=0.4)
    assert verb.strengths(options)["lip_color_strength"] == 0
    assert verb.strengths(RetouchOptions(lip_color="red"))["lip_color_strength"] == 0.6
    assert verb.moved(options, "slim_face", 0.3) == RetouchOptions(big_eyes=0.4, slim_face=0.3)
    colored = verb.moved(options, "eye_color_strength", 0.7)
    assert (colored.eye_color, colored.eye_color_strength) == ("green", 0.7)
    kept = verb.moved(RetouchOptions(eye_color="blue"), "eye_color_strength", 0.2)
    assert (kept.eye_color, kept.eye_color_strength) == ("blue", 0.2)
    assert verb.moved(options, "lip_color_strength", 0.0).lip_color is None


def test_no_screen(run, samples, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    result = run("live", samples / "face.mp4", *EYES)
    assert result.code == 2
    assert "use --no-window, with --virtual-camera" in result.err


def test_opencv_without_windows(run, samples, screen):
    def refuse(*_arguments):
        raise cv2.error("The function is not implemented")

    screen().namedWindow = refuse
    result = run("live", samples / "face.mp4", *EYES)
    assert result.code == 5
    assert "built without windows" in result.err
    assert "--no-window" in result.err


def test_inputs_that_fail(run, samples, tmp_path):
    for name, code, words in (
        (samples / "gone.mp4", 4, "cannot be read"),
        (samples / "text.mp4", 4, "cannot be opened as a video"),
        (samples / "cut.mp4", 4, "cut off"),
        ("987", 4, "no camera 987. Plug one in"),
    ):
        result = run("live", name, "--no-window", *EYES)
        assert (result.code, words in result.err) == (code, True), result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rate", "fast"), "--rate: expected frames a second from 0.01 on, or max, got fast"),
        (("--rate", "0"), "--rate: expected"),
        (("--size", "big"), "--size: expected width x height such as 1280x720, got big"),
        (("--size", "640x480"), "expected none for a file"),
        (("--seconds", "0"), "--seconds: expected a number over 0"),
        (("--rate", "1e-12"), "--rate: expected frames a second from 0.01 on, or max, got 1e-12"),
        (("--seconds", "inf"), "--seconds: expected a number over 0"),
        (("--face", "prettiest"), "--face: expected all"),
    ],
)
def test_options_that_make_no_sense(run, samples, words, said):
    result = run("live", samples / "face.mp4", "--no-window", *EYES, *words)
    assert (result.code, said in result.err) == (2, True), result.err


def test_a_camera_that_is_unplugged(run, face, screen, monkeypatch):
    """Show what comes, mirrored; then try for a while, and end with what to do."""

    class Capture:
        left = 4

        def isOpened(self):
            return True

        def set(self, *_arguments): ...

        def get(self, _key):
            return 30.0

        def read(self):
            Capture.left -= 1
            time.sleep(0.05)
            return (True, face[..., ::-1].copy()) if Capture.left >= 0 else (False, None)

        def release(self): ...

    class FakeCv2(SimpleNamespace):
        def __getattr__(self, name):
            return getattr(cv2, name)

    monkeypatch.setattr(camera, "_PAUSE", 0.001)
    fake = FakeCv2(VideoCapture=lambda *_arguments: Capture())
    monkeypatch.setattr(camera, "load_cv2", lambda: fake)
    shown = screen([])
    result = run("live", "0", "--slim-face", "0.3")
    assert result.code == 4
    assert "camera 0: gives no picture; trying again (5 times)" in result.err
    assert "did not come back after 5 tries. Plug it in again" in result.err
    assert 1 <= len(shown.pictures) <= 3
    # Mirrored: what was at the left is at the right.
    difference = shown.pictures[0][:20, :20].mean() - face[:20, -20:].mean()
    assert abs(difference) < 3
    assert shown.closed


def test_the_virtual_camera(run, samples, monkeypatch):
    sent = []

    class Camera:
        device = "/dev/video9"

        def __init__(self, **options):
            assert options == {"width": 192, "height": 192, "fps": 25.0, "fmt": "RGB"}

        def send(self, picture):
            sent.append(picture)

        def close(self):
            sent.append("closed")

    library = SimpleNamespace(Camera=Camera, PixelFormat=SimpleNamespace(RGB="RGB"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", library)
    words = ("live", samples / "face.mp4", "--no-window", "--virtual-camera", "--rate", "max")
    result = run(*words, *EYES)
    assert result.code == 0
    assert "the camera /dev/video9" in result.err
    assert len(sent) == 9
    assert sent[-1] == "closed"
    assert sent[0].shape == (192, 192, 3)


def test_no_virtual_camera(run, samples, monkeypatch):
    words = ("live", samples / "face.mp4", "--no-window", "--virtual-camera", *EYES)

    def none(**_options):
        raise RuntimeError("No v4l2 loopback device found.")

    library = SimpleNamespace(Camera=none, PixelFormat=SimpleNamespace(RGB="RGB"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", library)
    monkeypatch.setattr(sys, "platform", "linux")
    result = run(*words)
    assert (result.code, "sudo modprobe v4l2loopback" in result.err) == (1, True)
    monkeypatch.setattr(sys, "platform", "win32")
    assert "OBS Studio" in run(*words).err

    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    result = run(*words)
    assert (result.code, "pip install 'cvfast[live]'" in result.err) == (5, True)


def test_interrupted(child, samples):
    """Ctrl-C is how one ends it: with what was done, and without an error."""
    words = ("live", samples / "long.mp4", "--no-window", "--json", "--rate", "5", *EYES)
    prelude = (
        "import cvfast.effects.live as live\n"
        "loop = live._loop\n"
        "def begun(*a):\n"
        "    sys.stderr.write('begun\\n'); sys.stderr.flush(); loop(*a)\n"
        "live._loop = begun"
    )
    process = child(*words, prelude=prelude)
    assert process.stderr.readline() == "begun\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert '"interrupted": true' in out
    assert "Traceback" not in err


def test_windows_are_prepared_before_pyav_is_loaded(child, samples):
    """Two libxcb in one process: if PyAV's came first, the first window would hang for ever."""
    prelude = (
        "import cvfast.io.window as window\n"
        "from cvfast.cli import live\n"
        "def prepare():\n"
        "    sys.exit(7 if 'av' in sys.modules else 42)\n"
        "window.prepare_windows = live.prepare_windows = prepare"
    )
    process = child("live", samples / "face.mp4", *EYES, prelude=prelude)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 42, err


def test_the_next_eye_color():
    seen = [color := verb.next_color(None)]
    while color is not None:
        seen.append(color := verb.next_color(color))
    assert seen[:-1] == list(EYE_COLORS)
    assert verb.next_color("#123456") == verb.next_color(("green", "blue")) == seen[0]
