from __future__ import annotations

import av
import numpy as np
from cvfast.cli import talking
from cvfast.cli.talking import FRAMES, SIDE, TalkingHead, opening, portrait_path
from cvfast.effects.retouch import find_landmarks
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance
from cvfast.io.video import probe, read_frames

FILES = ["clip-before-after.mp4", "clip-retouched.mp4", "clip.mp4",
         "portrait-before-after.jpg", "portrait-retouched.jpg", "portrait.jpg"]  # fmt: skip


def test_demo(run, tmp_path, names, monkeypatch):
    monkeypatch.setattr(talking, "FRAMES", 20)
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(b"of an earlier demo")
    (folder / "mine.txt").write_text("mine")
    result = run("demo", "-o", folder, "--json")
    assert result.code == 0
    assert names(folder) == sorted([*FILES, "mine.txt"])
    (record,) = result.records
    assert record["before_after_clip"] == str(folder / "clip-before-after.mp4")
    assert record["frames"] == 20
    assert record["fps"] > 0
    plain, done = (list(read_frames(folder / name)) for name in ("clip.mp4", "clip-retouched.mp4"))
    assert [frame.pts for frame in done] == [frame.pts for frame in plain]
    assert len(plain) == 20
    assert np.abs(plain[0].rgb().astype(int) - done[0].rgb()).max() > 40
    assert probe(folder / "clip-before-after.mp4").width == 2 * SIDE
    assert sound(folder / "clip-retouched.mp4") == sound(folder / "clip.mp4") != []
    for name in FILES[:-1]:
        assert read_provenance(folder / name).source_type == "algorithmicallyEnhanced"
    assert (read_image(folder / "portrait-retouched.jpg").pixels
            != read_image(folder / "portrait.jpg").pixels).any()  # fmt: skip


def sound(path):
    with av.open(str(path)) as clip:
        return [bytes(packet) for packet in clip.demux(audio=0) if packet.size]


def test_a_folder_that_cannot_be_made(run):
    result = run("demo", "-o", "/proc/demo")
    assert result.code == 1
    assert "/proc/demo: cannot make this folder" in result.err


def test_without_an_effect(run, tmp_path):
    words = ("--big-eyes", "0", "--slim-face", "0", "--eye-color", "none")
    result = run("demo", "-o", tmp_path / "d", *words)
    assert result.code == 2
    assert not (tmp_path / "d").exists()


def test_the_head_talks_and_blinks():
    head = TalkingHead(read_image(portrait_path()).pixels)
    moments = [number / 25 for number in range(FRAMES)]
    widest = max(moments, key=opening)
    shut, wide, blink = (find_landmarks(head.frame(seconds))[0] for seconds in (0.0, widest, 0.84))
    gap = [np.linalg.norm(face.points[14] - face.points[13]) for face in (shut, wide)]
    assert gap[1] > gap[0] + 6
    assert min(shut.eye_openness) > 0.25
    assert max(blink.eye_openness) < 0.15
