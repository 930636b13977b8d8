"""Eigenfaces against OpenCV's, cv2.face, which is called once: at 2000 faces it takes minutes.

  python -m benchmarks.eigenfaces_opencv      21 minutes on a busy machine; writes results
  python -m benchmarks.eigenfaces_opencv --quick     nothing to do: the golden tests compare answers

The faces of `benchmarks.eigenfaces`. cv2.face lives in the virtual environment `contrib`, a folder
of CVFAST_BENCH_VENVS. One thread.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from cvfast import Eigenfaces

from benchmarks.case import Case, Run, Target
from benchmarks.eigenfaces import COMPONENTS, LARGE, QUERIES, SMALL, People
from benchmarks.machine import limit_threads
from benchmarks.peer import ChildPeer
from benchmarks.program import judged, run

OPENCV = "cv2.face"
LEAST = {SMALL: 40.0, LARGE: 300.0}


def main() -> int:
    return run("eigenfaces_opencv", __doc__, _rows)


def _rows(quick: bool) -> Iterator[dict[str, Any]]:
    for shape in () if quick else (SMALL, LARGE):
        with limit_threads(1):
            yield judged(_opencv_case(People(*shape)), quick, 1)


class _Once:
    """A peer too slow to be called twice: what it said and how long it took are kept."""

    def __init__(self, peer: ChildPeer) -> None:
        self._peer, self._output, self._spent = peer, None, 0

    def __call__(self) -> Any:
        if not self._spent:
            self._peer._ready()  # the arrays are there before the clock starts
            start = time.perf_counter_ns()
            self._output = self._peer()
            self._spent = time.perf_counter_ns() - start
            self._peer.close()
        return self._output

    def time_ns(self, repeats: int) -> int:
        return self._spent * repeats


def _opencv_case(people: People) -> Case:
    side = round(people.size[1] ** 0.5)
    faces, queries = people.faces, people.queries
    peer = ChildPeer(
        "contrib", "eigenfaces", faces=faces.reshape(-1, side, side), components=COMPONENTS,
        labels=people.labels.astype(np.int32), queries=queries.reshape(-1, side, side),
    )  # fmt: skip
    runs: dict[str, Run] = {
        "cvfast": lambda: Eigenfaces(COMPONENTS).fit(faces, people.labels).predict(queries),
        OPENCV: _Once(peer),
    }

    def agree(outputs: Mapping[str, Any]) -> str:
        if OPENCV not in outputs:
            return "not there"
        same = float(np.mean(outputs[OPENCV] == outputs["cvfast"]))
        assert same == 1, f"{same:.0%} of the predictions are the same"
        return f"the same {QUERIES} predictions; OpenCV's time is that of one call"

    name = f"fit and predict uint8, {people.name}, {COMPONENTS} components, against OpenCV"
    least = LEAST[people.size]
    return Case("eigenfaces", name, runs, agree, (Target(OPENCV, least),))


if __name__ == "__main__":
    sys.exit(main())
