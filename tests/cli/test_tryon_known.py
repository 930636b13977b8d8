from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.tryon_engine import EngineFlags
from cvfast.io.images import write_image
from cvfast.people.label_file import write_labels
from cvfast.people.labels import LABEL_SETS, convert_labels
from cvfast.people.openpose import write_openpose
from cvfast.synth.people import MadePerson, make_person, random_person
from cvfast.tryon.result import TryOn


@pytest.fixture(scope="module")
def person() -> MadePerson:
    return make_person(random_person(4), size=(144, 192))


@pytest.fixture
def folder(tmp_path: Path, person: MadePerson) -> Path:
    write_image(tmp_path / "me.png", person.image)
    write_image(tmp_path / "shirt.png", person.garment.image)
    write_openpose(tmp_path / "me.json", [person.pose])
    for name in ("lip20", "cihp20"):
        ids = convert_labels(person.labels, "cvfast", name, pose=person.pose)
        write_labels(tmp_path / f"{name}.png", ids, name)
    write_labels(tmp_path / "small.png", ids[:50], "cihp20")
    return tmp_path


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the engine is told, without its work."""
    seen: dict[str, object] = {}

    def dress(self: EngineFlags, person: np.ndarray, *_: object, **more: object) -> TryOn:
        seen.update(more)
        mask = np.zeros(person.shape[:2], bool)
        return TryOn(person, mask, mask.astype(np.float32), 1.0, (), "upper")

    monkeypatch.setattr(EngineFlags, "dress", dress)
    return seen


def test_a_pose_and_a_map_reach_the_engine(run, folder, told, person):
    result = run(
        "tryon", folder / "me.png", folder / "shirt.png", "-o", folder / "new.png",
        "--pose", folder / "me.json", "--labels", folder / "cihp20.png", "--label-set", "cihp20",
    )  # fmt: skip
    assert result.code == 0, result.err
    there = person.pose.confidence > 0
    assert told["pose"].points[there] == pytest.approx(person.pose.points[there], abs=1e-5)
    labels = told["labels"]
    assert (labels == person.labels).mean() > 0.96
    assert LABEL_SETS["cvfast"]["left_sleeve"] in labels


def test_lips_lacking_neck_is_found_in_the_photo(run, folder, told):
    result = run(
        "tryon", folder / "me.png", folder / "shirt.png", "-o", folder / "new.png",
        "--labels", folder / "lip20.png", "--pose", folder / "me.json",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert LABEL_SETS["cvfast"]["neck"] in told["labels"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--labels", "small.png", "--label-set", "cihp20"), 4, "expected 144 x 192 pixels as the"),
        (("--labels", "cihp20.png", "--label-set", "acgpn14"), 4, "expected ids of acgpn14"),
        (("--label-set", "lip"), 2, "labels: expected one of lip20"),
        (("--labels", "lip20.png", "--parser", "p.onnx"), 2, "--parser: expected none beside"),
        (("--parser", "gone.onnx"), 5, "gone.onnx: model file cannot be read"),
        (
            ("--pose", "me.json", "--person", "3"),
            4,
            r"expected a person 3 (counted from 0), got 1 people",
        ),
        (("--pose", "lip20.png"), 4, "expected JSON as OpenPose writes it"),
    ],
)
def test_what_does_not_fit_is_named(run, folder, told, words, code, said, monkeypatch):
    monkeypatch.chdir(folder)
    result = run("tryon", "me.png", "shirt.png", "-o", "new.png", *words)
    assert result.code == code
    assert said in result.err
    assert not told
