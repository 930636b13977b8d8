"""Workspaces: made once, with consent, of clips that can be read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.app import main
from cvfast.errors import MediaError, OutputExistsError
from cvfast.io.movie import write_movie
from cvfast.swap.workspace import MANIFEST, Workspace


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    frames = [np.full((32, 32, 3), level, np.uint8) for level in (0, 99)]
    write_movie(path, frames, size=(32, 32), rate=25)
    return path


def test_init_and_open(clip: Path, tmp_path: Path) -> None:
    assert main(["swap", "init", str(tmp_path / "w"), "--source", str(clip),
                 "--target", str(clip), "--consent"]) == 0  # fmt: skip
    workspace = Workspace.open(tmp_path / "w")
    assert workspace.clip("source") == clip
    assert workspace.faces("target") == tmp_path / "w" / "data_dst" / "aligned"
    assert workspace.manifest["consent"]["confirmed"] == "the people shown agree to this swap"
    before = (tmp_path / "w" / MANIFEST).read_bytes()
    with pytest.raises(OutputExistsError, match="holds something already"):
        Workspace.init(tmp_path / "w", source=clip, target=clip, consent=True)
    assert (tmp_path / "w" / MANIFEST).read_bytes() == before


def test_nothing_is_made_without_consent_or_clip(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["swap", "init", str(tmp_path / "w"), "--source", str(clip), "--target", str(clip)]
    assert main(words) == 2
    assert "--consent" in capsys.readouterr().err
    (tmp_path / "no.mp4").write_text("x")
    for name in ("no.mp4", "gone.mp4"):
        with pytest.raises(MediaError, match=name):
            Workspace.init(tmp_path / "w", source=clip, target=tmp_path / name, consent=True)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 9}, "newer cvfast"),
        ({"version": "x"}, "version"),
        ({"consent": {"confirmed": ""}}, "agree"),
        ({"consent": None}, "manifest"),
        ({"source": {}}, "manifest"),
    ],
)
def test_damaged_manifests(
    change: dict[str, object], said: str, clip: Path, tmp_path: Path
) -> None:
    workspace = Workspace.init(tmp_path / "w", source=clip, target=clip, consent=True)
    (tmp_path / "w" / MANIFEST).write_text(json.dumps(workspace.manifest | change))
    with pytest.raises(MediaError, match=said):
        Workspace.open(tmp_path / "w")
    with pytest.raises(MediaError, match="swap init"):
        Workspace.open(tmp_path)
