"""``cvfast swap init``, ``status`` and ``extract`` as typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.swap.moving_faces import write_clip, write_empty


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "two.mp4", 3, 9, frames=4)
    write_empty(folder / "empty.mp4")
    return folder
