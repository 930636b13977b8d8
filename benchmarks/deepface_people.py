"""DeepFace small against eigenfaces, Fisherfaces and LBPH on made people; and going on from a net.

  python -m benchmarks.deepface_people            an hour on one core; goes on where it stopped
  python -m benchmarks.deepface_people --quick    seconds, on a few made people; writes nothing

The two sets are made people (SYNTHETIC), made before anyone looked:

  cvfast make faces people --count 6000 --identities 300 --size 128 --seed 6
  cvfast make faces target --count 1200 --identities 120 --first 2000 --test-share 0.3334
                    --size 128 --seed 66

Everything learns on the people of the split "train" and is judged on pairs of people held out:
accuracy in ten folds of disjoint people, the threshold picked on the other nine. Settings were
chosen on 40 of the training people, never on those held out. DeepFace is trained with three seeds.
For the second question each seed has five pictures a person of the target's training people, once
from the beginning and once going on from the net of the same seed that learned the other set, with
the same recipe; both are judged on the target's held-out people. The net from the beginning also
gets three times the iterations (longer).
"""

from __future__ import annotations

import argparse
import functools
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cvfast.metrics.verification import Pairs, Roc, draw_pairs, make_pairs, roc, ten_fold
from cvfast.models.deepface_file import read_deepface, write_deepface
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.recognition.classic import KINDS
from cvfast.recognition.deepface import pair_distances, unit_features
from cvfast.recognition.deepface_data import PeopleFaces, aligned_faces
from cvfast.recognition.deepface_export import judge, torch_weights, weights_of, with_threshold
from cvfast.recognition.deepface_heads import learn_head
from cvfast.recognition.deepface_net import DeepFaceNet
from cvfast.recognition.deepface_training import People, features_of
from cvfast.recognition.preprocess import Preprocessing
from cvfast.training.labels import read_labels
from cvfast.training.loop import train
from numpy.typing import NDArray

from benchmarks.deepface_page import draw_curves, fill_page
from benchmarks.machine import describe
from benchmarks.program import RESULTS, ROOT, write

Apart = Callable[[Pairs], NDArray[Any]]

SEEDS, EACH, LONGER = (0, 1, 2), 5, 3
KINDS_OF_NET = ("people", "scratch", "longer", "tuned")
HEADS = ("cosine", "chi2", "siamese")
SYNTHETIC = "SYNTHETIC (made) people"
CLASSIC = {  # name: kind and settings; of eigenfaces all metrics, the best counts
    "eigenfaces, 150, euclidean": ("eigenfaces", {"n_components": 150}),
    "eigenfaces, 150, cosine": ("eigenfaces", {"n_components": 150, "metric": "cosine"}),
    "eigenfaces, 150, mahalanobis": ("eigenfaces", {"n_components": 150, "metric": "mahalanobis"}),
    "eigenfaces, 150, mahalanobis-cosine": (
        "eigenfaces",
        {"n_components": 150, "metric": "mahalanobis-cosine"},
    ),
    "eigenfaces, 100, cosine": ("eigenfaces", {"n_components": 100, "metric": "cosine"}),
    "eigenfaces, 200, cosine": ("eigenfaces", {"n_components": 200, "metric": "cosine"}),
    "fisherfaces": ("fisherfaces", {}),
    "fisherfaces, 95 % first, cosine": (
        "fisherfaces",
        {"pca_components": 0.95, "metric": "cosine"},
    ),
    "lbph": ("lbph", {}),
}


