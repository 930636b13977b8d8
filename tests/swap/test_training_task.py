"""Each option of the learning: one step, finite, and it changes what it should and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cvfast.swap.face_store import FaceStore
from cvfast.swap.training_data import Batch, Examples
from cvfast.swap.training_task import SwapTask
from lightning_fabric import Fabric

from tests.swap.small_nets import small_options

Step = tuple[dict[str, float], dict[str, torch.Tensor], dict[str, torch.Tensor]]
Stores = tuple[FaceStore, FaceStore]


@pytest.fixture(scope="module")
def stores(two_people: tuple[Path, Path]) -> Stores:
    source, target = (FaceStore(f, face_type="full", size=128) for f in two_people)
    return source, target


@pytest.fixture(scope="module")
def batch(stores: Stores) -> Batch:
    return Examples(*stores, small_options(batch=1)).batch(1)


@pytest.fixture(scope="module")
def plain(stores: Stores, batch: Batch) -> Step:
    return step(stores, batch)


def step(stores: Stores, batch: Batch, architecture: str = "df-ud", **options: Any) -> Step:
    """One step from the same weights and examples: losses, weights before and after."""
    examples = Examples(*stores, small_options(architecture, batch=1, **options))
    task = SwapTask(examples, ahead=0, bfloat16=False)
    before = _weights(task)
    fabric = Fabric(accelerator="cpu", devices=1)
    for kind, wrap in ((task.modules, fabric.setup_module),
                       (task.optimizers, fabric.setup_optimizers)):  # fmt: skip
        for name, part in kind.items():
            kind[name] = wrap(part)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        losses = {n: float(loss.detach()) for n, loss in task.step(batch, fabric).items()}
    after = _weights(task)
    assert np.isfinite(list(losses.values())).all()
    assert all(bool(weight.isfinite().all()) for weight in after.values())
    return losses, before, after


def _weights(task: SwapTask) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key.removeprefix('module.')}": weight.detach().clone()
        for name, module in task.modules.items()
        for key, weight in module.state_dict().items()
    }


def moved(made: Step, part: str) -> float:
    """Share of a part's weights that the step moved."""
    pairs = [(made[1][n], made[2][n]) for n in made[1] if n.startswith(part)]
    assert pairs
    return sum(int((a != b).sum()) for a, b in pairs) / sum(a.numel() for a, _ in pairs)


def alike(a: Step, b: Step, part: str) -> bool:
    """Whether two steps did the same to a part."""
    return all(torch.equal(a[2][n], b[2][n]) for n in a[2] if n.startswith(part))


def test_learning_rate_dropout_moves_three_in_ten(
    stores: Stores, batch: Batch, plain: Step
) -> None:
    dropped = step(stores, batch, lr_dropout="y")
    assert dropped[0] == plain[0]
    assert moved(plain, "networks.encoder") > 0.95
    assert moved(dropped, "networks.encoder") == pytest.approx(0.3, abs=0.03)


def test_eyes_and_mouth_weigh_more(stores: Stores, batch: Batch, plain: Step) -> None:
    """300 times the mean error there, of both people, on top."""
    losses = step(stores, batch, eyes_mouth_priority=True)[0]
    for name in ("source", "target"):
        assert losses[name] > plain[0][name] + 0.1


def test_masked_training_does_not_look_outside(stores: Stores, batch: Batch) -> None:
    """Another background is another loss only where it is learned."""
    sides = []
    for side in (batch.source, batch.target):
        soft = torch.nn.functional.max_pool2d(
            torch.from_numpy(side.mask[..., 0])[:, None], 17, 1, 8
        )  # the mask's soft edge counts
        away = (soft[:, 0, :, :, None] == 0).numpy()
        assert away.mean() > 0.05
        sides.append(replace(side, face=np.where(away, 1 - side.face, side.face)))
    other = Batch(*sides)
    for masked in (True, False):
        a, b = (step(stores, one, masked_training=masked)[0] for one in (batch, other))
        assert (a == pytest.approx(b, rel=1e-5)) == masked


def test_blurred_surroundings(stores: Stores, batch: Batch) -> None:
    options: dict[str, Any] = {"masked_training": False}
    sharp, blurred = (step(stores, batch, blur_out_mask=b, **options)[0] for b in (False, True))
    assert sharp["source"] != blurred["source"]


@pytest.mark.parametrize("architecture", ["df-ud", "liae-ud"])
@pytest.mark.parametrize("kind", ["face_style", "background_style"])
def test_style_power_teaches_the_sources_decoder(
    architecture: str, kind: str, stores: Stores, batch: Batch, plain: Step
) -> None:
    losses, _, _ = made = step(stores, batch, architecture, **{f"{kind}_power": 10.0})
    assert set(losses) == {"source", "target", kind}
    assert losses[kind] > 0
    if architecture == "df-ud":
        assert not alike(made, plain, "networks.decoder_source.face")
        for part in ("networks.encoder", "networks.inter", "networks.decoder_target"):
            assert alike(made, plain, part)


def test_the_judge_of_sharpness_learns_and_teaches(
    stores: Stores, batch: Batch, plain: Step
) -> None:
    losses, _, _ = made = step(stores, batch, gan_power=1.0, gan_dims=4)
    assert set(losses) == {"source", "target", "gan", "judge_patches"}
    assert losses["judge_patches"] == pytest.approx(2 * np.log(2), rel=0.5)  # it knows nothing yet
    assert moved(made, "patches") > 0.9
    assert not alike(made, plain, "networks.decoder_source.face")
    assert alike(made, plain, "networks.decoder_target")  # the target's face is not judged


def test_the_judge_of_codes_learns_and_teaches(stores: Stores, batch: Batch, plain: Step) -> None:
    losses, _, _ = made = step(stores, batch, true_face_power=1.0)
    assert set(losses) == {"source", "target", "true_face", "judge_code"}
    assert moved(made, "code") > 0.9
    assert not alike(made, plain, "networks.encoder")
    assert alike(made, plain, "networks.decoder_source")  # codes come before it


def test_amp_learns_the_targets_surroundings_a_little(stores: Stores, batch: Batch) -> None:
    made = step(stores, batch, "amp")
    assert set(made[0]) == {"source", "target"}
    assert moved(made, "networks.inter_source") > 0.4
    assert moved(made, "networks.inter_target") > 0.9
