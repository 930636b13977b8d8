"""``cvfast swap run``: what is wrong with the line is said at once; a dry run makes nothing."""

from __future__ import annotations

import pytest
from cvfast.synth.clips import MadeClip, write_made_clip


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for name, who in (("a", 19), ("b", 13)):
        write_made_clip(
            folder / f"{name}.mp4", MadeClip(identities=(who,), frames=3, size=(96, 64))
        )
    return folder


def line(clips, out):
    return ("swap", "run", "--source", clips / "a.mp4", "--target", clips / "b.mp4", "-o", out)


def test_a_dry_run_tells_steps_disk_memory_and_time_and_makes_nothing(run, clips, tmp_path):
    done = run(*line(clips, tmp_path / "out.mp4"), "--dry-run", "--json", "--iterations", 3000)
    assert done.code == 0
    steps = {record["step"]: record for record in done.records}
    assert list(steps) == [
        "extract source", "extract target", "check", "mask", "train", "merge", "encode",
    ]  # fmt: skip
    assert all(step["memory"] > 0 and step["seconds"] > 0 for step in steps.values())
    assert steps["train"]["disk"] > 100 << 20
    assert "in all: about" in done.err
    assert "free" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "consent"),
        (("--consent", "--iterations", 0), "--iterations: expected at least 1, got 0"),
        (("--consent", "--preset", "huge"), "preset"),
        (("--consent", "--target-person", "anna"), "--target-person: expected numbers"),
        (("--consent", "--batch", 0), "batch: expected 1 to 1024, got 0"),
    ],
)
def test_a_line_that_cannot_be_is_a_usage_error_and_makes_nothing(
    run, clips, tmp_path, words, said
):
    done = run(*line(clips, tmp_path / "out.mp4"), *words)
    assert done.code == 2
    assert said in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_clip_is_named(run, clips, tmp_path):
    words = ("--source", tmp_path / "none.mp4", "--target", clips / "b.mp4", "--consent")
    done = run("swap", "run", *words, "-o", tmp_path / "out.mp4")
    assert done.code in (2, 4)
    assert "none.mp4" in done.err
