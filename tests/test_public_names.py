"""`import cvfast`: what it loads, what it offers, and that editors are told the same."""

from __future__ import annotations

import ast
import doctest
import os
import subprocess
import sys
from pathlib import Path

import cvfast
import pytest

PACKAGE = Path(cvfast.__file__).parent
HEAVY = {
    *("PIL", "ai_edge_litert", "av", "cv2", "cyclopts", "dlib", "onnxruntime", "rich"),
    *("scipy", "skimage", "sklearn", "torch"),
}


def test_import_loads_numpy_and_the_core_alone() -> None:
    program = "import sys, cvfast; print(*sorted(sys.modules))"

    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()

    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()
    assert [name for name in loaded if name.startswith("cvfast")] == ["cvfast", "cvfast._core"]


@pytest.mark.parametrize("name", cvfast.__all__)
def test_a_public_name_has_an_example(name: str) -> None:
    found = doctest.DocTestFinder().find(getattr(cvfast, name), name)

    assert any(test.examples for test in found), f"{name} has no example in its docstring"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'cvfast' has no attribute 'big_ears'"):
        cvfast.big_ears  # noqa: B018


def test_dir_shows_the_lazy_names() -> None:
    assert set(cvfast.__all__) <= set(dir(cvfast))


def test_the_stub_names_the_same_homes() -> None:
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text("utf-8"))

    told = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert told == {name: f"{home}.{name}" for name, home in cvfast._HOME_OF.items()}


def test_the_core_is_what_its_stub_says(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed.txt"
    # Their metaclass is pybind11's own.
    classes = (
        "Cascade",
        "CropSource",
        "FeatureBank",
        "FlowPyramid",
        "Projection",
        "ShapePredictor",
        "ShortProjection",
    )
    allowed.write_text("".join(f"cvfast._core.{name}\n" for name in classes))

    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy.stubtest",
            "cvfast._core",
            "--allowlist",
            str(allowed),
            "--ignore-unused-allowlist",
        ],
        cwd=tmp_path,
        env=os.environ | {"MYPY_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
