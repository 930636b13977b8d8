"""How far from the front a turned face is after `frontalise`, by the face mesh; and its time.

  python -m benchmarks.frontal            three minutes; writes results/frontal.json and
                                          docs/images/frontal.jpg
  python -m benchmarks.frontal --quick    seconds; writes nothing

Made faces of 256 pixels, a person each, turned to both sides in turns. The mesh finds the landmarks
and looks again at what comes out. Asked: within 8 degrees of the front from 45 degrees.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import numpy as np
from cvfast import landmarks
from cvfast.faces.types import Landmarks
from cvfast.io.image_writer import write_image
from cvfast.io.provenance import Mark
from cvfast.recognition.frontal import frontalise
from cvfast.synth.faces import make_face
from cvfast.typing import ImageU8

from benchmarks.machine import describe, limit_threads
from benchmarks.program import RESULTS, ROOT, write
from benchmarks.timing import measure

MOST_DEGREES, ASKED_AT = 8.0, 45
YAWS, SHOWN_YAWS, SHOWN_PEOPLE = (20, 45, 60), (-60, -45, -20, 0, 20, 45, 60), (3, 11)


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.frontal",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    quick = parser.parse_args().quick
    with limit_threads(1):
        rows = [turned(yaw, 2 if quick else 60) for yaw in YAWS]
        times = timed(quick)
    for row in rows:
        print(row)
    print(times)
    if not quick:
        machine = describe() | {"command": "python -m benchmarks.frontal"}
        write({"machine": machine, "rows": rows, "times": times}, RESULTS / "frontal.json")
        mark = Mark("algorithmicMedia", actions=("made=faces", "frontal"))
        path = ROOT / "docs/images/frontal.jpg"
        write_image(path, sheet(), mark=mark, overwrite=True, quality=75)
    return int(any(row["max"] > MOST_DEGREES for row in rows if row["yaw"] == ASKED_AT))


def turned(yaw: float, count: int) -> dict[str, Any]:
    """Measure `count` faces at a yaw, in degrees from the front."""
    before, after, missed = [], [], 0
    for number in range(count):
        seen = _picture(5000 + number, yaw if number % 2 else -yaw, number)
        found = landmarks(seen)
        if not found:
            missed += 1
            continue
        before.append(_degrees(found[0]))
        view = frontalise(seen, found[0]).image
        again = landmarks(np.pad(view, ((60, 60), (60, 60), (0, 0))))
        after.append(_degrees(again[0]) if again else 90.0)
    return {
        "yaw": yaw, "faces": len(after), "not_found": missed, "mean_before": _mean(before),
        "mean": _mean(after), "p95": round(float(np.percentile(after, 95)), 2) if after else 0.0,
        "max": round(max(after, default=0.0), 2),
    }  # fmt: skip


def timed(quick: bool) -> Mapping[str, float]:
    """Milliseconds a face at 152 pixels, one thread."""
    runs = {}
    for name, size, yaw in (("straight", 256, 0.0), ("turned", 256, 0.7), ("large", 1024, 0.7)):
        made = make_face(3, seed=1, size=size, pose=(yaw, 0, 0), occlusion="none")
        marks = Landmarks(made.points478, "mesh478", 1.0, made.box)
        runs[name] = lambda image=made.image, marks=marks: frontalise(image, marks)
    found = measure(runs, budget=0.1 if quick else 4.0)
    return {name: round(timing.min_ms, 2) for name, timing in found.items()}


def sheet() -> ImageU8:
    """Faces at several yaws, and under each its frontal view."""
    rows = []
    for person in SHOWN_PEOPLE:
        pictures = [_picture(person, yaw, 1) for yaw in SHOWN_YAWS]
        rows.append(np.hstack([_small(picture) for picture in pictures]))
        rows.append(np.hstack([_view(picture) for picture in pictures]))
    return np.vstack(rows)


def _picture(person: int, yaw: float, seed: int) -> ImageU8:
    return make_face(
        person, seed=seed, size=256, pose=(float(np.radians(yaw)), 0, 0), expression="neutral",
        light="soft", occlusion="none",
    ).image  # fmt: skip


def _small(picture: ImageU8) -> ImageU8:
    halves = picture[:256, :256].reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    return halves.astype(np.uint8)


def _view(picture: ImageU8) -> ImageU8:
    found = landmarks(picture)
    if not found:
        return np.zeros((128, 128, 3), np.uint8)
    return frontalise(picture, found[0], size=128).image


def _degrees(face: Landmarks) -> float:
    return abs(float(np.degrees(face.pose.yaw)))


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 2) if values else 0.0


if __name__ == "__main__":
    raise SystemExit(main())
