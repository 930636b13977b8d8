"""Following a face and both its irises through a clip, against MediaPipe's refined FaceMesh.

  python -m benchmarks.analysis              about two minutes; writes results/analysis.json
  python -m benchmarks.analysis --quick      seconds; writes nothing

One core for everyone. Clip A has a face of 200 px, clip B one of 400 px. Each side gets 1080p
frames as it takes them, in memory, decoded beforehand: ours the decoder's planes, MediaPipe RGB;
"from planes" is MediaPipe with the conversion that a decoder's frames need. The frames are played
forwards and backwards. Before that each follows the whole clip, which says in how many frames a
face was found. MediaPipe lives in an environment of its own: `python -m benchmarks --make-venvs`.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.effects.options import RetouchOptions
from cvfast.effects.video import FrameRetoucher
from cvfast.io.frame import Frame
from cvfast.io.video import read_frames

from benchmarks.case import Case, Target
from benchmarks.machine import limit_threads
from benchmarks.peer import ChildPeer
from benchmarks.program import decoded, hold_to_one_core, judged, made_clip, run

__all__ = ["Following"]

KEPT = 60  # frames played to and fro: 190 MB of planes, far more than any cache holds
MOST_MS = 2.0
PLAIN, CONVERTED = "MediaPipe 0.10.21", "MediaPipe 0.10.21, from planes"


def main() -> int:
    hold_to_one_core()
    return run("analysis", __doc__, _rows)


def _rows(quick: bool) -> Iterator[dict[str, Any]]:
    with limit_threads(1):
        for name, path in _clips(quick):
            case = _case(name, path, 6 if quick else KEPT)
            yield judged(case, quick, budget=15, slow_ns=10**10)


def _clips(quick: bool) -> Iterator[tuple[str, Path]]:
    for name, face in (("A", 200), ("B", 400)):
        yield name, made_clip(face=face, frames=12 if quick else 300)[0]


def _case(name: str, path: Path, kept: int) -> Case:
    inputs = {"clip": str(path), "kept": kept}
    runs = {
        "cvfast": Following(decoded(path, kept)),
        PLAIN: ChildPeer("mediapipe", "face_mesh", **inputs, planes=False),
        CONVERTED: ChildPeer("mediapipe", "face_mesh", **inputs, planes=True),
    }
    targets = (Target(PLAIN, 1.0), Target(CONVERTED, 1.0))
    about = f"a 1080p frame, clip {name}"
    return Case("analysis", about, runs, _Agree(path), targets, per=kept, most_ms=MOST_MS)


class Following:
    """Our side: follows the faces through frames played forwards, then backwards, and so on."""

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames
        self._ticks = itertools.count(0, frames[1].pts - frames[0].pts)  # type: ignore[operator]
        self._retoucher = FrameRetoucher(RetouchOptions(big_eyes=0.4))

    def __call__(self) -> int:
        found = 0
        for frame in self._frames:
            frame.pts = next(self._ticks)
            found += bool(self._retoucher.find(frame))
        self._frames.reverse()
        return found


class _Agree:
    """Everyone follows the whole clip: in how many frames was a face found?"""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, outputs: Mapping[str, Any]) -> str:
        retoucher = FrameRetoucher(RetouchOptions(big_eyes=0.4))
        found = [bool(retoucher.find(frame)) for frame in read_frames(self._path)]
        assert all(found), f"cvfast: a face in {sum(found)} of {len(found)} frames"
        told = f"cvfast finds the face in each of {len(found)} frames"
        if PLAIN in outputs:
            peer = ChildPeer("mediapipe", "followed", clip=str(self._path))
            theirs = int(np.isfinite(peer()[:, 0, 0]).sum())
            peer.close()
            told += f", MediaPipe in {theirs}"
        return told


if __name__ == "__main__":
    sys.exit(main())
