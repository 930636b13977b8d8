"""Several models on the same photos: the sheet of --compare, the pictures of --steps."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from cvfast.cli import sheet
from cvfast.cli.steps import integral_picture
from cvfast.cli.trials import Trial
from cvfast.faces import dlib as adapter
from cvfast.faces.detectors import detect
from cvfast.faces.types import Faces
from cvfast.imaging.integral import integral_image
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance
from PIL import Image
from skimage.filters import threshold_otsu


@pytest.fixture
def no_dlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    for loaded in ("hog", "mmod"):
        monkeypatch.delattr(adapter._local, loaded, raising=False)


def test_several_models_as_json(run, samples):
    (record,) = run("detect", samples / "face.png", "--model", "hog,blazeface", "--json").records
    assert [face["model"] for face in record["faces"]] == ["hog", "blazeface"]
    assert {name: one["count"] for name, one in record["models"].items()} == {
        "hog": 1,
        "blazeface": 1,
    }
    assert all(one["seconds"] > 0 for one in record["models"].values())


def test_several_models_in_words(run, samples):
    result = run("detect", samples / "face.png", samples / "plain.jpg", "--model", "hog,blazeface")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].endswith("face.png: 2 models")
    assert lines[1].startswith("  hog, ")
    assert lines[1].endswith(" ms: 1 face")
    assert sum(line.endswith(" ms: no face") for line in lines) == 2


def test_the_sheet_shows_each_models_boxes(run, samples, tmp_path, face):
    out = tmp_path / "sheet.png"
    result = run("detect", samples / "face.png", samples / "plain.jpg",
                 "--model", "hog,blazeface", "--compare", out)  # fmt: skip
    assert result.code == 0
    drawn = read_image(out).pixels
    assert read_provenance(out) is None
    rows = [
        sheet.Row.of(name, read_image(samples / name).pixels, [_trial(model, name, samples)
                     for model in ("hog", "blazeface")], None)
        for name in ("face.png", "plain.jpg")
    ]  # fmt: skip
    for panel, model in enumerate(("hog", "blazeface")):
        x, y = sheet.panel_corner(rows, 0, panel)
        scale = rows[0].picture.shape[1] / 192
        x0, y0, x1, y1 = (detect(face, model=model).boxes[0] * scale).round().astype(int)
        for across, down in ((x0, y0), (x1 - 1, y0), (x0, y1 - 1), (x1 - 1, (y0 + y1) // 2)):
            assert tuple(drawn[y + down, x + across]) == sheet.FOUND
        x, y = sheet.panel_corner(rows, 1, panel)
        height, width = rows[1].picture.shape[:2]
        assert (abs(drawn[y : y + height, x : x + width].astype(int) - 90) < 4).all()


def _trial(model, name, samples):
    return Trial(model, detect(read_image(samples / name).pixels, model=model), 0.01)


def test_misses_and_false_alarms_have_their_colours():
    picture = np.full((100, 100, 3), 128, np.uint8)
    truth = np.array([[10.0, 10, 30, 30], [60, 60, 80, 80]])
    found = Faces([[11, 10, 31, 30], [10, 60, 30, 80]], [0.9, 0.6], [[]], (100, 100))
    broken = Trial("hog", None, error=ImportError("no dlib"))
    row = sheet.Row.of("a.png", picture, [Trial("template", found, 0.2), broken], truth)
    drawn = sheet.comparison_sheet([row])
    x, y = sheet.panel_corner([row], 0, 0)
    places = {(44, 60): sheet.FOUND, (40, 60): sheet.TRUTH, (40, 260): sheet.FALSE,
              (240, 260): sheet.MISSED}  # fmt: skip
    for (across, down), color in places.items():
        assert tuple(drawn[y + down, x + across]) == color
    x, y = sheet.panel_corner([row], 0, 1)
    panel = drawn[y : y + 400, x : x + 400]
    assert (panel == panel[0, 0]).all()  # nothing to see, and nothing of the photo


def test_six_models_stand_in_two_lines():
    nothing = Faces.none((40, 20))
    trials = [Trial(str(number), nothing) for number in range(6)]
    row = sheet.Row.of("a.png", np.zeros((20, 40, 3), np.uint8), trials, None)
    corners = [sheet.panel_corner([row], 0, panel) for panel in range(6)]
    assert len({x for x, _ in corners}) == 3
    assert len({y for _, y in corners}) == 2
    height, width = sheet.comparison_sheet([row]).shape[:2]
    assert corners[5][0] + 160 <= width
    assert corners[5][1] + 80 <= height


def test_annotated_faces_beside_the_photo_are_drawn(run, tmp_path, face):
    Image.fromarray(face).save(tmp_path / "a.png")
    line = {"file": "a.png", "faces": [{"box": [2, 2, 22, 22]}]}
    (tmp_path / "labels.jsonl").write_text(json.dumps(line))
    assert run("detect", tmp_path / "a.png", "--compare", tmp_path / "s.png").code == 0
    drawn = read_image(tmp_path / "s.png").pixels
    assert (drawn == sheet.MISSED).all(axis=2).sum() > 200
    assert (drawn == sheet.FALSE).all(axis=2).sum() > 200
    (tmp_path / "labels.jsonl").write_text("{")
    result = run("detect", tmp_path / "a.png", "--compare", tmp_path / "s.png", "--overwrite")
    assert result.code == 0
    assert "labels.jsonl, line 1: expected one JSON object" in result.err
    assert "its faces are not drawn" in result.err


def test_a_model_that_is_not_installed(run, samples, tmp_path, no_dlib):
    words = ("detect", samples / "face.png", "--compare", tmp_path / "s.png", "--json")
    result = run(*words, "--model", "hog,blazeface")
    assert result.code == 1
    assert result.err.count("pip install 'cvfast[dlib]'") == 1
    assert "cvfast[dlib]" in result.records[0]["models"]["hog"]["error"]
    assert result.records[0]["models"]["blazeface"]["count"] == 1
    assert (tmp_path / "s.png").exists()
    assert run(*words, "--model", "hog,mmod", "--overwrite").code == 5


def test_a_bad_photo_among_good_ones(run, samples, tmp_path):
    out = tmp_path / "sheet.png"
    result = run("detect", samples / "cut.jpg", samples / "face.png", "--compare", out)
    assert result.code == 1
    assert "cut.jpg" in result.err
    assert out.exists()
    assert run("detect", samples / "cut.jpg", "--compare", tmp_path / "no.png").code == 4
    assert not (tmp_path / "no.png").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("face.mp4", "--compare", "{out}/a.png"), 2, "take photos, not clips"),
        (("face.png", "--compare", "{out}"), 1, "expected a file to write, got a folder"),
        (("face.png", "--compare", "{out}/no/a.png"), 1, "no such folder"),
        (("face.png", "--compare", "{out}/old.png"), 2, "the file exists already"),
        (("face.png", "--steps", "{out}/old.png"), 1, "cannot be made"),
        (("face.png", "face.jpg", "--steps", "{out}/s"), 2, "would have the same names"),
        (("face.png", "--model", "hog,blazeface", "-o", "{out}/b.png"), 2, "--compare draws"),
        (("face.png", "--model", "hog,hog"), 2, "expected each model once"),
        (("face.png", "--model", "cascade:a,b.xml"), 2, "may not contain a comma"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(run, samples, tmp_path, words, code, said):
    (tmp_path / "old.png").write_bytes(b"old")
    known = [samples / word if (samples / word).is_file() else word for word in words]
    result = run("detect", *(str(word).format(out=tmp_path) for word in known))
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.png"]


def test_originals_are_never_replaced(run, tmp_path, face):
    for name in ("a.png", "a-1-colour.png"):
        Image.fromarray(face).save(tmp_path / name)
    inputs = (tmp_path / "a.png", tmp_path / "a-1-colour.png", "--overwrite")
    for words in (("--compare", tmp_path / "a.png"), ("--steps", tmp_path)):
        result = run("detect", *inputs, *words)
        assert (result.code, result.out) == (2, "")
        assert "would replace the input" in result.err
        np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, face)


def test_too_many_panels(run, samples, tmp_path, face):
    for number in range(151):
        (tmp_path / f"{number}.png").write_bytes(b"")
    result = run("detect", tmp_path, "--model", "hog,blazeface", "--compare", tmp_path / "s.png")
    assert result.code == 6
    assert "expected at most 300 pictures" in result.err


def test_steps(run, samples, tmp_path, face, names):
    words = ("detect", samples / "face.png", "--model", "hog,blazeface", "--steps")
    result = run(*words, tmp_path / "new", "--json")
    assert result.code == 0
    steps = ["face-1-colour.png", "face-2-grey.png", "face-3-binary.png", "face-4-integral.png",
             "face-blazeface-5-candidates.png", "face-blazeface-6-faces.png",
             "face-hog-5-candidates.png", "face-hog-6-faces.png"]  # fmt: skip
    assert names(tmp_path / "new") == steps
    assert sorted(result.records[0]["steps"]) == [str(tmp_path / "new" / step) for step in steps]
    made = {path.stem[5:]: read_image(path).pixels for path in (tmp_path / "new").iterdir()}
    np.testing.assert_array_equal(made["1-colour"], face)
    grey = made["2-grey"] if made["2-grey"].ndim == 2 else made["2-grey"][..., 0]
    assert abs(grey.astype(float) - face @ [0.299, 0.587, 0.114]).max() < 1.5
    binary = made["3-binary"] if made["3-binary"].ndim == 2 else made["3-binary"][..., 0]
    np.testing.assert_array_equal(binary == 255, grey > threshold_otsu(grey))
    shades = integral_image(grey)[1:, 1:] * 255 // grey.sum(dtype=np.int64)
    assert tuple(made["4-integral"][191, 191]) == (255,) * 3  # the whole sum
    np.testing.assert_array_equal(made["4-integral"][185, 150:, 0], shades[185, 150:])
    differs = [(made[name] != face).any(axis=2).sum() for name in ("blazeface-5-candidates",
               "blazeface-6-faces", "hog-6-faces")]  # fmt: skip
    assert min(differs) > 200
    assert read_provenance(tmp_path / "new" / steps[7]) is None
    assert run(*words, tmp_path / "new").code == 2
    assert run(*words, tmp_path / "new", "--overwrite").code == 0


def test_the_integral_picture_of_black_and_of_small_pictures():
    assert integral_picture(np.zeros((30, 40), np.uint8), (0, 0, 40, 30)).shape[1] == 40
    assert integral_picture(np.full((1, 1), 9, np.uint8), (0, 0, 1, 1)).shape[1] == 1
