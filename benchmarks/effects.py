"""Big eyes, eye colour and smooth skin on a decoded frame, against NumPy + cv2 in windows.

  python -m benchmarks.effects               a minute; writes results/effects.json
  python -m benchmarks.effects --quick       seconds; writes nothing

One thread, landmarks known. Ours changes the decoder's planes; the peer (`benchmarks/windowed.py`)
an RGB array, and what the way from the planes and back costs it is a row's second peer. Before each
call, outside the clock, the frame is copied back from what was decoded.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
from cvfast.effects.options import Effects, RetouchOptions
from cvfast.effects.subject import Subject
from cvfast.effects.video import FrameRetoucher
from cvfast.io.frame import Frame
from numpy.typing import NDArray

from benchmarks import windowed
from benchmarks.case import Case, Target
from benchmarks.machine import limit_threads
from benchmarks.program import decoded, judged, made_clip, run

__all__ = ["Fresh", "converted", "drawn", "painted"]

Picture = NDArray[np.uint8]
PEER, CONVERTED = "NumPy + cv2", "NumPy + cv2, from planes and back"
STRENGTH, SKIN, HUE = 0.4, 0.6, 60
EFFECTS: dict[str, tuple[Effects, Callable[..., None]]] = {
    "big eyes": ({"big_eyes": STRENGTH}, partial(windowed.eyes, strength=0.6 * STRENGTH)),
    "eye colour": ({"eye_color": "green"}, partial(windowed.iris, hue=HUE)),
    "smooth skin": ({"smooth_skin": SKIN}, partial(windowed.skin, strength=SKIN)),
}
TOGETHER = "the three together"
AT_LEAST = 4.0  # asked of the three together


def main() -> int:
    return run("effects", __doc__, _rows)


def _rows(quick: bool) -> Iterator[dict[str, Any]]:
    with limit_threads(1):
        for name, face in (("A", 200), ("B", 400)):
            path, _ = made_clip(face=face, frames=12 if quick else 300)
            frame = decoded(path, 8)[-1]
            (subject,) = FrameRetoucher(RetouchOptions(big_eyes=STRENGTH)).find(frame)
            for case in _cases(name, frame, subject):
                yield judged(case, quick, budget=3)


def _cases(clip: str, frame: Frame, subject: Subject) -> Iterator[Case]:
    for name in [*EFFECTS, TOGETHER]:
        parts = [EFFECTS[name]] if name in EFFECTS else list(EFFECTS.values())
        wanted: Any = {key: value for ours, _ in parts for key, value in ours.items()}
        # In our order: colours first, on the face as it came, then the shapes.
        theirs = [partial(call, face=subject.landmarks) for _, call in reversed(parts)]
        runs = {
            "cvfast": drawn(frame, subject, RetouchOptions(**wanted)),
            PEER: painted(frame, theirs),
            CONVERTED: converted(frame, theirs),
        }
        targets = tuple(Target(peer, AT_LEAST) for peer in runs if peer != "cvfast")
        asked = targets if name == TOGETHER else ()
        yield Case("effects", f"clip {clip}, {name}", runs, _Agree(frame, subject), asked)


class Fresh:
    """A change of arrays, timed each time on the arrays as they were."""

    def __init__(
        self, change: Callable[[], Any], arrays: Sequence[Picture], show: Callable[[], Picture]
    ) -> None:
        self._change, self._arrays, self._show = change, arrays, show
        self._before = [array.copy() for array in arrays]

    def __call__(self) -> Picture:
        """Return the changed picture, RGB, and leave the arrays as they were."""
        self._change()
        picture = self._show().copy()
        self._restore()
        return picture

    def time_ns(self, repeats: int) -> int:
        spent = 0
        for _ in range(repeats):
            self._restore()
            start = time.perf_counter_ns()
            self._change()
            spent += time.perf_counter_ns() - start
        self._restore()
        return spent

    def _restore(self) -> None:
        for array, before in zip(self._arrays, self._before, strict=True):
            np.copyto(array, before)


def drawn(frame: Frame, subject: Subject, options: RetouchOptions) -> Fresh:
    """Ours, on the frame's planes."""
    retoucher = FrameRetoucher(options)
    return Fresh(lambda: retoucher.draw(frame, [subject]), frame.planes, frame.rgb)


def painted(frame: Frame, calls: Sequence[Callable[[Picture], None]]) -> Fresh:
    """The peer, on an RGB array."""
    picture = frame.rgb()

    def change() -> None:
        for call in calls:
            call(picture)

    return Fresh(change, [picture], lambda: picture)


def converted(frame: Frame, calls: Sequence[Callable[[Picture], None]]) -> Fresh:
    """The peer with a trip of the whole frame from its planes to RGB and back."""
    packed = np.concatenate([plane.ravel() for plane in frame.planes])
    packed = packed.reshape(-1, frame.width)  # as cv2 takes 4:2:0

    def change() -> None:
        picture = cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420)
        for call in calls:
            call(picture)
        packed[...] = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)

    return Fresh(change, [packed], lambda: cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420))


class _Agree:
    """Both change the face and leave the rest: how much of the face's box differs by over 2."""

    def __init__(self, frame: Frame, subject: Subject) -> None:
        self._before = frame.rgb()
        points = subject.landmarks.points[:, :2]
        self._size = float(np.prod(np.ptp(points, axis=0)))
        low, high = points.min(axis=0), points.max(axis=0)
        margin = 0.25 * float(np.ptp(points[:, 0]))
        self._x, self._y = (
            slice(max(0, int(a - margin)), int(b + margin)) for a, b in zip(low, high, strict=True)
        )

    def __call__(self, outputs: Mapping[str, Any]) -> str:
        told = []
        for name in ("cvfast", PEER):
            changed = np.abs(outputs[name].astype(np.int16) - self._before).max(axis=2) > 2
            inside = int(changed[self._y, self._x].sum())
            assert inside, f"{name} changed nothing"
            outside = int(changed.sum()) - inside
            assert outside == 0, f"{name} changed {outside} pixels away from the face"
            told.append(f"{name} changes {inside / self._size:.1%} of the face's box")
        return ", ".join(told)


if __name__ == "__main__":
    sys.exit(main())
