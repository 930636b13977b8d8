"""Is the swapped face the source's, and does it do what the target's does?

    python -m benchmarks.swap_people WORKSPACE [--result F] [--output F.json] [--plot F.png]
                                     [--sheet F.jpg]

Faces are looked for anew in both clips and in the result, by cvfast's detector and face mesh;
dlib's recognition network tells how far each swapped face is from the middle of the source's faces
and from that of the target's. Landmarks of the swapped face are compared with those of the target's
face in the same frame, in shares of the face's size (the root of its box's area): as they are, and
as `expression_off` without what is the same in all frames, which is that two people's eyes, nose
and mouth sit differently. Exit code 1 where less than 90 % of the frames are nearer to the source,
or landmarks as they are are off by more than 4 % on the average.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.errors import NothingFoundError
from cvfast.faces.detectors import detect
from cvfast.faces.embedders import open_embedder
from cvfast.faces.embedding import Embedder
from cvfast.faces.fitting import landmarks
from cvfast.faces.types import Landmarks
from cvfast.io.video import read_frames
from cvfast.swap.face_types import MEAN_FACE
from cvfast.swap.workspace import Workspace
from cvfast.typing import ImageU8
from numpy.typing import NDArray

from benchmarks.program import write

NEARER, OFF = 0.9, 0.04  # asked: share of frames, shares of a face's size
MOST = 100  # faces of the source and of the target that make their middles
GROUPS = {"all 68": range(68), "inner 51": range(17, 68), "mouth": range(48, 68)}


def main(words: list[str] | None = None) -> int:
    given = _options(words)
    workspace = Workspace.open(given.workspace)
    embedder = open_embedder("dlib")
    source = _middle(embedder, workspace.clip("source"))
    target = _middle(embedder, workspace.clip("target"))
    result = given.result or workspace.result
    frames = list(_frames(embedder, workspace.clip("target"), result, source, target))
    facts = _facts(embedder, frames, source, target)
    for name, value in facts.items():
        print(f"{name:42} {value}")
    for frame in frames:
        frame.pop("points", None)
    write({**facts, "frames": frames}, given.output)
    if given.plot:
        _plot(frames, given.plot)
    if given.sheet:
        _sheet(workspace, result, given.sheet)
    good = facts["nearer_to_source"] >= NEARER and facts["landmarks_off"]["inner 51"] <= OFF
    return int(not good)


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_people",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--result", type=Path, help="another clip than the workspace's result.mp4")
    parser.add_argument("--output", type=Path, help="a JSON file to write")
    parser.add_argument("--plot", type=Path, help="a PNG to draw")
    parser.add_argument("--sheet", type=Path, help="a JPEG of six frames: target and result")
    return parser.parse_args(words)


def _face(image: ImageU8, near: Landmarks | None = None) -> Landmarks | None:
    """Return the largest face, or the one nearest to another."""
    found = detect(image)
    marks = landmarks(image, faces=found if near is not None else found.largest())
    if not marks:
        return None
    if near is None:
        return marks[0]
    middle = near.points[:, :2].mean(axis=0)
    return min(marks, key=lambda mark: float(np.hypot(*(mark.points[:, :2].mean(axis=0) - middle))))


def _middle(embedder: Embedder, clip: Path) -> NDArray[np.float32]:
    """Return the mean embedding of a clip's faces, at most `MOST` spread over it."""
    count = sum(1 for _ in read_frames(clip))
    every = max(1, count // MOST)
    vectors = []
    for number, frame in enumerate(read_frames(clip)):
        if number % every == 0:
            image = frame.rgb()
            face = _face(image)
            if face is not None:
                vectors.append(embedder.embed(image, [face])[0])
    if not vectors:
        raise NothingFoundError(f"{clip}: no face in it")
    return np.asarray(np.mean(vectors, axis=0)[None], np.float32)


def _frames(
    embedder: Embedder,
    target_clip: Path,
    result: Path,
    source: NDArray[np.float32],
    target: NDArray[np.float32],
) -> Iterator[dict[str, Any]]:
    """Yield what each frame with a face in the target comes to."""
    pairs = zip_longest(read_frames(target_clip), read_frames(result))
    for number, (before, after) in enumerate(pairs):
        if before is None or after is None:
            raise SystemExit(f"{result}: expected as many frames as {target_clip} has")
        was = _face(before.rgb())
        if was is None:
            continue
        image = after.rgb()
        now = _face(image, near=was)
        if now is None:
            yield {"frame": number, "found": False}
            continue
        vector = embedder.embed(image, [now])
        yield {
            "frame": number,
            "found": True,
            "to_source": round(float(embedder.distances(vector, source)[0, 0]), 4),
            "to_target": round(float(embedder.distances(vector, target)[0, 0]), 4),
            "off": _off(now, was),
            "points": (_points(now), _points(was)),
        }


def _points(mark: Landmarks) -> NDArray[np.float64]:
    return np.asarray(mark.to("dlib68").points[:, :2], np.float64)


def _off(now: Landmarks, was: Landmarks) -> dict[str, float]:
    """Return how far apart landmarks are, in shares of the face's size."""
    a, b = _points(now), _points(was)
    size = float(np.sqrt(np.prod(np.ptp(b, axis=0))))
    apart = np.sqrt(((a - b) ** 2).sum(axis=1)) / size
    return {name: round(float(apart[list(part)].mean()), 4) for name, part in GROUPS.items()}


def _expression_off(frames: list[dict[str, Any]]) -> dict[str, float]:
    """Return how far landmarks are apart without what is the same in all frames.

    Both faces of a frame are laid, by the one similarity that brings the target's landmarks to the
    mean face, into one place; there the mean difference over the clip is taken off.
    """
    apart = []
    for frame in frames:
        now, was = (points @ (1, 1j) for points in frame["points"])  # as complex numbers
        size = np.sqrt(np.ptp(was.real) * np.ptp(was.imag))
        inner, mean = was[17:] - was[17:].mean(), MEAN_FACE @ (1, 1j)
        turn = np.vdot(inner, mean - mean.mean())
        apart.append((now - was) * turn / abs(turn) / size)
    each = np.abs(np.array(apart) - np.mean(apart, axis=0))
    return {name: round(float(each[:, list(part)].mean()), 4) for name, part in GROUPS.items()}


def _facts(
    embedder: Embedder,
    frames: list[dict[str, Any]],
    source: NDArray[np.float32],
    target: NDArray[np.float32],
) -> dict[str, Any]:
    found = [frame for frame in frames if frame["found"]]
    if not found:
        raise SystemExit("no face in the result")
    nearer = sum(frame["to_source"] < frame["to_target"] for frame in found)
    means = {
        key: round(float(np.mean([frame[key] for frame in found])), 3)
        for key in ("to_source", "to_target")
    }
    off = {
        name: round(float(np.mean([frame["off"][name] for frame in found])), 4) for name in GROUPS
    }
    within = np.mean([frame["off"]["inner 51"] <= OFF for frame in found])
    return {
        "frames_with_a_face": len(frames),
        "found_in_result": len(found),
        "nearer_to_source": round(nearer / len(frames), 4),
        "mean_distance_to_source": means["to_source"],
        "mean_distance_to_target": means["to_target"],
        "source_to_target": round(float(embedder.distances(source, target)[0, 0]), 3),
        "landmarks_off": off,
        "expression_off": _expression_off(found),
        "frames_within_4_percent": round(float(within), 4),
    }


def _plot(frames: list[dict[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    found = [frame for frame in frames if frame["found"]]
    at = [frame["frame"] for frame in found]
    figure = Figure(figsize=(8, 5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.plot(at, [frame["to_source"] for frame in found], label="to the source's middle")
    above.plot(at, [frame["to_target"] for frame in found], label="to the target's middle")
    above.set_ylabel("dlib distance")
    for name in ("inner 51", "mouth"):
        below.plot(at, [100 * frame["off"][name] for frame in found], label=name)
    below.axhline(100 * OFF, color="grey", linewidth=0.8)
    below.set(xlabel="frame", ylabel="landmarks off, % of face", ylim=(0, None))
    for axes in (above, below):
        axes.legend(frameon=False, loc="best")
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)


def _sheet(workspace: Workspace, result: Path, path: Path, *, columns: int = 6) -> None:
    """Draw some frames of the target above those of the result."""
    from PIL import Image

    count = sum(1 for _ in read_frames(result))
    wanted = {round(at) for at in np.linspace(0, count - 1, columns)}
    rows = [
        np.concatenate(
            [frame.rgb() for number, frame in enumerate(read_frames(clip)) if number in wanted],
            axis=1,
        )
        for clip in (workspace.clip("target"), result)
    ]
    sheet = Image.fromarray(np.concatenate(rows))
    width = 320 * columns
    sheet.resize((width, round(sheet.height * width / sheet.width)), Image.Resampling.LANCZOS).save(
        path, quality=88
    )


if __name__ == "__main__":
    sys.exit(main())
