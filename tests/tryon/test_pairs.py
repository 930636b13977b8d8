from __future__ import annotations

from pathlib import Path

import pytest
from cvfast.errors import MediaError
from cvfast.tryon.pairs import Pair, check_pairs, is_paired, only, read_pairs, write_pairs


@pytest.mark.parametrize(
    ("person", "garment", "paired"),
    [
        ("000001_0.jpg", "000001_1.jpg", True),  # VITON, CP-VTON, ACGPN
        ("000001_0.jpg", "000002_1.jpg", False),
        ("00006_00.jpg", "00006_00.jpg", True),  # VITON-HD
        ("00006_00.jpg", "08909_00.jpg", False),
        ("me.jpg", "shirt.jpg", False),
    ],
)
def test_names_tell_who_wears_what(person: str, garment: str, paired: bool) -> None:
    assert is_paired(person, garment) == paired


def test_a_written_list_is_read_again(tmp_path: Path) -> None:
    pairs = [
        Pair("000001_0.jpg", "000001_1.jpg", True),
        Pair("me at sea.jpg", "shirt.jpg", True),
        Pair("000001_0.jpg", "000002_1.jpg", False),
        Pair("a_0.jpg", "a_1.jpg", False),
    ]
    write_pairs(tmp_path / "pairs.txt", pairs)
    assert read_pairs(tmp_path / "pairs.txt") == pairs


def test_windows_lines_comments_and_a_mark_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "pairs.txt"
    file.write_bytes(b"\xef\xbb\xbf# pairs\r\n\r\na.jpg  b.jpg\r\n  c.jpg\td.jpg\tpaired\r\n")
    assert read_pairs(file) == [Pair("a.jpg", "b.jpg", False), Pair("c.jpg", "d.jpg", True)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a line 'PERSON GARMENT' at least, got none"),
        ("a.jpg", "line 1: expected 'PERSON GARMENT', got 1 words"),
        ("a.jpg b.jpg\nme at sea.jpg b.jpg\n", "line 2: expected 'PERSON GARMENT', got 4 words"),
        ("a.jpg b.jpg both", "expected paired or unpaired as third word, got 'both'"),
        ("a b\nc d\na b", "line 3: a with b is there already, in line 1"),
    ],
)
def test_bad_lists_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pairs.txt").write_text(text)
    with pytest.raises(MediaError, match=message):
        read_pairs(tmp_path / "pairs.txt")
    (tmp_path / "pairs.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MediaError, match="expected text in UTF-8"):
        read_pairs(tmp_path / "pairs.txt")
    with pytest.raises(MediaError, match="cannot be read"):
        read_pairs(tmp_path / "gone.txt")


def test_missing_files_are_named_together(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    pairs = [Pair("a.jpg", f"{number}.jpg", False) for number in range(12)]
    with pytest.raises(MediaError, match=r"missing: .*0\.jpg, .*9\.jpg and 2 more") as caught:
        check_pairs(pairs, tmp_path, tmp_path)
    assert "a.jpg" not in str(caught.value)
    check_pairs([Pair("a.jpg", "a.jpg", False)], tmp_path, tmp_path)
    for name in ("../a.jpg", str(tmp_path / "a.jpg")):
        with pytest.raises(MediaError, match="expected a name inside"):
            check_pairs([Pair("a.jpg", name, False)], tmp_path, tmp_path)


def test_paired_and_unpaired_are_never_mixed() -> None:
    pairs = [Pair("a", "b", False), Pair("c", "d", True)]
    assert only(pairs, "paired") == pairs[1:]
    assert only(pairs, "unpaired") == pairs[:1]
    with pytest.raises(ValueError, match="got 1 unpaired; they have no reference"):
        only(pairs[:1], "paired")
    with pytest.raises(ValueError, match="expected unpaired ones, got 1 paired"):
        only(pairs[1:], "unpaired")
    with pytest.raises(ValueError, match="kind: expected paired or unpaired, got 'both'"):
        only(pairs, "both")
