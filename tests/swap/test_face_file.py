"""Face pictures: the record comes back, the pixels stay, and damage is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.swap.face_file import FaceRecord, face_files, read_record, write_face, write_record
from PIL import Image


def _record() -> FaceRecord:
    rng = np.random.default_rng(1)
    return FaceRecord(
        face_type="whole",
        landmarks=rng.random((68, 2)) * 64,
        source="clip.mp4",
        frame=12,
        seconds=0.48,
        face=1,
        source_landmarks=rng.random((68, 2)) * 640,
        source_box=np.array([1.5, 2, 30, 40]),
        matrix=rng.random((2, 3)),
        polygons=({"include": False, "points": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.1]]},),
        mask=rng.integers(0, 2, (32, 32), np.uint8) * np.uint8(255),
        more={"eyebrows_expand_mod": 1.0},
    )


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_there_and_back(suffix: str, tmp_path: Path) -> None:
    record, path = _record(), tmp_path / f"a{suffix}"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    write_face(path, pixels, record)
    with Image.open(path) as picture:
        before = np.array(picture)
    if suffix == ".png":
        assert np.array_equal(before, pixels)
    # A mask of noise does not fit into one segment of a JPEG.
    large = np.random.default_rng(2).integers(0, 256, (512, 512), np.uint8)
    write_record(path, replace(record, frame=13, mask=large))
    back = read_record(path)
    assert back is not None
    assert (back.frame, back.face, back.source, back.seconds) == (13, 1, "clip.mp4", 0.48)
    for name in ("landmarks", "source_landmarks", "source_box", "matrix"):
        assert np.array_equal(getattr(back, name), getattr(record, name)), name
    assert back.mask is not None
    assert np.array_equal(back.mask, large)
    assert back.polygons == record.polygons
    assert back.more == record.more
    with Image.open(path) as picture:
        assert np.array_equal(np.array(picture), before)
    assert face_files(tmp_path) == [path]


def test_what_is_no_face_picture(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.jpg")
    assert read_record(tmp_path / "plain.jpg") is None
    assert face_files(tmp_path / "gone") == []
    (tmp_path / "text.png").write_text("no picture")
    for name, said in (("gone.jpg", "no such file"), ("text.png", "JPEG or PNG"), (".", "folder")):
        with pytest.raises(MediaError, match=said):
            read_record(tmp_path / name)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"face_type": "nose"},
        {"landmarks": [[0, 0]] * 67},
        {"matrix": [[float("nan")] * 3] * 2},
        {"frame": "x"},
        {"polygons": [{"include": True, "points": [1]}]},
        {"mask": "bm9uZQ=="},
        {"more": 5},
    ],
)
def test_damaged_records(change: dict[str, object]) -> None:
    text = json.dumps(json.loads(_record().to_json()) | change)
    with pytest.raises(MediaError, match=r"^(a\.jpg|mask): "):
        FaceRecord.from_json(text, "a.jpg")
    for text in ("", "[]", "[" * 20_000):
        with pytest.raises(MediaError, match=r"^a\.jpg: "):
            FaceRecord.from_json(text, "a.jpg")
