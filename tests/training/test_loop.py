"""The loop: exact resume, after kill -9 too; what is written; what is refused."""

from __future__ import annotations

import csv
import importlib.util
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cvfast.errors import ModelError, OutputError, OutputExistsError, TrainingError
from cvfast.io.images import read_image
from cvfast.training.checkpoints import newest_checkpoint, read_tree, write_tree
from cvfast.training.loop import train
from safetensors import SafetensorError

FILE = Path(__file__).with_name("tiny.py")
_spec = importlib.util.spec_from_file_location("tiny", FILE)
assert _spec is not None
assert _spec.loader is not None
tiny = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tiny)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(folder, iterations=40, **options):
    task = tiny.Tiny()
    defaults = {"device": "cpu", "save_every": 7, "preview_every": 1000}
    train(task, folder=folder, iterations=iterations, **defaults | options)
    return task.numbers()


def test_a_resumed_training_gives_the_same_weights(tmp_path):
    whole = trained(tmp_path / "whole")
    trained(tmp_path / "parts", 13)
    trained(tmp_path / "parts", 20, resume=True)

    assert (trained(tmp_path / "parts", resume=True) == whole).all()
    assert (trained(tmp_path / "other", seed=1) != whole).any()
    names = [(tmp_path / part / "losses.csv").read_bytes() for part in ("whole", "parts")]
    assert names[0] == names[1]


def test_killed_at_any_moment_and_resumed_gives_the_same_weights(tmp_path):
    """Killed while it runs; and with what a kill in the middle of a save leaves behind."""
    command = [sys.executable, FILE, tmp_path / "run", "60", "17"]
    run = subprocess.run(command, check=False)
    assert run.returncode == -signal.SIGKILL
    (tmp_path / "run/checkpoints/.x.0123456789abcdef.part.safetensors").write_bytes(b"half")

    resumed = trained(tmp_path / "run", 60, resume=True)

    assert (resumed == trained(tmp_path / "whole", 60)).all()
    left = sorted(path.name for path in (tmp_path / "run/checkpoints").iterdir())
    assert left == ["000000056.safetensors", "000000060.safetensors"]


def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path):
    whole = trained(tmp_path / "run", 20)
    newest = sorted((tmp_path / "run/checkpoints").iterdir())
    assert [path.name for path in newest] == ["000000014.safetensors", "000000020.safetensors"]
    newest[1].write_bytes(newest[1].read_bytes()[:300])

    found = newest_checkpoint(tmp_path / "run/checkpoints")
    assert found is not None
    assert found[0] == 14
    assert (trained(tmp_path / "run", 20, resume=True) == whole).all()

    for path in newest:
        path.write_bytes(b"no checkpoint")
    with pytest.raises(ModelError, match=r"000000020.safetensors: expected a checkpoint of cvfast"):
        trained(tmp_path / "run", 20, resume=True)


def test_previews_and_curves(tmp_path):
    seen = []
    trained(tmp_path, 12, preview_every=5, progress=lambda done, total: seen.append((done, total)))

    previews = sorted((tmp_path / "previews").iterdir())
    assert [int(path.stem) for path in previews] == [5, 10, 12]
    pixels = [read_image(path).pixels for path in previews]
    assert pixels[0].shape[:2] == (8, 4)
    assert (pixels[0] != pixels[2]).any()
    rows = list(csv.DictReader((tmp_path / "losses.csv").read_text("utf-8").splitlines()))
    assert [int(row["iteration"]) for row in rows] == list(range(1, 13))
    assert all(float(row["judge"]) > 0 for row in rows)
    assert read_image(tmp_path / "losses.png").pixels.std() > 0.01
    assert seen[-1] == (12, 12)


def test_the_callers_random_numbers_stay_his(tmp_path):
    task = tiny.Tiny()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(task, folder=tmp_path, iterations=2, device="cpu")
    assert (torch.rand(3) == expected).all()


def test_a_loss_that_is_not_finite_stops_with_words(tmp_path):
    with pytest.raises(
        TrainingError, match="maker: expected a finite loss, got nan in iteration 9"
    ):
        train(tiny.Tiny(poison=9), folder=tmp_path, iterations=20, save_every=4, device="cpu")
    found = newest_checkpoint(tmp_path / "checkpoints")
    assert found is not None
    assert found[0] == 8


def test_what_is_refused(tmp_path):
    trained(tmp_path, 3)
    with pytest.raises(OutputExistsError, match="holds a training already"):
        trained(tmp_path, 5)
    with pytest.raises(ValueError, match="seed: expected 0, with which the training in"):
        trained(tmp_path, 5, resume=True, seed=3)
    with pytest.raises(ValueError, match="iterations: expected at least 1"):
        trained(tmp_path / "new", 0)
    with pytest.raises(ValueError, match="seed: expected at least 0, got -1"):
        trained(tmp_path / "new", 1, seed=-1)
    with pytest.raises(ValueError, match=r"device: expected one of auto, .*, got 'tpu'"):
        trained(tmp_path / "new", 1, device="tpu")
    with pytest.raises(OutputError, match="the folder cannot be made"):
        trained(FILE / "new", 1)


def test_tensorboard_gets_the_losses(tmp_path):
    trained(tmp_path, 3, tensorboard=True)
    (log,) = (tmp_path / "tensorboard").iterdir()
    assert log.stat().st_size > 100


def test_trees_hold_plain_values_only(tmp_path):
    tree = {"a": [1, (2.5, None, True)], "b": {0: {"x": torch.arange(3)}, 1: "text"}, "$c": {}}
    write_tree(tmp_path / "a.safetensors", tree)
    back = read_tree(tmp_path / "a.safetensors")
    assert back["b"][0]["x"].tolist() == [0, 1, 2]
    assert back["a"] == tree["a"]
    assert back["b"][1] == "text"
    with pytest.raises(TypeError, match="f: expected tensors, numbers"):
        write_tree(tmp_path / "b.safetensors", {"f": np.ones(2)})


def test_a_full_disk_is_said_in_words(tmp_path, monkeypatch):
    def full(*_arguments, **_options):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(OutputError, match="no space left on the device"):
        write_tree(tmp_path / "a.safetensors", {"a": 1})
    assert not list(tmp_path.iterdir())
