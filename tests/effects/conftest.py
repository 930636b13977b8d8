"""The astronaut, her landmarks, and a clip made from her: odd times, sound, rotation."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import skimage.data
from cvfast.effects.retouch import find_landmarks

# Irregular, in ticks of 1/15360 s.
TIMES = (0, 512, 1024, 1100, 2048, 2560, 3999, 4000, 5120, 6000, 7168, 7680)


@pytest.fixture(scope="session")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def marks(astronaut):
    found = find_landmarks(astronaut)
    assert len(found) == 1
    return found[0]


def scene(astronaut, index):
    """Her head, drifting by whole and half pixels, 256 x 256."""
    x, y = 95 + index, 5 + index // 2
    return astronaut[y : y + 256, x : x + 256]


def write_face_clip(path, pictures, *, fmt="yuv420p", crf="12", audio=True, rotation=0):
    with av.open(
        str(path),
        "w",
        container_options={"video_track_timescale": "15360", "movie_timescale": "15360"},
    ) as out:
        video = out.add_stream("libx264", rate=30)
        context = video.codec_context
        context.height, context.width = pictures[0].shape[:2]
        context.pix_fmt = fmt
        context.time_base = video.time_base = Fraction(1, 15360)
        context.options = {"crf": crf, "preset": "veryfast"}
        context.thread_count = 1
        if rotation:
            video.set_display_rotation(rotation)
        sound = out.add_stream("aac", rate=48000) if audio else None
        for pts, picture in zip(TIMES, pictures, strict=False):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame = frame.reformat(format=fmt)
            frame.pts, frame.time_base = pts, Fraction(1, 15360)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound is not None:
            for start in range(0, 24000, 1024):
                tone = np.sin(np.arange(start, start + 1024) / 20)[None].astype(np.float32)
                block = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                block.sample_rate, block.pts, block.time_base = 48000, start, Fraction(1, 48000)
                out.mux(sound.encode(block))
            out.mux(sound.encode(None))
    return path


@pytest.fixture
def face_clip(tmp_path, astronaut):
    def make(name="face.mp4", *, turns=0, blank=False, **options) -> Path:
        pictures = [scene(astronaut, index) for index in range(len(TIMES))]
        if blank:
            pictures = [np.full_like(picture, 90) for picture in pictures]
        return write_face_clip(
            tmp_path / name, [np.rot90(picture, turns) for picture in pictures], **options
        )

    return make
