"""What the networks see of a person, against the papers' definitions."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.people.pose import Pose
from cvfast.tryon.representation import (
    agnostic_person,
    blurred_shape,
    garment_input,
    viton_person,
    worn_garment,
)
from PIL import Image

LABELS = np.zeros((256, 192), np.uint8)
LABELS[20:40, 80:110] = 2  # hair
LABELS[40:70, 80:110] = 13  # face
LABELS[70:150, 60:130] = 5  # upper clothes
LABELS[70:120, 40:60] = 15  # right arm
LABELS[150:250, 70:120] = 9  # trousers
PICTURE = np.random.default_rng(0).integers(0, 256, (256, 192, 3), np.uint8)
POINTS = np.full((18, 2), 30.0)
POINTS[1] = 100, 80
CONFIDENCE = np.ones(18)
CONFIDENCE[4] = 0
POSE = Pose(POINTS, CONFIDENCE, "coco18")


def test_cp_vtons_person_is_shape_head_and_pose() -> None:
    seen = agnostic_person(PICTURE, LABELS, POSE)

    assert seen.shape == (22, 256, 192)
    assert seen.dtype == np.float32
    small = Image.fromarray(((LABELS > 0) * 255).astype(np.uint8)).resize((12, 16), 2)
    shape = np.asarray(small.resize((192, 256), 2)) / 127.5 - 1
    assert np.allclose(seen[0], shape, atol=1e-6)
    head = np.isin(LABELS, (1, 2, 4, 13))
    values = np.moveaxis(PICTURE, -1, 0) / 127.5 - 1
    assert np.allclose(seen[1:4], np.where(head, values, -1), atol=1e-6)
    square = np.full((256, 192), -1)
    square[75:86, 95:106] = 1
    assert (seen[5] == square).all()
    assert (seen[8] == -1).all()  # the missing wrist


def test_cp_vton_plus_keeps_no_hair_for_gmm_and_the_trousers_for_tom() -> None:
    for stage, ids in (("gmm", (1, 4, 13)), ("tom", (1, 2, 4, 9, 12, 13, 16, 17))):
        seen = agnostic_person(PICTURE, LABELS, POSE, variant="cp-vton+", stage=stage)
        kept = (seen[1:4] != -1).any(0)
        assert (kept == (np.isin(LABELS, ids) & (PICTURE > 0).any(-1))).all()


def test_vitons_person_has_a_body_without_a_head() -> None:
    seen = viton_person(PICTURE, LABELS, POSE)

    body = (LABELS > 0) & ~np.isin(LABELS, (1, 2, 4, 13))
    means = body.reshape(16, 16, 12, 16).mean(axis=(1, 3))
    up = Image.fromarray(np.rint(means * 255).astype(np.uint8)).resize((192, 256), 2)
    assert np.abs(seen[0] - np.asarray(up) / 255).max() < 0.005
    assert seen[0].min() >= 0
    assert (seen[1:4][:, ~np.isin(LABELS, (2, 13))] == 0).all()
    assert set(np.unique(seen[4:])) == {0, 1}


def test_the_worn_garment_is_on_white_and_the_flat_ones_mask_is_cut_at_128() -> None:
    worn, mask = worn_garment(PICTURE, np.where(LABELS == 15, 7, LABELS).astype(np.uint8))

    inside = np.isin(LABELS, (5, 15))
    assert (mask[0] == inside).all()
    assert (worn[:, ~inside] == 1).all()
    assert np.allclose(worn[:, inside], (PICTURE[inside].T / 127.5) - 1, atol=1e-6)
    levels = np.array([[127, 128]], np.uint8)
    picture, cut = garment_input(np.zeros((1, 2, 3), np.uint8), levels)
    assert cut.tolist() == [[[0, 1]]]
    assert (picture == -1).all()
    assert (garment_input(PICTURE, levels / 255)[1] == cut).all()


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="image, labels: expected"):
        agnostic_person(PICTURE[:-1], LABELS, POSE)
    with pytest.raises(ValueError, match="variant, stage: expected"):
        agnostic_person(PICTURE, LABELS, POSE, variant="cp-vton++")
    with pytest.raises(ValueError, match="reducing: expected"):
        blurred_shape(LABELS > 0, "nearest")
