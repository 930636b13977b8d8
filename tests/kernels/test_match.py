"""match_template against its definition in float64, OpenCV's, and bad input."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from cvfast.kernels import match
from cvfast.kernels.match import match_template
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view


def reference(image, template, mask=None):
    """Pearson's correlation of every window, in float64."""
    counted = np.ones(template.shape, bool) if mask is None else mask
    windows = sliding_window_view(image.astype(float), template.shape)[..., counted]
    windows = windows - windows.mean(axis=-1, keepdims=True)
    part = template[counted].astype(float)
    part = part - part.mean()
    both = np.sqrt((windows**2).sum(axis=-1) * (part**2).sum())
    return np.divide(windows @ part, both, out=np.zeros_like(both), where=both > 1e-6)


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 40), st.integers(1, 90)),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_the_definition(seed, size, share, masked):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, rng.choice([2, 30, 256]), size, np.uint8)
    height, width = (max(1, round(s * f)) for s, f in zip(size, share, strict=True))
    template = rng.integers(0, 256, (height, width), np.uint8)
    mask = rng.random((height, width)) < 0.7 if masked else None
    if mask is not None:
        mask[0, 0] = True

    scores = match_template(image, template, mask=mask, threads=2)

    assert scores.dtype == np.float32
    assert np.abs(scores - reference(image, template, mask)).max() < 1e-6
    assert (match._by_fft(image, template, mask) == scores).all()


def test_opencv_agrees():
    rng = np.random.default_rng(3)
    image = cv2.GaussianBlur(rng.integers(0, 256, (120, 160), np.uint8), (0, 0), 3)
    image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
    for height, width in ((9, 12), (48, 40), (120, 31)):
        template = image[:height, 20 : 20 + width]
        theirs = cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED)
        assert np.abs(match_template(image, template) - theirs).max() < 1e-4


def test_a_large_template_goes_by_fft_and_finds_its_place():
    image = np.random.default_rng(5).integers(0, 256, (220, 300), np.uint8)
    scores = match_template(image, image[30:180, 100:260])
    assert scores.shape == (71, 141)
    assert np.unravel_index(scores.argmax(), scores.shape) == (30, 100)
    assert scores.max() == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="template: expected one no larger than the image"):
        match_template(image, np.zeros((221, 20), np.uint8))


def test_brightness_and_contrast_do_not_matter():
    image = np.random.default_rng(6).integers(0, 120, (30, 50), np.uint8)
    template = image[5:15, 10:25]
    assert (match_template(image, 2 * template + 11) == match_template(image, template)).all()
    inverse = match_template(image, 255 - template)
    assert inverse[5, 10] == pytest.approx(-1, abs=1e-6)


def test_flat_is_zero_never_nan():
    noise = np.random.default_rng(7).integers(0, 256, (20, 20), np.uint8)
    flat = np.full((20, 20), 255, np.uint8)
    assert not match_template(flat, noise[:5, :5]).any()
    assert not match_template(noise, flat[:5, :5]).any()


def test_strided_pictures():
    wide = np.random.default_rng(8).integers(0, 256, (40, 90), np.uint8)
    image, template = wide[::-2, 3:70], wide[4:14, 5:20]
    packed = match_template(image.copy(), template.copy())
    assert (match_template(image, template) == packed).all()


@pytest.mark.parametrize(
    ("image", "template", "mask", "error", "text"),
    [
        ((9, 9), (0, 3), None, ValueError, "template: expected sides of 1 to 128"),
        ((9, 9), (10, 3), None, ValueError, "template: expected one no larger than the image"),
        ((9, 9), (3, 3), np.zeros((3, 3), bool), ValueError, "mask: expected at least one"),
        ((9, 9), (3, 3), np.ones((2, 3), bool), ValueError, "mask: expected bool of shape"),
        ((9, 9), (3, 3), np.ones((3, 3)), ValueError, "mask: expected bool of shape"),
        ((9, 9, 3), (3, 3), None, TypeError, "image: expected a grey picture"),
    ],
)
def test_what_is_refused(image, template, mask, error, text):
    with pytest.raises(error, match=text):
        match_template(np.zeros(image, np.uint8), np.zeros(template, np.uint8), mask=mask)
    with pytest.raises(TypeError, match="template: expected a grey picture"):
        match_template(np.zeros((9, 9), np.uint8), np.zeros((3, 3), np.float32))
