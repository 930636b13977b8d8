"""`cvfast train gmm|tom|viton` and `cvfast tryon --engine`, from nothing to a marked photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.io.images import read_image, write_image
from cvfast.io.provenance import read_provenance
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.people import make_person, random_person
from cvfast.synth.tryon_sets import write_tryon_set
from cvfast.tryon.checkpoints import read_checkpoint
from cvfast.tryon.dressed_folder import read_dressed

pytestmark = pytest.mark.usefixtures("undrawn")
TINY = ("--people", 1, "--held-out", 1, "--iterations", 2, "--batch", 2, "--width", 4)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("photos")
    write_image(folder / "me.png", make_person(random_person(11), size=(270, 360)).image)
    write_image(
        folder / "shirt.png", make_garment(random_garment(123, "tee"), size=(180, 240)).image
    )
    return folder / "me.png", folder / "shirt.png"


def test_train_then_try_on(photos: tuple[Path, Path], tmp_path: Path, run) -> None:
    gmm, tom, out = tmp_path / "gmm.safetensors", tmp_path / "tom.safetensors", tmp_path / "new.png"
    first = run("train", "gmm", "-o", gmm, "--variant", "cp-vton+", *TINY, "--json")
    assert first.code == 0, first.err
    (record,) = first.records
    assert set(record["figures"]) == {"identity", "box", "gmm"}
    second = run("train", "tom", "--gmm", gmm, "-o", tom, *TINY)
    assert second.code == 0, second.err
    assert read_checkpoint(tom).variant == "cp-vton+"
    assert "made" in read_checkpoint(tom).notes["made_by"]

    done = run("tryon", *photos, "-o", out, "--engine", "cpvton+", "--weights", gmm, "--weights",
               tom, "--layers", tmp_path / "steps", "--json")  # fmt: skip

    assert done.code == 0, done.err
    before, after = (np.asarray(read_image(path).pixels) for path in (photos[0], out))
    changed = (before != after).any(-1)
    assert before.shape == after.shape
    assert 0.02 < changed.mean() < 0.5
    marked = read_provenance(out)
    assert "compositeWithTrainedAlgorithmicMedia" in str(marked)
    assert "tryon.engine=cpvton+" in str(marked)
    assert (tmp_path / "steps" / "05-network output.png").exists()


def test_options_that_do_not_go_together(photos: tuple[Path, Path], tmp_path: Path, run) -> None:
    out = ("-o", tmp_path / "new.png")
    cases = (
        (("--engine", "cpvton"), 2, "--weights: expected the weights of cpvton, got none"),
        (("--weights", "a.pth"), 2, "--weights: expected an --engine that has some"),
        (("--engine", "viton", "--weights", tmp_path / "a.pth"), 5, "a.pth: cannot be read"),
        (("--engine", "viton", "--weights", "a", "--region", "lower"), 2, "--region: expected"),
    )
    for words, code, told in cases:
        ended = run("tryon", *photos, *out, *words)
        assert (ended.code, told in ended.err) == (code, True), ended.err
    assert run("train", "gmm", "-o", "gmm.pth").code == 2
    ended = run("train", "gmm", "-o", tmp_path / "a.safetensors", "--size", "50x64")
    assert (ended.code, "size: expected 48 x 64" in ended.err) == (2, True)


def test_a_users_own_folder(tmp_path: Path, run) -> None:
    write_tryon_set(tmp_path / "data", 3, size=(96, 128), test_share=0.34)

    people = read_dressed(tmp_path / "data", (48, 64))

    assert people.people.shape == (2, 2, 64, 48, 3)
    worn = people.labels_in("lip21") == 5
    assert (worn[:, 0] == worn[:, 1]).all()
    assert 0.03 < worn.mean() < 0.5
    assert people.masks.mean() > 0.1
    seen = people.points[..., 2] > 0
    assert (people.points[seen][:, :2].max(0) < (60, 80)).all()
    options = ("--iterations", 1, "--batch", 2, "--width", 4)
    ended = run("train", "viton", "-o", tmp_path / "v.safetensors", "--data", tmp_path / "data",
                *options)  # fmt: skip
    assert ended.code == 0, ended.err
    assert read_checkpoint(tmp_path / "v.safetensors").notes["paired"] is True
    assert read_checkpoint(tmp_path / "v-refine.safetensors").kind == "viton-refine"
