from __future__ import annotations

import pytest
import torch
from cvfast.swap.discriminators import (
    CodeDiscriminator,
    PatchDiscriminator,
    judged,
    receptive_fields,
)
from cvfast.swap.losses import reconstruction_losses
from cvfast.swap.model_options import PRESETS, ModelOptions
from cvfast.swap.network_blocks import Residual, Up, activation, pixel_norm
from cvfast.swap.network_liae import LiaeNetworks
from cvfast.swap.network_parts import Decoder
from cvfast.swap.networks import build_networks
from cvfast.swap.optimizers import make_optimizer

from tests.swap.small_nets import FAMILIES, faces, small_nets, small_options

# Millions of parameters of the published nets, and of our small ones.
TABLE = {
    "tiny": 9.2, "tiny-96": 11.3, "quick96": 38.3, "saehd": 82.4, "saehd-df": 54.5, "amp": 101.3,
}  # fmt: skip
MORE = {
    57.5: ModelOptions(architecture="df"),
    179.6: ModelOptions(architecture="liae-udt", resolution=224, ae_dims=512, d_mask_dims=32),
}


@pytest.mark.parametrize(
    ("options", "millions"),
    [*((PRESETS[name], count) for name, count in TABLE.items()),
     *((options, count) for count, options in MORE.items())],
)  # fmt: skip
def test_parameters_are_as_published(options: ModelOptions, millions: float) -> None:
    side = options.resolution
    with torch.device("meta"):
        nets = build_networks(options)
        face, face_mask, target_mask = nets.swap(torch.zeros(1, 3, side, side))

    count = sum(weight.numel() for weight in nets.parameters())
    assert count / 1e6 == pytest.approx(millions, rel=0.01)
    assert face.shape == (1, 3, side, side)
    assert face_mask.shape == target_mask.shape == (1, 1, side, side)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_a_step_trains_every_weight(architecture: str) -> None:
    """All weights move, the two inner networks of amp included; and the loss falls."""
    options = small_options(architecture, learning_rate=2e-4)
    nets = small_nets(options)
    optimizer = make_optimizer(nets.trained_parameters(), options)
    source, target, mask = faces(2, 64, 1), faces(2, 64, 2), torch.ones(2, 1, 64, 64)
    before = {name: weight.detach().clone() for name, weight in nets.named_parameters()}
    losses = []
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for _ in range(3):
            made = nets.pairs(source, target)
            terms = [
                reconstruction_losses(made[name], made[f"{name}_mask"], truth, mask, options)
                for name, truth in (("source_source", source), ("target_target", target))
            ]
            loss = torch.stack([term.mean() for part in terms for term in part.values()]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    assert losses[-1] < losses[0]
    still = [name for name, weight in nets.named_parameters() if torch.equal(weight, before[name])]
    assert still == []


@pytest.mark.parametrize("architecture", FAMILIES)
def test_pairs_and_swap_agree(architecture: str) -> None:
    """The swapped face of the training is the one of the swap; it teaches the decoder alone."""
    nets = small_nets(small_options(architecture))
    source, target = faces(2, 64, 1), faces(2, 64, 2)
    made = nets.pairs(source, target, swapped=True)
    with torch.no_grad():
        face, face_mask, target_mask = nets.swap(target)

    torch.testing.assert_close(made["source_target"], face)
    torch.testing.assert_close(made["source_target_mask"], face_mask)
    torch.testing.assert_close(made["target_target_mask"], target_mask)
    made["source_target"].sum().backward()
    taught = ((name, w.grad) for name, w in nets.named_parameters() if w.grad is not None)
    moved = {name.split(".")[0] for name, slope in taught if slope.any()}
    assert moved <= {"decoder", "decoder_source"}
    assert all(part.min() >= 0 and part.max() <= 1 for part in (face, face_mask, target_mask))


def test_amp_morphs_from_the_target_to_the_source() -> None:
    nets = small_nets(small_options("amp"))
    target = faces(1, 64)
    with torch.no_grad():
        own = nets.pairs(target, target)["target_target"]
        steps = [nets.swap(target, morph)[0] for morph in (0.0, 0.25, 0.5, 1.0)]
        by_tensor = nets.swap(target, torch.tensor([0.5]))[0]

    torch.testing.assert_close(steps[0], own)
    torch.testing.assert_close(steps[2], by_tensor)
    apart = [float((step - own).abs().mean()) for step in steps]
    assert apart == sorted(apart)
    assert apart[1] > 0


def test_amp_mixes_a_fixed_share_of_channels() -> None:
    options = small_options("amp", morph_factor=0.25)
    nets = small_nets(options)
    source = faces(3, 64)
    with torch.no_grad():
        made = nets.pairs(source, source)
    taken = (made["source_code"] != made["target_code"]).any(dim=(2, 3)).sum(dim=1)

    assert taken.tolist() == [8, 8, 8]


def test_liae_holds_ab_fast_once_faces_are_not_warped() -> None:
    warped, plain = small_options("liae"), small_options("liae", random_warp=False)
    nets = small_nets(plain)
    assert isinstance(nets, LiaeNetworks)

    held = sum(weight.numel() for weight in nets.inter_ab.parameters())
    free = sum(weight.numel() for weight in nets.trained_parameters())
    every = sum(weight.numel() for weight in small_nets(warped).trained_parameters())
    assert every - free == held


@pytest.mark.parametrize("architecture", ["df-ud", "liae", "amp"])
def test_beginning_anew_changes_the_inner_networks_alone(architecture: str) -> None:
    nets = small_nets(small_options(architecture))
    before = {name: weight.clone() for name, weight in nets.state_dict().items()}
    nets.begin_anew()

    changed = {
        n.split(".")[0] for n, w in nets.state_dict().items() if not torch.equal(w, before[n])
    }
    assert changed
    assert all(name.startswith("inter") for name in changed)


def test_fixed_networks_answer_the_same_and_can_be_trained_again() -> None:
    nets = small_nets(small_options())
    target = faces(1, 64)
    with torch.no_grad():
        before = nets.swap(target)[0]
        nets.fix()
        torch.testing.assert_close(nets.swap(target)[0], before)
        nets.fix(False)
    decoder = nets.decoder_source
    assert isinstance(decoder, Decoder)
    assert decoder.fixed_heads is None


def test_depth_to_space_puts_each_head_in_its_place() -> None:
    """With d, head k makes the pixels of place (k // 2, k % 2): compared by hand."""
    decoder = small_nets(small_options("df-ud")).decoder_target
    assert isinstance(decoder, Decoder)
    code = torch.rand(1, 32, 4, 4)
    with torch.no_grad():
        face, _ = decoder(code)
        maps = decoder.face(code)
        for place, head in enumerate(decoder.heads):
            expected = torch.sigmoid(head(maps))
            torch.testing.assert_close(face[:, :, place // 2 :: 2, place % 2 :: 2], expected)


def test_blocks_begin_as_they_should() -> None:
    """Upscaling begins without a checkerboard; a residual block begins near the straight way."""
    act = activation(frozenset())
    torch.manual_seed(0)
    x = torch.randn(1, 8, 6, 6)
    with torch.no_grad():
        up = Up(8, 4, act)(x)
        torch.testing.assert_close(up[..., ::2, ::2], up[..., 1::2, 1::2])
        inner = Residual(8, act)
        torch.testing.assert_close(inner(x), act(x, 0.2), atol=0.6, rtol=0)
        code = pixel_norm(torch.randn(3, 100) * 7)
    torch.testing.assert_close(code.square().mean(dim=1), torch.ones(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(activation(frozenset("c"))(x, 0.1), x * torch.cos(x))


@pytest.mark.parametrize("size", [3, 8, 16, 28, 70])
def test_a_patch_judgement_rests_on_so_many_pixels(size: int) -> None:
    """Measured: the slope of one judgement reaches over the receptive field, and no farther."""
    field = min(receptive_fields(), key=lambda known: (abs(known - size), known))
    assert abs(field - size) <= 0.35 * size
    side = 256
    net = PatchDiscriminator(size, 4).double()
    given = torch.rand(1, 3, side, side, dtype=torch.double, requires_grad=True)
    patches, pixels = net(given)
    assert pixels.shape == (1, 1, side, side)
    middle = patches.shape[-1] // 2
    patches[0, 0, middle, middle].backward()
    assert given.grad is not None
    reached = given.grad[0].abs().sum(dim=0).sum(dim=0).nonzero()
    assert int(reached.max() - reached.min()) + 1 == field


def test_discriminators_learn_to_tell() -> None:
    torch.manual_seed(0)
    light, dark = torch.rand(4, 3, 64, 64) / 2 + 0.5, torch.rand(4, 3, 64, 64) / 2
    for net, true, made in (
        (PatchDiscriminator(8, 8), light, dark),
        (CodeDiscriminator(16, 8, 16), torch.rand(4, 16, 8, 8), -torch.rand(4, 16, 8, 8)),
    ):
        optimizer = torch.optim.Adam(net.parameters(), 1e-2)
        losses = []
        for _ in range(15):
            loss = (judged(net(true), True) + judged(net(made), False)) / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0] / 2


def test_judgement_is_binary_cross_entropy() -> None:
    logits = torch.randn(3, 1, 5, 5) * 4
    reference = torch.nn.functional.binary_cross_entropy_with_logits
    for truth in (True, False):
        wanted = torch.full_like(logits, float(truth))
        torch.testing.assert_close(judged(logits, truth), reference(logits, wanted))
