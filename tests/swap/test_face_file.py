"""Face pictures that carry their record: round trips, other readers, damage."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.swap.face_file import FaceRecord, face_files, read_record, write_face, write_record
from cvfast.swap.face_set import read_faces
from cvfast.swap.face_types import FACE_TYPES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

PIXELS = np.random.default_rng(1).integers(0, 256, (96, 96, 3), dtype=np.uint8)
_NUMBERS = st.floats(-1e5, 1e5).map(lambda value: round(value, 4))


def make_record(**changes: Any) -> FaceRecord:
    rng = np.random.default_rng(2)
    given = FaceRecord(
        face_type="whole",
        landmarks=rng.uniform(0, 96, (68, 2)).round(4),
        source="clip.mp4",
        frame=7,
        seconds=0.28,
        face=1,
        source_landmarks=rng.uniform(0, 700, (68, 2)).round(4),
        source_box=np.array([1.0, 2.0, 300.5, 400.25]),
        matrix=rng.normal(0, 1, (2, 3)),
    )
    return replace(given, **changes)


def same(a: FaceRecord, b: FaceRecord | None) -> bool:
    if b is None:
        return False
    arrays = ("landmarks", "source_landmarks", "source_box", "matrix")
    plain = ("face_type", "source", "frame", "seconds", "face", "polygons")
    masks = a.mask is None if b.mask is None else a.mask is not None and (a.mask == b.mask).all()
    return (
        all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)
        and all(getattr(a, name) == getattr(b, name) for name in plain)
        and (a.more or {}) == (b.more or {})
        and bool(masks)
    )


records = st.builds(
    make_record,
    face_type=st.sampled_from(sorted(FACE_TYPES)),
    source=st.text(max_size=40),
    frame=st.integers(0, 10**7),
    seconds=st.floats(0, 1e6),
    face=st.integers(0, 1000),
    source_box=st.lists(_NUMBERS, min_size=4, max_size=4).map(np.array),
    polygons=st.lists(
        st.fixed_dictionaries(
            {"include": st.booleans(),
             "points": st.lists(st.tuples(_NUMBERS, _NUMBERS).map(list), min_size=1, max_size=8)}
        ), max_size=3,
    ).map(tuple),
    more=st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(), max_size=3),
    mask=st.none() | st.integers(0, 99).map(
        lambda seed: np.random.default_rng(seed).integers(0, 256, (40, 40), dtype=np.uint8)
    ),
)  # fmt: skip


@given(record=records, suffix=st.sampled_from([".jpg", ".png"]))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_records_come_back(tmp_path: Path, record: FaceRecord, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_face(path, PIXELS, record, overwrite=True)
    assert same(record, read_record(path))


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".png"])
def test_a_new_record_leaves_the_pixels_byte_for_byte(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_face(path, PIXELS, make_record())
    plain = _without_record(path.read_bytes())
    before = np.array(Pillow.open(path))
    big = np.random.default_rng(3).integers(0, 256, (400, 400), dtype=np.uint8)  # several segments
    write_record(path, make_record(frame=8, mask=big))
    with Pillow.open(path) as picture:
        picture.verify()
    assert np.array_equal(np.array(Pillow.open(path)), before)
    found = read_record(path)
    assert found is not None
    assert found.frame == 8
    assert np.array_equal(found.mask, big)
    write_record(path, make_record())
    assert _without_record(path.read_bytes()) == plain
    if suffix == ".png":
        assert np.array_equal(before, PIXELS)


def _without_record(data: bytes) -> bytes:
    """The file without our segments or chunk, taken apart here on its own."""
    out, at = b"", 2
    if data.startswith(b"\x89PNG"):
        out, at = data[:8], 8
        while at < len(data):
            end = at + 12 + int.from_bytes(data[at : at + 4], "big")
            out += b"" if b"cvfast-face" in data[at : at + 24] else data[at:end]
            at = end
        return out
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        out += b"" if data[at + 1] == 0xEF else data[at:end]
        at = end
    return out + data[at:]


def test_pictures_of_others_have_no_record(tmp_path: Path) -> None:
    for name, kind in (("a.jpg", "JPEG"), ("b.png", "PNG")):
        Pillow.fromarray(PIXELS).save(tmp_path / name, kind)
        assert read_record(tmp_path / name) is None
    write_record(tmp_path / "a.jpg", make_record())  # one can be given to them
    assert same(make_record(), read_record(tmp_path / "a.jpg"))
    found = read_faces(tmp_path)
    assert [path.name for path in found.paths] == ["a.jpg"]
    assert [(path.name, reason.split(":")[0]) for path, reason in found.skipped] == [
        ("b.png", "no face record")
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"landmarks": [[0, 0]] * 67},
        {"landmarks": [[0, float("inf")]] * 68},
        {"face_type": "huge"},
        {"frame": "many"},
        {"polygons": [{"include": True, "points": [[1, 2, 3]]}]},
        {"mask": "!!!"},
        {"more": [1]},
        {"source_box": None},
        {"matrix": {}},
        {"matrix": [[float("nan")] * 3] * 2},
        {"mask": "bm9uZQ=="},  # base64 of no picture
    ],
)
def test_damaged_records_are_named(change: dict[str, Any]) -> None:
    content = json.loads(make_record().to_json()) | change
    with pytest.raises(MediaError, match=r"face\.jpg: expected"):
        FaceRecord.from_json(json.dumps(content), "face.jpg")


@pytest.mark.parametrize("text", ["", "[]", "[" * 20_000, '"text"', "{}"])
def test_no_record_at_all_is_named(text: str) -> None:
    with pytest.raises(MediaError, match=r"^face\.jpg: "):
        FaceRecord.from_json(text, "face.jpg")


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    for name, said in (("gone.jpg", "no such file"), ("text.png", "JPEG or PNG"), (".", "folder")):
        with pytest.raises(MediaError, match=said):
            read_record(tmp_path / name)


@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_mutation_breaks_the_reader(tmp_path: Path, data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from([".jpg", ".png"]))
    path = tmp_path / f"sound{suffix}"
    if not path.exists():
        write_face(path, PIXELS[:16, :16], make_record(mask=PIXELS[..., 0]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(content)))
    damaged = tmp_path / f"damaged{suffix}"
    damaged.write_bytes(content[:cut])
    found = None
    with suppress(MediaError):  # which names the file, as other tests see
        found = read_record(damaged)
    assert found is None or found.landmarks.shape == (68, 2)


def test_a_record_has_a_limit_of_size(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Pillow.fromarray(PIXELS).save(buffer, "JPEG")
    data = buffer.getvalue()
    name = b"cvfast-face\0"
    segment = b"\xff\xef" + (65_002 + len(name)).to_bytes(2, "big") + name + b" " * 65_000
    (tmp_path / "a.jpg").write_bytes(data[:2] + segment * 70 + data[2:])
    with pytest.raises(MediaError, match="at most 4 MiB"):
        read_record(tmp_path / "a.jpg")


def test_face_files_leaves_out_what_is_hidden_or_no_picture(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.PNG", ".c.jpg", "d.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in face_files(tmp_path)] == ["a.PNG", "b.jpg"]
    assert face_files(tmp_path / "none") == []
    with pytest.raises(ValueError, match=r"expected a name ending in \.jpg"):
        write_face(tmp_path / "a.bmp", PIXELS, make_record())
    with pytest.raises(MediaError, match="cvfast swap extract makes it"):
        read_faces(tmp_path / "none")
