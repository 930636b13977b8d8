from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.common import Common
from cvfast.cli.train_landmarks import train_landmarks
from cvfast.errors import MediaError, MissingDependencyError, OutputError, OutputExistsError
from cvfast.io.images import write_image
from cvfast.models.shape_file import read_shape_file
from cvfast.training.labels import LabelledFace, LabelledPicture, write_labels

QUICK = {"coarse": (1, 3, 2), "fine": (1, 3, 2), "copies": 1, "side": 40}


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder, pictures = tmp_path / "faces", []
    folder.mkdir()
    for number in range(10):
        write_image(folder / f"{number}.png", rng.integers(0, 256, (80, 80, 3), np.uint8))
        points = rng.uniform(20, 60, (68, 2)).astype(np.float32)
        face = LabelledFace(np.array([15, 15, 65, 65], np.float32), points, identity=number)
        side = "test" if number > 6 else "train"
        pictures.append(LabelledPicture(f"{number}.png", (face,), (80, 80), side))
    write_labels(folder, pictures)
    return folder


def test_table_and_model(faces: Path, tmp_path: Path, capsys) -> None:
    output = tmp_path / "model.safetensors"
    assert train_landmarks(str(faces), output=str(output), **QUICK) == 0
    said = capsys.readouterr().out
    assert "from 7 faces; errors on 3 held-out ones" in said
    rows = [line.split() for line in said.splitlines()[3:]]
    assert [row[0] for row in rows] == ["coarse", "right_eye", "left_eye", "nose", "mouth", "jaw"]
    assert read_shape_file(output).count == 68
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "model.safetensors"}


def test_json_and_plots(faces: Path, tmp_path: Path, capsys) -> None:
    output, plots = tmp_path / "model.safetensors", tmp_path / "plots"
    plots.mkdir()
    train_landmarks(
        str(faces), output=str(output), plots=str(plots), common=Common(json=True), **QUICK
    )
    record = json.loads(capsys.readouterr().out)
    assert (record["verb"], record["faces"], record["held_out"]) == ("train", 7, 3)
    assert record["bytes"] == output.stat().st_size
    assert [row["name"] for row in record["stages"]][:2] == ["coarse", "right_eye"]
    assert record["stages"][0]["part_before"] is None
    assert record["stages"][1]["part_after"] > 0
    assert len(record["plots"]) == 2
    for path in record["plots"]:
        assert Path(path).read_bytes().startswith(b"\x89PNG")


def test_a_stopped_training_leaves_its_state_and_goes_on(
    faces: Path, tmp_path: Path, monkeypatch
) -> None:
    from cvfast.training import shape

    expected, output = tmp_path / "a", tmp_path / "b"
    train_landmarks(str(faces), output=str(expected), **QUICK)
    stages = iter(range(3))
    real = shape.train_stage

    def stopping(*arguments: object, **options: object) -> object:
        if next(stages, None) is None:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(shape, "train_stage", stopping)
        with pytest.raises(KeyboardInterrupt):
            train_landmarks(str(faces), output=str(output), **QUICK)
    assert (tmp_path / "b.unfinished").exists()
    assert not output.exists()
    train_landmarks(str(faces), output=str(output), **QUICK)
    assert output.read_bytes() == expected.read_bytes()
    assert not (tmp_path / "b.unfinished").exists()


def test_what_cannot_be_written_is_refused_first(faces: Path, tmp_path: Path, monkeypatch) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        train_landmarks(str(faces), output=str(there), **QUICK)
    with pytest.raises(OutputError, match="no such folder"):
        train_landmarks(str(faces), output=str(tmp_path / "gone" / "a"), **QUICK)
    with pytest.raises(OutputError, match="no such folder"):
        train_landmarks(str(faces), output=str(tmp_path / "a"), plots="gone/plots", **QUICK)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[plot\]'"):
        train_landmarks(str(faces), output=str(tmp_path / "a"), plots=str(tmp_path), **QUICK)
    assert there.read_bytes() == b"mine"


def test_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"labels\.jsonl"):
        train_landmarks(str(tmp_path), output=str(tmp_path / "a"), **QUICK)


def test_wrong_numbers(faces: Path, tmp_path: Path) -> None:
    for change, message in (
        ({"copies": 0}, "copies: expected 1 to 1000, got 0"),
        ({"seed": -1}, "seed: expected 0 to "),
        ({"side": 4}, "side: expected 16 to 1024, got 4"),
        ({"fine": (1, 3, 99)}, "depth: expected 1 to 10, got 99"),
        ({"coarse": (0, 3, 2)}, "stages: expected 1 to 1000, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            train_landmarks(str(faces), output=str(tmp_path / "a"), **{**QUICK, **change})
