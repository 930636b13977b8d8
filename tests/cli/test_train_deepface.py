from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from cvfast.io.images import read_image, write_image
from cvfast.models.deepface_file import read_deepface
from cvfast.recognition.deepface import DeepFace
from cvfast.synth.faces import make_face
from cvfast.training.labels import LabelledFace, LabelledPicture, write_labels


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six made people, two faces each; two people are of the split "test"."""
    folder, pictures = tmp_path_factory.mktemp("people"), []
    for number in range(12):
        face = make_face(number // 2, seed=number, size=96, occlusion="none")
        write_image(folder / f"{number}.png", face.image)
        label = LabelledFace(np.float32(face.box), np.float32(face.points68), identity=number // 2)
        split = "test" if number >= 8 else "train"
        pictures.append(LabelledPicture(f"{number}.png", (label,), (96, 96), split))
    write_labels(folder, pictures)
    return folder


SMALL = ("--width", 0.0625, "--size", 72)


def test_train_then_resume_then_go_on_from_the_net(people: Path, tmp_path: Path, run) -> None:
    net, tuned = tmp_path / "net.safetensors", tmp_path / "tuned.safetensors"
    first = run("train", "deepface", people, "-o", net, *SMALL, "--iterations", 2, "--json")
    assert first.code == 0, first.err
    (record,) = first.records
    assert (record["verb"], record["iterations"], record["faces"]) == ("train", 2, 8)
    assert (record["held_out"], record["head"]) == (4, "cosine")
    assert 0 <= record["auc"] <= 1
    weights = read_deepface(net)
    assert (weights.size, weights.width) == (72, 0.0625)
    assert "2 SYNTHETIC (made) people held out" in weights.source
    assert weights.distance == pytest.approx(record["threshold"])
    assert (tmp_path / "net.safetensors.run" / "losses.csv").exists()

    again = run("train", "deepface", people, "-o", net, *SMALL, "--iterations", 3)
    assert (again.code, "--overwrite" in again.err) == (2, True)
    options = ("--iterations", 3, "--resume", "--overwrite", "--head", "chi2")
    more = run("train", "deepface", people, "-o", net, *SMALL, *options)
    assert more.code == 0, more.err
    assert "3 iterations" in more.out
    assert "2 people held out: AUC" in more.out
    assert read_deepface(net).head == "chi2"

    on = run("train", "deepface", people, "-o", tuned, "--pretrained", net, "--iterations", 1)
    assert on.code == 0, on.err
    assert DeepFace.load(tuned).key != DeepFace.load(net).key
    assert read_deepface(tuned).size == 72
    face = read_image(people / "0.png").pixels
    assert face.shape == (96, 96, 3)
    header = net.read_bytes()[8:]
    assert json.loads(header[: header.index(b"}}")] + b"}}")["__metadata__"]["made_by"].startswith(
        "cvfast train deepface"
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "net.pt"), 2, "--output: expected a name ending in .safetensors"),
        (("-o", "net.safetensors", "--size", 64), 2, "size: expected 72 to 1024"),
        (("-o", "net.safetensors", "--width", 9), 2, "width: expected a number in (0, 4]"),
        (("-o", "net.safetensors", "--head", "svm"), 2, "svm"),
        (("-o", "net.safetensors", "--pretrained", "gone.safetensors"), 5, "gone.safetensors"),
    ],
)
def test_told_before_anything_is_read(
    words, code, said, people, tmp_path, run, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("train", "deepface", people, *words)
    assert (result.code, said in result.err) == (code, True), result.err
    assert not list(tmp_path.iterdir())


def test_one_person_is_not_enough(tmp_path: Path, run) -> None:
    (tmp_path / "me").mkdir()
    face = make_face(1, seed=1, size=128, pose=(0, 0, 0), occlusion="none")
    write_image(tmp_path / "me" / "face.png", face.image)
    out = tmp_path / "net.safetensors"
    result = run("train", "deepface", tmp_path, "-o", out, *SMALL, "--iterations", 1)
    assert (result.code, "people: expected at least two, got 1" in result.err) == (2, True)
    nobody = run("train", "deepface", tmp_path / "gone", "-o", out, *SMALL)
    assert (nobody.code, "gone" in nobody.err) == (4, True)


def test_help_begins_with_examples(run) -> None:
    lines = run("train", "deepface", "--help").out.splitlines()
    assert lines[0] == "Examples:"
    assert "cvfast train deepface people/ -o deepface.safetensors" in lines[1]


def test_without_torch_the_extra_is_named(people: Path, tmp_path: Path, run, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run("train", "deepface", people, "-o", tmp_path / "net.safetensors", *SMALL)
    assert result.code != 0
    assert "pip install 'cvfast[train]'" in result.err