@dataclass(frozen=True)
class Plan:
    """Where things are and how long the nets learn."""

    people: Path
    target: Path
    work: Path
    size: int = 80
    width: float = 0.5
    iterations: int = 400
    target_iterations: int = 80
    seeds: tuple[int, ...] = SEEDS
    skip: tuple[str, ...] = ()


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.deepface_people",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    parser.add_argument("--people", type=Path, default=Path("people"), help="the first set")
    parser.add_argument("--target", type=Path, default=Path("target"), help="the second set")
    parser.add_argument("--work", type=Path, default=ROOT / "build/deepface-people")
    parser.add_argument("--target-iterations", type=int, default=Plan.target_iterations)
    parser.add_argument("--skip", nargs="*", default=[], help="without: longer-0, ...")
    parser.add_argument("--train", nargs="*", help="only these nets: people-0, scratch-0, ...")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.quick:
        with tempfile.TemporaryDirectory() as folder:
            results = _quick(Path(folder))
        print(json.dumps(results, indent=1))
        return 0
    plan = Plan(
        arguments.people, arguments.target, arguments.work,
        target_iterations=arguments.target_iterations, skip=tuple(arguments.skip),
    )  # fmt: skip
    plan.work.mkdir(parents=True, exist_ok=True)
    if arguments.train is not None:
        for name in arguments.train:
            _net(plan, name)
        return 0
    results, curves = _results(plan)
    machine = describe() | {
        "command": shlex.join(["python", "-m", "benchmarks.deepface_people", *sys.argv[1:]])
    }
    write({"machine": machine, **results}, RESULTS / "deepface_people.json")
    draw_curves(_shown(curves), ROOT / "docs/images/recognition-roc.jpg")
    fill_page(ROOT / "docs/deepface.md", results)
    return 0


def _quick(folder: Path) -> dict[str, Any]:
    from cvfast.cli.app import main as cvfast

    for name, first in (("people", 0), ("target", 100)):
        words = f"make faces {folder / name} --count 96 --identities 12 --first {first} --size 96"
        if cvfast([*words.split(), "--test-share", "0.5", "--json"]):
            raise RuntimeError(words)
    plan = Plan(folder / "people", folder / "target", folder, 72, 0.125, 3, 3, (0,))
    results, curves = _results(plan)
    draw_curves(_shown(curves), folder / "roc.jpg")
    return results


def _results(plan: Plan) -> tuple[dict[str, Any], dict[str, Roc]]:
    rows, curves = _classic(plan)
    nets = {}
    for kind in KINDS_OF_NET:
        for seed in plan.seeds:
            name = f"{kind}-{seed}"
            if name in plan.skip:
                continue
            nets[name] = _net(plan, name)
            first = name == f"people-{plan.seeds[0]}"  # whose distances are learned too
            for head in HEADS if first else HEADS[:1]:
                nets[name][head], curve = _head(plan, name, head)
                print(name, head, nets[name][head], flush=True)
                if kind == "people":
                    nets[name]["on_target"], _ = _head(plan, name, "cosine", on="target")
                if first:
                    curves[f"DeepFace small, {head}"] = curve
    return {"classic": rows, "deepface": nets, "asked": _asked(rows, nets, plan.seeds)}, curves


def _shown(curves: dict[str, Roc]) -> dict[str, Roc]:
    """Of eigenfaces only the best curve of each view."""
    chosen = dict(curves)
    for view in ("by the eyes", "frontal view"):
        those = [name for name in curves if name.startswith("eigenfaces") and name.endswith(view)]
        for name in sorted(those, key=lambda name: curves[name].auc)[:-1]:
            del chosen[name]
    return chosen


def _asked(rows: dict[str, Any], nets: dict[str, Any], seeds: tuple[int, ...]) -> dict[str, Any]:
    """Return what was asked for: points over eigenfaces, and what going on from a net gains."""
    best = max((row["accuracy"], name) for name, row in rows.items() if "eigenfaces" in name)
    usual = max(
        (row["accuracy"], name)
        for name, row in rows.items()
        if "eigenfaces" in name and name.endswith("by the eyes")
    )

    def accuracy(kind: str) -> list[float]:
        names = [f"{kind}-{seed}" for seed in seeds if f"{kind}-{seed}" in nets]
        return [nets[name]["cosine"]["accuracy"] for name in names]

    found = {kind: float(np.mean(accuracy(kind))) for kind in KINDS_OF_NET}
    gains = np.subtract(accuracy("tuned"), accuracy("scratch"))
    return {
        "eigenfaces": usual[1], "points_over_eigenfaces": 100 * (found["people"] - usual[0]),
        "worst_seed_over_eigenfaces": 100 * (min(accuracy("people")) - usual[0]),
        "eigenfaces_of_any_view": best[1],
        "points_over_eigenfaces_of_any_view": 100 * (found["people"] - best[0]),
        "mean_accuracy": found, "points_tuned_over_scratch": (100 * gains).tolist(),
    }  # fmt: skip


