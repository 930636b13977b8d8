"""``cvfast evaluate recognition``: figures, report, what is kept, and what can go wrong."""

from __future__ import annotations

import json
import shutil
import stat
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from cvfast.cli import evaluate_recognition as verb
from cvfast.cli import verificationplots
from cvfast.cli.verifying import file_word
from cvfast.errors import MissingDependencyError, ModelError
from cvfast.faces.embedding import Threshold
from cvfast.metrics.scores import read_scores
from cvfast.metrics.verification import make_pairs, roc, ten_fold
from cvfast.training.labels import read_labels
from PIL import Image

PEOPLE, EACH = 22, 4


class Colour:
    """Takes a picture's mean colour for its person; counts what it is asked."""

    name, key, dimension = "colour", "colour 1", 3
    threshold = Threshold(0.02, 0.001, "a guess")

    def __init__(self):
        self.asked = 0

    def embed(self, image, faces):
        self.asked += len(faces)
        return np.tile(image.reshape(-1, 3).mean(axis=0) / 255, (len(faces), 1)).astype(np.float32)

    def distances(self, a, b):
        return np.abs(a[:, None] - b).sum(axis=2)


@pytest.fixture
def embedder(monkeypatch):
    """Stands for every model but ``gone`` and ``lacking``."""
    colour = Colour()
    wrong = {"gone": ModelError("gone: no such model"), "lacking": MissingDependencyError("pip")}

    def open_recogniser(spec=None):
        if spec in wrong:
            raise wrong[spec]
        return colour

    module = SimpleNamespace(open_recogniser=open_recogniser)
    monkeypatch.setitem(sys.modules, "cvfast.recognition.recognisers", module)
    return colour


@pytest.fixture(autouse=True)
def few_plots(request, monkeypatch):
    """Plots take longer than all else: drawn where a test looks at them."""
    if "names" not in request.fixturenames:
        monkeypatch.setattr(verificationplots, "draw_plots", lambda *_: [])


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Marked faces of 22 people, 4 each, a colour a person; the last two people are hard."""
    folder = tmp_path_factory.mktemp("colours")
    random = np.random.default_rng(0)
    lines = []
    for number in range(PEOPLE * EACH):
        person = number % PEOPLE
        shade = np.array([9 * person + 20, 200 - 7 * person, 30 * (person % 5) + 60])
        shade = shade + random.normal(0, 14 if person >= PEOPLE - 2 else 1, 3)
        Image.new("RGB", (40, 40), tuple(shade.astype(int))).save(folder / f"{number:03}.png")
        face = {"box": [5, 5, 35, 35], "points": random.uniform(5, 35, (68, 2)).tolist()}
        split = "train" if person < 2 else "test"
        record = {
            "file": f"{number:03}.png",
            "split": split,
            "faces": [face | {"identity": person}],
        }
        lines.append(json.dumps(record))
    lines.append(json.dumps({"file": "none.png", "split": "test", "faces": []}))
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return folder


def _words(source, out, *more):
    return ("evaluate", "recognition", source, "-o", out, *more)


def _expected(folder):
    """The colours' distances between all test faces, by NumPy alone."""
    faces = read_labels(folder, split="test")[:-1]
    who = np.array([face.faces[0].identity for face in faces])
    shades = np.array([np.array(Image.open(face.path))[0, 0] / 255 for face in faces])
    shades = shades.astype(np.float32)
    return who, np.abs(shades[:, None] - shades).sum(axis=2)


