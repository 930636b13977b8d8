"""Runs and ``--dry-run``: what must not happen to other people's files, time and memory."""

from __future__ import annotations

import shutil
import struct

import av
import numpy as np
import pytest
from cvfast.effects import run as effects_run


@pytest.fixture
def liar(tmp_path):
    """A clip of a second whose header promises three thousand years."""
    path = tmp_path / "liar.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        for _ in range(25):
            picture = np.zeros((64, 64, 3), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    place = data.index(b"\x44\x89\x88") + 3  # Duration, 8 bytes, in milliseconds
    data[place : place + 8] = struct.pack(">d", 1e14)
    path.write_bytes(data)
    return path


def test_a_header_that_lies_costs_no_memory(run, liar, tmp_path):
    result = run("retouch", liar, "-o", tmp_path / "new.mkv", "--big-eyes", 0.3)
    assert result.code == 4
    assert "but its header promises 100000000000.00 s" in result.err


def test_a_folder_in_use_is_no_run_folder(run, samples, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    words = ("retouch", samples / "face.mp4", "-o", tmp_path / "new.mp4", "--big-eyes", 0.3)
    result = run(*words, "--run-dir", tmp_path / "mine")
    assert result.code == 2
    assert "expected a new or empty folder" in result.err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"
    assert not (tmp_path / "new.mp4").exists()


def test_results_in_the_run_folder_stay(run, samples, tmp_path):
    both = tmp_path / "out"
    both.mkdir()
    words = ("retouch", samples / "face.mp4", "-o", both, "--big-eyes", 0.3)
    assert run(*words, "--run-dir", both).code == 0
    assert [path.name for path in both.iterdir()] == ["face.mp4"]


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_run_folder_in_no_folder(run, samples, tmp_path, more):
    words = ("retouch", samples / "face.mp4", "-o", tmp_path / "new.mp4", "--big-eyes", 0.3)
    result = run(*words, "--run-dir", tmp_path / "none" / "run", *more)
    assert result.code == 1
    assert f"no such folder: {tmp_path / 'none'}. Create it first." in result.err


def test_a_photo_and_a_clip_of_one_name(run, samples, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    shutil.copy(samples / "face.mp4", tmp_path / "in" / "a.mp4")
    # What a job on the photo is writing while the clip's begins.
    other = tmp_path / "out" / ".a.0123456789abcdef.part.jpg"
    own = tmp_path / "out" / ".a.0123456789abcdef.part.mp4"
    for path in (other, own):
        path.write_bytes(b"half")
    words = ("retouch", tmp_path / "in", "-o", tmp_path / "out", "--big-eyes", 0.3)
    assert run(*words, "--run-dir", tmp_path / "run").code == 0
    assert (other.exists(), own.exists()) == (True, False)


def test_no_more_jobs_are_foretold_than_there_is_work(run, samples, tmp_path):
    words = ("retouch", samples / "face.mp4", "-o", tmp_path / "new.mp4", "--big-eyes", 0.3)
    result = run(*words, "--dry-run", "--jobs", 8, "--json")
    assert result.code == 0
    assert result.records[-1]["jobs"] == 1
    assert not (tmp_path / "new.mp4").exists()


def test_inputs_that_went_away_can_come_back(run, samples, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(samples / "face.mp4", tmp_path / name)
    words = ("retouch", tmp_path / "a.mp4", tmp_path / "b.mp4", "-o", tmp_path / "out")
    do, away = effects_run.retouch_file, tmp_path / "away"

    def unplug(job, recipe, **more):
        if job.source.name == "b.mp4" and not (tmp_path / "out" / "b.mp4").exists():
            job.source.rename(away)
        return do(job, recipe, **more)

    with monkeypatch.context() as patch:
        patch.setattr(effects_run, "retouch_file", unplug)
        first = run(*words, "--big-eyes", 0.3)
    assert first.code == 1
    assert "--resume" in first.err
    away.rename(tmp_path / "b.mp4")
    assert run(*words, "--big-eyes", 0.3, "--resume").code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mp4", "b.mp4"]


def test_a_start_behind_the_end(run, samples, tmp_path):
    words = ("retouch", samples / "face.mp4", "-o", tmp_path / "new.mp4", "--big-eyes", 0.3)
    result = run(*words, "--start", 100)
    assert result.code == 4
    assert "s, so nothing is left of it from --start 100 on" in result.err