def _head(plan: Plan, name: str, head: str, on: str | None = None) -> tuple[dict[str, Any], Roc]:
    """Judge a net's file with one of the distances, learned on its training people.

    On the people held out of its own set, or of another.
    """

    def make() -> tuple[NDArray[Any], Apart]:
        weights = read_deepface(plan.work / f"{name}.safetensors")
        faces = _faces(plan, on or name)
        net = DeepFaceNet(2, size=weights.size, width=weights.width)
        net.load_state_dict({**net.state_dict(), **torch_weights(weights)})
        vectors = unit_features(features_of(net, faces.pixels[faces.held_out]), weights.scale)
        learned = None
        if head != "cosine":
            pixels, people = _training(plan, name)
            known = unit_features(features_of(net, pixels), weights.scale)
            learned = learn_head(known, people, head)
        return faces.people[faces.held_out], lambda pairs: pair_distances(
            vectors[pairs.first], vectors[pairs.second], head, learned
        )

    return _judged(plan.work / f"{name}, {head}, {on or 'own'}.pairs.safetensors", make)


def _classic(plan: Plan) -> tuple[dict[str, Any], dict[str, Roc]]:
    """Judge the classic recognisers on eyes-aligned grey faces, and on the frontal view as well."""
    faces = _faces(plan, "people-0")
    prepared, people, held_out = _prepared(plan.people)
    frontal = faces.pixels.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
    rows, curves = {}, {}
    for name, (kind, settings) in CLASSIC.items():
        for view, grey, whose, test in (
            ("by the eyes", prepared, people, held_out),
            ("frontal view", np.rint(frontal).astype(np.uint8), faces.people, faces.held_out),
        ):
            most = int((~test).sum()) - 1
            settings = {
                key: min(v, most) if key == "n_components" else v for key, v in settings.items()
            }
            place = plan.work / f"{name}, {view}.pairs.safetensors"
            make = functools.partial(_vectors, kind, settings, grey, whose, test)
            rows[f"{name}, {view}"], curves[f"{name}, {view}"] = _judged(place, make)
            print(name, view, rows[f"{name}, {view}"], flush=True)
    return rows, curves


def _vectors(
    kind: str,
    settings: dict[str, Any],
    grey: NDArray[np.uint8],
    people: NDArray[np.int64],
    held_out: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], Apart]:
    model = KINDS[kind](**settings).fit(grey[~held_out], people[~held_out])
    vectors = model.transform(grey[held_out])
    table = model.distances(vectors, vectors)
    return people[held_out], lambda pairs: table[pairs.first, pairs.second]


