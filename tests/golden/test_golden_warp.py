"""Results stay the same bytes from release to release; make_warp.py says when they may change."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

MAKER = Path(__file__).with_name("make_warp.py")


def test_results_are_those_on_file() -> None:
    made = runpy.run_path(str(MAKER))
    expected = json.loads(made["FILE"].read_text())
    results = made["results"]()
    assert sorted(results) == sorted(expected)
    assert [name for name in expected if results[name] != expected[name]] == []
