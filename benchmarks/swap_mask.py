"""The bundled face mask against the landmarks' hull, on made people it never saw.

  python -m benchmarks.swap_mask                 minutes; writes results/swap_mask.json
  python -m benchmarks.swap_mask --quick         seconds: does it still run? Writes nothing
  python -m benchmarks.swap_mask --model FILE    of another network; writes nothing
  python -m benchmarks.swap_mask --sheet F.jpg   draws some of them too

Intersection over union with the exact mask: of faces with nothing before them, with the kinds of
things that training drew, and with kinds it never drew (`benchmarks.new_occlusions`). The hull is
that of the exact landmarks, so it errs in what it is, not in where it is. "Inside the hull" counts
only pixels there: the hull leaves the forehead out, which is no fault of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cvfast.io.image_writer import write_image
from cvfast.swap.face_types import crop_matrix
from cvfast.swap.hull import hull_mask
from cvfast.swap.xseg import XSeg
from cvfast.synth.faces import make_face, split_of
from cvfast.synth.occlusion import OCCLUSIONS
from cvfast.typing import ImageF32, ImageU8
from numpy.typing import NDArray

from benchmarks.machine import describe
from benchmarks.new_occlusions import NEW_OCCLUSIONS, put_before
from benchmarks.program import RESULTS, write
from benchmarks.timing import measure

SIDE = 256
LAST_FACE = 5  # labels 1 to 5 of a made face are face
FACE_TYPES = ("whole", "full")
PEOPLE = 25  # for each kind of thing
FIRST = 7_000_000  # numbers of people that no training has come to


@dataclass(frozen=True)
class Case:
    """A face picture and what of it is face."""

    group: str
    kind: str
    picture: ImageU8
    face: NDArray[np.bool_]
    hull: ImageF32


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_mask",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--model", help="a network's file instead of the bundled one")
    parser.add_argument("--sheet", type=Path, help="a JPEG of some faces and their masks")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(words)
    network = XSeg.load(given.model)
    cases = list(made_cases(2 if given.quick else PEOPLE))
    found = network.masks(np.stack([case.picture for case in cases]), threads=1)
    rows = judged(cases, found)
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    times = _times(network, cases[0])
    print(times)
    if given.sheet:
        draw(cases, found, given.sheet)
    usual = None if given.quick or given.model else RESULTS / "swap_mask.json"
    command = f"python -m benchmarks.swap_mask {' '.join(words or sys.argv[1:])}".strip()
    results = {"machine": {**describe(), "command": command}, "network": network.fingerprint,
               "rows": rows, "milliseconds": times}  # fmt: skip
    write(results, given.output or usual)
    groups = {row["group"]: row for row in rows if row["kind"] == "all"}
    return int(not all(row["iou"] > row["iou_hull"] for row in groups.values()))


def made_cases(people: int) -> Iterator[Case]:
    """Make face pictures of people held out, so many for each kind of thing before them."""
    kinds = [("free", "none")]
    kinds += [("trained", kind) for kind in OCCLUSIONS if kind != "none"]
    kinds += [("new", kind) for kind in NEW_OCCLUSIONS]
    who = FIRST
    for number in range(people):
        for group, kind in kinds:
            who = next(k for k in range(who + 1, who + 1000) if split_of(k) == "test")
            yield _case(group, kind, who, FACE_TYPES[number % len(FACE_TYPES)])


def _case(group: str, kind: str, who: int, face_type: str) -> Case:
    rng = np.random.default_rng([who, 5])
    made = make_face(who, seed=0, size=SIDE, share=float(rng.uniform(0.45, 0.66)),
                     occlusion=kind if group == "trained" else "none")  # fmt: skip
    face = (made.mask >= 1) & (made.mask <= LAST_FACE)
    picture = made.image
    if group == "new":
        picture, cover = put_before(kind, picture, made.points68, rng)
        face &= cover < 0.5
    matrix = crop_matrix(made.points68, face_type, SIDE)
    points = made.points68 @ matrix[:, :2].T + matrix[:, 2]
    cut = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
    exact = cv2.warpAffine(face.astype(np.uint8), matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    return Case(group, kind, cut, exact > 0, hull_mask(points + 0.5, SIDE))


def judged(cases: list[Case], found: ImageF32) -> list[dict[str, Any]]:
    """Return the means of each kind, and of each group as kind "all"."""
    scores: dict[tuple[str, str], list[list[float]]] = {}
    for case, mask in zip(cases, found, strict=True):
        ours, hull = mask > 0.5, case.hull > 0.5
        row = [_iou(ours, case.face), _iou(hull, case.face)]
        row += [_iou(ours & hull, case.face & hull), _iou(hull, case.face & hull)]
        for kind in (case.kind, "all"):
            scores.setdefault((case.group, kind), []).append(row)
    names = ("iou", "iou_hull", "iou_inside_hull", "iou_hull_inside_hull")
    rows = []
    for (group, kind), each in scores.items():
        means = dict(zip(names, np.mean(each, axis=0).round(3).tolist(), strict=True))
        worst = round(float(np.quantile([row[0] for row in each], 0.1)), 3)
        rows.append({"group": group, "kind": kind, "faces": len(each), **means,
                     "iou_worst_tenth": worst})  # fmt: skip
    return rows


def _iou(ours: NDArray[np.bool_], exact: NDArray[np.bool_]) -> float:
    either = int((ours | exact).sum())
    return float((ours & exact).sum() / either) if either else 1.0


def _times(network: XSeg, case: Case) -> dict[str, float]:
    picture = case.picture[None]
    runs = {"mask, 256 pixels, 1 thread": lambda: network.masks(picture, threads=1)}
    return {name: round(time.min_ms, 2) for name, time in measure(runs).items()}


def draw(cases: list[Case], found: ImageF32, path: Path) -> None:
    """Draw a face of each kind, over what the network and what the hull take for face."""
    shown: dict[str, int] = {}
    for index, case in enumerate(cases):
        if case.picture.mean() > 70:
            shown.setdefault(case.kind, index)
    names = ["none", "hand", "sunglasses", "strands", *NEW_OCCLUSIONS]
    columns = []
    for index in (shown[name] for name in names if name in shown):
        case = cases[index]
        masks = np.ones_like(case.hull), found[index], case.hull
        column = np.concatenate([_veiled(case.picture, mask) for mask in masks])
        columns.append(cv2.resize(column, None, fx=0.375, fy=0.375, interpolation=cv2.INTER_AREA))
    write_image(path, np.concatenate(columns, axis=1), overwrite=True, quality=80)


def _veiled(picture: ImageU8, mask: ImageF32) -> ImageU8:
    green = np.array([40, 150, 60], np.float32)
    share = mask[..., None]
    return np.rint(picture * share + green * (1 - share)).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
