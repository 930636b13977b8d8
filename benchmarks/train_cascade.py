"""A cascade trained on half of scikit-image's lfw_subset and made faces, and what it finds.

  python -m benchmarks.train_cascade             trains, judges, writes results/train_cascade.json
  python -m benchmarks.train_cascade --fold 0    one of three folds of the training half alone
  python -m benchmarks.train_cascade --quick     a small one, seconds; writes nothing

Prints the figures of issue 5: faces found among the 50 held-out ones (at least 48), others among
the 50 held-out ones (none), the astronaut's face and false groups (at most 3), seconds (600).

Training sees faces 0 to 49 and non-faces 100 to 149 of lfw_subset, made faces, and as backgrounds
scikit-image's packaged pictures without a face (the camera man's head is painted over), the same
upside down and transposed, and made scenes whose faces are painted over. Held out: faces 50 to 99,
non-faces 150 to 199, and the astronaut.

A picture shows a face where the detector accepts a window in it, so a patch of 25 x 25 pixels is
searched as any picture is: windows of 20 x 20 and more in steps of 1.1, some 14 of them. The same
rule holds for faces and others. On the astronaut, groups of windows count (more than 3 alike).

Measured on two cores beside other work: 49 of 50 faces, no other, the astronaut and 2 false groups,
128 s with making the faces. HISTORY says what was chosen on what.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.io.image_reader import read_image
from cvfast.kernels.cascade import CascadeKernel, group_rectangles
from cvfast.models.cascade_file import write_cascade
from cvfast.synth.sets import MadeSet, make_set
from cvfast.training.cascade import CascadeSettings, TrainedCascade, train_cascade
from cvfast.training.labels import read_labels
from cvfast.training.samples import crop_boxes, grey, jittered, mirrored, resized
from numpy.typing import NDArray

from benchmarks.program import RESULTS

SETTINGS = CascadeSettings(
    size=(20, 20), features="lbp", stages=11, hit_rate=0.998, false_alarm=0.3, max_weak=120,
    negatives=3000,
)  # fmt: skip
PART = 0.88  # of a patch that a window shows: 22 of 25 pixels
COPIES, MADE_COPIES = 17, 1  # further ones of each face; then all are mirrored
FACES, MADE_SCENES = 400, 30
SCENES = (
    "brick.png", "coins.png", "grass.png", "gravel.png", "page.png", "rocket.jpg", "chelsea.png",
    "coffee.png", "moon.png", "text.png", "motorcycle_left.png", "hubble_deep_field.jpg", "ihc.png",
    "horse.png", "cell.png", "retina.jpg", "color.png", "clock_motion.png",
)  # fmt: skip
FOLDS = (  # pictures that a fold is judged by
    ("coffee.png", "motorcycle_left.png", "motorcycle_right.png", "text.png", "gravel.png",
     "camera.png"),
    ("chelsea.png", "rocket.jpg", "clock_motion.png", "brick.png", "ihc.png", "horse.png"),
    ("coins.png", "page.png", "moon.png", "grass.png", "hubble_deep_field.jpg", "retina.jpg",
     "cell.png", "color.png"),
)  # fmt: skip
HEAD = np.s_[60:190, 180:300]  # the camera man's
DOWNWARDS, SIDE = 0.42, 2.46  # lfw_subset's crop: from eyes to mouth, and in that distance
PAINTED = 2.1  # side of what is painted over, in that distance
ASTRONAUT_FACE = (224, 118)  # its middle, from the picture's own landmarks
HISTORY = (
    "Chosen by folds of the training half (33 faces each) and the pictures of FOLDS alone, with a "
    "prototype: LBP or Haar, depth, window's part, copies, negatives, stages. The prototype found "
    "48 of the 50 faces in its three folds and no other, this program 14 and 15 of 17 in folds 0 "
    "and 1, 0 others, 0 to 2 groups a picture (fold 2 not run): 49 of 50, with all 50 to learn "
    "from, may be somewhat lucky. The held-out half judged these settings once; earlier ones "
    "(16 x 16 Haar) twice: 43 and 44 of 50, 5 and 10 false groups."
)


def lfw() -> NDArray[np.uint8]:
    """Return the 200 patches of lfw_subset as uint8, 25 x 25."""
    import skimage.data

    return np.rint(skimage.data.lfw_subset() * 255).astype(np.uint8)


def scenes(names: tuple[str, ...] = SCENES) -> list[NDArray[np.uint8]]:
    """Return pictures without a face that scikit-image's wheel holds."""
    import skimage.data

    folder = Path(skimage.data.__file__).parent
    pictures = [grey(read_image(folder / name, first_frame=True).pixels) for name in names]
    for name, picture in zip(names, pictures, strict=True):
        if name == "camera.png":
            picture[HEAD] = scenes(("grass.png",))[0][HEAD]
    return pictures


