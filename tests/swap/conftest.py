from __future__ import annotations

from pathlib import Path

import pytest

from tests.swap.people import face_folder


@pytest.fixture(scope="session")
def two_people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Face pictures of two made people in unlike light: a source and a target."""
    base = tmp_path_factory.mktemp("people")
    return (
        face_folder(base / "source", 3, 6, size=64, light="front"),
        face_folder(base / "target", 8, 6, size=64, light="side"),
    )
