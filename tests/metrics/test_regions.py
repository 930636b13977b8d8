from __future__ import annotations

import math

import numpy as np
import pytest
from cvfast.metrics.regions import endpoint_error, mask_iou, region_scores
from scipy.ndimage import maximum_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    a = rng.integers(0, 256, (60, 50, 3), np.uint8)
    b = np.clip(a + rng.normal(0, 12, a.shape), 0, 255).astype(np.uint8)
    mask = np.zeros((60, 50), bool)
    mask[15:45, 12:38] = True
    return a, b, mask


def test_the_three_regions_against_scikit_image(
    pictures: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    a, b, mask = pictures
    square = np.ones((7, 7))
    edge = maximum_filter(mask, footprint=square) & maximum_filter(~mask, footprint=square)
    _, full = structural_similarity(
        a, b, channel_axis=2, gaussian_weights=True, use_sample_covariance=False, full=True
    )
    scores = region_scores(a, b, mask, border=3)
    regions = {"inside": mask & ~edge, "border": edge, "outside": ~mask & ~edge}
    valid = np.zeros_like(mask)
    valid[5:-5, 5:-5] = True
    for name, where in regions.items():
        score = scores[name]
        assert score.pixels == where.sum()
        assert score.error == pytest.approx(np.abs(a.astype(float) - b)[where].mean())
        assert score.psnr == pytest.approx(peak_signal_noise_ratio(a[where], b[where]))
        assert score.ssim == pytest.approx(full[where & valid].mean(), abs=1e-9)
    assert sum(score.pixels for score in scores.values()) == mask.size


def test_float_and_byte_pictures_give_the_same(
    pictures: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    a, b, mask = pictures
    byte = region_scores(a[..., 0], b[..., 0], mask)["inside"]
    real = region_scores(
        (a[..., 0] / 255).astype(np.float32), (b[..., 0] / 255).astype(np.float32), mask
    )["inside"]
    assert real.error == pytest.approx(byte.error, rel=1e-5)
    assert real.ssim == pytest.approx(byte.ssim, abs=1e-5)


def test_an_empty_region_has_no_figures(
    pictures: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    a, _, mask = pictures
    scores = region_scores(a, a, np.zeros_like(mask))
    assert scores["inside"].pixels == 0
    assert math.isnan(scores["inside"].error)
    assert (scores["outside"].error, scores["outside"].psnr) == (0, math.inf)


def test_masks_and_fields() -> None:
    a = np.zeros((4, 4), bool)
    assert mask_iou(a, a) == 1
    assert mask_iou(~a, a) == 0
    flow, truth = np.zeros((4, 4, 2)), np.full((4, 4, 2), np.nan)
    assert math.isnan(endpoint_error(flow, truth))
    truth[0, 0], truth[1, 1] = (6, 8), (0, 0)
    assert endpoint_error(flow, truth) == 5
    assert endpoint_error(flow, truth, np.eye(4, dtype=bool) & (np.arange(4) == 0)) == 10


def test_bad_input_is_named(pictures: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    a, b, mask = pictures
    with pytest.raises(ValueError, match=r"mask: expected bool of shape \(60, 50\), got uint8"):
        region_scores(a, b, mask.astype(np.uint8))
    with pytest.raises(ValueError, match="border: expected at least 0, got -1"):
        region_scores(a, b, mask, border=-1)
    with pytest.raises(ValueError, match=r"b: expected bool of shape \(60, 50\)"):
        mask_iou(mask, mask[:5])
    with pytest.raises(ValueError, match="truth: expected shape"):
        endpoint_error(np.zeros((4, 4, 2)), np.zeros((4, 4, 3)))
