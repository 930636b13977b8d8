"""Sets of made pictures on disk: files, labels, going on after a kill, bad arguments."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvfast.cli.make_faces import Making, make_faces
from cvfast.cli.make_scenes import make_scenes
from cvfast.errors import OutputExistsError
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance
from cvfast.synth import sets
from cvfast.synth.sets import MadeSet, make_set
from cvfast.training.labels import read_labels

FACES = MadeSet("faces", 7, (32, 32), identities=10, masks=True)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "SHARD", 3)


def test_pictures_masks_and_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    making = Making(identities=10, masks=True)
    assert make_faces(str(tmp_path / "f"), count=6, size=32, making=making) == 0
    assert "6 pictures" in capsys.readouterr().out
    pictures = read_labels(tmp_path / "f")
    assert len(pictures) == 6
    for picture in pictures:
        assert read_image(picture.path).pixels.shape == (32, 32, 3)
        assert picture.size == (32, 32)
        assert len(picture.faces) == 1
        mask = read_image(tmp_path / "f/masks" / f"{picture.path.stem}.png").pixels[..., 0]
        assert mask.shape == (32, 32)
        assert mask.max() <= 8
        assert "algorithmicMedia" in str(read_provenance(picture.path))


def test_people_of_the_splits_differ(tmp_path: Path) -> None:
    make_set(tmp_path / "f", MadeSet("faces", 40, (16, 16), identities=12, test_share=0.4))
    people = {
        split: {face.identity for p in read_labels(tmp_path / "f", split=split) for face in p.faces}
        for split in ("train", "test")
    }
    assert people["train"]
    assert people["test"]
    assert not people["train"] & people["test"]


@pytest.mark.usefixtures("small_shards")
def test_a_killed_run_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_set(tmp_path / "whole", FACES)
    real, calls = sets.made_picture, []

    def dies(settings: MadeSet, number: int):
        calls.append(number)
        if number == 4:
            raise KeyboardInterrupt
        return real(settings, number)

    monkeypatch.setattr(sets, "made_picture", dies)
    with pytest.raises(KeyboardInterrupt):
        make_set(tmp_path / "killed", FACES)
    assert not (tmp_path / "killed/labels.jsonl").exists()
    calls.clear()
    monkeypatch.setattr(sets, "made_picture", lambda s, n: (calls.append(n), real(s, n))[1])
    said: list[tuple[int, int | None]] = []
    make_set(tmp_path / "killed", FACES, progress=lambda d, t: said.append((d, t)))
    assert calls == [3, 4, 5, 6]
    assert said[0] == (3, 7)
    assert said[-1] == (7, 7)
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")
    calls.clear()
    make_set(tmp_path / "killed", FACES)
    assert not calls


def test_scenes_have_sizes_and_faces(tmp_path: Path) -> None:
    assert make_scenes(str(tmp_path / "s"), count=2, size="96x64", faces="1") == 0
    for picture in read_labels(tmp_path / "s"):
        assert read_image(picture.path).pixels.shape == (64, 96, 3)
        assert len(picture.faces) == 1
        box = picture.faces[0].box
        assert np.isfinite(box).all()


def test_other_files_and_other_settings_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputExistsError, match=r"mine\.txt"):
        make_set(tmp_path, FACES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt"]
    small = MadeSet("faces", 1, (16, 16))
    make_set(tmp_path / "f", small)
    with pytest.raises(OutputExistsError, match="another seed"):
        make_set(tmp_path / "f", MadeSet("faces", 1, (16, 16), seed=1))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"count": 0}, "count"),
        ({"size": 8}, "size"),
        ({"making": Making(identities=0)}, "identities"),
        ({"making": Making(test_share=2.0)}, "test_share"),
        ({"making": Making(jobs=0)}, "--jobs"),
    ],
)
def test_bad_arguments_are_named(tmp_path: Path, words: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make_faces(str(tmp_path / "f"), **words)
    with pytest.raises(ValueError, match="--size"):
        make_scenes(str(tmp_path / "s"), size="10by10")
    with pytest.raises(ValueError, match="faces"):
        make_scenes(str(tmp_path / "s"), faces="5-2")
    assert not (tmp_path / "f").exists()
