"""Masks applied to face pictures, taken out again, and labelled pictures gathered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.app import main
from cvfast.errors import MediaError, ModelError
from cvfast.swap.face_file import read_record, write_record
from cvfast.swap.mask_training import workspace_network
from cvfast.swap.masking import apply_masks, fetch_labelled, remove_masks
from cvfast.swap.masks import face_mask
from cvfast.swap.xseg import XSeg
from cvfast.synth.faces import make_face
from PIL import Image

from tests.swap.masked_people import HOLE, SQUARE, workspace_of, write_people


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("labelled", [(), (SQUARE, HOLE)])
def test_removing_gives_back_the_very_files(tmp_path: Path, labelled: tuple[object, ...]) -> None:
    write_people(tmp_path, 3, polygons=labelled, more={"eyebrows_expand_mod": 1.0})
    before = contents(tmp_path)
    done = apply_masks(tmp_path)
    assert [path.name for path in done.changed] == sorted(before)
    assert all(contents(tmp_path)[name] != before[name] for name in before)
    assert len(remove_masks(tmp_path)) == 3
    assert contents(tmp_path) == before
    assert remove_masks(tmp_path) == []


def test_applied_masks_are_the_faces_and_pixels_stay(tmp_path: Path) -> None:
    paths = write_people(tmp_path, 1)
    pixels = np.asarray(Image.open(paths[0]))
    apply_masks(tmp_path)
    np.testing.assert_array_equal(np.asarray(Image.open(paths[0])), pixels)
    record = read_record(paths[0])
    assert record is not None
    exact = make_face(7, seed=0, size=96, occlusion="none").mask
    face = (exact >= 1) & (exact <= 5)
    found = face_mask(pixels, record, size=96) > 0.5
    assert (found & face).sum() / (found | face).sum() > 0.9


def test_applying_again_goes_on_and_changes_nothing(tmp_path: Path) -> None:
    paths = write_people(tmp_path, 4)
    apply_masks(tmp_path)
    whole = contents(tmp_path)
    for path in paths[2:]:  # as a process killed half way leaves them
        record = read_record(path)
        assert record is not None
        write_record(path, replace(record, mask=None, more=None))
    seen: list[tuple[int, int]] = []
    done = apply_masks(tmp_path, progress=lambda at, total: seen.append((at, total)))
    assert (len(done.changed), done.kept) == (2, 2)
    assert seen[-1] == (4, 4)
    assert contents(tmp_path) == whole


def test_steady_masks_are_medians_of_three_frames(tmp_path: Path) -> None:
    paths = write_people(tmp_path, 3)
    network = XSeg.load()
    pictures = np.stack([np.asarray(Image.open(path)) for path in paths])
    likely = network.masks(pictures)
    for steady, reference in ((True, np.median(likely, axis=0)), (False, likely[1])):
        apply_masks(tmp_path, network, steady=steady)
        record = read_record(paths[1])
        assert record is not None
        assert record.mask is not None
        np.testing.assert_array_equal(record.mask > 127, reference > 0.5)


def test_pictures_without_a_record_are_left_alone_and_named(tmp_path: Path) -> None:
    write_people(tmp_path, 1)
    plain = tmp_path / "plain.jpg"
    Image.new("RGB", (32, 32)).save(plain)
    data = plain.read_bytes()
    assert apply_masks(tmp_path).skipped == (plain,)
    assert plain.read_bytes() == data


def test_a_damaged_record_is_named_and_a_cut_off_picture_left_out(tmp_path: Path) -> None:
    path = write_people(tmp_path, 1)[0]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert apply_masks(tmp_path).skipped == (path,)
    path.write_bytes(data.replace(b'"landmarks"', b'"landmarkz"', 1))
    with pytest.raises(MediaError, match=r"00000_0\.jpg"):
        apply_masks(tmp_path)


def test_labelled_faces_are_copied_and_copies_stay(tmp_path: Path) -> None:
    paths = write_people(tmp_path / "aligned", 3)
    record = read_record(paths[1])
    assert record is not None
    write_record(paths[1], replace(record, polygons=(SQUARE,)))
    copies = fetch_labelled(tmp_path / "aligned", tmp_path / "labelled")
    assert [path.name for path in copies] == ["00001_0.jpg"]
    assert copies[0].read_bytes() == paths[1].read_bytes()
    copies[0].write_bytes(b"changed")
    fetch_labelled(tmp_path / "aligned", tmp_path / "labelled")
    assert copies[0].read_bytes() == b"changed"
    with pytest.raises(ValueError, match="another folder"):
        fetch_labelled(tmp_path / "aligned", tmp_path / "aligned")


def test_the_commands_from_labels_to_masks_and_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = workspace_of(tmp_path, 2, polygons=(SQUARE,))
    folder, work = workspace.faces("source"), str(workspace.path)
    before = contents(folder)
    kept = str(tmp_path / "labels.json")
    assert main(["swap", "mask", "export", work, "--side", "source", "-o", kept]) == 0
    assert main(["swap", "mask", "fetch", work, "--side", "source"]) == 0
    assert main(["swap", "mask", "apply", work, "--side", "source"]) == 0
    assert "2 faces masked by the mask network of cvfast" in capsys.readouterr().out
    assert main(["swap", "mask", "remove", work, "--side", "source", "--labels"]) == 0
    assert contents(folder) != before
    assert main(["swap", "mask", "import", work, kept, "--side", "source"]) == 0
    assert contents(folder) == before
    own = workspace_network(workspace)
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(b"no network")
    assert main(["swap", "mask", "apply", work, "--side", "source"]) == 5
    assert "xseg.safetensors" in capsys.readouterr().err
    assert main(["swap", "mask", "apply", work, "--side", "source", "--generic"]) == 0


def test_a_network_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"\xff" * 64)
    with pytest.raises(ModelError, match=r"a\.safetensors"):
        XSeg.load(path)
