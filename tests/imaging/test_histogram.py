"""Histograms after matching."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.imaging.histogram import match_histogram

RNG = np.random.default_rng(4)
IMAGE = (RNG.beta(2, 5, (64, 48, 3))).astype(np.float32)
LIKE = (RNG.beta(5, 3, (40, 70, 3)) * 0.9 + 0.05).astype(np.float32)
QUANTILES = np.linspace(0.02, 0.98, 30)


def test_has_their_distribution() -> None:
    done = match_histogram(IMAGE, LIKE).reshape(-1, 3)
    wanted = np.quantile(LIKE.reshape(-1, 3), QUANTILES, axis=0)
    assert np.quantile(done, QUANTILES, axis=0) == pytest.approx(wanted, abs=0.01)


def test_keeps_order() -> None:
    done = match_histogram(IMAGE, LIKE)
    order = np.argsort(IMAGE[..., 1].ravel(), kind="stable")
    assert (np.diff(done[..., 1].ravel()[order]) >= -1e-5).all()


def test_own_histogram_changes_nothing() -> None:
    assert np.abs(match_histogram(IMAGE, IMAGE) - IMAGE).max() < 1e-5


def test_limit_caps_the_rank() -> None:
    done = match_histogram(IMAGE, LIKE, limit=128)
    assert done[..., 0].max() == pytest.approx(np.quantile(LIKE[..., 0], 128 / 255), abs=0.02)


def test_mask_is_what_counts() -> None:
    mask = np.zeros((64, 48), np.float32)
    mask[10:50, 5:40] = 1
    spoilt = np.where(mask[..., None] > 0, IMAGE, RNG.random(IMAGE.shape, np.float32))
    a, b = (match_histogram(image, LIKE, mask=mask) for image in (IMAGE, spoilt))
    assert np.abs(a - b)[mask > 0].max() < 1e-6
    assert np.array_equal(match_histogram(IMAGE, LIKE, mask=mask * 0), IMAGE)


def test_bad_limit() -> None:
    with pytest.raises(ValueError, match="limit: expected 0 to 255, got 256"):
        match_histogram(IMAGE, LIKE, limit=256)
