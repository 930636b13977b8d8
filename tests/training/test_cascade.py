"""A cascade trained on a few patches: what it finds, resumes, refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError, OutputError
from cvfast.kernels.cascade import CascadeKernel
from cvfast.models.cascade_file import read_cascade, write_cascade
from cvfast.training.cascade import CascadeSettings, train_cascade
from cvfast.training.material import gather
from cvfast.training.plots import roc, write_plots
from PIL import Image

GOLDEN = Path(__file__).parents[1] / "golden"
SIZE = (12, 12)


def faces(count: int, seed: int = 0) -> np.ndarray:
    """Two dark spots over a dark bar, with noise."""
    rng = np.random.default_rng(seed)
    out = rng.integers(120, 200, (count, 12, 12))
    out[:, 3:5, 2:5] -= 80
    out[:, 3:5, 7:10] -= 80
    out[:, 8:10, 4:8] -= 60
    return np.clip(out, 0, 255).astype(np.uint8)


def noise(side: int = 80, seed: int = 9) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 256, (side // 4, side // 4), np.uint8)
    return np.kron(cells, np.ones((4, 4), np.uint8)) // 2 + rng.integers(
        0, 120, (side, side), np.uint8
    )


def settings(**changes) -> CascadeSettings:
    return CascadeSettings(**{"size": SIZE, "stages": 3, "negatives": 200, **changes})


@pytest.mark.parametrize("boost", ["gentle", "discrete"])
@pytest.mark.parametrize(
    ("features", "depth"), [("haar", 1), ("haar-tilted", 1), ("lbp", 1), ("haar", 2), ("lbp", 2)]
)
def test_it_finds_new_faces_and_its_file_decides_alike(tmp_path, features, boost, depth):
    chosen = settings(features=features, boost=boost, depth=depth)
    trained = train_cascade(faces(60), [noise(160)], chosen)
    every = np.lib.stride_tricks.sliding_window_view(noise(seed=4), SIZE)
    others = every[::5, ::5].reshape(-1, 12, 12)
    found, alarms = trained.accepts(faces(200, seed=1)), trained.accepts(others)
    assert found.mean() > 0.8
    assert alarms.mean() < 0.2
    write_cascade(tmp_path / "c.xml", trained.cascade)
    kernel = CascadeKernel(read_cascade(tmp_path / "c.xml"))
    np.testing.assert_array_equal(kernel.accepts(faces(200, seed=1)), found)
    np.testing.assert_array_equal(kernel.accepts(others), alarms)
    for report in trained.reports:
        assert report.hit_rate >= 0.995
        assert report.false_alarm <= 0.5


def test_the_same_cascade_on_any_number_of_threads_and_seeds_differ():
    one, three, other = (
        train_cascade(faces(40), [noise()], settings(seed=seed), threads=threads).stages
        for seed, threads in ((0, 1), (0, 3), (1, 1))
    )
    assert one == three
    assert one != other


def test_progress_ends_at_its_total():
    said = []
    two = settings(stages=2)
    train_cascade(faces(40), [noise()], two, progress=lambda *words: said.append(words))
    assert said[-1] == (200, 200)
    assert said == sorted(said)


_CHILD = """
import sys
sys.path[:0] = {path!r}
import test_cascade as t
from cvfast.models.cascade_file import write_cascade
from cvfast.training.cascade import train_cascade
made = train_cascade(t.faces(60), [t.noise(160)], t.settings(stages=8, false_alarm=0.6),
                     folder={folder!r}, resume=True)
