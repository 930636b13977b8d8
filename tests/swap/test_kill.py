"""Steps killed at random moments and started again: the same bytes. All: benchmarks.swap_kill."""

from __future__ import annotations

import pytest

from benchmarks import swap_kill


def test_killed_steps_come_to_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert swap_kill.main(["--quick"]) == 0
    assert "3 kills in 2 steps: 0 trials differ" in capsys.readouterr().out
