"""The examples in the docstrings, run as a reader would type them."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import cvfast
import pytest

MODULES = [
    module.name
    for module in pkgutil.walk_packages(cvfast.__path__, "cvfast.")
    if not module.name.endswith(("._core", ".__main__"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    failed, _ = doctest.testmod(importlib.import_module(name))

    assert failed == 0, capsys.readouterr().out