write_cascade({out!r}, made.cascade)
"""


def test_a_killed_training_resumes_to_the_same_bytes(tmp_path):
    def start(name: str) -> subprocess.Popen[bytes]:
        folder, out = str(tmp_path / name), str(tmp_path / f"{name}.xml")
        here = [str(Path(__file__).parent), *sys.path]
        code = _CHILD.format(path=here, folder=folder, out=out)
        return subprocess.Popen([sys.executable, "-c", code])

    assert start("whole").wait(60) == 0
    child = start("killed")
    deadline = time.monotonic() + 60
    while not list((tmp_path / "killed").glob("stage-001.json")) and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    kept = len(list((tmp_path / "killed").glob("stage-*.json")))
    (tmp_path / "killed.xml").unlink(missing_ok=True)
    assert kept >= 2
    assert start("killed").wait(60) == 0
    assert (tmp_path / "killed.xml").read_bytes() == (tmp_path / "whole.xml").read_bytes()


def test_a_folder_of_other_stages_is_refused(tmp_path):
    train_cascade(faces(40), [noise()], settings(stages=1), folder=tmp_path)
    with pytest.raises(OutputError, match="earlier training"):
        train_cascade(faces(40), [noise()], settings(stages=1), folder=tmp_path)
    with pytest.raises(OutputError, match="other pictures or settings"):
        train_cascade(faces(41), [noise()], settings(), folder=tmp_path, resume=True)
    (tmp_path / "stage-000.json").write_text("{}")
    with pytest.raises(OutputError, match="expected a stage of a training"):
        train_cascade(faces(40), [noise()], settings(), folder=tmp_path, resume=True)


def test_more_stages_may_be_asked_for_when_resuming(tmp_path):
    train_cascade(faces(40), [noise()], settings(stages=1), folder=tmp_path)
    more = train_cascade(faces(40), [noise()], settings(stages=2), folder=tmp_path, resume=True)
    assert len(more.stages) == 2


def test_it_says_why_it_stops():
    assert "all 1 stages" in train_cascade(faces(40), [noise()], settings(stages=1)).stopped
    many = train_cascade(faces(40), [noise(40)], settings(stages=50))
    assert "negatives ran out" in many.stopped
    hard = settings(false_alarm=0.01, max_weak=1)
    assert "lets" in train_cascade(noise_faces(), [noise()], hard).stopped


def noise_faces() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (40, 12, 12), np.uint8)


def test_bad_arrays_are_named():
    with pytest.raises(ValueError, match="positives: expected two pictures or more, got 1"):
        train_cascade(faces(1), [noise()], settings())
    with pytest.raises(ValueError, match="positives: expected pictures with contrast"):
        train_cascade(np.zeros((9, 12, 12), np.uint8), [noise()], settings())
    with pytest.raises(ValueError, match=r"positives: expected shape \(N, 12, 12\)"):
        train_cascade(np.zeros((9, 12, 13), np.uint8), [noise()], settings())
    with pytest.raises(TypeError, match="positives: expected dtype uint8"):
        train_cascade(np.zeros((9, 12, 12)), [noise()], settings())
    with pytest.raises(ValueError, match="negatives: expected pictures without a face, got none"):
        train_cascade(faces(9), [], settings())
    with pytest.raises(ValueError, match=r"negatives\[0\]: expected room for a window"):
        train_cascade(faces(9), [noise()[:8]], settings())
    with pytest.raises(ValueError, match="the negatives ran out"):
        train_cascade(faces(9), [np.zeros((99, 99), np.uint8)], settings())
    for name, value in {
        "size": (4, 4), "features": "hog", "boost": "real", "depth": 0, "stages": 0,
        "hit_rate": 0, "false_alarm": 1, "max_weak": 0, "negatives": 1,
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            settings(**{name: value})


def folder_of(path: Path, pictures) -> Path:
    path.mkdir()
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(path / f"{number:03d}.png")
    return path


def test_folders_are_read_split_and_refused_by_name(tmp_path):
    good = folder_of(tmp_path / "good", faces(10))
    scenes = folder_of(tmp_path / "scenes", [noise(), noise(), faces(1)[0]])
    material = gather(good, scenes, SIZE, hold_out=0.3)
    assert material.positives.shape == (14, 12, 12)  # 7, and their mirror images
    assert len(material.held_faces) == 3
    assert len(material.backgrounds) + (len(material.held_others) > 1) == 2
    (tmp_path / "empty").mkdir()
    small = folder_of(tmp_path / "small", [noise()[:9, :9]])
    mixed = folder_of(tmp_path / "mixed", [noise(), noise()[:40]])
    broken = folder_of(tmp_path / "broken", faces(1))
    (broken / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n none")
    for positives, negatives, words in (
        (tmp_path / "empty", scenes, "found none"),
        (good, tmp_path / "empty", "found none"),
        (tmp_path / "nowhere", scenes, "no such file or folder"),
        (mixed, scenes, "001.png: expected 80 x 80 pixels as 000.png has"),
        (small, scenes, "expected at least the window's 12 x 12"),
        (good, small, "expected room for a window of 12 x 12"),
        (broken, scenes, "x.png"),
    ):
        with pytest.raises(MediaError, match=words):
            gather(positives, negatives, SIZE)


def test_boxes_are_cut_and_the_test_split_is_held_out(tmp_path):
    scenes = folder_of(tmp_path / "scenes", [noise()])
    shown = folder_of(tmp_path / "shown", [noise(), noise(60)])
    lines = [
        {"file": "000.png", "split": "train", "faces": [{"box": [10, 10, 34, 30]}]},
        {"file": "001.png", "split": "test", "faces": [{"box": [-5, 0, 20, 20]}]},
    ]
    (shown / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)))
    material = gather(shown, scenes, SIZE, boxes="labels.jsonl", jitter=2, mirror=False)
    assert material.positives.shape == (3, 12, 12)
    assert material.held_faces.shape == (1, 12, 12)
    (shown / "labels.jsonl").write_text('{"file": "000.png", "faces": []}')
    with pytest.raises(MediaError, match="expected pictures with faces, got none"):
        gather(shown, scenes, SIZE, boxes="labels.jsonl")


def test_plots_show_something(tmp_path):
    good = folder_of(tmp_path / "good", faces(20))
    scenes = folder_of(tmp_path / "scenes", [noise(), noise(seed=2)])
    material = gather(good, scenes, SIZE, hold_out=0.5)
    trained = train_cascade(material.positives, material.backgrounds, settings(features="lbp"))
    for path in write_plots(tmp_path / "plots", trained, material):
        assert np.asarray(Image.open(path)).std() > 10
    alarms, hits = roc(trained, material.held_faces, material.held_others)
    assert (np.diff(alarms) >= 0).all()
    assert (np.diff(hits) >= 0).all()
    assert alarms[-1] == hits[-1] == 1


def test_opencv_answers_alike_on_cascades_trained_by_us():
    golden = json.loads((GOLDEN / "trained.json").read_text())
    patches = np.load(GOLDEN / "trained_patches.npz")["patches"]
    for name, accepted in golden["accepted"].items():
        kernel = CascadeKernel(read_cascade(GOLDEN / name))
        assert np.flatnonzero(kernel.accepts(patches)).tolist() == accepted, name
        assert 0 < len(accepted) < len(patches)
