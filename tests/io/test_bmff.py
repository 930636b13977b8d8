from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from cvfast.errors import LimitError, MediaError
from cvfast.io import bmff
from cvfast.io.bmff import append_mp4_mark, boxes, read_mp4_xmp
from hypothesis import given
from hypothesis import strategies as st

MakeBox = Callable[..., bytes]


def kinds(data: bytes) -> list[bytes]:
    return [found.kind for found in boxes(io.BytesIO(data), "clip.mp4")]


def test_walks_small_large_and_open_boxes(box: MakeBox) -> None:
    large = b"\0\0\0\1mdat" + (16 + 5).to_bytes(8, "big") + b"12345"
    open_ended = b"\0\0\0\0mdat" + b"rest"
    assert kinds(box(b"ftyp", b"isom") + large + box(b"moov") + open_ended) == [
        b"ftyp",
        b"mdat",
        b"moov",
        b"mdat",
    ]
    assert kinds(b"") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0\0\0", "cut off in the header"),
        (b"\0\0\0\1mdat\0\0", "cut off in the header"),
        (b"\0\0\0\7mdat", "at least 8 bytes"),
        (b"\0\0\0\1mdat" + bytes(8), "at least 16 bytes"),
        (b"\0\0\1\0mdat", "truncated or no MP4"),
        (b"\0\0\0\1mdat" + b"\xff" * 8, "truncated or no MP4"),
        (b"hello, this is a text file", "truncated or no MP4"),
    ],
)
def test_lies_about_sizes_are_named(data: bytes, message: str) -> None:
    with pytest.raises(MediaError, match=f"clip.mp4: .*{message}"):
        kinds(data)


def test_too_many_boxes(monkeypatch: pytest.MonkeyPatch, box: MakeBox) -> None:
    monkeypatch.setattr(bmff, "MAX_BOXES", 3)
    with pytest.raises(LimitError, match="at most 3 boxes"):
        kinds(box(b"free") * 4)


@given(st.binary(max_size=200))
def test_any_bytes_are_walked_or_named(data: bytes) -> None:
    try:
        found = list(boxes(io.BytesIO(data), "x"))
    except MediaError:
        return
    assert [one.start for one in found] == [0, *(one.end for one in found)][: len(found)]
    assert not found or found[-1].end == len(data)


def test_mark_is_appended_and_replaced_without_moving_anything(
    tmp_path: Path, box: MakeBox
) -> None:
    clip = box(b"ftyp", b"isom") + box(b"mdat", b"frames") + box(b"moov", b"offsets")
    path = tmp_path / "a.mp4"
    path.write_bytes(clip)
    assert read_mp4_xmp(path) is None
    append_mp4_mark(path, b"first, a long one")
    assert path.read_bytes().startswith(clip)
    assert read_mp4_xmp(path) == b"first, a long one"
    append_mp4_mark(path, b"second")
    assert read_mp4_xmp(path) == b"second"
    assert path.read_bytes() == clip + box(b"uuid", bmff.XMP_UUID + b"second")


def test_a_mark_further_up_becomes_free_space(tmp_path: Path, box: MakeBox) -> None:
    path = tmp_path / "a.mov"
    old = box(b"uuid", bmff.XMP_UUID + b"old")
    other = box(b"uuid", b"another sixteen b" + b"kept")
    path.write_bytes(box(b"ftyp") + old + other + box(b"mdat", b"x"))
    append_mp4_mark(path, b"new")
    data = path.read_bytes()
    assert kinds(data) == [b"ftyp", b"free", b"uuid", b"mdat", b"uuid"]
    assert other in data
    assert read_mp4_xmp(path) == b"new"


def test_a_last_box_without_size_is_given_one(tmp_path: Path, box: MakeBox) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(box(b"ftyp") + b"\0\0\0\0mdat" + b"frames")
    append_mp4_mark(path, b"new")
    assert kinds(path.read_bytes()) == [b"ftyp", b"mdat", b"uuid"]
    assert read_mp4_xmp(path) == b"new"
    path.write_bytes(box(b"ftyp") + b"\0\0\0\0uuid" + bmff.XMP_UUID + b"old")
    append_mp4_mark(path, b"new")
    assert kinds(path.read_bytes()) == [b"ftyp", b"uuid"]
    assert read_mp4_xmp(path) == b"new"


def test_what_cannot_be_marked(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    with pytest.raises(MediaError, match="empty file"):
        append_mp4_mark(path, b"x")
    with pytest.raises(ValueError, match="packet: expected at most"):
        append_mp4_mark(path, bytes((1 << 20) + 1))
    with pytest.raises(MediaError, match="cannot be read"):
        read_mp4_xmp(tmp_path / "missing.mp4")
