from __future__ import annotations

import json
import os
from fractions import Fraction

import pytest
from cvfast.errors import MediaError
from cvfast.runs.plan import Fingerprint, Plan, Unit, file_hash


def test_a_plan_tells_what_differs(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    seen = [Fingerprint.of(tmp_path / name) for name in ("a", "b")]
    old = Plan({"crf": 18, "codec": "libx264"}, tuple(seen), ())
    (tmp_path / "a").write_text("A")
    now = tuple(Fingerprint.of(tmp_path / name) for name in ("a", "c"))
    said = Plan({"crf": 20, "codec": "libx264"}, now, ()).differences(json.loads(old.to_json()))
    assert said == [
        "crf: was 18, is 20",
        f"{tmp_path / 'b'}: no longer among the inputs",
        f"{tmp_path / 'c'}: not among the inputs then",
        f"{tmp_path / 'a'}: the file has changed",
    ]
    assert old.differences(json.loads(old.to_json())) == []


def test_versions_count(tmp_path):
    plan = Plan({}, (), ())
    old = json.loads(plan.to_json())
    old["tools"]["av"] = "1.0"
    assert plan.differences(old) == [f"av: was 1.0, is {plan.tools['av']}"]


def test_another_division_is_told():
    units = (Unit("0", "m:f", {"start": Fraction(1, 3)}),)
    old = json.loads(Plan({}, (), units).to_json())
    assert old["units"][0]["arguments"] == {"start": "1/3"}
    assert Plan({}, (), ()).differences(old) == ["the work is divided in another way"]


def test_small_files_are_known_by_content_and_large_ones_by_time_too(tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    with large.open("wb") as file:
        file.truncate((64 << 20) + 1)
    first = [Fingerprint.of(path) for path in (small, large)]
    for path in (small, large):
        os.utime(path, (1, 1))
    again = [Fingerprint.of(path) for path in (small, large)]
    assert again[0] == first[0]
    assert again[1] != first[1]
    assert again[1].blake2 == first[1].blake2
    with large.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    assert Fingerprint.of(large).blake2 != first[1].blake2


def test_a_missing_file(tmp_path):
    with pytest.raises(MediaError, match="gone: cannot be read"):
        Fingerprint.of(tmp_path / "gone")


def test_a_hash_reads_the_whole_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(3 << 20))
    whole = file_hash(path)
    path.write_bytes(bytes((3 << 20) - 1) + b"x")
    assert file_hash(path) != whole
