"""``cvfast swap merge`` and ``encode`` as typed, with a small untrained model."""

from __future__ import annotations

import json

import pytest
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames
from cvfast.swap.model_file import write_model

from tests.swap.merging import make_workspace
from tests.swap.small_nets import small_nets, small_options

FRAMES = 3


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("cli"), frames=FRAMES)
    options = small_options(face_type="whole")
    workspace.model.mkdir()
    write_model(workspace.model / "model.safetensors", small_nets(options), options)
    return workspace


def test_from_frames_to_a_clip_with_papers(work, run):
    done = run("swap", "merge", work.path, "--json", "--blur", 8, "--no-label", "--person", "0")
    assert done.code == 0, done.err
    assert done.records[-1]["frames"] == done.records[-1]["swapped"] == FRAMES
    encoded = run("swap", "encode", work.path, "--json")
    assert encoded.code == 0, encoded.err
    told = encoded.records[-1]
    times = [frame.pts for frame in read_frames(work.clip("target"))]
    for clip in (told["output"], told["mask"]):
        assert [frame.pts for frame in read_frames(clip)] == times
        mark = read_provenance(clip)
        assert mark.source_type == "compositeWithTrainedAlgorithmicMedia"
        assert {"label=no", "blur=8"} <= set(mark.actions)
    sidecar = json.loads(work.path.joinpath("result.json").read_text())
    assert sidecar["visible_label"] is False
    assert sidecar["settings"]["blur"] == 8
    assert len(sidecar["model"]["blake2"]) == 32
    assert sidecar["consent"]["confirmed"]

    again = run("swap", "merge", work.path, "--settings", work.path / "result.toml", "--json")
    assert again.records[-1]["already"], again.err
    other = run("swap", "merge", work.path, "--blur", 9)
    assert other.code != 0
    assert "merge.blur: was 8, is 9" in other.err


def test_one_frame_to_look_at(work, run, tmp_path):
    sheet = tmp_path / "sheet.png"
    words = ("swap", "merge", work.path, "--frame", 1, "--grid", "-o", sheet)
    done = run(*words, "--vary", "mode=overlay,seamless", "--vary", "erode=0,40")
    assert done.code == 0, done.err
    assert read_provenance(sheet).source_type == "compositeWithTrainedAlgorithmicMedia"
    assert run(*words, "--vary", "mode=overlay").code != 0  # it is there
    alone = run("swap", "merge", work.path, "--frame", 1)
    assert "merge-frame-00001.png" in alone.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--blur", 401), "blur: expected 0 to 400, got 401"),
        (("--mode", "magic"), "mode: expected one of original"),
        (("--grid",), "expected --frame"),
        (("--frame", 1, "--grid", "--vary", "magic"), "vary: expected one of mode"),
        (("--frame", 99), "expected a frame 99"),
        (("--person", "7"), "no face of person 7; there are 0"),
        (("--settings", "gone.toml"), "gone.toml"),
        (("--model", "gone.dfm"), "gone.dfm"),
        (("--face-type", "head"), "expected a model of head faces, got one of whole"),
    ],
)
def test_what_is_wrong_is_said(work, run, words, message):
    done = run("swap", "merge", work.path, "--overwrite", *words)
    assert done.code not in (0, 1)
    assert message in done.err