def made_faces(folder: Path, count: int) -> NDArray[np.uint8]:
    """Return made faces as lfw_subset would show them: 25 x 25, poses moderate, nothing hidden."""
    make_set(folder, MadeSet("faces", count * 9 // 4, (80, 80), 3, 600, test_share=0), jobs=2)
    out = []
    for picture in read_labels(folder):
        face = picture.faces[0]
        tame = abs(face.yaw or 0) < 0.6 and abs(face.roll or 0) < 0.25
        if not tame or (face.occluded or 0) > 0.15 or face.points is None or len(out) == count:
            continue
        pixels = grey(read_image(picture.path).pixels)
        out.append(crop_boxes(pixels, box_of(face.points, SIDE)[None], (25, 25))[0])
    return np.stack(out)


def faceless_scenes(folder: Path, count: int) -> list[NDArray[np.uint8]]:
    """Return made scenes with texture in place of faces: hair, ears and bodies stay."""
    make_set(folder, MadeSet("scenes", count, (640, 480), 4, faces=(3, 6)), jobs=2)
    textures = [one[:256, :256] for one in scenes(("gravel.png", "brick.png", "grass.png"))]
    rng, out = np.random.default_rng(5), []
    for picture in read_labels(folder):
        pixels = grey(read_image(picture.path).pixels)
        for face in picture.faces:
            if face.points is None:
                continue
            left, top, right, bottom = np.maximum(box_of(face.points, PAINTED), 0).astype(int)
            part = pixels[top:bottom, left:right]
            if part.size:
                texture = resized(textures[rng.integers(3)], (part.shape[1], part.shape[0]))
                shade = part.mean() - texture.mean()
                part[:] = np.clip(texture + shade, 0, 255)
        out.append(pixels)
    return out


def box_of(points: NDArray[np.float32], side: float) -> NDArray[np.float64]:
    """Return the square round 68 points, its side in distances from eyes to mouth."""
    eyes, mouth = points[36:48].mean(axis=0), points[48:].mean(axis=0)
    center = eyes + DOWNWARDS * (mouth - eyes)
    half = side * np.hypot(*(mouth - eyes)) / 2
    return np.concatenate([center - half, center + half])


def looked_at(patch: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the windows that the detector sees in a patch."""
    out = []
    for scale in (1.0, 1.1, 1.21):
        side = round(len(patch) / scale)
        views = np.lib.stride_tricks.sliding_window_view(resized(patch, (side, side)), size)
        out.append(views[::2, ::2].reshape(-1, *size))
    return np.concatenate(out)


def train(
    folder: Path, learn: NDArray[np.int64], photos: tuple[str, ...], settings: CascadeSettings,
    made: tuple[int, int],
) -> TrainedCascade:  # fmt: skip
    """Train on some of the first 50 faces and others, some photos, made faces and scenes."""
    pictures, rng, size = lfw(), np.random.default_rng(1), settings.size
    kinds = ((pictures[learn], COPIES), (made_faces(folder / "faces", made[0]), MADE_COPIES))
    positives = [
        mirrored(jittered(faces, size, copies, rng, part=PART, amount=0.75))
        for faces, copies in kinds
    ]
    others = np.concatenate([looked_at(patch, size) for patch in pictures[100 + learn]])
    turned = [np.ascontiguousarray(view) for g in scenes(photos) for view in (g, g[::-1], g.T)]
    backgrounds = turned + faceless_scenes(folder / "scenes", made[1])
    return train_cascade(np.concatenate(positives), backgrounds, settings, patches=mirrored(others))


def found(kernel: CascadeKernel, patches: NDArray[np.uint8]) -> int:
    """Return in how many patches the detector accepts a window."""
    return sum(len(kernel.windows(patch, scale_factor=1.1).boxes) > 0 for patch in patches)


def groups(kernel: CascadeKernel, picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the groups that the detector finds in a picture."""
    return group_rectangles(kernel.windows(picture, scale_factor=1.1).boxes, 3).boxes


def astronaut(kernel: CascadeKernel) -> tuple[bool, int]:
    """Return whether the face is found, and how many groups are false."""
    import skimage.data

    x, y = ASTRONAUT_FACE
    right = [
        gx <= x < gx + w and gy <= y < gy + h and 40 <= w <= 170
        for gx, gy, w, h in groups(kernel, grey(skimage.data.astronaut())).tolist()
    ]
    return any(right), len(right) - sum(right)


def judge(kernel: CascadeKernel) -> dict[str, Any]:
    """Return the figures of issue 5."""
    face, false_groups = astronaut(kernel)
    return {
        "faces of 50": found(kernel, lfw()[50:100]),
        "others of 50": found(kernel, lfw()[150:]),
        "astronaut found": face,
        "false groups": false_groups,
    }


def judge_fold(kernel: CascadeKernel, held: NDArray[np.int64], fold: int) -> dict[str, Any]:
    """Return the figures of a fold of the training half."""
    counts = [len(groups(kernel, picture)) for picture in scenes(FOLDS[fold])]
    return {
        f"faces of {len(held)}": found(kernel, lfw()[held]),
        f"others of {len(held)}": found(kernel, lfw()[100 + held]),
        "false groups": dict(zip(FOLDS[fold], counts, strict=True)),
    }


def main() -> None:
    """Train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fold", type=int, choices=range(len(FOLDS)))
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    parser.add_argument("--cascade", type=Path, help="write it here")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    settings, made, folds = SETTINGS, (FACES, MADE_SCENES), FOLDS
    if given.quick:
        settings, made = CascadeSettings(size=(20, 20), features="lbp", stages=3), (20, 2)
        folds = (("coffee.png",), ("chelsea.png",), ("coins.png",))
    order = np.random.default_rng(7).permutation(50)
    held = np.sort(order[given.fold :: len(FOLDS)]) if given.fold is not None else order[:0]
    photos = tuple(n for number, names in enumerate(folds) if number != given.fold for n in names)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        learn = np.setdiff1d(np.arange(50), held)
        trained = train(Path(folder), learn, photos, settings, made)
    record: dict[str, Any] = {"seconds with making": round(time.perf_counter() - start, 1)}
    for number, report in enumerate(trained.reports, 1):
        print(number, report)
    kernel = CascadeKernel(trained.cascade)
    if given.fold is not None:
        record |= judge_fold(kernel, held, given.fold)
    elif not given.quick:
        record |= judge(kernel) | {"settings": asdict(settings), "history": HISTORY}
        (given.output or RESULTS / "train_cascade.json").write_text(
            json.dumps(record, indent=1) + "\n"
        )
    if given.cascade is not None:
        write_cascade(given.cascade, trained.cascade, overwrite=True)
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
