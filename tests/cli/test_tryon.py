"""``cvfast tryon`` on two pictures: what is written, told and refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cvfast.cli.talking import portrait_path
from cvfast.io.images import read_image, write_image
from cvfast.io.provenance import read_provenance
from cvfast.synth.garments import GarmentSpec, make_garment
from cvfast.tryon.folder import read_mask
from PIL import Image


@pytest.fixture(scope="module")
def shirt(tmp_path_factory):
    path = tmp_path_factory.mktemp("garments") / "shirt.png"
    write_image(path, make_garment(GarmentSpec(), size=(192, 256)).image)
    return path


def test_a_photo_and_a_garment_make_a_marked_picture(run, shirt, tmp_path):
    target, steps = tmp_path / "new.png", tmp_path / "steps"
    result = run("tryon", portrait_path(), shirt, "-o", target, "--layers", steps, "--json")
    assert result.code == 0
    (record,) = result.records
    assert record["region"] == "upper"
    assert 0 <= record["confidence"] <= 1
    before, after = read_image(portrait_path()).pixels, read_image(target).pixels
    assert after.shape == before.shape
    changed = (after != before).any(axis=2).mean()
    assert 0.02 < changed <= record["changed"] + 1e-3
    mark = read_provenance(target)
    assert mark is not None
    assert "compositeCapture" in mark.source_type
    assert json.loads((steps / "report.json").read_text())["reasons"] == record["reasons"]
    assert (steps / "01-pose.png").exists()
    again = run("tryon", portrait_path(), shirt, "-o", target)
    assert again.code == 2
    assert "new.png" in again.err


def test_a_result_under_the_least_confidence_is_not_written(run, shirt, tmp_path):
    target = tmp_path / "new.png"
    result = run("tryon", portrait_path(), shirt, "-o", target, "--least-confidence", "1")
    assert result.code == 3
    assert "under --least-confidence" in result.err
    assert not target.exists()


@pytest.mark.parametrize(
    ("size", "code", "said"),
    [((160, 200), 3, "no person found"), ((40, 50), 6, "at least 96 pixels")],
)
def test_nobody_and_too_small(run, shirt, tmp_path, size, code, said):
    person = tmp_path / "person.png"
    write_image(person, np.full((size[1], size[0], 3), 170, np.uint8))
    result = run("tryon", person, shirt, "-o", tmp_path / "new.png")
    assert result.code == code
    assert said in result.err


def test_what_cannot_be_written_is_refused_before_any_work(run, shirt, tmp_path):
    target, steps = tmp_path / "new.png", tmp_path / "steps"
    words = ("tryon", portrait_path(), shirt, "-o", target, "--layers", steps)
    steps.write_text("a file")
    assert "steps: the folder cannot be made" in run(*words).err
    steps.unlink()
    steps.mkdir()
    (steps / "report.json").write_text("{}")
    assert "report.json" in run(*words).err
    assert not target.exists()


def test_a_mask_of_16_bits_is_read_as_one_of_8(tmp_path):
    mask = np.zeros((6, 5), bool)
    mask[2:4] = True
    for name, kind in (("8.png", np.uint8), ("16.png", np.uint16)):
        Image.fromarray(mask.astype(kind) * np.iinfo(kind).max).save(tmp_path / name)
        assert (read_mask(tmp_path / name) == mask).all()
