from __future__ import annotations

import shutil
import signal
import sys
import time

import av
import numpy as np
import pillow_heif
import pytest
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames
from PIL import Image


def test_a_photo(run, samples, tmp_path, face):
    result = run("retouch", samples / "face.png", "-o", tmp_path / "new.png", "--big-eyes", "0.4")
    assert result.code == 0
    assert "1 face" in result.out
    changed = (read_image(tmp_path / "new.png").pixels != face).any(axis=2)
    assert 100 < changed.sum() < changed.size / 4
    mark = read_provenance(tmp_path / "new.png")
    assert mark.source_type == "algorithmicallyEnhanced"
    assert mark.actions == ("big_eyes=0.4",)


def test_alpha_moves_with_the_pixels(run, tmp_path, face):
    # A picture whose opacity repeats its red channel keeps doing so.
    Image.fromarray(np.dstack([face, face[..., 0]])).save(tmp_path / "in.png")
    assert (
        run("retouch", tmp_path / "in.png", "-o", tmp_path / "a.png", "--big-eyes", "1").code == 0
    )
    done = read_image(tmp_path / "a.png")
    assert (done.pixels != face).any()
    np.testing.assert_array_equal(done.alpha, done.pixels[..., 0])


def test_a_clip(run, samples, tmp_path):
    target = tmp_path / "new.mp4"
    result = run("retouch", samples / "face.mp4", "-o", target, "--slim-face", "0.5", "--json")
    assert result.code == 0
    (record,) = result.records
    assert record["schema"] == 1
    assert (record["kind"], record["frames"], record["frames_with_faces"]) == ("clip", 8, 8)
    assert record["faces"] == 1
    assert record["fps"] > 0
    assert [f.pts for f in read_frames(target)] == [
        f.pts for f in read_frames(samples / "face.mp4")
    ]
    assert read_provenance(target).actions == ("slim_face=0.5",)


def test_a_part_of_a_clip(run, samples, tmp_path):
    words = ("--big-eyes", "1", "--start", "0.08", "--end", "0.2", "--json")
    result = run("retouch", samples / "face.mp4", "-o", tmp_path / "new.mp4", *words)
    assert result.records[0]["frames"] == 3


@pytest.mark.parametrize("name", ["plain.jpg", "plain.mp4"])
@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 3)])
def test_without_a_face_it_is_copied(run, samples, tmp_path, name, strict, code):
    result = run("retouch", samples / name, "-o", tmp_path / name, "--big-eyes", "1", *strict)
    assert result.code == code
    assert "no face found" in result.err
    assert (tmp_path / name).read_bytes() == (samples / name).read_bytes()
    assert read_provenance(tmp_path / name) is None


def test_a_face_that_is_not_there(run, samples, tmp_path):
    target = tmp_path / "new.png"
    result = run("retouch", samples / "face.png", "-o", target, "--big-eyes", "1", "--face", "3")
    assert result.code == 0
    assert "no face number 3 among 1 face" in result.err
    assert target.read_bytes() == (samples / "face.png").read_bytes()


