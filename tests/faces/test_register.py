"""The register of detectors, and how models are named."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.faces.detectors import DETECTORS, candidates, detect, parse_model, parse_models
from cvfast.kernels.nms import iou

HERE = [name for name, one in DETECTORS.items() if importlib.util.find_spec(one.home[0])]


def test_all_generations_are_there() -> None:
    names = ["template", "cascade", "sliding-cnn", "hog", "mmod", "blazeface"]
    assert list(DETECTORS) == names
    assert all(one.idea and one.source for one in DETECTORS.values())


# One average face in one light is not hers: its misses are what it is here to show.
@pytest.mark.parametrize("name", [name for name in HERE if name != "template"])
def test_each_finds_the_astronaut(name: str, astronaut, astronaut_faces) -> None:
    head = np.ascontiguousarray(astronaut[20:212, 120:312])
    face = astronaut_faces.boxes - np.float32([120, 20, 120, 20])
    found, windows = detect(head, model=name), candidates(head, model=name)
    assert found.size == windows.size == (192, 192)
    assert iou(found.boxes, face).max() > 0.4
    assert iou(windows.boxes, face).max() > 0.4
    assert len(windows) >= len(found)


@pytest.mark.parametrize("name", HERE)
def test_each_scores_from_0_to_1_best_first(name: str, astronaut) -> None:
    small = np.ascontiguousarray(astronaut[::4, ::4])
    found, lax = (detect(small, model=name, min_score=low) for low in (0.5, 0.05))
    assert (found.scores >= 0.5).all()
    assert len(lax) >= len(found)
    for faces in (found, lax, candidates(small, model=name)):
        assert faces.size == (128, 128)
        assert ((faces.scores >= 0) & (faces.scores <= 1)).all()
        assert (np.diff(faces.scores) <= 0).all()


@pytest.mark.parametrize("name", HERE)
def test_each_takes_tiny_grey_and_empty_pictures(name: str) -> None:
    for shape in ((0, 5, 3), (1, 1), (1, 40), (40, 1), (9, 9, 3)):
        for find in (detect, candidates):
            assert len(find(np.zeros(shape, np.uint8), model=name)) == 0


@pytest.mark.parametrize(
    ("text", "name", "file"),
    [
        ("hog", "hog", None),
        ("cascade:face.xml", "cascade", "face.xml"),
        (r"cascade:C:\faces\face.xml", "cascade", r"C:\faces\face.xml"),
        ("template:a:b.png", "template", "a:b.png"),
    ],
)
def test_names_and_files(text: str, name: str, file: str | None) -> None:
    spec = parse_model(text)
    assert (spec.detector.name, spec.file, str(spec)) == (name, file, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("casacde:a.xml", "did you mean 'cascade'"),
        ("hog:a.svm", "model: expected 'hog' without a file, got 'hog:a.svm'"),
        ("cascade:", "model: expected cascade:FILE with a file's name, got 'cascade:'"),
        ("", "model: expected one of 'template'"),
    ],
)
def test_wrong_models(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_model(text)


def test_lists_of_models() -> None:
    specs = parse_models("template, cascade:a b.xml,hog")
    assert [str(spec) for spec in specs] == ["template", "cascade:a b.xml", "hog"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hog,,mmod", "expected one of"),
        ("hog,blazefase", "did you mean 'blazeface'"),
        ("hog,mmod,hog", "model: expected each model once, got 'hog' twice"),
        ("cascade:a,b.xml", "A FILE in this list may not contain a comma"),
    ],
)
def test_wrong_lists(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_models(text)


def test_a_missing_and_a_broken_mmod_file(tmp_path) -> None:
    picture = np.zeros((40, 40), np.uint8)
    with pytest.raises(ModelError, match=r"gone\.dat: expected dlib's mmod detector, found no"):
        detect(picture, model=f"mmod:{tmp_path / 'gone.dat'}")
    (tmp_path / "bad.dat").write_bytes(b"no model" * 9)
    with pytest.raises(ModelError, match=r"bad\.dat: dlib cannot read this as an mmod"):
        detect(picture, model=f"mmod:{tmp_path / 'bad.dat'}")
