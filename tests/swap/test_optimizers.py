from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cvfast.swap.optimizers import AdaBelief, Adam, RmsProp, make_optimizer
from cvfast.training.checkpoints import read_tree, write_tree

from tests.swap.small_nets import faces, small_nets, small_options


def _reference(kind: type, slopes: list[np.ndarray[Any, Any]], rate: float) -> float:
    """One number's way under each rule, in plain float64."""
    weight, mean, spread = 0.5, 0.0, 0.0
    for step, slope in enumerate(map(float, slopes), 1):
        if kind is RmsProp:
            spread = 0.9 * spread + 0.1 * slope**2
            weight -= rate * slope / (math.sqrt(spread) + 1e-7)
            continue
        mean = 0.9 * mean + 0.1 * slope
        surprise = slope - mean if kind is AdaBelief else slope
        spread = 0.999 * spread + 0.001 * surprise**2
        hat_mean, hat_spread = mean / (1 - 0.9**step), spread / (1 - 0.999**step)
        weight -= rate * hat_mean / (math.sqrt(hat_spread) + 1e-8)
    return weight


@pytest.mark.parametrize("kind", [AdaBelief, Adam, RmsProp])
def test_rules_are_those_of_the_papers(kind: type) -> None:
    weight = torch.nn.Parameter(torch.full((3,), 0.5))
    optimizer = kind([weight], 1e-2)
    slopes = [np.float32(value) for value in (0.3, -0.2, 0.9, 0.1, 0.11)]
    for slope in slopes:
        weight.grad = torch.full((3,), float(slope))
        optimizer.step()

    expected = _reference(kind, slopes, 1e-2)
    np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-5)


def test_adam_is_torchs() -> None:
    nets, other = (small_nets(small_options()) for _ in range(2))
    ours = Adam(nets.parameters(), 1e-3)
    theirs = torch.optim.Adam(other.parameters(), 1e-3)
    for seed in range(3):
        for net, optimizer in ((nets, ours), (other, theirs)):
            optimizer.zero_grad()
            (net.swap(faces(1, 64, seed))[0] - 0.3).square().sum().backward()
            optimizer.step()
    for a, b in zip(nets.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", [AdaBelief, RmsProp])
def test_learning_rate_dropout_moves_a_share(kind: type) -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(200, 1000))  # several pieces
    optimizer = kind([weight], 1e-2, kept=0.3)
    moved = torch.zeros(200, 1000)
    for step in range(1, 5):
        before = weight.detach().clone()
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        now = weight.detach() != before
        assert float(now.float().mean()) == pytest.approx(0.3, abs=0.01)
        moved += now
        # Independent from step to step: so many have been moved at least once.
        assert float((moved > 0).float().mean()) == pytest.approx(1 - 0.7**step, abs=0.02)


def test_cosine_period_and_clipping() -> None:
    weight = torch.nn.Parameter(torch.zeros(4))
    optimizer = RmsProp([weight], 1e-2, period=500)
    ways = []
    for _ in range(500):
        before = weight.detach().clone()
        weight.grad = torch.ones(4)
        optimizer.step()
        ways.append(float((before - weight.detach()).mean()))
    assert ways[249] == pytest.approx(0, abs=1e-9)
    assert ways[499] == pytest.approx(1e-2, rel=1e-3)
    assert ways[124] == pytest.approx(5e-3, rel=1e-3)

    clipped = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    plain = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    for weights, clip, slope in ((clipped, 1.0, 30.0), (plain, 0.0, 0.5)):
        stepper = AdaBelief(weights, 1e-2, clip=clip)
        for one in weights:
            one.grad = torch.full((2,), slope)  # their norm is 60, or 1
        stepper.step()
    torch.testing.assert_close(clipped[0], plain[0])


def test_resumed_from_a_checkpoint_it_goes_on_the_same(tmp_path: Path) -> None:
    """State goes through a file; weights with channels last keep their order in memory."""
    options = small_options(lr_dropout="y", clipgrad=True)
    straight = small_nets(options)
    optimizer = make_optimizer(straight.parameters(), options)

    def step(nets: Any, stepper: Any, number: int) -> None:
        torch.manual_seed(number)
        stepper.zero_grad()
        (nets.swap(faces(1, 64, number))[0] - 0.4).square().sum().backward()
        stepper.step()

    step(straight, optimizer, 0)
    tree = {"nets": straight.state_dict(), "optimizer": optimizer.state_dict()}
    write_tree(tmp_path / "a.safetensors", tree)
    resumed = copy.deepcopy(straight)
    again = make_optimizer(resumed.parameters(), options)
    state = read_tree(tmp_path / "a.safetensors")
    resumed.load_state_dict(state["nets"])
    again.load_state_dict(state["optimizer"])
    for number in (1, 2):
        step(straight, optimizer, number)
        step(resumed, again, number)

    for a, b in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    assert again.param_groups[0]["steps"] == 3


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_bad_rates(rate: float) -> None:
    with pytest.raises(ValueError, match="rate: expected more than 0"):
        AdaBelief([torch.nn.Parameter(torch.zeros(1))], rate)


def test_options_choose_the_optimizer() -> None:
    weight = [torch.nn.Parameter(torch.zeros(1))]
    for name, kind in (("adabelief", AdaBelief), ("rmsprop", RmsProp), ("adam", Adam)):
        made = make_optimizer(weight, small_options(optimizer=name, lr_dropout="y", clipgrad=True))
        assert type(made) is kind
        group = made.param_groups[0]
        assert (group["kept"], group["period"], group["clip"]) == (0.3, 500, 1.0)
