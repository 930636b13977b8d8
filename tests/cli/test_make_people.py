"""``cvfast make people`` and ``make garments``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cvfast.cli.app import main
from cvfast.io.provenance import read_provenance


def test_people_are_made_and_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    words = ["make", "people", str(folder), "--count", "1", "--size", "48x64", "--json"]
    assert main([*words, "--test-share", "0"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["pictures"] == 1
    assert Path(record["pairs"]).read_text() == "000000_0.jpg 000000_1.jpg\n"
    mark = read_provenance(folder / "train/image/000000_0.jpg")
    assert mark is not None
    assert mark.source_type == "algorithmicMedia"
    assert main(words) != 0  # the folder is no longer empty
    assert "new or empty" in capsys.readouterr().err


def test_garments_of_a_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "garments"
    words = ["make", "garments", str(folder), "--count", "1", "--size", "48x64", "--kind"]
    assert main([*words, "skirt"]) == 0
    assert (folder / "000000.jpg").exists()
    assert main([*words, "cape"]) == 2
    assert "expected one of tee" in capsys.readouterr().err
