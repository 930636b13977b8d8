"""``cvfast swap enhance`` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.io.images import read_image, write_image
from cvfast.swap.face_file import FaceRecord, write_face
from cvfast.swap.workspace import Workspace
from cvfast.synth.faces import make_face


@pytest.fixture
def work(tmp_path: Path) -> Path:
    made = make_face(1, seed=1, size=128, share=0.8, spoil=False)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_image(tmp_path / name / "picture.png", made.image)
    workspace = Workspace.init(
        tmp_path / "work", source=tmp_path / "a", target=tmp_path / "b", consent=True
    )
    folder = workspace.faces("source")
    folder.mkdir(parents=True)
    points = made.points68.astype(np.float64)
    record = FaceRecord(
        face_type="full", landmarks=points, source="a", frame=0, seconds=0.0, face=0,
        source_landmarks=points, source_box=np.array([0.0, 0, 9, 9]), matrix=np.eye(2, 3),
    )  # fmt: skip
    write_face(folder / "00000_0.jpg", made.image, record)
    return workspace.path


def test_larger(work: Path, run) -> None:
    first = run("swap", "enhance", work, "--side", "source", "--scale", 4, "--size", 384, "--json")
    assert first.code == 0, first.err
    (record,) = first.records
    assert (record["written"], record["kept"], record["failed"]) == (1, 0, 0)
    out = work / "data_src" / "aligned_enhanced"
    assert record["folder"] == str(out)
    assert read_image(out / "00000_0.jpg").pixels.shape == (384, 384, 3)
    again = run("swap", "enhance", work, "--side", "source", "--scale", 4, "--size", 384)
    assert "0 faces enhanced, 1 there before" in again.out


def test_resized_elsewhere(work: Path, tmp_path: Path, run) -> None:
    words = ("--side", "source", "--scale", 1, "--size", 48, "-o", tmp_path / "s")
    done = run("swap", "enhance", work, *words)
    assert done.code == 0, done.err
    assert read_image(tmp_path / "s" / "00000_0.jpg").pixels.shape == (48, 48, 3)


def test_trained_on_the_set(work: Path, tmp_path: Path, run) -> None:
    words = ("swap", "enhance", work, "--side", "source", "--train", 2, "--to", tmp_path / "t")
    done = run(*words)
    assert done.code == 0, done.err
    model = work / "enhance" / "source" / "model.safetensors"
    assert f"--model {model}" in done.err
    assert run(*words).code == 0
    own = ("--side", "source", "--model", model, "-o", tmp_path / "m")
    with_it = run("swap", "enhance", work, *own)
    assert with_it.code == 0
    a, b = (tmp_path / to / "00000_0.jpg" for to in ("t", "m"))
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--scale", 3), 2, "scale: expected 1, 2 or 4, got 3"),
        (("--scale", 1), 2, "or a size beside 1"),
        (("--model", "gone.safetensors"), 5, "gone.safetensors"),
        (("--train", -1), 2, "--train: expected at least 0"),
    ],
)
def test_refused(work: Path, run, words: tuple[object, ...], code: int, said: str) -> None:
    done = run("swap", "enhance", work, "--side", "source", *words)
    assert done.code == code
    assert said in done.err


def test_no_faces(work: Path, run) -> None:
    done = run("swap", "enhance", work, "--side", "target")
    assert done.code == 3
    assert "extract them first" in done.err
