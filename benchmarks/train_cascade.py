"""A cascade trained on half of scikit-image's lfw_subset and made faces, and what it finds.

`python -m benchmarks.train_cascade [--faces DIR] [--out FILE]` trains and prints the figures of
issue 5: faces found among the 50 held-out ones (at least 48), others let pass among the 50 held-out
ones (none), groups on the astronaut (his face, and at most 3 false ones), seconds.

Training sees: faces 0 to 49 and non-faces 100 to 149 of lfw_subset, made faces (`cvfast make faces
DIR --count 800 --size 96`, those whose yaw, roll and occlusion are moderate), and as backgrounds
pictures without a face that lie in scikit-image's wheel. Held out: faces 50 to 99, non-faces 150 to
199, and the astronaut. A held-out patch is one window: resized to the window, accepted or not.

What was chosen on what: the crop of made faces by the mean of training faces; window, features and
rates by the faces 35 to 49 with training on 0 to 34 (--tune): 5 stages of Haar stumps found 15 of
these 15, without made faces 11, 6 stages of LBP 11. The first run on the held-out half (150 made
faces, 5 copies, hit rate 0.999) found 43 faces and 5 false groups; more data, as now by default,
44 and 10 (484 s beside other work on two cores). Neither let a non-face pass. The figures asked
for, 48 and at most 3, are not reached yet.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from cvfast.io.image_reader import read_image
from cvfast.kernels.cascade import CascadeKernel, group_rectangles
from cvfast.models.cascade_file import write_cascade
from cvfast.training.cascade import CascadeSettings, TrainedCascade, train_cascade
from cvfast.training.labels import read_labels
from cvfast.training.samples import crop_boxes, grey, jittered, mirrored, resized
from numpy.typing import NDArray

SIZE = (16, 16)
COPIES = 7  # of each of the faces of lfw_subset
SCENES = (
    "brick.png", "coins.png", "grass.png", "gravel.png", "page.png", "rocket.jpg", "chelsea.png",
    "coffee.png", "moon.png", "text.png", "motorcycle_left.png", "hubble_deep_field.jpg", "ihc.png",
    "horse.png", "cell.png", "retina.jpg", "color.png", "clock_motion.png",
)  # fmt: skip
SIDE, UPWARDS = 2.6, 0.5  # of a crop, in the larger of eye distance and eyes to mouth
ASTRONAUT_FACE = (224, 118)  # its middle, from the picture's own landmarks


def lfw() -> NDArray[np.uint8]:
    """Return the 200 patches of lfw_subset as uint8, 25 x 25."""
    import skimage.data

    return np.rint(skimage.data.lfw_subset() * 255).astype(np.uint8)


def scenes() -> list[NDArray[np.uint8]]:
    """Return the pictures without a face that scikit-image's wheel holds."""
    import skimage.data

    folder = Path(skimage.data.__file__).parent
    return [grey(read_image(folder / name, first_frame=True).pixels) for name in SCENES]


def made_faces(folder: Path, size: tuple[int, int], most: int) -> NDArray[np.uint8]:
    """Return made faces, cut as those of lfw_subset are."""
    out = []
    for picture in read_labels(folder):
        face = picture.faces[0]
        tame = (
            abs(face.yaw or 0) < 0.6 and abs(face.roll or 0) < 0.25 and (face.occluded or 0) < 0.3
        )
        if not tame or face.points is None or len(out) == most:
            continue
        pixels = grey(read_image(picture.path).pixels)
        out.append(crop_boxes(pixels, box_of(face.points)[None], size)[0])
    return np.stack(out)


def box_of(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the square round 68 points that lfw_subset would show."""
    eyes, mouth = points[36:48].mean(axis=0), points[48:].mean(axis=0)
    across = points[42:48].mean(axis=0) - points[36:42].mean(axis=0)
    unit = max(np.hypot(*across), np.hypot(*(mouth - eyes)))
    center = eyes * UPWARDS + mouth * (1 - UPWARDS)
    return np.concatenate([center - SIDE * unit / 2, center + SIDE * unit / 2])


def train(
    faces: Path | None, settings: CascadeSettings, learn: slice, most: int, folder: str | None
) -> TrainedCascade:
    """Train on some of the first 50 faces."""
    pictures = lfw()
    rng = np.random.default_rng(1)
    positives = [mirrored(jittered(pictures[learn], settings.size, COPIES, rng))]
    if faces is not None and most > 0:
        positives.append(mirrored(made_faces(faces, settings.size, most)))
    others = np.stack([resized(patch, settings.size) for patch in pictures[100:150]])
    return train_cascade(
        np.concatenate(positives), scenes(), settings, patches=mirrored(others), folder=folder
    )


def astronaut(kernel: CascadeKernel) -> tuple[bool, int]:
    """Return whether the face is found, and how many groups are false."""
    import skimage.data

    boxes = kernel.windows(grey(skimage.data.astronaut()), scale_factor=1.1).boxes
    groups = group_rectangles(boxes, 3).boxes
    x, y = ASTRONAUT_FACE
    right = [
        gx <= x < gx + w and gy <= y < gy + h and 40 <= w <= 170 for gx, gy, w, h in groups.tolist()
    ]
    return any(right), len(right) - sum(right)


def main() -> None:
    """Train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, help="folder of made faces")
    parser.add_argument("--most", type=int, default=420, help="made faces to take")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tune", action="store_true", help="train on 0-34, judge by 35-49 alone")
    parser.add_argument("--features", default="haar")
    parser.add_argument("--boost", default="gentle")
    parser.add_argument("--stages", type=int, default=7)
    parser.add_argument("--hit-rate", type=float, default=0.9995)
    parser.add_argument("--false-alarm", type=float, default=0.2)
    parser.add_argument("--negatives", type=int, default=1200)
    parser.add_argument("--window", type=int, default=SIZE[0])
    parser.add_argument("--depth", type=int, default=1)
    given = parser.parse_args()
    settings = CascadeSettings(
        size=(given.window, given.window),
        features=given.features,
        boost=given.boost,
        stages=given.stages,
        hit_rate=given.hit_rate,
        false_alarm=given.false_alarm,
        negatives=given.negatives,
        depth=given.depth,
    )
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        learn = slice(0, 35 if given.tune else 50)
        trained = train(given.faces, settings, learn, given.most, folder)
    seconds = time.perf_counter() - start
    for number, report in enumerate(trained.reports, 1):
        print(number, report)
    pictures = np.stack([resized(patch, settings.size) for patch in lfw()])
    record: dict[str, object] = {"seconds": round(seconds, 1), "stopped": trained.stopped}
    if given.tune:
        for stages in range(1, len(trained.stages) + 1):
            passed = trained.judge(pictures[35:50])[0] >= stages
            print(f"{stages} stages: {int(passed.sum())} of the 15 faces 35 to 49")
    else:
        kernel = CascadeKernel(trained.cascade)
        found, false_groups = astronaut(kernel)
        record |= {
            "faces of 50": int(kernel.accepts(pictures[50:100]).sum()),
            "others of 50": int(kernel.accepts(pictures[150:]).sum()),
            "astronaut found": found,
            "false groups": false_groups,
        }
        if given.out is not None:
            write_cascade(given.out, trained.cascade, overwrite=True)
    print(json.dumps(record))


if __name__ == "__main__":
    main()
