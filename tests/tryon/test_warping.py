"""Known warps recovered, occluders, guards, fallbacks, and pictures drawn through maps."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.synth.known_warps import warp_known
from cvfast.tryon.distortion import distortion
from cvfast.tryon.garment import Garment
from cvfast.tryon.outline import outline_of
from cvfast.tryon.render import render_map
from cvfast.tryon.silhouette import complete_silhouette
from cvfast.tryon.sliding_spline import SlidingSpline
from cvfast.tryon.warping import warp_garment


def flat(warp) -> Garment:
    made = warp.garment
    return Garment(made.image, made.front, made.landmarks, "tee", "short", "upper", 1.0)


def error_of(warp, backward) -> float:
    inside = np.isfinite(warp.flow[..., 0]) & (warp.mask > 0.5)
    return float(np.hypot(*(backward - warp.flow)[inside].T).mean())


def overlap(a, b) -> float:
    return float(((a > 0.5) & (b > 0.5)).sum() / ((a > 0.5) | (b > 0.5)).sum())


def test_known_warps_are_recovered():
    errors = []
    for seed in (12, 13, 14):
        warp = warp_known(seed)
        made = warp_garment(flat(warp), warp.mask, warp.landmarks)
        assert overlap(made.mask, warp.mask) > 0.975
        assert made.report.method == "sc+tps"
        assert made.report.folded == 0
        errors.append(error_of(warp, made.map))
    assert np.mean(errors) < 4.6


@pytest.mark.parametrize("occluder", ["forearm", "hair"])
def test_an_occluder_hardly_harms(occluder):
    with_it, without = [], []
    for seed in (21, 22):
        warp = warp_known(seed, occluder=occluder)
        whole = complete_silhouette(warp.visible > 0.5, warp.occluder > 0.5)
        made = warp_garment(flat(warp), whole.mask, warp.landmarks, hidden=whole.hidden)
        with_it.append(error_of(warp, made.map))
        clean = warp_garment(flat(warp), warp.mask, warp.landmarks)
        without.append(error_of(warp, clean.map))
        assert overlap(made.mask, warp.mask) > 0.95
    assert np.mean(with_it) < np.mean(without) + 1.5


def test_completion_fills_what_an_arm_hides():
    warp = warp_known(30, occluder="forearm")
    whole = complete_silhouette(warp.visible > 0.5, warp.occluder > 0.5)
    assert overlap(whole.mask, warp.mask) > overlap(warp.visible, warp.mask)
    assert overlap(whole.mask, warp.mask) > 0.97
    assert 0 <= whole.guessed < 0.5
    with pytest.raises(ValueError, match="occluder: expected shape"):
        complete_silhouette(warp.visible, np.zeros((3, 3)))


def test_a_target_of_another_shape_folds_no_cloth():
    warp = warp_known(41)
    y, x = np.mgrid[:256, :192]
    for target in (
        np.abs(x - 96) < 8,  # a pole
        ((x - 96) // 12 + y // 12) % 2 == 0,  # pieces
        (np.hypot(x - 96, y - 128) < 90) & ~(np.hypot(x - 120, y - 128) < 80),  # a sickle
    ):
        made = warp_garment(flat(warp), target, {})
        assert made.report.folded == 0
        assert made.report.method == "affine" or made.report.stretch <= 2.5
        assert made.report.reasons
        assert made.report.confidence < 0.9


def test_methods_and_bad_input():
    warp = warp_known(50)
    for method in ("sc+tps", "landmarks", "affine"):
        assert warp_garment(flat(warp), warp.mask, warp.landmarks, method=method).report.method == (
            method
        )
    with pytest.raises(ValueError, match="method: expected one of"):
        warp_garment(flat(warp), warp.mask, method="magic")
    with pytest.raises(ValueError, match="at least one pixel"):
        warp_garment(flat(warp), np.zeros((256, 192)))
    with pytest.raises(ValueError, match="landmarks: expected finite"):
        warp_garment(flat(warp), warp.mask, {"collar_left": (np.nan, 0)})


def test_a_fine_picture_is_drawn_sharp_through_a_coarse_map():
    """A map of 48 x 64 doubles as one of 384 x 512: stripes two pixels wide stay apart."""
    y, x = np.mgrid[:64, :48].astype(np.float32)
    fine = np.zeros((512, 384, 3), np.uint8)
    fine[:, ::4] = fine[:, 1::4] = 255
    drawn, alpha = render_map(np.dstack([x, y]), fine, np.ones((64, 48)), (384, 512))
    assert np.abs(drawn[20:-20, 20:-20].astype(int) - fine[20:-20, 20:-20]).max() < 3
    assert alpha[256, 192] == 1


def test_a_shrunk_picture_is_averaged_not_aliased():
    y, x = np.mgrid[:64, :48].astype(np.float32)
    fine = np.zeros((512, 384, 3), np.uint8)
    fine[::2] = 255
    drawn, _ = render_map(np.dstack([x, y]), fine, np.ones((64, 48)))
    assert np.abs(drawn[4:-4, 4:-4].astype(int) - 127).max() < 6


def test_background_does_not_bleed_into_the_cloth():
    image = np.full((120, 90, 3), 255, np.uint8)
    mask = np.zeros((120, 90), np.float32)
    mask[30:90, 20:70] = 1
    image[mask > 0] = (20, 40, 160)
    y, x = np.mgrid[:80, :60].astype(np.float32)
    drawn, alpha = render_map(np.dstack([x * 1.5, y * 1.5]), image, mask)
    assert np.abs(drawn[alpha > 0.02].astype(int) - (20, 40, 160)).max() < 12


def test_sliding_points_stay_on_their_lines():
    turn = np.arange(40) / 40 * 2 * np.pi
    circle = np.column_stack([np.cos(turn), np.sin(turn)]) * 50 + 100
    along = np.column_stack([-np.sin(turn), np.cos(turn)])
    shifted = np.roll(circle * 1.2, 2, axis=0)  # each point's target lies two further
    spline = SlidingSpline(circle, shifted, np.roll(along, 2, axis=0), stiffness=0.001)
    moved = spline.transform(circle)
    assert np.abs(np.hypot(*(moved - 120).T) - 60).max() < 1.5


def test_a_mirrored_map_is_folded():
    y, x = np.mgrid[:40, :40].astype(np.float32)
    assert not distortion(np.dstack([-x, y]), np.ones((40, 40), np.float32)).bearable
    assert distortion(np.dstack([x * 3, y * 3]), np.ones((40, 40), np.float32)).bearable
    assert not distortion(np.dstack([x * 0.2, y * 3]), np.ones((40, 40), np.float32)).bearable


def test_outlines_are_even():
    mask = np.zeros((90, 90), bool)
    mask[20:70, 10:80] = True
    points = outline_of(mask, 60).points
    steps = np.hypot(*np.diff(points, axis=0, append=points[:1]).T)
    assert steps.max() / steps.min() < 1.25
    with pytest.raises(ValueError, match="at least one pixel"):
        outline_of(np.zeros((9, 9), bool))
