"""The command in processes of its own, on a clip of twelve seconds that is done in six shards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cvfast
import numpy as np
import pytest
from cvfast.cli.talking import portrait_path
from PIL import Image

FRAMES = 120


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """A face that moves, 10 frames a second but for some that are late, and sound."""
    path = tmp_path_factory.mktemp("clips") / "talk.mp4"
    with Image.open(portrait_path()) as image:
        face = np.array(image.crop((120, 20, 312, 212)))
    with av.open(str(path), "w", container_options={"video_track_timescale": "12800"}) as out:
        video = out.add_stream("libx264", rate=10, options={"crf": "16", "preset": "ultrafast"})
        video.height, video.width = face.shape[:2]
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, 12800)
        sound = out.add_stream("aac", rate=48000, layout="mono")
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.roll(face, number % 9, axis=1), format="rgb24")
            frame.pts, frame.time_base = number * 1280 + 99 * (number % 5 == 0), Fraction(1, 12800)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start in range(0, FRAMES * 4800, 1024):
            tone = np.sin(np.arange(start, start + 1024) / 20)[None].astype(np.float32)
            part = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            part.sample_rate, part.pts, part.time_base = 48000, start, Fraction(1, 48000)
            out.mux(sound.encode(part))
        out.mux(sound.encode(None))
    return path


@dataclass(frozen=True)
class Command:
    """Starts ``cvfast retouch`` on the clip, in shards of two seconds."""

    source: Path
    environment: dict[str, str]

    def __call__(self, target, *words, prelude=""):
        script = f"import sys\n{prelude}\nfrom cvfast.cli.app import main\nsys.exit(main())"
        options = ("--big-eyes", "0.4", "--preset", "ultrafast", "--shard", "2", *words)
        return self.start("-c", script, "retouch", self.source, "-o", target, *options)

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, *map(str, words)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@pytest.fixture(scope="session")
def command(source):
    package = str(Path(cvfast.__file__).parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return Command(source, os.environ | {"PYTHONPATH": os.pathsep.join(paths)})


@pytest.fixture(scope="session")
def undisturbed(command, tmp_path_factory):
    """The bytes of a run that nothing happened to."""
    target = tmp_path_factory.mktemp("calm") / "new.mp4"
    process = command(target, "--jobs", "1")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert [path.name for path in target.parent.iterdir()] == ["new.mp4"]
    return target.read_bytes()


@pytest.fixture
def until():
    """Wait until something is so."""

    def wait(process, condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return wait