def _judged(
    place: Path, make: Callable[[], tuple[NDArray[Any], Apart]]
) -> tuple[dict[str, Any], Roc]:
    """Judge what `make` says of pairs of its people; distances are kept in a file."""
    if not place.exists():
        begin = time.perf_counter()
        people, apart = make()
        count = len(np.unique(people))
        folds = make_pairs(people.tolist(), folds=min(10, max(2, count // 3)))
        drawn = draw_pairs(people.tolist())
        arrays = {
            "apart": apart(folds), "same": folds.same.astype(np.uint8),
            "fold": folds.fold, "all": apart(drawn),
            "all_same": drawn.same.astype(np.uint8),
        }  # fmt: skip
        write_tensors(place, arrays, {"seconds": str(time.perf_counter() - begin)})
    kept, told = parse_tensors(place.read_bytes(), place)
    found = ten_fold(kept["apart"], kept["same"].astype(bool), kept["fold"])
    curve = roc(kept["all"], kept["all_same"].astype(bool))
    row = {"accuracy": found.mean, "std": found.std, **_figures(curve)}
    return row | {"seconds_with_fit": float(told["seconds"])}, curve


def _figures(curve: Roc) -> dict[str, Any]:
    tar = {f"tar_at_{far:g}": curve.tar_at(far).value for far in (0.1, 0.01, 0.001)}
    return {"auc": curve.auc, "eer": curve.eer, **tar}


def _prepared(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """Return grey faces as the classic recognisers prepare them, people, and who is held out."""
    from cvfast.faces.types import Landmarks
    from cvfast.io.images import read_image

    prepare, faces, people, held_out = Preprocessing(), [], [], []
    for picture in read_labels(folder):
        for face in picture.faces:
            if face.points is not None and face.identity is not None:
                landmarks = Landmarks(face.points, "dlib68", 1.0, face.box)
                faces.append(prepare(read_image(picture.path).pixels, landmarks))
                people.append(face.identity)
                held_out.append(picture.split == "test")
    return np.stack(faces), np.array(people, np.int64), np.array(held_out)


def _faces(plan: Plan, name: str) -> PeopleFaces:
    of = "people" if name.startswith("people") else "target"
    return aligned_faces(getattr(plan, of), plan.size, cache=plan.work / f"{of}.safetensors")


def _training(plan: Plan, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the training faces: of the target five a person, others for each seed."""
    pixels, people = _faces(plan, name).training()
    if name.startswith("people"):
        return pixels, people
    order = np.random.default_rng(int(name[-1])).permutation(len(people))
    few = [order[people[order] == person][:EACH] for person in np.unique(people)]
    chosen = np.sort(np.concatenate(few))
    return pixels[chosen], people[chosen]


def _net(plan: Plan, name: str) -> dict[str, Any]:
    """Train a net unless its file is there; return what it took."""
    path = plan.work / f"{name}.safetensors"
    told = path.with_suffix(".json")
    if told.exists():
        record: dict[str, Any] = json.loads(told.read_text("utf-8"))
        return record
    seed, first = int(name[-1]), name.startswith("people")
    pretrained = None
    if name.startswith("tuned"):
        _net(plan, f"people-{seed}")
        pretrained = torch_weights(read_deepface(plan.work / f"people-{seed}.safetensors"))
    iterations = plan.iterations if first else plan.target_iterations
    iterations *= LONGER if name.startswith("longer") else 1
    faces, people = _training(plan, name)
    wall, cpu = time.perf_counter(), time.process_time()
    task = People(
        faces, people, width=plan.width, iterations=iterations, seed=seed, pretrained=pretrained
    )
    run = plan.work / f"{name}.run"
    done = train(
        task, folder=run, iterations=iterations, seed=seed, save_every=250, resume=True,
        device="cpu",
    )  # fmt: skip
    record = {
        "iterations": iterations, "faces": len(faces), "people": int(people.max()) + 1,
        "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu,
        "loss": done.curves.rows[-1][1]["loss"], "threads": 1,
    }  # fmt: skip
    net = task.modules["net"].module
    weights = weights_of(net, faces, people)
    judged = judge(net, weights, _faces(plan, name))
    if judged is not None:
        weights = with_threshold(weights, judged, SYNTHETIC)
    notes = {"made_by": f"python -m benchmarks.deepface_people, {name}"}
    write_deepface(path, weights, overwrite=True, notes=notes)
    told.write_text(json.dumps(record), "utf-8")
    print(name, record, judged and judged.accuracy, flush=True)
    return record


if __name__ == "__main__":
    raise SystemExit(main())
