"""``cvfast make clip``: a clip of nobody, and what is wrong with what was asked for."""

from __future__ import annotations

import pytest
from cvfast.io.video import read_frames


def test_makes_a_clip_and_says_so(run, tmp_path):
    target = tmp_path / "who.mp4"
    words = ("--identity", 3, "--frames", 3, "--size", "96x64", "--json")
    done = run("make", "clip", target, *words)
    assert done.code == 0
    assert done.records[0]["frames"] == 3
    assert [frame.rgb().shape for frame in read_frames(target)] == [(64, 96, 3)] * 3
    again = run("make", "clip", target, *words)
    assert again.code == 2
    assert "exists" in again.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--identity", "anna"), "--identity: expected numbers such as 3 or 3,18, got 'anna'"),
        (("--light", "moon"), "light: expected one of soft"),
        (("--size", "97x64"), "size: expected even sides, got 97 x 64"),
    ],
)
def test_what_cannot_be_made_is_a_usage_error(run, tmp_path, words, said):
    done = run("make", "clip", tmp_path / "a.mp4", *words)
    assert done.code == 2
    assert said in done.err
