"""CP-VTON's and VITON's networks: published forms, and the habits that old weights expect."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cvfast.tryon.cpvton_net import GMM, TOM, SkipBlock, correlation
from cvfast.tryon.viton_net import EncoderDecoder, Refinement


def test_the_correlation_counts_the_persons_places_column_by_column() -> None:
    person, garment = torch.rand(2, 5, 3, 4), torch.rand(2, 5, 3, 4)

    by_columns = correlation(person, garment, True)
    by_rows = correlation(person, garment, False)

    x, y = 2, 1
    product = (person[:, :, y, x, None, None] * garment).sum(1)
    assert torch.allclose(by_columns[:, x * 3 + y], product, atol=1e-6)
    assert torch.allclose(by_rows[:, y * 4 + x], product, atol=1e-6)


def test_features_have_length_one_at_each_place() -> None:
    net = GMM(size=(48, 64), width=4, downs=2, head=16, compat=False).extractionA.eval()

    features = net(torch.randn(1, 22, 64, 48))

    assert features.shape == (1, 8, 16, 12)
    assert torch.allclose(features.square().sum(1), torch.ones(1, 16, 12), atol=1e-2)


def test_skips_are_rectified_in_the_published_form_alone() -> None:
    maps = torch.randn(1, 4, 8, 8)
    for compat in (True, False):
        skipped = SkipBlock(4, 8, compat=compat)(maps)[:, :4]
        wanted = torch.where(maps > 0, maps, 0.2 * maps) if compat else maps
        assert torch.allclose(skipped, wanted)


def test_toms_output_is_normalised_in_the_published_form_alone() -> None:
    seen, warped = torch.randn(1, 22, 64, 48), torch.randn(1, 3, 64, 48)
    for compat in (True, False):
        net = TOM(width=4, downs=4, compat=compat).eval()
        with torch.no_grad():
            rendered, mask = net(seen, warped)
        before = torch.atanh(rendered.clamp(-1 + 1e-6, 1 - 1e-6))
        spread = before.std(dim=(2, 3), correction=0)
        assert bool((spread - 1).abs().max() < 0.05) == compat
        assert ((mask > 0) & (mask < 1)).all()


def test_a_small_gmm_begins_with_the_garment_as_it_is() -> None:
    net = GMM(size=(48, 64), width=4, downs=2, head=16, compat=False).eval()

    with torch.no_grad():
        _, theta = net(torch.randn(1, 22, 64, 48), torch.randn(1, 3, 64, 48))

    assert theta.abs().max() < 0.1


def test_vitons_published_layers() -> None:
    net = EncoderDecoder()
    layers = {name: tuple(w.shape) for name, w in net.named_parameters() if w.ndim == 4}

    down = [layers[f"encoder.{at}.{min(at, 1)}.weight"] for at in range(6)]
    assert [shape[:2] for shape in down] == [
        (64, 25), (128, 64), (256, 128), (512, 256), (512, 512), (512, 512),
    ]  # fmt: skip
    up = [layers[f"decoder.{at}.1.weight"] for at in range(6)]  # inputs first, skips with them
    assert [shape[:2] for shape in up] == [
        (512, 512), (1024, 512), (1024, 256), (512, 128), (256, 64), (128, 4),
    ]  # fmt: skip
    convolutions = sum(int(np.prod(shape)) for shape in layers.values())
    norms = 2 * (128 + 256 + 512 * 3 + 512 * 2 + 256 + 128 + 64)
    assert sum(w.numel() for w in net.parameters()) == convolutions + norms == 29_269_632
    refined = {name: tuple(w.shape) for name, w in Refinement().named_parameters() if w.ndim == 4}
    assert list(refined.values()) == [
        (64, 6, 3, 3), (64, 64, 3, 3), (64, 64, 3, 3), (1, 64, 1, 1),
    ]  # fmt: skip
    assert sum(w.numel() for w in Refinement().parameters()) == 77_825


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match="size: expected multiples of 64, got 100 x 256"):
        GMM(size=(100, 256))
    with pytest.raises(ValueError, match="variant: expected one of cp-vton, cp-vton"):
        TOM(variant="cp-vton++")
    with pytest.raises(TypeError, match="warped_mask: expected a mask"):
        TOM(variant="cp-vton+", width=4)(torch.zeros(1, 22, 64, 64), torch.zeros(1, 3, 64, 64))
    with pytest.raises(ValueError, match="downs: expected at least 2"):
        EncoderDecoder(downs=1)
