"""A whole swap in one line: what comes out, that it goes on, and what bad input gets."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from cvfast.errors import (
    MediaError,
    ModelError,
    NothingFoundError,
    OutputExistsError,
)
from cvfast.io.movie import write_movie
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames
from cvfast.swap.face_file import face_files
from cvfast.swap.run import RunPlan, open_workspace, refuse_output, swap_steps
from cvfast.swap.workspace import MANIFEST
from cvfast.synth.clips import MadeClip, write_made_clip

from tests.swap.small_nets import small_options

FRAMES = 8
SIZE = (160, 120)
OPTIONS = small_options(face_type="full")


def clip(path, *identities, blank=(), **more):
    """Write a short clip of made people; in the blank frames there is nobody."""
    made = MadeClip(**{"identities": identities, "frames": FRAMES, "size": SIZE} | more)
    if not blank:
        write_made_clip(path, made, sound=True)
        return path
    empty = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    pictures = (empty if n in blank else frame.image for n, frame in enumerate(made))
    write_movie(path, pictures, size=SIZE, rate=25)
    return path


def go(workspace, plan):
    return {step.name: step.run(None) for step in swap_steps(workspace, plan)}


def times(path):
    return [frame.pts * frame.time_base for frame in read_frames(path)]


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    clip(folder / "source.mp4", 19, seed=1)
    clip(folder / "target.mp4", 13, light="side", variable=True)
    return folder


@pytest.fixture(scope="module")
def swapped(clips, tmp_path_factory):
    """A finished swap: its workspace, plan, and what each step said."""
    folder = tmp_path_factory.mktemp("swap")
    workspace = open_workspace(
        folder / "work", source=clips / "source.mp4", target=clips / "target.mp4", consent=True
    )
    plan = RunPlan(iterations=2, options=OPTIONS, output=folder / "out.mp4", threads=1)
    return workspace, plan, go(workspace, plan)


@pytest.fixture
def again(swapped, tmp_path):
    """The same swap in a copy, to change something."""
    workspace, plan, _ = swapped
    shutil.copytree(workspace.path, tmp_path / "work")
    copied = type(workspace).open(tmp_path / "work")
    return copied, replace(plan, output=tmp_path / "out.mp4")


def test_two_clips_become_one_with_the_targets_times(swapped, clips):
    _, plan, said = swapped
    assert list(said) == [
        "extract source", "extract target", "check", "mask", "train", "merge", "encode",
    ]  # fmt: skip
    assert times(plan.output) == times(clips / "target.mp4")
    assert len(set(np.diff([float(at) for at in times(plan.output)]).round(4))) > 1
    assert said["merge"].facts == {"frames": FRAMES, "swapped": FRAMES}
    assert "compositeWithTrainedAlgorithmicMedia" in str(read_provenance(plan.output))
    changed = [
        np.abs(a.rgb().astype(int) - b.rgb()).mean()
        for a, b in zip(read_frames(plan.output), read_frames(clips / "target.mp4"), strict=True)
    ]
    assert min(changed) > 1


def test_the_same_again_does_nothing_and_changes_no_byte(swapped):
    workspace, plan, _ = swapped
    before = plan.output.read_bytes()
    refuse_output(workspace, plan)
    assert all(done.before for done in go(workspace, plan).values())
    assert plan.output.read_bytes() == before


def test_stopped_after_any_step_it_goes_on_to_the_same_bytes(swapped, clips, tmp_path):
    _, plan, _ = swapped
    place = {"source": clips / "source.mp4", "target": clips / "target.mp4", "consent": True}
    other = replace(plan, output=tmp_path / "out.mp4")
    for count in range(1, 8):
        workspace = open_workspace(tmp_path / "work", **place)
        for number, step in enumerate(swap_steps(workspace, other)[:count], 1):
            assert step.run(None).before == (number < count)
    assert other.output.read_bytes() == plan.output.read_bytes()


def test_more_iterations_train_further_and_merge_anew(again):
    workspace, plan = again
    said = go(workspace, replace(plan, iterations=3))
    assert said["extract source"].before
    assert said["mask"].before
    assert said["train"].facts["iterations"] == 3
    assert not said["merge"].before
    assert plan.output.is_file()


def test_a_model_of_another_face_type_or_size_is_refused(again):
    workspace, plan = again
    for change in ({"face_type": "half"}, {"resolution": 96}):
        other = replace(plan, options=replace(OPTIONS, **change))
        train = next(step for step in swap_steps(workspace, other) if step.name == "train")
        with pytest.raises(ModelError, match=next(iter(change))):
            train.run(None)


def test_a_workspace_of_a_newer_version_or_of_other_clips_is_refused(again, clips):
    workspace, _ = again
    place = {"source": clips / "source.mp4", "target": clips / "target.mp4", "consent": True}
    with pytest.raises(OutputExistsError, match="is the workspace of another source"):
        open_workspace(workspace.path, **place | {"source": clips / "target.mp4"})
    manifest = workspace.path / MANIFEST
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(facts | {"version": 99}))
    with pytest.raises(MediaError, match="got 99: a newer cvfast"):
        open_workspace(workspace.path, **place)


def test_without_consent_there_is_no_workspace(clips, tmp_path):
    with pytest.raises(ValueError, match="consent"):
        open_workspace(
            tmp_path / "work", source=clips / "source.mp4", target=clips / "target.mp4",
            consent=False,
        )  # fmt: skip
    assert not (tmp_path / "work").exists()


def test_an_output_of_somebody_else_is_refused_before_any_work(again):
    workspace, plan = again
    plan.output.write_bytes(b"a film")
    shutil.rmtree(workspace.steps / "encode", ignore_errors=True)
    with pytest.raises(OutputExistsError, match=r"out\.mp4"):
        refuse_output(workspace, plan)
    refuse_output(workspace, replace(plan, overwrite=True))


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_clip_without_a_face_is_named(side, clips, tmp_path):
    given = {"source": clips / "source.mp4", "target": clips / "target.mp4"}
    given[side] = clip(tmp_path / "empty.mp4", 3, blank=range(FRAMES))
    workspace = open_workspace(tmp_path / "work", **given, consent=True)
    with pytest.raises(NothingFoundError, match=r"empty\.mp4: no face in 8 frames"):
        go(workspace, RunPlan(iterations=1, options=OPTIONS))


def test_a_target_frame_without_a_face_stays_and_few_source_faces_are_said(clips, tmp_path):
    target = clip(tmp_path / "gap.mp4", 13, blank=(4, 5))
    workspace = open_workspace(
        tmp_path / "work", source=clips / "source.mp4", target=target, consent=True
    )
    plan = RunPlan(iterations=1, options=OPTIONS, mask=False, threads=1)
    first, *others = swap_steps(workspace, plan)
    said = [first.run(None)]
    for path in face_files(workspace.faces("source"))[5:]:
        path.unlink()
    said += [step.run(None) for step in others]
    warnings = " ".join(line for done in said for line in done.warnings)
    assert "source: 5 faces are too few to learn a face from: expect a blurred mix" in warnings
    assert "target: 2 of 8 frames show no face, the first: 4, 5" in warnings
    merging = next(done for done in said if "swapped" in done.facts)
    assert merging.facts == {"frames": 8, "swapped": 6}
    pairs = zip(read_frames(workspace.result), read_frames(target), strict=True)
    away = [np.abs(a.rgb().astype(int) - b.rgb())[:90].mean() for a, b in pairs]
    assert max(away[4:6]) < 1 < min(away[:4])  # its label is in the corner below


def test_two_people_at_a_time_are_asked_about_and_one_can_be_chosen(clips, tmp_path):
    two = clip(tmp_path / "two.mp4", 13, 19, size=(256, 120))
    workspace = open_workspace(
        tmp_path / "work", source=clips / "source.mp4", target=two, consent=True
    )
    plan = RunPlan(iterations=1, options=OPTIONS)
    source, target = swap_steps(workspace, plan)[:2]
    source.run(None)
    with pytest.raises(MediaError, match=r"several people at a time .*--target-person 0"):
        target.run(None)
    chosen = swap_steps(workspace, replace(plan, target_person=(1,)))[1].run(None)
    assert chosen.facts["faces"] == FRAMES
    assert any("set aside" in line for line in chosen.warnings)
    assert {path.stem[-1] for path in face_files(workspace.faces("target"))} == {"1"}
