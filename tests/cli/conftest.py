"""The command run in this process or in one of its own, on a small portrait and small clips."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cvfast
import numpy as np
import pytest
from cvfast.cli.app import main
from cvfast.cli.talking import portrait_path
from PIL import Image


@dataclass(frozen=True)
class Result:
    """What a run of the command left."""

    code: int
    out: str
    err: str

    @property
    def records(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(capsys):
    """Run the command in this process."""

    def call(*words):
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def environment():
    """Environment of a child process that imports this cvfast."""
    package = str(Path(cvfast.__file__).parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture
def child(environment):
    """Start the command in a process of its own."""

    def start(*words, prelude="", **options):
        # A shell starts background jobs, and so all that they start, with Ctrl-C ignored.
        heed = "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
        script = f"{heed}\n{prelude}\nfrom cvfast.cli.app import main\nsys.exit(main())"
        return subprocess.Popen(
            [sys.executable, "-c", script, *(str(word) for word in words)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    return start


@pytest.fixture(scope="session")
def face():
    """The portrait's head, 192 x 192."""
    with Image.open(portrait_path()) as image:
        return np.array(image.crop((120, 20, 312, 212)))


@pytest.fixture(scope="session")
def samples(tmp_path_factory, face):
    """A folder of inputs; read only."""
    folder = tmp_path_factory.mktemp("samples")
    Image.fromarray(face).save(folder / "face.png")
    Image.fromarray(face).save(folder / "face.jpg", quality=95)
    Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(folder / "plain.jpg")
    write_clip(folder / "face.mp4", face, 8)
    write_clip(folder / "long.mp4", face, 400)
    write_clip(folder / "plain.mp4", np.full((96, 96, 3), 90, np.uint8), 6)
    (folder / "text.mp4").write_text("no clip at all\n" * 40)
    (folder / "cut.jpg").write_bytes((folder / "face.jpg").read_bytes()[:6000])
    (folder / "cut.mp4").write_bytes((folder / "face.mp4").read_bytes()[:4000])
    return folder


def write_clip(path, pixels, count):
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"crf": "16", "preset": "ultrafast"})
        video.height, video.width = pixels.shape[:2]
        video.pix_fmt = "yuv420p"
        sound = out.add_stream("aac", rate=48000, layout="mono")
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(np.roll(pixels, number % 7, axis=1), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start in range(0, count * 1920, 1024):
            tone = np.sin(np.arange(start, start + 1024) / 20)[None].astype(np.float32)
            part = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            part.sample_rate, part.pts, part.time_base = 48000, start, Fraction(1, 48000)
            out.mux(sound.encode(part))
        out.mux(sound.encode(None))


@pytest.fixture
def names():
    return lambda folder: sorted(path.name for path in folder.iterdir())
