"""Try-on in clips: times, sound, a steady garment, frames without a person, parts of a run."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from cvfast.cli.app import main
from cvfast.errors import NothingFoundError
from cvfast.io.images import write_image
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames
from cvfast.runs.crew import alone
from cvfast.runs.execute import execute
from cvfast.runs.folder import open_run
from cvfast.runs.work import do_unit
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.people import make_person, random_person
from cvfast.synth.skeleton import Stance
from cvfast.tryon.video import try_on_video
from cvfast.tryon.video_run import ClipJob, plan_clip

RED = (205, 30, 45)
TIMES = (0, 40, 80, 130, 160, 200)  # milliseconds
SIZE = (120, 160)


@pytest.fixture(scope="module")
def person():
    spec = replace(random_person(2), stance=Stance(), hair=0.0, shift=0.0)
    return make_person(spec, size=(128, 160))


@pytest.fixture(scope="module")
def shirt():
    spec = replace(random_garment(5, "tee"), pattern="plain", logo="none", colors=(RED,) * 3)
    return make_garment(spec, size=(168, 224)).image


def moving(person, count):
    """The person drifting by a pixel a frame."""
    return [person.image[:, x : x + SIZE[0]] for x in range(count)]


def write_clip(path, pictures, *, codec="ffv1", fmt="yuv444p", audio=False):
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=25)
        context = video.codec_context
        context.height, context.width = pictures[0].shape[:2]
        context.pix_fmt = fmt
        context.time_base = video.time_base = Fraction(1, 1000)
        context.thread_count = 1
        if codec == "libx264":
            context.options = {"crf": "10", "preset": "veryfast"}
        sound = out.add_stream("aac", rate=48000) if audio else None
        for pts, picture in zip(TIMES, pictures, strict=False):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame = frame.reformat(format=fmt)
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound is not None:
            for start in range(0, 9600, 1024):
                tone = np.sin(np.arange(start, start + 1024) / 20)[None].astype(np.float32)
                block = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                block.sample_rate, block.pts, block.time_base = 48000, start, Fraction(1, 48000)
                out.mux(sound.encode(block))
            out.mux(sound.encode(None))
    return path


def pictures_of(path):
    return np.stack([frame.rgb() for frame in read_frames(path)])


def times(path):
    return [frame.seconds for frame in read_frames(path)]


def sound_of(path):
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


def share_red(picture, where):
    """Part of some pixels that have the shirt's hue."""
    red, green, blue = np.moveaxis(picture.astype(int), -1, 0)
    return float(((red > 2 * green) & (red > 2 * blue))[where].mean())


def test_times_sound_and_the_garment_in_every_frame_with_a_person(person, shirt, tmp_path):
    scenes = moving(person, 6)
    scenes[3] = np.full_like(scenes[3], 90)  # nobody, between two cuts
    source = write_clip(tmp_path / "me.mp4", scenes, codec="libx264", fmt="yuv420p", audio=True)
    seen = []
    target = tmp_path / "new.mp4"
    done = try_on_video(source, target, shirt, progress=lambda *told: seen.append(told))
    assert times(target) == times(source)
    assert sound_of(target) == sound_of(source)
    assert (done.video.frames, done.dressed, done.without_person, done.scenes) == (6, 5, 1, 2)
    assert seen[-1][0] == 6
    assert read_provenance(target).source_type == "compositeCapture"
    for number, picture in enumerate(pictures_of(target)):
        trunk = cv2.erode((person.labels == 5).astype(np.uint8), np.ones((9, 9))) > 0
        worn = share_red(picture, trunk[:, number : number + SIZE[0]])
        assert worn == 0 if number == 3 else worn > 0.95


def test_a_still_person_wears_it_steadily_and_the_rest_stays(person, shirt, tmp_path):
    """The camera's noise neither shakes the cloth nor makes its light flicker."""
    still = person.image[:, : SIZE[0]]
    rng = np.random.default_rng(0)
    noisy = [
        np.clip(still + rng.normal(0, 3, still.shape), 0, 255).round().astype(np.uint8)
        for _ in range(5)
    ]
    source, target = write_clip(tmp_path / "me.mkv", noisy), tmp_path / "new.mkv"
    try_on_video(source, target, shirt, codec="ffv1")
    before, after = pictures_of(source).astype(float), pictures_of(target).astype(float)
    worn = np.array([share_red(after[:, y, x], slice(None)) == 1 for y, x in np.ndindex(160, 120)])
    worn = worn.reshape(160, 120)
    assert worn.sum() > 1000
    own, new = (
        np.abs(np.diff(clip, axis=0))[:, worn].mean(axis=(1, 2)) for clip in (before, after)
    )
    assert (new < 1.2 * own).all()
    light = after[:, worn].mean(axis=(1, 2))
    assert np.abs(np.diff(light)).max() < 0.5
    near = cv2.dilate((person.labels > 0).astype(np.uint8), np.ones((25, 25))) > 0
    planes = [
        np.stack([np.stack(frame.planes) for frame in read_frames(path)])
        for path in (source, target)
    ]
    assert (planes[0] == planes[1])[..., ~near[:, : SIZE[0]]].all()


def test_nobody_in_a_clip(shirt, tmp_path):
    blank = [np.full((160, 120, 3), 90, np.uint8)] * 2
    source, target = write_clip(tmp_path / "none.mkv", blank), tmp_path / "new.mkv"
    with pytest.raises(NothingFoundError, match="no person found in any"):
        try_on_video(source, target, shirt)
    write_image(tmp_path / "shirt.png", shirt)
    told = ["tryon", str(source), str(tmp_path / "shirt.png"), "-o", str(target)]
    assert main(told) == NothingFoundError.exit_code
    assert main([*told, "--layers", str(tmp_path / "steps")]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none.mkv", "shirt.png"]


def test_parts_of_a_stopped_run_are_gone_on_with(person, shirt, tmp_path):
    source = write_clip(tmp_path / "me.mkv", moving(person, 4))
    write_image(tmp_path / "shirt.png", shirt)
    results = []
    for number in range(2):
        job = ClipJob(
            source=source,
            garment=tmp_path / "shirt.png",
            target=tmp_path / f"new{number}.mkv",
            encoder={"codec": "ffv1", "threads": 1},
        )
        plan = plan_clip(job, seconds=Fraction(1, 12))
        assert len(plan.units) == 3
        with open_run(tmp_path / "run", plan, resume=False) as run:
            if number:  # a killed process did one part
                do_unit(str(run.path), plan.identity, plan.units[1])
            outcome = execute(run, plan, alone())
            assert (outcome.done, outcome.before, outcome.errors) == (3 - number, number, ())
            run.remove()
        assert times(job.target) == times(source)
        results.append(pictures_of(job.target))
    assert (results[0] == results[1]).all()
