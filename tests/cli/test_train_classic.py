"""``cvfast train eigenfaces | fisherfaces | lbph``: good and bad folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.talking import portrait_path
from cvfast.io.images import write_image
from cvfast.recognition.classic_file import read_classic
from cvfast.training.labels import LabelledFace, LabelledPicture, write_labels
from PIL import Image

KINDS = ("eigenfaces", "fisherfaces", "lbph")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Noise of ten people with the points of a face; the last two people are for testing."""
    folder, pictures = tmp_path_factory.mktemp("made"), []
    rng = np.random.default_rng(0)
    people = rng.integers(0, 256, (10, 80, 80, 3))
    for number in range(40):
        person = number % 10
        noisy = people[person] + rng.integers(-20, 21, (80, 80, 3))
        write_image(folder / f"{number}.png", np.clip(noisy, 0, 255).astype(np.uint8))
        points = rng.uniform(35, 45, (68, 2)).astype(np.float32)
        points[36:42], points[42:48] = (30, 35), (50, 35)
        face = LabelledFace(np.array([15, 15, 65, 65], np.float32), points, identity=person)
        side = "test" if person > 7 else "train"
        pictures.append(LabelledPicture(f"{number}.png", (face,), (80, 80), side))
    write_labels(folder, pictures)
    return folder


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    """One real face in three pictures, two beside each other, an empty one, one damaged."""
    folder = tmp_path_factory.mktemp("people")
    with Image.open(portrait_path()) as image:
        face = np.array(image.convert("RGB").crop((120, 20, 312, 212)))
    for name in ("ann", "bob"):
        (folder / name).mkdir()
    write_image(folder / "ann" / "1.png", face)
    write_image(folder / "ann" / "2.png", np.ascontiguousarray(face[..., ::-1] // 2))
    write_image(folder / "bob" / "grey.png", face[:, ::-1, 1].copy())
    write_image(folder / "bob" / "two.png", np.concatenate([face, face], axis=1))
    write_image(folder / "bob" / "none.png", np.full((64, 64, 3), 90, np.uint8))
    (folder / "bob" / "cut.png").write_bytes((folder / "ann" / "1.png").read_bytes()[:900])
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_set(run, made: Path, tmp_path: Path, kind: str) -> None:
    output = tmp_path / "model.safetensors"
    result = run("train", kind, made, "-o", output, "--json", "--size", 32, 32)
    assert result.code == 0, result.err
    (record,) = result.records
    embedder = read_classic(output, kind=kind)
    assert record["kind"] == kind
    assert (record["faces"], record["people"], record["failed"]) == (32, 8, 0)
    assert record["key"] == embedder.key
    assert record["dimension"] == embedder.dimension
    assert record["threshold"] == embedder.threshold.distance
    assert embedder.preprocessing.size == (32, 32)
    assert record["bytes"] == output.stat().st_size


def test_a_folder_of_people(run, people: Path, tmp_path: Path) -> None:
    output = tmp_path / "model.safetensors"
    result = run("train", "eigenfaces", people, "-o", output, "--components", 2, "--skip", 0)
    assert result.code == 1, "two pictures were left out"
    assert "from 4 faces of 2 people" in result.out
    assert "false accepts not measured" in result.out
    assert f"{people / 'bob' / 'two.png'}: 2 faces found, took the largest" in result.err
    assert f"{people / 'bob' / 'none.png'}: no face found" in result.err
    assert "cut.png" in result.err
    assert read_classic(output).dimension == 2
    assert "ann" not in output.read_bytes().decode("latin-1"), "no names in the file"


def test_options_reach_the_model(run, made: Path, tmp_path: Path) -> None:
    output = tmp_path / "m"
    words = ["--metric", "euclidean", "--components", 7, "--skip", 1, "--no-mask", "--no-equalise"]
    assert run("train", "eigenfaces", made, "-o", output, *words).code == 0
    read = read_classic(output)
    assert read.model.get_params() == {"n_components": 7, "skip": 1, "metric": "euclidean"}
    assert (read.preprocessing.mask, read.preprocessing.equalise) == (False, False)
    words = ["--pca", 9, "--discriminants", 3, "--overwrite"]
    assert run("train", "fisherfaces", made, "-o", output, *words).code == 0
    assert read_classic(output).model.get_params()["pca_components"] == 9
    assert read_classic(output).dimension == 3
    words = ["--radius", 2, "--neighbors", 4, "--grid", 3, 5, "--overwrite"]
    assert run("train", "lbph", made, "-o", output, *words).code == 0
    assert read_classic(output).dimension == 3 * 5 * 16


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_train_on(run, tmp_path: Path, kind: str) -> None:
    gone = run("train", kind, tmp_path / "gone", "-o", tmp_path / "m")
    assert gone.code == 4
    assert "a subfolder for each person" in gone.err
    (tmp_path / "people" / "ann").mkdir(parents=True)
    write_image(tmp_path / "people" / "ann" / "1.png", np.full((64, 64, 3), 90, np.uint8))
    empty = run("train", kind, tmp_path / "people", "-o", tmp_path / "m")
    assert empty.code == 3
    assert "no face to train on in 1 pictures" in empty.err
    assert not (tmp_path / "m").exists()


def test_one_person_is_no_one_to_tell_apart(run, people: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "ann").symlink_to(people / "ann")
    refused = run("train", "fisherfaces", tmp_path / "one", "-o", tmp_path / "m")
    assert refused.code == 2
    assert "at least two people to tell apart, got one" in refused.err


def test_more_components_than_faces(run, people: Path, tmp_path: Path) -> None:
    refused = run("train", "eigenfaces", people, "-o", tmp_path / "m", "--components", 100)
    assert refused.code == 2
    assert "n_components: expected 1 to 4 less 3 skipped" in refused.err


def test_a_file_is_not_replaced_unasked(run, made: Path, tmp_path: Path) -> None:
    (tmp_path / "m").write_text("mine")
    assert run("train", "lbph", made, "-o", tmp_path / "m").code == 2
    assert (tmp_path / "m").read_text() == "mine"
