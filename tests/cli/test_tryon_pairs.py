from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cvfast.io.images import read_image, write_image
from cvfast.io.provenance import read_provenance
from cvfast.tryon import batch
from cvfast.tryon.result import TryOn

LIST = "a_0.png a_1.png\nb_0.png a_1.png\nb_0.png b_1.png\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for kind, view in (("people", 0), ("garments", 1)):
        (tmp_path / kind).mkdir()
        for name in "ab":
            picture = rng.integers(0, 256, (40, 30, 3), np.uint8)
            write_image(tmp_path / kind / f"{name}_{view}.png", picture)
    (tmp_path / "pairs.txt").write_text(LIST)
    return tmp_path


@pytest.fixture(autouse=True)
def worn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A try-on in no time: the garment's colours in a box; the calls it took."""
    calls: list[int] = []

    def put(person: np.ndarray, garment: np.ndarray, place: object, recipe: object) -> TryOn:
        calls.append(1)
        image, mask = person.copy(), np.zeros(person.shape[:2], bool)
        mask[10:30, 5:25] = True
        image[mask] = garment[mask]
        return TryOn(image, mask, mask.astype(np.float32), 0.75, ("made up",), "upper")

    monkeypatch.setattr(batch, "_worn", put)
    return calls


def words(folder: Path, out: str, *more: str) -> list[object]:
    given = ["tryon", "--pairs", folder / "pairs.txt", "--people", folder / "people"]
    return [*given, "--garments", folder / "garments", "-o", folder / out, *more]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_photos_marks_and_the_table(run, folder):
    result = run(*words(folder, "out"))
    assert result.code == 0, result.err
    assert "paired: 2, confidence 0.75, error inside" in result.err
    assert "unpaired: 1, confidence 0.75\n" in result.err
    names = {"a_0-a_1.png", "b_0-a_1.png", "b_0-b_1.png", "tryon.csv"}
    assert set(content(folder / "out")) == names
    made = read_image(folder / "out" / "b_0-a_1.png").pixels
    person = read_image(folder / "people" / "b_0.png").pixels
    assert (made[:10] == person[:10]).all()
    mark = read_provenance(folder / "out" / "b_0-a_1.png")
    assert mark is not None
    assert mark.source_type.endswith("compositeCapture")
    with (folder / "out" / "tryon.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["paired"] for row in rows] == ["paired", "unpaired", "paired"]
    assert float(rows[0]["inside_error"]) > 10
    assert rows[1]["inside_error"] == rows[1]["inside_ssim"] == ""
    assert {row["outside_changed"] for row in rows} == {"0"}
    assert rows[0]["reasons"] == "made up"


def test_an_interrupted_run_goes_on_and_gives_the_same_bytes(run, folder, monkeypatch, worn):
    assert run(*words(folder, "calm")).code == 0
    expected, put = content(folder / "calm"), batch._worn
    worn.clear()

    def stopped(*given: object) -> TryOn:
        if len(worn) == 1:
            raise KeyboardInterrupt
        return put(*given)

    monkeypatch.setattr(batch, "_worn", stopped)
    result = run(*words(folder, "out"))
    assert result.code == 130
    assert "to go on, give the same command with --resume" in result.err
    monkeypatch.setattr(batch, "_worn", put)
    (folder / "out" / f".b_0-a_1.{'0' * 16}.part.png").write_bytes(b"half")
    assert "an unfinished run is here" in run(*words(folder, "out", "--overwrite")).err
    result = run(*words(folder, "out", "--resume"))
    assert result.code == 0, result.err
    assert len(worn) == 3
    assert content(folder / "out") == expected


def test_a_pair_that_fails_stands_in_the_table(run, folder):
    (folder / "garments" / "a_1.png").write_bytes(b"no picture")
    result = run(*words(folder, "out"))
    assert result.code == 1
    with (folder / "out" / "tryon.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert "a_1.png: expected a JPEG" in rows[0]["error"]
    assert [row["output"] for row in rows] == ["", "", "b_0-b_1.png"]
    assert not (folder / "out" / ".cvfast.run").exists()


def test_a_garments_alpha_says_where_it_is(run, folder, monkeypatch):
    picture = read_image(folder / "garments" / "a_1.png")
    alpha = np.zeros((40, 30), np.uint8)
    alpha[5:9] = 255
    cut = replace(picture, alpha=alpha)
    write_image(folder / "garments" / "a_1.png", cut, overwrite=True)
    (folder / "pairs.txt").write_text("a_0.png a_1.png")
    places, put = [], batch._worn
    monkeypatch.setattr(batch, "_worn", lambda *given: places.append(given[2]) or put(*given))
    assert run(*words(folder, "out")).code == 0
    assert (places[0] == (alpha > 0)).all()
    assert run(*words(folder, "own", "--from-person")).code == 0
    assert places[1] is None


def test_a_result_that_equals_the_photo_is_told_in_json_too(run, folder):
    same = (folder / "people" / "a_0.png").read_bytes()
    (folder / "garments" / "a_1.png").write_bytes(same)
    (folder / "pairs.txt").write_text("a_0.png a_1.png")
    result = run(*words(folder, "out", "--json"))
    assert result.code == 0, result.err
    assert result.records[0]["inside_psnr"] == 100  # infinite decibels are no JSON


@pytest.mark.parametrize(
    ("text", "more", "code", "said"),
    [
        ("a_0.png gone.png", (), 4, "files of the pair list are missing"),
        ("a_0.png", (), 4, "line 1: expected 'PERSON GARMENT'"),
        (LIST, ("--jobs", "0"), 2, "--jobs: expected at least 1"),
        (LIST, ("--layers", "steps"), 2, "--pairs: expected no --layers beside it"),
        (LIST, ("--pose", "a.json"), 2, "--pairs: expected no --pose beside it"),
        (LIST, ("--least-confidence", "0.5"), 2, "--pairs: expected no --least-confidence"),
    ],
)
def test_what_is_refused_before_any_work(run, folder, text, more, code, said, worn):
    (folder / "pairs.txt").write_text(text)
    result = run(*words(folder, "out", *more))
    assert result.code == code
    assert said in result.err
    assert not worn


def test_results_of_whatever_engine_are_judged_paired_alone(run, folder):
    assert run(*words(folder, "out")).code == 0
    given = ["evaluate", "tryon", "--pairs", folder / "pairs.txt", "--people", folder / "people"]
    given += ["--results", folder / "out"]
    mixed = run(*given)
    assert mixed.code == 2
    assert "2 pairs are paired and 1 unpaired, and figures of both may not be mixed" in mixed.err
    result = run(*given, "--kind", "paired", "--json")
    assert result.code == 0, result.err
    assert [record.get("count") for record in result.records] == [None, None, 2]
    assert 0 < result.records[-1]["ssim"] < 1
    assert "no reference" in run(*given, "--kind", "unpaired").err
    (folder / "out" / "b_0-b_1.png").unlink()
    missing = run(*given, "--kind", "paired")
    assert missing.code == 1
    assert "b_0-b_1.png: no such result, nor one named b_0" in missing.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "PHOTO: expected somebody's photo for self"),
        (("me.jpg", "--test", "cycle"), "--garment: expected a garment's photo for cycle"),
        (("--test", "fid"), "--test: expected some of self, cycle, idempotence, known-warp"),
        (("--test", "known-warp", "--count", "0"), "--count: expected at least 1"),
        (("--test", "known-warp", "--occluder", "bag"), "occluder: expected one of none, forearm"),
    ],
)
def test_wrong_tests_are_named(run, words, said):
    result = run("evaluate", "tryon", *words)
    assert result.code == 2
    assert said in result.err


def test_known_warps_beat_their_baselines(run):
    result = run("evaluate", "tryon", "--test", "known-warp", "--count", "1", "--json")
    identity, box, warp = result.records
    assert (identity["method"], box["method"], warp["method"]) == ("identity", "box", "warp")
    assert warp["iou"] > max(identity["iou"], box["iou"])
    assert warp["error"] < min(identity["error"], box["error"])
