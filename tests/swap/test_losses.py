from __future__ import annotations

import numpy as np
import pytest
import torch
from cvfast.swap.gaussian import blur_outside, gaussian_blur, soft_mask
from cvfast.swap.losses import (
    dssim,
    reconstruction_losses,
    structure_windows,
    total_variation,
)
from cvfast.swap.style_losses import background_style_loss, face_style_loss
from numpy.typing import NDArray
from scipy import ndimage, signal

from tests.swap.small_nets import small_options

F64 = NDArray[np.float64]


def _pair(side: int = 48, count: int = 2) -> tuple[F64, F64]:
    rng = np.random.default_rng(0)
    truth = ndimage.gaussian_filter(rng.random((count, 3, side, side)), (0, 0, 2, 2)) * 3 % 1
    return (truth + rng.normal(0, 0.1, truth.shape)).clip(0, 1), truth


def _t(array: F64) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.float32))


def _ssim(a: F64, b: F64, side: int) -> float:
    """Wang et al., 2004, written down anew: one channel, a Gaussian window, valid places."""
    place = np.arange(side) - (side - 1) / 2
    window = np.exp(-(place[:, None] ** 2 + place**2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(x: F64) -> F64:
        return np.asarray(signal.correlate2d(x, window, "valid"))

    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma**2, mean(b * b) - mb**2, mean(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * ma * mb + c1) * (2 * cov + c2)
    return float((top / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean())


@pytest.mark.parametrize("side", [5, 8, 11])
def test_dssim_is_the_papers(side: int) -> None:
    made, truth = _pair()
    found = dssim(_t(made), _t(truth), side).numpy()

    expected = [
        np.mean([(1 - _ssim(a, b, side)) / 2 for a, b in zip(one, other, strict=True)])
        for one, other in zip(made, truth, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_dssim_slopes_are_those_of_differences() -> None:
    made, truth = (_t(part)[:1, :1, :12, :12] for part in _pair())
    made.requires_grad_()
    dssim(made, truth, 5).sum().backward()
    assert made.grad is not None
    for y, x in ((0, 0), (5, 7), (11, 3)):
        step = torch.zeros_like(made)
        step[0, 0, y, x] = 1e-2
        with torch.no_grad():
            slope = (dssim(made + step, truth, 5) - dssim(made - step, truth, 5)) / 2e-2
        assert float(made.grad[0, 0, y, x]) == pytest.approx(float(slope), abs=2e-4)


def test_windows_are_as_tabled() -> None:
    assert [structure_windows(r) for r in (64, 96, 128, 224, 256)] == [
        (5,), (8,), (11,), (19,), (22, 11),
    ]  # fmt: skip


@pytest.mark.parametrize("sigma", [0.75, 2.0, 8.0])
def test_blur_is_scipys(sigma: float) -> None:
    _, truth = _pair()
    reach = int(np.ceil(2 * sigma))
    expected = ndimage.gaussian_filter(truth, (0, 0, sigma, sigma), mode="constant", radius=reach)

    np.testing.assert_allclose(gaussian_blur(_t(truth), sigma).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("resolution", [64, 256])
def test_reconstruction_losses_are_as_tabled(resolution: int) -> None:
    made, truth = _pair(resolution, 1)
    rng = np.random.default_rng(1)
    mask = np.zeros((1, 1, resolution, resolution))
    mask[..., 16:48, 12:40] = 1
    made_mask = rng.random(mask.shape)
    eyes = np.zeros_like(mask)
    eyes[..., 20:24, 16:36] = 1
    options = small_options(resolution=resolution, eyes_mouth_priority=True)
    terms = reconstruction_losses(
        _t(made), _t(made_mask), _t(truth), _t(mask), options, eyes_mouth=_t(eyes)
    )

    sigma = resolution // 32
    blurred = ndimage.gaussian_filter(mask, (0, 0, sigma, sigma), mode="constant", radius=2 * sigma)
    soft = blurred.clip(0, 0.5) * 2
    a, b = made * soft, truth * soft
    parts = {
        side: np.mean([(1 - _ssim(x, y, side)) / 2 for x, y in zip(a[0], b[0], strict=True)])
        for side in ({64: (5,), 256: (22, 11)}[resolution])
    }
    structure = 10 * parts[5] if resolution == 64 else 5 * parts[22] + 5 * parts[11]
    assert float(terms["structure"]) == pytest.approx(structure, abs=1e-4)
    assert float(terms["color"]) == pytest.approx(10 * ((a - b) ** 2).mean(), abs=1e-5)
    assert float(terms["mask"]) == pytest.approx(10 * ((made_mask - mask) ** 2).mean(), abs=1e-5)
    assert float(terms["eyes_mouth"]) == pytest.approx(
        300 * (np.abs(made - truth) * eyes).mean(), abs=1e-4
    )


def test_what_is_outside_of_the_mask_does_not_count() -> None:
    made, truth = (_t(part) for part in _pair(64, 1))
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 24:40, 24:40] = 1
    other = made.clone()
    other[..., :16, :] = torch.rand(1, 3, 16, 64)
    for masked, same in ((True, True), (False, False)):
        options = small_options(masked_training=masked)
        a, b = (reconstruction_losses(face, mask, truth, mask, options) for face in (made, other))
        assert torch.equal(a["color"], b["color"]) is same


def test_eyes_and_mouth_need_their_mask() -> None:
    face, mask = torch.rand(1, 3, 64, 64), torch.ones(1, 1, 64, 64)
    with pytest.raises(ValueError, match="eyes_mouth: expected a mask"):
        reconstruction_losses(face, mask, face, mask, small_options(eyes_mouth_priority=True))


def test_losses_of_bfloat16_are_counted_in_float32() -> None:
    made, truth = (_t(part) for part in _pair(64))
    mask = torch.ones(2, 1, 64, 64)
    with torch.autocast("cpu", torch.bfloat16):
        found = reconstruction_losses(made, mask, truth, mask, small_options())
    expected = reconstruction_losses(made, mask, truth, mask, small_options())
    for name, term in found.items():
        assert term.dtype == torch.float32
        torch.testing.assert_close(term, expected[name])


def test_a_blur_first_seen_in_inference_can_be_trained_through() -> None:
    side = 37  # no other test has it
    with torch.inference_mode():
        gaussian_blur(torch.rand(1, 1, side, side), 1.5)
    face = torch.rand(1, 1, side, side, requires_grad=True)
    gaussian_blur(face, 1.5).sum().backward()
    assert face.grad is not None


def test_soft_mask_is_full_where_the_mask_is() -> None:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:44, 20:44] = 1
    soft = soft_mask(mask, 64)

    assert float(soft[0, 0, 22:42, 22:42].min()) > 0.99
    assert float(soft[0, 0, 19, 32]) < 1
    assert float(soft[0, 0, :14].max()) == 0


def test_blur_outside_keeps_the_face_and_no_colour_of_it_leaks() -> None:
    image = torch.zeros(1, 3, 128, 128)
    image[:, :, 40:88, 40:88] = 1
    mask = image[:, :1].clone()
    image = image * 0.9 + torch.rand_like(image) * 0.05
    found = blur_outside(image, mask, 128 * 4)

    torch.testing.assert_close(found[..., 40:88, 40:88], image[..., 40:88, 40:88])
    assert float(found[..., :40].max()) < 0.06
    assert float(found[..., :38].std()) < float(image[..., :38].std()) / 2


def test_style_terms_by_hand() -> None:
    made, target = _pair(64, 1)
    mask = np.zeros((1, 1, 64, 64))
    mask[..., 8:56, 8:56] = 1
    options = small_options(face_style_power=10.0, background_style_power=2.0)
    face = face_style_loss(_t(made), _t(target), _t(mask), options)
    around = background_style_loss(_t(made), _t(target), _t(mask), options)

    a, b = (
        ndimage.gaussian_filter(x * mask, (0, 0, 8, 8), mode="constant", radius=16)
        for x in (made, target)
    )
    apart = (a.mean(axis=(2, 3)) - b.mean(axis=(2, 3))) ** 2
    spread = np.sqrt(a.var(axis=(2, 3)) + 1e-5) - np.sqrt(b.var(axis=(2, 3)) + 1e-5)
    assert float(face) == pytest.approx(10000 * 10 / 100 * (apart + spread**2).mean(), rel=1e-3)
    x, y = made * (1 - mask), target * (1 - mask)
    parts = [(1 - _ssim(p, q, 5)) / 2 for p, q in zip(x[0], y[0], strict=True)]
    expected = 10 * 0.02 * (np.mean(parts) + ((x - y) ** 2).mean())
    assert float(around) == pytest.approx(expected, rel=1e-4)


def test_total_variation_by_hand() -> None:
    image = torch.tensor([[[[0.0, 1.0], [0.5, 0.5]]]])
    assert float(total_variation(image)) == pytest.approx(0.5 + 0.5 + 1 + 0)
