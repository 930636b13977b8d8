"""Labels of a folder in one file: there and back, to other cuts of the same clip, and bad files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvfast.errors import MediaError, OutputExistsError
from cvfast.swap.face_file import read_record, write_face, write_record
from cvfast.swap.mask_labels import checked_polygons, export_labels, import_labels
from cvfast.swap.masks import label_mask
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.swap.masked_people import HOLE, SQUARE, write_people


def polygons_of(path: Path) -> tuple[Any, ...]:
    record = read_record(path)
    assert record is not None
    return record.polygons


def labels_file(folder: Path, **changes: Any) -> Path:
    """Write the labels of one face, some of its values changed."""
    face = {
        "file": "00000_0.jpg", "source": "clip.mp4", "frame": 0, "face": 0,
        "matrix": [[1, 0, 0], [0, 1, 0]], "size": 64, "polygons": [SQUARE],
    } | changes  # fmt: skip
    path = folder / "labels.json"
    path.write_text(json.dumps({"format": "cvfast mask labels 1", "faces": [face]}))
    return path


def test_labels_go_out_and_come_back(tmp_path: Path) -> None:
    folder, file = tmp_path / "aligned", tmp_path / "labels.json"
    paths = write_people(folder, 3, size=64)
    for path, polygons in zip(paths, ((SQUARE, HOLE), (), (HOLE,)), strict=True):
        record = read_record(path)
        assert record is not None
        write_record(path, replace(record, polygons=polygons))
    before = [path.read_bytes() for path in paths]
    assert export_labels(folder, file) == 2
    for path in paths:
        record = read_record(path)
        assert record is not None
        write_record(path, replace(record, polygons=()))
    done = import_labels(folder, file)
    assert done.changed == (paths[0], paths[2])
    assert done.unmatched == ()
    assert [path.read_bytes() for path in paths] == before
    with pytest.raises(OutputExistsError):
        export_labels(folder, file)
    export_labels(folder, file, overwrite=True)


def test_labels_follow_the_face_into_another_cut(tmp_path: Path) -> None:
    """A cut at twice the size, shifted by 8 pixels of the frame."""
    paths = write_people(tmp_path / "old", 1, size=64, polygons=(SQUARE,))
    export_labels(tmp_path / "old", tmp_path / "labels.json")
    record = read_record(paths[0])
    assert record is not None
    matrix = np.array([[2.0, 0, 16], [0, 2, 16]])
    moved = replace(record, matrix=matrix, polygons=())
    (tmp_path / "new").mkdir()
    write_face(tmp_path / "new" / "other_name.jpg", np.zeros((128, 128, 3), np.uint8), moved)
    import_labels(tmp_path / "new", tmp_path / "labels.json")
    points = polygons_of(tmp_path / "new" / "other_name.jpg")[0]["points"]
    frame = np.array(SQUARE["points"]) * 64
    np.testing.assert_allclose(np.array(points) * 128, frame * 2 + 16, atol=1e-3)


def test_faces_that_are_not_here_are_named_and_names_do_where_frames_do_not(
    tmp_path: Path,
) -> None:
    paths = write_people(tmp_path / "aligned", 1, size=64)
    file = labels_file(tmp_path, source="renamed.mp4")
    assert import_labels(tmp_path / "aligned", file).changed == tuple(paths)
    assert polygons_of(paths[0]) == (SQUARE,)
    file = labels_file(tmp_path, frame=9, file="00009_0.jpg")
    assert import_labels(tmp_path / "aligned", file).unmatched == ("00009_0.jpg",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"matrix": [[1, 0], [0, 1]]}, "matrix"), ({"matrix": [[0, 0, 0], [0, 0, 0]]}, "matrix"),
        ({"matrix": [[float("nan"), 0, 0], [0, 1, 0]]}, "matrix"),
        ({"matrix": "x"}, "face's labels"),
        ({"size": 0}, "size"), ({"size": 1e300}, "size"), ({"frame": "x"}, "face's labels"),
        ({"polygons": [{"include": True, "points": [[0, 0]] * 2}]}, "points"),
        ({"polygons": [SQUARE] * 501}, "polygons"), ({"polygons": None}, "polygons"),
        ({"polygons": [{"include": True, "points": [[0, 0]] * 2001}]}, "points"),
        ({"polygons": [{"include": True, "points": [[0, 0], [1, 1], [1e9, 0]]}]}, "points"),
    ],
)  # fmt: skip
def test_bad_labels_are_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = write_people(tmp_path / "aligned", 1, size=64)[0]
    before = path.read_bytes()
    with pytest.raises(MediaError, match=words):
        import_labels(tmp_path / "aligned", labels_file(tmp_path, **changes))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[" * 100_000, b"\xff\xfe\x00", b"[]", b'{"format": "another"}', b"9" * 5000,
        b'{"format": "cvfast mask labels 1"}', b'{"format": "cvfast mask labels 1", "faces": {}}',
        b'{"format": "cvfast mask labels 1", "faces": [1]}',
        b'{"format": "cvfast mask labels 1", "faces": [{}]}',
    ],
)  # fmt: skip
def test_files_that_are_no_labels(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "labels.json"
    file.write_bytes(content)
    with pytest.raises(MediaError, match=r"labels\.json"):
        import_labels(tmp_path, file)


def test_a_missing_file_and_one_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        import_labels(tmp_path, tmp_path / "none.json")
    long = tmp_path / "long.json"
    with long.open("wb") as file:
        file.truncate((64 << 20) + 1)  # takes no room on the disk
    with pytest.raises(MediaError, match="64 MiB"):
        import_labels(tmp_path, long)


shares = some.lists(some.floats(-4, 4), min_size=2, max_size=2)
polygon = some.fixed_dictionaries(
    {"include": some.booleans(), "points": some.lists(shares, min_size=3, max_size=6)}
)


@given(some.lists(polygon, max_size=4))
@settings(max_examples=40, deadline=None)
def test_good_polygons_pass_unchanged_and_can_be_drawn(polygons: list[Any]) -> None:
    passed = checked_polygons(json.loads(json.dumps(polygons)))
    assert list(passed) == polygons
    mask = label_mask(passed, 16)
    assert mask.min() >= 0
    assert mask.max() <= 1


anything = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(some.sampled_from(["include", "points", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(some.lists(anything, max_size=3) | anything)
@settings(max_examples=40, deadline=None)
def test_anything_else_is_a_value_error(given: Any) -> None:
    try:
        checked_polygons(given)
    except ValueError as error:
        said = str(error)
    else:
        said = "expected"  # a list without polygons, say
    assert "expected" in said
