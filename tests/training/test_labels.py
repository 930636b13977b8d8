"""Labels on disk: what is written is read, what is wrong is named with file and line."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import LimitError, MediaError, OutputExistsError
from cvfast.training.labels import (
    MOST_FACES,
    LabelledFace,
    LabelledPicture,
    read_labels,
    write_labels,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    points = np.arange(136, dtype=np.float32).reshape(68, 2) / 4
    face = LabelledFace(np.float32([1, 2, 30.25, 40]), points, 17, 0.1, -0.2, 0.3, "side",
                        "smile", 0.25)  # fmt: skip
    pictures = [
        LabelledPicture("a.jpg", (face,), (64, 48), "train"),
        LabelledPicture("dir/ü.png", (), None, "test"),
    ]
    write_labels(tmp_path, pictures)
    first, second = read_labels(tmp_path)
    assert first.path == tmp_path / "a.jpg"
    assert (first.size, first.split, second.file) == ((64, 48), "train", "dir/ü.png")
    got = first.faces[0]
    assert np.array_equal(got.box, face.box)
    assert np.array_equal(got.points, points)
    assert (got.identity, got.yaw, got.light, got.occluded) == (17, 0.1, "side", 0.25)
    assert [p.file for p in read_labels(tmp_path / "labels.jsonl", split="test")] == ["dir/ü.png"]
    with pytest.raises(OutputExistsError):
        write_labels(tmp_path, pictures)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{", "line 2: line: expected a JSON object"),
        ("[1]", "line 2: line: expected a JSON object"),
        ("[" * 100_000, "line 2: line"),
        ('{"faces": []}', "file: expected a path"),
        ('{"file": "a", "faces": 3}', "faces: expected a list"),
        ('{"file": "a", "faces": [{}]}', r"faces\[0\].box"),
        ('{"file": "a", "faces": [{"box": [0, 0, 1]}]}', r"faces\[0\].box"),
        ('{"file": "a", "faces": [{"box": [0, 0, 1, NaN]}]}', r"faces\[0\].box"),
        ('{"file": "a", "faces": [{"box": [5, 0, 1, 1]}]}', "x0 <= x1"),
        ('{"file": "a", "faces": [{"box": [0,0,1,1], "points": [[1, 2]]}]}', "points"),
        ('{"file": "a", "faces": [{"box": [0,0,1,1], "points": [[1], [1, 2]]}]}', "points"),
        ('{"file": "a", "faces": [{"box": [0,0,1,1], "identity": -1}]}', "identity"),
        ('{"file": "a", "faces": [{"box": [0,0,1,1], "yaw": "x"}]}', "yaw"),
        ('{"file": "a", "faces": [{"box": [0,0,1,1], "occluded": 2}]}', "occluded"),
        ('{"file": "a", "faces": [{"box": [0,0,1,1], "light": 2}]}', "light"),
        ('{"file": "a", "size": [0, 4]}', "size"),
        ('{"file": "a", "split": "dev"}', "split"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, line: str, text: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"file": "good.jpg"}\n' + line + "\n")
    with pytest.raises(MediaError, match=text) as caught:
        read_labels(tmp_path)
    assert "labels.jsonl, line 2" in str(caught.value)


def test_missing_binary_and_huge_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cvfast make faces"):
        read_labels(tmp_path)
    file = tmp_path / "labels.jsonl"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MediaError, match="UTF-8"):
        read_labels(file)
    boxes = ",".join(['{"box":[0,0,1,1]}'] * (MOST_FACES + 1))
    file.write_text('{"file": "a", "faces": [' + boxes + "]}")
    with pytest.raises(LimitError, match="faces"):
        read_labels(file)
    with pytest.raises(ValueError, match="split"):
        read_labels(file, split="dev")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "labels.jsonl")
    with pytest.raises(MediaError, match="expected a file, got a named pipe"):
        read_labels(tmp_path)
