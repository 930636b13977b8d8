from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.app import main
from cvfast.swap.workspace import Workspace
from PIL import Image

from tests.swap.people import face_folder


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with face pictures of two made people, its clips folders of one picture."""
    base = tmp_path_factory.mktemp("swap")
    for number, name in enumerate(("a", "b")):
        (base / name).mkdir()
        pixels = np.full((64, 64, 3), 60 * number, np.uint8)
        Image.fromarray(pixels).save(base / name / "00000.png")
    made = Workspace.init(base / "work", source=base / "a", target=base / "b", consent=True)
    face_folder(made.faces("source"), 3, 2, size=64, face_type="full")
    face_folder(made.faces("target"), 8, 2, size=64, face_type="full")
    return made.path


SMALL = ["--face-type", "full", "--e-dims", "16", "--d-dims", "16", "--batch", "1", "--threads",
         "1"]  # fmt: skip


def test_foretold_trained_and_refused(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["swap", "train", str(workspace), "--json"]
    assert main([*words, "--iterations", "100", "--dry-run", *SMALL]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kind"] == "forecast"
    assert told["faces"] == [2, 2]
    assert told["parameters"] > 1e6
    assert not (workspace / "model").exists()

    assert main([*words, "--iterations", "2", *SMALL]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["iterations"], told["stopped"], told["rollbacks"]) == (2, False, 0)
    assert Path(told["model"]) == workspace / "model" / "model.safetensors"
    # The same line without the model's options goes on with the model that is there.
    assert main([*words, "--iterations", "3", "--batch", "1", "--lr-dropout", "y"]) == 0
    assert json.loads(capsys.readouterr().out)["iterations"] == 3

    assert main([*words, "--iterations", "4", "--resolution", "96"]) == 5
    assert "train with --resolution 64" in capsys.readouterr().err
    assert main([*words, "--iterations", "4", "--face-type", "head"]) == 5
    assert "--face-type full" in capsys.readouterr().err
    assert main([*words, "--iterations", "4", "--gan-power", "9"]) == 2
    assert "gan_power: expected 0.0 to 5.0, got 9.0" in capsys.readouterr().err
