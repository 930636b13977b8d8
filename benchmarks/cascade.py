"""All windows of a boosted cascade, against OpenCV contrib's CascadeClassifier.

  python -m benchmarks.cascade              about two minutes; writes results/cascade.json
  python -m benchmarks.cascade --quick      seconds; writes nothing

The bundled frontal-face cascade on the enlarged astronaut, scale factor 1.1, no least size,
minNeighbors 0: on one thread each (asked: 3 times as fast as OpenCV), then on two (asked: 1.7 times
as fast as on one). The windows must be the same. OpenCV's contrib wheel lives in an environment of
its own: `python -m benchmarks --make-venvs`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from cvfast.kernels.cascade import CascadeKernel, luma_of
from cvfast.models.cascade_file import read_cascade
from cvfast.models.registry import model_path

from benchmarks.case import Case, Target
from benchmarks.machine import limit_threads
from benchmarks.peer import ChildPeer
from benchmarks.program import judged, run

PEER, ALONE = "OpenCV contrib 4.14", "cvfast, one thread"
SIZES = {"640x480": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080)}


def main() -> int:
    return run("cascade", __doc__, _rows)


def _rows(quick: bool) -> Iterator[dict[str, Any]]:
    kernel = CascadeKernel(read_cascade(model_path("cascade_frontal")))
    sizes = ["640x480"] if quick else list(SIZES)
    for threads in (1, 2):
        with limit_threads(threads):
            for name in sizes:
                case = _case(kernel, name, threads)
                yield judged(case, quick, threads, budget=10, slow_ns=10**10)


def _case(kernel: CascadeKernel, name: str, threads: int) -> Case:
    grey = _picture(*SIZES[name])
    runs = {
        "cvfast": partial(kernel.windows, grey),
        PEER: ChildPeer("contrib", "cascade", grey=grey, path=str(model_path("cascade_frontal"))),
    }
    targets = [Target(PEER, 3.0)]
    if threads > 1:
        runs[ALONE] = partial(kernel.windows, grey, threads=1)
        targets.append(Target(ALONE, 1.7))
    return Case("cascade", f"windows in {name}", runs, _agree, tuple(targets))


def _picture(width: int, height: int) -> np.ndarray:
    """Return the astronaut, enlarged to cover the size."""
    from PIL import Image
    from skimage import data

    scale = max(width, height) / 512
    side = round(512 * scale)
    rgb = np.asarray(
        Image.fromarray(data.astronaut()).resize((side, side), Image.Resampling.BICUBIC)
    )
    return np.ascontiguousarray(luma_of(rgb)[:height, :width])


def _agree(outputs: Mapping[str, Any]) -> str:
    ours = {tuple(box) for box in outputs["cvfast"].boxes.tolist()}
    if PEER not in outputs:
        return f"{len(ours)} windows"
    theirs = {tuple(box) for box in outputs[PEER].tolist()}
    both = len(ours & theirs)
    assert both >= 0.999 * len(ours | theirs), f"{both} windows of {len(ours)} and {len(theirs)}"
    return f"{both} windows of ours ({len(ours)}) and OpenCV's ({len(theirs)}) are the same"


if __name__ == "__main__":
    sys.exit(main())
