"""What the benchmarks of clips make of what they measured; nothing is timed here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks import report, stability, timing
from benchmarks.case import Case, Limit
from benchmarks.video_tables import TABLES


def _walk(frames: int = 60) -> Any:
    return np.stack([40 * np.sin(0.2 * np.arange(frames)), np.zeros(frames)], axis=1)


def _points(motion: Any, noise: float = 0.0) -> Any:
    rng = np.random.default_rng(0)
    face = rng.uniform(-50, 50, (30, 2))
    return motion[:, None] + face + noise * rng.normal(size=(len(motion), 30, 2))


def test_jitter_of_white_noise_and_of_a_straight_walk() -> None:
    still = np.zeros((200, 2))

    # In x and in y: a value less the mean of two others.
    assert stability.jitter_px(_points(still, 1.0)) == pytest.approx(np.sqrt(3), rel=0.03)
    straight = np.arange(60)[:, None] * np.array([[5.0, -2.0]])
    assert stability.jitter_px(_points(straight)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("lag", [0.0, 0.4, 1.5])
def test_lag_is_found_to_a_fraction_of_a_frame(lag: float) -> None:
    true = _walk()
    late = np.stack([40 * np.sin(0.2 * (np.arange(60) - lag)), np.zeros(60)], axis=1)

    assert stability.lag_frames(_points(late, 0.1), true) == pytest.approx(lag, abs=0.05)


def test_error_is_what_differs_from_the_motion_and_lost_frames_do_not_count() -> None:
    points = _points(_walk(), 0.5)
    points[5:9] = np.nan

    assert stability.error_px(points, _walk()) == pytest.approx(0.5 * np.sqrt(2), rel=0.05)
    assert np.isfinite(stability.jitter_px(points))
    assert stability.lag_frames(points, _walk()) == pytest.approx(0, abs=0.1)


def test_times_are_of_one_frame_and_a_frame_may_take_so_long() -> None:
    case = Case("toy", "one", {"cvfast": int}, lambda outputs: "alone", per=4, most_ms=2.0)
    spent = timing.Timing(min_ms=6.0, median_ms=12.0, rounds=20, repeats=1)
    row: dict[str, Any] = {"times": {"cvfast": {"min_ms": spent.shared(4).min_ms}}}

    assert spent.shared(case.per) == replace(spent, min_ms=1.5, median_ms=3.0)
    report.judge(row, case, 1.0)
    assert row["soon_enough"] is True
    report.judge(row, replace(case, most_ms=1.0), 1.0)
    assert row["soon_enough"] is False
    report.judge(row, replace(case, most_ms=1.0), None)
    assert row["soon_enough"] is None


def test_a_pass_is_a_line_with_its_ratios() -> None:
    row: dict[str, Any] = {
        "case": "big eyes, veryfast",
        "times": {
            "cvfast": {"min_ms": 12.0, "median_ms": 13.0},
            "no effect": {"min_ms": 10.0, "median_ms": 10.0},
        },
    }
    case = Case("pipeline", "", {"cvfast": int, "no effect": int}, lambda outputs: "")
    report.judge(row, replace(case, limits=(Limit("no effect", 1.25, 1.15),)), 1.0)

    lines = TABLES["pipeline"]({"rows": [row]}).splitlines()

    assert lines[-1] == (
        "| big eyes, veryfast | 12.00 | 10.00 | 1.20x | 1.30x | ≤ 1.25x | ≤ 1.15x |"
    )


def test_what_is_missed_is_said_so() -> None:
    figures = {
        "raw": {"jitter_px": 0.2, "error_px": 0.1},
        "cvfast": {"jitter_px": 0.15, "error_px": 0.1},
    }
    row = {"clip": "B, still", "figures": figures, "reached": False}

    line = TABLES["stability"]({"rows": [row]}).splitlines()[-1]

    assert line == ("| B, still **missed** | 0.200 / 0.150 / - | 0.100 / 0.100 / - | - / - / - |")
