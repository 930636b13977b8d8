"""Similarities against scikit-image's, and what they are at their ends."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from cvfast.metrics.similarity import psnr, ssim

from tests.golden.similarity_pictures import pairs

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "similarity.json").read_text())


@pytest.mark.parametrize("name", pairs())
def test_as_scikit_image(name: str) -> None:
    a, b = pairs()[name]
    similarity, ratio = GOLDEN[name]
    assert ssim(a, b) == pytest.approx(similarity, abs=1e-6)
    assert psnr(a, b) == pytest.approx(ratio, abs=1e-5)


def test_same_picture() -> None:
    a = pairs()["colour"][0]
    assert ssim(a, a) == pytest.approx(1)
    assert psnr(a, a) == math.inf


def test_symmetric() -> None:
    a, b = pairs()["colour"]
    assert ssim(a, b) == pytest.approx(ssim(b, a))
    assert psnr(a, b) == psnr(b, a)


@pytest.mark.parametrize(
    ("a", "b", "error", "words"),
    [
        (np.zeros((9, 9)), np.zeros((9, 9)), TypeError, "a: expected an array of uint8 or float32"),
        ([1], [1], TypeError, "a: expected an array"),
        (np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.float32), TypeError, "b: expected dtype"),
        (np.zeros((9, 9), np.uint8), np.zeros((9, 8), np.uint8), ValueError, "b: expected a pictu"),
        (np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.uint8), ValueError, "at least 11"),
    ],
)
def test_bad_pictures(a: object, b: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ssim(a, b)  # type: ignore[arg-type]
