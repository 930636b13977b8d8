"""``--dry-run`` of a swap's steps: said, and nothing done."""

from __future__ import annotations

from pathlib import Path

import pytest
from cvfast.cli.app import main

from tests.swap.moving_faces import write_clip


def test_dry_runs_change_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [write_clip(tmp_path / f"{name}.mp4", name, frames=2) for name in (3, 9)]
    place = tmp_path / "w"
    words = ["--source", str(clips[0]), "--target", str(clips[1]), "--consent"]
    assert main(["swap", "init", str(place), *words]) == 0
    before = sorted(place.rglob("*"))
    capsys.readouterr()
    for step, *more in (
        ["extract"], ["mask", "apply"], ["enhance", "--side", "source"], ["merge"], ["encode"],
    ):  # fmt: skip
        kind = [more.pop(0)] if more and not more[0].startswith("-") else []
        assert main(["swap", step, *kind, str(place), *more, "--dry-run"]) == 0
        said = capsys.readouterr()
        assert said.out.startswith(step)
        assert "of memory" in said.out
        assert "in all: about" in said.err
    assert sorted(place.rglob("*")) == before
