"""``cvfast train cascade`` as a user calls it: files in, a file and a table out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.common import Common
from cvfast.cli.train_cascade import Learning, train_cascade
from cvfast.errors import MediaError, OutputError, OutputExistsError
from cvfast.models.cascade_file import read_cascade
from cvfast.training.labels import LabelledFace, LabelledPicture, write_labels
from PIL import Image


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    rng = np.random.default_rng(0)
    for name, count, side in (("faces", 20, 12), ("scenes", 3, 90)):
        (tmp_path / name).mkdir()
        for number in range(count):
            picture = rng.integers(60, 200, (side, side), np.uint8)
            if name == "faces":
                picture[3:6] //= 3
            Image.fromarray(picture).save(tmp_path / name / f"{number}.png")
    return str(tmp_path / "faces"), str(tmp_path / "scenes")


def test_it_writes_a_cascade_plots_and_a_table(folders, tmp_path, capsys):
    out, plots = tmp_path / "c.xml", tmp_path / "plots"
    options = {"output": str(out), "learning": Learning(window="12x12", stages=1, windows=100)}
    assert train_cascade(*folders, plots=str(plots), **options) == 0
    said = capsys.readouterr().out
    assert "1 stages" in said
    assert "held out: 4 of 4 faces found" in said
    assert len(read_cascade(out).stage_trees) == 1
    assert sorted(p.name for p in plots.iterdir()) == ["features.png", "roc.png", "rounds.png"]
    with pytest.raises(OutputExistsError):
        train_cascade(*folders, **options)
    again = {**options, "overwrite": True, "resume": True, "common": Common(json=True)}
    assert train_cascade(*folders, **again) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["stages"][0]["weak"] >= 1
    assert record["held_out"]["found"] == 4


def test_a_window_that_is_none_is_named(folders):
    with pytest.raises(ValueError, match="--window: expected WIDTHxHEIGHT"):
        train_cascade(*folders, learning=Learning(window="big"))


def test_it_says_when_labels_and_use_of_the_pictures_differ(folders, tmp_path, capsys):
    faces, scenes = folders
    face = LabelledFace(np.array([2, 2, 9, 9], np.float32))
    write_labels(faces, [LabelledPicture("0.png", (face,))])
    write_labels(scenes, [LabelledPicture("0.png", (face,)), LabelledPicture("1.png", ())])
    learning = Learning(window="12x12", stages=1, windows=100)
    train_cascade(faces, scenes, output=str(tmp_path / "c.xml"), learning=learning)
    said = capsys.readouterr().err
    assert f"{faces}: has labels.jsonl, but whole pictures are taken as faces; --boxes" in said
    assert f"{scenes}: 1 of 2 pictures show faces" in said


def test_one_face_is_not_enough(folders, tmp_path):
    faces = Path(folders[0])
    for file in sorted(faces.iterdir())[1:]:
        file.unlink()
    out = tmp_path / "c.xml"
    with pytest.raises(MediaError, match="expected two faces or more to train on, got 1"):
        train_cascade(*folders, output=str(out), learning=Learning(window="12x12"))
    assert not out.exists()


def test_without_others_held_out_it_judges_the_faces_alone(folders, tmp_path, capsys):
    for file in sorted(Path(folders[1]).iterdir())[1:]:
        file.unlink()
    learning = Learning(window="12x12", stages=1, windows=100)
    assert train_cascade(*folders, output=str(tmp_path / "c.xml"), learning=learning) == 0
    assert "0 of 0 others" in capsys.readouterr().out


def test_errors_name_the_option():
    with pytest.raises(ValueError, match=r"--windows: expected 10 to .*, got 0"):
        Learning(windows=0).settings()
    with pytest.raises(ValueError, match="seed: expected at least 0, got -1"):
        Learning(seed=-1).settings()


def test_a_run_folder_that_cannot_be_made_is_named(folders, tmp_path):
    (tmp_path / "run").write_bytes(b"a file")
    options = {"output": str(tmp_path / "c.xml"), "learning": Learning(window="12x12")}
    with pytest.raises(OutputError, match="run: the folder cannot be made"):
        train_cascade(*folders, run=str(tmp_path / "run"), **options)