def test_the_figures_are_those_of_the_distances(run, made, embedder, tmp_path):
    result = run(*_words(made, tmp_path / "r", "--split", "test", "--json"))
    assert result.code == 0
    (record,) = result.records
    who, far = _expected(made)
    one, other = np.triu_indices(len(who), 1)
    curve = roc(far[one, other], who[one] == who[other])
    assert (record["faces"], record["people"]) == (80, 20)
    assert record["pairs"] == {"same": 20 * 6, "different": 80 * 79 // 2 - 120}
    assert record["auc"] == pytest.approx(curve.auc)
    assert record["eer"] == pytest.approx(curve.eer)
    assert record["intervals"]["auc"][0] < curve.auc < record["intervals"]["auc"][1]
    told = record["tar_at_far"]
    assert told["0.01"]["tar"]["value"] == pytest.approx(curve.tar_at(0.01).value)
    assert "10000 would measure" in told["0.001"]["tar"]["note"]
    assert told["0.0001"]["tar"]["value"] is told["0.0001"]["threshold"] is None
    pairs = make_pairs(who.tolist())
    folds = ten_fold(far[pairs.first, pairs.second], pairs.same, pairs.fold)
    assert record["accuracy"]["mean"] == pytest.approx(folds.mean)
    gallery, probes = np.arange(20), np.arange(20, 80)  # the first picture of each person
    nearest = who[far[np.ix_(probes, gallery)].argmin(axis=1)]
    assert record["rank"]["1"]["hits"] == (nearest == who[probes]).sum()
    assert 40 < record["rank"]["1"]["hits"] < 60
    own = record["own_threshold"]
    assert (own["distance"], own["set_for_far"], own["source"]) == (0.02, 0.001, "a guess")
    same = who[one] == who[other]
    assert own["far"]["value"] == pytest.approx((far[one, other][~same] <= 0.02).mean())
    assert own["frr"]["value"] == pytest.approx((far[one, other][same] > 0.02).mean())
    assert 0 < own["frr"]["value"] < 1


def test_the_table_and_the_files(run, made, embedder, tmp_path, names):
    out = tmp_path / "r"
    result = run(*_words(made, out, "--split", "test", "--model", "colour,x/other:a b.npz"))
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "80 faces of 20 people"
    assert lines[1].split() == ["colour", "other:a", "b.npz"]
    rows = {line[:34].strip(): line[34:].split() for line in lines[1:]}
    assert rows["set for a FAR of"] == ["0.001", "0.001"]
    assert rows["TAR at FAR 0.0001"] == ["-", "-"]
    assert any("a rate of 0.0001 needs at least 10000" in line for line in lines)
    assert "colour: its threshold comes from a guess" in lines
    assert "biometric data; delete it to erase them" in result.err
    other = file_word("x/other:a b.npz")
    assert names(out) == sorted(
        ["distances.png", "ranks.png", "report.json", "roc.png"]
        + [f"{kind}-{name}.jsonl" for kind in ("scores", "folds") for name in ("colour", other)]
        + [f"vectors-{name}.safetensors" for name in ("colour", other)]
    )
    assert stat.S_IMODE((out / "vectors-colour.safetensors").stat().st_mode) == 0o600
    report = json.loads((out / "report.json").read_text())
    model = report["models"]["colour"]
    scores = read_scores(out / "scores-colour.jsonl")
    assert roc(scores.distances, scores.same).auc == model["auc"]
    scores = read_scores(out / "folds-colour.jsonl")
    assert ten_fold(scores.distances, scores.same, scores.fold).mean == model["accuracy"]["mean"]
    assert model["roc"][0] == [0, 0]
    assert model["roc"][-1] == [1, 1]
    with Image.open(out / "roc.png") as plot:
        assert len(np.unique(np.asarray(plot.convert("RGB")).reshape(-1, 3), axis=0)) > 20


def test_what_was_done_is_not_done_again(run, made, embedder, tmp_path):
    out = tmp_path / "r"
    words = _words(made, out, "--split", "test", "--json", "-q")
    first = run(*words)
    assert embedder.asked == 80
    assert run(*words).records == first.records
    assert embedder.asked == 80
    run(*_words(made, out, "-q"))
    assert embedder.asked == 88  # the people of "train", too
    embedder.key = "colour 2"
    again = run(*_words(made, out, "--split", "test", "--json"))
    assert embedder.asked == 168
    assert "made by another model or version; made again" in again.err
    (out / "vectors-colour.safetensors").write_bytes(b"\xff" * 90)
    again = run(*_words(made, out, "--split", "test", "--json"))
    assert (again.code, again.records) == (0, first.records)
    assert embedder.asked == 248


def test_an_interrupted_run_goes_on(run, made, embedder, tmp_path, monkeypatch):
    out = tmp_path / "r"
    words = _words(made, out, "--split", "test", "--json", "-q")
    whole = Colour.embed

    def embed(self, image, faces):
        if self.asked == 33:
            self.asked += 1
            raise KeyboardInterrupt
        return whole(self, image, faces)

    monkeypatch.setattr(Colour, "embed", embed)
    result = run(*words)
    assert (result.code, result.out) == (130, "")
    assert "the same command goes on from there" in result.err
    embedder.asked = 100
    assert run(*words).code == 0
    assert embedder.asked == 100 + 80 - 33


@pytest.fixture(scope="session")
def photos(tmp_path_factory, face):
    """Three people in subfolders, the same head in other light; a picture with no face."""
    folder = tmp_path_factory.mktemp("photos")
    for person, tint in (("Ann", (1, 0.7, 0.7)), ("Bo", (0.7, 1, 0.7)), ("Cy", (0.7, 0.7, 1))):
        (folder / person).mkdir()
        for number in (1, 2):
            light = face * np.array(tint) * (0.95 + 0.02 * number)
            place = folder / person / f"{person}_{number:04d}.jpg"
            Image.fromarray(light.astype(np.uint8)).save(place, quality=95)
    Image.new("RGB", (90, 90), (50, 90, 50)).save(folder / "Bo" / "Bo_0003.jpg")
    return folder


def test_faces_that_are_not_found_are_named_and_not_scored(run, photos, embedder, tmp_path):
    result = run(*_words(photos, tmp_path / "r", "--json"))
    assert result.code == 0
    assert "no face found in 1 of 7, not judged: Bo/Bo_0003.jpg" in result.err
    (record,) = result.records
    assert (record["faces"], record["people"]) == (6, 3)
    assert record["no_face"] == ["Bo/Bo_0003.jpg"]
    assert record["pairs"] == {"same": 3, "different": 12}
    assert (record["auc"], record["intervals"], record["accuracy"]) == (1, None, None)
    assert record["rank"]["1"]["value"] == 1
    again = run(*_words(photos, tmp_path / "r", "--json"))
    assert (embedder.asked, again.records) == (6, result.records)


def test_several_faces_are_told(run, face, photos, embedder, tmp_path):
    mine = shutil.copytree(photos, tmp_path / "mine")
    sheet = Image.new("RGB", (420, 200), (90, 100, 110))
    sheet.paste(Image.fromarray(face), (4, 4))
    sheet.paste(Image.fromarray(face).resize((120, 120)), (260, 30))
    sheet.save(mine / "Ann" / "Ann_0003.jpg", quality=95)
    for _ in range(2):  # and again from what is kept
        result = run(*_words(mine, tmp_path / "r", "--json"))
        assert result.records[0]["several_faces"] == ["Ann/Ann_0003.jpg"]
        assert "several faces in 1 of 8, the largest was taken: Ann/Ann_0003.jpg" in result.err


def test_a_picture_that_cannot_be_read(run, photos, embedder, tmp_path, made):
    mine = shutil.copytree(photos, tmp_path / "mine")
    (mine / "Cy" / "Cy_0002.jpg").write_bytes(b"no picture")
    result = run(*_words(mine, tmp_path / "r"))
    assert result.code == 1
    assert result.err.count("Cy/Cy_0002.jpg") == 1
    assert "5 faces of 3 people, 2 more not judged" in result.out
    for person in ("Ann", "Bo"):
        (mine / person / f"{person}_0002.jpg").unlink()
    result = run(*_words(mine, tmp_path / "r"))
    assert (result.code, result.out) == (4, "")
    assert "mine: too few faces to judge on" in result.err


def test_no_face_at_all(run, embedder, tmp_path):
    (tmp_path / "p" / "Ann").mkdir(parents=True)
    Image.new("RGB", (90, 90)).save(tmp_path / "p" / "Ann" / "a.png")
    result = run(*_words(tmp_path / "p", tmp_path / "r"))
    assert (result.code, result.out) == (3, "")
    assert "no face found in 1 of 1, not judged: Ann/a.png" in result.err


LFW = """2 2
Ann 1 2
Ann 2 3
Ann 1 Bo 1
Ann 2 Bo 2
Cy 1 2
Cy 2 3
Cy 1 Di 1
Cy 2 Di 1
"""


@pytest.fixture
def lfw(photos, tmp_path):
    images = shutil.copytree(photos, tmp_path / "lfw")
    shutil.copytree(images / "Bo", images / "Di")
    for path in sorted((images / "Di").iterdir()):
        path.rename(path.with_name(path.name.replace("Bo", "Di")))
    for name in ("Ann", "Cy"):
        shutil.copy(images / name / f"{name}_0001.jpg", images / name / f"{name}_0003.jpg")
    (tmp_path / "pairs.txt").write_text(LFW)
    return tmp_path / "pairs.txt"


def test_lfws_protocol(run, lfw, embedder, tmp_path):
    words = _words(lfw, tmp_path / "r", "--images", tmp_path / "lfw", "--json")
    result = run(*words)
    assert result.code == 0
    (record,) = result.records
    assert record["pairs"] == {"same": 4, "different": 4}
    assert record["accuracy"]["mean"] == 1
    assert len(record["accuracy"]["accuracies"]) == 2
    assert (record["rank"], record["open_set"]) == ({}, {})
    assert (tmp_path / "r" / "scores-colour.jsonl").read_text().count('"fold": 1') == 4
    lfw.write_text(LFW.replace("Ann 2 Bo 2", "Ann 2 Bo 3"))  # the one without a face
    (record,) = run(*words).records
    assert (record["no_face"], record["pairs_not_judged"]) == (["Bo/Bo_0003.jpg"], 1)
    assert record["pairs"] == {"same": 4, "different": 3}
    (tmp_path / "lfw" / "Di" / "Di_0001.jpg").unlink()
    result = run(*words)
    assert result.code == 1
    assert "Di/Di_0001.jpg" in result.err
    assert result.records[-1]["accuracy"] is None  # fold 1 has pairs of one kind only


def test_lfw_lists_that_leak(run, lfw, embedder, tmp_path):
    lfw.write_text(LFW.replace("Di 1", "Bo 1", 1))
    words = _words(lfw, tmp_path / "r", "--images", tmp_path / "lfw")
    result = run(*words)
    assert (result.code, result.out) == (4, "")
    assert "pairs.txt, line 8: Bo is in fold 2 here and in fold 1 on line 4" in result.err
    assert run(*words, "--allow-leaks").code == 0


def test_somebody_elses_distances(run, made, embedder, tmp_path):
    lines = [
        json.dumps({"same": n % 2 == 0, "distance": n % 2 + n / 30, "fold": n % 3})
        for n in range(24)
    ]
    (tmp_path / "theirs.jsonl").write_text("\n".join(lines))
    theirs = ("--scores", tmp_path / "theirs.jsonl")
    result = run("evaluate", "recognition", *theirs, "-o", tmp_path / "r", "--json")
    assert result.code == 0
    (record,) = result.records
    assert record["model"].endswith("theirs.jsonl")
    assert record["auc"] == 1
    assert len(record["accuracy"]["accuracies"]) == 3
    assert record["own_threshold"] is None
    result = run(*_words(made, tmp_path / "r", *theirs))
    assert result.code == 0
    assert result.out.splitlines()[1].split() == ["colour", "theirs.jsonl"]


def test_models_that_do_not_work_here(run, made, embedder, tmp_path):
    result = run(*_words(made, tmp_path / "r", "--model", "gone,colour", "--json"))
    assert result.code == 1
    assert [record["model"] for record in result.records] == ["colour"]
    assert "gone: no such model" in result.err
    result = run(*_words(made, tmp_path / "r", "--model", "lacking,gone"))
    assert (result.code, result.out) == (5, "")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "SOURCE: expected what to judge on, or --scores alone"),
        (("--model", "dlib", "--scores", "x.jsonl"), 2, "SOURCE: expected what to judge on"),
        (("--scores", "gone.jsonl"), 4, "gone.jsonl: annotations cannot be read"),
        (("--scores", "a", "--scores", "a"), 2, "--scores: expected each file once"),
        (("no-such",), 4, "no-such: expected a folder with a subfolder for each person"),
        (("MADE", "--split", "tset"), 2, "split: expected train or test, got 'tset'"),
        (("MADE", "--images", "x"), 2, "images: expected it for LFW's pairs.txt only"),
        (("MADE", "--model", "a,b,a"), 2, "--model: expected each model once"),
        (("MADE", "--most-pairs", "0"), 2, "--most-pairs, --seed: expected at least 1"),
        (("LFW", "--split", "test"), 2, "split: expected it for made faces"),
        (("LFW", "--images", "gone"), 4, "gone: expected the folder of LFW's pictures"),
    ],
)
def test_wrong_options(run, made, lfw, embedder, tmp_path, words, code, said):
    places = {"MADE": made, "LFW": lfw}
    result = run(
        "evaluate", "recognition", *(places.get(word, word) for word in words), "-o", tmp_path / "r"
    )
    assert (result.code, result.out) == (code, "")
    assert said in result.err


def test_made_faces_without_marks(run, embedder, tmp_path):
    (tmp_path / "labels.jsonl").write_text('{"file": "a.png", "faces": [{"box": [0, 0, 9, 9]}]}')
    result = run(*_words(tmp_path, tmp_path / "r"))
    assert result.code == 4
    assert "expected faces with identity and 68 points, got none" in result.err
    (tmp_path / "file").write_bytes(b"")
    theirs = tmp_path / "theirs.jsonl"
    theirs.write_text('{"same": true, "distance": 1}\n{"same": false, "distance": 2}')
    result = run("evaluate", "recognition", "--scores", theirs, "-o", tmp_path / "file")
    assert (result.code, result.out) == (1, "")


def test_without_matplotlib_there_are_figures(run, made, embedder, tmp_path, monkeypatch, names):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = run(*_words(made, tmp_path / "r"))
    assert result.code == 0
    assert "pip install 'cvfast[plot]'" in result.err
    assert "AUC" in result.out
    assert not [name for name in names(tmp_path / "r") if name.endswith(".png")]


def test_help_starts_with_examples(run):
    result = run("evaluate", "recognition", "--help")
    assert result.code == 0
    assert result.out.startswith(f"Examples:\n  {verb.EXAMPLES[0]}\n")