def test_a_face_that_is_not_in_the_clip(run, samples, tmp_path):
    words = ("--big-eyes", "1", "--face", "3", "--strict")
    result = run("retouch", samples / "face.mp4", "-o", tmp_path / "new.mp4", *words)
    assert result.code == 3
    assert "no face number 3 among 1 face in" in result.err
    assert (tmp_path / "new.mp4").read_bytes() == (samples / "face.mp4").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--big-eyes or --slim-face"),
        (("--big-eyes", "2"), "big_eyes: expected a number in [0, 1], got 2.0"),
        (("--big-eyes", "nan"), "big_eyes: expected a number in [0, 1]"),
        (("--big-eyes", "x"), "--big-eyes"),
        (("--big-eye", "1"), "Did you mean --big-eyes?"),
        (("--big-eyes", "1", "--face", "biggest"), "all, largest or a number"),
        (("--big-eyes", "1", "--face", "-1"), "number from 0 on"),
        (("--big-eyes", "1", "--quality", "0"), "quality: expected 1 to 100"),
    ],
)
def test_usage_errors(run, samples, tmp_path, words, said):
    result = run("retouch", samples / "face.png", "-o", tmp_path / "new.png", *words)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words", "code", "said"),
    [
        ("nothing.jpg", (), 4, "no such file"),
        ("text.mp4", (), 4, "not a video file"),
        ("cut.jpg", (), 4, "truncated"),
        ("cut.mp4", (), 4, "cut.mp4"),
        ("face.png", ("--max-pixels", "1000"), 6, "--max-pixels 36864"),
        ("face.mp4", ("--start", "5", "--end", "4"), 2, "end: expected more than start"),
        ("face.mp4", ("--start", "inf"), 2, "start: expected a finite number of seconds, got inf"),
        ("face.mp4", ("--codec", "libx266"), 2, "libx264"),
        ("start=1.mp4", (), 4, "start=1.mp4: no such file"),
    ],
)
def test_bad_inputs_have_their_own_exit_codes(run, samples, tmp_path, name, words, code, said):
    target = tmp_path / f"new{name[-4:]}"
    result = run("retouch", samples / name, "-o", target, "--big-eyes", "1", *words)
    assert result.code == code
    assert said in result.err
    assert name in result.err
    assert list(tmp_path.iterdir()) == []


def test_several_inputs_of_which_some_fail(run, samples, tmp_path, names):
    result = run("retouch", samples, samples / "gone.jpg", "-o", tmp_path, "--big-eyes", "0.4",
                 "--preset", "ultrafast", "--end", "0.2", "--json")  # fmt: skip
    assert result.code == 1
    done = ["face.jpg", "face.mp4", "face.png", "long.mp4", "plain.jpg", "plain.mp4"]
    assert names(tmp_path) == done
    failed = {
        record["input"]: record["exit_code"] for record in result.records if "error" in record
    }
    assert failed == {
        str(samples / name): 4 for name in ("gone.jpg", "cut.jpg", "cut.mp4", "text.mp4")
    }
    assert len(result.records) == 10
    assert result.err.splitlines()[-1] == "6 of 10 inputs done, 4 failed, no face in 2"


def test_a_failure_begins_with_the_input(run, samples, tmp_path):
    source = tmp_path / "note.txt"
    source.write_text("no picture")
    result = run("retouch", source, "-o", samples, "--big-eyes", "1")
    assert result.code == 2
    assert result.err.startswith(f"cvfast: {source}: ")


def test_a_failed_input_and_one_output_file(run, samples, tmp_path):
    words = (samples / "face.png", samples / "gone.png", "-o", tmp_path / "new.png")
    assert run("retouch", *words, "--big-eyes", "1").code != 0
    assert list(tmp_path.iterdir()) == []


def test_overwriting(run, samples, tmp_path):
    target = tmp_path / "new.png"
    target.write_bytes(b"old")
    words = ("retouch", samples / "face.png", "-o", target, "--big-eyes", "1")
    refused = run(*words)
    assert refused.code == 2
    assert "--overwrite" in refused.err
    assert target.read_bytes() == b"old"
    assert run(*words, "--overwrite").code == 0
    assert read_image(target).pixels.shape == (192, 192, 3)


def test_the_input_is_never_replaced(run, samples, tmp_path):
    source = shutil.copy(samples / "face.png", tmp_path)
    result = run("retouch", source, "-o", source, "--big-eyes", "1", "--overwrite")
    assert result.code == 2
    assert "originals are never replaced" in result.err


def test_a_missing_output_folder(run, samples, tmp_path):
    for target in (tmp_path / "gone" / "new.png", tmp_path / "gone"):
        result = run("retouch", samples / "face.png", "-o", target, "--big-eyes", "1")
        assert result.code == 1
        assert "no such folder" in result.err


