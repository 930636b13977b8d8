"""A clip retouched, against the same decoding and encoding with no effect.

  python -m benchmarks.pipeline              about seven minutes; writes results/pipeline.json
  python -m benchmarks.pipeline --quick      seconds; writes nothing

A 1080p clip of 300 frames in which one face moves; both cores for both sides, the same settings,
the same pipeline: "no effect" is `transcode` with an edit that leaves every frame as it is. Twenty
rounds in turns, a pass each: the whole clip with x264's veryfast, its first 100 frames with medium.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from cvfast.effects.options import Effects
from cvfast.effects.video import RetouchSummary, retouch_video
from cvfast.io.video import VideoSummary, transcode

from benchmarks.case import Case, Limit
from benchmarks.program import made_clip, run
from benchmarks.report import judge, measured

NOTHING = "no effect"
EYES: Effects = {"big_eyes": 0.4, "eye_color": "green"}
EVERYTHING: Effects = EYES | {
    "smooth_skin": 0.6,
    "blush": 0.3,
    "lip_color": "red",
    "white_teeth": 0.5,
    "white_eyes": 0.5,
    "slim_face": 0.3,
    "small_nose": 0.3,
    "big_mouth": 0.2,
}
EYES_NAME = "big eyes + eye colour"
FRAMES, RATE = 300, 30
# Of the clip, by x264's preset: medium takes four times as long, and what starts a pass (loading
# the models) is a hundredth of its first 100 frames too.
PASS = {"veryfast": FRAMES, "medium": 100}
# By the effects' names: at most so many times "no effect", and the stretch.
ASKED = {
    "veryfast": {EYES_NAME: (EYES, 1.25, 1.15), "everything": (EVERYTHING, 1.6, None)},
    "medium": {EYES_NAME: (EYES, 1.10, 1.05)},
}
THREADS = 2


def main() -> int:
    if hasattr(os, "sched_setaffinity"):  # on a larger machine too
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    return run("pipeline", __doc__, _rows)


def _rows(quick: bool) -> Iterator[dict[str, Any]]:
    path, _ = made_clip(frames=10 if quick else FRAMES, rate=RATE)
    rounds = {"at_least": 2} if quick else {}
    with tempfile.TemporaryDirectory() as folder:
        for preset, wanted in ASKED.items():
            case = _case(path, Path(folder), preset, 10 if quick else PASS[preset])
            row = measured(case, THREADS, budget=0, slow_ns=1e12, **rounds)
            for name, (_, most, stretch) in wanted.items():
                times = {"cvfast": row["times"][_key(name)], NOTHING: row["times"][NOTHING]}
                part = row | {"case": f"{name}, {preset}", "times": times, "limits": [NOTHING]}
                asked = replace(case, limits=(Limit(NOTHING, most, stretch),))
                judge(part, asked, None if quick else 1.0)
                yield part


def _case(source: Path, folder: Path, preset: str, frames: int) -> Case:
    """Return everyone that takes turns with one preset."""
    settings: Any = {"preset": preset, "threads": THREADS, "overwrite": True}
    settings["end"] = frames / RATE
    runs: dict[str, Any] = {
        _key(name): partial(retouch_video, source, folder / f"{name}.mp4", **settings, **effects)
        for name, (effects, _, _) in ASKED[preset].items()
    }
    runs[NOTHING] = partial(_plain, source, folder / "plain.mp4", settings)
    return Case("pipeline", preset, runs, partial(_agree, frames), per=frames)


def _key(name: str) -> str:
    return "cvfast" if name == EYES_NAME else name


def _plain(source: Path, target: Path, settings: Any) -> VideoSummary:
    return transcode(source, target, lambda frame: False, **settings)


def _agree(frames: int, outputs: Mapping[str, Any]) -> str:
    """Everyone writes every frame, and ours retouches the face in each."""
    plain: VideoSummary = outputs[NOTHING]
    assert plain.frames == frames, f"written: {plain.frames} frames, expected {frames}"
    told = []
    for name, summary in outputs.items():
        if isinstance(summary, RetouchSummary):
            video = summary.video
            done = video.frames, video.changed
            assert done == (frames, frames), f"{name}: (written, changed) {done} of {frames}"
            size = video.path.stat().st_size / plain.path.stat().st_size
            told.append(f"{name} retouches all {frames} frames, {size:.3f} times the bytes")
    return "; ".join(told)


if __name__ == "__main__":
    sys.exit(main())
