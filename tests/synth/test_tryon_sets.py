"""Sets for try-on networks: their layouts, and the truth beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import OutputExistsError
from cvfast.io.image_reader import read_image
from cvfast.people.label_file import read_labels
from cvfast.people.openpose import read_openpose
from cvfast.synth.tryon_pool import TryOnPool
from cvfast.synth.tryon_sets import fit_theta, write_garments, write_tryon_set

SIZE = (48, 64)


def test_cp_vtons_layout_reads_back(tmp_path: Path) -> None:
    pairs = write_tryon_set(tmp_path / "data", 3, size=SIZE, test_share=0.34)
    assert pairs.read_text().split() == ["000000_0.jpg", "000000_1.jpg", "000001_0.jpg",
                                         "000001_1.jpg"]  # fmt: skip
    assert (tmp_path / "data/test_pairs.txt").read_text() == "000002_0.jpg 000002_1.jpg\n"
    base = tmp_path / "data/train"
    assert read_image(base / "image/000000_0.jpg").pixels.shape == (64, 48, 3)
    assert read_image(base / "cloth/000000_1.jpg").pixels.shape == (64, 48, 3)
    mask = read_image(base / "cloth-mask/000000_1.jpg").pixels[..., 0] > 127
    labels = read_labels(base / "image-parse/000000_0.png", "lip20")
    (pose,) = read_openpose(base / "pose/000000_0_keypoints.json")
    truth = np.load(tmp_path / "data/truth/000000_0.npz")
    worn = np.isfinite(truth["flow"][..., 0])
    assert ((labels == 5) == worn).all()
    assert pose.scheme == "coco18"
    column, row = np.clip(np.rint(truth["flow"][worn]), 0, (47, 63)).astype(int).T
    assert mask[row, column].mean() > 0.95


def test_acgpns_layout_reads_back(tmp_path: Path) -> None:
    write_tryon_set(tmp_path / "data", 1, size=SIZE, layout="acgpn", test_share=0)
    names = {path.name for path in (tmp_path / "data").iterdir() if path.is_dir()}
    assert names == {"train_img", "train_color", "train_edge", "train_label", "train_mask",
                     "train_colormask", "train_pose", "truth"}  # fmt: skip
    labels = read_labels(tmp_path / "data/train_label/000000_0.png", "acgpn14")
    assert {4, 12} <= set(np.unique(labels).tolist())


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="new or empty"):
        write_tryon_set(tmp_path, 1)
    with pytest.raises(ValueError, match="layout: expected one of cpvton, acgpn"):
        write_tryon_set(tmp_path / "a", 1, layout="zip")
    with pytest.raises(ValueError, match="count"):
        write_garments(tmp_path / "b", 0)
    with pytest.raises(ValueError, match="kind"):
        write_garments(tmp_path / "b", 1, kind="cape")
    with pytest.raises(ValueError, match="seed: expected 0 or more, got -1"):
        write_tryon_set(tmp_path / "b", 1, -1)
    with pytest.raises(ValueError, match="size: expected 24 to 1024, got 2000"):
        TryOnPool(1, size=(24, 2000))
    assert not (tmp_path / "b").exists()


def test_one_person_alone_makes_no_unpaired_pair(tmp_path: Path) -> None:
    write_tryon_set(tmp_path / "data", 2, size=SIZE, test_share=0.5)
    assert (tmp_path / "data/test_pairs.txt").read_text() == "000001_0.jpg 000001_1.jpg\n"
    assert (tmp_path / "data/test_pairs_unpaired.txt").read_text() == ""


def test_theta_gives_back_a_spline_and_is_flat_where_nothing_is_known() -> None:
    from cvfast.kernels.tps import ThinPlateSpline

    rng = np.random.default_rng(4)
    y, x = np.mgrid[-1:1:5j, -1:1:5j]
    grid = np.stack([x, y], axis=-1)
    theta = grid + rng.uniform(-0.1, 0.1, grid.shape)
    span = np.array([95.0, 127.0])
    spline = ThinPlateSpline((grid.reshape(-1, 2) + 1) / 2 * span,
                             (theta.reshape(-1, 2) + 1) / 2 * span)  # fmt: skip
    v, u = np.mgrid[:128, :96]
    pixels = np.stack([u, v], axis=-1).reshape(-1, 2).astype(float)
    flow = np.asarray(spline.transform(pixels), np.float32).reshape(128, 96, 2)
    # Pixels are not square in [-1, 1]: the two splines bend a little differently between knots.
    assert np.abs(fit_theta(flow, (96, 128), smooth=1e-9) - theta).max() < 0.02
    nothing = np.full((128, 96, 2), np.nan, np.float32)
    assert (fit_theta(nothing, (96, 128)) == grid).all()


def test_a_pool_repaints_and_mirrors_consistently() -> None:
    pool = TryOnPool(2, size=SIZE)
    batch = pool.draw(np.random.default_rng(1), 16)
    again = pool.draw(np.random.default_rng(1), 16)
    assert batch.images.tobytes() == again.images.tobytes()
    worn = np.isfinite(batch.flows[..., 0])
    assert (np.isin(batch.labels, (5, 20, 21)) == worn).all()
    assert len({image.tobytes() for image in batch.images[:, 0]}) > 4
    for number in range(16):  # the wearer's left shoulder lies right, whether mirrored or not
        left, right = batch.points[number, 5], batch.points[number, 2]
        assert left[0] > right[0]
    likeness = []
    for number in range(16):
        where = worn[number, 0]
        levels = make_levels(batch.garments[number, 0], batch.flows[number, 0], where).mean(axis=1)
        if levels.std() > 25:  # patterned
            shown = batch.images[number, 0][where].astype(float).mean(axis=1)
            likeness.append(np.corrcoef(levels, shown)[0, 1])
    assert len(likeness) > 1
    assert np.median(likeness) > 0.5


def make_levels(garment: np.ndarray, flow: np.ndarray, worn: np.ndarray) -> np.ndarray:
    at = np.clip(np.rint(flow[worn]), 0, (SIZE[0] - 1, SIZE[1] - 1)).astype(int)
    return np.asarray(garment[at[:, 1], at[:, 0]], float)


def test_garments_are_written_with_masks_and_landmarks(tmp_path: Path) -> None:
    import json

    listed = write_garments(tmp_path / "g", 2, size=SIZE, kind="tank")
    records = [json.loads(line) for line in listed.read_text().splitlines()]
    assert [record["kind"] for record in records] == ["tank", "tank"]
    assert set(records[0]["landmarks"]) >= {"collar_left", "hem_right", "armpit_left"}
    assert read_image(tmp_path / "g/000001_mask.png").pixels.shape[:2] == (64, 48)
