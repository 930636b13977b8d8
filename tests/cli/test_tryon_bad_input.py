"""What a user gets for unexpected input: a refusal that says what, where and what to do."""

from __future__ import annotations

import json
import os
import pickle

import numpy as np
import pytest
from cvfast.io.images import write_image
from cvfast.synth.garments import GarmentSpec, make_garment
from cvfast.synth.people import make_person, random_person


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("bad")
    write_image(path / "me.png", make_person(random_person(4), size=(144, 192)).image)
    cloth = make_garment(GarmentSpec(), size=(144, 192)).image
    write_image(path / "tee.png", cloth)
    write_image(path / "tiny.png", cloth[:50, :38])
    write_image(path / "blank.png", np.full((192, 144, 3), 255, np.uint8))
    write_image(
        path / "noise.png", np.random.default_rng(0).integers(0, 256, (192, 144, 3), np.uint8)
    )
    (path / "text.png").write_text("hello")
    (path / "cut.png").write_bytes((path / "me.png").read_bytes()[:3000])
    (path / "folder.png").mkdir()
    os.mkfifo(path / "pipe.png")
    for name, numbers in (("far", [9000.0, 9000, 0.9] * 18), ("huge", [1e300, 2, 0.9] * 18),
                          ("odd", [1.0, 2, 0.9] * 19), ("none", [0, 0, 0] * 18)):  # fmt: skip
        record = {"people": [{"pose_keypoints_2d": numbers}]}
        (path / f"{name}.json").write_text(json.dumps(record))
    (path / "empty.txt").write_text("")
    (path / "missing.txt").write_text("me.png tee.png\ngone.png tee.png\n")
    (path / "twice.txt").write_text("me.png tee.png\nme.png tee.png\n")
    return path


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("text.png", "tee.png"), 4, "text.png: expected a JPEG"),
        (("cut.png", "tee.png"), 4, "cut.png: expected a JPEG"),
        (("folder.png", "tee.png"), 4, "got a folder"),
        (("pipe.png", "tee.png"), 4, "got a named pipe"),
        (("me.png", "gone.png"), 4, "gone.png: no such file"),
        (("tiny.png", "tee.png"), 6, "tiny.png: expected at least 96 pixels"),
        (("me.png", "tiny.png"), 6, "tiny.png: image: expected sides of 48 pixels"),
        (("me.png", "blank.png"), 3, "blank.png: no garment stands out"),
        (("me.png", "noise.png"), 3, "noise.png: the garment's background is not plain"),
        (("blank.png", "tee.png"), 3, "blank.png: no person found"),
        (("me.png", "tee.png", "--person", "9"), 3, "me.png: no person 9, 1 found"),
        (("me.png", "tee.png", "--person", "-1"), 2, "person_index: expected at least 0"),
        (("me.png", "tee.png", "--least-confidence", "nan"), 2, "--least-confidence: expected"),
        (("gone.mp4", "tee.png", "--least-confidence", "7"), 2, "--least-confidence: expected"),
        (("me.png", "tee.png", "--quality", "0"), 2, "--quality: expected 1 to 100"),
        (("me.png", "tee.png", "--layers", "text.png"), 1, "text.png: the folder cannot be made"),
        (("me.png", "tee.png", "--mask", "tiny.png"), 4, "tiny.png: expected 144 x 192 pixels"),
        (("me.png", "tee.png", "--pose", "far.json"), 3, "me.png: expected a pose with shoulders"),
        (("me.png", "tee.png", "--pose", "huge.json"), 4, "expected numbers up to 1e+06"),
        (("me.png", "tee.png", "--pose", "odd.json"), 4, "got 57 numbers (19 points)"),
        (("me.png", "tee.png", "--pose", "none.json"), 3, "me.png: expected a pose"),
        (("--pairs", "empty.txt"), 4, "empty.txt: expected a line"),
        (("--pairs", "missing.txt"), 4, "missing: gone.png"),
        (("--pairs", "twice.txt"), 4, "twice.txt, line 2"),
    ],
)  # fmt: skip
def test_each_is_refused_by_name_and_nothing_is_written(
    run, folder, monkeypatch, tmp_path, words, code, said
):
    monkeypatch.chdir(folder)
    target = tmp_path / "new.png"
    result = run("tryon", *words, "-o", target)
    assert result.code == code, result.err
    assert said in result.err
    assert not target.is_file()


@pytest.mark.parametrize("name", ["new.xyz", "new.bmp"])
def test_a_name_that_cannot_be_written_is_refused_before_the_work(run, folder, tmp_path, name):
    result = run("tryon", folder / "gone.png", folder / "gone.png", "-o", tmp_path / name)
    assert result.code == 2
    assert "--output: expected a name ending in .jpg" in result.err


class _Code:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("name", ["plain.pth", "zip.pth", "plain.pkl"])
def test_code_in_a_checkpoint_does_not_run(run, folder, tmp_path, name):
    import torch

    trace, file = tmp_path / "it-ran", tmp_path / name
    if name == "zip.pth":
        torch.save({"model": _Code(trace)}, file)
    else:
        file.write_bytes(pickle.dumps(_Code(trace)))
    result = run(
        "tryon", folder / "me.png", folder / "tee.png", "-o", tmp_path / "new.png",
        "--engine", "cpvton", "--weights", file,
    )  # fmt: skip
    assert result.code == 5
    assert f"{name}: expected torch's file of weights and no code" in result.err
    assert "weights_only" not in result.err
    assert not trace.exists()
