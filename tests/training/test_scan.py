"""Backgrounds scanned whole once few windows pass, and copies of patches."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.kernels.cascade import CascadeKernel
from cvfast.training import cascade as module
from cvfast.training.cascade import CascadeSettings, train_cascade
from cvfast.training.negatives import Backgrounds
from cvfast.training.samples import jittered

from tests.training.test_cascade import faces, noise, settings


def all_settings(features: str, stages: int) -> CascadeSettings:
    return settings(features=features, stages=stages, false_alarm=0.6)


@pytest.mark.parametrize("features", ["haar", "lbp"])
def test_a_scan_returns_windows_that_the_cascade_accepts(features):
    trained = train_cascade(faces(40), [noise()], all_settings(features, 2))
    kernel = CascadeKernel(trained.cascade)
    scenes = Backgrounds([noise(200, 3), noise(92, 4)], (12, 12))
    numbers = scenes.accepted(kernel)
    assert 0 < len(numbers) < len(scenes)
    assert len(np.unique(numbers)) == len(numbers)
    found, seen = scenes.collect(len(numbers), np.random.default_rng(0), kernel.accepts, numbers)
    assert len(found) == seen == len(numbers)


def test_after_a_scan_a_resumed_training_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_RARE", 0)
    whole = train_cascade(faces(40), [noise(200)], all_settings("lbp", 4))
    train_cascade(faces(40), [noise(200)], all_settings("lbp", 3), folder=tmp_path)
    resumed = train_cascade(
        faces(40), [noise(200)], all_settings("lbp", 4), folder=tmp_path, resume=True
    )
    assert len(whole.stages) == 4
    assert resumed.stages == whole.stages
    assert resumed.reports == whole.reports


def test_copies_show_the_middle_and_still_ones_do_not_move():
    patch = np.tile(np.repeat([0, 200, 0], [5, 15, 5]).astype(np.uint8), (25, 1))
    rng = np.random.default_rng(0)
    out = jittered(patch[None], (15, 15), 2, rng, part=0.6, amount=0)
    assert out.shape == (3, 15, 15)
    assert (out[:, :, 1:-1] == 200).all()
