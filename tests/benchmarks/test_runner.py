"""The benchmark runner judges and documents what it measured; nothing here is timed in earnest."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import report, tables, timing
from benchmarks.case import Case, Limit, Target
from benchmarks.peer import ChildPeer

ROOT = Path(__file__).parents[2]


def _row(**times: float) -> dict[str, Any]:
    return {
        "family": "toy",
        "case": "one",
        "threads": 1,
        "limits": ["limit"],
        "left_out": {},
        "times": {name: {"min_ms": value} for name, value in times.items()},
    }


def _case(**options: Any) -> Case:
    runs = {"cvfast": int, "peer": int, "limit": int}
    return Case("toy", "one", runs, lambda outputs: "the same", **options)


def test_every_call_gets_twenty_rounds_in_turns() -> None:
    calls: list[str] = []

    times = timing.measure(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, budget=0
    )

    assert {timed.rounds for timed in times.values()} == {20}
    assert all(0 < timed.min_ms <= timed.median_ms for timed in times.values())
    changes = sum(one != other for one, other in itertools.pairwise(calls))
    assert changes >= 19  # a round each, not all of one and then all of the other


def test_disagreeing_outputs_stop_a_case_before_it_is_timed() -> None:
    def agree(outputs: Any) -> str:
        np.testing.assert_array_equal(outputs["cvfast"], outputs["peer"])
        return "equal"

    case = Case("toy", "one", {"cvfast": lambda: [1], "peer": lambda: [2]}, agree)

    with pytest.raises(AssertionError, match="not equal"):
        report.measured(case, 1)


@pytest.mark.parametrize(("peer", "reached"), [(2.01, True), (1.99, False)])
def test_a_target_asks_for_a_ratio(peer: float, reached: bool) -> None:
    row = _row(cvfast=1.0, peer=peer, limit=1.0)

    report.judge(row, _case(targets=(Target("peer", 2.0),)), 1.0)

    assert row["targets"][0]["reached"] is reached
    assert row["targets"][0]["ratio"] == peer


@pytest.mark.parametrize(("slack", "reached"), [(1.0, False), (1.5, True), (None, None)])
def test_a_limit_allows_a_ratio_and_slack_widens_it(slack: float | None, reached: Any) -> None:
    row = _row(cvfast=1.2, peer=1.0, limit=1.0)

    report.judge(row, _case(limits=(Limit("limit", 1.1),)), slack)

    assert row["targets"][0]["reached"] is reached


def test_a_target_without_its_peer_is_not_reached() -> None:
    row = _row(cvfast=1.0, limit=1.0)

    report.judge(row, _case(targets=(Target("peer", 2.0),)), 1.0)

    assert row["targets"][0] == {
        "peer": "peer",
        "asked": ">= 2x",
        "ratio": None,
        "stretch": None,
        "reached": False,
    }


def test_a_peer_without_its_environment_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CVFAST_BENCH_VENVS", str(tmp_path))
    runs = {"cvfast": lambda: 1, "far": ChildPeer("torchvision", "nms", boxes=[], scores=[])}

    row = report.measured(Case("toy", "one", runs, lambda outputs: "alone"), 1)

    assert "--make-venvs" in row["left_out"]["far"]
    assert list(row["times"]) == ["cvfast"]


def test_a_target_needs_a_run_of_its_name() -> None:
    with pytest.raises(ValueError, match=r"toy, one: no run is called \['nobody'\]"):
        _case(targets=(Target("nobody", 2.0),))


def test_the_page_shows_the_committed_figures(tmp_path: Path) -> None:
    page = ROOT / "docs" / "performance.md"
    copy = tmp_path / "performance.md"
    copy.write_text(page.read_text("utf-8"), "utf-8")

    assert tables.fill(copy).read_text("utf-8") == page.read_text("utf-8")
