"""Known warps: the truth maps the warped picture back onto the flat one."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.known_warps import warp_known
from scipy.ndimage import map_coordinates


@pytest.mark.parametrize("seed", range(4))
def test_the_flow_looks_up_what_the_picture_shows(seed: int) -> None:
    warp = warp_known(seed, size=(96, 128))
    inside = warp.mask > 0.999
    rows, columns = warp.flow[inside][:, ::-1].astype(np.float64).T
    texture = warp.garment.texture.astype(np.float64)
    for channel in range(3):
        looked = map_coordinates(texture[..., channel], [rows, columns], order=1, mode="nearest")
        assert np.abs(looked - warp.image[inside][:, channel]).max() <= 1.5
    at = np.rint(warp.flow[inside]).astype(int)
    assert (warp.garment.front[at[:, 1], at[:, 0]] > 0.2).all()
    assert np.isnan(warp.flow[warp.mask < 0.4]).all()


def test_landmarks_go_where_the_flow_says() -> None:
    for seed in range(6):
        warp = warp_known(seed, size=(192, 256))
        for name, at in warp.landmarks.items():
            column, row = np.rint(at).astype(int)
            if not (0 <= column < 192 and 0 <= row < 256) or warp.mask[row, column] <= 0.5:
                continue
            source = warp.flow[row, column] + (at - (column, row))
            assert np.hypot(*(source - warp.garment.landmarks[name])) < 1.2


def test_identity_does_as_badly_as_the_notes_say() -> None:
    overlap, error = [], []
    y, x = np.mgrid[:256, :192]
    for seed in range(12):
        warp = warp_known(seed)
        flat, warped = warp.garment.front > 0.5, warp.mask > 0.5
        overlap.append((flat & warped).sum() / (flat | warped).sum())
        away = np.hypot(warp.flow[..., 0] - x, warp.flow[..., 1] - y)
        error.append(float(away[np.isfinite(away)].mean()))
    assert 0.6 < np.mean(overlap) < 0.8
    assert 8 < np.mean(error) < 16


@pytest.mark.parametrize("occluder", ["forearm", "hair"])
def test_an_occluder_hides_some_of_the_garment(occluder: str) -> None:
    warp = warp_known(5, occluder=occluder)
    hidden = 1 - warp.visible.sum() / warp.mask.sum()
    assert 0.02 < hidden < 0.4
    clean = warp_known(5)
    assert (warp.mask == clean.mask).all()
    seen = warp.occluder == 0
    assert (warp.image[seen] == clean.image[seen]).all()


def test_no_warp_at_all_and_bad_values() -> None:
    flat = make_garment(random_garment(2), size=(96, 128))
    assert warp_known(1, garment=flat).garment is flat
    with pytest.raises(ValueError, match="occluder: expected one of none, forearm, hair"):
        warp_known(0, occluder="cat")
    with pytest.raises(ValueError, match="strength"):
        warp_known(0, strength=3)
