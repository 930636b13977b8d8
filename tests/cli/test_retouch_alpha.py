"""Transparent clips: their alpha moves with the pixels, or is left out when asked."""

from __future__ import annotations

import av
import numpy as np
import pytest
from cvfast.io.video import probe, read_frames


@pytest.fixture
def transparent(tmp_path, face):
    """A clip whose opacity repeats its luma."""
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as out:
        video = out.add_stream("ffv1", rate=25)
        video.height, video.width = face.shape[:2]
        video.pix_fmt = "yuva420p"
        for _ in range(3):
            opaque = av.VideoFrame.from_ndarray(face, format="rgb24").reformat(format="yuv420p")
            frame = av.VideoFrame(opaque.width, opaque.height, "yuva420p")
            for plane, source in zip(frame.planes, [*opaque.planes, opaque.planes[0]], strict=True):
                rows = np.frombuffer(source, np.uint8).reshape(source.height, source.line_size)
                target = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                target[:, : plane.width] = rows[:, : plane.width]
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


@pytest.mark.parametrize(("name", "codec"), [("out.mkv", "ffv1"), ("out.webm", None)])
def test_alpha_moves_with_the_pixels(run, transparent, tmp_path, name, codec):
    words = ("--crf", "0", "--preset", "ultrafast", *(("--codec", codec) if codec else ()))
    painted = ("--blush", "0.5", "--lip-color", "red")
    result = run("retouch", transparent, "-o", tmp_path / name, "--big-eyes", "1", *words)
    assert result.code == 0
    both = (*painted, "-o", tmp_path / f"painted-{name}", "--big-eyes", "1", *words)
    assert run("retouch", transparent, *both).code == 0
    shaped, made_up = (next(read_frames(tmp_path / n)) for n in (name, f"painted-{name}"))
    np.testing.assert_array_equal(shaped.planes[3], made_up.planes[3])
    assert (shaped.planes[2] != made_up.planes[2]).any()
    assert probe(tmp_path / name).pixel_format == "yuva420p"
    old, new = next(read_frames(transparent)), next(read_frames(tmp_path / name))
    assert (old.planes[0] != new.planes[0]).sum() > 100
    np.testing.assert_array_equal(new.planes[3], new.planes[0])


def test_what_cannot_hold_alpha_says_so_and_drops_it_when_told(run, transparent, tmp_path):
    target = tmp_path / "out.mp4"
    result = run("retouch", transparent, "-o", target, "--big-eyes", "1")
    assert result.code == 4
    assert "--drop-alpha" in result.err
    result = run("retouch", transparent, "-o", target, "--big-eyes", "1", "--drop-alpha")
    assert result.code == 0
    assert probe(target).pixel_format == "yuv420p"
