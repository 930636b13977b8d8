from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.people.label_file import read_labels
from cvfast.synth.tryon_sets import write_tryon_set
from cvfast.tryon.folder import open_folder, read_entry
from cvfast.tryon.folder_check import check_folder
from cvfast.tryon.viton_files import read_swapnet_labels, read_viton_labels, read_viton_pose
from PIL import Image


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sets")
    for layout in ("cpvton", "acgpn"):
        write_tryon_set(root / layout, 2, size=(48, 64), layout=layout, test_share=0)
    return root


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """CP-VTON's folder, to be spoilt."""
    return Path(shutil.copytree(made / "cpvton", tmp_path / "data"))


@pytest.mark.parametrize(("layout", "labels"), [("cpvton", "lip20"), ("acgpn", "acgpn14")])
def test_made_sets_are_read_and_have_no_faults(made: Path, layout: str, labels: str) -> None:
    folder = open_folder(made / layout)
    assert (folder.layout.name, folder.labels, len(folder)) == (layout, labels, 2)
    assert all(entry.pair.paired for entry in folder.entries)
    sample = read_entry(folder, folder.entries[0])
    assert sample.image.shape == (64, 48, 3)
    assert sample.labels.shape == (64, 48)
    assert sample.garment is not None
    assert sample.garment_mask is not None
    # The garment is darker than the white it lies on, and the mask tells where.
    assert sample.garment[~sample.garment_mask].mean() > sample.garment[sample.garment_mask].mean()
    assert sample.pose is not None
    assert sample.pose.scheme == "coco18"
    assert check_folder(folder) == []


def test_phase_folders_and_lists_of_ones_own(data: Path, tmp_path: Path) -> None:
    inside = open_folder(data / "train")
    assert [entry.files["image"].name for entry in inside.entries] == [
        "000000_0.jpg",
        "000001_0.jpg",
    ]
    (tmp_path / "mine.txt").write_text("000000_0.jpg 000001_1.jpg\n")
    (entry,) = open_folder(data, pairs=tmp_path / "mine.txt").entries
    assert not entry.pair.paired
    assert entry.files["garment"].name == "000001_1.jpg"
    (data / "train_pairs.txt").unlink()
    assert [entry.pair.garment for entry in open_folder(data).entries] == [
        "000000_1.jpg",
        "000001_1.jpg",
    ]


def points_of(count: int, scale: float = 1) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        numbers = [scale * 20, scale * 30, 0.9] * count
        path.write_text(json.dumps({"people": [{"pose_keypoints": numbers}]}))

    return write


def picture(array: np.ndarray) -> Callable[[Path], None]:
    return lambda path: Image.fromarray(array).save(path, quality=100)


GREY = np.full((64, 48), 100, np.uint8)
COLOUR = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)


