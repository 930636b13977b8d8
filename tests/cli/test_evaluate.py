"""``cvfast evaluate detect``: figures, report, what is kept, and what can go wrong."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
from cvfast.cli import evaluate_detect as verb
from cvfast.cli import evaluationplots
from cvfast.cli.finding import Finding, picture_path
from cvfast.errors import MediaError
from cvfast.faces import detectors
from cvfast.faces import dlib as adapter
from cvfast.metrics.jsonlines import read_detections
from PIL import Image

BOX = [58, 62, 150, 160]  # of the face in the 192 x 192 head


@pytest.fixture(scope="session")
def made(tmp_path_factory, face):
    """Three pictures: the head large, the head at half its size, nothing; read only."""
    folder = tmp_path_factory.mktemp("made")
    plain = Image.new("RGB", (240, 200), (90, 100, 110))
    lines = []
    for name, side, split in (
        ("big.png", 192, "test"),
        ("small.png", 96, "train"),
        ("no.png", 0, "test"),
    ):
        picture, faces = plain.copy(), []
        if side:
            picture.paste(Image.fromarray(face).resize((side, side)), (5, 5))
            box = [value * side / 192 + 5 for value in BOX]
            faces = [{"box": box, "light": "front", "yaw": 0.1}]
        picture.save(folder / name)
        lines.append(json.dumps({"file": name, "split": split, "faces": faces}))
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def mine(made, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(made, tmp_path / "mine")


@pytest.fixture(autouse=True)
def few_plots(request, monkeypatch):
    """Plots take longer than all else: drawn where a test looks at them."""
    if "names" not in request.fixturenames:
        monkeypatch.setattr(evaluationplots, "draw_plots", lambda *_: [])


def _words(folder, out, *more):
    return ("evaluate", "detect", folder, "-o", out, *more)


def test_figures_and_report(run, made, tmp_path, names):
    out = tmp_path / "report"
    result = run(*_words(made, out, "--model", "hog,blazeface"))
    assert result.code == 0
    assert names(out) == [
        "detections-blazeface.jsonl", "detections-hog.jsonl", "false-alarms.png", "metrics.json",
        "misses.png", "precision-recall.png",
    ]  # fmt: skip
    lines = result.out.splitlines()
    assert lines[0] == "2 faces in 3 pictures"
    assert lines[1].split() == ["hog", "blazeface"]
    rows = {line[:24].strip(): line.split()[-2:] for line in lines}
    assert rows["AP at IoU 0.50"] == ["1.000", "1.000"]
    assert rows["AP at IoU 0.95"] == ["0.000", "0.000"]
    record = json.loads((out / "metrics.json").read_text())
    assert (record["pictures"], record["faces"]) == (3, 2)
    blazeface = record["models"]["blazeface"]
    assert list(blazeface["ap"]) == [f"{0.3 + 0.05 * step:.2f}" for step in range(14)]
    assert blazeface["detection_rate_at_false_alarms"]["0"] == 1
    assert blazeface["misses"]["light"] == [{"group": "front", "faces": 2, "missed": 0}]
    assert blazeface["seconds_a_picture"] > 0
    for name in ("false-alarms.png", "misses.png", "precision-recall.png"):
        with Image.open(out / name) as plot:
            assert plot.width > 400
            assert len(np.unique(np.asarray(plot.convert("L").resize((400, 100))))) > 20


def test_figures_as_json(run, made, tmp_path):
    result = run(*_words(made, tmp_path / "r", "--json", "--split", "test"))
    (record,) = result.records
    assert (record["model"], record["faces"], record["pictures"]) == ("blazeface", 1, 2)
    assert "curves" not in record
    assert run(*_words(made, tmp_path / "r", "--split", "tset")).code == 4


def test_what_was_found_is_kept(run, mine, tmp_path, monkeypatch):
    out = tmp_path / "report"
    calls = []
    true_call = detectors.Spec.call

    def call(self, kind, reader, **more):
        calls.append(reader.size)
        return true_call(self, kind, reader, **more)

    monkeypatch.setattr(detectors.Spec, "call", call)
    words = _words(mine, out, "--json")
    first = run(*words)
    assert calls == [(64, 64), *[(240, 200)] * 3]
    calls.clear()
    assert run(*words).out == first.out
    assert calls == []
    Image.new("RGB", (250, 200)).save(mine / "small.png")  # another picture under the name
    assert run(*words).out != first.out
    assert calls == [(64, 64), (250, 200)]
    calls.clear()
    run(*words, "--min-score", "0.2")
    assert len(calls) == 4


def test_interrupted_work_goes_on(run, made, tmp_path, monkeypatch):
    out, true_one, seen = tmp_path / "report", Finding._one, []

    def stop(self, picture):
        if picture.file == "small.png" and not seen:
            seen.append(picture)
            raise KeyboardInterrupt
        return true_one(self, picture)

    monkeypatch.setattr(Finding, "_one", stop)
    result = run(*_words(made, out))
    assert result.code == 130
    assert "what was found is kept in" in result.err
    assert [one.file for one in read_detections(out / "detections-blazeface.jsonl")] == ["big.png"]
    assert not (out / "metrics.json").exists()
    assert run(*_words(made, out)).code == 0


def test_a_spoilt_cache_is_made_again(run, made, tmp_path):
    (tmp_path / "detections-blazeface.jsonl").write_text('{"file": 3')
    result = run(*_words(made, tmp_path))
    assert result.code == 0
    assert "line 1: expected one JSON object" in result.err
    assert len(read_detections(tmp_path / "detections-blazeface.jsonl")) == 3


def test_somebody_elses_detections(run, made, tmp_path):
    box = [value + 5 for value in BOX]
    line = {"file": "big.png", "faces": [{"box": box, "score": 73.5}]}
    (tmp_path / "theirs.jsonl").write_text(json.dumps(line))
    words = ("--detections", tmp_path / "theirs.jsonl", "--json")
    (record,) = run(*_words(made, tmp_path / "r", *words)).records
    assert record["detection_rate_at_false_alarms"]["0"] == 0.5
    assert record["ap"]["0.95"] == pytest.approx(51 / 101, abs=1e-5)
    assert len(run(*_words(made, tmp_path / "r", *words, "--model", "hog")).records) == 2
    (tmp_path / "theirs.jsonl").write_text(json.dumps(line | {"file": "other.png"}))
    result = run(*_words(made, tmp_path / "r", *words))
    assert (result.code, result.out) == (4, "")
    assert "expected pictures of the annotations, got 'other.png'" in result.err


def test_unreadable_pictures_among_good_ones(run, mine, tmp_path):
    (mine / "small.png").write_bytes(b"no picture")
    (mine / "no.png").unlink()
    result = run(*_words(mine, tmp_path / "r"))
    assert result.code == 1
    assert "1 faces in 1 pictures" in result.out
    assert "small.png" in result.err
    assert "no.png: no such picture, though the annotations name it" in result.err
    assert "1 of 3 pictures judged" in result.err
    (mine / "big.png").unlink()
    assert run(*_words(mine, tmp_path / "r")).code == 4


def test_models_that_do_not_work_here(run, made, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    monkeypatch.delattr(adapter._local, "hog", raising=False)
    result = run(*_words(made, tmp_path / "r", "--model", "hog,blazeface", "--json"))
    assert result.code == 1
    assert [record["model"] for record in result.records] == ["blazeface"]
    assert result.err.count("pip install 'cvfast[dlib]'") == 1
    assert run(*_words(made, tmp_path / "r", "--model", "hog")).code == 5


def test_without_matplotlib_there_are_figures(run, made, tmp_path, monkeypatch, names):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = run(*_words(made, tmp_path / "r"))
    assert result.code == 0
    assert "pip install 'cvfast[plot]'" in result.err
    assert "AP at IoU 0.50" in result.out
    assert names(tmp_path / "r") == ["detections-blazeface.jsonl", "metrics.json"]


def test_wider_and_fddb(run, made, tmp_path):
    x0, y0, x1, y1 = (value + 5 for value in BOX)
    numbers = f"{x0} {y0} {x1 - x0} {y1 - y0} 0 0 0 0 0 0"
    empty = "no.png\n0\n0 0 0 0 0 0 0 0 0 0"
    (tmp_path / "wider.txt").write_text(f"big.png\n1\n{numbers}\n{empty}\n")
    radii = f"{(y1 - y0) / 2} {(x1 - x0) / 2} 1.5707963 {(x0 + x1 - 1) / 2} {(y0 + y1 - 1) / 2} 1"
    (tmp_path / "fddb.txt").write_text(f"big\n1\n{radii}\n")  # its names have no suffix
    for name in ("wider", "fddb"):
        result = run(*_words(tmp_path / f"{name}.txt", tmp_path / name, "--images", made, "--json"))
        assert result.code == 0
        assert result.records[0]["ap"]["0.50"] == 1


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--min-score", "nan"), 2, "--min-score: expected a number in"),
        (("--model", "blazefase"), 2, "did you mean 'blazeface'"),
        (("--images", "gone"), 4, "gone: expected the folder of the pictures"),
        (("--detections", "gone.jsonl"), 4, "gone.jsonl: annotations cannot be read"),
    ],
)
def test_wrong_options(run, made, tmp_path, more, code, said):
    result = run(*_words(made, tmp_path / "r", *more))
    assert (result.code, result.out) == (code, "")
    assert said in result.err


def test_no_annotations(run, tmp_path):
    result = run(*_words(tmp_path, tmp_path / "r"))
    assert result.code == 4
    assert "expected a folder with labels.jsonl" in result.err
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "labels.jsonl").write_text('{"file": "a.png", "faces": []}')
    assert run(*_words(tmp_path, tmp_path / "file")).code == 1  # the report's folder is a file


@pytest.mark.parametrize("name", ["../big.png", "/etc/passwd", "a/../../big.png", r"C:\a.png"])
def test_names_that_lead_out_of_the_folder(made, name):
    with pytest.raises(MediaError, match="expected a picture's name inside"):
        picture_path(made, name)


def test_an_unknown_kind(run):
    result = run("evaluate", "detcet", "a")
    assert result.code == 2
    assert 'Did you mean "detect"?' in result.err
    assert "See: cvfast evaluate --help" in result.err


@pytest.mark.parametrize(
    "words", [("evaluate",), ("evaluate", "--help"), ("evaluate", "detect", "--help")]
)
def test_help_starts_with_examples(run, words):
    result = run(*words)
    assert result.code == 0
    assert result.out.startswith(f"Examples:\n  {verb.EXAMPLES[0]}\n")
