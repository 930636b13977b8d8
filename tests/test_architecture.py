"""The rules of the house that a program can check."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import cvfast
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]
PACKAGE = Path(cvfast.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_imports_only_go_down(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)

    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_only_kernels_and_config_import_the_core() -> None:
    importers = {
        module.relative_to(PACKAGE).as_posix()
        for module in MODULES
        if "cvfast._core" in _imported(ast.parse(module.read_text("utf-8")))
    }

    allowed = {"__init__.py", "config.py"}  # the first for the version alone
    assert {name for name in importers - allowed if not name.startswith("kernels/")} == set()
    assert "kernels/warp.py" in importers


def test_the_version_is_the_same_everywhere() -> None:
    presets = json.loads((ROOT / "CMakePresets.json").read_text("utf-8"))

    core = presets["configurePresets"][0]["cacheVariables"]["SKBUILD_PROJECT_VERSION"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert core == cvfast.__version__
    assert newest is not None
    assert newest[1] == cvfast.__version__


def test_a_file_is_a_room_one_can_know() -> None:
    sources = [*MODULES, *(ROOT / "cpp").rglob("*.cpp"), *(ROOT / "cpp").rglob("*.h")]

    lengths = {str(path): len(path.read_text("utf-8").splitlines()) for path in sources}

    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}


def test_a_function_fits_one_screen() -> None:
    """Counted without its docstring: telling more about a function is no fault."""
    long = {
        f"{module.name}:{function.lineno} {function.name}": _lines(function)
        for module in MODULES
        for function in _functions(ast.parse(module.read_text("utf-8")))
        if _lines(function) > 50
    }

    assert long == {}


def _imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or 0) - docstring.lineno + 1)
