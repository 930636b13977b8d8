from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.people.label_file import palette, read_labels, write_labels
from cvfast.people.labels import LABEL_SETS, convert_labels, label_mask
from cvfast.people.pose import Pose
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


def every(name: str) -> np.ndarray:
    return np.array([sorted(LABEL_SETS[name].values())], np.uint8)


def test_lip_to_acgpn_is_the_table_of_its_users() -> None:
    table = {1: 1, 2: 1, 5: 4, 6: 4, 7: 4, 18: 5, 19: 6, 9: 8, 12: 8, 16: 9, 17: 10}
    table |= {14: 11, 15: 13, 13: 12, 4: 12, 11: 7, 3: 7, 10: 7, 0: 0}
    source = np.array([list(table)], np.uint8)
    assert convert_labels(source, "lip20", "acgpn14").tolist() == [list(table.values())]


@pytest.mark.parametrize("source", LABEL_SETS)
@pytest.mark.parametrize("target", LABEL_SETS)
def test_every_label_becomes_one_of_the_target_and_shared_ones_stay(
    source: str, target: str
) -> None:
    joints = {"left": (8.0, 0.0), "right": (0.0, 0.0)}
    pose = Pose(np.zeros((18, 2)), np.zeros(18), "coco18")
    points, sure = pose.points.copy(), pose.confidence.copy()
    for index, name in enumerate(pose.names):
        if (side := name.partition("_")[0]) in joints:
            points[index], sure[index] = joints[side], 1
    made = convert_labels(every(source), source, target, pose=Pose(points, sure, "coco18"))
    assert set(made.ravel().tolist()) <= set(LABEL_SETS[target].values())
    names = {number: name for name, number in LABEL_SETS[source].items()}
    for before, after in zip(every(source)[0].tolist(), made[0].tolist(), strict=True):
        if names[before] in LABEL_SETS[target]:
            assert after == LABEL_SETS[target][names[before]]
        elif names[before] not in ("held", "neck", "noise", "jewelry"):
            assert after != 0, names[before]


def test_sides_are_told_by_the_nearer_joints() -> None:
    points, sure = np.zeros((18, 2)), np.zeros(18)
    for number, x in ((2, 1), (3, 1), (4, 1), (5, 9), (6, 9), (7, 9)):
        points[number], sure[number] = (x, number % 3), 1
    pose = Pose(points, sure, "coco18")
    arms = np.full((4, 11), LABEL_SETS["fashn18"]["arms"], np.uint8)
    made = convert_labels(arms, "fashn18", "lip20", pose=pose)
    assert (made[:, :5] == 15).all()  # the person's right arm is on the picture's left
    assert (made[:, 6:] == 14).all()
    with pytest.raises(ValueError, match="pose: expected a Pose, since fashn18 does not tell"):
        convert_labels(arms, "fashn18", "lip20")
    assert (convert_labels(arms * 0, "fashn18", "lip20") == 0).all()  # no arms, no pose needed


def test_unknown_ids_name_the_sets_that_have_them() -> None:
    with pytest.raises(ValueError, match=r"ids of lip20, got 20; these sets have all: lip21, cvf"):
        convert_labels(np.array([[20, 3]], np.uint8), "lip20", "cihp20")
    with pytest.raises(ValueError, match=r"got 2, 3; these sets have all: lip20"):
        convert_labels(np.array([[2, 3]], np.uint8), "acgpn14", "cihp20")
    with pytest.raises(ValueError, match="no known set has all"):
        convert_labels(np.array([[255]], np.uint8), "lip20", "cihp20")
    with pytest.raises(TypeError, match="expected a uint8 array, got int64"):
        convert_labels(np.array([[2]]), "lip20", "cihp20")
    with pytest.raises(ValueError, match=r"parts: expected some of .*, got 'sock'"):
        label_mask(np.zeros((1, 1), np.uint8), "lip20", "sock")


@given(st.sampled_from([*LABEL_SETS]), st.integers(0, 2**32 - 1))
def test_a_written_map_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, name: str, seed: int
) -> None:
    ids = np.random.default_rng(seed).choice(every(name)[0], (5, 7)).astype(np.uint8)
    file = tmp_path_factory.mktemp("labels") / "a.png"
    write_labels(file, ids, name)
    assert (read_labels(file, name) == ids).all()
    # As 24-bit colour, which tools make of it, it is still read.
    Image.open(file).convert("RGB").save(file)
    assert (read_labels(file, name) == ids).all()


def test_grey_maps_and_24_bit_grey(tmp_path: Path) -> None:
    ids = np.arange(20, dtype=np.uint8).reshape(4, 5)
    for mode in ("L", "RGB"):
        Image.fromarray(ids).convert(mode).save(tmp_path / f"{mode}.png")
        assert (read_labels(tmp_path / f"{mode}.png", "lip20") == ids).all()


def test_bad_label_files_are_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8)).save(tmp_path / "colour.png")
    Image.fromarray(np.full((4, 4), 5, np.uint8)).save(tmp_path / "lossy.jpg")
    Image.fromarray(np.full((4, 4), 5, np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(np.full((4, 4), 19, np.uint8)).save(tmp_path / "lip.png")
    for name, message in (
        ("colour.png", "24-bit colour whose colours are neither LIP's nor PASCAL VOC's"),
        ("lossy.jpg", "got JPEG, which alters ids"),
        ("deep.png", "expected a label map of 8 bits"),
        ("lip.png", r"expected ids of acgpn14, got 19; these sets have all: lip20, lip21, cihp20"),
        ("gone.png", "no such file"),
    ):
        with pytest.raises(MediaError, match=message) as caught:
            read_labels(tmp_path / name, "acgpn14")
        assert name in str(caught.value)
    with pytest.raises(ValueError, match="labels: expected one of lip20"):
        read_labels(tmp_path / "lip.png", "lip")
    with pytest.raises(ValueError, match=r"expected a name ending in \.png"):
        write_labels(tmp_path / "a.jpg", np.zeros((2, 2), np.uint8), "lip20")


def test_voc_palette_is_the_published_one() -> None:
    # PASCAL VOC's development kit: 1 aeroplane, 15 person, 255 the border.
    assert palette()[[1, 15, 255]].tolist() == [[128, 0, 0], [192, 128, 128], [224, 224, 192]]
    assert len(np.unique(palette("lip")[:20], axis=0)) == 20
