"""The classical try-on on made people: time, and how far garments come back as they were.

Four things are put on each person: their own garment taken off the very photo (``--from-person A``
onto A), the flat picture of their own garment, plain or patterned, and another garment; with the
true pose and labels, and with those that are found.

    python -m benchmarks.tryon_classic --people 12
    python -m benchmarks.tryon_classic --quick        one small person: does it still run?
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.metrics.similarity import ssim
from cvfast.synth.garments import GarmentSpec, MadeGarment, make_garment, random_garment
from cvfast.synth.people import MadePerson, make_person, random_person
from cvfast.tryon.classic import try_on
from cvfast.tryon.from_person import garment_of_person
from cvfast.tryon.garment import read_garment
from cvfast.tryon.result import TryOn

SIZE, SMALL = (768, 1024), (192, 256)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--seed", type=int, default=500)
    parser.add_argument("--patterned", action="store_true", help="only people in patterned clothes")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet here (PNG)")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--quick", action="store_true", help="one person of 192 x 256")
    options = parser.parse_args(argv)
    count, size = (1, SMALL) if options.quick else (options.people, SIZE)
    makers = patterned if options.patterned else people
    made = list(makers(count, options.seed, size))
    warm_up(made[0][0])
    rows: list[dict[str, Any]] = []
    pictures = []
    for number, (person, garment) in enumerate(made):
        other = made[(number + 1) % len(made)][1]
        for true in (True, False):
            found, done = measure(person, garment, other, true=true)
            rows += [{"person": number, "true": true, **row} for row in found]
            pictures += [(person, garment, other, done)] if not true else []
    report(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if options.sheet:
        write_sheet(pictures, options.sheet)
    return 0


def people(
    count: int, seed: int, size: tuple[int, int] = SIZE
) -> Iterator[tuple[MadePerson, MadeGarment]]:
    """Make people; every other one wears a plain garment without a logo."""
    for number in range(seed, seed + count):
        spec = random_garment(number)
        if number % 2 == 0:
            spec = replace(spec, pattern="plain", logo="none", trim=False)
        garment = make_garment(spec, size=size)
        yield make_person(random_person(number), garment, size=size), garment


def patterned(
    count: int, seed: int, size: tuple[int, int] = SIZE
) -> Iterator[tuple[MadePerson, MadeGarment]]:
    """Make people whose garments all have a pattern or a print."""
    numbers = (n for n in itertools.count(seed) if not _is_plain(random_garment(n)))
    for number in itertools.islice(numbers, count):
        garment = make_garment(random_garment(number), size=size)
        yield make_person(random_person(number), garment, size=size), garment


def _is_plain(spec: GarmentSpec) -> bool:
    return spec.pattern == "plain" and spec.logo == "none"


def warm_up(person: MadePerson) -> None:
    """Load the models."""
    try_on(person.image, person.image, from_person=True)


def measure(
    person: MadePerson, garment: MadeGarment, other: MadeGarment, *, true: bool
) -> tuple[list[dict[str, Any]], TryOn]:
    """Put three garments on a person and compare."""
    known: dict[str, Any] = {"pose": person.pose, "labels": person.labels} if true else {}
    plain = _is_plain(garment.spec)
    worn = garment_of_person(person.image, **known)
    flat = read_garment(garment.image)
    rows = []
    for what, cloth in (("own, off the photo", worn), ("own, flat", flat)):
        done = try_on(person.image, cloth, **known)
        rows.append({"what": what, "plain": plain, **compare(person, done)})
    began, cpu = time.perf_counter(), time.process_time()
    done = try_on(person.image, other.image, **known)
    spent = time.perf_counter() - began
    same = bool((done.image[~done.mask] == person.image[~done.mask]).all())
    rows.append({"what": "another", "plain": plain, "seconds": spent,
                 "cpu": time.process_time() - cpu, "same_outside": same,
                 "steps": done.seconds, "confidence": done.confidence})  # fmt: skip
    return rows, done


def compare(person: MadePerson, done: TryOn) -> dict[str, Any]:
    """Return mean error in grey levels and SSIM where the garment shows, and what is outside."""
    inside = done.worn > 0.5
    apart = np.abs(done.image.astype(np.float32) - person.image)
    rows, columns = np.nonzero(inside)
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    # Off the garment the photo stands in for the result, so that only the garment is judged.
    shown = np.where(inside[..., None], done.image, person.image)[box]
    whole = float(ssim(shown, person.image[box]))
    share = float(inside[box].mean())
    return {
        "levels": float(apart[inside].mean()),
        "ssim": 1 - (1 - whole) / share,
        "same_outside": bool((done.image[~done.mask] == person.image[~done.mask]).all()),
    }


def report(rows: list[dict[str, Any]]) -> None:
    """Print the figures."""
    out = sys.stdout
    for true in (True, False):
        ours = [row for row in rows if row["true"] == true]
        out.write(f"{'true' if true else 'found'} pose and labels\n")
        for what in ("own, off the photo", "own, flat"):
            for plain in (True, False):
                part = [r for r in ours if r["what"] == what and r["plain"] == plain]
                if part:
                    levels = [row["levels"] for row in part]
                    likeness = [row["ssim"] for row in part]
                    out.write(
                        f"  {what}, {'plain' if plain else 'patterned'}: {np.mean(levels):.2f} "
                        f"levels (worst {max(levels):.2f}), SSIM inside {np.mean(likeness):.3f} "
                        f"(worst {min(likeness):.3f}), n={len(part)}\n"
                    )
        timed = [row for row in ours if "seconds" in row]
        out.write(
            f"  another: median {np.median([r['seconds'] for r in timed]):.2f} s, "
            f"{np.median([r['cpu'] for r in timed]):.2f} s of CPU\n"
        )
        for step in timed[0]["steps"]:
            spent = np.median([row["steps"].get(step, 0) for row in timed])
            out.write(f"    {step}: {spent:.3f} s\n")
        out.write(f"  outside the mask bit-equal: {all(r['same_outside'] for r in ours)}\n")


def write_sheet(pictures: list[Any], path: Path) -> None:
    """Write person, garment and result of each pair."""
    import cv2

    lines = []
    for person, _, other, done in pictures:
        row = [person.image, other.image, done.image]
        small = [cv2.resize(p, (288, 384), interpolation=cv2.INTER_AREA) for p in row]
        lines.append(np.hstack(small))
    if len(lines) % 2:
        lines.append(np.full_like(lines[0], 255))
    half = len(lines) // 2
    sheet = np.hstack([np.vstack(lines[:half]), np.vstack(lines[half:])])
    cv2.imwrite(str(path), sheet[..., ::-1])


if __name__ == "__main__":
    sys.exit(main())
