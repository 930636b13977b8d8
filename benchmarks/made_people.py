"""Do the bundled models take made people for people? And how long does making them take?

python -m benchmarks.made_people --count 200
python -m benchmarks.made_people --sheet docs/images/made-people.jpg
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from cvfast.io.image_writer import write_image
from cvfast.io.provenance import Mark
from cvfast.people.finding import find_people
from cvfast.people.label_file import palette
from cvfast.people.schemes import scheme_names
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.people import MadePerson, make_person, random_person
from cvfast.synth.tryon_pool import TryOnPool

SIZE = (384, 512)
FIRST = 5000  # of these only a handful was looked at while bodies were shaped


def joint_errors(person: MadePerson) -> np.ndarray | None:
    """Distances of found from true joints, in lengths of the trunk; NaN where one is missing."""
    found = find_people(person.image)
    if not found:
        return None
    pose, truth = found[0].pose.to("coco18"), person.pose
    trunk = np.hypot(*(truth.points[1] - (truth.points[8] + truth.points[11]) / 2))
    away = np.hypot(*(pose.points - truth.points).T) / trunk
    return np.where((pose.confidence > 0.5) & (truth.confidence > 0), away, np.nan)


def count_found(count: int, first: int) -> None:
    """Print how many of `count` people are found, and how far off their joints are."""
    errors, missed = [], 0
    for seed in range(first, first + count):
        away = joint_errors(make_person(random_person(seed), size=SIZE))
        if away is None:
            missed += 1
        else:
            errors.append(away)
    table = np.array(errors)
    near = (np.nanmedian(table, axis=1) < 0.1).sum()
    print(f"found {count - missed} of {count}; {near} with a median joint error under 10 %")
    for name, column in zip(scheme_names("coco18"), table.T, strict=True):
        seen = column[~np.isnan(column)]
        print(f"{name:16} {len(seen):4} seen  median {100 * np.median(seen):5.1f} %"
              f"  90 in 100 under {100 * np.quantile(seen, 0.9):5.1f} %")  # fmt: skip


def time_making() -> None:
    """Print processor seconds a person and a flat garment."""
    for size in ((768, 1024), (192, 256), (48, 64)):
        people = [random_person(seed) for seed in range(12)]
        for person in people:
            make_person(person, size=size)
        start = time.process_time()
        for person in people:
            make_person(person, size=size)
        each = (time.process_time() - start) / len(people)
        start = time.process_time()
        for seed in range(12):
            make_garment(random_garment(seed), size=size)
        flat = (time.process_time() - start) / 12
        print(f"{size[0]}x{size[1]}: {1000 * each:.0f} ms a person whose flat garment is there, "
              f"{1000 * flat:.0f} ms a flat garment")  # fmt: skip
    pool = TryOnPool(16)
    rng = np.random.default_rng(0)
    for name in ("new paint", "kept paint"):
        start = time.process_time()
        pool.draw(rng, 512)
        print(f"48x64 pool, {name}: {512 / (time.process_time() - start):.0f} pairs a second")


def sheet(path: Path) -> None:
    """Draw people, one person in five garments with labels, and flat garments."""
    size = (144, 192)
    people = [make_person(random_person(seed), size=size).image for seed in (0, 2, 30, 7, 31, 38)]
    one = random_person(1)
    dressed = [make_person(one, random_garment(seed, kind), size=size)
               for seed, kind in ((7, "tee"), (3, "long"), (11, "tank"), (0, "shirt"))]  # fmt: skip
    colours = palette("voc")
    second = [dressed[0].image, dressed[1].image, dressed[2].image, dressed[3].image,
              colours[dressed[0].labels], colours[dressed[1].labels]]  # fmt: skip
    flats = [one.garment.image for one in dressed]
    flats += [make_garment(random_garment(seed, kind), size=size).image
              for seed, kind in ((4, "trousers"), (5, "skirt"))]  # fmt: skip
    rows = [np.concatenate(row, axis=1) for row in (people, second, flats)]
    mark = Mark("algorithmicMedia", actions=("made=people",))
    write_image(path, np.concatenate(rows), mark=mark, quality=85, overwrite=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    if options.sheet:
        sheet(options.sheet)
    if options.count:
        count_found(options.count, options.first)
    if options.times:
        time_making()