@pytest.mark.parametrize(
    ("file", "spoil", "text"),
    [
        ("image/000001_0.jpg", Path.unlink, "no such file"),
        ("image/000001_0.jpg", picture(GREY[:32]), "expected 48 x 64 pixels as 000000_0.jpg has"),
        ("cloth/000001_1.jpg", lambda path: path.write_bytes(b"x"), "expected a JPEG, PNG"),
        ("cloth-mask/000001_1.jpg", picture(COLOUR), "got a picture in colour"),
        ("cloth-mask/000001_1.jpg", picture(GREY), "100% grey; binarise it at 128"),
        ("cloth-mask/000001_1.jpg", picture(GREY * 0), "got a black picture"),
        ("image-parse/000001_0.png", Path.unlink, "no such file"),
        ("image-parse/000001_0.png", picture(COLOUR), "24-bit colour"),
        ("image-parse/000001_0.png", picture(GREY), "expected ids of lip20, got 100"),
        ("image-parse/000001_0.png", picture(GREY * 0), "background alone"),
        ("image-parse/000001_0.png", picture(GREY // 100 * 2), "expected upper clothes in it, got"),
        ("image-parse/000001_0.png", picture(GREY[:9] * 0), "expected 48 x 64 pixels as the photo"),
        ("pose/000001_0_keypoints.json", points_of(28), r"got 84 numbers \(28 points\)"),
        ("pose/000001_0_keypoints.json", points_of(25), "expected the 18 points of COCO, got 25"),
        ("pose/000001_0_keypoints.json", points_of(18, 9), "0% of its points lie in the photo"),
        ("pose/000001_0_keypoints.json", points_of(0), "got 0 numbers"),
    ],
)
def test_what_is_wrong_is_named_file_by_file(
    data: Path, file: str, spoil: Callable[[Path], object], text: str
) -> None:
    spoil(data / "train" / file)
    problems = check_folder(open_folder(data))
    assert str(problems[0].file).endswith(file)
    assert re.search(text, problems[0].text), problems
    # A photo of another size makes its label map one too.
    others = {problem.file.name for problem in problems} - {Path(file).name}
    assert not others or "photos need one size" in problems[0].text


def test_swapped_coordinates_are_told(data: Path) -> None:
    numbers = [62.0, 20.0, 0.9] * 18  # inside 48 x 64 only as (20, 62)
    file = data / "train" / "pose" / "000001_0_keypoints.json"
    file.write_text(json.dumps({"people": [{"pose_keypoints": numbers}]}))
    (problem,) = check_folder(open_folder(data))
    assert problem.text == "its points lie in the photo with x and y swapped; swap them"


def test_wrong_folders_are_named(data: Path, tmp_path: Path) -> None:
    shutil.rmtree(data / "train" / "pose")
    with pytest.raises(MediaError, match="folders of cpvton, phase train; missing: train/pose or"):
        open_folder(data)
    with pytest.raises(MediaError, match="missing: train_img, train_color"):
        open_folder(data, layout="acgpn")
    with pytest.raises(MediaError, match="expected a folder of a try-on system, found none"):
        open_folder(tmp_path / "gone")
    with pytest.raises(ValueError, match="layout: expected auto or one of acgpn"):
        open_folder(data, layout="cp-vton")
    with pytest.raises(ValueError, match="phase: expected train or test, got 'val'"):
        open_folder(data, phase="val")


def test_viton_hd_and_its_cihp_maps(tmp_path: Path) -> None:
    base = tmp_path / "test"
    ids = np.full((64, 48), 10, np.uint8)
    ids[30:] = 5
    for name, array in (("image", COLOUR), ("cloth", COLOUR), ("cloth-mask", ids // 10 * 255)):
        (base / name).mkdir(parents=True)
        Image.fromarray(array).save(base / name / "00006_00.jpg")
    (base / "image-parse-v3").mkdir()
    Image.fromarray(ids).save(base / "image-parse-v3" / "00006_00.png")
    (base / "openpose_json").mkdir()
    points_of(25)(base / "openpose_json" / "00006_00_keypoints.json")
    (tmp_path / "test_pairs.txt").write_text("00006_00.jpg 00006_00.jpg\n")
    folder = open_folder(tmp_path, phase="test")
    assert (folder.layout.name, folder.labels) == ("vitonhd", "cihp20")
    sample = read_entry(folder, folder.entries[0])
    assert (sample.labels == ids).all()
    assert sample.pose is not None
    assert sample.pose.scheme == "body25"


def test_viton_and_its_matlab_files(tmp_path: Path) -> None:
    from scipy.io import savemat

    for name in ("women_top", "pose", "segment"):
        (tmp_path / name).mkdir()
    for view in (0, 1):
        Image.fromarray(COLOUR).save(tmp_path / "women_top" / f"000001_{view}.jpg")
    square = np.zeros((641, 641), np.uint8)
    square[:320, :481] = 5  # the upper half of a photo of 48 x 64, as wide as it is
    savemat(tmp_path / "segment" / "000001_0.mat", {"segment": square.T})
    candidate = np.array([[10.0, 20.0, 0.9, 0], [11.0, 21.0, 0.8, 1]])
    subset = np.full((1, 20), -1.0)
    subset[0, 0], subset[0, 5] = 1, 0
    savemat(tmp_path / "pose" / "000001_0.mat", {"candidate": candidate, "subset": subset})
    (tmp_path / "viton_train_pairs.txt").write_text("000001_0.jpg 000001_1.jpg\n")
    folder = open_folder(tmp_path)
    assert folder.layout.name == "viton"
    sample = read_entry(folder, folder.entries[0])
    assert (sample.labels[:31] == 5).all()
    assert (sample.labels[33:] == 0).all()
    assert sample.pose is not None
    assert sample.pose.point("nose").tolist() == [11, 21]
    assert sample.pose.point("left_shoulder").tolist() == [10, 20]
    assert sample.pose.confidence.sum() == pytest.approx(1.7)


def test_bad_matlab_files_are_named(tmp_path: Path) -> None:
    from scipy.io import savemat

    file = tmp_path / "a.mat"
    for content, message in (
        ({"segment": np.zeros((5, 4))}, "expected a square map"),
        ({"segment": np.full((5, 5), 44)}, "expected ids of lip20, got 44"),
        ({"segment": np.full((5, 5), 0.5)}, "expected label ids from 0 to 19"),
        ({"other": 1}, "expected the variable segment"),
    ):
        savemat(file, content)
        with pytest.raises(MediaError, match=message):
            read_viton_labels(file, (4, 5))
    savemat(file, {"candidate": np.zeros((1, 4)), "subset": np.full((1, 20), 7.0)})
    with pytest.raises(MediaError, match="subset names candidate 7 of 1"):
        read_viton_pose(file)
    savemat(file, {"candidate": np.zeros((0, 0)), "subset": np.full((1, 20), -1.0)})
    assert not read_viton_pose(file).confidence.any()
    savemat(file, {"candidate": np.zeros((1, 4)), "subset": np.zeros((0, 20))})
    with pytest.raises(MediaError, match="expected a person, got none"):
        read_viton_pose(file)
    file.write_bytes(b"MATLAB 5.0" + bytes(300))
    with pytest.raises(MediaError, match="expected a MATLAB file"):
        read_viton_pose(file)


def test_swapnet_and_its_sparse_files(tmp_path: Path) -> None:
    from scipy import sparse

    for name in ("texture", "body"):
        (tmp_path / name).mkdir()
        Image.fromarray(COLOUR).save(tmp_path / name / "a.jpg")
    (tmp_path / "cloth").mkdir()
    ids = np.zeros((64, 48), np.uint8)
    ids[10:40, 10:30] = 5
    sparse.save_npz(tmp_path / "cloth" / "a.npz", sparse.csc_matrix(ids))
    folder = open_folder(tmp_path)
    assert folder.layout.name == "swapnet"
    sample = read_entry(folder, folder.entries[0])
    assert (sample.labels == ids).all()
    assert sample.garment is sample.pose is None
    assert check_folder(folder) == []
    file = tmp_path / "b.npz"
    np.savez(
        file, format=np.array(b"csc"), shape=(4, 4), data=[1], indices=[9], indptr=[0, 1, 1, 1, 1]
    )
    with pytest.raises(MediaError, match="the sparse matrix is damaged"):
        read_swapnet_labels(file)
    sparse.save_npz(file, sparse.csc_array(np.eye(4) * (1 + 1j)))
    with pytest.raises(MediaError, match="expected label ids from 0 to 19"):
        read_swapnet_labels(file)
    np.savez(file, np.array([{}], object))
    with pytest.raises(MediaError, match="expected a sparse label map"):
        read_swapnet_labels(file)


def test_labels_of_made_sets_are_plain_label_files(made: Path) -> None:
    ids = read_labels(made / "acgpn" / "train_label" / "000000_0.png", "acgpn14")
    assert 4 in ids
