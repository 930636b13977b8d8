from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.metrics.annotations import read_annotations
from cvfast.metrics.fddb import ellipse_box
from cvfast.metrics.jsonlines import Detected, read_detections, write_detections
from hypothesis import given, settings
from hypothesis import strategies as st

WIDER = """\
0--Parade/0_Parade_849.jpg
2
449 330 122 149 0 0 0 0 0 0
361 98 263 339 1 1 1 1 2 1
0--Parade/0_Parade_850.jpg
0
0 0 0 0 0 0 0 0 0 0
1--Handshaking/a b.jpg
1
10 20 0 0 2 0 0 0 0 0
"""
FDDB = """\
2002/08/11/big/img_591
1
123.583300 85.549500 1.265839 269.693400 161.781200  1
2002/08/26/big/img_265
2
67.363819 44.511485 -1.476417 105.249970 87.209036  1
40 20 0 50 60 1
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "notes.txt") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


def test_wider(write) -> None:
    first, empty, small = read_annotations(write(WIDER))
    assert first.file == "0--Parade/0_Parade_849.jpg"
    assert first.boxes.tolist() == [[449, 330, 571, 479], [361, 98, 624, 437]]
    assert first.ignore.tolist() == [False, True]
    assert dict(first.facts[1]) == {
        "blur": "normal",
        "expression": "exaggerated",
        "light": "extreme",
        "occlusion": "heavy",
        "pose": "atypical",
    }
    assert (empty.file, len(empty)) == ("0--Parade/0_Parade_850.jpg", 0)
    assert (small.file, small.ignore.tolist()) == ("1--Handshaking/a b.jpg", [True])


def test_fddb(write) -> None:
    first, second = read_annotations(write(FDDB))
    assert (first.file, len(first), len(second)) == ("2002/08/11/big/img_591", 1, 2)
    assert second.boxes[1].tolist() == [10.5, 40.5, 90.5, 80.5]


def test_a_folder_of_fddb_folds(write, tmp_path: Path) -> None:
    for fold in (1, 2):
        write(FDDB.replace("2002", f"200{fold}"), f"FDDB-fold-0{fold}-ellipseList.txt")
    names = [picture.file[:4] for picture in read_annotations(tmp_path)]
    assert names == ["2001", "2001", "2002", "2002"]


def test_the_box_of_an_ellipse_holds_its_rim() -> None:
    angle = np.linspace(0, 2 * math.pi, 2001)
    for turn in (0.0, 0.4, -1.4):
        x, y = 9 * np.cos(angle), 4 * np.sin(angle)
        across = 20 + x * math.cos(turn) - y * math.sin(turn)
        down = 30 + x * math.sin(turn) + y * math.cos(turn)
        rim = [across.min() + 0.5, down.min() + 0.5, across.max() + 0.5, down.max() + 0.5]
        np.testing.assert_allclose(ellipse_box(9, 4, turn, 20, 30), rim, atol=1e-4)


def test_json_lines_and_their_folder(write, tmp_path: Path) -> None:
    face = {"box": [1, 2, 30, 40], "yaw": 0.2, "light": "side", "points": [[1, 2]], "ignore": True}
    line = {"file": "a.jpg", "split": "test", "size": [64, 64], "faces": [face]}
    write("\n" + json.dumps(line) + "\n\n", "labels.jsonl")
    for path in (tmp_path, tmp_path / "labels.jsonl"):
        (picture,) = read_annotations(path)
        assert dict(picture.facts[0]) == {"yaw": 0.2, "light": "side"}
        assert (picture.split, picture.ignore.tolist()) == ("test", [True])


BROKEN = [
    ("", "expected annotations of pictures, got none"),
    ("a.jpg\n", "line 2: expected the number of faces .*got the end"),
    ("a.jpg\nmany\n", "line 2: expected the number of faces"),
    ("a.jpg\n-1\n", "line 2: expected the number of faces"),
    ("a.jpg\n999999999\n", "line 2: expected at most 100,000 faces"),
    ("a.jpg\n2\n1 1 5 5 0 0 0 0 0 0\n", "line 4: expected ten numbers .*, got the end"),
    ("a.jpg\n1\n1 1 5 5 0 0 0 0 0\n", "line 3: expected ten numbers"),
    ("a.jpg\n1\n1 1 5 x 0 0 0 0 0 0\n", "line 3: expected ten numbers"),
    ("a.jpg\n1\n1 1 nan 5 0 0 0 0 0 0\n", "line 3: expected ten numbers"),
    ("a.jpg\n1\n1 1 -5 5 0 0 0 0 0 0\n", "line 3: expected a width and height of at least 0"),
    ("a.jpg\n1\n1 1 5 5 0 7 0 0 0 0\n", "line 3: expected expression from 0 to 1"),
    ("a.jpg\n1\n1 1 5e9 5 0 0 0 0 0 0\n", "line 3: expected a box of numbers within a million"),
    ("a.jpg\n0\n0 0 1 0 0 0 0 0 0 0\n", "line 3: expected ten zeros"),
    (WIDER + WIDER, "expected each picture once, got '0--Parade/0_Parade_849.jpg' twice"),
    ("img\n1\n5 -5 0 10 10 1\n", "line 3: expected radii over 0"),
    ("img\n1\n5 5 0 1e8 10 1\n", "line 3: expected a box of numbers within a million pixels"),
    ("img\n2\n5 5 0 10 10 1\n1 2 3\n", "line 4: expected five numbers"),
    ("{", "line 1: expected one JSON object"),
    ("[" * 100_000, "line 1: expected one JSON object"),
    ("[1]", 'line 1: expected a JSON object with "file"'),
    ('{"file": 3}', 'line 1: expected a JSON object with "file"'),
    ('{"file": "a"}', 'line 1: expected a list "faces"'),
    ('{"file": "a", "faces": [3]}', 'line 1: expected a list "faces"'),
    ('{"file": "a", "faces": [{}]}', 'line 1: expected a "box" of four numbers'),
    ('{"file": "a", "faces": [{"box": [1, 2, 3, true]}]}', 'expected a "box" of four numbers'),
    ('{"file": "a", "faces": [{"box": [1, 2, NaN, 4]}]}', 'expected a "box" of four numbers'),
    ('{"file": "a", "faces": [{"box": [1, 2, 3e300, 4]}]}', "within a million pixels"),
    ('{"file": "a", "faces": [{"box": [1, 2, 1%s, 4]}]}' % ("0" * 400), 'expected a "box" of four'),
    ('{"file": "a", "faces": [{"box": [1, 2, 1, 4]}]}', "expected a box .* with an area"),
    ('{"file": "a", "faces": []}\n{"file": "a", "faces": []}', "expected each picture once"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_broken_annotations_name_the_line(write, number: int) -> None:
    text, message = BROKEN[number]
    path = write(text)
    with pytest.raises(MediaError, match=message) as caught:
        read_annotations(path)
    assert str(path) in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.txt: annotations cannot be read"):
        read_annotations(tmp_path / "gone.txt")
    with pytest.raises(MediaError, match=r"expected a folder with labels\.jsonl or FDDB"):
        read_annotations(tmp_path)
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\x81" * 9)
    with pytest.raises(MediaError, match="expected annotations as text, got binary data"):
        read_annotations(tmp_path / "binary.txt")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MediaError, match="expected a file, got a named pipe"):
        read_annotations(tmp_path / "pipe")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["", "a.jpg\n1\n", '{"file": "a", "faces": [']))
def test_no_text_is_more_than_a_named_error(tmp_path_factory, text: str, start: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(start + text, "utf-8", errors="surrogatepass")
    try:
        read_annotations(path)
    except MediaError as error:
        assert str(path) in str(error)  # noqa: PT017


def test_detections_go_round(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    boxes = random.uniform(0, 9, (3, 4)) + np.array([0, 0, 10, 10])
    path = tmp_path / "found.jsonl"
    write_detections(path, [Detected("a", boxes, random.random(3), 0.25, "key"),
                            Detected("b", boxes[:0], np.zeros(0))])  # fmt: skip
    first, second = read_detections(path)
    np.testing.assert_array_equal(first.boxes, boxes)
    assert (first.seconds, first.key, second.seconds, len(second)) == (0.25, "key", None, 0)


@pytest.mark.parametrize("score", ["NaN", "Infinity", "null", '"1"', "true", "1" + "0" * 400])
def test_scores_are_finite_numbers(write, score: str) -> None:
    path = write('{"file": "a", "faces": [{"box": [1, 2, 3, 4], "score": ' + score + "}]}")
    with pytest.raises(MediaError, match='line 1: expected a "score" that is a finite number'):
        read_detections(path)


@pytest.mark.parametrize("name", ["", "a\\u0000.jpg"])
def test_names_that_no_file_can_have(name: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(f'{{"file": "{name}", "faces": []}}')
    with pytest.raises(MediaError, match='line 1: expected "file", the path of a picture'):
        read_annotations(path)
