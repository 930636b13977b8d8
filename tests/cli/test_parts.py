from __future__ import annotations

import numpy as np
from cvfast.cli.talking import portrait_path
from cvfast.io.images import read_image
from cvfast.people.label_file import read_labels


def test_parts_of_a_photo(run, tmp_path):
    drawing, maps, steps = tmp_path / "drawn.png", tmp_path / "maps", tmp_path / "steps"
    result = run(
        "parts", portrait_path(), "-o", drawing,
        "--labels", maps, "--label-set", "lip20", "--steps", steps, "--json",
    )  # fmt: skip
    assert result.code == 0
    (record,) = result.records
    assert (record["people"], record["person"]) == (1, 0)
    assert 0 < record["confidence"] <= 1
    assert record["shares"]["upper"] > 0.1
    photo = read_image(portrait_path()).pixels
    assert read_image(drawing).pixels.shape == photo.shape
    labels = read_labels(maps / "astronaut.png", "lip20")
    assert labels.shape == photo.shape[:2]
    assert {2, 5, 13} <= set(np.unique(labels).tolist())
    assert sorted(path.name.split("_")[2] for path in steps.iterdir()) == sorted(
        ["person.png", "skin.png", "prior.png", "material.png", "cut.png"]
    )


def test_words(run):
    result = run("parts", portrait_path())
    assert "person 0 (of 1), confidence" in result.out
    assert "hair" in result.out


def test_nobody(run, samples):
    assert "nobody" in run("parts", samples / "plain.jpg").out
    assert run("parts", samples / "plain.jpg", "--strict").code == 3


def test_wrong_options_are_named(run, samples):
    bad = run("parts", samples / "plain.jpg", "--label-set", "lip")
    assert bad.code == 2
    assert "expected one of lip20" in bad.err
    assert run("parts", samples / "plain.jpg", "--person", -1).code == 2
    clip = run("parts", samples / "face.mp4")
    assert clip.code != 0
    absent = run("parts", portrait_path(), "--person", 3)
    assert absent.code != 0
    assert "expected 0 to 0, got 3" in absent.err


def test_results_are_not_overwritten(run, tmp_path):
    words = ("parts", portrait_path(), "--labels", tmp_path / "a", "--steps", tmp_path / "b")
    assert run(*words).code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.png")}
    assert len(before) == 6
    assert run(*words).code != 0
    assert run(*words, "--overwrite").code == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.png")} == before