def test_a_folder_that_cannot_be_written(run, samples):
    # Not even root can make files there.
    result = run("retouch", samples / "face.png", "-o", "/proc/new.png", "--big-eyes", "1")
    assert result.code == 1
    assert "/proc/new.png" in result.err


def test_heic(run, tmp_path, face):
    pillow_heif.from_pillow(Image.fromarray(face)).save(tmp_path / "a.heic", quality=95)
    out = tmp_path / "out"
    out.mkdir()
    assert run("retouch", tmp_path / "a.heic", "-o", out, "--big-eyes", "1").code == 0
    assert read_provenance(out / "a.jpg").actions == ("big_eyes=1",)


def test_what_cannot_be_written_as_it_was(run, tmp_path, face):
    Image.fromarray(face).save(tmp_path / "a.bmp")
    out = tmp_path / "out"
    out.mkdir()
    assert run("retouch", tmp_path / "a.bmp", "-o", out, "--big-eyes", "1").code == 0
    assert read_provenance(out / "a.png").actions == ("big_eyes=1",)


def test_heic_without_the_extra(run, tmp_path, face, monkeypatch):
    pillow_heif.from_pillow(Image.fromarray(face)).save(tmp_path / "a.heic", quality=95)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    result = run("retouch", tmp_path / "a.heic", "-o", tmp_path / "a.jpg", "--big-eyes", "1")
    assert result.code == 5
    assert "cvfast[heif]" in result.err


ALTERED = """
import dataclasses
from cvfast.models import registry
registry.MODELS = tuple(dataclasses.replace(model, sha256="0" * 64) for model in registry.MODELS)
"""


def test_an_altered_model(child, samples, tmp_path):
    words = ("retouch", samples / "face.png", "-o", tmp_path / "a.png", "--big-eyes", "1")
    process = child(*words, prelude=ALTERED)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "expected SHA-256 0000" in said
    assert list(tmp_path.iterdir()) == []


def test_folders_of_folders_and_patterns(run, samples, tmp_path, names):
    inputs, out = tmp_path / "in", tmp_path / "out"
    (inputs / "deep").mkdir(parents=True)
    out.mkdir()
    shutil.copy(samples / "face.png", inputs / "deep" / "a.png")
    shutil.copy(samples / "face.png", inputs / "b.png")
    assert run("retouch", inputs, "-o", out, "--big-eyes", "1", "--recursive").code == 0
    assert names(out) == ["b.png", "deep"]
    assert names(out / "deep") == ["a.png"]
    pattern = inputs / "*.png"
    assert run("retouch", pattern, "-o", tmp_path / "c.png", "--big-eyes", "1").code == 0


LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))"


@pytest.mark.parametrize("name", ["face.png", "long.mp4"])
def test_a_full_disk(child, samples, tmp_path, name):
    words = ("retouch", samples / name, "-o", tmp_path / name, "--big-eyes", "1", "--crf", "1")
    process = child(*words, prelude=LIMITED)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert str(tmp_path / name) in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_half_way(child, samples, tmp_path, number, code):
    sources = samples / "face.png", samples / "long.mp4"
    process = child("retouch", *sources, "-o", tmp_path, "--big-eyes", "1")
    deadline = time.monotonic() + 60
    while not any(tmp_path.glob(".long.*.part.mp4")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert "interrupted; 1 of 2 inputs are done" in said
    assert "--resume" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [".cvfast.run", "face.png"]


def test_sound_is_copied(run, samples, tmp_path):
    assert (
        run("retouch", samples / "face.mp4", "-o", tmp_path / "a.mp4", "--big-eyes", "1").code == 0
    )

    def sound(path):
        with av.open(str(path)) as clip:
            return [bytes(packet) for packet in clip.demux(audio=0) if packet.size]

    assert sound(tmp_path / "a.mp4") == sound(samples / "face.mp4") != []
