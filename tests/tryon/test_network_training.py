"""Small trainings of the try-on networks on made people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cvfast.errors import ModelError, OutputExistsError
from cvfast.synth.tryon_pool import TryOnPool
from cvfast.tryon.checkpoints import load_network
from cvfast.tryon.cpvton_net import GMM, TOM
from cvfast.tryon.dressed_people import DressedPeople
from cvfast.tryon.dressings import Dressings
from cvfast.tryon.network_judging import box_grid, judge_warps, mean_iou, warp_with
from cvfast.tryon.network_task import TOMTask, grid_interval, total_variation
from cvfast.tryon.network_training import Plan, network_settings, train_network
from cvfast.tryon.perceptual import Perceptual, vgg19_shapes

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def pool() -> TryOnPool:
    return TryOnPool(6, seed=3, paints=2)


@pytest.fixture(scope="module")
def people(pool: TryOnPool) -> DressedPeople:
    drawn = pool.draw(np.random.default_rng(0), 6)
    return DressedPeople(drawn.images, drawn.labels, drawn.points, drawn.garments, drawn.masks)


def test_gmm_learns_to_warp(
    pool: TryOnPool,
    people: DressedPeople,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cvfast.tryon.network_task._KEPT", 24)
    # Few steps do: these people stand where they are.
    monkeypatch.setattr("cvfast.tryon.network_task.moved", lambda batch, _: batch)
    path = tmp_path / "gmm.safetensors"
    plan = Plan(iterations=50, batch=8, width=8, variant="cp-vton+", rate=3e-3)

    _, figures = train_network("gmm", pool, path, plan=plan, held_out=people)

    assert figures["gmm"]["l1"] < 0.85 * figures["identity"]["l1"]
    assert figures["gmm"]["iou"] > figures["identity"]["iou"] + 0.08
    loaded, found = load_network(path, "gmm")
    assert found.variant == "cp-vton+"
    assert found.notes["judged"] == figures
    batch = Dressings(people, "cp-vton+").all()
    assert judge_warps(loaded, batch)["gmm"] == pytest.approx(figures["gmm"], abs=1e-5)


def test_the_others_train_and_are_written(
    pool: TryOnPool, people: DressedPeople, tmp_path: Path
) -> None:
    plan = Plan(iterations=2, batch=2, width=4)
    before: dict[str, Any] = {}
    for kind, needs in (("gmm", ""), ("tom", "gmm"), ("viton", ""), ("viton-refine", "viton")):
        path = tmp_path / f"{kind}.safetensors"
        before[kind], figures = train_network(
            kind, pool, path, plan=plan, before=before.get(needs), held_out=people
        )
        assert kind in figures
        assert len(figures) > 1
        assert load_network(path)[1].kind == kind
    with pytest.raises(OutputExistsError):
        train_network("gmm", pool, tmp_path / "gmm.safetensors", plan=plan)
    with pytest.raises(ValueError, match="before: expected a trained gmm"):
        train_network("tom", pool, tmp_path / "other.safetensors", plan=plan)
    with pytest.raises(ValueError, match=r"kind: expected one of gmm"):
        train_network("gnm", pool, tmp_path / "other.safetensors", plan=plan)


def test_a_training_that_is_resumed_gives_the_same_weights(pool: TryOnPool, tmp_path: Path) -> None:
    def trained(name: str, iterations: int, folder: str, **options: Any) -> dict[str, Any]:
        plan = Plan(iterations=iterations, batch=2, width=4)
        net, _ = train_network(
            "viton", pool, tmp_path / name, plan=plan, folder=tmp_path / folder, **options
        )
        return net.state_dict()

    whole = trained("a.safetensors", 2, "a")
    again = trained("b.safetensors", 2, "b")

    assert all(torch.equal(tensor, again[name]) for name, tensor in whole.items())


def test_settings_keep_the_places_that_the_papers_have() -> None:
    plan = Plan(compat=True)
    assert network_settings("gmm", (192, 256), plan) == {
        "variant": "cp-vton", "width": 64, "size": [192, 256], "downs": 4, "head": 512,
        "compat": True,
    }  # fmt: skip
    assert network_settings("tom", (192, 256), plan)["downs"] == 6
    assert network_settings("viton", (192, 256), plan)["downs"] == 6
    assert plan.options("gmm")["rate"] == 1e-4
    assert plan.steps("viton") == 15_000
    with pytest.raises(ValueError, match="size: expected 48 x 64"):
        network_settings("gmm", (64, 64), plan)


def test_pictures_of_people_are_what_the_networks_learn(people: DressedPeople) -> None:
    batch = Dressings(people, "cp-vton+", "tom").all()
    paired = Dressings(people, "cp-vton+", "tom", white=False).all(paired=True)

    levels = torch.from_numpy(people.people[:, 1]).permute(0, 3, 1, 2) / 127.5 - 1
    inside = batch.body.bool().expand_as(levels)
    assert torch.allclose(batch.result[inside], levels[inside], atol=1e-6)
    assert (batch.result[~inside] == 1).all()
    assert torch.allclose(paired.result, levels, atol=1e-6)
    assert not torch.equal(batch.person[:, 0], paired.person[:, 0])  # another outline goes in
    worn = batch.worn_mask.bool().expand_as(levels)
    assert torch.allclose(batch.worn[worn], levels[worn], atol=1e-6)


def test_the_box_baseline_fills_the_box(people: DressedPeople) -> None:
    batch = Dressings(people, "cp-vton").all()

    _, mask = warp_with(box_grid(batch.garment_mask, batch.worn_mask), batch)

    for ours, truth in zip(mask[:, 0] > 0.5, batch.worn_mask[:, 0] > 0.5, strict=True):
        for axis in (0, 1):
            ends = [torch.nonzero(part.any(axis)).flatten()[[0, -1]] for part in (ours, truth)]
            assert (ends[0] - ends[1]).abs().max() <= 1
    assert mean_iou(batch.worn_mask, batch.worn_mask) == 1


def test_tom_takes_a_gmm_of_its_own_variant(people: DressedPeople) -> None:
    gmm = GMM(variant="cp-vton+", size=(48, 64), width=4, downs=2, head=16)
    with pytest.raises(ValueError, match=r"gmm: expected one of cp-vton, got one of cp-vton\+"):
        TOMTask(TOM(width=4, downs=4), Dressings(people, "cp-vton"), gmm, iterations=1)


def test_regularisers_by_hand() -> None:
    grid = torch.zeros(1, 2, 3, 2)
    grid[0, :, :, 0] = torch.tensor([0.0, 1.0, 3.0])  # intervals 1 and 2: they differ by 1
    assert grid_interval(grid).item() == pytest.approx(2 / 6)
    assert total_variation(torch.tensor([[[[0.0, 1.0], [3.0, 0.0]]]])).item() == 4 + 4


def test_vggs_file_is_checked(tmp_path: Path) -> None:
    zeros = {name: torch.zeros(()).expand(shape) for name, shape in vgg19_shapes().items()}
    torch.save(zeros | {"classifier.0.weight": torch.zeros(1)}, tmp_path / "vgg.pth")

    features = Perceptual(tmp_path / "vgg.pth")

    picture = torch.zeros(1, 3, 32, 32)
    assert features(picture, picture).item() == 0
    assert [tuple(maps.shape[1:]) for maps in features.features(picture)] == [
        (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2),
    ]  # fmt: skip
    del zeros["features.34.bias"]
    torch.save(zeros, tmp_path / "vgg.pth")
    with pytest.raises(ModelError, match=r"features\.34\.bias: expected \(512,\)"):
        Perceptual(tmp_path / "vgg.pth")
