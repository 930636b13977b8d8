"""``cvfast landmarks --stability``."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.cli.plot import _ticks
from cvfast.io.images import read_image


def test_figures_and_plot(run, samples, tmp_path):
    result = run("landmarks", samples / "face.mp4", "--stability", "-o", tmp_path / "plot.png")
    assert result.code == 0
    assert "jitter" in result.out
    assert "lag" in result.out
    assert str(tmp_path / "plot.png") in result.out
    plot = read_image(tmp_path / "plot.png").pixels
    assert plot.shape[1] == 1100
    colors = {tuple(color) for color in plot.reshape(-1, 3).tolist()}
    assert {(30, 100, 190), (214, 120, 40)} <= colors


def test_as_json_under_the_default_name(run, samples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (record,) = run("landmarks", samples / "face.mp4", "--stability", "--json").records
    assert record["plot"] == "face-stability.png"
    assert (tmp_path / "face-stability.png").exists()
    assert record["frames"] == 8
    (face,) = record["faces"]
    assert face["face"] == 0
    assert 0 <= face["after"]["jitter"] <= face["before"]["jitter"] + 0.5
    assert face["after"]["lag"] is None  # too short for one
    again = run("landmarks", samples / "face.mp4", "--stability")
    assert again.code != 0
    assert "--overwrite" in again.err


def test_clips_of_a_folder(run, samples, tmp_path):
    clips = [tmp_path / name for name in ("a.mp4", "b.mp4")]
    for clip in clips:
        clip.write_bytes((samples / "face.mp4").read_bytes())
    plots = tmp_path / "plots"
    plots.mkdir()
    assert run("landmarks", *clips, "--stability", "-o", plots).code == 0
    assert sorted(path.name for path in plots.iterdir()) == [
        "a-stability.png",
        "b-stability.png",
    ]
    refused = run("landmarks", *clips, "--stability", "-o", tmp_path / "one.png")
    assert refused.code == 2
    assert "expected a folder that exists" in refused.err


def test_what_it_cannot_measure_is_said(run, samples):
    photo = run("landmarks", samples / "face.png", "--stability")
    assert photo.code == 4
    assert "needs a clip" in photo.err
    model = run("landmarks", samples / "face.mp4", "--stability", "--model", "dlib5")
    assert model.code == 2
    assert "--model" in model.err


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 0.0037), (-210.4, 388), (3, 3.01)])
def test_ticks_are_few_and_round(low, high):
    ticks = _ticks(low, high)
    assert 2 <= len(ticks) <= 8
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    assert np.ptp(np.diff(ticks)) == pytest.approx(0, abs=1e-9)
