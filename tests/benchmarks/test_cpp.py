"""What benchmarks/cpp.py makes of Google Benchmark's output; nothing is built or timed here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import cpp, tables


def _run(place: int, who: str, microseconds: float, kind: str = "iteration") -> dict[str, Any]:
    return {
        "family_index": place,
        "run_name": f"nms/dense 100/{who}",
        "run_type": kind,
        "real_time": microseconds,
    }


def _rows() -> list[dict[str, Any]]:
    shuffled = [_run(1, "OpenCV", 9.0), _run(0, "cvfast", 4.0), _run(1, "OpenCV", 6.0)]
    shuffled += [
        _run(0, "cvfast", 3.0),
        _run(0, "cvfast", 5.0),
        _run(0, "cvfast", 1.0, "aggregate"),
    ]
    context = {"dlib": "19.24", "agreement/nms/dense 100/OpenCV": "the same 6 indices"}
    return list(cpp.rows_of({"context": context, "benchmarks": shuffled}, 1))


def test_a_case_has_everyones_times_ours_first() -> None:
    (row,) = _rows()

    assert (row["family"], row["case"], row["threads"]) == ("nms", "dense 100", 1)
    assert list(row["times"]) == ["cvfast", "OpenCV"]
    assert row["times"]["cvfast"] == {"min_ms": 0.003, "median_ms": 0.004, "rounds": 3}
    assert row["agreement"] == {"OpenCV": "the same 6 indices"}


def test_without_google_benchmark_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"bench_nms: not built; .* libbenchmark-dev"):
        cpp.run(tmp_path, "nms", 1, quick=True)


def test_the_page_has_a_line_a_peer_and_a_line_a_call() -> None:
    names = ("python_us", "core_us", "binding_us", "noise_us")
    cost = {"call": "nms", **dict(zip(names, (2.5, 1.25, 1.25, 0.01), strict=True))}

    lines = tables.markdown_cpp({"rows": _rows(), "binding": [cost]}).splitlines()

    assert "| nms | dense 100 | 0.003 | OpenCV | 2.00x | - |" in lines
    assert "| nms | 2.50 | 1.25 | 1.25 | 0.01 |" in lines
