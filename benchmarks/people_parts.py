"""Poses and worn clothes on made people: found against exact, beside the colour-only baseline.

  python -m benchmarks.people_parts              200 people; writes results/people_parts.json
  python -m benchmarks.people_parts --quick      a few people: does it still run? Writes nothing
  python -m benchmarks.people_parts --seconds 150    ends after so long; called again it goes on
  python -m benchmarks.people_parts --sheet F.jpg    draws the worst, the middle and the best

Made people are synthetic; what is measured here is not known of photos. Their numbers are kept from
all tuning (which used numbers from 10000 on). Intersection over union of the worn top with the
exact one: with the exact pose, with the pose found in the picture (0 where nobody is found), and by
colour alone from the exact pose's chest. A pose counts as found where shoulders and hips that the
picture shows lie within half a shoulder's width of the exact ones on average.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cvfast.io.image_writer import write_image
from cvfast.people.body import Body
from cvfast.people.colour_clothes import colour_clothes
from cvfast.people.finding import FoundPerson, find_people
from cvfast.people.labels import LABEL_SETS
from cvfast.people.part_drawing import draw_parts
from cvfast.people.parts import Parts, find_parts
from cvfast.synth.people import MadePerson, make_person, random_person
from numpy.typing import NDArray

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write
from benchmarks.timing import measure

COUNT = 200
SIZE = (384, 512)
TOP = ("upper", "left_sleeve", "right_sleeve")
TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
GROUPS = {
    "hair": ("hair",),
    "face": ("face",),
    "neck": ("neck",),
    "left arm and hand": ("left_arm", "left_hand"),
    "right arm and hand": ("right_arm", "right_hand"),
    "left sleeve": ("left_sleeve",),
    "right sleeve": ("right_sleeve",),
    "trousers or skirt": ("trousers", "skirt"),
    "shoes": ("left_shoe", "right_shoe"),
}
Row = dict[str, Any]


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.people_parts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--sheet", type=Path, help="a JPEG of some people and their parts")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(words)
    count = 3 if given.quick else given.count
    target = given.output or (None if given.quick else RESULTS / "people_parts.json")
    rows = _known(target)
    started = time.monotonic()
    for seed in range(count):
        if time.monotonic() - started > given.seconds:
            break
        if all(row["seed"] != seed for row in rows):
            rows.append(judge(seed))
    rows.sort(key=lambda row: row["seed"])
    figures = summary(rows)
    for name, value in figures.items():
        print(f"{name}: {value}")
    times = _times()
    print(times)
    if given.sheet:
        draw(rows, given.sheet)
    command = f"python -m benchmarks.people_parts {' '.join(words or sys.argv[1:])}".strip()
    results = {
        "machine": {**describe(), "command": command},
        "size": SIZE,
        "people": len(rows),
        "figures": figures,
        "times": times,
        "rows": rows,
    }
    write(results, target)
    return 0


def judge(seed: int) -> Row:
    """Measure one made person."""
    made = make_person(random_person(seed), size=SIZE)
    true = mask(made.labels, TOP)
    exact = find_parts(made.image, made.pose)
    people = find_people(made.image, limit=1)
    found = find_parts(made.image, people[0]) if people else None
    row: Row = {
        "seed": seed,
        "pose": bool(people) and away(people[0], made) < 0.5,
        "true": overlap(exact.worn(), true),
        "found": 0.0 if found is None else overlap(found.worn(), true),
        "colour": overlap(colour_clothes(made.image, made.pose), true),
        "confidence": 0.0 if found is None else round(found.confidence, 3),
    }
    for name, labels in GROUPS.items():
        there = mask(made.labels, labels)
        if there.sum() > 1e-3 * there.size:
            row[name] = overlap(mask(exact.labels, labels), there)
    return row


def mask(labels: NDArray[np.uint8], names: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.isin(labels, [LABEL_SETS["cvfast"][name] for name in names])


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return round(float((a & b).sum() / max(1, (a | b).sum())), 4)


def away(person: FoundPerson, made: MadePerson) -> float:
    """Mean distance of the trunk's joints in shoulder widths."""
    unit = Body.of(made.pose).unit
    shown = [name for name in TRUNK if made.pose.has(name)]
    apart = [float(np.hypot(*(person.pose.point(n) - made.pose.point(n)))) for n in shown]
    return float(np.mean(apart)) / unit


def summary(rows: list[Row]) -> dict[str, Any]:
    def column(name: str) -> NDArray[np.float64]:
        return np.array([row[name] for row in rows if name in row], np.float64)

    figures: dict[str, Any] = {"poses found": round(float(column("pose").mean()), 4)}
    for name in ("true", "found", "colour"):
        values = column(name)
        figures[f"worn top, {name}"] = {
            "mean": round(float(values.mean()), 4),
            "median": round(float(np.median(values)), 4),
            "worst tenth": round(float(np.quantile(values, 0.1)), 4),
        }
    figures["above the baseline"] = round(float((column("found") - column("colour")).mean()), 4)
    sure = column("confidence") >= 0.8
    if sure.any():
        figures["found, confidence at least 0.8"] = {
            "share": round(float(sure.mean()), 4),
            "mean": round(float(column("found")[sure].mean()), 4),
        }
    parts = {name: column(name) for name in GROUPS}
    figures["parts with the true pose"] = {
        name: round(float(values.mean()), 4) for name, values in parts.items() if len(values)
    }
    return figures


def _known(path: Path | None) -> list[Row]:
    """Rows that an earlier call measured."""
    if path is None or not path.exists():
        return []
    rows: list[Row] = json.loads(path.read_text("utf-8"))["rows"]
    return rows


def _times() -> dict[str, float]:
    """Milliseconds, the least of a few calls, that a 768 x 1024 picture takes."""
    made = make_person(random_person(3))
    (person,) = find_people(made.image, limit=1)
    calls = {
        "find_people": lambda: find_people(made.image, limit=1),
        "find_parts": lambda: find_parts(made.image, person),
    }
    timed = measure(calls, at_least=5)
    return {f"{name} ms": round(timing.min_ms, 1) for name, timing in timed.items()}


def draw(rows: list[Row], path: Path) -> None:
    """Three of the worst, of the middle and of the best: picture, found and exact parts."""
    order = [row["seed"] for row in sorted(rows, key=lambda row: row["found"])]
    middle = len(order) // 2
    chosen = [*order[:3], *order[middle - 1 : middle + 2], *order[-3:]]
    panels = [np.vstack([_panel(seed) for seed in chosen[n : n + 3]]) for n in (0, 3, 6)]
    write_image(path, np.hstack(panels), overwrite=True)


def _panel(seed: int) -> NDArray[np.uint8]:
    made = make_person(random_person(seed), size=SIZE)
    people = find_people(made.image, limit=1)
    found = find_parts(made.image, people[0] if people else made.pose)
    exact = Parts(made.labels, 1.0, ())
    pictures = [made.image, draw_parts(made.image, found), draw_parts(made.image, exact)]
    return np.hstack([cv2.resize(p, (180, 240), interpolation=cv2.INTER_AREA) for p in pictures])


if __name__ == "__main__":
    sys.exit(main())
