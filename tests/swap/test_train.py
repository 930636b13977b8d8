"""Training a swap: resumed to the bit, set back from NaN, said in words where it cannot be."""

from __future__ import annotations

import csv
import errno
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cvfast.errors import (
    ModelError,
    NothingFoundError,
    OutputError,
    OutputExistsError,
    TrainingError,
)
from cvfast.io.images import read_image
from cvfast.swap.model_file import read_model
from cvfast.swap.model_options import ModelOptions
from cvfast.swap.swapper import open_swapper
from cvfast.swap.train import How, SwapTrained, train_faces
from cvfast.swap.training_task import SwapTask
from cvfast.training.curves import Curves

from tests.swap.small_nets import small_options

People = tuple[Path, Path]
EVERYTHING: dict[str, Any] = {  # all that draws random numbers or keeps a state
    "gan_power": 0.1, "gan_dims": 4, "true_face_power": 0.01, "lr_dropout": "y", "clipgrad": True,
    "random_hsv_power": 0.1, "color_transfer": "rct", "uniform_yaw": True,
    "eyes_mouth_priority": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def plain_curves(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Leave losses.png out, which takes matplotlib a second, but where it is looked at."""
    if request.function is not test_what_a_training_leaves:
        monkeypatch.setattr(Curves, "draw", lambda *_: None)


def trained(
    people: People, folder: Path, iterations: int, options: ModelOptions | None = None,
    *, progress: Any = None, notice: Any = None, stop: Any = None, **how: Any,
) -> SwapTrained:  # fmt: skip
    settings: dict[str, Any] = {"threads": 1, "workers": 1, "save_every": 2, "backup_every": 0}
    return train_faces(
        people, folder, options or small_options(batch=1), iterations=iterations,
        how=How(**(settings | how)), progress=progress, notice=notice, stop=stop,
    )  # fmt: skip


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(read_model(folder / "model.safetensors")[1].state_dict())


def same(a: Path, b: Path) -> bool:
    return (a / "model.safetensors").read_bytes() == (b / "model.safetensors").read_bytes()


def pulled(at: int) -> Callable[[int, int | None], None]:
    """A progress that ends the process's work as a kill would: nothing more is saved."""

    def progress(done: int, _total: int | None) -> None:
        if done == at:
            raise RuntimeError("killed")

    return progress


@pytest.mark.parametrize(
    ("architecture", "more"), [("df-ud", EVERYTHING), ("amp", {"optimizer": "rmsprop"})]
)
def test_killed_or_stopped_and_resumed_the_weights_are_the_same(
    architecture: str, more: dict[str, Any], two_people: People, tmp_path: Path
) -> None:
    """To the bit: networks, judges, optimisers and everything random."""
    options = small_options(architecture, batch=1, **more)
    trained(two_people, tmp_path / "whole", 5, options)

    with pytest.raises(RuntimeError, match="killed"):
        trained(two_people, tmp_path / "cut", 5, options, progress=pulled(3), workers=0)
    assert open_swapper(tmp_path / "cut").resolution == 64  # what there is, is whole
    first = trained(two_people, tmp_path / "cut", 5, options, stop=iter([False, True]).__next__)
    assert (first.iterations, first.stopped) == (4, True)
    last = trained(two_people, tmp_path / "cut", 5, options)

    assert (last.iterations, last.stopped, last.rollbacks) == (5, False, 0)
    assert same(tmp_path / "whole", tmp_path / "cut")
    names = [path.name for path in sorted((tmp_path / "cut" / "checkpoints").iterdir())]
    assert names == ["000000004.safetensors", "000000005.safetensors"]
    rows = [(p / "losses.csv").read_text() for p in (tmp_path / "whole", tmp_path / "cut")]
    assert rows[0] == rows[1]


@pytest.fixture(scope="module")
def half_way(two_people: People, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A training of three iterations, and the same after two."""
    folder = tmp_path_factory.mktemp("half_way")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Curves, "draw", lambda *_: None)
        trained(two_people, folder / "two", 2)
        shutil.copytree(folder / "two", folder / "three")
        trained(two_people, folder / "three", 3)
    return folder / "three", folder / "two"


def test_a_model_lost_after_its_checkpoint_is_written_again(
    two_people: People, half_way: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(half_way[1], tmp_path, dirs_exist_ok=True)
    model = tmp_path / "model.safetensors"
    data = model.read_bytes()
    model.unlink()
    trained(two_people, tmp_path, 2)
    assert model.read_bytes() == data


def test_a_loss_that_is_no_number_is_set_back_and_said(
    two_people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last good state, other examples, half the rate; and a resumption knows of it."""
    rates, step, spoiled = [], SwapTask.step, iter([False, False, False, True])

    def spoiling(self: SwapTask, batch: Any, fabric: Any) -> Any:
        losses = dict(step(self, batch, fabric))
        rates.append(self.optimizers["networks"].param_groups[0]["lr"])
        if next(spoiled, False):
            with torch.no_grad():  # as an explosion would leave them
                next(self.networks.parameters()).fill_(math.nan)
            losses["source"] = torch.tensor(math.nan)
        return losses

    monkeypatch.setattr(SwapTask, "step", spoiling)
    told: list[str] = []
    done = trained(two_people, tmp_path / "a", 6, notice=told.append)

    assert (done.iterations, done.rollbacks) == (6, 1)
    assert rates == [1e-3] * 4 + [5e-4] * 4  # 3 and 4 are done again
    (line,) = told
    assert "set back to the last checkpoint" in line
    assert "in iteration 4" in line
    assert "learning rate 0.0005" in line
    assert all(bool(weight.isfinite().all()) for weight in weights(tmp_path / "a").values())
    assert "in iteration 4" in (tmp_path / "a" / "rollbacks.json").read_text()

    rates.clear()
    trained(two_people, tmp_path / "a", 8)
    assert rates == [5e-4] * 2


def test_losses_that_are_never_numbers_end_with_advice(
    two_people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SwapTask, "step", lambda *_: {"source": math.inf})
    told: list[str] = []
    with pytest.raises(TrainingError, match="set back 3 times in vain: choose a lower"):
        trained(two_people, tmp_path, 2, notice=told.append)
    assert len(told) == 3
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("full", ["checkpoint", "model"])
def test_a_full_disk_keeps_what_was_saved(
    full: str, two_people: People, half_way: tuple[Path, Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Wherever the space runs out; with space again, it goes on to the same weights."""
    shutil.copytree(half_way[1], tmp_path / "a")
    before = weights(tmp_path / "a")

    def no_space(*_arguments: Any, **_options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    place = {"checkpoint": "safetensors.torch.save_file", "model": "cvfast.io.atomic.os.replace"}
    with monkeypatch.context() as patch:
        if full == "checkpoint":
            patch.setattr(place[full], no_space)
        else:  # its checkpoint is the first file of a save, the curves the second
            _after(patch, place[full], 2, no_space)
        with pytest.raises(OutputError, match="no space left"):
            trained(two_people, tmp_path / "a", 3)
    after = weights(tmp_path / "a")
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not list((tmp_path / "a").rglob("*.part*"))

    trained(two_people, tmp_path / "a", 3)
    assert same(tmp_path / "a", half_way[0])


def _after(patch: pytest.MonkeyPatch, name: str, calls: int, broken: Callable[..., None]) -> None:
    import os

    true, count = os.replace, iter(range(1000))
    patch.setattr(name, lambda *a, **k: (true if next(count) < calls else broken)(*a, **k))


def test_what_a_training_leaves(two_people: People, tmp_path: Path) -> None:
    """Previews, curves and backups at every interval, in files and for TensorBoard."""
    options = small_options(batch=1)
    done = trained(
        two_people, tmp_path, 6, options, save_every=2, preview_every=3, backup_every=2, backups=2,
        tensorboard=True,
    )  # fmt: skip
    assert done.model == tmp_path / "model.safetensors"
    assert done.faces == (6, 6)
    assert set(done.losses) == {"source", "target"}
    names = {kind: sorted(p.name for p in (tmp_path / kind).iterdir())
             for kind in ("backups", "previews", "checkpoints")}  # fmt: skip
    assert names["backups"] == ["000000004.safetensors", "000000006.safetensors"]
    assert names["previews"] == ["000000003.png", "000000006.png"]
    assert names["checkpoints"] == ["000000004.safetensors", "000000006.safetensors"]
    facts = read_model(tmp_path / "backups" / names["backups"][0])[2]
    assert facts["iterations"] == 4
    assert read_image(tmp_path / "previews" / names["previews"][0]).pixels.shape == (512, 384, 3)
    assert read_image(tmp_path / "losses.png").pixels.std() > 5
    with (tmp_path / "losses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) for row in rows] == list(range(1, 7))

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in log.Scalars("source")] == list(range(1, 7))
    assert log.Scalars("target")[-1].value == pytest.approx(float(rows[-1]["target"]), rel=1e-4)
    assert [event.step for event in log.Images("preview")] == [3, 6]


def test_a_model_of_another_kind_is_refused(two_people: People, tmp_path: Path) -> None:
    trained(two_people, tmp_path, 1)
    data = (tmp_path / "model.safetensors").read_bytes()
    for change, message in (
        ({"face_type": "whole"}, "face_type whole, got one of full: train with --face-type full"),
        ({"resolution": 96}, "resolution 96, got one of 64: train with --resolution 64"),
        ({"architecture": "liae-ud"}, "architecture liae-ud, got one of df-ud"),
        ({"e_dims": 32}, "e_dims 32, got one of 16"),
    ):
        with pytest.raises(ModelError, match=message):
            trained(two_people, tmp_path, 2, small_options(**change))
        with pytest.raises(ModelError, match=message):
            trained(two_people, tmp_path / "new", 2, small_options(**change),
                    begin=tmp_path / "model.safetensors")  # fmt: skip
    with pytest.raises(OutputExistsError, match="holds a training already"):
        trained(two_people, tmp_path, 2, resume=False)
    with pytest.raises(ValueError, match="seed: expected 0"):
        trained(two_people, tmp_path, 2, seed=1)
    with pytest.raises(ValueError, match="optimizer: expected 'adabelief'"):
        trained(two_people, tmp_path, 2, small_options(optimizer="adam"))
    assert (tmp_path / "model.safetensors").read_bytes() == data
    with pytest.raises(NothingFoundError, match="cvfast swap extract"):
        trained((two_people[0], tmp_path), tmp_path / "x", 1)


@pytest.mark.parametrize("architecture", ["df-ud", "liae-ud", "amp"])
def test_pretrained_then_trained(architecture: str, two_people: People, tmp_path: Path) -> None:
    """Of faces in general, encoder and decoder are kept; what knows people begins anew."""
    options = small_options(architecture, batch=1, pretrain=True, gan_power=0.1)
    both = (two_people[0], two_people[0])
    trained(both, tmp_path / "faces", 2, options, seed=1)
    model = tmp_path / "faces" / "model.safetensors"
    assert read_model(model)[0].pretrain
    slow = replace(options, pretrain=False, gan_power=0.0, learning_rate=1e-7)
    trained(two_people, tmp_path / "swap", 1, slow, begin=model)

    old, new = weights(tmp_path / "faces"), weights(tmp_path / "swap")
    moved = {name.split(".")[0] for name in old if (old[name] - new[name]).abs().max() > 1e-3}
    assert moved == {
        "df-ud": {"inter"}, "liae-ud": {"inter_ab", "inter_b"},
        "amp": {"inter_source", "inter_target"},
    }[architecture]  # fmt: skip
    # Fine-tuning takes all of a trained model along.
    trained(two_people, tmp_path / "fine", 1, slow, begin=tmp_path / "swap" / "model.safetensors")
    fine = weights(tmp_path / "fine")
    assert all(float((new[name] - fine[name]).abs().max()) < 1e-5 for name in new)


def test_learning_options_may_change_on_the_way(two_people: People, tmp_path: Path) -> None:
    """Warp off holds AB fast, and dropout moves 30 %: with what the checkpoint brings too."""
    options = small_options("liae-ud", batch=1)
    trained(two_people, tmp_path, 2, options)
    before = weights(tmp_path)
    changed = replace(options, random_warp=False, lr_dropout="y", gan_power=0.1, gan_dims=4)
    done = trained(two_people, tmp_path, 3, changed)
    after = weights(tmp_path)

    assert "gan" in done.losses
    shares = {name: float((before[name] != after[name]).float().mean()) for name in before}
    assert all(share == 0 for name, share in shares.items() if name.startswith("inter_ab"))
    wide = next(name for name in shares if name.startswith("inter_b.narrow"))
    assert shares[wide] == pytest.approx(0.3, abs=0.02)
    trained(two_people, tmp_path, 4, options)
    last = weights(tmp_path)
    assert all(not torch.equal(after[n], last[n]) for n in after if n.startswith("inter_ab.wide"))


def test_minutes_end_a_training(two_people: People, tmp_path: Path) -> None:
    done = trained(two_people, tmp_path, 100, minutes=1e-6)
    assert (done.iterations, done.stopped) == (1, True)
    assert open_swapper(tmp_path).resolution == 64
    for minutes in (0.0, math.nan):
        with pytest.raises(ValueError, match="minutes: expected more than 0"):
            trained(two_people, tmp_path, 100, minutes=minutes)
    assert np.isfinite(list(done.losses.values())).all()
