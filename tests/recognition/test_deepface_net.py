from __future__ import annotations

import numpy as np
import pytest
import torch
from cvfast.models.deepface_layers import feature_count, layer_shapes, smallest_size
from cvfast.recognition.deepface_net import DeepFaceNet, LocallyConnected2d, folded_state

# Taigman et al., CVPR 2014, figure 2: channels, height, width of what each layer gives.
PAPER = {
    "C1": (32, 142, 142),
    "M2": (32, 71, 71),
    "C3": (16, 63, 63),
    "L4": (16, 55, 55),
    "L5": (16, 25, 25),
    "L6": (16, 21, 21),
}


@pytest.mark.parametrize(("side", "stride"), [(3, 1), (5, 2), (4, 3)])
def test_locally_connected_layer_is_the_naive_sum(side: int, stride: int) -> None:
    layer = LocallyConnected2d(3, 4, in_side=11, side=side, stride=stride).double()
    with torch.no_grad():
        layer.bias.normal_()
    maps = torch.randn(2, 3, 11, 11, dtype=torch.double)
    found = layer(maps).detach().numpy()
    weight, bias, x = layer.weight.detach().numpy(), layer.bias.detach().numpy(), maps.numpy()
    steps = (11 - side) // stride + 1
    assert found.shape == (2, 4, steps, steps)
    for i in range(steps):
        for j in range(steps):
            window = x[:, :, i * stride : i * stride + side, j * stride : j * stride + side]
            filters = weight[i * steps + j].reshape(4, side, side, 3)
            expected = np.einsum("ncyx,oyxc->no", window, filters) + bias[i * steps + j, :, 0]
            np.testing.assert_allclose(found[:, :, i, j], expected, atol=1e-12)


def test_same_filters_everywhere_are_a_convolution() -> None:
    layer = LocallyConnected2d(3, 5, in_side=9, side=4)
    kernel = torch.randn(5, 3, 4, 4)
    with torch.no_grad():
        layer.weight.copy_(kernel.permute(0, 2, 3, 1).flatten(1).expand_as(layer.weight))
    maps = torch.randn(2, 3, 9, 9)
    torch.testing.assert_close(layer(maps), torch.nn.functional.conv2d(maps, kernel))


@pytest.mark.parametrize(("side", "stride"), [(3, 1), (3, 2)])
def test_locally_connected_gradients(side: int, stride: int) -> None:
    layer = LocallyConnected2d(2, 3, in_side=6, side=side, stride=stride).double()
    maps = torch.randn(2, 2, 6, 6, dtype=torch.double, requires_grad=True)

    def run(maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (maps,))

    weights = [p.detach().clone().requires_grad_() for p in (layer.weight, layer.bias)]
    assert torch.autograd.gradcheck(run, (maps, *weights))


def test_full_size_has_the_papers_shapes_and_parameters() -> None:
    assert layer_shapes(152, 1.0) == PAPER
    with torch.device("meta"):  # shapes without numbers: 475 MB less
        net = DeepFaceNet()
        maps = net.maps(torch.zeros(2, 3, 152, 152))
        assert {name: tuple(values.shape[1:]) for name, values in maps.items()} == PAPER
        assert net(torch.zeros(2, 3, 152, 152)).shape == (2, 4030)
        assert net.features(torch.zeros(2, 3, 152, 152)).shape == (2, 4096)
    counts = {
        name: sum(w.numel() for w in part.parameters()) for name, part in net.named_children()
    }
    assert counts == {
        "C1": 11_648,
        "norms": 0,  # only where it is asked for
        "M2": 0,
        "C3": 41_488,
        "L4": 62_774_800,  # 55 * 55 places, each 16 filters of 9 * 9 * 16 weights and a bias
        "L5": 7_850_000,
        "L6": 2_829_456,
        "F7": 28_905_472,
        "dropout": 0,
        "F8": 16_510_910,
    }
    assert sum(counts.values()) == 118_923_774


def test_width_and_size_scale_the_net() -> None:
    net = DeepFaceNet(10, size=80, width=0.5)
    maps = net.maps(torch.zeros(1, 3, 80, 80))
    assert {name: tuple(values.shape[1:]) for name, values in maps.items()} == {
        "C1": (16, 70, 70),
        "M2": (16, 35, 35),
        "C3": (8, 27, 27),
        "L4": (8, 19, 19),
        "L5": (8, 7, 7),
        "L6": (8, 3, 3),
    }
    assert net.features(torch.zeros(1, 3, 80, 80)).shape == (1, feature_count(0.5)) == (1, 2048)


def test_smallest_size_leaves_one_value_in_l6() -> None:
    least = smallest_size()
    assert layer_shapes(least)["L6"] == (16, 1, 1)
    with pytest.raises(ValueError, match=rf"size: expected {least} to .* got {least - 1}"):
        DeepFaceNet(3, size=least - 1, width=0.125)


@pytest.mark.parametrize("width", [0, -1, 5, float("nan")])
def test_width_out_of_range(width: float) -> None:
    with pytest.raises(ValueError, match="width: expected a number in"):
        layer_shapes(152, width)


def test_features_are_never_negative_and_dropout_is_off_in_evaluation() -> None:
    torch.manual_seed(0)
    net = DeepFaceNet(4, size=72, width=0.125).eval()
    faces = torch.rand(3, 3, 72, 72)
    with torch.no_grad():
        assert net.features(faces).min() >= 0
        torch.testing.assert_close(net(faces), net(faces), rtol=0, atol=0)
        net.train()
        assert not torch.equal(net(faces), net(faces))


def _normalised() -> DeepFaceNet:
    torch.manual_seed(0)
    net = DeepFaceNet(4, size=74, width=0.125, normalised=True)
    with torch.no_grad():
        for norm in net.norms.values():
            norm.weight.uniform_(-1, 2)
            norm.bias.normal_(0, 0.3)
        for _ in range(3):
            net(torch.rand(8, 3, 74, 74))
    return net.eval()


def test_folded_weights_answer_as_the_normalised_net() -> None:
    net, plain = _normalised(), DeepFaceNet(4, size=74, width=0.125).eval()
    plain.load_state_dict(folded_state(net))
    assert not plain.norms
    faces = torch.rand(5, 3, 74, 74)
    with torch.no_grad():
        torch.testing.assert_close(plain(faces), net(faces), atol=1e-4, rtol=1e-4)


def test_normalisations_of_a_pretrained_net_begin_as_if_not_there() -> None:
    known, faces = folded_state(_normalised()), torch.rand(16, 3, 74, 74)
    plain = DeepFaceNet(4, size=74, width=0.125).eval()
    plain.load_state_dict(known)
    net = DeepFaceNet(4, size=74, width=0.125, normalised=True)
    net.load_state_dict({**net.state_dict(), **known})
    net.begin_norms(faces)
    with torch.no_grad():
        expected = plain.features(faces)
        torch.testing.assert_close(net.eval().features(faces), expected, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(net.train().features(faces), expected, atol=1e-3, rtol=1e-3)
